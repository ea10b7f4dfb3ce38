// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Priority levels: the tables, the choice, and the adaptation to a workload.
 */
#include "unit.h"
#include "core/prio.h"

#define ANY	0x7fffffffu

static void default_table(void **state)
{
	static const u32 all[8] = { 0, 0, 0, 0, 1000000, 15000, 2800, 200 };
	struct homa_cutoffs c;
	u32 n, i;

	(void)state;
	for (n = 1; n <= 8; n++) {
		memset(&c, 0xee, sizeof(c));
		homa_prio_defaults(&c, (u8)n);
		assert_int_equal(c.version, 1);
		for (i = 0; i < 8; i++)
			assert_int_equal(c.max_len[i], i < n ? all[i] : 0);
	}
}

static void table_of_a_stranger(void **state)
{
	struct homa_cutoffs c;
	u32 n;

	(void)state;
	for (n = 1; n <= 8; n++) {
		u8 level = n > 6 ? 6 : (u8)(n - 1);

		memset(&c, 0xee, sizeof(c));
		homa_prio_unknown(&c, (u8)n);
		assert_int_equal(c.version, 0);
		assert_int_equal(homa_prio_unsched(&c, 1, (u8)n), level);
		assert_int_equal(homa_prio_unsched(&c, 1000000, (u8)n), level);
	}
}

static void choice(void **state)
{
	static const struct {
		u32 msg_len;
		u8 num_priorities, level;
	} cases[] = {
		{ 1, 8, 7 }, { 200, 8, 7 }, { 201, 8, 6 }, { 2800, 8, 6 },
		{ 2801, 8, 5 }, { 15000, 8, 5 }, { 15001, 8, 4 },
		{ 1000000, 8, 4 }, { 1000001, 8, 0 }, { U32_MAX, 8, 0 },
		/* Levels that this host does not use are not chosen. */
		{ 1, 7, 6 }, { 1, 6, 5 }, { 1, 5, 4 }, { 1, 4, 0 }, { 1, 1, 0 },
	};
	struct homa_cutoffs c;
	u32 i;

	(void)state;
	homa_prio_defaults(&c, 8);
	for (i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(homa_prio_unsched(&c, cases[i].msg_len,
						   cases[i].num_priorities),
				 cases[i].level);
}

/* A peer may send any table at all. */
static void choice_from_a_strange_table(void **state)
{
	struct homa_cutoffs zeros = { 0 };
	struct homa_cutoffs rising = {
		.max_len = { 0, 100, 200, 300, 400, 500, 600, 700 },
	};

	(void)state;
	assert_int_equal(homa_prio_unsched(&zeros, 1, 8), 0);
	assert_int_equal(homa_prio_unsched(&rising, 700, 8), 7);
	assert_int_equal(homa_prio_unsched(&rising, 701, 8), 0);
}

static void levels_left_for_scheduled(void **state)
{
	struct homa_cutoffs c;

	(void)state;
	homa_prio_defaults(&c, 8);
	assert_int_equal(homa_prio_max_sched(&c, 8), 3);
	assert_int_equal(homa_prio_max_sched(&c, 5), 3);
	assert_int_equal(homa_prio_max_sched(&c, 4), 0);
	assert_int_equal(homa_prio_max_sched(&c, 1), 0);
	c.max_len[7] = HOMA_MSG_BYTES_MAX;
	assert_int_equal(homa_prio_max_sched(&c, 8), 6);
	c.max_len[7] = HOMA_MSG_BYTES_MAX - 1;
	assert_int_equal(homa_prio_max_sched(&c, 8), 3);
	c.max_len[4] = 0;
	c.max_len[1] = HOMA_MSG_BYTES_MAX;
	assert_int_equal(homa_prio_max_sched(&c, 8), 0);
}

static void histogram_buckets(void **state)
{
	static const u32 cases[][2] = {
		/* length, bucket */
		{ 1, 0 }, { 2, 1 }, { 3, 2 }, { 4, 2 }, { 5, 3 }, { 8, 3 },
		{ 9, 4 }, { 65536, 16 }, { 65537, 17 }, { 524288, 19 },
		{ 524289, 20 }, { 1000000, 20 }, { U32_MAX, 20 },
	};
	u32 i, j;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct homa_size_histogram h = { 0 };

		homa_prio_count(&h, cases[i][0], U32_MAX);
		homa_prio_count(&h, cases[i][0], 1);
		assert_int_equal(h.messages, 2);
		for (j = 0; j < HOMA_PRIO_BUCKETS; j++) {
			u64 len = 0;

			if (j == cases[i][1])
				len = cases[i][0];
			assert_int_equal(h.bytes[j], 2 * len);
			assert_int_equal(h.unsched_bytes[j],
					 len ? len + 1 : 0);
		}
	}
}

static void count(struct homa_size_histogram *h, u32 times, u32 msg_len,
		  u32 unsched)
{
	while (times--)
		homa_prio_count(h, msg_len, unsched);
}

