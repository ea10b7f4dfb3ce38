// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Unscheduled bytes of responses, when many come at once.
 */
#include "unit.h"
#include "core/incast.h"
#include "core/rpc.h"

static void peak(void **state)
{
	u32 at = 0;
	u32 i;

	(void)state;
	for (i = 1; i <= 64; i++) {
		at = homa_incast_peak(at, i);
		assert_int_equal(at, i);
	}
	assert_int_equal(homa_incast_peak(64, 64), 64);
	assert_int_equal(homa_incast_peak(64, 1), 62);
	assert_int_equal(homa_incast_peak(65, 1), 63);
	assert_int_equal(homa_incast_peak(2, 1), 1);
	assert_int_equal(homa_incast_peak(0, 0), 0);
	assert_int_equal(homa_incast_peak(U32_MAX, 5), U32_MAX - (1u << 26));
}

static void limit(void **state)
{
	static const struct {
		u32 incast_bytes, unsched_bytes, peak;
		u8 limit;
	} cases[] = {
		{ 100000, 40000, 0, 0 },
		{ 100000, 40000, 1, 0 },
		{ 100000, 40000, 2, 0 },	/* 50,000 */
		{ 100000, 40000, 3, 130 },	/* 33,333 */
		{ 100000, 40000, 64, 6 },	/* 1,562 */
		{ 100000, 40000, 195, 2 },	/* 512 */
		{ 100000, 40000, 100000, 2 },
		{ 100000, 40000, U32_MAX, 2 },
		{ 0, 40000, 64, 0 },		/* off */
		{ 1, 40000, 64, 2 },
		{ 1, 512, 64, 0 },		/* the server sends no more */
		{ 1 << 30, 1000000, 2000, 0 },	/* more than can be said */
		{ 65280 * 16, 1000000, 16, 255 },
	};
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct homa_config cfg = HOMA_CONFIG_DEFAULTS;

		cfg.incast_bytes = cases[i].incast_bytes;
		cfg.unsched_bytes = cases[i].unsched_bytes;
		assert_int_equal(homa_incast_limit(&cfg, cases[i].peak),
				 cases[i].limit);
	}
}

static void unsched(void **state)
{
	(void)state;
	assert_int_equal(homa_incast_unsched(0, 1424, 40000), 40000);
	assert_int_equal(homa_incast_unsched(2, 1424, 40000), 512);
	assert_int_equal(homa_incast_unsched(6, 1424, 40000), 1424);
	assert_int_equal(homa_incast_unsched(12, 1424, 40000), 2848);
	assert_int_equal(homa_incast_unsched(255, 1424, 40000), 40000);
	assert_int_equal(homa_incast_unsched(255, 8, 1000000), 65280);
	assert_int_equal(homa_incast_unsched(1, 256, 256), 256);
	assert_int_equal(homa_incast_unsched(1, 65000, 100), 100);
}

/* A server's response obeys, a client's request does not. */
static void rpcs(void **state)
{
	struct homa_config cfg = HOMA_CONFIG_DEFAULTS;
	struct homa_rpc_core r = { 0 };
	struct homa_tx_range next;

	(void)state;
	homa_rpc_init_server(&r, 1235, 0);
	homa_rpc_data(&r, 10, 10, 0);
	homa_rpc_limit_response(&r, 6);
	homa_rpc_buffers(&r, true, 0);
	homa_rpc_take(&r, 0, 10, 0);
	homa_rpc_delivered(&r);
	assert_true(homa_rpc_respond(&r, 100000, 1424, &cfg, 0));
	assert_int_equal(r.tx_unsched, 1424);
	assert_int_equal(r.tx_granted, 1424);
	next = homa_rpc_tx_next(&r);
	assert_int_equal(next.end, 1424);

	memset(&r, 0, sizeof(r));
	homa_rpc_limit_response(&r, 6);
	homa_rpc_init_client(&r, 1234, 100000, 1424, &cfg, 0);
	assert_int_equal(r.tx_unsched, 40000);
	assert_int_equal(r.response_limit, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peak),
		cmocka_unit_test(limit),
		cmocka_unit_test(unsched),
		cmocka_unit_test(rpcs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
