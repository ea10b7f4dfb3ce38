#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Round trips for ./dev profile, inside a guest whose emulator counts instructions
# (tests/bench/profile/): of UDP, TCP and Homa, $HOMA_BYTES bytes, over $HOMA_LINK
# (veth; cut: veth with an MTU of 1500 and nothing that carries many packets; loopback),
# client and server on one CPU; of UDP only what a datagram can hold.
. "$HOMA_TESTS/lib.sh"

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
echo 0 >/proc/sys/kernel/kptr_restrict
for proto in $(echo "$HOMA_PROTOS" | tr , ' '); do
	bench_rtt -m -c 1 -P $proto -l "$HOMA_BYTES" -r 200 -w 100 -C c -S $server $address ||
		die "bench_rtt of $proto failed"
done
# Functions only, and before the module is gone.
awk '$2 ~ /^[tTwW]$/ { print $1, $3, $4 }' /proc/kallsyms | gzip >"$HOMA_OUT/kallsyms.gz"
