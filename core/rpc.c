// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Life of one RPC: application events, packets, time (protocol §1, §2, §3,
 * §7).
 */
#include "rpc.h"

#define HOMA_MS_NS 1000000ull

/* The first NEED_ACKs are one millisecond apart, then the gap doubles. */
#define HOMA_NEED_ACKS_FAST	5
#define HOMA_NEED_ACK_DOUBLINGS	6

/* A response that waits for GRANTs: probes, and when to give up. */
#define HOMA_PROBE_FIRST_NS	(64 * HOMA_MS_NS)
#define HOMA_PROBE_MAX_NS	(2000 * HOMA_MS_NS)
#define HOMA_PROBE_DOUBLINGS	5
#define HOMA_PROBE_END_NS	(30000 * HOMA_MS_NS)

/*
 * How rarely a client asks a server that said BUSY before.  A thousand RPCs
 * that wait for a slow application would otherwise cost both hosts 200,000
 * packets per second.  Once in 100 ms is what a server may expect
 * (protocol §17).
 */
#define HOMA_BUSY_DOUBLINGS	3
#define HOMA_BUSY_MAX_NS	(50 * HOMA_MS_NS)

/* What an RPC waits for; decides which clock runs. */
enum homa_rpc_wait {
	HOMA_WAIT_NONE,		/* nothing, or for ourselves */
	HOMA_WAIT_PEER,		/* a packet that is due: silence counts */
	HOMA_WAIT_GRANT,	/* server: the client's GRANT */
	HOMA_WAIT_ACK,		/* server: the client's ack */
};

/* An RPC that is dead or failed takes no more packets. */
static bool homa_rpc_over(const struct homa_rpc_core *r)
{
	return r->state == HOMA_RPC_DEAD || r->error;
}

static struct homa_rpc_verdict homa_rpc_act(u32 actions)
{
	struct homa_rpc_verdict v = { .actions = actions };

	return v;
}

static struct homa_rpc_verdict homa_rpc_drop(enum homa_reason reason)
{
	struct homa_rpc_verdict v = {
		.actions = HOMA_ACT_DROP,
		.reason = reason,
	};

	return v;
}

/*
 * Silence starts again.  Clocks of two CPUs may differ a little: time never
 * goes back here.
 */
static void homa_rpc_touch(struct homa_rpc_core *r, u64 now_ns)
{
	r->quiet_since_ns = max(r->quiet_since_ns, now_ns);
	r->resend_rounds = 0;
	r->busy_answers = 0;
}

/* The client of a response in progress is alive: ask again from the start. */
static void homa_rpc_client_lives(struct homa_rpc_core *r, u64 now_ns)
{
	if (homa_rpc_is_client(r) || r->state != HOMA_RPC_OUTGOING)
		return;
	r->quiet_since_ns = max(r->quiet_since_ns, now_ns);
	r->done_ns = max(r->done_ns, now_ns);
	r->need_acks = 0;
}

/* DATA, GRANT and BUSY are signs of life for both purposes. */
static void homa_rpc_alive(struct homa_rpc_core *r, u64 now_ns)
{
	homa_rpc_touch(r, now_ns);
	homa_rpc_client_lives(r, now_ns);
}

void homa_rpc_tune_unsched(struct homa_rpc_core *r, u32 unsched_bytes)
{
	if (!homa_rpc_is_client(r))
		unsched_bytes = homa_incast_unsched(r->response_limit,
						    r->tx_seg, unsched_bytes);
	r->tx_unsched = min(r->tx_len, unsched_bytes);
	r->tx_granted = r->tx_unsched;
}

static void homa_rpc_start_tx(struct homa_rpc_core *r, u32 len, u32 seg,
			      const struct homa_config *cfg, u64 now_ns)
{
	r->state = HOMA_RPC_OUTGOING;
	r->tx_started = true;
	r->tx_len = len;
	r->tx_seg = seg;
	homa_rpc_tune_unsched(r, cfg->unsched_bytes);
	r->tx_next = 0;
	r->tx_prio = 0;
	r->done_ns = now_ns;
	r->probe_ns = 0;
	r->need_acks = 0;
	homa_rpc_touch(r, now_ns);
}

