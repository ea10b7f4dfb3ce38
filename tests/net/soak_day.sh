#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B1 B2 G3 G4
# tier: uml
# timeout: 200
# virtual: 90000
#
# A day of three hosts, in virtual time: bursts of RPCs with pauses of up to ten
# minutes over a network that loses, doubles and reorders packets, in another way
# each half an hour; a server that restarts, links that go and come; and
# hours in which nobody says anything. Contents are compared, each request is
# served once, and in an idle hour nothing is left and nothing ticks.
# Another day: HOMA_FUZZ_SEED in the environment of ./dev.
. "$HOMA_TESTS/lib.sh"

seed=${HOMA_FUZZ_SEED:-1}
echo "seed $seed"
HOUR=3600
state=$((seed * 7919 + 12345))

# random BELOW: sets $random
random()
{
	state=$(((state * 1103515245 + 12345) & 0x7fffffff))
	random=$(((state >> 8) % $1))
}

# counter NAME: sum over all CPUs of all hosts
counter()
{
	awk -v name="$1" '$1 == name { n += $2 } END { printf "%d\n", n }' $metrics
}

# counters: everything that counts what happens, on all hosts
counters()
{
	awk '$1 !~ /cycles|integral|^time|^cpu/ { n[$1] += $2 }
		END { for (name in n) print name, n[name] }' $metrics | sort
}

# server HOST: begins to serve
server()
{
	: >/tmp/server$1
	bg in_ns h$1 homa_echo_server -p 4000 >/tmp/server$1 2>&1
	eval "server$1=$!"
	wait_for 10 grep -q ready /tmp/server$1 || die "the server on h$1 does not start"
}

# client HOST ARGUMENT...: one process, in bursts
client()
{
	homa_host=$1
	shift
	random 1000000
	number=$((number + 1))
	bg in_ns h$homa_host t_rpcs -u -k 4 -B 5,600000 -r $random "$@" >/tmp/client$number 2>&1
	clients="$clients $!"
}

# clients [OPTION]: three processes, each of another kind
clients()
{
	clients= number=0
	client 1 $1 -l 1-3000 10.0.0.2/4000 10.0.0.3/4000
	client 1 $1 -l 1-60000 fd00::2/4000 10.0.0.3/4000 fd00::3/4000
	client 3 $1 -l 1-100000 -P 40 fd00::2/4000
}

# clients_end: they finish what they have begun, all of it right
clients_end()
{
	kill $clients
	number=0
	for pid in $clients; do
		number=$((number + 1))
		wait $pid || die "hour $hour (seed $seed), client $number: $(cat /tmp/client$number)"
	done
	rpcs=$((rpcs + $(awk '/ RPCs, / { n += $2 } END { print n }' /tmp/client[123])))
	errors=$((errors + $(awk '/ended with an error/ { n += $2 } END { print n + 0 }' /tmp/client[123])))
}

# weather: each host's link gets something of everything
weather()
{
	for i in 1 2 3; do
		random 4
		loss=$random
		random 3
		double=$random
		random 30
		netem h$i eth0 delay $((100 + random * 10))us 50us loss $loss% duplicate $double% \
			reorder 30% gap 3
	done
}

# weather_hour: two halves
weather_hour()
{
	for half in 1 2; do
		weather
		sleep $((HOUR / 2))
	done
}

# nothing_left: nobody knows another host, so nobody has an RPC, and there is hardly
# any memory. A processor may have 256 pages on its own account; that the sum is 0
# without sockets the module checks when it is unloaded, after the test.
nothing_left()
{
	[ "$(counter peer_allocs)" = "$(counter peer_evictions)" ] &&
	awk '$1 == "HOMA" { pages = $4 } END { exit pages > 256 }' /proc/net/protocols
}

# idle_hour: after the hosts have forgotten each other, nothing happens
idle_hour()
{
	sleep 900
	nothing_left || die "hour $hour (seed $seed): $(counters | grep peer_), $(cat /proc/net/protocols)"
	counters >/tmp/before
	grep -E 'homa|expired' /proc/timer_list && die "hour $hour: a timer is set"
	sleep $((HOUR - 900))
	counters >/tmp/after
	cmp /tmp/before /tmp/after ||
		die "hour $hour: something happened: $(diff /tmp/before /tmp/after)"
}

