// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * When part of a message is copied before it is complete.
 *
 * items: C11
 */
#include "unit.h"
#include "core/early.h"

/* Packets of @seg bytes in order.  Return: how often it was time; the rest in @left. */
static u32 count(u32 length, u32 seg, u32 *left)
{
	struct homa_reasm rx;
	u32 offered = 0;
	u32 times = 0;
	u32 at;

	homa_reasm_init(&rx, length);
	for (at = 0; at < length; at += seg) {
		homa_reasm_add(&rx, at, min(at + seg, length));
		if (!rx.remaining || !homa_early_due(&rx, offered))
			continue;
		/* At least so much to copy, and more than is missing. */
		assert_true(homa_reasm_received(&rx) - offered >= HOMA_EARLY_BYTES_MIN);
		assert_true(homa_reasm_received(&rx) - offered >=
			    HOMA_EARLY_RATIO * rx.remaining);
		offered = homa_reasm_received(&rx);
		/* Not again before more has come. */
		assert_false(homa_early_due(&rx, offered));
		times++;
	}
	*left = length - offered;
	return times;
}

static void test_lengths(void **unused)
{
	u32 length, seg, times, left;

	(void)unused;
	for (seg = 1424; seg <= 65000; seg *= 3) {
		assert_int_equal(count(1000, seg, &left), 0);
		assert_int_equal(count(HOMA_EARLY_BYTES_MIN, seg, &left), 0);
	}
	assert_int_equal(count(200000, 1424, &left), 1);
	assert_int_equal(count(500000, 1424, &left), 2);
	assert_int_equal(count(1000000, 1424, &left), 3);
	for (length = 2 * HOMA_EARLY_BYTES_MIN; length <= HOMA_MSG_BYTES_MAX; length += 999) {
		times = count(length, 1424, &left);
		assert_in_range(times, 1, 3);
		/* A third of all, and packets are not divided. */
		assert_true(left <= length / 3 + 1424);
	}
}

/* What counts is how much is missing, wherever that is. */
static void test_holes(void **unused)
{
	struct homa_reasm rx;

	(void)unused;
	homa_reasm_init(&rx, 300000);
	homa_reasm_add(&rx, 100000, 299999);
	assert_false(homa_early_due(&rx, 0));
	homa_reasm_add(&rx, 0, 1);
	assert_int_equal(rx.remaining, 100000);
	assert_true(homa_early_due(&rx, 0));
	assert_false(homa_early_due(&rx, 1));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_holes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
