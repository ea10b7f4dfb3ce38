// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Which bytes go: packet boundaries, grants, RESENDs in both directions, and
 * buffers that come late.
 *
 * items: E3 E7 E19 F1 F2 F11
 */
#include "unit.h"
#include "rpc_fixture.h"

static void expect_segment(const struct homa_rpc_core *r, u32 offset,
			   u32 start, u32 end)
{
	struct homa_tx_range t = homa_rpc_segment(r, offset);

	if (t.start != start || t.end != end)
		fail_msg("offset %u is in [%u, %u), not in [%u, %u)", offset,
			 t.start, t.end, start, end);
}

static void test_boundaries(void **unused)
{
	struct homa_config cfg = fixture_cfg;
	struct homa_rpc_core r = { 0 };

	(void)unused;
	/* The example of wire §1.1: a boundary at the unscheduled limit. */
	cfg.unsched_bytes = 40000;
	homa_rpc_init_client(&r, 2, 50000, 1424, &cfg, 0);
	expect_segment(&r, 0, 0, 1424);
	expect_segment(&r, 1423, 0, 1424);
	expect_segment(&r, 1424, 1424, 2848);
	expect_segment(&r, 39871, 38448, 39872);
	expect_segment(&r, 39872, 39872, 40000);
	expect_segment(&r, 39999, 39872, 40000);
	expect_segment(&r, 40000, 40000, 41424);
	expect_segment(&r, 49999, 49968, 50000);
	/* A message shorter than the limit has no such boundary. */
	memset(&r, 0, sizeof(r));
	homa_rpc_init_client(&r, 2, 39999, 1424, &cfg, 0);
	expect_segment(&r, 39998, 39872, 39999);
	/* One byte on either side of the limit. */
	cfg.unsched_bytes = 1;
	memset(&r, 0, sizeof(r));
	homa_rpc_init_client(&r, 2, 2, 8, &cfg, 0);
	expect_segment(&r, 0, 0, 1);
	expect_segment(&r, 1, 1, 2);
	cfg.unsched_bytes = HOMA_MSG_BYTES_MAX;
	memset(&r, 0, sizeof(r));
	homa_rpc_init_client(&r, 2, HOMA_MSG_BYTES_MAX, 1400, &cfg, 0);
	expect_segment(&r, HOMA_MSG_BYTES_MAX - 1, 999600, 1000000);
}

/* The segments of a message cover it exactly, whatever the geometry. */
static void test_segments_tile(void **unused)
{
	static const u32 lens[] = { 1, 2, 7, 8, 9, 999, 1000, 1001, 4321 };
	static const u32 segs[] = { 8, 9, 100, 1000, 1400 };
	static const u32 unscheds[] = { 1, 7, 8, 100, 1000, 4320, 5000 };
	struct homa_config cfg = fixture_cfg;
	struct homa_tx_range t;
	struct homa_rpc_core r;
	size_t i, j, k;
	u32 at, in;

	(void)unused;
	for (i = 0; i < ARRAY_LEN(lens); i++)
		for (j = 0; j < ARRAY_LEN(segs); j++)
			for (k = 0; k < ARRAY_LEN(unscheds); k++) {
				memset(&r, 0, sizeof(r));
				cfg.unsched_bytes = unscheds[k];
				homa_rpc_init_client(&r, 2, lens[i], segs[j],
						     &cfg, 0);
				for (at = 0; at < lens[i]; at = t.end) {
					t = homa_rpc_segment(&r, at);
					assert_int_equal(t.start, at);
					assert_true(t.end > at);
					assert_true(t.end - at <= segs[j]);
					for (in = at; in < t.end; in++)
						expect_segment(&r, in, at,
							       t.end);
				}
				assert_int_equal(at, lens[i]);
			}
}

