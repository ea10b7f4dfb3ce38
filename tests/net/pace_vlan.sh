#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: F9
# tier: stock612
#
# As pace_device, but the hosts talk over a VLAN: what it is given waits in the queue
# of the device below it, and that must not fill with a long message either.
. "$HOMA_TESTS/lib.sh"

hosts_veth
i=1
for ns in c s; do
	ip -n $ns link add link ${ns}0 name ${ns}5 type vlan id 5 || die "no VLAN"
	ip -n $ns addr add 10.5.0.$i/24 dev ${ns}5
	ip -n $ns link set ${ns}5 up
	i=2
done
# The receiver is to see packets.
cut_packets c c0
cut_packets c c5
in_ns c sysctl -q -w net.homa.unsched_bytes=1000000 net.homa.pacer_fifo_fraction=0
tc -n c qdisc replace dev c0 root tbf rate 100mbit limit 8mb burst 1600 || die "no tbf"

measure() { in_ns c t_defer -q 2 -m 100 -t 300000 -c c -s s -i s5 10.5.0.2; }

measure || die "messages beside a long one"
[ "$(counter c pacer_device_full)" -gt 0 ] || die "the pacer never waited for the device"
ok "messages wait for a few packets of a long one at most"

in_ns c sysctl -q -w net.homa.flags=2
measure >/tmp/without 2>&1 && die "nothing waits without pacing: this test sees nothing"
ok "without pacing they wait longer"
