// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The input is a side, lengths, and a sequence of packets, application events
 * and times, in any order; what holds for every RPC holds after each.
 */
#include <string.h>

#include "fuzz.h"
#include "core/rpc.h"

#define MS_NS		1000000ull
#define SEG_BYTES	100u

struct world {
	struct homa_config cfg;
	struct homa_rpc_core rpc;
	u64 now_ns;
};

static void check(const struct world *w, u8 before)
{
	const struct homa_rpc_core *r = &w->rpc;
	struct homa_tx_range t = homa_rpc_tx_next(r);
	bool over = r->error || r->state == HOMA_RPC_DEAD;

	if (r->state != before && r->state != HOMA_RPC_DEAD) {
		if (homa_rpc_is_client(r))
			FUZZ_CHECK(r->state == HOMA_RPC_INCOMING);
		else
			FUZZ_CHECK(r->state == HOMA_RPC_OUTGOING ?
				   before == HOMA_RPC_IN_SERVICE :
				   before == HOMA_RPC_INCOMING);
	}
	FUZZ_CHECK(r->quiet_since_ns <= w->now_ns);
	if (r->tx_started) {
		FUZZ_CHECK(r->tx_unsched <= r->tx_granted);
		FUZZ_CHECK(r->tx_granted <= r->tx_len);
		FUZZ_CHECK(r->tx_next <= r->tx_len);
		FUZZ_CHECK(r->tx_prio < HOMA_PRIORITIES_MAX);
	}
	FUZZ_CHECK(t.start <= t.end && t.end - t.start <= SEG_BYTES);
	if (t.start < t.end)
		FUZZ_CHECK(!over && t.start == r->tx_next &&
			   t.start < r->tx_granted && t.end <= r->tx_len);
	if (r->rx_started) {
		FUZZ_CHECK(r->rx_granted <= r->rx.length);
		FUZZ_CHECK(r->rx.recv_end <= r->rx_granted);
		FUZZ_CHECK(r->rx_incoming <= r->rx.length);
	}
	if (over)
		FUZZ_CHECK(homa_rpc_deadline(r, &w->cfg) == U64_MAX);
}

/* What every verdict about a packet keeps to. */
static void judge(const struct world *w, struct homa_rpc_verdict v, bool over)
{
	const struct homa_rpc_core *r = &w->rpc;

	if (v.actions & HOMA_ACT_DROP) {
		FUZZ_CHECK(v.actions == HOMA_ACT_DROP);
		FUZZ_CHECK(v.reason != HOMA_REASON_NONE);
		FUZZ_CHECK(v.reason < HOMA_REASON_COUNT);
	}
	if (v.actions & HOMA_ACT_RETRANSMIT)
		FUZZ_CHECK(v.start < v.end && v.end <= r->tx_next);
	if (v.actions & HOMA_ACT_END)
		FUZZ_CHECK(!homa_rpc_is_client(r));
	if (v.actions & HOMA_ACT_TIMEOUT)
		FUZZ_CHECK(homa_rpc_is_client(r));
	/* Who failed or died does nothing more; a server's failure is final. */
	if (over)
		FUZZ_CHECK(!(v.actions & ~(u32)(HOMA_ACT_DROP | HOMA_ACT_END)));
}

static void data(struct world *w, struct fuzz_input *in, bool over)
{
	u32 msg_len = 1 + (u32)fuzz_take(in, 1) * 10;
	u32 start = (u32)fuzz_take(in, 2) % msg_len;
	u32 end = start + 1 + (u32)fuzz_take(in, 1) % (msg_len - start);
	u32 how = (u32)fuzz_take(in, 1);
	struct homa_rpc_verdict v;
	struct homa_reasm_verdict t;

	v = homa_rpc_data(&w->rpc, msg_len, min(msg_len, how * 8), w->now_ns);
	judge(w, v, over);
	if (v.actions & HOMA_ACT_ALLOC)
		homa_rpc_buffers(&w->rpc, how & 1, w->now_ns);
	if (!(v.actions & HOMA_ACT_TAKE) || w->rpc.rx_stalled)
		return;
	while (start < end) {
		t = homa_rpc_take(&w->rpc, start, end, w->now_ns);
		FUZZ_CHECK(t.code != HOMA_REASM_BAD);
		if (t.code != HOMA_REASM_KEEP && t.code != HOMA_REASM_PART)
			break;
		start = t.end;
	}
}

static void ranges(const struct world *w)
{
	struct homa_tx_range out = { 0, 0 };
	u32 from = 0, n = 0;

	while (homa_rpc_resend_range(&w->rpc, from, &out)) {
		FUZZ_CHECK(out.start >= from && out.start < out.end);
		FUZZ_CHECK(++n <= HOMA_GAPS_MAX + 1);
		if (out.end == U32_MAX)
			FUZZ_CHECK(!out.start && n == 1);
		else
			FUZZ_CHECK(out.end <= w->rpc.rx_granted);
		from = out.end;
	}
}