void homa_rpc_init_client(struct homa_rpc_core *r, u64 id, u32 len, u32 seg,
			  const struct homa_config *cfg, u64 now_ns)
{
	r->id = id;
	homa_rpc_start_tx(r, len, seg, cfg, now_ns);
}

void homa_rpc_init_server(struct homa_rpc_core *r, u64 id, u64 now_ns)
{
	r->id = id;
	r->state = HOMA_RPC_INCOMING;
	homa_rpc_touch(r, now_ns);
}

bool homa_rpc_respond(struct homa_rpc_core *r, u32 len, u32 seg,
		      const struct homa_config *cfg, u64 now_ns)
{
	if (r->state != HOMA_RPC_IN_SERVICE || r->error)
		return false;
	homa_rpc_start_tx(r, len, seg, cfg, now_ns);
	return true;
}

struct homa_rpc_verdict homa_rpc_delivered(struct homa_rpc_core *r)
{
	if (r->state != HOMA_RPC_INCOMING || r->error ||
	    !homa_rpc_rx_complete(r))
		return homa_rpc_act(0);
	if (homa_rpc_is_client(r))
		return homa_rpc_act(HOMA_ACT_ACK | HOMA_ACT_END);
	r->state = HOMA_RPC_IN_SERVICE;
	r->delivered = true;
	return homa_rpc_act(0);
}

struct homa_rpc_verdict homa_rpc_fail(struct homa_rpc_core *r, s32 error)
{
	if (homa_rpc_over(r))
		return homa_rpc_act(0);
	r->error = error;
	return homa_rpc_act(homa_rpc_is_client(r) ? HOMA_ACT_REPORT :
			    HOMA_ACT_END);
}

bool homa_rpc_end(struct homa_rpc_core *r)
{
	if (r->state == HOMA_RPC_DEAD)
		return false;
	r->state = HOMA_RPC_DEAD;
	return true;
}

struct homa_tx_range homa_rpc_segment(const struct homa_rpc_core *r,
				      u32 offset)
{
	struct homa_tx_range range;
	u32 base = 0;
	u32 limit = r->tx_unsched;

	if (offset >= r->tx_unsched) {
		base = r->tx_unsched;
		limit = r->tx_len;
	}
	range.start = offset - (offset - base) % r->tx_seg;
	range.end = range.start + min(r->tx_seg, limit - range.start);
	return range;
}

struct homa_tx_range homa_rpc_tx_next(const struct homa_rpc_core *r)
{
	struct homa_tx_range range = { r->tx_next, r->tx_next };

	if (homa_rpc_over(r) || !r->tx_started || r->tx_next >= r->tx_granted)
		return range;
	return homa_rpc_segment(r, r->tx_next);
}

struct homa_tx_range homa_rpc_tx_burst(const struct homa_rpc_core *r,
				       u32 bytes_max)
{
	struct homa_tx_range range = homa_rpc_tx_next(r);
	u32 limit = r->tx_len;
	u32 packets;

	if (range.start == range.end)
		return range;
	if (range.start < r->tx_unsched)
		limit = r->tx_unsched;
	packets = (min(limit, r->tx_granted) - range.start + r->tx_seg - 1) /
		  r->tx_seg;
	packets = min(packets, max(bytes_max / r->tx_seg, 1u));
	range.end = range.start + min(packets * r->tx_seg,
				      limit - range.start);
	return range;
}

void homa_rpc_tx_sent(struct homa_rpc_core *r, u32 end, u64 now_ns)
{
	if (!r->tx_started || end <= r->tx_next)
		return;
	/* A message that needs a GRANT is answered by one at once. */
	if (!r->tx_next)
		r->probe.since_ns = r->tx_unsched < r->tx_len ? now_ns : 0;
	r->tx_next = min(end, r->tx_len);
	homa_rpc_touch(r, now_ns);
	r->done_ns = max(r->done_ns, now_ns);
	r->need_acks = 0;
}

