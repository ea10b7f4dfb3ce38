// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Order of waiting messages, the share of the oldest, and the time before
 * which nothing goes (protocol §4.1).
 *
 * items: F9
 */
#include "unit.h"
#include "core/srpt.h"

static const struct homa_config cfg = HOMA_CONFIG_DEFAULTS;

static struct homa_srpt_entry *next(struct homa_srpt *q)
{
	return homa_srpt_next(q, &cfg, 0, 0).entry;
}

static void test_empty(void **unused)
{
	struct homa_srpt_verdict v;
	struct homa_srpt q;

	(void)unused;
	homa_srpt_init(&q);
	v = homa_srpt_next(&q, &cfg, 0, U64_MAX);
	assert_null(v.entry);
	assert_int_equal(v.not_before_ns, U64_MAX);
}

static void test_fewest_bytes_first(void **unused)
{
	struct homa_srpt_entry a = { 0 }, b = { 0 }, c = { 0 };
	struct homa_srpt q;

	(void)unused;
	homa_srpt_init(&q);
	homa_srpt_add(&q, &a, 500, 1);
	homa_srpt_add(&q, &b, 300, 2);
	homa_srpt_add(&q, &c, 300, 3);
	assert_ptr_equal(next(&q), &b);
	/* Equal values keep their order of insertion. */
	homa_srpt_remove(&q, &b);
	assert_ptr_equal(next(&q), &c);
	homa_srpt_sent(&q, &a, 250);
	assert_int_equal(a.left, 250);
	assert_ptr_equal(next(&q), &a);
	/* Clipped; stays queued until it is taken out. */
	homa_srpt_sent(&q, &a, 251);
	assert_int_equal(a.left, 0);
	assert_true(a.queued);
	assert_int_equal(q.count, 2);
	homa_srpt_remove(&q, &a);
	homa_srpt_remove(&q, &c);
	assert_int_equal(q.count, 0);
	assert_null(next(&q));
}

static void test_repeated_calls(void **unused)
{
	struct homa_srpt_entry a = { 0 };
	struct homa_srpt q;

	(void)unused;
	homa_srpt_init(&q);
	homa_srpt_remove(&q, &a);
	homa_srpt_sent(&q, &a, 10);
	homa_srpt_add(&q, &a, 500, 1);
	homa_srpt_add(&q, &a, 100, 2);
	assert_int_equal(a.left, 500);
	assert_int_equal(q.count, 1);
	homa_srpt_remove(&q, &a);
	homa_srpt_remove(&q, &a);
	assert_int_equal(q.count, 0);
}

/* With the default of 50 every 20th pick is the oldest. */
static void test_share_of_the_oldest(void **unused)
{
	struct homa_srpt_entry old = { 0 }, brief = { 0 };
	struct homa_srpt q;
	int i;

	(void)unused;
	homa_srpt_init(&q);
	homa_srpt_add(&q, &brief, 10, 2);
	homa_srpt_add(&q, &old, 1000000, 1);
	for (i = 1; i <= 200; i++)
		assert_ptr_equal(next(&q), i % 20 ? &brief : &old);
}

static void test_no_share(void **unused)
{
	struct homa_srpt_entry old = { 0 }, brief = { 0 };
	struct homa_config none = cfg;
	struct homa_srpt q;
	int i;

	(void)unused;
	none.pacer_fifo_fraction = 0;
	homa_srpt_init(&q);
	homa_srpt_add(&q, &brief, 10, 2);
	homa_srpt_add(&q, &old, 1000000, 1);
	for (i = 0; i < 3000; i++)
		assert_ptr_equal(homa_srpt_next(&q, &none, 0, 0).entry, &brief);
}

static void test_not_before(void **unused)
{
	const u64 now = 1000000;
	const u64 limit = now + cfg.max_nic_backlog_ns;
	struct homa_srpt_entry a = { 0 };
	struct homa_srpt_verdict v;
	struct homa_srpt q;

	(void)unused;
	homa_srpt_init(&q);
	homa_srpt_add(&q, &a, 500, 1);
	v = homa_srpt_next(&q, &cfg, now, limit + 1);
	assert_null(v.entry);
	assert_int_equal(v.not_before_ns, now + 1);
	assert_ptr_equal(homa_srpt_next(&q, &cfg, now + 1, limit + 1).entry,
			 &a);
	assert_ptr_equal(homa_srpt_next(&q, &cfg, now, limit).entry, &a);
	assert_ptr_equal(homa_srpt_next(&q, &cfg, now, 0).entry, &a);
	/* A refusal is no pick: the share of the oldest does not move. */
	assert_int_equal(q.fifo_credit, 1000 - 3 * 50);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_fewest_bytes_first),
		cmocka_unit_test(test_repeated_calls),
		cmocka_unit_test(test_share_of_the_oldest),
		cmocka_unit_test(test_no_share),
		cmocka_unit_test(test_not_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