static void test_grants(void **unused)
{
	struct homa_tx_range t;
	struct homa_rpc_core r;

	(void)unused;
	fixture_make(&r, C_OUTGOING);
	assert_int_equal(r.tx_next, UNSCHED_BYTES);
	t = homa_rpc_tx_next(&r);
	assert_int_equal(t.start, t.end);

	/* Inside a segment: the whole segment goes (protocol §2). */
	homa_rpc_grant(&r, UNSCHED_BYTES + 1, 3, FIXTURE_NS);
	assert_int_equal(r.tx_prio, 3);
	fixture_send(&r, FIXTURE_NS);
	assert_int_equal(r.tx_next, UNSCHED_BYTES + SEG_BYTES);
	/* Inside what went already, old, repeated: nothing goes. */
	homa_rpc_grant(&r, UNSCHED_BYTES + 2, 1, FIXTURE_NS);
	homa_rpc_grant(&r, UNSCHED_BYTES + SEG_BYTES, 1, FIXTURE_NS);
	homa_rpc_grant(&r, 0, 1, FIXTURE_NS);
	t = homa_rpc_tx_next(&r);
	assert_int_equal(t.start, t.end);
	assert_int_equal(r.tx_granted, UNSCHED_BYTES + SEG_BYTES);
	/* Beyond the message, and a level that does not exist. */
	homa_rpc_grant(&r, U32_MAX, 255, FIXTURE_NS);
	assert_int_equal(r.tx_granted, TX_BYTES);
	assert_int_equal(r.tx_prio, HOMA_PRIORITIES_MAX - 1);
	fixture_send(&r, FIXTURE_NS);
	assert_int_equal(r.tx_next, TX_BYTES);
}

static void test_nothing_goes_when_over(void **unused)
{
	struct homa_tx_range t;
	struct homa_rpc_core r;

	(void)unused;
	fixture_make(&r, C_OUTGOING);
	homa_rpc_grant(&r, TX_BYTES, 0, FIXTURE_NS);
	homa_rpc_fail(&r, FIXTURE_ERRNO);
	t = homa_rpc_tx_next(&r);
	assert_int_equal(t.start, t.end);
	fixture_make(&r, S_IN_SERVICE);
	t = homa_rpc_tx_next(&r);
	assert_int_equal(t.start, t.end);
}

static void expect_resend(enum fixture f, u32 offset, u32 length, bool all,
			  u32 actions, u32 start, u32 end, u32 granted)
{
	struct homa_rpc_verdict v;
	struct homa_rpc_core r;

	fixture_make(&r, f);
	v = homa_rpc_resend(&r, offset, length, all, FIXTURE_NS);
	if (v.actions != actions || v.start != start || v.end != end)
		fail_msg("RESEND(%u, %u): actions %#x [%u, %u)", offset,
			 length, v.actions, v.start, v.end);
	assert_int_equal(r.tx_granted, granted);
}

static void test_resend_received(void **unused)
{
	const u32 u = UNSCHED_BYTES;

	(void)unused;
	expect_resend(C_OUTGOING, 0, 1, false, HOMA_ACT_RETRANSMIT, 0, 1, u);
	expect_resend(C_OUTGOING, 999, 2, false, HOMA_ACT_RETRANSMIT, 999,
		      1001, u);
	/* An empty range asks for nothing. */
	expect_resend(C_OUTGOING, 5, 0, false, 0, 0, 0, u);
	/* Partly and wholly behind what was sent: a GRANT was lost. */
	expect_resend(C_OUTGOING, u - 1, 2, false,
		      HOMA_ACT_RETRANSMIT | HOMA_ACT_XMIT, u - 1, u, u + 1);
	expect_resend(C_OUTGOING, u, 1, false, HOMA_ACT_BUSY | HOMA_ACT_XMIT,
		      0, 0, u + 1);
	/* Up to the end of the message, and no further. */
	expect_resend(C_OUTGOING, u, U32_MAX - u, false,
		      HOMA_ACT_BUSY | HOMA_ACT_XMIT, 0, 0, TX_BYTES);
	expect_resend(S_SENT, TX_BYTES - 1, 100, false, HOMA_ACT_RETRANSMIT,
		      TX_BYTES - 1, TX_BYTES, TX_BYTES);
	expect_resend(S_SENT, TX_BYTES, 100, false, HOMA_ACT_BUSY, 0, 0,
		      TX_BYTES);
	expect_resend(S_SENT, U32_MAX - 1, 1, false, HOMA_ACT_BUSY, 0, 0,
		      TX_BYTES);
	expect_resend(S_SENT, 0, 0, true, HOMA_ACT_RETRANSMIT, 0, TX_BYTES,
		      TX_BYTES);
}