static struct homa_rpc_verdict homa_rpc_first_data(struct homa_rpc_core *r,
						   u32 msg_len, u32 incoming)
{
	r->state = HOMA_RPC_INCOMING;
	homa_reasm_init(&r->rx, msg_len);
	r->rx_started = true;
	r->rx_stalled = false;
	r->rx_incoming = min(incoming, msg_len);
	r->rx_granted = r->rx_incoming;
	r->probe = (struct homa_rtt_probe) { 0 };
	return homa_rpc_act(HOMA_ACT_ALLOC | HOMA_ACT_TAKE);
}

struct homa_rpc_verdict homa_rpc_data(struct homa_rpc_core *r, u32 msg_len,
				      u32 incoming, u64 now_ns)
{
	if (homa_rpc_over(r))
		return homa_rpc_drop(HOMA_REASON_WRONG_STATE);
	/* A stranger's packet is no sign of life of the peer. */
	if (r->rx_started && msg_len != r->rx.length)
		return homa_rpc_drop(HOMA_REASON_LENGTH_CHANGED);
	homa_rpc_alive(r, now_ns);
	if (r->state == HOMA_RPC_IN_SERVICE ||
	    (r->state == HOMA_RPC_OUTGOING && !homa_rpc_is_client(r)))
		return homa_rpc_drop(HOMA_REASON_WRONG_STATE);
	if (!r->rx_started)
		return homa_rpc_first_data(r, msg_len, incoming);
	if (r->rx_stalled)
		return homa_rpc_drop(HOMA_REASON_NO_BUFFER);
	return homa_rpc_act(HOMA_ACT_TAKE);
}

void homa_rpc_take_whole(struct homa_rpc_core *r, u32 msg_len, u32 incoming,
			 u64 now_ns)
{
	r->state = HOMA_RPC_INCOMING;
	homa_reasm_init(&r->rx, msg_len);
	r->rx.recv_end = msg_len;
	r->rx.remaining = 0;
	r->rx_started = true;
	r->rx_incoming = min(incoming, msg_len);
	r->rx_granted = msg_len;
	homa_rtt_probe_cancel(&r->probe);
	homa_rpc_touch(r, now_ns);
}

struct homa_reasm_verdict homa_rpc_take(struct homa_rpc_core *r, u32 start,
					u32 end, u64 now_ns)
{
	struct homa_reasm_verdict v = { HOMA_REASM_BAD, start, start };

	if (homa_rpc_over(r) || r->state != HOMA_RPC_INCOMING ||
	    !r->rx_started || r->rx_stalled)
		return v;
	v = homa_reasm_add(&r->rx, start, end);
	if (v.code == HOMA_REASM_KEEP || v.code == HOMA_REASM_PART) {
		r->rx_granted = max(r->rx_granted, v.end);
		homa_rpc_touch(r, now_ns);
	}
	return v;
}

struct homa_rpc_verdict homa_rpc_buffers(struct homa_rpc_core *r, bool have,
					 u64 now_ns)
{
	bool stalled = r->rx_stalled;

	if (homa_rpc_over(r) || r->state != HOMA_RPC_INCOMING || !r->rx_started)
		return homa_rpc_act(0);
	r->rx_stalled = !have;
	homa_rpc_touch(r, now_ns);
	return homa_rpc_act(stalled && have ? HOMA_ACT_RESENDS : 0);
}

bool homa_rpc_granted(struct homa_rpc_core *r, u32 offset, u64 now_ns)
{
	if (homa_rpc_over(r) || r->state != HOMA_RPC_INCOMING ||
	    !r->rx_started || r->rx_stalled)
		return false;
	offset = min(offset, r->rx.length);
	if (offset <= r->rx_granted)
		return false;
	if (!r->probe.offset) {
		r->probe.offset = r->rx_granted;
		r->probe.since_ns = now_ns;
	}
	r->rx_granted = offset;
	homa_rpc_touch(r, now_ns);
	return true;
}

