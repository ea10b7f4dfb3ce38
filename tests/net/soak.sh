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
# In ten minutes all kinds of trouble come about.
all=
[ "$seconds" -lt 600 ] || all=-a
t_soak -s "$seconds" -r "$seed" $all && exit

# The hosts are still there.
for h in h1 h2; do
	in_ns $h awk -v host=$h '{ n[$1] += $2 } END { for (i in n) if (n[i]) print host, i, n[i] }' \
		/proc/net/homa_metrics | grep -v -E 'msg_bytes|cycles|core' | sort
	ip -n $h route
	tc -n $h -s qdisc show dev eth0
done
die "HOMA_SOAK_SEED=$seed"
