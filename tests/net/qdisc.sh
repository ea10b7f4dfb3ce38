#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock newest
# timeout: 120
#
# The queueing discipline "homa" on a link of 40 Mbit/s that TCP fills: short messages
# pass, long ones and TCP share the link as they are told to, nothing stays in a
# queue, and it goes away while it is busy.
. "$HOMA_TESTS/lib.sh"

mbps=40
settings() { in_ns c sysctl -q -w "$@" || die "no net.homa"; }
rtt() { in_ns c homa_echo_client -n 20 -s 100 10.0.0.2 | sed -n 's/.*trip \([0-9]*\).*/\1/p'; }
homa_bytes() { counter c sent_msg_bytes; }
tcp_bytes() { counter c pacer_tcp_bytes; }
backlog() { tc -n c -s qdisc show dev c0 | sed -n 's/.*backlog \([0-9]*\)b.*/\1/p' | head -n 1; }
drained() { [ "$(backlog)" = 0 ]; }

hosts_veth
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"

received() { in_ns s awk '/s0:/ { sub(".*s0:", ""); print $1 }' /proc/net/dev; }
flows() { [ "$(received)" -gt "$before" ]; }

# tcp_bulk: c sends to s until tcp_stop
port=7000
tcp_bulk()
{
	port=$((port + 1))
	before=$(($(received) + 500000))
	bg in_ns s sh -c "sleep 1000 | nc -l -p $port >/dev/null"
	sleep 0.3
	bg in_ns c sh -c "exec nc 10.0.0.2 $port </dev/zero >/dev/null"
	source=$!
	wait_for 20 flows || die "TCP does not flow"
}

tcp_stop()
{
	kill $source 2>/dev/null
	wait $source 2>/dev/null
}

# A shaper with a queue in order of arrival, as a switch or a slow uplink has it.
tc -n c qdisc replace dev c0 root tbf rate ${mbps}mbit burst 3000 limit 500000 || die "no tbf"
tcp_bulk
fifo_us=$(rtt)
tcp_stop
tc -n c qdisc replace dev c0 root homa || die "tc does not know the queueing discipline homa"
tc -n c qdisc show dev c0 | grep -q '^qdisc homa ' || die "tc does not show it"
settings net.homa.link_mbps=$mbps
tcp_bulk
homa_us=$(rtt)
echo "100 bytes beside TCP: $fifo_us us in order of arrival, $homa_us us with homa"
[ -n "$homa_us" ] && [ "$homa_us" -lt $((fifo_us / 4)) ] || die "short messages wait for TCP"
tc -n c -s qdisc show dev c0 | grep -q 'Sent [1-9]' || die "it counts nothing"
[ "$(tcp_bytes)" -gt 0 ] || die "TCP was not held back"
ok "short messages pass TCP"

# Long messages and TCP share the link. What Homa sends without being asked is short.
# Homa's part of 100 bytes, headers and all not counted
part()
{
	settings net.homa.homa_share=$1
	bg in_ns c t_rpcs -u -k 8 -l 500000 10.0.0.2/4000 >/tmp/rpcs 2>&1
	rpcs=$!
	sleep 0.5
	homa=$(homa_bytes)
	tcp=$(tcp_bytes)
	sleep 1
	homa=$(($(homa_bytes) - homa))
	tcp=$(($(tcp_bytes) - tcp))
	kill $rpcs
	wait $rpcs
	share=$((homa * 100 / (homa + tcp)))
	echo "homa_share $1: Homa $homa bytes, TCP $tcp: $share %"
}

part 50
[ $share -ge 30 ] && [ $share -le 70 ] || die "no equal shares"
part 80
[ $share -ge 55 ] || die "Homa has no larger share"
part 20
[ $share -le 40 ] || die "Homa has no smaller share"
in_ns c t_rpcs -n 20 -k 8 -l 100000,500000 10.0.0.2/4000 || die "long messages beside TCP"
tcp_stop
wait_for 20 drained || die "packets stay in the queue: $(backlog)"
ok "the link is shared"

# Options are refused with a word, the module cannot go.
tc -n c qdisc replace dev c0 root homa limit 5 2>/tmp/err && die "it takes options"
rmmod homa 2>/dev/null && die "the module went away under its queueing discipline"
[ -e /proc/net/homa_metrics ] || [ -e /proc/sys/net/homa ] || die "the module is gone"

# It goes away, and comes again, with packets in it.
tcp_bulk
in_ns c t_rpcs -u -E -k 8 -l 100,500000 10.0.0.2/4000 >/tmp/rpcs 2>&1 &
rpcs=$!
i=0
while [ $i -lt 10 ]; do
	# Where instructions take no time, so would TCP without a limit.
	tc -n c qdisc replace dev c0 root tbf rate ${mbps}mbit burst 3000 limit 500000
	sleep 0.05
	tc -n c qdisc replace dev c0 root homa || die "it cannot be installed again"
	sleep 0.05
	i=$((i + 1))
done
tc -n c qdisc replace dev c0 root prio || die "no prio"
handle=$(tc -n c qdisc show dev c0 | sed -n 's/^qdisc prio \([0-9a-f]*\): root.*/\1/p')
for class in 1 2 3; do
	tc -n c qdisc replace dev c0 parent "$handle:$class" homa || die "not below another one"
done
sleep 0.2
# TCP that cannot finish would hold its namespace for minutes: only Homa is left.
tcp_stop
no_tcp() { in_ns $1 awk 'FNR > 1 && $4 != "06" && $4 != "0A" { n++ } END { exit n > 0 }' /proc/net/tcp; }
wait_for 20 no_tcp c && wait_for 20 no_tcp s || die "TCP does not end"
ip -n c link set c0 down
ip -n c link set c0 up
sleep 0.2
ip -n c link del c0
kill $rpcs
ok "it is removed while busy"
