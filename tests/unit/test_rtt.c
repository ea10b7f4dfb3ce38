// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Round-trip times: which packets are timed, and what becomes of the samples.
 */
#include "unit.h"
#include "rpc_fixture.h"
#include "core/rtt.h"

#define US	1000ull
#define SEC	1000000000ull

static void samples(void **state)
{
	struct homa_rtt r = { 0 };

	(void)state;
	assert_false(homa_rtt_known(&r, 5 * SEC));
	homa_rtt_sample(&r, 80 * US, 5 * SEC);
	assert_true(homa_rtt_known(&r, 5 * SEC));
	assert_int_equal(r.smooth_ns, 80 * US);
	assert_int_equal(r.dev_ns, 40 * US);
	assert_int_equal(r.min_ns, 80 * US);
	/* An eighth and a quarter of the way. */
	homa_rtt_sample(&r, 160 * US, 5 * SEC);
	assert_int_equal(r.smooth_ns, 90 * US);
	assert_int_equal(r.dev_ns, 50 * US);
	assert_int_equal(r.min_ns, 80 * US);
	homa_rtt_sample(&r, 10 * US, 5 * SEC);
	assert_int_equal(r.smooth_ns, 80 * US);
	assert_int_equal(r.min_ns, 10 * US);
}

static void nonsense(void **state)
{
	struct homa_rtt r = { 0 };

	(void)state;
	homa_rtt_sample(&r, 0, SEC);
	homa_rtt_sample(&r, HOMA_RTT_NS_MAX + 1ull, SEC);
	homa_rtt_sample(&r, U64_MAX, SEC);
	homa_rtt_sample(&r, (1ull << 32) + 5, SEC);
	assert_int_equal(r.min_ns, 0);
	homa_rtt_sample(&r, HOMA_RTT_NS_MAX, SEC);
	assert_int_equal(r.min_ns, HOMA_RTT_NS_MAX);
	/* A clock that is behind. */
	assert_true(homa_rtt_known(&r, 0));
}

static void ages(void **state)
{
	struct homa_rtt r = { 0 };

	(void)state;
	homa_rtt_sample(&r, 10 * US, 100 * SEC);
	homa_rtt_sample(&r, 50 * US, 109 * SEC);
	assert_int_equal(r.min_ns, 10 * US);
	/* The least one is 10 s old: the next takes its place, or the average if that is less. */
	homa_rtt_sample(&r, 50 * US, 111 * SEC);
	assert_true(r.smooth_ns < 50 * US);
	assert_int_equal(r.min_ns, r.smooth_ns);
	assert_true(homa_rtt_known(&r, 130 * SEC));
	assert_false(homa_rtt_known(&r, 132 * SEC));
	/* All is forgotten then. */
	homa_rtt_sample(&r, 70 * US, 140 * SEC);
	assert_int_equal(r.smooth_ns, 70 * US);
	assert_int_equal(r.min_ns, 70 * US);
	/* A month later the counter has wrapped around. */
	assert_false(homa_rtt_known(&r, 140 * SEC + (3ull << 50)));
}

/* Sender: from its first packet to the first GRANT that permits something. */
static void first_grant(void **state)
{
	struct homa_rpc_core r;

	(void)state;
	fixture_make(&r, C_OUTGOING);
	assert_int_equal(homa_rpc_time_grant(&r, UNSCHED_BYTES, FIXTURE_NS + 3 * US), 0);
	assert_int_equal(homa_rpc_time_grant(&r, UNSCHED_BYTES + 1, FIXTURE_NS + 7 * US),
			 7 * US);
	homa_rpc_grant(&r, UNSCHED_BYTES + 1, 2, FIXTURE_NS + 7 * US);
	/* Others come in their own time. */
	assert_int_equal(homa_rpc_time_grant(&r, TX_BYTES, FIXTURE_NS + 9 * US), 0);

	fixture_make(&r, S_OUTGOING);
	assert_int_equal(homa_rpc_time_grant(&r, TX_BYTES, FIXTURE_NS + 4 * US), 4 * US);
	fixture_make(&r, S_INCOMING);
	assert_int_equal(homa_rpc_time_grant(&r, TX_BYTES, FIXTURE_NS + 4 * US), 0);
}

/* Who was asked for a packet again cannot say which copy was answered. */
static void ambiguous_grants(void **state)
{
	struct homa_rpc_core r;

	(void)state;
	fixture_make(&r, C_OUTGOING);
	homa_rpc_resend(&r, 0, SEG_BYTES, false, FIXTURE_NS + US);
	assert_int_equal(homa_rpc_time_grant(&r, TX_BYTES, FIXTURE_NS + 7 * US), 0);
	fixture_make(&r, C_OUTGOING);
	homa_rpc_unknown(&r, FIXTURE_NS + US);
	assert_int_equal(homa_rpc_time_grant(&r, TX_BYTES, FIXTURE_NS + 7 * US), 0);
	fixture_make(&r, C_OUTGOING);
	assert_true(homa_rpc_tick(&r, &fixture_cfg, FIXTURE_NS + 5 * MS_NS).actions &
		    HOMA_ACT_RESENDS);
	assert_int_equal(homa_rpc_time_grant(&r, TX_BYTES, FIXTURE_NS + 6 * MS_NS), 0);
}

