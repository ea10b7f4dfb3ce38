// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * perf_hist.c - a histogram with a bounded relative error
 */
#include <math.h>

#include "perf_hist.h"

#define SUB	(1u << PERF_HIST_BITS)

/* Readers in other threads see whole words; only the owner writes. */
#define bump(word, by)	__atomic_store_n(&(word), (word) + (by), __ATOMIC_RELAXED)
#define peek(word)	__atomic_load_n(&(word), __ATOMIC_RELAXED)

/**
 * perf_hist_bucket() - where a value belongs
 * @value: any
 *
 * Return: index of a bucket.
 */
unsigned int perf_hist_bucket(uint64_t value)
{
	unsigned int shift;

	if (value < SUB)
		return (unsigned int)value;
	if (value >> PERF_HIST_VALUE_BITS)
		return PERF_HIST_BUCKETS - 1;
	shift = 63 - (unsigned int)__builtin_clzll(value) - PERF_HIST_BITS;
	return ((shift + 1) << PERF_HIST_BITS) + (unsigned int)((value >> shift) - SUB);
}

/**
 * perf_hist_low() - smallest value of a bucket
 * @bucket: its index
 *
 * Return: the value.
 */
uint64_t perf_hist_low(unsigned int bucket)
{
	unsigned int shift = bucket >> PERF_HIST_BITS;

	if (!shift)
		return bucket;
	return (uint64_t)(SUB + (bucket & (SUB - 1))) << (shift - 1);
}

/**
 * perf_hist_high() - largest value of a bucket
 * @bucket: its index
 *
 * Return: the value.
 */
uint64_t perf_hist_high(unsigned int bucket)
{
	return perf_hist_low(bucket + 1) - 1;
}

/**
 * perf_hist_add() - count a value
 * @hist: histogram
 * @value: any; beyond PERF_HIST_VALUE_BITS only minimum, maximum and mean are exact
 */
void perf_hist_add(struct perf_hist *hist, uint64_t value)
{
	if (!hist->count || value < hist->min)
		hist->min = value;
	if (value > hist->max)
		hist->max = value;
	hist->sum += value;
	bump(hist->buckets[perf_hist_bucket(value)], 1);
	bump(hist->count, 1);
}

/**
 * perf_hist_merge() - add all values of another histogram
 * @into: histogram that grows
 * @from: the other; somebody may be adding to it
 */
void perf_hist_merge(struct perf_hist *into, const struct perf_hist *from)
{
	uint64_t seen = 0;
	unsigned int i;

	if (!peek(from->count))
		return;
	for (i = 0; i < PERF_HIST_BUCKETS; i++) {
		uint32_t n = peek(from->buckets[i]);

		into->buckets[i] += n;
		seen += n;
	}
	if (!into->count || from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	into->sum += from->sum;
	into->count += seen;
}

/**
 * perf_hist_quantile() - the value that this share of the values does not exceed
 * @hist: histogram
 * @share: 0 to 1; 0.5 is the median
 *
 * Return: at least the exact value, and less than 1/128 above it; 0 if there is none.
 */
uint64_t perf_hist_quantile(const struct perf_hist *hist, double share)
{
	uint64_t rank, seen = 0;
	unsigned int i;

	if (!hist->count)
		return 0;
	rank = (uint64_t)ceil(share * (double)hist->count);
	if (!rank)
		rank = 1;
	for (i = 0; i < PERF_HIST_BUCKETS; i++) {
		seen += hist->buckets[i];
		if (seen >= rank) {
			uint64_t high = perf_hist_high(i);

			if (i == PERF_HIST_BUCKETS - 1)
				return hist->max;
			return high < hist->max ? high : hist->max;
		}
	}
	return hist->max;
}

/**
 * perf_hist_mean() - the exact mean
 * @hist: histogram
 *
 * Return: the mean, 0 if there is no value.
 */
double perf_hist_mean(const struct perf_hist *hist)
{
	return hist->count ? (double)hist->sum / (double)hist->count : 0;
}