static void test_resend_before_anything_was_sent(void **unused)
{
	struct homa_rpc_core r = { 0 };
	struct homa_rpc_verdict v;

	(void)unused;
	homa_rpc_init_client(&r, 2, 500, SEG_BYTES, &fixture_cfg, 0);
	v = homa_rpc_resend(&r, 0, 0, true, 0);
	assert_int_equal(v.actions, HOMA_ACT_BUSY);
	assert_int_equal(homa_rpc_unknown(&r, FIXTURE_NS).actions, 0);
}

/* A server that forgets the request each time: RPC_UNKNOWN after it was known. */
static void test_forgotten(void **unused)
{
	u64 now_ns = FIXTURE_NS + 1000000;
	struct homa_rpc_verdict v;
	struct homa_rpc_core r;
	u32 i;

	(void)unused;
	/* That it does not know it is no news. */
	fixture_make(&r, C_OUTGOING);
	for (i = 0; i < 1000; i++) {
		now_ns += 64000000;
		assert_int_equal(homa_rpc_unknown(&r, now_ns).actions,
				 HOMA_ACT_RETRANSMIT);
	}
	/* It forgets what it knew, for a minute. */
	for (i = 0; i <= 600; i++) {
		if (i % 3 == 0)
			homa_rpc_busy(&r, now_ns);
		else if (i % 3 == 1)
			homa_rpc_resend(&r, 0, 1, false, now_ns);
		else	/* says nothing new */
			homa_rpc_grant(&r, r.tx_granted, 0, now_ns);
		v = homa_rpc_unknown(&r, now_ns);
		assert_int_equal(v.actions, i == 600 ? HOMA_ACT_TIMEOUT :
				 HOMA_ACT_RETRANSMIT);
		now_ns += 50000000;
		if (i < 600)
			assert_int_equal(homa_rpc_unknown(&r, now_ns).actions,
					 HOMA_ACT_RETRANSMIT);
		now_ns += 50000000;
	}

	/* A new GRANT shows that data arrives. */
	fixture_make(&r, C_OUTGOING);
	for (i = 0; i < 900; i++) {
		if (i % 300)
			homa_rpc_busy(&r, now_ns);
		else
			homa_rpc_grant(&r, r.tx_granted + 1, 0, now_ns);
		assert_int_equal(homa_rpc_unknown(&r, now_ns).actions,
				 HOMA_ACT_RETRANSMIT);
		now_ns += 100000000;
	}
	/* It worked on it, and is started anew now and then. */
	for (i = 0; i < 100; i++) {
		homa_rpc_busy(&r, now_ns);
		assert_int_equal(homa_rpc_unknown(&r, now_ns).actions,
				 HOMA_ACT_RETRANSMIT);
		now_ns += HOMA_FORGOTTEN_PAUSE_NS;
	}
	/* Clocks of two CPUs. */
	homa_rpc_busy(&r, now_ns - 1000000000);
	assert_int_equal(homa_rpc_unknown(&r, now_ns - 6000000000).actions,
			 HOMA_ACT_RETRANSMIT);
}

