#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock612
# timeout: 120
#
# One client asks 64 servers at once, and all responses come through one port of a
# switch that can hold 128 KiB. With net.homa.incast_bytes the port loses a
# tenth at most of what it loses without, and what is lost comes again late. The figures are in docs/performance.md.
. "$HOMA_TESTS/lib.sh"

hosts=8
per_host=8
bytes=20000
rounds=5

hosts_bridge $((hosts + 1))
servers=
i=2
while [ $i -le $((hosts + 1)) ]; do
	# A switch sees packets.
	cut_packets h$i eth0
	port=1
	while [ $port -le $per_host ]; do
		bg in_ns h$i homa_echo_server -4 -p $((4000 + port)) >"/tmp/server.$i.$port" 2>&1
		servers="$servers 10.0.0.$i/$((4000 + port))"
		port=$((port + 1))
	done
	i=$((i + 1))
done
for file in /tmp/server.*; do
	wait_for 10 grep -q ready "$file" || die "a server does not start: $(cat "$file")"
done
tc -n sw qdisc add dev p1 root tbf rate 1gbit burst 10000 limit 131072 || die "no tbf"

dropped() { tc -n sw -s qdisc show dev p1 | sed -n 's/.*dropped \([0-9]*\).*/\1/p' | head -n 1; }
resent()
{
	sum=0
	i=2
	while [ $i -le $((hosts + 1)) ]; do
		sum=$((sum + $(counter h$i resent_packets)))
		i=$((i + 1))
	done
	echo $sum
}

# burst NAME: rounds of 64 requests at once; prints what it cost
burst()
{
	drops=$(dropped)
	repeats=$(resent)
	# All servers have sent, so all know the way.
	in_ns h1 t_rpcs -n $((rounds * 64)) -k 64 -B 64,5 -l $bytes $servers >/tmp/rpcs 2>&1 ||
		die "$1: $(cat /tmp/rpcs)"
	drops=$(($(dropped) - drops))
	repeats=$(($(resent) - repeats))
	echo "$1: $drops packets lost, $repeats sent again; $(tail -n 1 /tmp/rpcs)"
}

# Windows that follow the network would hide a part of it.
for host in h1 h2 h3 h4 h5 h6 h7 h8 h9; do
	in_ns $host sysctl -q -w net.homa.tune_windows=0
done
# GRANTs of the client do not ask for more than the port can hold.
in_ns h1 sysctl -q -w net.homa.max_incoming=100000
# Neighbours are resolved, cutoffs known.
in_ns h1 t_rpcs -n 64 -k 1 -l 100 $servers >/tmp/rpcs 2>&1 || die "$(cat /tmp/rpcs)"
in_ns h1 sysctl -q -w net.homa.incast_bytes=0
# How many are lost depends on how the servers get their turns at the processors.
without=0
bursts=0
while [ $without -lt 2000 ] && [ $bursts -lt 20 ]; do
	burst "without limit"
	without=$((without + drops))
	bursts=$((bursts + 1))
done
[ $without -ge $((rounds * 64)) ] || die "the port is no bottleneck: this test sees nothing"
in_ns h1 sysctl -q -w net.homa.incast_bytes=100000
with=0
i=0
while [ $i -lt $bursts ]; do
	burst "with limit"
	with=$((with + drops))
	i=$((i + 1))
done
[ $with -le $((without / 10 + 20)) ] || die "packets are lost with the limit, too"
ok "$without packets lost without the limit, $with with it"
