#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock612
# timeout: 90
#
# The limits of the host, net.homa.homa_mem: above them messages are refused
# with ENOMEM and packets are dropped; what was dropped arrives when there is
# memory again (docs/memory.md). Two servers, so that one reads what the other
# one keeps it from getting memory for.
. "$HOMA_TESTS/lib.sh"

hosts_veth
mem=/proc/sys/net/homa/homa_mem
old=$(cat $mem)
at_exit 'echo "$old" >$mem'
ip -n c neigh replace 10.0.0.2 lladdr 02:00:00:00:00:02 dev c0 nud permanent
ip -n s neigh replace 10.0.0.1 lladdr 02:00:00:00:00:01 dev s0 nud permanent
page=4096
# pages BYTES
pages() { echo $(($1 / page)); }
fresh_server()
{
	rm -f /tmp/go /tmp/server
	bg in_ns s t_mem serve /tmp/go >/tmp/server
	server=$!
	wait_for 10 grep -q ready /tmp/server || die "the server does not start"
}

# Outgoing messages alone are above the limit.
fresh_server
echo "$(pages 1000000) $(pages 2000000) $(pages 3000000)" >$mem
in_ns c sysctl -q -w net.homa.unsched_bytes=1000	# most of it stays at home
bg in_ns c t_mem call 10.0.0.2 100 100000 >/tmp/call
client=$!
wait_for 10 grep -q sent /tmp/call || die "the client does not send"
grep -q ENOMEM /tmp/call || die "$(cat /tmp/call), expected ENOMEM"
[ $(counter c tx_mem_refused) -gt 0 ] || die "nothing was counted"
awk '$1 == "HOMA" && $5 != "yes" { exit 1 }' /proc/net/protocols || die "no pressure is shown"
touch /tmp/go
wait $client || die "messages that were accepted are lost"
ok "$(cat /tmp/call) of 100 messages with 100000 bytes; those were answered"
kill $server
wait $server 2>/dev/null

# They fit, but not together with what has arrived of them. Nobody gives up
# before there is memory again.
fresh_server
in_ns s sysctl -q -w net.homa.timeout_ticks=4000
in_ns c sysctl -q -w net.homa.timeout_ticks=4000
in_ns c sysctl -q -w net.homa.unsched_bytes=40000
netem c c0 loss 100%
echo "$old" >$mem
bg in_ns c t_mem call 10.0.0.2 40 100000 >/tmp/call
client=$!
wait_for 10 grep -q 'sent 40' /tmp/call || die "the client could not send: $(cat /tmp/call)"
echo "$(pages 4000000) $(pages 5000000) $(pages 6000000)" >$mem
tc -n c qdisc del dev c0 root || die "netem stays"
refused() { [ $(counter s rx_mem_refused) -gt 20 ]; }
wait_for 10 refused || die "no packet was refused; $(held) pages are held"
[ $(held) -le $(($(pages 6000000) + 1024)) ] || die "$(held) pages are held"
# Reading alone does not end the shortage: what it makes room for is taken at once.
before=$(counter s rx_mem_refused)
touch /tmp/go
refused() { [ $(counter s rx_mem_refused) -gt $before ]; }
wait_for 10 refused || die "while the server reads, nothing is refused"
echo "$old" >$mem
wait $client || die "messages are lost"
ok "40 messages arrived although $(counter s rx_mem_refused) packets were refused"
kill $server
wait $server 2>/dev/null

none() { [ "$(held)" -le 512 ]; }
wait_for 5 none || die "$(held) pages are held by nobody"
