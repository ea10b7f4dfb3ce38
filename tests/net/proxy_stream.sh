#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B4 E9
# tier: uml stock612
# timeout: 120
#
# TCP connections through two proxies: every byte arrives once and in order, both
# ways, over a bad network, too; ends and resets are passed on.
#
#    c: t_stream -> 127.0.0.1:8000 homa-proxy ==Homa==> s: homa-proxy -> :9000 t_stream
. "$HOMA_TESTS/lib.sh"

# exchange WHAT FROM-CLIENT FROM-SERVER CONNECTIONS
exchange()
{
	bg in_ns s t_stream serve 9000 "$3" "$2" "$4" >/tmp/server
	server=$!
	wait_for 5 grep -q listening /tmp/server || die "t_stream does not listen"
	in_ns c t_stream call 127.0.0.1 8000 "$2" "$3" "$4" || die "$1: the client's side"
	wait $server || die "$1: the server's side: $(cat /tmp/server)"
	ok "$1"
}

ended_sessions() { [ "$(grep -c 'ended,' "$1")" -ge "$2" ]; }

hosts_veth
bg in_ns s homa-proxy --serve 7000 --connect 127.0.0.1:9000 -v 2>/tmp/proxy-s
bg in_ns c homa-proxy --listen 127.0.0.1:8000 --to 10.0.0.2:7000 -v 2>/tmp/proxy-c
entry=$!
wait_for 10 grep -q ready /tmp/proxy-s || die "$(cat /tmp/proxy-s)"
wait_for 10 grep -q ready /tmp/proxy-c || die "$(cat /tmp/proxy-c)"

exchange "3,000,001 bytes there and 2,000,003 back" 3000001 2000003 1
exchange "40 connections at once" 100000 200000 40
exchange "only one side says something" 0 70000 1
exchange "nobody says anything" 0 0 1
netem c c0 loss 3% delay 1ms 2ms
exchange "every 33rd packet lost, others late" 1500000 500000 3
tc -n c qdisc del dev c0 root
wait_for 10 ended_sessions /tmp/proxy-c 46 || die "sessions are left: $(cat /tmp/proxy-c)"
wait_for 10 ended_sessions /tmp/proxy-s 46 || die "sessions are left: $(cat /tmp/proxy-s)"
! grep -v 'ready\|ended,' /tmp/proxy-c /tmp/proxy-s || die "something failed"

# Nobody listens: the client's connection is reset.
in_ns c t_stream call 127.0.0.1 8000 10 10 1 >/tmp/refused && die "an answer from nobody"
grep -q 'reset' /tmp/refused || die "expected a reset: $(cat /tmp/refused)"
wait_for 10 grep -q 'cannot be reached' /tmp/proxy-c || die "no word of it: $(cat /tmp/proxy-c)"
ok "a service that is not there"

# hanging: a service that reads nothing, and a client that has filled all buffers
hanging()
{
	bg in_ns s t_stream hang serve 9000 >/tmp/server
	server=$!
	wait_for 5 grep -q listening /tmp/server || die "t_stream does not listen"
	bg in_ns c t_stream call 127.0.0.1 8000 100000000 0 1 >/tmp/client
	client=$!
	wait_for 10 grep -q connected /tmp/server || die "no connection"
	sleep 1
}

# The service dies in the middle: its end, or a reset, comes through.
hanging
kill -9 "$server"
wait "$server"
wait "$client" && die "the client did not notice"
grep -q 'client: ' /tmp/client || die "the client says nothing: $(cat /tmp/client)"
ok "a service that dies ($(head -n 1 /tmp/client))"

# What can never be sent ends the session: the connection is not left hanging.
bg in_ns s t_stream hang serve 9000 >/tmp/server
server=$!
wait_for 5 grep -q listening /tmp/server || die "t_stream does not listen"
speak() { until [ -e /tmp/speak ]; do sleep 0.1; done; echo hello; until [ -e /tmp/end ]; do sleep 0.1; done; }
(speak | in_ns c busybox nc 127.0.0.1 8000; echo over >/tmp/over) >/dev/null 2>&1 &
wait_for 10 grep -q connected /tmp/server || die "no connection"
ip -n c route add unreachable 10.0.0.2/32
touch /tmp/speak
wait_for 10 grep -q 'o route to' /tmp/proxy-c || die "the session goes on: $(cat /tmp/proxy-c)"
touch /tmp/end
wait_for 10 test -e /tmp/over || die "the client's connection hangs"
ip -n c route del unreachable 10.0.0.2/32
kill -9 "$server"
wait "$server"
ok "a host that must not be reached: $(tail -n 1 /tmp/proxy-c)"

# A proxy ends: resets on its own host at once, and on the other as soon as it is told.
hanging
kill "$entry"
wait "$entry"
wait "$client" && die "the client did not notice"
wait_for 10 grep -q 'reset by the other side' /tmp/proxy-s || die "$(cat /tmp/proxy-s)"
ok "a proxy that ends: $(tail -n 1 /tmp/proxy-c)"
kill "$server"
