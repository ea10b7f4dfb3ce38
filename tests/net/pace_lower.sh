#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: F9
# tier: stock612
#
# As pace_device, but the hosts talk over a VLAN, a macvlan or a bond: what that is given
# waits in the queue of the device below it, which must not fill with a long message either.
. "$HOMA_TESTS/lib.sh"

# upper KIND NS: its device ${NS}5 on top of ${NS}0
upper()
{
	case $1 in
	vlan)	ip -n "$2" link add link "${2}0" name "${2}5" type vlan id 5 ;;
	macvlan) ip -n "$2" link add link "${2}0" name "${2}5" type macvlan mode bridge ;;
	bond)	ip -n "$2" link add "${2}5" type bond mode active-backup miimon 10 &&
		ip -n "$2" link set "${2}0" down &&
		ip -n "$2" link set "${2}0" master "${2}5" ;;
	esac || die "no $1"
}

# device NS NUMBER: up, with an address
device()
{
	ip -n "$1" addr add "10.5.0.$2/24" dev "${1}5" || die "no address"
	ip -n "$1" link set "${1}5" up
}

measure() { in_ns c t_defer -q 2 -m 100 -t 300000 -c c -s s -i s5 10.5.0.2; }

for kind in vlan macvlan bond; do
	hosts_veth
	upper $kind c
	upper $kind s
	device c 1
	device s 2
	wait_for 5 link_up c c5 || die "$kind does not come up"
	wait_for 5 link_up s s5 || die "$kind does not come up"
	# The receiver is to see packets; what a macvlan does is up to the device below.
	cut_packets c c0
	[ $kind = macvlan ] || cut_packets c c5
	in_ns c sysctl -q -w net.homa.unsched_bytes=1000000 net.homa.pacer_fifo_fraction=0
	tc -n c qdisc replace dev c0 root tbf rate 100mbit limit 8mb burst 1600 || die "no tbf"

	measure || die "$kind: messages beside a long one"
	[ "$(counter c pacer_device_full)" -gt 0 ] || die "$kind: the pacer never waited for the device"
	ok "$kind: messages wait for a few packets of a long one at most"

	in_ns c sysctl -q -w net.homa.flags=2
	measure >/tmp/without 2>&1 && die "$kind: nothing waits without pacing: this test sees nothing"
	# Or after all of it.
	grep -q -e 'packets of the long one came first' -e 'returned 1000000' /tmp/without ||
		die "$kind: $(cat /tmp/without)"
	ok "$kind: without pacing they wait longer"
	# With a number the runner sees whether they really go.
	for ns in c s; do
		ip netns set $ns auto
		ip netns del $ns
	done
done
