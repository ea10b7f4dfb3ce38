#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C20 H10
# tier: uml stock
# clock: wall
# timeout: 150
#
# Hosts disappear at any moment: processes are killed with RPCs under way, the
# cable is cut, the namespace is deleted first. The kernel log, the runner's
# wait for the namespaces to be gone and the unloading of the module tell
# whether anything was left behind.
. "$HOMA_TESTS/lib.sh"

# traffic: each host is client and server of the other. The delay keeps RPCs
# under way (and lets virtual time pass, which it does only when all wait).
traffic()
{
	# In virtual time the CPU is infinitely fast and only the link takes time:
	# half a second at 25 Gbit/s would be a million packets.
	if [ "$HOMA_TIER" = uml ]; then
		for ns in c s; do
			in_ns $ns sysctl -q -w net.homa.link_mbps=200
		done
	fi
	netem c c0 delay 300us
	netem s s0 delay 300us
	for ns in c s; do
		[ $ns = c ] && other=2 || other=1
		bg in_ns $ns t_rpcs -E -b 4000 -n 10000000 -k 40 -l 1-400000 -P 5 -t 100 \
			10.0.0.$other/4000 >/dev/null 2>&1
		eval "pid_$ns=$!"
		bg in_ns $ns t_rpcs -E -b 4001 -n 10000000 -k 40 -l 1-400000 -t 100 \
			fd00::$other/4001 >/dev/null 2>&1
		eval "pid6_$ns=$!"
	done
}

kill_all()
{
	kill -9 "$pid_c" "$pid_s" "$pid6_c" "$pid6_s"
	wait "$pid_c" "$pid_s" "$pid6_c" "$pid6_s" 2>/dev/null
}

for way in processes-first cable-first namespaces-first one-host all-at-once; do
	for delay in 0.05 0.2 0.5; do
		hosts_veth
		traffic
		sleep $delay
		case $way in
		processes-first)
			kill_all
			ip netns del c
			ip netns del s
			;;
		cable-first)
			ip -n c link del c0
			sleep 0.1
			kill_all
			ip netns del c
			ip netns del s
			;;
		namespaces-first)
			# The names go; the sockets keep the namespaces.
			ip netns del c
			ip netns del s
			sleep 0.1
			kill_all
			;;
		one-host)
			kill -9 "$pid_s" "$pid6_s"
			wait "$pid_s" "$pid6_s" 2>/dev/null
			ip netns del s
			sleep 0.2
			kill -9 "$pid_c" "$pid6_c"
			wait "$pid_c" "$pid6_c" 2>/dev/null
			ip netns del c
			;;
		all-at-once)
			kill -9 "$pid_c" "$pid_s" "$pid6_c" "$pid6_s" &
			ip netns del c &
			ip netns del s &
			wait
			;;
		esac
	done
	ok "$way"
done

# And the machine still works.
hosts_veth
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
in_ns c homa_echo_client -s 100,100000 10.0.0.2 || die "RPCs afterwards"
