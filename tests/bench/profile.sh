#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Work for ./dev profile, inside a guest whose emulator counts instructions
# (tests/bench/profile/): $HOMA_ROUNDS times, of each of $HOMA_PROTOS, messages of
# $HOMA_BYTES bytes. $HOMA_WORK: rtt, one round trip after the other, client and server
# on one CPU, over $HOMA_LINK (veth; cut: veth with an MTU of 1500 and nothing that
# carries many packets; loopback); or work with many RPCs at a time (many.sh).
. "$HOMA_TESTS/lib.sh"
. "$HOMA_BASE/bin/many.sh"

hosts_veth
ip -n c link set lo up
case $HOMA_LINK in
veth)	server=s address=10.0.0.2 ;;
cut)
	server=s address=10.0.0.2
	for side in c s; do
		ip -n $side link set ${side}0 mtu 1500
		cut_all $side ${side}0
		in_ns $side ethtool -K ${side}0 gro off >/dev/null || die "no way without GRO"
	done ;;
*)	server=c address=127.0.0.1 ;;
esac
[ "$HOMA_WORK" = rtt ] || many_hosts
echo 0 >/proc/sys/kernel/kptr_restrict
for proto in $(echo "$HOMA_PROTOS" | tr , ' '); do
	set -- -m -P "$proto" -l "$HOMA_BYTES" -r "$HOMA_ROUNDS" -C c
	if [ "$HOMA_WORK" = rtt ]; then
		bench_rtt "$@" -c 1 -w 100 -S $server $address || die "bench_rtt of $proto failed"
	else
		# shellcheck disable=SC2046 # options are words
		bench_load "$@" -w 2000 -S s $(many_options "$HOMA_WORK" "$proto") ||
			die "bench_load of $proto failed"
	fi
done
# Functions only, and before the module is gone.
awk '$2 ~ /^[tTwW]$/ { print $1, $3, $4 }' /proc/kallsyms | gzip >"$HOMA_OUT/kallsyms.gz"
