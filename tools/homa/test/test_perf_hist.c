// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The histogram of homa perf: compared with a sorted list of the same random values.
 * HOMA_FUZZ_SEED makes other values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../perf_hist.h"
#include "../perf_rng.h"

#define VALUES	3000

static struct perf_hist hist, other;

static uint64_t seed(void)
{
	const char *text = getenv("HOMA_FUZZ_SEED");

	return text ? strtoull(text, NULL, 0) : 1;
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* Each value is in exactly one bucket, and the buckets follow each other. */
static void buckets__partition(void **state)
{
	unsigned int i;

	(void)state;
	assert_int_equal(perf_hist_low(0), 0);
	for (i = 0; i < PERF_HIST_BUCKETS; i++) {
		assert_int_equal(perf_hist_bucket(perf_hist_low(i)), i);
		assert_int_equal(perf_hist_bucket(perf_hist_high(i)), i);
		assert_int_equal(perf_hist_high(i) + 1, perf_hist_low(i + 1));
		/* No wider than 1/128 of its smallest value. */
		assert_true((perf_hist_high(i) - perf_hist_low(i)) << PERF_HIST_BITS <=
			    perf_hist_low(i));
	}
	assert_int_equal(perf_hist_high(PERF_HIST_BUCKETS - 1),
			 (1ull << PERF_HIST_VALUE_BITS) - 1);
}

static void quantile__model(void **state)
{
	static const double shares[] = { 0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1 };
	static uint64_t sorted[VALUES];
	struct perf_rng rng;
	unsigned int round;

	(void)state;
	print_message("HOMA_FUZZ_SEED=%llu\n", (unsigned long long)seed());
	perf_rng_seed(&rng, seed(), 0);
	for (round = 0; round < 40; round++) {
		unsigned int n = 1 + perf_rng_below(&rng, VALUES), i;
		unsigned int bits = 1 + perf_rng_below(&rng, PERF_HIST_VALUE_BITS);

		memset(&hist, 0, sizeof(hist));
		memset(&other, 0, sizeof(other));
		for (i = 0; i < n; i++) {
			sorted[i] = perf_rng_next(&rng) >> (64 - bits) >>
				    perf_rng_below(&rng, bits);
			perf_hist_add(i % 3 ? &hist : &other, sorted[i]);
		}
		perf_hist_merge(&hist, &other);
		qsort(sorted, n, sizeof(sorted[0]), compare);
		assert_int_equal(hist.count, n);
		assert_int_equal(hist.min, sorted[0]);
		assert_int_equal(hist.max, sorted[n - 1]);
		for (i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
			uint64_t rank = (uint64_t)ceil(shares[i] * n);
			uint64_t exact = sorted[rank ? rank - 1 : 0];
			uint64_t got = perf_hist_quantile(&hist, shares[i]);

			assert_true(got >= exact);
			assert_true((double)(got - exact) <= (double)exact / 128);
		}
	}
}

static void add__beyond(void **state)
{
	(void)state;
	memset(&hist, 0, sizeof(hist));
	perf_hist_add(&hist, UINT64_MAX / 2);
	perf_hist_add(&hist, 5);
	assert_int_equal(hist.max, UINT64_MAX / 2);
	assert_int_equal(perf_hist_quantile(&hist, 0.5), 5);
	assert_int_equal(perf_hist_quantile(&hist, 1), UINT64_MAX / 2);
}

static void quantile__empty(void **state)
{
	(void)state;
	memset(&hist, 0, sizeof(hist));
	assert_int_equal(perf_hist_quantile(&hist, 0.5), 0);
	assert_true(perf_hist_mean(&hist) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets__partition),
		cmocka_unit_test(quantile__model),
		cmocka_unit_test(add__beyond),
		cmocka_unit_test(quantile__empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