static u32 ranges(const struct homa_rpc_core *r, struct homa_tx_range *out)
{
	u32 from = 0;
	u32 n = 0;

	while (n < 8 && homa_rpc_resend_range(r, from, &out[n])) {
		assert_true(out[n].start >= from);
		assert_true(out[n].end > out[n].start);
		from = out[n++].end;
	}
	return n;
}

static void test_resend_ranges(void **unused)
{
	struct homa_tx_range out[8];
	struct homa_rpc_core r;

	(void)unused;
	/* Nothing has come: everything. */
	fixture_make(&r, C_OUTGOING);
	assert_int_equal(ranges(&r, out), 1);
	assert_int_equal(out[0].start, 0);
	assert_int_equal(out[0].end, U32_MAX);
	/* The granted tail. */
	fixture_make(&r, C_INCOMING);
	assert_int_equal(ranges(&r, out), 1);
	assert_int_equal(out[0].start, SEG_BYTES);
	assert_int_equal(out[0].end, RX_INCOMING);
	/* A gap and the tail. */
	homa_rpc_take(&r, 2000, 3000, FIXTURE_NS);
	assert_int_equal(ranges(&r, out), 2);
	assert_int_equal(out[0].start, 1000);
	assert_int_equal(out[0].end, 2000);
	assert_int_equal(out[1].start, 3000);
	assert_int_equal(out[1].end, RX_INCOMING);
	/* Nothing is asked for that was not granted, nor without buffers. */
	homa_rpc_take(&r, 1000, 2000, FIXTURE_NS);
	homa_rpc_take(&r, 3000, 5000, FIXTURE_NS);
	assert_int_equal(ranges(&r, out), 0);
	fixture_make(&r, C_STALLED);
	assert_int_equal(ranges(&r, out), 0);
	/* Who sends a response, or is done, asks for nothing. */
	fixture_make(&r, C_COMPLETE);
	assert_int_equal(ranges(&r, out), 0);
	fixture_make(&r, C_FAILED);
	assert_int_equal(ranges(&r, out), 0);
	fixture_make(&r, S_IN_SERVICE);
	assert_int_equal(ranges(&r, out), 0);
	fixture_make(&r, S_OUTGOING);
	assert_int_equal(ranges(&r, out), 0);
}

static void test_granted(void **unused)
{
	struct homa_rpc_core r;

	(void)unused;
	fixture_make(&r, S_INCOMING);
	assert_false(homa_rpc_granted(&r, RX_INCOMING, FIXTURE_NS));
	assert_true(homa_rpc_granted(&r, RX_INCOMING + 1, FIXTURE_NS));
	assert_int_equal(r.rx_granted, RX_INCOMING + 1);
	assert_true(homa_rpc_granted(&r, U32_MAX, FIXTURE_NS));
	assert_int_equal(r.rx_granted, RX_BYTES);
	assert_false(homa_rpc_granted(&r, U32_MAX, FIXTURE_NS));
	fixture_make(&r, S_STALLED);
	assert_false(homa_rpc_granted(&r, RX_BYTES, FIXTURE_NS));
	fixture_make(&r, C_FAILED);
	assert_false(homa_rpc_granted(&r, RX_BYTES, FIXTURE_NS));
	fixture_make(&r, S_COMPLETE);
	assert_false(homa_rpc_granted(&r, RX_BYTES, FIXTURE_NS));
	fixture_make(&r, S_IN_SERVICE);
	assert_false(homa_rpc_granted(&r, RX_BYTES, FIXTURE_NS));
}

