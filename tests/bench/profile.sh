#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Round trips for ./dev profile, inside a guest whose emulator counts instructions
# (tests/bench/profile/): of UDP, TCP and Homa, $HOMA_BYTES bytes, over $HOMA_LINK
# (veth or loopback), client and server on one CPU.
. "$HOMA_TESTS/lib.sh"

hosts_veth
ip -n c link set lo up
case $HOMA_LINK in
veth)	server=s address=10.0.0.2 ;;
*)	server=c address=127.0.0.1 ;;
esac
echo 0 >/proc/sys/kernel/kptr_restrict
for proto in udp tcp homa; do
	bench_rtt -m -c 1 -P $proto -l "$HOMA_BYTES" -r 200 -w 100 -C c -S $server $address ||
		die "bench_rtt of $proto failed"
done
# Functions only, and before the module is gone.
awk '$2 ~ /^[tTwW]$/ { print $1, $3, $4 }' /proc/kallsyms | gzip >"$HOMA_OUT/kallsyms.gz"
