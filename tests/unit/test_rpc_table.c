// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Every packet in every state (protocol §1.3): what is to be done, and whether
 * silence starts again.
 *
 * items: E5 E6 E8 E11 E14 E20
 */
#include "unit.h"
#include "rpc_fixture.h"

enum packet {
	P_DATA,
	P_DATA_OTHER,	/* another message length */
	P_GRANT,
	P_RESEND_ALL,
	P_RESEND_AHEAD,	/* behind the unscheduled part */
	P_BUSY,
	P_UNKNOWN,
	P_NEED_ACK,
	P_ACK,
	NUM_PACKETS
};

struct expect {
	u32 actions;
	enum homa_reason reason;
	bool alive;	/* silence starts again */
	u32 start;
	u32 end;
};

#define DO(a)		{ .actions = (a) }
#define ALIVE(a)	{ .actions = (a), .alive = true }
#define DROP(r)		{ HOMA_ACT_DROP, HOMA_REASON_##r, false, 0, 0 }
#define ALIVE_DROP(r)	{ HOMA_ACT_DROP, HOMA_REASON_##r, true, 0, 0 }
#define AGAIN(s, e)	{ HOMA_ACT_RETRANSMIT, HOMA_REASON_NONE, false, s, e }
#define ALIVE_AGAIN(s, e) { HOMA_ACT_RETRANSMIT, HOMA_REASON_NONE, true, s, e }

#define NEW	(HOMA_ACT_ALLOC | HOMA_ACT_TAKE)
#define AHEAD	(HOMA_ACT_BUSY | HOMA_ACT_XMIT)

