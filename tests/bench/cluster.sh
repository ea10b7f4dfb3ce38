#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Load between all hosts of a small cluster. Runs inside a guest (./dev bench cluster).
#
#    cluster.sh RUN,RUN,...   a RUN is WORKLOAD:MBPS:LOAD:PROTO:CONNECTIONS:REQUESTS[:tcp[+homa]]
#                             PROTO is homa, tcp or dctcp; with :tcp there is bulk TCP beside it,
#                             with :tcp+homa hosts use the homa qdisc as well
#
# Prints a line of JSON for each run. Each of the links below has the rate MBPS each way.
#
#   h1 eth0 ---- p1 +--------+ p5 ---- eth0 h5     A host sends through a FIFO of its own. A port of
#   h2 eth0 ---- p2 |   sw   | p6 ---- eth0 h6     the switch has eight queues of strict priority,
#   h3 eth0 ---- p3 | bridge | p7 ---- eth0 h7     by the three upper bits of the DSCP, each of
#   h4 eth0 ---- p4 +--------+ p8 ---- eth0 h8     QUEUE_BYTES.
#
# Packets are single and of at most 1,500 bytes: a real link would carry them so. Each of them is
# delayed before it comes to a port, once on its way.
#
# The link of a port is a class of htb, which takes a packet from its queues when the link is
# free. tbf takes the next one when the link begins to send this one, so a short message waited
# for two others. In a host's FIFO that makes no difference, and tbf cuts large buffers.
. "$HOMA_TESTS/lib.sh"

HOSTS=8
# A port's part of a shared buffer.
QUEUE_BYTES=256000
# What a real host and switch take for a packet, as times of a packet on the link: 6 us each way
# at 10 Gbit/s.
DELAY_PACKETS=5
ROUND_TRIP_BYTES=$((2 * DELAY_PACKETS * 1500))
# In a host's own queue; TCP keeps it short by itself.
UPLINK_BYTES=1000000

all="1 2 3 4 5 6 7 8"

# neighbours: nobody asks for addresses during the measurement
neighbours()
{
	for i in $all; do
		for j in $all; do
			[ "$i" = "$j" ] || echo "neigh replace 10.0.0.$j lladdr 02:00:00:00:00:0$j dev eth0 nud permanent"
		done >/tmp/neigh
		ip -n "h$i" -batch /tmp/neigh || die "neighbours of h$i"
	done
}

# uplink HOST MBPS BESIDE: what the host sends has this rate
uplink()
{
	tc -n "$1" qdisc del dev eth0 root 2>/dev/null
	case $3 in
	*homa)	tc -n "$1" qdisc add dev eth0 root homa || die "tc knows no queueing discipline homa" ;;
	*)	tc -n "$1" qdisc add dev eth0 root handle 10: tbf rate "$2mbit" burst 1600 \
			limit $UPLINK_BYTES || die "uplink of $1" ;;
	esac
}

# stretched TIME MBPS MAX: what is TIME at 10 Gbit/s, on slower links, but at most MAX
stretched()
{
	time=$((10000 * $1 / $2))
	[ $time -le "$3" ] || time=$3
	echo $time
}

# links MBPS: all links have this rate
links()
{
	delay=$((DELAY_PACKETS * 12000 / $1))
	for i in $all; do
		ip netns exec "h$i" sysctl -q -w net.homa.link_mbps="$1"
		# What is a time in Homa is that of 10 Gbit/s times the ratio, as far as the parameters
		# go: silence that a slow link explains is no loss.
		[ "$1" -ge 10000 ] || ip netns exec "h$i" sysctl -q -w net.homa.timeout_ticks=4000 \
			net.homa.resend_ticks="$(stretched 5 "$1" 1000)" \
			net.homa.resend_interval="$(stretched 5 "$1" 1000)" \
			net.homa.request_ack_ticks="$(stretched 2 "$1" 1000)" \
			net.homa.max_nic_est_backlog_usecs="$(stretched 5 "$1" 100000)" ||
			die "parameters of h$i"
		# All hosts have one processor: who polls takes it from the others.
		ip netns exec "h$i" sysctl -q -w net.homa.poll_usecs=0 || die "parameters of h$i"
		uplink "h$i" "$1" ""
		tc -n sw qdisc del dev "p$i" root 2>/dev/null
		{
			echo "qdisc add dev p$i root handle 1: netem limit 100000 delay ${delay}us"
			echo "qdisc add dev p$i parent 1:1 handle 10: htb default 1"
			echo "class add dev p$i parent 10: classid 10:1 htb rate $1mbit burst 1 cburst 1 quantum 1514"
			echo "qdisc add dev p$i parent 10:1 handle 20: prio bands 8 priomap 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7"
			for level in 0 1 2 3 4 5 6 7; do
				band=$((8 - level))
				echo "qdisc add dev p$i parent 20:$band handle 3$band: bfifo limit $QUEUE_BYTES"
				echo "filter add dev p$i parent 20: protocol ip prio $((level + 1)) u32 match ip tos $((level * 32)) 0xe0 flowid 20:$band"
			done
		} >/tmp/port
		tc -n sw -batch /tmp/port || die "port $i"
	done
}