/* A sender may run ahead of our grants by a packet, or ignore them. */
static void test_data_beyond_the_grant(void **unused)
{
	struct homa_tx_range out[8];
	struct homa_rpc_core r;

	(void)unused;
	fixture_make(&r, S_INCOMING);
	homa_rpc_take(&r, RX_INCOMING, RX_INCOMING + 300, FIXTURE_NS);
	assert_int_equal(r.rx_granted, RX_INCOMING + 300);
	assert_false(homa_rpc_granted(&r, RX_INCOMING + 200, FIXTURE_NS));
	assert_int_equal(ranges(&r, out), 1);
	assert_int_equal(out[0].end, RX_INCOMING);
	/* Nothing announced, all sent. */
	memset(&r, 0, sizeof(r));
	homa_rpc_init_server(&r, 7, 1);
	homa_rpc_data(&r, 3000, 0, 1);
	assert_int_equal(homa_rpc_take(&r, 0, 3000, 1).code, HOMA_REASM_KEEP);
	assert_true(homa_rpc_rx_complete(&r));
	assert_false(homa_rpc_needs_grants(&r));
}

static void test_take_needs_buffers(void **unused)
{
	static const enum fixture without[] = {
		C_OUTGOING, C_STALLED, C_FAILED, C_DEAD, S_STALLED,
		S_IN_SERVICE, S_OUTGOING, S_SENT, S_DEAD,
	};
	struct homa_rpc_core r;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_LEN(without); i++) {
		fixture_make(&r, without[i]);
		assert_int_equal(homa_rpc_take(&r, 0, 10, FIXTURE_NS).code,
				 HOMA_REASM_BAD);
	}
}

/* homa_rpc_take_whole() is what three calls do, and allowed when they are. */
static void expect_whole_as_in_steps(const struct homa_rpc_core *r)
{
	const u64 later = FIXTURE_NS + 3 * MS_NS;
	struct homa_rpc_core steps = *r;
	struct homa_rpc_core whole = *r;
	struct homa_rpc_verdict v;

	v = homa_rpc_data(&steps, 700, 500, later);
	assert_int_equal(homa_rpc_wants_whole(r),
			 v.actions == (HOMA_ACT_ALLOC | HOMA_ACT_TAKE));
	if (!homa_rpc_wants_whole(r))
		return;
	homa_rpc_buffers(&steps, true, later);
	assert_int_equal(homa_rpc_take(&steps, 0, 700, later).code,
			 HOMA_REASM_KEEP);
	homa_rpc_take_whole(&whole, 700, 500, later);
	assert_true(homa_rpc_rx_complete(&whole));
	assert_memory_equal(&steps, &whole,
			    offsetof(struct homa_rpc_core, rx.gaps));
}

static void test_take_whole(void **unused)
{
	struct homa_rpc_core r;
	int i;

	(void)unused;
	for (i = 0; i < NUM_FIXTURES; i++) {
		fixture_make(&r, i);
		expect_whole_as_in_steps(&r);
	}
	memset(&r, 0, sizeof(r));
	homa_rpc_init_server(&r, 7, FIXTURE_NS);
	expect_whole_as_in_steps(&r);
	assert_true(homa_rpc_wants_whole(&r));
}

/* What homa_rpc_tx_whole() lets go is all that homa_rpc_tx_next() has. */
static void test_tx_whole(void **unused)
{
	static const u32 lens[] = { 1, 999, 1000, 1001, 1400, 1401, 5000 };
	static const u32 unscheds[] = { 1, 1000, 40000 };
	struct homa_config cfg = fixture_cfg;
	struct homa_tx_range t;
	struct homa_rpc_core r;
	size_t i, j;

	(void)unused;
	cfg.defer_min_bytes = 1000;
	for (i = 0; i < ARRAY_LEN(lens); i++)
		for (j = 0; j < ARRAY_LEN(unscheds); j++) {
			memset(&r, 0, sizeof(r));
			cfg.unsched_bytes = unscheds[j];
			homa_rpc_init_client(&r, 2, lens[i], 1400, &cfg, 0);
			t = homa_rpc_tx_next(&r);
			assert_int_equal(homa_rpc_tx_whole(&r, &cfg),
					 t.end == lens[i] && lens[i] <= 1000);
			homa_rpc_tx_sent(&r, t.end, 1);
			assert_false(homa_rpc_tx_whole(&r, &cfg));
		}
}

