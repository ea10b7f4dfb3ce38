// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * What time does to an RPC, to the nanosecond (protocol §7.1).
 *
 * items: E2 E4 E5 E8 E10 E15 F12
 */
#include "unit.h"
#include "rpc_fixture.h"

#define NEED_ACKS 24

static const struct homa_config *const cfg = &fixture_cfg;

/*
 * Nothing happens one nanosecond early; @actions happen at FIXTURE_NS + @at,
 * and not a second time.
 */
static void expect_tick(struct homa_rpc_core *r, u64 at_ns, u32 actions)
{
	u64 due_ns = FIXTURE_NS + at_ns;
	struct homa_rpc_tick t;

	t = homa_rpc_tick(r, cfg, due_ns - 1);
	if (t.actions || t.next_ns != due_ns)
		fail_msg("due at %llu: actions %#x, next %lld ns off",
			 (unsigned long long)at_ns, t.actions,
			 (long long)(t.next_ns - due_ns));
	assert_int_equal(homa_rpc_deadline(r, cfg), due_ns);
	t = homa_rpc_tick(r, cfg, due_ns);
	if (t.actions != actions)
		fail_msg("due at %llu: actions %#x", (unsigned long long)at_ns,
			 t.actions);
	if (actions & (HOMA_ACT_TIMEOUT | HOMA_ACT_END)) {
		assert_int_equal(t.next_ns, U64_MAX);
		return;
	}
	assert_int_equal(homa_rpc_tick(r, cfg, due_ns).actions, 0);
	assert_int_equal(homa_rpc_deadline(r, cfg), t.next_ns);
	assert_true(t.next_ns > due_ns);
}

static void expect_silence(enum fixture f, u32 last)
{
	struct homa_rpc_core r;
	u64 ms;

	fixture_make(&r, f);
	for (ms = 5; ms < 100; ms += 5)
		expect_tick(&r, ms * MS_NS, HOMA_ACT_RESENDS);
	expect_tick(&r, 100 * MS_NS, last);
}

static void test_silence(void **unused)
{
	(void)unused;
	expect_silence(C_OUTGOING, HOMA_ACT_TIMEOUT);
	expect_silence(C_INCOMING, HOMA_ACT_TIMEOUT);
	expect_silence(S_INCOMING, HOMA_ACT_END);
}

static void test_nothing_due(void **unused)
{
	static const enum fixture timeless[] = {
		C_COMPLETE, C_STALLED, C_FAILED, C_DEAD, S_STALLED, S_COMPLETE,
		S_IN_SERVICE, S_DEAD,
	};
	struct homa_rpc_core r;
	struct homa_rpc_tick t;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_LEN(timeless); i++) {
		fixture_make(&r, timeless[i]);
		assert_int_equal(homa_rpc_deadline(&r, cfg), U64_MAX);
		t = homa_rpc_tick(&r, cfg, FIXTURE_NS + 3600000 * MS_NS);
		assert_int_equal(t.actions, 0);
		assert_int_equal(t.next_ns, U64_MAX);
	}
}

/* Data that the device has not taken yet is our debt, not the peer's. */
static void test_unsent_data(void **unused)
{
	struct homa_rpc_core r = { 0 };

	(void)unused;
	homa_rpc_init_client(&r, 2, TX_BYTES, SEG_BYTES, cfg, FIXTURE_NS);
	assert_int_equal(homa_rpc_deadline(&r, cfg), U64_MAX);
	homa_rpc_tx_sent(&r, SEG_BYTES, FIXTURE_NS + MS_NS);
	assert_int_equal(homa_rpc_deadline(&r, cfg), U64_MAX);
	fixture_send(&r, FIXTURE_NS + 2 * MS_NS);
	assert_int_equal(homa_rpc_deadline(&r, cfg), FIXTURE_NS + 7 * MS_NS);
	homa_rpc_grant(&r, TX_BYTES, 0, FIXTURE_NS + 3 * MS_NS);
	assert_int_equal(homa_rpc_deadline(&r, cfg), U64_MAX);

	fixture_make(&r, S_OUTGOING);
	homa_rpc_grant(&r, TX_BYTES, 0, FIXTURE_NS);
	assert_int_equal(homa_rpc_deadline(&r, cfg), U64_MAX);
}

/* All that was granted has come: we wait for our own scheduler. */
static void test_slow_grantee(void **unused)
{
	struct homa_rpc_core r;

	(void)unused;
	fixture_make(&r, S_INCOMING);
	homa_rpc_take(&r, SEG_BYTES, RX_INCOMING, FIXTURE_NS);
	assert_int_equal(homa_rpc_deadline(&r, cfg), U64_MAX);
	assert_true(homa_rpc_granted(&r, RX_BYTES, FIXTURE_NS + 500 * MS_NS));
	assert_int_equal(homa_rpc_deadline(&r, cfg), FIXTURE_NS + 505 * MS_NS);
}