static const struct expect table[NUM_PACKETS][NUM_FIXTURES] = {
	[P_DATA] = {
		[C_OUTGOING]	= ALIVE(NEW),
		[C_INCOMING]	= ALIVE(HOMA_ACT_TAKE),
		[C_COMPLETE]	= ALIVE(HOMA_ACT_TAKE),
		[C_STALLED]	= ALIVE_DROP(NO_BUFFER),
		[C_FAILED]	= DROP(WRONG_STATE),
		[C_DEAD]	= DROP(WRONG_STATE),
		[S_INCOMING]	= ALIVE(HOMA_ACT_TAKE),
		[S_STALLED]	= ALIVE_DROP(NO_BUFFER),
		[S_COMPLETE]	= ALIVE(HOMA_ACT_TAKE),
		[S_IN_SERVICE]	= ALIVE_DROP(WRONG_STATE),
		[S_OUTGOING]	= ALIVE_DROP(WRONG_STATE),
		[S_SENT]	= ALIVE_DROP(WRONG_STATE),
		[S_DEAD]	= DROP(WRONG_STATE),
	},
	[P_DATA_OTHER] = {
		[C_OUTGOING]	= ALIVE(NEW),
		[C_INCOMING]	= DROP(LENGTH_CHANGED),
		[C_COMPLETE]	= DROP(LENGTH_CHANGED),
		[C_STALLED]	= DROP(LENGTH_CHANGED),
		[C_FAILED]	= DROP(WRONG_STATE),
		[C_DEAD]	= DROP(WRONG_STATE),
		[S_INCOMING]	= DROP(LENGTH_CHANGED),
		[S_STALLED]	= DROP(LENGTH_CHANGED),
		[S_COMPLETE]	= DROP(LENGTH_CHANGED),
		[S_IN_SERVICE]	= DROP(LENGTH_CHANGED),
		[S_OUTGOING]	= DROP(LENGTH_CHANGED),
		[S_SENT]	= DROP(LENGTH_CHANGED),
		[S_DEAD]	= DROP(WRONG_STATE),
	},
	[P_GRANT] = {
		[C_OUTGOING]	= ALIVE(HOMA_ACT_XMIT),
		[C_INCOMING]	= ALIVE_DROP(WRONG_STATE),
		[C_COMPLETE]	= ALIVE_DROP(WRONG_STATE),
		[C_STALLED]	= ALIVE_DROP(WRONG_STATE),
		[C_FAILED]	= DROP(WRONG_STATE),
		[C_DEAD]	= DROP(WRONG_STATE),
		[S_INCOMING]	= ALIVE_DROP(WRONG_STATE),
		[S_STALLED]	= ALIVE_DROP(WRONG_STATE),
		[S_COMPLETE]	= ALIVE_DROP(WRONG_STATE),
		[S_IN_SERVICE]	= ALIVE_DROP(WRONG_STATE),
		[S_OUTGOING]	= ALIVE(HOMA_ACT_XMIT),
		[S_SENT]	= ALIVE(HOMA_ACT_XMIT),
		[S_DEAD]	= DROP(WRONG_STATE),
	},
	[P_RESEND_ALL] = {
		[C_OUTGOING]	= AGAIN(0, UNSCHED_BYTES),
		[C_INCOMING]	= AGAIN(0, UNSCHED_BYTES),
		[C_COMPLETE]	= AGAIN(0, UNSCHED_BYTES),
		[C_STALLED]	= AGAIN(0, UNSCHED_BYTES),
		[C_FAILED]	= DROP(WRONG_STATE),
		[C_DEAD]	= DROP(WRONG_STATE),
		[S_INCOMING]	= DO(HOMA_ACT_BUSY),
		[S_STALLED]	= DO(HOMA_ACT_BUSY),
		[S_COMPLETE]	= DO(HOMA_ACT_BUSY),
		[S_IN_SERVICE]	= DO(HOMA_ACT_BUSY),
		/* No silence counts there, but the client is not gone. */
		[S_OUTGOING]	= ALIVE_AGAIN(0, UNSCHED_BYTES),
		[S_SENT]	= ALIVE_AGAIN(0, TX_BYTES),
		[S_DEAD]	= DROP(WRONG_STATE),
	},
	[P_RESEND_AHEAD] = {
		[C_OUTGOING]	= DO(AHEAD),
		[C_INCOMING]	= DO(AHEAD),
		[C_COMPLETE]	= DO(AHEAD),
		[C_STALLED]	= DO(AHEAD),
		[C_FAILED]	= DROP(WRONG_STATE),
		[C_DEAD]	= DROP(WRONG_STATE),
		[S_INCOMING]	= DO(HOMA_ACT_BUSY),
		[S_STALLED]	= DO(HOMA_ACT_BUSY),
		[S_COMPLETE]	= DO(HOMA_ACT_BUSY),
		[S_IN_SERVICE]	= DO(HOMA_ACT_BUSY),
		[S_OUTGOING]	= ALIVE(AHEAD),
		[S_SENT]	= ALIVE_AGAIN(UNSCHED_BYTES, 12500),
		[S_DEAD]	= DROP(WRONG_STATE),
	},
	[P_BUSY] = {
		[C_OUTGOING]	= ALIVE(0),
		[C_INCOMING]	= ALIVE(0),
		[C_COMPLETE]	= ALIVE(0),
		[C_STALLED]	= ALIVE(0),
		[S_INCOMING]	= ALIVE(0),
		[S_STALLED]	= ALIVE(0),
		[S_COMPLETE]	= ALIVE(0),
		[S_IN_SERVICE]	= ALIVE(0),
		[S_OUTGOING]	= ALIVE(0),
		[S_SENT]	= ALIVE(0),
	},
	[P_UNKNOWN] = {
		[C_OUTGOING]	= AGAIN(0, UNSCHED_BYTES),
		[C_INCOMING]	= DROP(WRONG_STATE),
		[C_COMPLETE]	= DROP(WRONG_STATE),
		[C_STALLED]	= DROP(WRONG_STATE),
		[C_FAILED]	= DROP(WRONG_STATE),
		[C_DEAD]	= DROP(WRONG_STATE),
		[S_INCOMING]	= DO(HOMA_ACT_END),
		[S_STALLED]	= DO(HOMA_ACT_END),
		[S_COMPLETE]	= DO(HOMA_ACT_END),
		[S_IN_SERVICE]	= DO(HOMA_ACT_END),
		[S_OUTGOING]	= DO(HOMA_ACT_END),
		[S_SENT]	= DO(HOMA_ACT_END),
		[S_DEAD]	= DROP(WRONG_STATE),
	},
	[P_NEED_ACK] = {
		[C_OUTGOING]	= DO(HOMA_ACT_RESENDS),
		[C_INCOMING]	= DO(HOMA_ACT_RESENDS),
		[C_COMPLETE]	= DO(HOMA_ACT_ACK),
		[C_STALLED]	= DO(HOMA_ACT_BUSY),
		[C_FAILED]	= DROP(WRONG_STATE),
		[C_DEAD]	= DROP(WRONG_STATE),
		[S_INCOMING]	= DROP(WRONG_ROLE),
		[S_STALLED]	= DROP(WRONG_ROLE),
		[S_COMPLETE]	= DROP(WRONG_ROLE),
		[S_IN_SERVICE]	= DROP(WRONG_ROLE),
		[S_OUTGOING]	= DROP(WRONG_ROLE),
		[S_SENT]	= DROP(WRONG_ROLE),
		[S_DEAD]	= DROP(WRONG_ROLE),
	},
	[P_ACK] = {
		[C_OUTGOING]	= DROP(WRONG_ROLE),
		[C_INCOMING]	= DROP(WRONG_ROLE),
		[C_COMPLETE]	= DROP(WRONG_ROLE),
		[C_STALLED]	= DROP(WRONG_ROLE),
		[C_FAILED]	= DROP(WRONG_ROLE),
		[C_DEAD]	= DROP(WRONG_ROLE),
		[S_INCOMING]	= DO(HOMA_ACT_END),
		[S_STALLED]	= DO(HOMA_ACT_END),
		[S_COMPLETE]	= DO(HOMA_ACT_END),
		[S_IN_SERVICE]	= DO(HOMA_ACT_END),
		[S_OUTGOING]	= DO(HOMA_ACT_END),
		[S_SENT]	= DO(HOMA_ACT_END),
		[S_DEAD]	= DROP(WRONG_STATE),
	},
};