static void test_buffers(void **unused)
{
	const u64 later = FIXTURE_NS + 9 * MS_NS;
	struct homa_tx_range out[8];
	struct homa_rpc_core r;

	(void)unused;
	fixture_make(&r, S_STALLED);
	assert_false(homa_rpc_rx_complete(&r));
	assert_false(homa_rpc_needs_grants(&r));
	assert_int_equal(homa_rpc_deadline(&r, &fixture_cfg), U64_MAX);
	assert_int_equal(homa_rpc_buffers(&r, true, later).actions,
			 HOMA_ACT_RESENDS);
	assert_int_equal(ranges(&r, out), 1);
	assert_int_equal(out[0].end, U32_MAX);
	assert_true(homa_rpc_needs_grants(&r));
	assert_int_equal(homa_rpc_deadline(&r, &fixture_cfg),
			 later + fixture_cfg.resend_ns);
	/* The normal case says nothing. */
	assert_int_equal(homa_rpc_buffers(&r, true, later).actions, 0);
	fixture_make(&r, C_FAILED);
	assert_int_equal(homa_rpc_buffers(&r, true, later).actions, 0);
	/* Nothing was announced: silence counts all the same. */
	memset(&r, 0, sizeof(r));
	homa_rpc_init_server(&r, 7, FIXTURE_NS);
	homa_rpc_data(&r, RX_BYTES, 0, FIXTURE_NS);
	homa_rpc_buffers(&r, false, FIXTURE_NS);
	assert_int_equal(homa_rpc_buffers(&r, true, later).actions,
			 HOMA_ACT_RESENDS);
	assert_int_equal(homa_rpc_deadline(&r, &fixture_cfg),
			 later + fixture_cfg.resend_ns);
}

/* One message length per millisecond, however often it is asked for. */
static void test_repeats_are_bounded(void **unused)
{
	u64 now_ns = FIXTURE_NS + 1000000;
	struct homa_rpc_verdict v;
	struct homa_rpc_core r;
	u32 sent = 0;
	u32 i;

	(void)unused;
	fixture_make(&r, C_OUTGOING);
	for (i = 0; i < 1000; i++) {
		v = homa_rpc_resend(&r, 0, 0, true, now_ns + i);
		if (v.actions & HOMA_ACT_RETRANSMIT)
			sent += v.end - v.start;
		else
			assert_int_equal(v.actions, HOMA_ACT_BUSY);
	}
	assert_in_range(sent, HOMA_REPEAT_BYTES_MIN - r.tx_next,
			HOMA_REPEAT_BYTES_MIN);
	v = homa_rpc_resend(&r, 0, 0, true, now_ns + 1000000);
	assert_int_equal(v.actions, HOMA_ACT_RETRANSMIT);
}

/*
 * A message that does not arrive: four times all of it, then the first packet of
 * what is asked for in each round, and all of it once in 64 ms.
 */