/* What never left the host is not answered; for four seconds in all. */
static void test_unresolved(void **unused)
{
	static const enum fixture timeless[] = {
		C_COMPLETE, C_STALLED, S_INCOMING, S_COMPLETE, S_IN_SERVICE, S_OUTGOING,
		C_DEAD,
	};
	u64 now_ns = FIXTURE_NS;
	struct homa_rpc_core r;
	size_t i;

	(void)unused;
	fixture_make(&r, C_OUTGOING);
	assert_true(homa_rpc_server_owes(&r));
	for (i = 0; i < 799; i++) {
		now_ns = homa_rpc_deadline(&r, cfg);
		assert_int_equal(now_ns, FIXTURE_NS + (i + 1) * 5 * MS_NS);
		homa_rpc_unresolved(&r, now_ns);
		assert_int_equal(homa_rpc_tick(&r, cfg, now_ns).actions, 0);
	}
	/* A second look at the same time, and one from the past, change nothing. */
	homa_rpc_unresolved(&r, now_ns);
	homa_rpc_unresolved(&r, now_ns - MS_NS);
	assert_int_equal(homa_rpc_deadline(&r, cfg), now_ns + 5 * MS_NS);
	/* 5 ms are left of the four seconds; then it is silence like any other. */
	for (i = 1; i < 21; i++) {
		homa_rpc_unresolved(&r, now_ns + i * 5 * MS_NS);
		assert_int_equal(homa_rpc_tick(&r, cfg, now_ns + i * 5 * MS_NS).actions,
				 i == 1 ? 0 : HOMA_ACT_RESENDS);
	}
	homa_rpc_unresolved(&r, now_ns + 105 * MS_NS);
	assert_int_equal(homa_rpc_tick(&r, cfg, now_ns + 105 * MS_NS).actions,
			 HOMA_ACT_TIMEOUT);

	/* The address is there: all of timeout_ns begins. */
	fixture_make(&r, C_INCOMING);
	assert_int_equal(homa_rpc_tick(&r, cfg, FIXTURE_NS + 5 * MS_NS).actions,
			 HOMA_ACT_RESENDS);
	now_ns = FIXTURE_NS + 10 * MS_NS;
	homa_rpc_unresolved(&r, now_ns);
	assert_int_equal(homa_rpc_deadline(&r, cfg), now_ns + 5 * MS_NS);

	for (i = 0; i < ARRAY_LEN(timeless); i++) {
		fixture_make(&r, timeless[i]);
		assert_false(homa_rpc_server_owes(&r));
		now_ns = homa_rpc_deadline(&r, cfg);
		homa_rpc_unresolved(&r, FIXTURE_NS + MS_NS);
		assert_int_equal(homa_rpc_deadline(&r, cfg), now_ns);
	}
}

/*
 * A late call does one round, and its lateness is not silence of the peer: it
 * takes all rounds, asked in time, to give an RPC up.
 */
static void test_late_call(void **unused)
{
	struct homa_rpc_core r;
	struct homa_rpc_tick t;
	u64 now_ns;
	u32 rounds;

	(void)unused;
	/* By less than a round: the next one is due as if it had been in time. */
	fixture_make(&r, C_OUTGOING);
	t = homa_rpc_tick(&r, cfg, FIXTURE_NS + 10 * MS_NS - 1);
	assert_int_equal(t.actions, HOMA_ACT_RESENDS);
	assert_int_equal(t.next_ns, FIXTURE_NS + 10 * MS_NS);

	fixture_make(&r, C_OUTGOING);
	t = homa_rpc_tick(&r, cfg, FIXTURE_NS + 23 * MS_NS);
	assert_int_equal(t.actions, HOMA_ACT_RESENDS);
	assert_int_equal(t.next_ns, FIXTURE_NS + 28 * MS_NS);
	t = homa_rpc_tick(&r, cfg, FIXTURE_NS + 24 * MS_NS);
	assert_int_equal(t.actions, 0);
	t = homa_rpc_tick(&r, cfg, FIXTURE_NS + 28 * MS_NS);
	assert_int_equal(t.actions, HOMA_ACT_RESENDS);

	/* The host sleeps for 10 s, then is on time again. */
	now_ns = FIXTURE_NS + 10000 * MS_NS;
	for (rounds = 2; rounds < 19; rounds++) {
		t = homa_rpc_tick(&r, cfg, now_ns);
		assert_int_equal(t.actions, HOMA_ACT_RESENDS);
		assert_int_equal(t.next_ns, now_ns + 5 * MS_NS);
		now_ns = t.next_ns;
	}
	t = homa_rpc_tick(&r, cfg, now_ns);
	assert_int_equal(t.actions, HOMA_ACT_TIMEOUT);
}

