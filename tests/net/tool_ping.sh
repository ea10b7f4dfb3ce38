#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: stock612
# timeout: 60
#
# homa serve answers homa ping, over IPv4, IPv6 and TCP, with every size at the edges; and
# what ping says when nobody is there.
. "$HOMA_TESTS/lib.sh"

hosts_veth
bg in_ns s homa serve --protocol both --threads 2 >/tmp/serve
server=$!
wait_for 10 grep -q tcp: /tmp/serve || die "homa serve: $(cat /tmp/serve)"

# number NAME: a number of the JSON in /tmp/ping
number() { sed -n "s/^ *\"$1\": *\([0-9][0-9.]*\),*$/\1/p" /tmp/ping | head -n 1; }

# ping_ok ARGS...: five answers, none wrong
ping_ok()
{
	in_ns c homa ping --json -c 5 -i 1ms "$@" >/tmp/ping || die "ping $*: $(cat /tmp/ping)"
	[ "$(number answered)" = 5 ] && [ "$(number wrong)" = 0 ] || die "ping $*: $(cat /tmp/ping)"
	[ "$(number p50)" -gt 0 ] || die "ping $*: no time"
}

for bytes in 1 100 1424 20000 65536 65537 1000000; do
	ping_ok -s $bytes 10.0.0.2
	ping_ok -s $bytes fd00::2
	ping_ok -s $bytes --protocol tcp 10.0.0.2:4100
done
ok "all sizes"
cp /tmp/ping "$HOMA_OUT/ping.json"

in_ns c homa ping -c 2 -i 1ms 10.0.0.2 >/tmp/ping || die "ping: $(cat /tmp/ping)"
grep -q '^100 bytes from 10.0.0.2:4100: seq=2 time=' /tmp/ping || die "$(cat /tmp/ping)"
grep -q '2 sent, 2 answered$' /tmp/ping || die "$(cat /tmp/ping)"

in_ns c homa ping -c 1 10.0.0.2:99 >/tmp/ping 2>/tmp/error
[ $? = 1 ] || die "nobody listens, and ping has not failed: $(cat /tmp/ping)"
grep -q 'homa serve, on that host' /tmp/error || die "no advice: $(cat /tmp/error)"
in_ns c homa ping -s 1000001 10.0.0.2 2>/dev/null && die "a message that is too long was accepted"
ok "failures are told"

# An end by a signal: the server tells what it did. 21 rounds of 5, and 2.
pid=$(in_ns s pidof homa)
kill "$pid"
wait $server
grep -q '^homa: 72 requests, .* 0 with wrong bytes' /tmp/serve || die "$(cat /tmp/serve)"
grep -q '^tcp: 35 requests, .* 0 with wrong bytes' /tmp/serve || die "$(cat /tmp/serve)"
ok "the server counts"
