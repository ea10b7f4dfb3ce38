#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock612
# timeout: 90
#
# Options of SOL_SOCKET, IPPROTO_IP and IPPROTO_IPV6, one by one.
. "$HOMA_TESTS/lib.sh"

hosts_veth
quiet_neighbours
ip -n c link add c1 type veth peer name s1 netns s || die "no second veth"
for end in "c c1 1" "s s1 2"; do
	set -- $end
	ip -n "$1" addr add "10.0.1.$3/24" dev "$2"
	ip -n "$1" addr add "fd01::$3/64" dev "$2" nodad
	ip -n "$1" link set "$2" up
done
wait_for 5 link_up c c1 || die "the second link did not come up"
wait_for 5 link_up s s1 || die "the second link did not come up"
# Somebody has asked for each neighbour before packets are counted.
for ip in 10.0.1.2 fd01::2; do
	wait_for 5 in_ns c ping -c 1 -W 1 $ip || die "no way to $ip"
done
rules=
if [ "$HOMA_TIER" = uml ]; then
	rules=norules	# the debug kernel has no routing rules
else
	ip -n c rule add fwmark 5 prohibit || die "no rules"
	ip -n c -6 rule add fwmark 5 prohibit || die "no rules for IPv6"
fi
ip -n c route add 10.7.0.0/24 via 10.0.0.2 || die "no route"
tc -n c qdisc add dev c0 root handle 1: prio bands 3 || die "no prio"
tc -n c qdisc add dev c0 parent 1:3 netem loss 100% || die "no netem"
t_sockopt $rules || die "t_sockopt"
# Once more as a program of the 32-bit ABI.
[ "$HOMA_TIER" != stock ] || t_sockopt_32 $rules || die "t_sockopt as a 32-bit program"