/* A clock of another CPU that is behind must not look like 500 years. */
static void test_clock_behind(void **unused)
{
	struct homa_rpc_core r;

	(void)unused;
	fixture_make(&r, C_OUTGOING);
	assert_int_equal(homa_rpc_tick(&r, cfg, FIXTURE_NS - 1).actions, 0);
	homa_rpc_busy(&r, FIXTURE_NS - 1000);
	assert_int_equal(r.quiet_since_ns, FIXTURE_NS);
}

static void test_long_timeout(void **unused)
{
	struct homa_config slow = fixture_cfg;
	struct homa_rpc_core r;
	struct homa_rpc_tick t;
	u32 rounds = 0;

	(void)unused;
	slow.resend_ns = MS_NS;
	slow.resend_interval_ns = MS_NS;
	slow.timeout_ns = U32_MAX;
	fixture_make(&r, C_OUTGOING);
	t.next_ns = homa_rpc_deadline(&r, &slow);
	for (;;) {
		t = homa_rpc_tick(&r, &slow, t.next_ns);
		if (t.actions != HOMA_ACT_RESENDS)
			break;
		rounds++;
	}
	assert_int_equal(t.actions, HOMA_ACT_TIMEOUT);
	/* 1, 2, ... 4294 ms; the end is at 4294.967295 ms. */
	assert_int_equal(rounds, 4294);
}

/* Signs of life start the count again; questions and refusals do not. */
static void test_what_ends_silence(void **unused)
{
	const u64 at = FIXTURE_NS + 17 * MS_NS;
	struct homa_rpc_core r;
	u64 ms;

	(void)unused;
	fixture_make(&r, C_OUTGOING);
	for (ms = 5; ms <= 15; ms += 5)
		homa_rpc_tick(&r, cfg, FIXTURE_NS + ms * MS_NS);
	homa_rpc_need_ack(&r);
	homa_rpc_unknown(&r, at);
	homa_rpc_resend(&r, 0, 0, true, at);
	homa_rpc_ack(&r);
	assert_int_equal(homa_rpc_deadline(&r, cfg), FIXTURE_NS + 20 * MS_NS);
	homa_rpc_busy(&r, at);
	assert_int_equal(homa_rpc_deadline(&r, cfg), at + 10 * MS_NS);
	homa_rpc_grant(&r, 1, 0, at);
	assert_int_equal(homa_rpc_deadline(&r, cfg), at + 5 * MS_NS);
}

/* A server that works for an hour and says so is waited for. */
static void test_busy_for_an_hour(void **unused)
{
	struct homa_rpc_core r;
	struct homa_rpc_tick t;
	u64 now_ns = FIXTURE_NS;
	u32 i;

	(void)unused;
	fixture_make(&r, C_OUTGOING);
	for (i = 0; i < 90000; i++) {
		now_ns = homa_rpc_deadline(&r, cfg);
		if (i > 2)
			assert_int_equal(now_ns, FIXTURE_NS + (35 + 40 * (i - 2)) * MS_NS);
		t = homa_rpc_tick(&r, cfg, now_ns);
		assert_int_equal(t.actions, HOMA_ACT_RESENDS);
		homa_rpc_busy(&r, now_ns);
	}
}

/* Nobody is asked more often for having said BUSY, nor hardly ever. */
static void test_busy_and_settings(void **unused)
{
	struct homa_config c = *cfg;
	struct homa_rpc_core r;
	u32 i;

	(void)unused;
	fixture_make(&r, C_OUTGOING);
	for (i = 0; i < 1000; i++)
		homa_rpc_busy(&r, FIXTURE_NS);
	c.resend_ns = 30 * MS_NS;
	assert_int_equal(homa_rpc_deadline(&r, &c), FIXTURE_NS + 50 * MS_NS);
	c.timeout_ns = 70 * MS_NS;
	assert_int_equal(homa_rpc_deadline(&r, &c), FIXTURE_NS + 35 * MS_NS);
	c.resend_ns = 60 * MS_NS;
	assert_int_equal(homa_rpc_deadline(&r, &c), FIXTURE_NS + 60 * MS_NS);
	c.timeout_ns = 3000u * MS_NS;
	c.resend_ns = 1000 * MS_NS;
	assert_int_equal(homa_rpc_deadline(&r, &c), FIXTURE_NS + 1000 * MS_NS);
}

