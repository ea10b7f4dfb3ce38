/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A histogram of 64-bit values whose quantiles are wrong by less than 1/128, wherever
 * they are: each power of two is divided into 128 buckets, and smaller values have one
 * each (the idea of HdrHistogram).
 *
 * One thread adds.  Others may read at the same time; they see a count that is a little
 * old, never a broken one.
 */
#ifndef HOMA_TOOL_PERF_HIST_H
#define HOMA_TOOL_PERF_HIST_H

#include <stdint.h>

/** Buckets of each power of two: 2^PERF_HIST_BITS. */
#define PERF_HIST_BITS		7
/** Values from 2^PERF_HIST_VALUE_BITS on count as the largest below (18 minutes of ns). */
#define PERF_HIST_VALUE_BITS	40
#define PERF_HIST_BUCKETS \
	((PERF_HIST_VALUE_BITS - PERF_HIST_BITS + 1) << PERF_HIST_BITS)

/**
 * struct perf_hist - the histogram; all zero is empty
 * @count: values that were added
 * @sum: of them
 * @min: smallest; only if @count is not 0
 * @max: largest
 * @buckets: how many fell into each
 */
struct perf_hist {
	uint64_t count;
	uint64_t sum;
	uint64_t min;
	uint64_t max;
	uint32_t buckets[PERF_HIST_BUCKETS];
};

void perf_hist_add(struct perf_hist *hist, uint64_t value);
void perf_hist_merge(struct perf_hist *into, const struct perf_hist *from);
uint64_t perf_hist_quantile(const struct perf_hist *hist, double share);
double perf_hist_mean(const struct perf_hist *hist);
unsigned int perf_hist_bucket(uint64_t value);
uint64_t perf_hist_low(unsigned int bucket);
uint64_t perf_hist_high(unsigned int bucket);

#endif /* HOMA_TOOL_PERF_HIST_H */
