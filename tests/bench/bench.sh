#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Homa, UDP and TCP side by side in one boot. Runs inside a guest (./dev bench);
# tests/vm/bench.py makes tables of the figures in $HOMA_OUT/bench.lines.
#
#    bench.sh           all of it
#    bench.sh library   libhoma beside bare sockets
#    bench.sh wall      long messages back to back, in a guest with real time
#
# Where the guest runs under qemu -icount shift=0, a nanosecond is one executed
# instruction.
#
#   +--------- c ---------+            +--------- s ---------+
#   | client   10.0.0.1 c0|----veth----|s0 10.0.0.2   server |
#   +---------------------+            +---------------------+
#   loopback: client and server both in c, 127.0.0.1
. "$HOMA_TESTS/lib.sh"
. "$HOMA_BASE/bin/many.sh"

mode=${1:-all}
lines="${HOMA_OUT:-/tmp}/bench.lines"
# Fewer rounds for long messages, whose cost varies less.
rounds=1000
rpcs=20000
pin="-c 1"
[ "$(grep -c ^processor /proc/cpuinfo)" -gt 1 ] || pin=

# rtt SECTION PROTO BYTES [OPTION...]: round trips over veth
rtt() {
	section=$1 proto=$2 bytes=$3
	shift 3
	n=$rounds
	[ "$bytes" -le 1000 ] || n=$((rounds * 3 / 10))
	[ "$bytes" -le 100000 ] || n=$((rounds * 5 / 100))
	# shellcheck disable=SC2086 # $pin is two words or none
	bench_rtt -j $pin -L "$section" -P "$proto" -l "$bytes" -r $n -w $((n / 5)) -C c -S s "$@" \
		>>"$lines" || die "bench_rtt: $proto, $bytes bytes, $section"
}

# load SECTION PROTO OPTION...: many short RPCs at a time
load() {
	section=$1 proto=$2
	shift 2
	bench_load -L "$section" -P "$proto" -r $rpcs -w $((rpcs / 10)) -C c -S s "$@" >>"$lines" ||
		die "bench_load: $proto, $section"
}

short_and_long() {
	echo "round trips over veth and loopback"
	for proto in udp tcp homa exchange; do
		rtt veth $proto 100 10.0.0.2
		rtt loopback $proto 100 -S c 127.0.0.1
		rtt veth $proto 20000 10.0.0.2
		rtt loopback $proto 20000 -S c 127.0.0.1
		[ $proto = udp ] && continue
		rtt veth $proto 500000 10.0.0.2
		rtt loopback $proto 500000 -S c 127.0.0.1
		rtt one-way $proto 1000000 -a 100 10.0.0.2
	done
}

# What every packet costs when nothing carries many of them: cut by software
# before the device, and not put together by the receiver.
cut() {
	for mtu in 1500 9000; do
		echo "round trips over veth, packets cut for an MTU of $mtu"
		for side in c s; do
			ip -n $side link set ${side}0 mtu $mtu
			cut_all $side ${side}0
			in_ns $side ethtool -K ${side}0 gro off >/dev/null || die "no way without GRO"
		done
		for proto in tcp homa; do
			rtt cut-$mtu $proto 20000 10.0.0.2
			rtt cut-$mtu $proto 500000 10.0.0.2
		done
	done
	for side in c s; do
		ip -n $side link set ${side}0 mtu 1500
		in_ns $side ethtool -K ${side}0 gro on >/dev/null || die "no GRO"
	done
	echo "round trips over veth, packets cut, and put together again by GRO"
	for proto in tcp homa; do
		rtt gro-1500 $proto 20000 10.0.0.2
		rtt gro-1500 $proto 500000 10.0.0.2
	done
	for side in c s; do
		in_ns $side ethtool -K ${side}0 tso on tx-sctp-segmentation on gro off >/dev/null
	done
}

many() {
	echo "64 RPCs at a time"
	many_hosts
	for proto in tcp homa exchange; do
		for work in threads batches servers cpus; do
			# All that HOMAIOCEXCHANGE does is in batches.
			[ $proto:$work != exchange:batches ] || continue
			# shellcheck disable=SC2046 # options are words
			load $work $proto $(many_options $work $proto)
		done
	done
}

# Timers and work of ours that run while sockets are open, peers known, and
# nothing is under way.
idle() {
	tracing=/sys/kernel/tracing
	echo "idle peers and wake-ups"
	# As many addresses as there are peers; c knows the way already.
	ip -n s route add local 10.1.0.0/16 dev lo
	for proto in tcp homa; do
		bench_idle -P $proto -n 4000 -C c -S s 10.1.0.1 >>"$lines" || die "bench_idle: $proto"
	done
	bg in_ns s homa_echo_server >/tmp/server 2>&1
	wait_for 10 grep -q ready /tmp/server || die "the server does not start"
	in_ns c homa_echo_client -n 20 -s 100,20000 10.0.0.2 >/tmp/client || die "echo"
	sleep 1
	# Seen at work first: a check that sees nothing anywhere would prove nothing.
	for event in timer/timer_expire_entry timer/hrtimer_expire_entry \
		     workqueue/workqueue_execute_start; do
		echo 1 >$tracing/events/$event/enable || die "no event $event"
	done
	: >$tracing/trace
	in_ns c homa_echo_client -n 20 -s 100,500000 10.0.0.2 >/tmp/client || die "echo"
	busy=$(grep -c '\[homa\]' $tracing/trace)
	[ "$busy" -gt 0 ] || die "no timer of homa.ko was seen, even during RPCs"
	# Once, ten seconds after traffic, the cutoffs are computed anew.
	sleep 15
	: >$tracing/trace
	sleep 10
	echo 0 >$tracing/events/enable
	total=$(grep -c 'expire_entry\|execute_start' $tracing/trace)
	[ "$total" -gt 0 ] || die "the kernel did nothing at all in 10 s, which cannot be"
	ours=$(grep '\[homa\]' $tracing/trace | sed 's/.*function[= ]\([a-z_0-9]*\).*/\1/' | sort | uniq -c |
		while read -r times name; do printf '%s %s times;' "$name" "$times"; done)
	printf '{"work":"idle wake-ups","seconds":10,"kernel":%d,"homa":"%s"}\n' "$total" "$ours" \
		>>"$lines"
}

library() {
	echo "round trips with libhoma and with bare sockets"
	for proto in homa libhoma; do
		for bytes in 100 20000 500000; do
			rtt library $proto $bytes 10.0.0.2
		done
	done
}

wall() {
	echo "500,000 bytes back to back"
	for turn in 1 2 3; do
		for proto in tcp homa; do
			rtt echo-$turn $proto 500000 10.0.0.2
			rtt one-way-$turn $proto 500000 -a 100 10.0.0.2
		done
	done
}

hosts_veth
ip -n c link set lo up
: >"$lines"
case $mode in
all)	short_and_long; many; cut; idle ;;
library) library ;;
wall)	wall ;;
*)	die "no benchmark is called $mode" ;;
esac