/* A message without GRANTs is not timed. */
static void unscheduled(void **state)
{
	struct homa_rpc_core r;

	(void)state;
	memset(&r, 0, sizeof(r));
	homa_rpc_init_client(&r, 100, UNSCHED_BYTES, SEG_BYTES, &fixture_cfg, FIXTURE_NS);
	fixture_send(&r, FIXTURE_NS);
	assert_int_equal(r.probe.since_ns, 0);
}

/* Receiver: from the first GRANT to the first byte that it permitted. */
static void granted_data(void **state)
{
	struct homa_rpc_core r;

	(void)state;
	fixture_make(&r, S_INCOMING);
	assert_int_equal(homa_rpc_time_data(&r, RX_INCOMING, false, FIXTURE_NS + US), 0);
	assert_true(homa_rpc_granted(&r, RX_INCOMING + 1000, FIXTURE_NS + 2 * US));
	assert_true(homa_rpc_granted(&r, RX_INCOMING + 2000, FIXTURE_NS + 3 * US));
	assert_int_equal(homa_rpc_time_data(&r, RX_INCOMING - 1, false, FIXTURE_NS + 4 * US), 0);
	assert_int_equal(homa_rpc_time_data(&r, RX_INCOMING, false, FIXTURE_NS + 9 * US), 7 * US);
	/* The sender may still be busy with what the first one permitted. */
	assert_true(homa_rpc_granted(&r, RX_INCOMING + 3000, FIXTURE_NS + 10 * US));
	assert_int_equal(homa_rpc_time_data(&r, RX_INCOMING + 2000, false, FIXTURE_NS + 12 * US),
			 0);
}

static void ambiguous_data(void **state)
{
	struct homa_rpc_core r;

	(void)state;
	fixture_make(&r, S_INCOMING);
	homa_rpc_granted(&r, RX_INCOMING + 1000, FIXTURE_NS);
	assert_int_equal(homa_rpc_time_data(&r, RX_INCOMING, true, FIXTURE_NS + US), 0);
	assert_int_equal(homa_rpc_time_data(&r, RX_INCOMING + 500, false, FIXTURE_NS + US), 0);

	fixture_make(&r, S_INCOMING);
	homa_rpc_granted(&r, RX_INCOMING + 1000, FIXTURE_NS);
	homa_rpc_tick(&r, &fixture_cfg, FIXTURE_NS + 5 * MS_NS);
	assert_int_equal(homa_rpc_time_data(&r, RX_INCOMING, false, FIXTURE_NS + 6 * MS_NS), 0);
}

/* What a request left behind is not taken for the response's. */
static void response_after_request(void **state)
{
	struct homa_rpc_core r;

	(void)state;
	fixture_make(&r, C_OUTGOING);
	assert_true(r.probe.since_ns != 0);
	fixture_receive(&r, SEG_BYTES);
	assert_int_equal(homa_rpc_time_data(&r, RX_INCOMING, false, FIXTURE_NS + US), 0);
	homa_rpc_granted(&r, RX_INCOMING + 1000, FIXTURE_NS + 2 * US);
	assert_int_equal(homa_rpc_time_data(&r, RX_INCOMING, false, FIXTURE_NS + 5 * US), 3 * US);
}

/* Another unscheduled part, and what the request said of the response. */
static void other_unscheduled_part(void **state)
{
	struct homa_rpc_core r;

	(void)state;
	memset(&r, 0, sizeof(r));
	homa_rpc_init_client(&r, 100, TX_BYTES, SEG_BYTES, &fixture_cfg, FIXTURE_NS);
	homa_rpc_tune_unsched(&r, 3000);
	assert_int_equal(r.tx_unsched, 3000);
	assert_int_equal(r.tx_granted, 3000);
	homa_rpc_tune_unsched(&r, HOMA_MSG_BYTES_MAX);
	assert_int_equal(r.tx_granted, TX_BYTES);

	fixture_make(&r, S_IN_SERVICE);
	homa_rpc_limit_response(&r, 8);	/* 2048 bytes */
	assert_true(homa_rpc_respond(&r, TX_BYTES, SEG_BYTES, &fixture_cfg, FIXTURE_NS));
	homa_rpc_tune_unsched(&r, 20000);
	assert_int_equal(r.tx_unsched, 2000);
	homa_rpc_tune_unsched(&r, 1000);
	assert_int_equal(r.tx_unsched, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(ages),
		cmocka_unit_test(first_grant),
		cmocka_unit_test(ambiguous_grants),
		cmocka_unit_test(unscheduled),
		cmocka_unit_test(granted_data),
		cmocka_unit_test(ambiguous_data),
		cmocka_unit_test(response_after_request),
		cmocka_unit_test(other_unscheduled_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
