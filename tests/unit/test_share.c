// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Decisions of the queueing discipline.
 */
#include "unit.h"
#include "core/share.h"

static void classes(void **state)
{
	struct homa_hdr hdr = { .type = HOMA_DATA };

	(void)state;
	hdr.data.msg_len = 1000;
	assert_int_equal(homa_share_class_homa(&hdr, 1000), HOMA_SHARE_NOW);
	hdr.data.msg_len = 1001;
	assert_int_equal(homa_share_class_homa(&hdr, 1000), HOMA_SHARE_HOMA);
	/* The tail of a long message is no short message. */
	hdr.data.offset = 1000;
	assert_int_equal(homa_share_class_homa(&hdr, 1000), HOMA_SHARE_HOMA);
	hdr.type = HOMA_GRANT;
	assert_int_equal(homa_share_class_homa(&hdr, 0), HOMA_SHARE_NOW);

	assert_int_equal(homa_share_class_other(1000, false, false, 1000),
			 HOMA_SHARE_NOW);
	assert_int_equal(homa_share_class_other(1001, false, false, 1000),
			 HOMA_SHARE_OTHER);
	assert_int_equal(homa_share_class_other(60, false, true, 1000),
			 HOMA_SHARE_OTHER);
	assert_int_equal(homa_share_class_other(1500, true, true, 1000),
			 HOMA_SHARE_NOW);
}

static void turns(void **state)
{
	struct homa_share s = { 0 };

	(void)state;
	assert_int_equal(homa_share_next(&s, false, false), HOMA_SHARE_NOW);
	assert_int_equal(homa_share_next(&s, true, false), HOMA_SHARE_HOMA);
	/* Nothing is saved up by being alone. */
	homa_share_sent(&s, HOMA_SHARE_HOMA, 1000000, 50);
	assert_int_equal(homa_share_next(&s, true, false), HOMA_SHARE_HOMA);
	assert_int_equal(homa_share_next(&s, true, true), HOMA_SHARE_HOMA);
	homa_share_sent(&s, HOMA_SHARE_HOMA, 1500, 50);
	assert_int_equal(homa_share_next(&s, true, true), HOMA_SHARE_OTHER);
	homa_share_sent(&s, HOMA_SHARE_OTHER, 1500, 50);
	assert_int_equal(homa_share_next(&s, true, true), HOMA_SHARE_HOMA);
	homa_share_sent(&s, HOMA_SHARE_OTHER, 1000000, 50);
	assert_int_equal(homa_share_next(&s, false, true), HOMA_SHARE_OTHER);
	assert_int_equal(homa_share_next(&s, true, true), HOMA_SHARE_OTHER);
}

static void times(void **state)
{
	(void)state;
	assert_int_equal(homa_share_wire_ns(1250, 1000, 100), 10000);
	assert_int_equal(homa_share_wire_ns(1250, 1000, 50), 20000);
	assert_int_equal(homa_share_wire_ns(1250, 1, 0), 1000000000);
	assert_int_equal(homa_share_wire_ns(1 << 19, 1, 1), U32_MAX);
	assert_int_equal(homa_share_wire_ns(0, 1, 100), 1);
	assert_int_equal(homa_share_wire_ns(1 << 20, U32_MAX, 100), 1);
	assert_int_equal(homa_share_wire_ns(1250, 1000, 1000), 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes),
		cmocka_unit_test(turns),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