static void tick(struct world *w, bool over)
{
	u64 due_ns = homa_rpc_deadline(&w->rpc, &w->cfg);
	struct homa_rpc_tick t;
	struct homa_rpc_verdict v = { 0 };

	t = homa_rpc_tick(&w->rpc, &w->cfg, w->now_ns);
	FUZZ_CHECK(t.next_ns > w->now_ns);
	FUZZ_CHECK(!t.actions == (due_ns > w->now_ns));
	FUZZ_CHECK(!(t.actions & (t.actions - 1)));
	v.actions = t.actions;
	judge(w, v, over);
	if (t.actions & HOMA_ACT_TIMEOUT)
		FUZZ_CHECK(homa_rpc_fail(&w->rpc, 110).actions ==
			   HOMA_ACT_REPORT);
	if (t.actions & HOMA_ACT_END)
		FUZZ_CHECK(homa_rpc_end(&w->rpc));
}

static void send(struct world *w)
{
	struct homa_tx_range t = homa_rpc_tx_next(&w->rpc);

	if (t.start < t.end)
		homa_rpc_tx_sent(&w->rpc, t.end, w->now_ns);
}

static void resend(struct world *w, struct fuzz_input *in, bool over)
{
	u32 offset = (u32)fuzz_take(in, 2);
	u32 length = (u32)fuzz_take(in, 2);
	bool all = length == 0xffff;

	judge(w, homa_rpc_resend(&w->rpc, all ? 0 : offset, length, all,
				 w->now_ns), over);
}

static void event(struct world *w, struct fuzz_input *in)
{
	struct homa_rpc_core *r = &w->rpc;
	bool over = r->error || r->state == HOMA_RPC_DEAD;

	switch (fuzz_take(in, 1) % 17) {
	case 0:
		data(w, in, over);
		break;
	case 1:
		judge(w, homa_rpc_grant(r, (u32)fuzz_take(in, 2),
					(u8)fuzz_take(in, 1), w->now_ns), over);
		break;
	case 2:
		resend(w, in, over);
		break;
	case 3:
		homa_rpc_busy(r, w->now_ns);
		break;
	case 4:
		judge(w, homa_rpc_unknown(r, w->now_ns), over);
		break;
	case 5:
		judge(w, homa_rpc_need_ack(r), over);
		break;
	case 6:
		judge(w, homa_rpc_ack(r), over);
		break;
	case 7:
		homa_rpc_buffers(r, fuzz_take(in, 1) & 1, w->now_ns);
		break;
	case 8:
		homa_rpc_granted(r, (u32)fuzz_take(in, 2), w->now_ns);
		break;
	case 9:
		homa_rpc_delivered(r);
		break;
	case 10:
		homa_rpc_respond(r, 1 + (u32)fuzz_take(in, 2), SEG_BYTES,
				 &w->cfg, w->now_ns);
		break;
	case 11:
		homa_rpc_fail(r, 5);
		break;
	case 12:
		homa_rpc_end(r);
		break;
	case 13:
		ranges(w);
		break;
	case 14:
		send(w);
		break;
	default:
		w->now_ns += fuzz_take(in, 1) * (MS_NS / 4);
		tick(w, over);
	}
}

/* Left alone, an RPC comes to an end or waits for the application or us. */
static void leave_alone(struct world *w)
{
	u64 next_ns;
	u32 n;

	for (n = 0; n < 200; n++) {
		next_ns = homa_rpc_deadline(&w->rpc, &w->cfg);
		if (next_ns == U64_MAX)
			return;
		w->now_ns = max(w->now_ns, next_ns);
		tick(w, false);
	}
	FUZZ_CHECK(n < 200);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct homa_config defaults = HOMA_CONFIG_DEFAULTS;
	struct fuzz_input in = { bytes, size };
	struct world w = { .cfg = defaults, .now_ns = 1000 * MS_NS };
	u8 before;

	w.cfg.unsched_bytes = 1 + (u32)fuzz_take(&in, 2) % 2000;
	if (fuzz_take(&in, 1) & 1)
		homa_rpc_init_server(&w.rpc, 7, w.now_ns);
	else
		homa_rpc_init_client(&w.rpc, 6, 1 + (u32)fuzz_take(&in, 2),
				     SEG_BYTES, &w.cfg, w.now_ns);
	while (in.size) {
		before = w.rpc.state;
		event(&w, &in);
		check(&w, before);
	}
	leave_alone(&w);
	return 0;
}
