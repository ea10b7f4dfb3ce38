// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Speed of a link from how fast its queue drains.
 */
#include "unit.h"
#include "core/meter.h"

#define MS 1000000ull

static void measures(void **state)
{
	struct homa_meter m = { 0 };

	(void)state;
	assert_int_equal(homa_meter_mbps(&m, 25000), 25000);
	homa_meter_full(&m, 5 * MS, 1000);
	assert_int_equal(m.mbps, 0);
	/* Too early, or too little. */
	homa_meter_full(&m, 6 * MS - 1, 1000 + 262143);
	homa_meter_full(&m, 5 * MS + 9999, 1000 + 1000000);
	homa_meter_full(&m, 10 * MS, 1000 + 16383);
	assert_int_equal(m.mbps, 0);
	/* 125,000 bytes in 10 ms. */
	homa_meter_full(&m, 15 * MS, 1000 + 125000);
	assert_int_equal(m.mbps, 100);
	assert_int_equal(homa_meter_mbps(&m, 25000), 100);
	assert_int_equal(homa_meter_mbps(&m, 50), 50);
	/* Then 500,000 in 10 ms: a quarter of the way. */
	homa_meter_full(&m, 25 * MS, 1000 + 625000);
	assert_int_equal(m.mbps, 175);
}

/* Much in little time, as on a link of 100 Gbit/s. */
static void fast_links(void **state)
{
	struct homa_meter m = { 0 };

	(void)state;
	homa_meter_full(&m, 5 * MS, 0);
	homa_meter_full(&m, 5 * MS + 20000, 262143);
	assert_int_equal(m.mbps, 0);
	homa_meter_full(&m, 5 * MS + 24000, 300000);
	assert_int_equal(m.mbps, 100000);
	assert_int_equal(homa_meter_mbps(&m, 25000), 25000);
	homa_meter_free(&m, 10 * MS, 25000);
	assert_int_equal(m.mbps, 0);
}

static void slow_links(void **state)
{
	struct homa_meter m = { 0 };

	(void)state;
	homa_meter_full(&m, 1, 0);
	homa_meter_full(&m, 100 * MS, 1000);
	assert_int_equal(m.mbps, 0);
	homa_meter_full(&m, 100 * MS + 1, 1000);
	assert_int_equal(m.mbps, 1);
	/* Nothing at all drains. */
	homa_meter_full(&m, 300 * MS, 1000);
	assert_int_equal(m.mbps, 1);
	/* What lies 4 s back says nothing. */
	m.mbps = 7;
	homa_meter_full(&m, 10000 * MS, 1u << 31);
	assert_int_equal(m.mbps, 7);
}

/* Counts wrap around, clocks of CPUs differ. */
static void wraps(void **state)
{
	struct homa_meter m = { 0 };

	(void)state;
	homa_meter_full(&m, 5 * MS, U64_MAX - 999);
	homa_meter_full(&m, 15 * MS, 124000);
	assert_int_equal(m.mbps, 100);
	homa_meter_full(&m, 14 * MS, 999000);
	assert_int_equal(m.mbps, 100);
	assert_int_equal(m.since_ns, 14 * MS);
}

static void raised_when_free(void **state)
{
	struct homa_meter m = { .mbps = 100, .free_since_ns = 6 * MS };

	(void)state;
	homa_meter_free(&m, 10 * MS - 1, 1000);
	assert_int_equal(m.mbps, 100);
	homa_meter_free(&m, 10 * MS, 1000);
	assert_int_equal(m.mbps, 200);
	homa_meter_free(&m, 14 * MS - 1, 1000);
	assert_int_equal(m.mbps, 200);
	homa_meter_free(&m, 14 * MS, 1000);
	assert_int_equal(m.mbps, 400);
	homa_meter_free(&m, 18 * MS, 1000);
	assert_int_equal(m.mbps, 800);
	homa_meter_free(&m, 22 * MS, 1000);
	assert_int_equal(m.mbps, 0);
	assert_int_equal(m.since_ns, 0);
}

static void queue(void **state)
{
	struct homa_meter m = { 0 };

	(void)state;
	/* Unmeasured: one buffer of homa_pace_burst_bytes(). */
	assert_int_equal(homa_meter_queue_bytes(&m, 25000, 1424), 62500);
	m.mbps = 10000;
	assert_int_equal(homa_meter_queue_bytes(&m, 25000, 1424), 50000);
	m.mbps = 100;
	assert_int_equal(homa_meter_queue_bytes(&m, 25000, 1424), 2848);
	m.mbps = U32_MAX / 8;
	assert_int_equal(homa_meter_queue_bytes(&m, U32_MAX, 1424),
			 U32_MAX / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(measures),
		cmocka_unit_test(fast_links),
		cmocka_unit_test(slow_links),
		cmocka_unit_test(wraps),
		cmocka_unit_test(raised_when_free),
		cmocka_unit_test(queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
