// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Link time of packets and when the next one may go (protocol §4.1).
 */
#include "unit.h"
#include "core/pace.h"

static void wire_time(void **state)
{
	static const struct {
		u32 ip_bytes, link_mbps, ns;
	} cases[] = {
		/* (1500 + 42) * 8080 / 25000 = 498.3 */
		{ 1500, 25000, 499 },
		{ 1500, 10000, 1246 },
		{ 1500, 1000, 12460 },
		{ 48, 25000, 30 },
		{ 0, 1, 339360 },
		{ 0, 1 << 22, 1 },
		{ 1500, 1 << 22, 3 },
		{ 58, 8080, 100 },		/* an exact quotient */
		{ 1 << 20, 25000, 338914 },
		{ 1 << 20, 1, U32_MAX },	/* 8.5 s do not fit */
		{ 1 << 20, 2, 4236416720 },
		{ U32_MAX, 1, U32_MAX },
		{ 1500, U32_MAX, 1 },
	};
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(homa_pace_wire_ns(cases[i].ip_bytes,
						   cases[i].link_mbps),
				 cases[i].ns);
}

static void verdicts(void **state)
{
	static const struct {
		u64 idle_until_ns, now_ns;
		u32 wire_ns, backlog_max_ns;
		bool force, send;
		u64 result_ns;
	} cases[] = {
		/* An idle link starts to be busy now. */
		{ 0, 0, 100, 5000, false, true, 100 },
		{ 0, 1000, 100, 5000, false, true, 1100 },
		{ 999, 1000, 100, 5000, false, true, 1100 },
		{ 1000, 1000, 100, 5000, false, true, 1100 },
		/* A busy one is busy for longer. */
		{ 1001, 1000, 100, 5000, false, true, 1101 },
		{ 5999, 1000, 100, 5000, false, true, 6099 },
		{ 6000, 1000, 100, 5000, false, true, 6100 },
		/* Not beyond the limit, unless forced. */
		{ 6001, 1000, 100, 5000, false, false, 1001 },
		{ 6001, 1000, 100, 5000, true, true, 6101 },
		{ 999999, 1000, 100, 5000, false, false, 994999 },
		{ 999999, 1000, 100, 5000, true, true, 1000099 },
		/* No queue at all: one packet after the other. */
		{ 1000, 1000, 100, 0, false, true, 1100 },
		{ 1001, 1000, 100, 0, false, false, 1001 },
		/* The clock starts high; the sum does not wrap. */
		{ U64_MAX - 10, U64_MAX - 20, 100, 5000, false, true, U64_MAX },
		{ U64_MAX, U64_MAX, 1, 0, true, true, U64_MAX },
		/* What was forced is forgotten after 10 ms. */
		{ 10000000, 0, 100, 5000, true, true, 10000100 },
		{ 10000100, 0, 100, 5000, true, true, 10000100 },
		{ 99000000, 0, 100, 5000, true, true, 10000100 },
		{ 99000000, 0, 100, 5000, false, false, 98995000 },
		{ 99000000, 7, 900000000, 0, true, true, 910000007 },
		/* But what is permitted is not. */
		{ 99000000, 0, 100, 98000000, true, true, 98000100 },
		{ 97000000, 0, 100, 98000000, false, true, 97000100 },
		{ U64_MAX, 0, 1, U32_MAX, false, false, U64_MAX - U32_MAX },
		{ U64_MAX, 0, 1, U32_MAX, true, true, U32_MAX + 1ull },
	};
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct homa_pace_verdict v;

		v = homa_pace_try(cases[i].idle_until_ns, cases[i].now_ns,
				  cases[i].wire_ns, cases[i].backlog_max_ns,
				  cases[i].force);
		assert_int_equal(v.send, cases[i].send);
		assert_int_equal(v.idle_until_ns, cases[i].result_ns);
	}
}

/* Whoever comes back at the time given may send. */
static void refused_until_not_longer(void **state)
{
	struct homa_pace_verdict v, again;

	(void)state;
	v = homa_pace_try(100000, 1000, 500, 5000, false);
	assert_false(v.send);
	again = homa_pace_try(100000, v.idle_until_ns - 1, 500, 5000, false);
	assert_false(again.send);
	again = homa_pace_try(100000, v.idle_until_ns, 500, 5000, false);
	assert_true(again.send);
}

static void bursts(void **state)
{
	static const struct {
		u32 link_mbps, bytes;
	} cases[] = {
		{ 1, 2 },
		{ 1000, 2500 },
		{ 10000, 25000 },
		{ 25000, 62500 },
		{ 26000, 65000 },
		{ 100000, 65000 },
		{ U32_MAX, 65000 },
	};
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(homa_pace_burst_bytes(cases[i].link_mbps,
						       HOMA_PACE_BURST_NS),
				 cases[i].bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wire_time),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(bursts),
		cmocka_unit_test(refused_until_not_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
