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
# The last events, 16 MiB for each CPU.
tracing=/sys/kernel/tracing
at_exit done_tracing
done_tracing()
{
	[ -d $tracing/events/homa ] && echo 0 >$tracing/events/homa/enable
	echo 1 >$tracing/tracing_on
	echo 1 >$tracing/buffer_size_kb
	echo >$tracing/trace
}
echo 16384 >$tracing/buffer_size_kb

# In ten minutes all kinds of trouble come about.
all=
[ "$seconds" -lt 600 ] || all=-a
t_soak -s "$seconds" -r "$seed" $all >/tmp/soak 2>&1 && { cat /tmp/soak; exit; }
cat /tmp/soak

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
awk '$5 ~ /homa_[rt]x/ { split($4, time, "."); n[time[1] " " $5 " " $6 " " $8 " to " $12]++ }
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
