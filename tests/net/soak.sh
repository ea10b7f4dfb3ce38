#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: smp kcsan
# timeout: 400
# longer: HOMA_SOAK_SECONDS
# clock: wall
#
# Truth under concurrency: three hosts on a bridge, processes with several threads
# and sockets in each. Packets are lost, doubled and reordered; the MTU of routes
# and devices, routes, addresses and parameters change; cables are pulled out;
# processes are killed, a host is deleted, and at the end of each round all hosts
# and the module, at once. Requests between processes that stay must all be
# answered, whatever the network does; nothing is served or answered twice,
# everything that is received is right. The runner looks for leaks and at what the
# kernel says.
#    HOMA_SOAK_SECONDS=600 HOMA_SOAK_SEED=7 ./dev test soak --tier smp
. "$HOMA_TESTS/lib.sh"

seed=${HOMA_SOAK_SEED:-1}
seconds=${HOMA_SOAK_SECONDS:-40}
ledger=/tmp/ledger

# random BELOW: sets $random
random()
{
	state=$(((state * 1103515245 + 12345) & 0x7fffffff))
	random=$(((state >> 8) % $1))
}

# fail MSG: with what repeats it
fail()
{
	for log in /tmp/soak.*; do
		grep -v -E 'ready|all done' "$log" | head -n 5
	done
	die "$* (HOMA_SOAK_SEED=$seed, round $round)"
}

# start NAME HOST PORT [-x]: a process; its pid is in pid_NAME
start()
{
	name=$1 host=$2 port=$3
	number=$((number + 1))
	random 1000000
	: >/tmp/soak.$number
	targets="10.0.0.1/4000 fd00::1/4001 10.0.0.2/4010 fd00::2/4011"
	# Those that stay talk to each other only; the wild ones to all.
	[ -z "$4" ] || targets="$targets fd00::1/4020 10.0.0.2/4030 10.0.0.3/4040 fd00::3/4041"
	bg in_ns $host t_soak -l $ledger -n $number -p $port -r $random -w /tmp/go $4 $targets \
		>/tmp/soak.$number 2>&1
	eval "pid_$name=$! log_$name=/tmp/soak.$number"
	[ -n "$4" ] || wait_for 30 grep -q ready /tmp/soak.$number || fail "no start: $(cat /tmp/soak.$number)"
}

# end NAME: at once
end()
{
	eval "kill -9 \$pid_$1; wait \$pid_$1" 2>/dev/null
}

# wild: which of the wild processes, and where: sets name, host, port
wild()
{
	random 3
	case $random in
	0) name=w1 host=h1 port=4020 ;;
	1) name=w2 host=h2 port=4030 ;;
	2) name=w3 host=h3 port=4040 ;;
	esac
}

# neighbours HOST: nothing waits for address resolution
neighbours()
{
	for i in 1 2 3; do
		ip -n $1 neigh replace 10.0.0.$i lladdr 02:00:00:00:00:0$i dev eth0 nud permanent
		ip -n $1 neigh replace fd00::$i lladdr 02:00:00:00:00:0$i dev eth0 nud permanent
	done
}

# set_host HOST: as patient as a slow machine needs, and with frames of 9000 bytes
set_host()
{
	in_ns $1 sysctl -q -w net.homa.timeout_ticks=4000 net.homa.peer_gc_threshold=0 \
		net.homa.peer_idle_secs_min=0 net.homa.peer_idle_secs_max=1 net.homa.link_mbps=1000 || fail "parameters of $1"
	ip -n $1 link set eth0 mtu 9000
	neighbours $1
}

# host_3: a new host where the deleted one was
host_3()
{
	new_host h3
	ip -n sw link add p3 type veth peer name eth0 netns h3 || fail "no veth"
	ip -n sw link set p3 mtu 9000 master br0 up
	address h3 eth0 3
	set_host h3
}

# weather HOST: its link gets something of everything
weather()
{
	random 4
	[ $random = 0 ] && { tc -n $1 qdisc del dev eth0 root 2>/dev/null; return; }
	loss=$random
	random 3
	double=$random
	random 4000
	netem $1 eth0 limit 2000 delay ${random}us 500us loss $loss% duplicate $double% \
		reorder 30% gap 3
}

# parameter HOST: one of them gets another value
parameter()
{
	random 9
	case $random in
	0) name=unsched_bytes; random 60000; random=$((random + 1)) ;;
	1) name=max_incoming; random 1000000; random=$((random + 1000)) ;;
	2) name=max_overcommit; random 8; random=$((random + 1)) ;;
	3) name=num_priorities; random 8; random=$((random + 1)) ;;
	4) name=link_mbps; random 10000; random=$((random + 200)) ;;
	5) name=resend_ticks; random 30; random=$((random + 2)) ;;
	6) name=resend_interval; random 30; random=$((random + 2)) ;;
	7) name=window; random 200000 ;;
	8) name=flags; random 2; random=$((random * 2)) ;;
	esac
	in_ns $1 sysctl -q -w net.homa.$name=$random || fail "net.homa.$name=$random"
}