struct homa_rpc_verdict homa_rpc_grant(struct homa_rpc_core *r, u32 offset,
				       u8 priority, u64 now_ns)
{
	if (homa_rpc_over(r))
		return homa_rpc_drop(HOMA_REASON_WRONG_STATE);
	homa_rpc_alive(r, now_ns);
	if (r->state != HOMA_RPC_OUTGOING)
		return homa_rpc_drop(HOMA_REASON_WRONG_STATE);
	r->server_knows = true;
	if (offset > r->tx_granted)
		r->forgotten_since_ns = 0;
	r->tx_granted = max(r->tx_granted, min(offset, r->tx_len));
	r->tx_prio = min_t(u8, priority, HOMA_PRIORITIES_MAX - 1);
	return homa_rpc_act(HOMA_ACT_XMIT);
}

/* Time forgives what was sent again. */
static void homa_rpc_forgive_repeats(struct homa_rpc_core *r, u64 now_ns)
{
	u64 ns = now_ns - min(now_ns, r->repeat_since_ns);
	u64 bytes;

	if (ns < HOMA_MS_NS)
		return;
	r->repeat_since_ns = now_ns;
	r->repeated_bytes = 0;
	ns = min_t(u64, ns, HOMA_REPEAT_TIMES * (u64)HOMA_REPEAT_NS);
	bytes = div_u64(ns * r->tx_next, HOMA_REPEAT_NS);
	r->repeat_level_bytes -= min_t(u64, bytes, r->repeat_level_bytes);
}

/*
 * How much of [start, end) may be sent again?  A RESEND of 37 bytes, or an
 * RPC_UNKNOWN of 28, can ask for a whole message: one message length per
 * millisecond, or a few packets, is more than an honest peer needs, and bounds
 * what a stream of them can make us do.
 *
 * An honest peer asks again and again, too, if packets do not reach it, because a
 * queue is full or a link carries smaller ones only.  To send all of them each time
 * would fill the queues for everybody else.
 *
 * Return: the end of what may be sent; @start if nothing.
 */
static u32 homa_rpc_may_repeat(struct homa_rpc_core *r, u32 start, u32 end,
			       u64 now_ns)
{
	bool one;

	homa_rpc_forgive_repeats(r, now_ns);
	one = r->repeat_level_bytes >= HOMA_REPEAT_TIMES * r->tx_next;
	if (one)
		end = min(end, homa_rpc_segment(r, start).end);
	if (r->repeated_bytes + (end - start) >
	    max(r->tx_len, HOMA_REPEAT_BYTES_MIN))
		return start;
	r->repeated_bytes += end - start;
	/* One packet for each RESEND is always forgiven. */
	if (!one)
		r->repeat_level_bytes += end - start;
	return end;
}

struct homa_rpc_verdict homa_rpc_resend(struct homa_rpc_core *r, u32 offset,
					u32 length, bool all, u64 now_ns)
{
	struct homa_rpc_verdict v = homa_rpc_act(0);
	u32 end;

	if (homa_rpc_over(r))
		return homa_rpc_drop(HOMA_REASON_WRONG_STATE);
	if (!r->tx_started)
		return homa_rpc_act(HOMA_ACT_BUSY);
	homa_rtt_probe_cancel(&r->probe);
	/* No reset of our own silence, but a client that asks is not gone. */
	homa_rpc_client_lives(r, now_ns);
	r->server_knows = true;
	if (all) {
		offset = 0;
		end = r->tx_next;
	} else {
		offset = min(offset, r->tx_len);
		end = offset + min(length, r->tx_len - offset);
	}
	if (offset >= r->tx_next) {
		v.actions |= HOMA_ACT_BUSY;
	} else if (offset < end) {
		v.start = offset;
		v.end = homa_rpc_may_repeat(r, offset, min(end, r->tx_next),
					    now_ns);
		v.actions |= v.start < v.end ? HOMA_ACT_RETRANSMIT :
					       HOMA_ACT_BUSY;
	}
	/* Our GRANT must have been lost (protocol §5.5). */
	if (end > r->tx_granted) {
		r->tx_granted = end;
		v.actions |= HOMA_ACT_XMIT;
	}
	return v;
}

