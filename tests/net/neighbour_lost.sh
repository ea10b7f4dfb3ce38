#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock612
#
# A lost ARP packet, or neighbour solicitation, delays an RPC by the second after which
# the kernel asks again.  It does not end it, though timeout_ticks is a tenth of that.  A
# host that does not exist ends it with EHOSTUNREACH, and one that is silent, or whose
# address is asked for without end, with ETIMEDOUT.
. "$HOMA_TESTS/lib.sh"

# fails ADDRESS ERROR: a request to it
fails()
{
	in_ns c homa_echo_client -n 1 "$1" >/tmp/client 2>&1 && die "$1 answers"
	grep -q "$2" /tmp/client || die "$1: expected '$2': $(cat /tmp/client)"
}

asked() { in_ns c ip neigh show "$1" | grep -q INCOMPLETE; }

hosts_veth
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
for a in 10.0.0.2 fd00::2; do
	in_ns c homa_echo_client -n 1 $a || die "$a: no answer"
	# Or an ack that the server asks for would have the address looked for.
	wait_for 5 all_ended s || die "RPCs do not end"
	before=$(counter c timer_unresolved)
	in_ns c ip neigh flush to $a
	netem c c0 loss 100%
	bg in_ns c homa_echo_client -n 1 $a >/tmp/client 2>&1
	client=$!
	wait_for 5 asked $a || die "nobody asks for $a"
	in_ns c tc qdisc del dev c0 root || die "no qdisc"
	wait $client || die "$a, its address asked for twice: $(cat /tmp/client)"
	[ $(($(counter c timer_unresolved) - before)) -gt 20 ] || die "$a: no time passed"
	ok "$a: a lost question"
done

for a in 10.0.0.99 fd00::99; do
	fails $a 'No route to host'
done
ok "no such host"

for family in ipv4 ipv6; do
	in_ns c sysctl -q -w net.$family.neigh.c0.mcast_solicit=100
done
for a in 10.0.0.98 fd00::98; do
	fails $a 'Connection timed out'
done
ok "no answer to a hundred questions is awaited"

asked=$(counter c timer_unresolved)
in_ns c ip neigh replace 10.0.0.97 lladdr 02:00:00:00:00:97 dev c0 nud permanent
in_ns c ip neigh replace fd00::97 lladdr 02:00:00:00:00:97 dev c0 nud permanent
for a in 10.0.0.97 fd00::97; do
	fails $a 'Connection timed out'
done
[ "$(counter c timer_unresolved)" -eq "$asked" ] || die "its address is known"
ok "a silent host"