# trouble: something happens; all of it may happen to h3 and the wild processes
trouble()
{
	random 3
	h=h$((random + 1))
	random 16
	case $random in
	0|1|2)	weather $h ;;
	3)	# Whoever has sent larger packets has to cut them anew.
		random 7700
		ip -n $h route change 10.0.0.0/24 dev eth0 mtu $((random + 1300))
		;;
	4)	random 7700
		ip -n $h -6 route replace fd00::/64 dev eth0 metric 256 mtu $((random + 1300))
		;;
	5)	random 7700
		ip -n h3 link set eth0 mtu $((random + 1300))
		;;
	6)	# The cable is pulled out and put in.
		ip -n sw link set p${h#h} down
		random 3
		sleep 0.$random
		ip -n sw link set p${h#h} up
		;;
	7|8|9)	wild
		end $name
		start $name $host $port -x
		;;
	10)	ip -n h1 route replace unreachable 10.0.0.3/32
		ip -n h2 -6 route replace unreachable fd00::3/128
		sleep 0.1
		ip -n h1 route del unreachable 10.0.0.3/32
		ip -n h2 -6 route del unreachable fd00::3/128
		;;
	11)	parameter $h ;;
	12)	ip -n h3 addr del 10.0.0.3/24 dev eth0
		ip -n h3 addr del fd00::3/64 dev eth0
		address h3 eth0 3
		ip -n h3 link set eth0 mtu 9000
		neighbours h3
		;;
	13)	# The name goes first, or the process.
		random 2
		[ $random = 0 ] || end w3
		ip netns del h3
		ip -n sw link del p3 2>/dev/null
		end w3
		host_3
		start w3 h3 4040 -x
		;;
	14)	cat /proc/$pid_w1/net/homa_metrics /proc/$pid_s1/net/homa_metrics >/dev/null 2>&1
		[ -z "$HOMA_KO" ] || ! rmmod homa 2>/dev/null || fail "unloaded under open sockets"
		;;
	15)	ip -n $h neigh flush dev eth0 2>/dev/null
		neighbours $h
		;;
	esac
}

# quiet NAME: it has received all that it asked for
quiet()
{
	eval "log=\$log_$1"
	grep -q 'all done' $log
}

# missing NAME HOST: what it waits for
missing()
{
	kill -USR1 $pid_s1 $pid_s2
	sleep 1
	cat $log_s1 $log_s2
	for h in h1 h2; do
		in_ns $h awk '{ n[$1] += $2 } END { for (i in n) if (n[i]) print i, n[i] }' \
			/proc/net/homa_metrics | grep -v -E 'msg_bytes|cycles|core' | sort | tr '\n' ' '
		ip -n $h route
		tc -n $h -s qdisc show dev eth0
	done
	fail "$1 misses responses"
}

# unload: as soon as nobody holds it, whatever is still being cleaned up
unload()
{
	[ -n "$HOMA_KO" ] || return 0
	wait_for 60 rmmod homa || fail "the module stays: $(grep homa /proc/modules)"
	insmod "$HOMA_KO" || fail "the module does not load again"
}

# hosts_end: in any order
hosts_end()
{
	random 4
	case $random in
	0)	for name in s1 s2 w1 w2 w3; do end $name; done
		;;
	1)	for name in h1 h2 h3 sw; do ip netns del $name; done
		for name in w1 s1 w2 s2 w3; do end $name; done
		unload
		return
		;;
	2)	kill -9 $pid_s1 $pid_s2 $pid_w1 $pid_w2 $pid_w3 &
		for name in h3 h2 h1; do ip netns del $name & done
		wait $! 2>/dev/null
		for name in s1 s2 w1 w2 w3; do end $name; done
		;;
	3)	ip netns del sw
		for name in w3 w2 w1 s2 s1; do end $name; done
		;;
	esac
	unload
	for name in h1 h2 h3 sw; do ip netns del $name 2>/dev/null; done
	return 0
}

soak_round()
{
	number=0
	rm -f /tmp/ledger /tmp/soak.* /tmp/go
	hosts_bridge 3
	ip -n sw link set br0 mtu 9000
	for i in 1 2 3; do
		ip -n sw link set p$i mtu 9000
		set_host h$i
	done
	start s1 h1 4000
	start s2 h2 4010
	touch /tmp/go
	start w1 h1 4020 -x
	start w2 h2 4030 -x
	start w3 h3 4040 -x
	random 10
	round_end=$(($(now) + 6 + random))
	troubles=0
	while [ $(now) -lt $round_end ]; do
		random 4
		sleep 0.$((random + 1))
		trouble
		troubles=$((troubles + 1))
	done
	# The network is as it likes to be; nothing that was asked may be missing.
	kill $pid_s1 $pid_s2
	echo "round $round: $troubles troubles"
	wait_for 30 quiet s1 || missing s1 h1
	wait_for 30 quiet s2 || missing s2 h2
	hosts_end
	said=$(grep -h -v -E 'ready|all done' /tmp/soak.* | head -n 5)
	[ -z "$said" ] || fail "$said"
	verdict=$(t_soak -l $ledger -c) || fail "$verdict"
	ok "round $round, $troubles troubles: $verdict; $(sed -n 's/.*all done: //p' $log_s1 $log_s2 | tr '\n' ' ')"
}

now() { cut -d . -f 1 /proc/uptime; }

echo "seed $seed"
end_s=$(($(now) + seconds))
round=0
while [ $(now) -lt $end_s ]; do
	round=$((round + 1))
	state=$((seed * 7919 + round * 104729))
	soak_round
done