static void test_repeats_become_fewer(void **unused)
{
	u64 now_ns = FIXTURE_NS + 1000000;
	struct homa_rpc_verdict v;
	struct homa_rpc_core r;
	u32 packets = 0;
	u32 wholes = 0;
	u32 sent;
	u32 i;

	(void)unused;
	fixture_make(&r, C_OUTGOING);
	assert_int_equal(r.tx_next, r.tx_granted);
	sent = r.tx_next;
	assert_true(sent > SEG_BYTES);
	/* A quarter of the RESENDs name what is missing, or come as RPC_UNKNOWN. */
	for (i = 0; i < 800; i++) {
		now_ns += 5000000;
		r.server_knows = false;
		if (i % 4 == 1)
			v = homa_rpc_unknown(&r, now_ns);
		else if (i % 4 == 2)
			v = homa_rpc_resend(&r, 0, sent, false, now_ns);
		else
			v = homa_rpc_resend(&r, 0, 0, true, now_ns);
		assert_int_equal(v.actions, HOMA_ACT_RETRANSMIT);
		assert_int_equal(v.start, 0);
		if (v.end == sent) {
			wholes++;
		} else {
			assert_int_equal(v.end, SEG_BYTES);
			packets++;
		}
		if (i < 4)
			assert_int_equal(v.end, sent);
	}
	/* In four seconds: 62 times the message is forgiven. */
	assert_in_range((u64)wholes * sent + packets * SEG_BYTES, 0,
			(u64)800 * SEG_BYTES + 67 * sent);
	assert_in_range(wholes, 4, 67);

	/* The first packet has arrived: the next in turn goes. */
	v = homa_rpc_resend(&r, SEG_BYTES, sent - SEG_BYTES, false, now_ns);
	assert_int_equal(v.actions, HOMA_ACT_RETRANSMIT);
	assert_int_equal(v.start, SEG_BYTES);
	assert_in_range(v.end, SEG_BYTES + 1, sent);

	/* A quarter of a second without a RESEND, and all is forgiven. */
	now_ns += 4 * 64000000ull;
	for (i = 0; i < 4; i++) {
		now_ns += 5000000;
		v = homa_rpc_resend(&r, 0, 0, true, now_ns);
		assert_int_equal(v.end, sent);
	}
}

static void expect_burst(const struct homa_rpc_core *r, u32 max, u32 start,
			 u32 end)
{
	struct homa_tx_range t = homa_rpc_tx_burst(r, max);

	if (t.start != start || t.end != end)
		fail_msg("burst of %u is [%u, %u), not [%u, %u)", max, t.start,
			 t.end, start, end);
}

/* Whole packets, on one side of the unscheduled limit, as far as granted. */
static void test_bursts(void **unused)
{
	struct homa_config cfg = fixture_cfg;
	struct homa_rpc_core r = { 0 };

	(void)unused;
	cfg.unsched_bytes = 2500;
	homa_rpc_init_client(&r, 2, 10000, 1000, &cfg, 0);
	expect_burst(&r, 0, 0, 1000);
	expect_burst(&r, 999, 0, 1000);
	expect_burst(&r, 1999, 0, 1000);
	expect_burst(&r, 2000, 0, 2000);
	expect_burst(&r, 2999, 0, 2000);
	expect_burst(&r, 3000, 0, 2500);
	expect_burst(&r, U32_MAX, 0, 2500);
	homa_rpc_tx_sent(&r, 2500, 1);
	expect_burst(&r, 65000, 2500, 2500);
	/* A grant that ends inside a packet lets all of it go. */
	homa_rpc_grant(&r, 4501, 0, 2);
	expect_burst(&r, 65000, 2500, 5500);
	expect_burst(&r, 2000, 2500, 4500);
	homa_rpc_grant(&r, 4600, 0, 2);
	expect_burst(&r, 65000, 2500, 5500);
	homa_rpc_tx_sent(&r, 4500, 3);
	expect_burst(&r, 65000, 4500, 5500);
	/* The last packet is shorter. */
	homa_rpc_grant(&r, 10000, 0, 4);
	expect_burst(&r, 65000, 4500, 10000);
	homa_rpc_tx_sent(&r, 10000, 5);
	expect_burst(&r, 65000, 10000, 10000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boundaries),
		cmocka_unit_test(test_segments_tile),
		cmocka_unit_test(test_grants),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_nothing_goes_when_over),
		cmocka_unit_test(test_resend_received),
		cmocka_unit_test(test_resend_before_anything_was_sent),
		cmocka_unit_test(test_resend_ranges),
		cmocka_unit_test(test_granted),
		cmocka_unit_test(test_data_beyond_the_grant),
		cmocka_unit_test(test_take_needs_buffers),
		cmocka_unit_test(test_take_whole),
		cmocka_unit_test(test_tx_whole),
		cmocka_unit_test(test_buffers),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_repeats_are_bounded),
		cmocka_unit_test(test_repeats_become_fewer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
