#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: F1 F4
# tier: uml
# timeout: 120
#
# Messages of 1,000,000 bytes, one after the other, over a link of 1 Gbit/s with round
# trips of 1 ms. Nobody sets a parameter: the window comes to what the link carries in a
# round trip, and the link is used to nine tenths of what is possible.
# Time is virtual: processors cost nothing, so that figures are exact.
. "$HOMA_TESTS/lib.sh"

bytes=1000000
packet=1518	# on the wire, with 1424 of the message
packets=$(((bytes + 1423) / 1424))

# value NS NAME: what `homa peers` says of the only host
value()
{
	in_ns "$1" homa peers -j >/tmp/peers.json || die "homa peers in $1"
	t_json /tmp/peers.json "peers.0.$2" || die "homa peers does not say $2: $(cat /tmp/peers.json)"
}

# between NS NAME LOW HIGH: ... is in that range
between()
{
	found=$(value "$1" "$2")
	[ "$found" -ge "$3" ] && [ "$found" -le "$4" ] ||
		die "$mbps Mbit/s: $2 in $1 is $found, not $3 to $4"
}

# messages ROUNDS: median time of one and its short answer, in ns, is in $ns
messages()
{
	in_ns h1 bench_rtt -j -P homa -S h2 -C h1 -l $bytes -a 100 -w 3 -r "$1" 10.0.0.2 \
		>/tmp/out || die "$mbps Mbit/s: messages"
	ns=$(sed -n 's/.*"median_ns":\([0-9]*\),.*/\1/p' /tmp/out)
	[ "${ns:-0}" -gt 0 ] || die "no median: $(cat /tmp/out)"
}

# used: $ns is near the least possible time: all on the wire once, and a round trip
used()
{
	ideal=$((packets * packet * 8000 / mbps + rtt_us * 1000))
	[ $((ns * 9)) -le $((ideal * 10)) ] ||
		die "$mbps Mbit/s: $ns ns for a message that could take $ideal"
	ok "$mbps Mbit/s, $rtt_us us: $((ideal * 100 / ns)) % used," \
		"window $(value h2 window_bytes), unscheduled $(value h1 unsched_bytes)"
}

# network MBPS RTT_US: both hosts have a link of that speed, and the switch is far away
network()
{
	mbps=$1 rtt_us=$2
	bdp=$((mbps * rtt_us / 8))
	for homa_i in 1 2; do
		netem h$homa_i eth0 limit 10000 rate "${mbps}mbit"
		netem sw p$homa_i limit 10000 delay "$((rtt_us / 2))us"
	done
}

hosts_bridge 2

network 1000 1000
messages 20
between h1 rtt_min_ns 1000000 1030000
between h2 rtt_min_ns 1000000 1030000
between h2 window_bytes $bdp $((bdp * 5 / 4))
used

# h1 sends as fast as it can, and the port of the switch holds what is under way and a
# little more, all of which may come at once: 200,000 bytes would not fit.
tc -n h1 qdisc del dev eth0 root
netem sw p2 limit $((bdp * 7 / 5 / packet)) rate 1gbit delay 500us
dropped() { tc -n sw -s qdisc show dev p2 | sed -n 's/.*dropped \([0-9]*\),.*/\1/p'; }
messages 10
[ "$(dropped)" = 0 ] || die "$(dropped) packets did not fit into the switch"
used
in_ns h2 sysctl -q -w net.homa.tune_windows=0
messages 10
[ "$(dropped)" -gt 0 ] || die "everything fits with the usual window, too: this test sees nothing"
in_ns h2 sysctl -q -w net.homa.tune_windows=1
ok "what waits in the network is bounded"

# What somebody sets is obeyed, even if it is the default.
in_ns h1 sysctl -q -w net.homa.unsched_bytes=40000
[ "$(value h1 unsched_bytes)" = 40000 ] || die "unsched_bytes was set, and is $(value h1 unsched_bytes)"
in_ns h2 sysctl -q -w net.homa.window=150000
[ "$(value h2 window_bytes)" = 150000 ] || die "window was set, and is $(value h2 window_bytes)"
ok "settings win"