# marking MBPS|no: DCTCP's switch marks what has queued for longer than 20 packets take
marking()
{
	for i in $all; do
		if [ "$1" = no ]; then
			tc -n sw qdisc replace dev "p$i" parent 20:8 handle 38: bfifo limit $QUEUE_BYTES
		else
			tc -n sw qdisc replace dev "p$i" parent 20:8 handle 48: fq_codel flows 1 \
				limit $((QUEUE_BYTES / 1500)) target 100s interval 100s noecn \
				ce_threshold "$((20 * 12000 / $1))us"
		fi || die "marking at port $i"
	done
}

# learned WORKLOAD: hosts know the sizes of its messages; and what an experiment wants else.
# Up to twice what the link carries in a round trip is sent without a grant (core/tune).
learned()
{
	cutoffs=$(cluster_load -w "$1" -K $((2 * ROUND_TRIP_BYTES))) || die "cutoffs of $1"
	for i in $all; do
		ip netns exec "h$i" sysctl -q -w net.homa.unsched_cutoffs="$cutoffs" ||
			die "cutoffs of h$i"
		[ -z "$HOMA_SYSCTL" ] ||
			ip netns exec "h$i" sysctl -q -w $(echo "$HOMA_SYSCTL" | tr , " ") ||
			die "parameters of h$i"
	done
}

hosts_bridge $HOSTS
for i in $all; do
	ethtool -K "p$i" gso off >/dev/null 2>&1
	in_ns "h$i" ethtool -K eth0 tso off gso off gro off >/dev/null || die "offloads of h$i"
done
neighbours

echo "$1" | tr , '\n' >/tmp/runs
rate=
marks=no
before=
sizes=
while IFS=: read -r workload mbps load proto conns requests beside; do
	if [ "$mbps" != "$rate" ]; then
		links "$mbps"
		rate=$mbps
		marks=no
		before=
		sizes=
		cluster_load -N $HOSTS -R "$mbps" -M /tmp/base </dev/null >/tmp/idle || die "the idle network"
		echo "idle at $mbps Mbit/s: $(cat /tmp/idle)"
	fi
	[ "$workload" = "$sizes" ] || learned "$workload"
	sizes=$workload
	set -- -N $HOSTS -R "$mbps" -B /tmp/base -w "$workload" -l "$load" -n "$requests"
	case $proto in
	dctcp)	want=$mbps; set -- "$@" -P tcp -C dctcp -c "$conns" ;;
	tcp)	want=no; set -- "$@" -P tcp -c "$conns" ;;
	*)	want=no; set -- "$@" -P homa ;;
	esac
	[ "$want" = "$marks" ] || marking "$want"
	marks=$want
	[ -z "$beside" ] || set -- "$@" -T
	if [ "$beside" != "$before" ]; then
		for i in $all; do
			uplink "h$i" "$mbps" "$beside"
		done
	fi
	before=$beside
	cluster_load "$@" </dev/null >/tmp/result || die "$workload $load % $proto"
	printf '@run {"proto":"%s","beside":"%s",%s\n' "$proto" "$beside" "$(cut -c2- </tmp/result)"
done </tmp/runs