void homa_rpc_busy(struct homa_rpc_core *r, u64 now_ns)
{
	u8 answers = min(r->busy_answers + 1, HOMA_BUSY_DOUBLINGS);

	if (homa_rpc_over(r))
		return;
	homa_rpc_alive(r, now_ns);
	r->busy_answers = answers;
	r->server_knows = true;
}

struct homa_rpc_verdict homa_rpc_unknown(struct homa_rpc_core *r, u64 now_ns)
{
	struct homa_rpc_verdict v = homa_rpc_act(0);

	if (homa_rpc_over(r))
		return homa_rpc_drop(HOMA_REASON_WRONG_STATE);
	if (!homa_rpc_is_client(r))
		return homa_rpc_act(HOMA_ACT_END);
	if (r->state != HOMA_RPC_OUTGOING)
		return homa_rpc_drop(HOMA_REASON_WRONG_STATE);
	homa_rtt_probe_cancel(&r->probe);
	now_ns = max(now_ns, r->repeat_since_ns);
	if (r->server_knows) {
		r->server_knows = false;
		/* It worked on it meanwhile, and asked for nothing. */
		if (!r->forgotten_since_ns ||
		    now_ns - r->repeat_since_ns >= HOMA_FORGOTTEN_PAUSE_NS)
			r->forgotten_since_ns = now_ns;
		if (now_ns >= r->forgotten_since_ns + HOMA_FORGOTTEN_NS)
			return homa_rpc_act(HOMA_ACT_TIMEOUT);
	}
	v.end = homa_rpc_may_repeat(r, 0, r->tx_next, now_ns);
	if (v.end)
		v.actions = HOMA_ACT_RETRANSMIT;
	return v;
}

/*
 * An incomplete response of which nothing can be asked for now (its buffers
 * or our GRANT are to come) is answered by BUSY: the server must not take us
 * for dead, and must not send anything again (conformance E20).
 */
struct homa_rpc_verdict homa_rpc_need_ack(struct homa_rpc_core *r)
{
	struct homa_tx_range range;

	if (!homa_rpc_is_client(r))
		return homa_rpc_drop(HOMA_REASON_WRONG_ROLE);
	if (homa_rpc_over(r))
		return homa_rpc_drop(HOMA_REASON_WRONG_STATE);
	if (homa_rpc_rx_complete(r))
		return homa_rpc_act(HOMA_ACT_ACK);
	if (homa_rpc_resend_range(r, 0, &range)) {
		homa_rtt_probe_cancel(&r->probe);
		return homa_rpc_act(HOMA_ACT_RESENDS);
	}
	return homa_rpc_act(HOMA_ACT_BUSY);
}

struct homa_rpc_verdict homa_rpc_ack(struct homa_rpc_core *r)
{
	if (homa_rpc_is_client(r))
		return homa_rpc_drop(HOMA_REASON_WRONG_ROLE);
	if (r->state == HOMA_RPC_DEAD)
		return homa_rpc_drop(HOMA_REASON_WRONG_STATE);
	return homa_rpc_act(HOMA_ACT_END);
}

u64 homa_rpc_time_grant(struct homa_rpc_core *r, u32 offset, u64 now_ns)
{
	if (r->state != HOMA_RPC_OUTGOING || offset <= r->tx_unsched)
		return 0;
	return homa_rtt_probe_end(&r->probe, now_ns);
}

u64 homa_rpc_time_data(struct homa_rpc_core *r, u32 start, bool retransmit,
		       u64 now_ns)
{
	u64 rtt_ns;

	if (r->state != HOMA_RPC_INCOMING || start < r->probe.offset)
		return 0;
	rtt_ns = homa_rtt_probe_end(&r->probe, now_ns);
	return retransmit ? 0 : rtt_ns;
}

