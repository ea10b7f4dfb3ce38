#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: D6 H10
# tier: uml stock612
#
# Two hosts on one machine with the same addresses, and in each an RPC with the same
# id, from the same port, to the same port of the same address. An ICMP error that
# quotes a packet of one, and so describes the other just as well, is sent to that
# one: its RPC ends, the other one lives on.
. "$HOMA_TESTS/lib.sh"

# host NS: host 2 in namespace NS, on a link to device d$NS in namespace d
host()
{
	new_host "$1"
	ip -n d link add "d$1" type veth peer name eth0 netns "$1" || die "no veth"
	in_ns d sysctl -q -w "net.ipv6.conf.d$1.disable_ipv6=1"
	ip -n d link set "d$1" address 02:00:00:00:00:01 up
	address "$1" eth0 2
	ip -n "$1" neigh replace 10.0.0.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
	ip -n "$1" neigh replace fd00::1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
	in_ns "$1" sysctl -q -w net.homa.timeout_ticks=4000
	wait_for 5 link_up "$1" eth0 || die "the link of $1 did not come up"
	wait_for 5 link_up d "d$1" || die "the link of $1 did not come up"
}

# rpcs NS: all that is known of its RPCs and could be in a packet
rpcs()
{
	in_ns "$1" t_netlink rpc-get | tr ' ' '\n' |
		grep -e '^id=' -e '^port=' -e '^peer=' -e '^peer-port=' -e '^error='
}
has_rpc() { [ -n "$(rpcs "$1")" ]; }

new_host d
host a
host b
for peer in 10.0.0.1 fd00::1; do
	rm -f /tmp/go
	: >/tmp/icmp
	bg in_ns d t_icmp -w da -i da -g /tmp/go >/tmp/icmp 2>&1
	icmp=$!
	wait_for 5 grep -q watching /tmp/icmp || die "t_icmp does not start"
	for ns in a b; do
		# Nothing is sent to b, so its RPC stays until the client is killed.
		in_ns $ns sh -c 'echo 5000 >/proc/sys/net/homa/next_id' || die "$ns: next_id"
		bg in_ns $ns homa_echo_client -n 1 $peer >/tmp/client.$ns 2>&1
		eval "$ns=$!"
		wait_for 5 has_rpc $ns || die "$ns has no RPC"
	done
	rpcs a >/tmp/rpcs.a
	rpcs b >/tmp/rpcs.b
	grep -q '^id=5000$' /tmp/rpcs.a || die "RPC of a: $(cat /tmp/rpcs.a)"
	cmp /tmp/rpcs.a /tmp/rpcs.b || die "the RPCs differ: $(cat /tmp/rpcs.a /tmp/rpcs.b)"
	wait_for 5 grep -q seen /tmp/icmp || die "a sends nothing"
	touch /tmp/go
	wait $icmp || die "t_icmp: $(cat /tmp/icmp)"
	wait $a && die "a: who answered?"
	grep -q 'No route to host' /tmp/client.a ||
		die "a: expected EHOSTUNREACH: $(cat /tmp/client.a)"
	rpcs b | cmp - /tmp/rpcs.b || die "b's RPC is not what it was: $(rpcs b)"
	kill -0 $b || die "b's client has ended: $(cat /tmp/client.b)"
	for name in icmp_errors icmp_ignored; do
		[ "$(counter b $name)" -eq 0 ] || die "b has $name"
	done
	[ "$(counter a icmp_errors)" -gt 0 ] || die "a has no icmp_errors"
	kill $b
	wait $b
	ok "$peer: the error ended a's RPC, not b's, which has the same id and ports"
done