static struct homa_rpc_verdict deliver(struct homa_rpc_core *r, enum packet p,
				       u64 now_ns)
{
	struct homa_rpc_verdict none = { 0 };

	switch (p) {
	case P_DATA:
		return homa_rpc_data(r, RX_BYTES, RX_INCOMING, now_ns);
	case P_DATA_OTHER:
		return homa_rpc_data(r, RX_BYTES + 1, RX_INCOMING, now_ns);
	case P_GRANT:
		return homa_rpc_grant(r, 15000, 1, now_ns);
	case P_RESEND_ALL:
		return homa_rpc_resend(r, 0, 0, true, now_ns);
	case P_RESEND_AHEAD:
		return homa_rpc_resend(r, UNSCHED_BYTES, 2500, false, now_ns);
	case P_UNKNOWN:
		return homa_rpc_unknown(r, now_ns);
	case P_NEED_ACK:
		return homa_rpc_need_ack(r);
	case P_ACK:
		return homa_rpc_ack(r);
	default:
		homa_rpc_busy(r, now_ns);
		return none;
	}
}

static void test_cell(enum packet p, enum fixture f)
{
	const struct expect *want = &table[p][f];
	u64 now_ns = FIXTURE_NS + 3 * MS_NS;
	struct homa_rpc_verdict v;
	struct homa_rpc_core r;
	u8 state;

	fixture_make(&r, f);
	assert_int_equal(r.quiet_since_ns, FIXTURE_NS);
	r.resend_rounds = 7;
	state = r.state;
	v = deliver(&r, p, now_ns);
	if (v.actions != want->actions || v.reason != want->reason ||
	    v.start != want->start || v.end != want->end)
		fail_msg("packet %d fixture %d: actions %#x reason %d [%u, %u)",
			 p, f, v.actions, v.reason, v.start, v.end);
	if ((r.quiet_since_ns == now_ns) != want->alive)
		fail_msg("packet %d fixture %d: silence", p, f);
	/* Of a response's client only the life is noted, not the silence. */
	if (want->alive && p != P_RESEND_ALL && p != P_RESEND_AHEAD)
		assert_int_equal(r.resend_rounds, 0);
	/* The one packet that changes the state. */
	if (f == C_OUTGOING && (p == P_DATA || p == P_DATA_OTHER))
		assert_int_equal(r.state, HOMA_RPC_INCOMING);
	else
		assert_int_equal(r.state, state);
}