/* When it is silent after that, the rounds are as close as ever. */
static void test_silence_after_busy(void **unused)
{
	struct homa_rpc_core r;
	u64 ms;

	(void)unused;
	fixture_make(&r, C_OUTGOING);
	for (ms = 0; ms < 10; ms++)
		homa_rpc_busy(&r, FIXTURE_NS);
	for (ms = 40; ms < 100; ms += 5)
		expect_tick(&r, ms * MS_NS, HOMA_ACT_RESENDS);
	expect_tick(&r, 100 * MS_NS, HOMA_ACT_TIMEOUT);
}

static u64 need_ack_gap_ms(u32 sent)
{
	static const u64 gaps[] = { 2, 1, 1, 1, 1, 2, 4, 8, 16, 32 };

	return sent < ARRAY_LEN(gaps) ? gaps[sent] : 64;
}

static void test_need_acks(void **unused)
{
	struct homa_rpc_core r;
	u64 ms = 0;
	u32 i;

	(void)unused;
	fixture_make(&r, S_SENT);
	for (i = 0; i < NEED_ACKS; i++) {
		ms += need_ack_gap_ms(i);
		expect_tick(&r, ms * MS_NS, HOMA_ACT_NEED_ACK);
	}
	expect_tick(&r, (ms + 64) * MS_NS, HOMA_ACT_END);
}

/* A client that waits for long still asks then: its RPC must be there. */
static void test_need_acks_until_timeout(void **unused)
{
	struct homa_config patient = *cfg;
	struct homa_rpc_core r;
	struct homa_rpc_tick t;
	u32 i;

	(void)unused;
	patient.timeout_ns = 4000 * MS_NS;
	fixture_make(&r, S_SENT);
	for (i = 0; i < 1000; i++) {
		u64 now_ns = homa_rpc_deadline(&r, &patient);

		t = homa_rpc_tick(&r, &patient, now_ns);
		assert_true(r.need_acks <= NEED_ACKS);
		if (t.actions == HOMA_ACT_END)
			break;
		assert_int_equal(t.actions, HOMA_ACT_NEED_ACK);
		assert_true(now_ns < FIXTURE_NS + 4064 * MS_NS);
		if (i >= NEED_ACKS)
			assert_int_equal(t.next_ns, now_ns + 64 * MS_NS);
	}
	assert_int_equal(t.actions, HOMA_ACT_END);
	assert_true(i > 70);
}

/* Life of the client puts the end off and starts the schedule again. */
static void test_need_acks_again(void **unused)
{
	const u64 later = FIXTURE_NS + 500 * MS_NS;
	struct homa_rpc_core r;
	u32 i;

	(void)unused;
	fixture_make(&r, S_SENT);
	for (i = 0; i < NEED_ACKS; i++)
		homa_rpc_tick(&r, cfg, homa_rpc_deadline(&r, cfg));
	assert_int_equal(r.need_acks, NEED_ACKS);
	homa_rpc_resend(&r, 0, 0, true, later);
	assert_int_equal(homa_rpc_deadline(&r, cfg), later + 2 * MS_NS);
	assert_int_equal(r.need_acks, 0);
}

static void test_probes(void **unused)
{
	struct homa_rpc_core r;
	u64 gap = 64, ms = 64;

	(void)unused;
	fixture_make(&r, S_OUTGOING);
	while (ms < 30000) {
		expect_tick(&r, ms * MS_NS, HOMA_ACT_NEED_ACK);
		gap = gap < 1024 ? 2 * gap : 2000;
		ms += gap;
	}
	expect_tick(&r, 30000 * MS_NS, HOMA_ACT_END);

	/* A client that only says BUSY is waited for. */
	fixture_make(&r, S_OUTGOING);
	homa_rpc_tick(&r, cfg, FIXTURE_NS + 29000 * MS_NS);
	homa_rpc_busy(&r, FIXTURE_NS + 29000 * MS_NS);
	assert_int_equal(homa_rpc_deadline(&r, cfg),
			 FIXTURE_NS + 29064 * MS_NS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_nothing_due),
		cmocka_unit_test(test_unsent_data),
		cmocka_unit_test(test_slow_grantee),
		cmocka_unit_test(test_unresolved),
		cmocka_unit_test(test_late_call),
		cmocka_unit_test(test_clock_behind),
		cmocka_unit_test(test_long_timeout),
		cmocka_unit_test(test_what_ends_silence),
		cmocka_unit_test(test_busy_for_an_hour),
		cmocka_unit_test(test_busy_and_settings),
		cmocka_unit_test(test_silence_after_busy),
		cmocka_unit_test(test_need_acks),
		cmocka_unit_test(test_need_acks_until_timeout),
		cmocka_unit_test(test_need_acks_again),
		cmocka_unit_test(test_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
