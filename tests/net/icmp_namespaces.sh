#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: D6 D2 H10
# tier: uml stock612
#
# Two hosts on one machine with the same addresses, and an RPC to the same port of
# the same address in each. An ICMP error that quotes the packet of one is sent to
# both: it ends the RPC there, and the other host counts it and does nothing.
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
	wait_for 5 link_up "$1" eth0 || die "the link of $1 did not come up"
	wait_for 5 link_up d "d$1" || die "the link of $1 did not come up"
}

sent_more() { [ "$(counter b packets_sent_DATA)" -gt "$sent" ]; }

new_host d
host a
host b
for peer in 10.0.0.1 fd00::1; do
	: >/tmp/icmp
	bg in_ns d t_icmp -w da -i db -i da >/tmp/icmp 2>&1
	icmp=$!
	wait_for 5 grep -q watching /tmp/icmp || die "t_icmp does not start"
	ignored=$(counter b icmp_ignored)
	sent=$(counter b packets_sent_DATA)
	# b's packets must be on their way before a's error comes.
	in_ns b homa_echo_client -n 1 $peer >/tmp/client.b 2>&1 &
	b=$!
	wait_for 5 sent_more || die "b sends nothing"
	in_ns a homa_echo_client -n 1 $peer >/tmp/client.a 2>&1 && die "a: who answered?"
	grep -q 'No route to host' /tmp/client.a || die "a: expected EHOSTUNREACH: $(cat /tmp/client.a)"
	wait $icmp || die "t_icmp: $(cat /tmp/icmp)"
	wait $b && die "b: who answered?"
	grep -q 'timed out' /tmp/client.b || die "b: expected ETIMEDOUT: $(cat /tmp/client.b)"
	[ "$(counter b icmp_ignored)" -eq $((ignored + 1)) ] || die "b did not see the error"
	[ "$(counter b icmp_errors)" -eq 0 ] || die "b believed the error"
	ok "$peer: the error ended a's RPC, not b's"
done
