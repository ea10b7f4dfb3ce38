#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: D1 D3 C16
# tier: uml stock newest
# clock: wall
#
# The peer goes away: its process, its address, its cable. The client gets an
# error of the right kind, soon, and nothing hangs.
. "$HOMA_TESTS/lib.sh"

# expect TEXT COMMAND...: it fails, and says so
expect()
{
	text=$1
	shift
	if in_ns c timeout 20 "$@" >/tmp/client 2>&1; then
		die "$* succeeded"
	fi
	grep -q "$text" /tmp/client || die "$*: expected '$text': $(cat /tmp/client)"
	ok "$*: $text"
}

hosts_veth
in_ns s sysctl -q -w net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
for to in 10.0.0.2 fd00::2; do
	expect 'not connected' homa_echo_client -s 100 $to
	expect 'not connected' homa_echo_client -s 100000 $to
done

bg in_ns s homa_echo_server -n 5 >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
in_ns c homa_echo_client -n 5 -s 1000 10.0.0.2 || die "five RPCs"
wait_for 10 grep -q answered /tmp/server || die "the server does not end"
expect 'not connected' homa_echo_client -s 1000 10.0.0.2

# Every packet from the server is lost.
bg in_ns s homa_echo_server >/tmp/server2 2>&1
wait_for 10 grep -q ready /tmp/server2 || die "the server does not start"
in_ns c homa_echo_client -n 2 -s 1000 10.0.0.2 || die "RPCs before the silence"
netem s s0 loss 100%
expect 'timed out' homa_echo_client -s 1000 10.0.0.2
expect 'timed out' homa_echo_client -s 300000 10.0.0.2
tc -n s qdisc del dev s0 root
in_ns c homa_echo_client -n 2 -s 1000 10.0.0.2 || die "RPCs after the silence"

# The cable is cut, and mended.
ip -n s link set s0 down
expect 'timed out\|unreachable\|No route' homa_echo_client -s 1000 10.0.0.2
ip -n s link set s0 up
wait_for 5 link_up c c0 || die "the link does not come up again"
wait_for 10 in_ns c homa_echo_client -n 2 -s 1000 10.0.0.2 || die "RPCs over the mended cable"
ok "works again over the mended cable"