bool homa_rpc_resend_range(const struct homa_rpc_core *r, u32 from,
			   struct homa_tx_range *out)
{
	if (homa_rpc_over(r) || r->rx_stalled)
		return false;
	if (!homa_rpc_is_client(r) && r->state != HOMA_RPC_INCOMING)
		return false;
	if (!r->rx_started || r->rx.remaining == r->rx.length) {
		if (from)
			return false;
		out->start = 0;
		out->end = U32_MAX;
		return true;
	}
	return homa_reasm_missing(&r->rx, from, r->rx_granted, &out->start,
				  &out->end);
}

static bool homa_rpc_rx_due(const struct homa_rpc_core *r)
{
	u32 received = homa_reasm_received(&r->rx);

	if (!r->rx_started || r->rx_stalled)
		return false;
	/*
	 * Nothing at all: buffers came late and all was asked for again, even
	 * when nothing was announced.
	 */
	return received < r->rx_granted || !received;
}

static enum homa_rpc_wait homa_rpc_waits_for(const struct homa_rpc_core *r)
{
	if (homa_rpc_over(r))
		return HOMA_WAIT_NONE;
	if (r->state == HOMA_RPC_INCOMING)
		return homa_rpc_rx_due(r) ? HOMA_WAIT_PEER : HOMA_WAIT_NONE;
	/* In service, or the device has to take what may be sent first. */
	if (r->state != HOMA_RPC_OUTGOING || r->tx_next < r->tx_granted)
		return HOMA_WAIT_NONE;
	if (homa_rpc_is_client(r))
		return HOMA_WAIT_PEER;
	return r->tx_next < r->tx_len ? HOMA_WAIT_GRANT : HOMA_WAIT_ACK;
}

/* Silence before the first RESEND. */
static u64 homa_rpc_patience_ns(const struct homa_rpc_core *r,
				const struct homa_config *cfg)
{
	u64 most = min_t(u64, HOMA_BUSY_MAX_NS, cfg->timeout_ns / 2);

	/* Bytes that are missing are asked for as soon as ever. */
	if (r->state != HOMA_RPC_OUTGOING || cfg->resend_ns >= most)
		return cfg->resend_ns;
	return min((u64)cfg->resend_ns << r->busy_answers, most);
}

static u64 homa_rpc_resend_due(const struct homa_rpc_core *r,
			       const struct homa_config *cfg)
{
	return r->quiet_since_ns + homa_rpc_patience_ns(r, cfg) +
	       (u64)r->resend_rounds * cfg->resend_interval_ns;
}

static u64 homa_rpc_need_ack_due(const struct homa_rpc_core *r,
				 const struct homa_config *cfg)
{
	u32 doublings;

	if (!r->need_acks)
		return r->done_ns + cfg->request_ack_ns;
	if (r->need_acks < HOMA_NEED_ACKS_FAST)
		return r->probe_ns + HOMA_MS_NS;
	doublings = min(r->need_acks - HOMA_NEED_ACKS_FAST + 1,
			HOMA_NEED_ACK_DOUBLINGS);
	return r->probe_ns + (HOMA_MS_NS << doublings);
}

static u64 homa_rpc_probe_due(const struct homa_rpc_core *r)
{
	u32 doublings;

	if (!r->need_acks)
		return r->quiet_since_ns + HOMA_PROBE_FIRST_NS;
	doublings = min_t(u32, r->need_acks, HOMA_PROBE_DOUBLINGS);
	return r->probe_ns + min_t(u64, HOMA_PROBE_FIRST_NS << doublings,
				   HOMA_PROBE_MAX_NS);
}

u64 homa_rpc_deadline(const struct homa_rpc_core *r,
		      const struct homa_config *cfg)
{
	switch (homa_rpc_waits_for(r)) {
	case HOMA_WAIT_PEER:
		return min(homa_rpc_resend_due(r, cfg),
			   r->quiet_since_ns + cfg->timeout_ns);
	case HOMA_WAIT_GRANT:
		return min(homa_rpc_probe_due(r),
			   r->quiet_since_ns + HOMA_PROBE_END_NS);
	case HOMA_WAIT_ACK:
		return homa_rpc_need_ack_due(r, cfg);
	case HOMA_WAIT_NONE:
		break;
	}
	return U64_MAX;
}

