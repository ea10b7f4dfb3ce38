#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C27
# tier: uml stock612
#
# The counters of /proc/net/homa_metrics count: after traffic that is known
# exactly each of them has moved by what it must have moved.
. "$HOMA_TESTS/lib.sh"

# expect NS NAME VALUE: it has that value; a VALUE of + means more than 0
expect()
{
	got=$(counter "$1" "$2")
	case $3 in
	+) [ "$got" -gt 0 ] ;;
	*) [ "$got" = "$3" ] ;;
	esac || die "$2 of $1 is $got, expected $3"
}

# ended NS COUNT: so many RPCs are over, memory and all
ended() { [ "$(counter "$1" reaper_calls)" = "$2" ]; }

hosts_veth
# The link is faster than what the guest executes; slow enough to hold back.
for ns in c s; do
	in_ns $ns sysctl -q -w net.homa.link_mbps=1000
done
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"

# 60 RPCs: 20 each of 100, 5,000 and 200,000 bytes.
in_ns c homa_echo_client -n 20 -s 100,5000,200000 10.0.0.2 || die "echo"
wait_for 10 ended s 60 || die "$(counter s reaper_calls) of 60 RPCs ended"
bytes=$((20 * (100 + 5000 + 200000)))

for name in requests_started requests_done responses_started; do
	expect c client_$name 60
	expect s server_$name 60
done
for name in request_bytes_started request_bytes_done response_bytes_started; do
	expect c client_$name $bytes
	expect s server_$name $bytes
done
expect c client_responses_done 60
expect c client_response_bytes_done $bytes
# The client may be gone before it is asked for the last ack.
acked=$(counter s server_responses_done)
[ $((acked + $(counter s server_rpc_discards) + $(counter s server_rpcs_unknown))) = 60 ] &&
	[ "$acked" -ge 59 ] || die "$acked of 60 responses were acknowledged"
expect s server_response_bytes_done $((bytes - (60 - acked) * 200000))
expect s requests_received 60
expect c responses_received 60
for ns in c s; do
	expect $ns sent_msg_bytes $bytes
	expect $ns msg_bytes_128 2000
	expect $ns msg_bytes_5120 100000
	expect $ns msg_bytes_64 0
	expect $ns msg_bytes_6144 0
	expect $ns large_msg_count 20
	expect $ns large_msg_bytes 4000000
done
ok "messages and bytes"

for pair in c:s s:c; do
	for type in DATA GRANT ACK; do
		sent=$(counter ${pair%:*} packets_sent_$type)
		expect ${pair#*:} packets_rcvd_$type "$sent"
	done
	expect ${pair%:*} packets_sent_DATA +
	expect ${pair%:*} packets_sent_GRANT +
done
packets=0
sum=0
for level in 0 1 2 3 4 5 6 7; do
	packets=$((packets + $(counter c priority${level}_packets)))
	sum=$((sum + $(counter c priority${level}_bytes)))
done
expect c packets_sent_DATA $packets
[ $sum -ge $bytes ] || die "priorities carried $sum bytes, messages have $bytes"
ok "packets"

[ $(($(counter c wait_none) + $(counter c wait_fast) + $(counter c wait_block))) -ge 60 ] || die "not all waits were counted"
expect c handoffs_thread_waiting "$(counter c wait_block)"
for name in wait_block blocked_cycles send_calls recv_calls recv_cycles pacer_packets \
	pacer_homa_bytes nic_backlog_cycles throttle_list_adds grant_check_calls grantable_rpcs_integral \
	peer_allocs peer_dst_refreshes bpage_reuses; do
	expect c $name +
done
expect c send_calls 60
expect s reply_calls 60
# The debug kernel's clock stands still while anything runs.
if [ "$HOMA_TIER" != uml ]; then
	for name in softirq_cycles send_cycles; do
		expect c $name +
	done
	expect s reply_cycles +
fi
wait_for 5 ended c 60 || die "$(counter c reaper_calls) of 60 RPCs of the client ended"
for name in handoffs_alt_thread gro_data_bypasses packets_sent_FREEZE; do
	expect c $name 0
done
ok "time, pacing, grants, memory"

# Time passes in the unit that is given, and not backwards.
in_ns c cat /proc/net/homa_metrics >/tmp/one
sleep 0.2
in_ns c cat /proc/net/homa_metrics >/tmp/two
awk 'FNR == 1 { time[++n] = $2 } FNR == 2 { khz = $2 }
	END { ms = (time[2] - time[1]) / khz; print ms " ms"; exit !(ms >= 150 && ms < 60000) }' \
	/tmp/one /tmp/two || die "200 ms of sleep are something else in time_cycles"

# High-water mark of messages that need grants.
mark=$(in_ns c cat /proc/sys/net/homa/max_grantable_rpcs)
[ "$mark" -ge 1 ] || die "max_grantable_rpcs is $mark"
in_ns c sysctl -q -w net.homa.max_grantable_rpcs=0
expect_mark=$(in_ns c cat /proc/sys/net/homa/max_grantable_rpcs)
[ "$expect_mark" = 0 ] || die "max_grantable_rpcs cannot be reset"
ok "time_cycles, max_grantable_rpcs"

# Loss: the same packets twice, holes, repetitions.
netem c c0 loss 10% duplicate 20%
in_ns c t_rpcs -n 40 -k 4 -l 20000-60000 10.0.0.2/4000 || die "echo with loss"
for name in gaps_created resent_packets_used packet_discards; do
	expect s $name +
done
expect c resent_packets +
ok "loss"

# Nobody there: an ICMP error that matches the RPC.
in_ns c homa_echo_client -n 3 -p 4001 10.0.0.2 >/tmp/refused 2>&1 && die "port 4001 answers"
expect s drop_NO_SOCKET +
ok "drops"