static void test_table(void **unused)
{
	int p, f;

	(void)unused;
	for (p = 0; p < NUM_PACKETS; p++)
		for (f = 0; f < NUM_FIXTURES; f++)
			test_cell(p, f);
}

static void test_first_request_data(void **unused)
{
	struct homa_rpc_core r = { 0 };
	struct homa_rpc_verdict v;

	(void)unused;
	homa_rpc_init_server(&r, 7, 1);
	assert_int_equal(r.state, HOMA_RPC_INCOMING);
	v = homa_rpc_data(&r, 1000000, 40000, 1);
	assert_int_equal(v.actions, NEW);
	assert_int_equal(r.rx_granted, 40000);
	assert_true(homa_rpc_needs_grants(&r));
}

static void test_announcement_is_clipped(void **unused)
{
	struct homa_rpc_core r = { 0 };

	(void)unused;
	homa_rpc_init_server(&r, 7, 1);
	homa_rpc_data(&r, 500, U32_MAX, 1);
	assert_int_equal(r.rx_granted, 500);
	assert_int_equal(r.rx_incoming, 500);
	assert_false(homa_rpc_needs_grants(&r));
}

static void test_first_error_wins(void **unused)
{
	struct homa_rpc_core r;

	(void)unused;
	fixture_make(&r, C_INCOMING);
	assert_int_equal(homa_rpc_fail(&r, 110).actions, HOMA_ACT_REPORT);
	assert_int_equal(homa_rpc_fail(&r, 111).actions, 0);
	assert_int_equal(r.error, 110);
	assert_true(homa_rpc_end(&r));
	assert_false(homa_rpc_end(&r));
	assert_int_equal(homa_rpc_fail(&r, 112).actions, 0);

	fixture_make(&r, S_IN_SERVICE);
	assert_int_equal(homa_rpc_fail(&r, 113).actions, HOMA_ACT_END);
	assert_int_equal(homa_rpc_fail(&r, 114).actions, 0);
	assert_false(homa_rpc_respond(&r, 10, 10, &fixture_cfg, FIXTURE_NS));
}

static void test_delivery(void **unused)
{
	static const enum fixture useless[] = {
		C_OUTGOING, C_INCOMING, C_STALLED, C_FAILED, C_DEAD,
		S_INCOMING, S_STALLED, S_IN_SERVICE, S_OUTGOING, S_SENT, S_DEAD,
	};
	struct homa_rpc_core r;
	size_t i;
	u8 state;

	(void)unused;
	fixture_make(&r, C_COMPLETE);
	assert_int_equal(homa_rpc_delivered(&r).actions,
			 HOMA_ACT_ACK | HOMA_ACT_END);
	fixture_make(&r, S_COMPLETE);
	assert_int_equal(homa_rpc_delivered(&r).actions, 0);
	assert_int_equal(r.state, HOMA_RPC_IN_SERVICE);
	assert_true(r.delivered);
	for (i = 0; i < ARRAY_LEN(useless); i++) {
		fixture_make(&r, useless[i]);
		state = r.state;
		assert_int_equal(homa_rpc_delivered(&r).actions, 0);
		assert_int_equal(r.state, state);
	}
}

static void test_respond_only_in_service(void **unused)
{
	struct homa_rpc_core r;
	int f;

	(void)unused;
	for (f = 0; f < NUM_FIXTURES; f++) {
		fixture_make(&r, f);
		assert_int_equal(homa_rpc_respond(&r, 10, 10, &fixture_cfg,
						  FIXTURE_NS),
				 f == S_IN_SERVICE);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_first_request_data),
		cmocka_unit_test(test_announcement_is_clipped),
		cmocka_unit_test(test_first_error_wins),
		cmocka_unit_test(test_delivery),
		cmocka_unit_test(test_respond_only_in_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
