#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B1 B2
# tier: uml
# timeout: 120
#
# The Wireshark dissector explains live traffic: each RPC is put together, the
# response has the bytes of the request, nothing is malformed or out of grant;
# large buffers that a veth passes on uncut, and lost packets, are no exception.
# This guest sees the file system of the host, and so its Wireshark.
. "$HOMA_TESTS/lib.sh"

lua=$HOMA_TESTS/../../dissector/homa.lua
[ -e "$lua" ] || die "no dissector at $lua"
[ -x /usr/bin/dumpcap ] && [ -x /usr/bin/tshark ] || skip "the host has no tshark"

# record NAME: capture what passes c0 until `stop`
record()
{
	file=$HOMA_OUT/$1.pcapng
	bg in_ns c /usr/bin/dumpcap -q -i c0 -B 64 -w "$file" 2>"/tmp/$1.log"
	dumpcap=$!
	wait_for 20 grep -q 'File:' "/tmp/$1.log" || die "dumpcap: $(cat "/tmp/$1.log")"
}
# marked NAME: what came before a datagram that says so is in the file
marked()
{
	in_ns c bash -c "echo end of $1 >/dev/udp/10.0.0.2/9"
	grep -q "end of $1" "$file"
}
stop()
{
	wait_for 20 marked "$1" || die "the capture $1 does not end"
	kill -INT $dumpcap
	wait $dumpcap
	grep -q "dropped on interface 'c0': [0-9]*/0 " "/tmp/$1.log" ||
		die "dumpcap missed packets: $(cat "/tmp/$1.log")"
}
dissect()
{
	/usr/bin/tshark -n -2 -X lua_script:"$lua" -r "$file" "$@" 2>/tmp/tshark.log ||
		die "tshark: $(cat /tmp/tshark.log)"
	grep -v 'Running as user' /tmp/tshark.log && die "tshark complains"
}
# rpcs NAME COUNT: in the capture are that many RPCs, all whole, and nothing wrong
rpcs()
{
	dissect -T fields -e homa.rpc -e homa.message.kind -e homa.time -e homa.message \
		-Y homa.message >/tmp/messages
	awk -v want="$2" -F '\t' '
		$2 == "request" { content[$1] = $4; requests++ }
		$2 == "response" { responses++; if (content[$1] != $4 || !($3 > 0)) bad++ }
		END { print requests + 0, "requests", responses + 0, "responses", bad + 0, "bad";
		      exit !(requests == want && responses == want && !bad) }' /tmp/messages ||
		die "$1: not $2 RPCs whose response is the request"
	dissect -Y 'homa.expert.out_of_grant || homa.expert.beyond_end || homa.expert.short ||
		homa.expert.type || homa.expert.message_length || homa.expert.no_data ||
		homa.expert.length_changed || homa.expert.priority || homa.expert.role ||
		homa.expert.no_request || homa.expert.ack_odd || _ws.lua.error' >/tmp/wrong
	[ ! -s /tmp/wrong ] || die "$1: $(head -n 20 /tmp/wrong)"
	ok "$1: $2 RPCs"
}

hosts_veth
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"

record uncut
for to in 10.0.0.2 fd00::2; do
	in_ns c homa_echo_client -n 1 -s 1,1425,20000,65537,200000 $to || die "echo with $to"
done
stop uncut
rpcs uncut 10
dissect -T fields -e homa.data.bytes | awk '$1 > 15000 { large++ } END { exit !large }' ||
	die "no large buffers"

netem c c0 loss 10%
netem s s0 loss 10%
record loss
in_ns c homa_echo_client -n 3 -s 100,50000 10.0.0.2 || die "echo under loss"
stop loss
rpcs loss 6
[ -n "$(dissect -Y homa.expert.retransmission)" ] || die "no retransmission"
dissect -q -o homa.rpc_statistics:TRUE >/tmp/table
cat /tmp/table
grep -q '^10.0.0.2 port 4000 * 6 *6 ' /tmp/table || die "statistics of 6 RPCs"
