/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Counters of the namespace, with their meaning in words: /proc/net/homa_metrics.
 */
#ifndef HOMA_TOOL_METRICS_H
#define HOMA_TOOL_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * struct metric - a counter, summed over all CPUs
 * @name: its name
 * @text: what it counts
 * @value: how much
 */
struct metric {
	char name[40];
	char text[96];
	uint64_t value;
};

/**
 * struct metrics - all counters at one moment
 * @list: in the order of the kernel
 * @count: number of them
 * @when_ns: the moment (CLOCK_MONOTONIC)
 * @cycles_khz: unit of the counters of time, per millisecond
 */
struct metrics {
	struct metric *list;
	size_t count;
	uint64_t when_ns;
	uint64_t cycles_khz;
};

int metrics_read(struct metrics *metrics);
int metrics_parse(FILE *file, struct metrics *metrics);
void metrics_free(struct metrics *metrics);
uint64_t metrics_value(const struct metrics *metrics, const char *name);
uint64_t metrics_since(const struct metrics *now, const struct metrics *before,
		       const char *name);

#endif /* HOMA_TOOL_METRICS_H */