# served_at_most_once: none of the requests of the last hour was taken twice
served_at_most_once()
{
	began=$(counter client_requests_started)
	served=$(counter server_requests_done)
	[ $((served - served_before)) -le $((began - began_before)) ] ||
		die "hour $hour (seed $seed): $((began - began_before)) requests, $((served - served_before)) served"
}

# served_once: all requests of the last hour were taken by a server, none twice
served_once()
{
	began=$(counter client_requests_started)
	served=$(counter server_requests_done)
	[ $((served - served_before)) = $((began - began_before)) ] ||
		die "hour $hour (seed $seed): $((began - began_before)) requests, $((served - served_before)) served"
}

hosts_bridge 3
metrics=
for i in 1 2 3; do
	# Reading what a process sees is cheaper than going there.
	bg in_ns h$i sleep 1000000
	metrics="$metrics /proc/$!/net/homa_metrics"
	for j in 1 2 3; do
		[ $i = $j ] && continue
		ip -n h$i neigh replace 10.0.0.$j lladdr 02:00:00:00:00:0$j dev eth0 nud permanent
		ip -n h$i neigh replace fd00::$j lladdr 02:00:00:00:00:0$j dev eth0 nud permanent
	done
	# Whom nobody has talked to for ten minutes is forgotten.
	in_ns h$i sysctl -q -w net.homa.peer_gc_threshold=0 net.homa.peer_idle_secs_max=600 \
		net.homa.link_mbps=1000
done
server 2
server 3

morning=$(cut -d . -f 1 /proc/uptime)
rpcs=0 errors=0 idle=0 hour=0
while [ $hour -lt 24 ]; do
	began_before=$(counter client_requests_started)
	served_before=$(counter server_requests_done)
	errors_before=$errors
	case $hour in
	3|9|15|21)	# nobody is there
		idle_hour
		idle=$((idle + 1))
		# Ids that pass 2^31 (the same ones after each idle hour), and 2^64.
		in_ns h1 sysctl -q -w net.homa.next_id=2147483640 || die "next_id"
		in_ns h3 sysctl -q -w net.homa.next_id=0 || die "next_id"
		;;
	6|13)	# the server on h2 goes away and comes back
		clients -E
		weather
		for quarter in 1 2 3 4; do
			random 400
			sleep $((HOUR / 4 - random))
			kill -9 $server2
			wait $server2 2>/dev/null
			sleep $random
			server 2
		done
		clients_end
		served_at_most_once
		;;
	11|18)	# the cable of h3 is pulled out, of h1 too, and put in
		clients -E
		weather
		for quarter in 1 2 3 4; do
			random 2
			port=p$((random * 2 + 1))
			random 200
			sleep $((HOUR / 4 - random))
			ip -n sw link set $port down
			sleep $random
			ip -n sw link set $port up
		done
		clients_end
		served_at_most_once
		;;
	*)
		clients
		weather_hour
		clients_end
		served_once
		[ $errors = $errors_before ] || die "hour $hour (seed $seed): $((errors - errors_before)) errors"
		;;
	esac
	hour=$((hour + 1))
done
ok "$rpcs RPCs were right, $errors failed in the four hours with faults; $idle idle hours"
[ $rpcs -ge 500 ] || die "hardly any RPCs"
[ $errors -lt $((rpcs / 4)) ] || die "too many errors"
[ $(($(cut -d . -f 1 /proc/uptime) - morning)) -ge 86400 ] || die "that was not a day"

# After a day everything is as on the first morning.
for i in 1 2 3; do
	tc -n h$i qdisc del dev eth0 root
done
in_ns h1 homa_echo_client -p 4000 -n 5 -s 1,100000,1000000 10.0.0.2 || die "RPCs afterwards"
in_ns h1 homa_echo_client -p 4000 -n 5 -s 1,100000,1000000 fd00::3 || die "RPCs afterwards"
kill $server2 $server3
sleep 900
nothing_left || die "something is left: $(counters | grep peer_), $(cat /proc/net/protocols)"
[ "$(awk '$1 == "HOMA" || $1 == "HOMAv6" { n += $3 } END { print n }' /proc/net/protocols)" = 0 ] ||
	die "sockets are left: $(cat /proc/net/protocols)"
ok "nothing is left"
