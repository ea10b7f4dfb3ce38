// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Windows from round-trip times and speeds.
 */
#include "unit.h"
#include "core/tune.h"

#define US	1000ull
#define MS	1000000ull
#define SEC	1000000000ull

/* A host whose round-trip time is always the same. */
static struct homa_rtt steady(u32 rtt_ns)
{
	return (struct homa_rtt) {
		.smooth_ns = rtt_ns,
		.min_ns = rtt_ns,
		.min_at = SEC >> 20,
	};
}

static u32 window(u32 mbps, u32 rtt_ns, bool measured)
{
	struct homa_rtt r = steady(rtt_ns);

	return homa_tune_window(&r, mbps, measured ? 200000 : 0, 1500, SEC);
}

static u32 unsched(u32 mbps, u32 rtt_ns)
{
	struct homa_rtt r = steady(rtt_ns);

	return homa_tune_unsched(&r, mbps, 40000, 1424, SEC);
}

static void windows(void **state)
{
	(void)state;
	/* Speed times round trip and an eighth. */
	assert_int_equal(window(1000, MS, false), 140625);
	assert_int_equal(window(1000, MS, true), 140625);
	assert_int_equal(window(25000, 100 * US, false), 351562);
	/* 60 us at least, 1 ms of a measured speed up to 200,000 bytes. */
	assert_int_equal(window(10000, 20 * US, false), 75000);
	assert_int_equal(window(10000, 20 * US, true), 200000);
	assert_int_equal(window(1000, 20 * US, true), 125000);
	assert_int_equal(window(100000, 20 * US, false), 750000);
	assert_int_equal(window(100000, 20 * US, true), 200000);
	/* The window there is without tuning may be another. */
	assert_int_equal(homa_tune_window(&(struct homa_rtt){ .smooth_ns = MS, .min_ns = MS,
							      .min_at = SEC >> 20 },
					  10000, 2000000, 1500, SEC), 1000000);
	/* Four packets at least, a message at most. */
	assert_int_equal(window(10, 20 * US, true), 6000);
	assert_int_equal(window(100000, 100 * US, false), 1000000);
	assert_int_equal(window(4194304, SEC, false), 1000000);
	/* Nothing is known. */
	assert_int_equal(window(0, MS, false), 0);
	assert_int_equal(window(1000, 0, false), 0);
}

/* Jitter makes windows larger, but a queue does not make itself longer. */
static void jitter(void **state)
{
	struct homa_rtt r = steady(100 * US);

	(void)state;
	r.smooth_ns = 120 * US;
	r.dev_ns = 10 * US;
	assert_int_equal(homa_tune_window(&r, 8000, 0, 1500, SEC), 180000);
	r.smooth_ns = 10 * MS;
	assert_int_equal(homa_tune_window(&r, 8000, 0, 1500, SEC), 281250);
	assert_int_equal(homa_tune_unsched(&r, 8000, 100000, 1000, SEC), 200000);
	r.smooth_ns = U32_MAX;
	r.dev_ns = U32_MAX;
	assert_int_equal(homa_tune_window(&r, 8000, 0, 1500, SEC), 281250);
}

static void unscheduled(void **state)
{
	(void)state;
	/* Whole packets. */
	assert_int_equal(unsched(1000, MS), 87 * 1424);
	assert_int_equal(unsched(10000, US), 17 * 1424);
	assert_int_equal(unsched(10, 5 * MS), 4 * 1424);
	/* Four times the setting at most. */
	assert_int_equal(unsched(100000, 100 * US), 112 * 1424);
	assert_int_equal(unsched(0, MS), 0);
	assert_int_equal(unsched(1000, 0), 0);
}

static void forgets(void **state)
{
	struct homa_rtt r = steady(MS);

	(void)state;
	assert_int_equal(homa_tune_window(&r, 1000, 0, 1500, 22 * SEC), 0);
	assert_int_equal(homa_tune_unsched(&r, 1000, 40000, 1424, 22 * SEC), 0);
}

static void arrivals(void **state)
{
	struct homa_arrival a = { 0 };

	(void)state;
	assert_int_equal(homa_arrival_mbps(&a, SEC), 0);
	/* The first packet tells when, not how fast. */
	homa_arrival_add(&a, 1000000, SEC);
	assert_false(homa_arrival_add(&a, 32767, SEC + 100 * US));
	assert_int_equal(homa_arrival_mbps(&a, SEC + MS), 0);
	assert_true(homa_arrival_add(&a, 92233, SEC + MS));
	assert_int_equal(homa_arrival_mbps(&a, SEC + MS), 1000);
	/* Slower ones do not count, faster ones do. */
	homa_arrival_add(&a, 50000, SEC + 2 * MS);
	assert_int_equal(homa_arrival_mbps(&a, SEC + 2 * MS), 1000);
	homa_arrival_add(&a, 50000, SEC + 2 * MS + 9 * US);
	homa_arrival_add(&a, 50000, SEC + 2 * MS + 10 * US);
	assert_int_equal(homa_arrival_mbps(&a, SEC + 3 * MS), 80000);
	/* Slow links. */
	a = (struct homa_arrival) { 0 };
	homa_arrival_start(&a, SEC);
	homa_arrival_add(&a, 12500, SEC + 10 * MS);
	assert_int_equal(homa_arrival_mbps(&a, SEC + 10 * MS), 10);
}

static void arrivals_age(void **state)
{
	struct homa_arrival a = { 0 };

	(void)state;
	homa_arrival_start(&a, SEC);
	homa_arrival_add(&a, 125000, SEC + MS);
	assert_int_equal(homa_arrival_mbps(&a, 20 * SEC), 1000);
	homa_arrival_start(&a, 12 * SEC);
	homa_arrival_add(&a, 125000, 12 * SEC + 10 * MS);
	assert_int_equal(homa_arrival_mbps(&a, 13 * SEC), 1000);
	homa_arrival_start(&a, 23 * SEC);
	homa_arrival_add(&a, 125000, 23 * SEC + 10 * MS);
	assert_int_equal(homa_arrival_mbps(&a, 23 * SEC + 10 * MS), 100);
	assert_int_equal(homa_arrival_mbps(&a, 50 * SEC), 0);
	/* Clocks that differ, and a time without any. */
	homa_arrival_add(&a, 125000, 22 * SEC);
	assert_int_equal(a.bytes, 0);
	homa_arrival_add(&a, 1u << 31, 100 * SEC);
	assert_int_equal(homa_arrival_mbps(&a, 100 * SEC), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows),
		cmocka_unit_test(jitter),
		cmocka_unit_test(unscheduled),
		cmocka_unit_test(forgets),
		cmocka_unit_test(arrivals),
		cmocka_unit_test(arrivals_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
