#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: smp kcsan
# timeout: 400
# longer: HOMA_SOAK_SECONDS
# clock: wall
#
# Truth under concurrency (tests/progs/t_soak.c): three hosts on a bridge, processes
# with several threads and sockets in each. Packets are lost, doubled and reordered; the
# MTU of routes and devices, routes, addresses and parameters change; cables are pulled
# out; processes are killed, a host is deleted, and at the end of each round all hosts
# and the module, at once. Requests between processes that stay must all be
# answered, whatever the network does; nothing is served or answered twice,
# everything that is received is right. The runner looks for leaks and at what the
# kernel says.
#    HOMA_SOAK_SECONDS=600 HOMA_SOAK_SEED=7 ./dev test soak --tier smp
. "$HOMA_TESTS/lib.sh"

seed=${HOMA_SOAK_SEED:-1}
seconds=${HOMA_SOAK_SECONDS:-20}

echo "seed $seed, $seconds seconds"
# The last events, 16 MiB for each CPU. In kcsan only with HOMA_SOAK_TRACE=1: the kernel's
# ring buffer has data races, below functions of ours.
trace=-t
[ "$HOMA_TIER" != kcsan ] || [ -n "$HOMA_SOAK_TRACE" ] || trace=
tracing=/sys/kernel/tracing
kib_before=$(sed 's/.*expanded: //; s/[^0-9].*//' $tracing/buffer_size_kb)
at_exit done_tracing
done_tracing()
{
	[ -d $tracing/events/homa ] && echo 0 >$tracing/events/homa/enable
	echo 1 >$tracing/tracing_on
	echo "$kib_before" >$tracing/buffer_size_kb
	echo >$tracing/trace
}
echo 16384 >$tracing/buffer_size_kb

# In ten minutes all kinds of trouble come about.
all=
[ "$seconds" -lt 600 ] || all=-a
{ t_soak -s "$seconds" -r "$seed" $all $trace && touch /tmp/passed; } 2>&1 | tee /tmp/soak
[ -e /tmp/passed ] && exit

# What became of the requests that failed.
echo 0 >$tracing/tracing_on
cut -c1-240 $tracing/trace >/tmp/trace
for id in $(sed -n 's/^it was RPC //p' /tmp/soak); do
	echo "RPC $id:"
	# The server's own number of it is odd.
	last=${id#"${id%?}"}
	grep "id=${id%?}[$last$((last + 1))] " /tmp/trace >/tmp/events
	awk -v all="$(wc -l </tmp/events)" 'NR <= 50 || NR > all - 100
		NR == 51 && all > 150 { print "[...] of", all, "events" }' /tmp/events
done
echo "packets by second, event, type and hosts:"
awk '$5 == "homa_rx:" || $5 == "homa_tx:" { split($4, time, "."); n[time[1] " " $5 " " $6 " " $8 " to " $12]++ }
	END { for (i in n) print i, n[i] }' /tmp/trace | sort -n | tail -n 300
cat /proc/net/softnet_stat

# The hosts are still there.
for h in h1 h2 h3; do
	in_ns $h awk -v host=$h '{ n[$1] += $2 } END { for (i in n) if (n[i]) print host, i, n[i] }' \
		/proc/net/homa_metrics | grep -v -E 'msg_bytes|cycles|core' | sort
	ip -n $h route
	tc -n $h -s qdisc show dev eth0
done
die "HOMA_SOAK_SEED=$seed"