static void too_few_messages(void **state)
{
	struct homa_size_histogram h = { 0 };
	struct homa_cutoffs c, before;

	(void)state;
	homa_prio_defaults(&c, 8);
	before = c;
	assert_false(homa_prio_adapt(&c, &h, 8));
	count(&h, 9999, 100, 100);
	assert_false(homa_prio_adapt(&c, &h, 8));
	assert_memory_equal(&c, &before, sizeof(c));
	count(&h, 1, 100, 100);
	assert_true(homa_prio_adapt(&c, &h, 8));
	assert_int_equal(c.version, 2);
}

static void all_unscheduled(void **state)
{
	struct homa_size_histogram h = { 0 };
	struct homa_cutoffs c;
	u32 i;

	(void)state;
	homa_prio_defaults(&c, 8);
	count(&h, 20000, 1000, 1000);
	assert_true(homa_prio_adapt(&c, &h, 8));
	/* All messages in one bucket: the cutoffs divide it evenly. */
	assert_int_equal(c.max_len[0], 0);
	for (i = 1; i < 8; i++)
		assert_int_equal(c.max_len[i], 512 + 512 * (8 - i) / 8);
}

static void all_scheduled(void **state)
{
	static const u32 expected[8] = { 0, 0, 0, 0, 0, 0, 0, 1000000 };
	struct homa_size_histogram h = { 0 };
	struct homa_cutoffs c;

	(void)state;
	homa_prio_defaults(&c, 8);
	count(&h, 10000, 1000000, 0);
	assert_true(homa_prio_adapt(&c, &h, 8));
	assert_memory_equal(c.max_len, expected, sizeof(expected));
	assert_int_equal(homa_prio_max_sched(&c, 8), 6);
}

static void mixture(void **state)
{
	struct homa_size_histogram h = { 0 };
	struct homa_cutoffs c;

	(void)state;
	homa_prio_defaults(&c, 8);
	c.max_len[0] = ANY;
	/* 4 MB short, 4 MB unscheduled of 10 MB long: 8 of 14, 5 levels. */
	count(&h, 40000, 100, 100);
	count(&h, 100, 100000, 40000);
	assert_true(homa_prio_adapt(&c, &h, 8));
	assert_int_equal(c.max_len[0], ANY);
	assert_int_equal(c.max_len[1], 0);
	assert_int_equal(c.max_len[2], 0);
	assert_int_equal(c.max_len[3], 1000000);
	/* Two fifths of all unscheduled bytes are 80 % of the short ones. */
	assert_int_equal(c.max_len[7], 64 + 64 * 4 / 10);
	assert_int_equal(c.max_len[6], 64 + 64 * 8 / 10);
	/* Three fifths are these and 20 % of the long ones, up to 2^17. */
	assert_int_equal(c.max_len[5], 65536 + 65536 * 2 / 10);
	assert_int_equal(c.max_len[4], 65536 + 65536 * 6 / 10);
	assert_int_equal(homa_prio_max_sched(&c, 8), 2);
}

static void version_never_zero(void **state)
{
	struct homa_size_histogram h = { 0 };
	struct homa_cutoffs c;

	(void)state;
	homa_prio_defaults(&c, 8);
	c.version = 0xffff;
	count(&h, 10000, 100, 100);
	assert_true(homa_prio_adapt(&c, &h, 8));
	assert_int_equal(c.version, 1);
	/* The same workload again changes nothing. */
	assert_false(homa_prio_adapt(&c, &h, 8));
	assert_int_equal(c.version, 1);
}

static void one_level(void **state)
{
	struct homa_size_histogram h = { 0 };
	struct homa_cutoffs c;

	(void)state;
	homa_prio_defaults(&c, 1);
	count(&h, 10000, 100, 100);
	assert_false(homa_prio_adapt(&c, &h, 1));
	assert_int_equal(c.version, 1);
}

/* Counters of a host that was up for years. */
static void huge_counts(void **state)
{
	struct homa_size_histogram h = { 0 };
	struct homa_cutoffs c;
	u32 i;

	(void)state;
	homa_prio_defaults(&c, 8);
	h.messages = U64_MAX;
	for (i = 0; i < HOMA_PRIO_BUCKETS; i++) {
		h.bytes[i] = U64_MAX / HOMA_PRIO_BUCKETS;
		h.unsched_bytes[i] = U64_MAX / HOMA_PRIO_BUCKETS;
	}
	assert_true(homa_prio_adapt(&c, &h, 8));
	for (i = 1; i < 7; i++)
		assert_true(c.max_len[i] > c.max_len[i + 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_table),
		cmocka_unit_test(table_of_a_stranger),
		cmocka_unit_test(choice),
		cmocka_unit_test(choice_from_a_strange_table),
		cmocka_unit_test(levels_left_for_scheduled),
		cmocka_unit_test(histogram_buckets),
		cmocka_unit_test(too_few_messages),
		cmocka_unit_test(all_unscheduled),
		cmocka_unit_test(all_scheduled),
		cmocka_unit_test(mixture),
		cmocka_unit_test(version_never_zero),
		cmocka_unit_test(one_level),
		cmocka_unit_test(huge_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
