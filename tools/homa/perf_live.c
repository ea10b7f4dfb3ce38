// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * perf_live.c - rates and times of the last second
 */
#include <string.h>

#include "perf_live.h"

/**
 * perf_live_begin() - a new look
 * @live: both looks
 */
void perf_live_begin(struct perf_live *live)
{
	memcpy(&live->before, &live->now, sizeof(live->before));
	memset(&live->now, 0, sizeof(live->now));
}

/**
 * perf_live_add() - one of the histograms
 * @live: both looks
 * @hist: the same set of histograms is added at each look
 */
void perf_live_add(struct perf_live *live, const struct perf_hist *hist)
{
	perf_hist_merge(&live->now, hist);
}

/**
 * perf_live_end() - what happened between the two looks
 * @live: both looks
 * @progress: its counts are set; the rates and times of the interval are the result
 */
void perf_live_end(struct perf_live *live, struct perf_progress *progress)
{
	uint64_t took_ns = progress->elapsed_ns - live->elapsed_before_ns;
	struct perf_hist *interval = &live->before;
	unsigned int i;

	/* The older look is not needed any more: it becomes the difference. */
	for (i = 0; i < PERF_HIST_BUCKETS; i++)
		interval->buckets[i] = live->now.buckets[i] - interval->buckets[i];
	interval->count = live->now.count - interval->count;
	interval->max = live->now.max;
	progress->p50_ns = perf_hist_quantile(interval, 0.5);
	progress->p99_ns = perf_hist_quantile(interval, 0.99);
	if (took_ns) {
		progress->requests_per_s = (double)(progress->requests - live->requests_before) *
					   1e9 / (double)took_ns;
		progress->bytes_per_s = (double)(progress->bytes - live->bytes_before) *
					1e9 / (double)took_ns;
	}
	live->requests_before = progress->requests;
	live->bytes_before = progress->bytes;
	live->elapsed_before_ns = progress->elapsed_ns;
}
