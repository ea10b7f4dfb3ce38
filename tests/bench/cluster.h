/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What cluster_load sees of the machine while the load runs.
 */
#ifndef HOMA_BENCH_CLUSTER_H
#define HOMA_BENCH_CLUSTER_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "perf_report.h"

#define CLUSTER_HOSTS_MAX	32
#define CLUSTER_LEVELS		8

/**
 * struct cluster_watch - what is observed
 * @hosts: how many
 * @look_us: time between two looks at the queues
 * @cpu_busy: share of the time in which the processors were not idle
 * @queue_max_bytes: longest queue of any port of the switch that was seen
 * @switch_drops: packets lost at the ports of the switch
 * @uplink_drops: packets lost in the hosts' own queues
 * @level_drops: of those lost at the switch, by level of priority
 * @level_bytes: bytes that left the ports of the switch, by level
 * @stop: ends the thread
 * @thread: looks at the queues of the switch
 * @before: processor times at the beginning: idle, all
 * @drops_before: drops at the beginning: switch, uplinks
 */
struct cluster_watch {
	unsigned int hosts;
	unsigned int look_us;
	double cpu_busy;
	uint64_t queue_max_bytes;
	uint64_t switch_drops;
	uint64_t uplink_drops;
	uint64_t level_drops[CLUSTER_LEVELS];
	uint64_t level_bytes[CLUSTER_LEVELS];
	bool stop;
	pthread_t thread;
	uint64_t before[2];
	uint64_t drops_before[2];
};

void cluster_watch_start(struct cluster_watch *watch);
void cluster_watch_stop(struct cluster_watch *watch);
json_t *cluster_homa_counters(unsigned int hosts);

#endif /* HOMA_BENCH_CLUSTER_H */