/*
 * The peer owes us a packet and something is due now.
 *
 * A call that comes late by a round or more means that this host, not the
 * peer, was quiet: a paused guest, a starved softirq.  That time does not
 * count, or a single pause would end RPCs whose peers were never asked.
 */
static u32 homa_rpc_tick_silent(struct homa_rpc_core *r,
				const struct homa_config *cfg, u64 now_ns)
{
	u64 due = min(homa_rpc_resend_due(r, cfg),
		      r->quiet_since_ns + cfg->timeout_ns);

	if (now_ns - due >= cfg->resend_interval_ns)
		r->quiet_since_ns += now_ns - due;
	if (now_ns - r->quiet_since_ns >= cfg->timeout_ns)
		return homa_rpc_is_client(r) ? HOMA_ACT_TIMEOUT : HOMA_ACT_END;
	r->resend_rounds++;
	homa_rtt_probe_cancel(&r->probe);
	return HOMA_ACT_RESENDS;
}

bool homa_rpc_server_owes(const struct homa_rpc_core *r)
{
	return homa_rpc_is_client(r) && homa_rpc_waits_for(r) == HOMA_WAIT_PEER;
}

void homa_rpc_unresolved(struct homa_rpc_core *r, u64 now_ns)
{
	u64 ns;

	if (!homa_rpc_server_owes(r) || now_ns <= r->quiet_since_ns)
		return;
	ns = min_t(u64, now_ns - r->quiet_since_ns,
		   HOMA_UNRESOLVED_MAX_NS - r->unresolved_ns);
	if (!ns)
		return;
	r->unresolved_ns += ns;
	r->quiet_since_ns += ns;
	r->resend_rounds = 0;
	homa_rtt_probe_cancel(&r->probe);
}

/* The client owes our response a GRANT or an ack and something is due now. */
static u32 homa_rpc_tick_response(struct homa_rpc_core *r, bool give_up,
				  u64 now_ns)
{
	if (give_up)
		return HOMA_ACT_END;
	r->need_acks = min_t(u32, r->need_acks + 1, HOMA_NEED_ACKS_MAX);
	r->probe_ns = now_ns;
	return HOMA_ACT_NEED_ACK;
}

struct homa_rpc_tick homa_rpc_tick(struct homa_rpc_core *r,
				   const struct homa_config *cfg, u64 now_ns)
{
	struct homa_rpc_tick t = { .next_ns = homa_rpc_deadline(r, cfg) };
	u64 silent_since_ns;
	bool give_up;

	if (t.next_ns > now_ns)
		return t;
	switch (homa_rpc_waits_for(r)) {
	case HOMA_WAIT_PEER:
		t.actions = homa_rpc_tick_silent(r, cfg, now_ns);
		break;
	case HOMA_WAIT_GRANT:
		give_up = now_ns - r->quiet_since_ns >= HOMA_PROBE_END_NS;
		t.actions = homa_rpc_tick_response(r, give_up, now_ns);
		break;
	case HOMA_WAIT_ACK:
		/*
		 * A client as patient as this host still asks, and would be
		 * told that nobody knows its request.
		 */
		silent_since_ns = max(r->done_ns, r->quiet_since_ns);
		give_up = r->need_acks >= HOMA_NEED_ACKS_MAX &&
			  now_ns - silent_since_ns >= cfg->timeout_ns;
		t.actions = homa_rpc_tick_response(r, give_up, now_ns);
		break;
	case HOMA_WAIT_NONE:
		break;
	}
	t.next_ns = t.actions & (HOMA_ACT_TIMEOUT | HOMA_ACT_END) ?
		    U64_MAX : homa_rpc_deadline(r, cfg);
	return t;
}
