#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: D4
# tier: stock612
#
# A server with two addresses answers from the one that was asked. Both share a cached
# route, without another look-up, until something asks for the source address: an
# IPsec policy, an IPv6 route with a source, a rule; then each has its own way. An
# address that the host has lost has none.
. "$HOMA_TESTS/lib.sh"

tracing=/sys/kernel/tracing
at_exit off
off()
{
	echo 0 >$tracing/events/fib/enable
	echo 0 >$tracing/events/fib6/enable
	: >$tracing/trace
}

# rpc ADDRESS, no_rpc ADDRESS: the server answers, or says that there is no way
rpc() { in_ns c homa_echo_client -n 3 "$1" >/tmp/client 2>&1 || die "$1, $why: $(cat /tmp/client)"; }
no_rpc()
{
	: >/tmp/server
	in_ns c homa_echo_client -n 1 "$1" >/tmp/client 2>&1 && die "$1, $why: it was answered"
	grep -q 'sendmsg of the response' /tmp/server || die "$1, $why: no error, $(cat /tmp/server)"
}

# names FAMILY: the addresses of client and server
names()
{
	case $1 in
	4) client=10.0.0.1 first=10.0.0.2 second=10.0.0.22 bits=32 event=fib/fib_table_lookup ;;
	6) client=fd00::1 first=fd00::2 second=fd00::22 bits=128 event=fib6/fib6_table_lookup ;;
	esac
}

hosts_veth
ip -n s addr add 10.0.0.22/24 dev s0
ip -n s addr add fd00::22/64 dev s0 nodad
# A new address with the same prefix must not become the preferred one.
ip -n s addr change fd00::22/64 dev s0 preferred_lft 0 nodad
bg in_ns s homa_echo_server >>/tmp/server 2>&1
server_pid=$!
wait_for 10 grep -q ready /tmp/server || die "the server does not start"

for family in 4 6; do
	names $family
	why="two addresses"
	rpc $first
	rpc $second
	: >$tracing/trace
	echo 1 >$tracing/events/$event/enable || die "no event $event"
	rpc $second
	echo 0 >$tracing/events/$event/enable
	cp $tracing/trace /tmp/trace
	# What comes in is looked up with the number of a device, 2 or more.
	grep -q 'table_lookup: .* iif [2-9]' /tmp/trace || die "no look-up was seen at all"
	grep "oif 0 iif 1 .*$second.*-> $client" /tmp/trace &&
		die "$second: routes are looked up for responses"
	ok "$second: no look-up for its responses"
done

for family in 4 6; do
	names $family
	why="an IPsec policy for the second address"
	ip -n s xfrm policy add src $second dst $client proto 146 dir out action block || die "no policy"
	rpc $first
	no_rpc $second
	ip -n s xfrm policy delete src $second dst $client proto 146 dir out
	why="no policy any more"
	rpc $second

	if [ $family = 6 ]; then
		why="a route with a source"
		ip -n s -6 route add unreachable $client from $second || die "no route"
		rpc $first
		no_rpc $second
		ip -n s -6 route del unreachable $client from $second
		why="no such route any more"
		rpc $second
	fi
	ok "$second: policies and routes with a source count"
done

# An address that is taken from the host while a request waits for its reader.
why="an address that is gone"
: >/tmp/server
kill -STOP $server_pid
had=$(counter s requests_received)
arrived() { [ "$(counter s requests_received)" -gt "$had" ]; }
bg in_ns c homa_echo_client -n 1 10.0.0.22 >/dev/null 2>&1
waiting=$!
wait_for 10 arrived || die "no request arrives"
ip -n s addr del 10.0.0.22/24 dev s0
kill -CONT $server_pid
wait_for 10 grep -q 'sendmsg of the response' /tmp/server || die "$why sends a response"
wait $waiting && die "$why answers"
ip -n s addr add 10.0.0.22/24 dev s0
why="the address is there again"
rpc 10.0.0.22
ok "10.0.0.22: not used while it is gone"

# Last, because a namespace that had rules once is one that may have them.
for family in 4 6; do
	names $family
	why="a rule for the second address"
	ip -n s -$family rule add from $second/$bits unreachable || die "no rule"
	rpc $first
	no_rpc $second
	ip -n s -$family rule del from $second/$bits unreachable
	why="no rule any more"
	rpc $second
	ok "$second: rules count"
done
