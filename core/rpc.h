/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Life of one RPC: states, offsets, silence (protocol §1, §2, §3, §7).
 *
 * One function per packet kind, per application event and for time.  Each
 * changes the state and returns what the shell has to do.  Serialised by the
 * RPC bucket lock.
 *
 *   client: OUTGOING -> INCOMING -> DEAD
 *   server: INCOMING -> IN_SERVICE -> OUTGOING -> DEAD
 */
#ifndef HOMA_CORE_RPC_H
#define HOMA_CORE_RPC_H

#include "port.h"
#include "limits.h"
#include "config.h"
#include "incast.h"
#include "reason.h"
#include "reasm.h"
#include "rtt.h"
#include "wire.h"

enum homa_rpc_state {
	HOMA_RPC_OUTGOING,	/* we send: request (client), response (server) */
	HOMA_RPC_INCOMING,	/* we receive: response (client), request (server) */
	HOMA_RPC_IN_SERVICE,	/* server: the application has the request */
	HOMA_RPC_DEAD,		/* ended; only references keep the memory */
};

/* What the shell has to do; bits of homa_rpc_verdict.actions. */
enum homa_rpc_action {
	/* Drop the packet; verdict.reason says why. */
	HOMA_ACT_DROP		= 1 << 0,
	/* First packet of a message: allocate its receive buffers, then tell
	 * homa_rpc_buffers(); only then HOMA_ACT_TAKE applies.
	 */
	HOMA_ACT_ALLOC		= 1 << 1,
	/* Offer the packet's bytes to homa_rpc_take(). */
	HOMA_ACT_TAKE		= 1 << 2,
	/* Run the transmit loop: homa_rpc_tx_next(). */
	HOMA_ACT_XMIT		= 1 << 3,
	/* Retransmit segments that overlap [start, end) (protocol §7.3). */
	HOMA_ACT_RETRANSMIT	= 1 << 4,
	/* Send BUSY. */
	HOMA_ACT_BUSY		= 1 << 5,
	/* Send RESENDs for what homa_rpc_resend_range() yields. */
	HOMA_ACT_RESENDS	= 1 << 6,
	/* Send NEED_ACK. */
	HOMA_ACT_NEED_ACK	= 1 << 7,
	/* Send ACK for this RPC. */
	HOMA_ACT_ACK		= 1 << 8,
	/* End the RPC without telling the application. */
	HOMA_ACT_END		= 1 << 9,
	/* The RPC failed for want of a sign of life: the shell calls
	 * homa_rpc_fail() with its errno for a time-out.
	 */
	HOMA_ACT_TIMEOUT	= 1 << 10,
	/* An error was recorded: queue the RPC for the application. */
	HOMA_ACT_REPORT		= 1 << 11,
};

/**
 * struct homa_rpc_verdict - what one event asks the shell to do
 * @actions: bits of enum homa_rpc_action
 * @start: first byte for RETRANSMIT
 * @end: one more than the last byte for RETRANSMIT
 * @reason: why, for DROP
 */
struct homa_rpc_verdict {
	u32 actions;
	u32 start;
	u32 end;
	enum homa_reason reason;
};

/**
 * struct homa_rpc_tick - what time asks the shell to do
 * @next_ns: call homa_rpc_tick() again not later than this; U64_MAX = only
 *	after another event (homa_rpc_deadline() tells when)
 * @actions: RESENDS, NEED_ACK, TIMEOUT or END
 */
struct homa_rpc_tick {
	u64 next_ns;
	u32 actions;
};

/**
 * struct homa_rpc_core - protocol state of an RPC
 * @id: our own id; even = we are the client
 * @quiet_since_ns: last sign of life, or last time when none was due
 * @done_ns: server: when the response was sent in full, or the client last
 *	showed life after that
 * @probe_ns: server: time of the last NEED_ACK
 * @repeat_since_ns: start of the millisecond that @repeated_bytes counts
 * @forgotten_since_ns: client: when the server first said that it does not know what it had
 *	known, since the last GRANT that said something new; 0 = never
 * @repeated_bytes: bytes sent again in it
 * @repeat_level_bytes: bytes sent again, less those that time has forgiven
 * @unresolved_ns: time for which the link-layer address of the next hop was missing
 * @error: errno recorded for the application, 0 = none
 * @state: enum homa_rpc_state
 * @resend_rounds: RESEND rounds since quiet_since_ns
 * @need_acks: NEED_ACKs since the client last showed life
 * @busy_answers: BUSYs since the last packet that was more than that
 * @server_knows: a packet shows that the other host knows the RPC; only clients ask
 * @tx_prio: level for scheduled data, from the latest GRANT
 * @response_limit: what the request says of its response's unscheduled bytes
 * @tx_started: tx_len, tx_seg and the rest of tx_* are valid
 * @rx_started: rx and the rest of rx_* are valid
 * @rx_stalled: no receive buffers: data is dropped, silence does not count
 * @delivered: server: the application was given the request
 * @tx_len: length of the outgoing message in bytes
 * @tx_seg: message bytes per full packet, fixed for the message
 * @tx_unsched: bytes sent without grant, <= tx_len
 * @tx_granted: bytes that may be sent, tx_unsched <= it <= tx_len
 * @tx_next: bytes handed to the device so far (protocol §4.4: tx_end)
 * @rx_granted: bytes that the peer may send
 * @rx_incoming: bytes that the peer announced as unscheduled
 * @probe: what is timed of the message under way (rtt.h)
 * @rx: what has arrived of the incoming message
 */
struct homa_rpc_core {
	u64 id;
	u64 quiet_since_ns;
	u64 done_ns;
	u64 probe_ns;
	u64 repeat_since_ns;
	u64 forgotten_since_ns;
	u32 repeated_bytes;
	u32 repeat_level_bytes;
	u32 unresolved_ns;
	s32 error;
	u8 state;
	u16 resend_rounds;
	u8 need_acks;
	u8 busy_answers;
	bool server_knows;
	u8 tx_prio;
	u8 response_limit;
	bool tx_started;
	bool rx_started;
	bool rx_stalled;
	bool delivered;
	u32 tx_len;
	u32 tx_seg;
	u32 tx_unsched;
	u32 tx_granted;
	u32 tx_next;
	u32 rx_granted;
	u32 rx_incoming;
	struct homa_rtt_probe probe;
	struct homa_reasm rx;
};

static inline bool homa_rpc_is_client(const struct homa_rpc_core *r)
{
	return homa_id_is_client(r->id);
}

/* All bytes of the incoming message are here. */
static inline bool homa_rpc_rx_complete(const struct homa_rpc_core *r)
{
	return r->rx_started && !r->rx_stalled && !r->rx.remaining;
}

/* Server: the response was sent in full; only the ack is missing. */
static inline bool homa_rpc_answered(const struct homa_rpc_core *r)
{
	return r->state == HOMA_RPC_OUTGOING && !homa_rpc_is_client(r) &&
	       r->tx_next >= r->tx_len;
}

/* The incoming message will not come without GRANTs (protocol §3). */
static inline bool homa_rpc_needs_grants(const struct homa_rpc_core *r)
{
	return r->rx_started && !r->rx_stalled && r->rx.remaining &&
	       r->rx_incoming < r->rx.length;
}

/* ---- application events ---- */

/**
 * homa_rpc_init_client() - a request is about to be sent
 * @r: zeroed state (rx.gaps may be anything)
 * @id: own id, even
 * @len: request length, 1..HOMA_MSG_BYTES_MAX
 * @seg: message bytes per packet, >= HOMA_SEG_BYTES_MIN
 * @cfg: settings
 * @now_ns: current time
 *
 * State is OUTGOING; the shell runs its transmit loop next.
 */
void homa_rpc_init_client(struct homa_rpc_core *r, u64 id, u32 len, u32 seg,
			  const struct homa_config *cfg, u64 now_ns);

/**
 * homa_rpc_init_server() - DATA of an unknown request arrived
 * @r: zeroed state
 * @id: own id, odd
 * @now_ns: current time
 *
 * State is INCOMING; the shell calls homa_rpc_data() next.
 */
void homa_rpc_init_server(struct homa_rpc_core *r, u64 id, u64 now_ns);

/**
 * homa_rpc_respond() - the application answers a request
 * @r: server RPC
 * @len: response length, 1..HOMA_MSG_BYTES_MAX
 * @seg: message bytes per packet
 * @cfg: settings
 * @now_ns: current time
 *
 * Return: true and state OUTGOING; false if the RPC is not IN_SERVICE
 * (nothing changes; uapi §6: EINVAL).
 */
bool homa_rpc_respond(struct homa_rpc_core *r, u32 len, u32 seg,
		      const struct homa_config *cfg, u64 now_ns);

/**
 * homa_rpc_tune_unsched() - send another part of a message without GRANT
 * @r: RPC of whose outgoing message nothing was sent
 * @unsched_bytes: in place of the setting, > 0
 *
 * What the request said of its response still holds.
 */
void homa_rpc_tune_unsched(struct homa_rpc_core *r, u32 unsched_bytes);

/**
 * homa_rpc_delivered() - the complete message was given to the application
 * @r: RPC with homa_rpc_rx_complete()
 *
 * A request in service waits for nothing: time does not matter to it.
 *
 * Return: client: ACK | END (the ack may be piggy-backed); server: no action,
 * state IN_SERVICE.  No action if it is not in INCOMING.
 */
struct homa_rpc_verdict homa_rpc_delivered(struct homa_rpc_core *r);

/**
 * homa_rpc_fail() - record an error (time-out, ICMP, abort, copy failure)
 * @r: RPC
 * @error: positive errno
 *
 * Return: client: REPORT, the first error wins; server: END.  No action when
 * DEAD or failed before.
 */
struct homa_rpc_verdict homa_rpc_fail(struct homa_rpc_core *r, s32 error);

/* homa_rpc_end() - mark the RPC dead; false if it was dead before. */
bool homa_rpc_end(struct homa_rpc_core *r);

/* ---- sending ---- */

/**
 * struct homa_tx_range - one packet to send
 * @start: first byte
 * @end: one more than the last byte; == start when there is none
 */
struct homa_tx_range {
	u32 start;
	u32 end;
};

/**
 * homa_rpc_segment() - original packet that holds a byte
 * @r: RPC with tx_started
 * @offset: < tx_len
 *
 * Packet boundaries never change for a message: multiples of tx_seg from 0,
 * one boundary at tx_unsched, and multiples of tx_seg from there
 * (wire §1.1, §7.4).
 */
struct homa_tx_range homa_rpc_segment(const struct homa_rpc_core *r,
				      u32 offset);

/**
 * homa_rpc_tx_next() - next packet that may be sent now
 * @r: RPC
 *
 * Return: the segment at tx_next if tx_next < tx_granted (a whole segment,
 * even if the grant ends inside it, protocol §2), else an empty range.  Empty
 * when the RPC is dead, failed or has nothing to send.  Changes nothing.
 */
struct homa_tx_range homa_rpc_tx_next(const struct homa_rpc_core *r);

/**
 * homa_rpc_tx_burst() - packets that may be sent now in one buffer
 * @r: RPC
 * @bytes_max: message bytes that the buffer takes
 *
 * Return: homa_rpc_tx_next() and packets that follow it, all full but the last;
 * on one side of tx_unsched, within the grant like homa_rpc_tx_next().  One
 * packet in any case, if there is one.  Changes nothing.
 */
struct homa_tx_range homa_rpc_tx_burst(const struct homa_rpc_core *r,
				       u32 bytes_max);

/**
 * homa_rpc_tx_whole() - is an outgoing message one packet that never waits?
 * @r: RPC with tx_started
 * @cfg: settings
 *
 * Return: true if nothing of it was sent, and homa_rpc_tx_next() is all of it and
 * not longer than what pacing holds back.
 */
static inline bool homa_rpc_tx_whole(const struct homa_rpc_core *r,
				     const struct homa_config *cfg)
{
	return !r->tx_next && r->tx_len <= r->tx_seg &&
	       r->tx_len <= r->tx_unsched &&
	       r->tx_len <= cfg->defer_min_bytes;
}

/**
 * homa_rpc_tx_sent() - what homa_rpc_tx_next() or homa_rpc_tx_burst() returned
 * goes to the device
 * @r: RPC
 * @end: its end
 * @now_ns: current time; silence starts to count from here
 */
void homa_rpc_tx_sent(struct homa_rpc_core *r, u32 end, u64 now_ns);

/* ---- packets; each also takes care of silence (protocol §1.3) ---- */

/**
 * homa_rpc_data() - a DATA packet for this RPC, before its bytes are taken
 * @r: RPC
 * @msg_len: from the packet, 1..HOMA_MSG_BYTES_MAX
 * @incoming: from the packet, <= msg_len
 * @now_ns: current time
 *
 * Return: DROP with WRONG_STATE, LENGTH_CHANGED or NO_BUFFER (still stalled);
 * or TAKE; or ALLOC | TAKE for the first packet.
 */
struct homa_rpc_verdict homa_rpc_data(struct homa_rpc_core *r, u32 msg_len,
				      u32 incoming, u64 now_ns);

/**
 * homa_rpc_wants_whole() - may homa_rpc_take_whole() be called?
 * @r: RPC
 *
 * Return: true if the incoming message is still to begin.
 */
static inline bool homa_rpc_wants_whole(const struct homa_rpc_core *r)
{
	if (r->error || r->rx_started)
		return false;
	return r->state == HOMA_RPC_INCOMING ||
	       (r->state == HOMA_RPC_OUTGOING && homa_rpc_is_client(r));
}

/**
 * homa_rpc_take_whole() - a DATA packet brought all of the incoming message
 * @r: RPC with homa_rpc_wants_whole()
 * @msg_len: from the packet, which holds as many bytes
 * @incoming: from the packet
 * @now_ns: current time
 *
 * The same as homa_rpc_data(), homa_rpc_buffers() with success and
 * homa_rpc_take() of all bytes, in less time: most messages are one packet.
 */
void homa_rpc_take_whole(struct homa_rpc_core *r, u32 msg_len, u32 incoming,
			 u64 now_ns);

/**
 * homa_rpc_limit_response() - the request limits what its response sends unasked
 * @r: RPC; client: before the request is sent; server: with its first packet
 * @limit: from homa_incast_limit(), or from the packet
 */
static inline void homa_rpc_limit_response(struct homa_rpc_core *r, u8 limit)
{
	r->response_limit = limit;
}

/**
 * homa_rpc_take() - record bytes of a DATA packet as received
 * @r: RPC for which homa_rpc_data() said TAKE and buffers exist
 * @start: first byte offered
 * @end: one more than the last
 * @now_ns: current time
 *
 * Loop as for homa_reasm_add().  Also raises rx_granted for bytes that came
 * beyond it.
 */
struct homa_reasm_verdict homa_rpc_take(struct homa_rpc_core *r, u32 start,
					u32 end, u64 now_ns);

/**
 * homa_rpc_buffers() - outcome of the buffer allocation
 * @r: RPC with rx_started
 * @have: buffers exist now
 * @now_ns: current time
 *
 * Return: RESENDS when a stalled message got buffers (everything is asked
 * for again: homa_rpc_resend_range() yields "all"); otherwise no action.
 */
struct homa_rpc_verdict homa_rpc_buffers(struct homa_rpc_core *r, bool have,
					 u64 now_ns);

/**
 * homa_rpc_granted() - we send a GRANT for the incoming message
 * @r: RPC
 * @offset: absolute offset
 * @now_ns: current time
 *
 * Return: false if the RPC has no use for it any more (do not send it).
 */
bool homa_rpc_granted(struct homa_rpc_core *r, u32 offset, u64 now_ns);

/**
 * homa_rpc_grant() - GRANT arrived
 * @r: RPC
 * @offset: cumulative; clipped to the message
 * @priority: level, < HOMA_PRIORITIES_MAX
 * @now_ns: current time
 *
 * Return: XMIT, or DROP with WRONG_STATE.
 */
struct homa_rpc_verdict homa_rpc_grant(struct homa_rpc_core *r, u32 offset,
				       u8 priority, u64 now_ns);

/**
 * homa_rpc_resend() - RESEND arrived (protocol §7.3)
 * @r: RPC
 * @offset: first byte wanted
 * @length: bytes wanted
 * @all: nothing was received; everything sent so far is wanted
 * @now_ns: current time
 *
 * At most tx_len bytes (or HOMA_REPEAT_BYTES_MIN, if that is more) are
 * retransmitted in a millisecond; beyond that the answer is BUSY.  And all that
 * was sent is sent again at most HOMA_REPEAT_TIMES at once, and once more in each
 * HOMA_REPEAT_NS; beyond that the first packet of what is asked for goes.  If it
 * arrives, the peer asks for others next.
 *
 * Return: a combination of RETRANSMIT (with a range), XMIT and BUSY.
 */
struct homa_rpc_verdict homa_rpc_resend(struct homa_rpc_core *r, u32 offset,
					u32 length, bool all, u64 now_ns);

/**
 * homa_rpc_busy() - BUSY arrived: a sign of life
 * @r: RPC
 * @now_ns: current time
 *
 * A client that waits for a response asks more and more rarely then: see
 * homa_rpc_tick().
 */
void homa_rpc_busy(struct homa_rpc_core *r, u64 now_ns);

/**
 * homa_rpc_unknown() - RPC_UNKNOWN arrived (protocol §7.4)
 * @r: RPC
 * @now_ns: current time
 *
 * A server that has part of a request only, forgets it after timeout_ns, and says
 * BUSY till then: where some packets never get through, that alone would go on
 * forever.
 *
 * Return: client OUTGOING: RETRANSMIT [0, tx_next), or less, as for
 * homa_rpc_resend(), or TIMEOUT if the server has been forgetting the request for
 * HOMA_FORGOTTEN_NS, without pauses of HOMA_FORGOTTEN_PAUSE_NS in which it asked
 * for nothing; client INCOMING: DROP; server: END.
 */
struct homa_rpc_verdict homa_rpc_unknown(struct homa_rpc_core *r, u64 now_ns);

/**
 * homa_rpc_need_ack() - NEED_ACK arrived
 * @r: RPC
 *
 * Return: client with the complete response: ACK; incomplete: RESENDS, or BUSY
 * when nothing can be asked for now (no buffers, or our GRANT is to come), so
 * that the server does not give up; server: DROP with WRONG_ROLE.
 */
struct homa_rpc_verdict homa_rpc_need_ack(struct homa_rpc_core *r);

/**
 * homa_rpc_ack() - ACK arrived that names this RPC
 * @r: RPC
 *
 * Return: server: END in any state (protocol §1.3); client: DROP with
 * WRONG_ROLE.
 */
struct homa_rpc_verdict homa_rpc_ack(struct homa_rpc_core *r);

/**
 * homa_rpc_resend_range() - what the next RESEND of a round asks for
 * @r: RPC
 * @from: 0 for the first, then the previous range's end
 * @out: range; end == U32_MAX means "all" (wire §6.3, length -1)
 *
 * Return: false when there is nothing more.  The shell sends at most
 * HOMA_RESENDS_PER_ROUND of them.
 */
bool homa_rpc_resend_range(const struct homa_rpc_core *r, u32 from,
			   struct homa_tx_range *out);

/* ---- round-trip times ---- */

/**
 * homa_rpc_time_grant() - does a GRANT answer what was timed?
 * @r: RPC
 * @offset: of the GRANT
 * @now_ns: current time
 *
 * To be called before homa_rpc_grant().  Return: a round-trip time, or 0.
 */
u64 homa_rpc_time_grant(struct homa_rpc_core *r, u32 offset, u64 now_ns);

/**
 * homa_rpc_time_data() - does DATA answer what was timed?
 * @r: RPC
 * @start: first byte
 * @retransmit: it was sent before
 * @now_ns: current time
 *
 * To be called for data that was taken.  Return: a round-trip time, or 0.
 */
u64 homa_rpc_time_data(struct homa_rpc_core *r, u32 start, bool retransmit,
		       u64 now_ns);

/* ---- time ---- */

/**
 * homa_rpc_deadline() - when homa_rpc_tick() will have something to do
 * @r: RPC
 * @cfg: settings
 *
 * Assumes that nothing else happens.  Return: U64_MAX if never.
 */
u64 homa_rpc_deadline(const struct homa_rpc_core *r,
		      const struct homa_config *cfg);

/**
 * homa_rpc_server_owes() - does silence of the server count?
 * @r: RPC
 *
 * Return: true for a client if a RESEND or the end of the RPC comes next.
 */
bool homa_rpc_server_owes(const struct homa_rpc_core *r);

/**
 * homa_rpc_unresolved() - what was sent waits in this host for a link-layer address
 * @r: RPC with homa_rpc_server_owes()
 * @now_ns: current time
 *
 * A server that was not asked is not silent: its silence, and the rounds of RESENDs, begin
 * now.  (A stranger's half request, from an address that nobody has, gets no more
 * time.)  Who resolves addresses gives up before HOMA_UNRESOLVED_MAX_NS and says so;
 * what is beyond that in the life of an RPC is silence.
 */
void homa_rpc_unresolved(struct homa_rpc_core *r, u64 now_ns);

/**
 * homa_rpc_tick() - time has passed (protocol §7.1)
 * @r: RPC
 * @cfg: settings
 * @now_ns: current time
 *
 * May be called at any time, earlier or later than the deadline.  RESENDS at
 * silence resend_ns + n * resend_interval_ns (at most one round per call; the
 * lateness of a call that comes a round or more too late is not silence),
 * TIMEOUT (client) or END (server) at timeout_ns.  Silence counts while we wait
 * for the peer: client OUTGOING with all granted bytes sent; INCOMING with
 * buffers and with granted bytes (or all bytes) missing.  For a client OUTGOING
 * resend_ns doubles with each BUSY in a row, up to eight times, 50 ms or half of
 * timeout_ns, whichever is the least.  Server OUTGOING, sent
 * in full: NEED_ACK request_ack_ns later, then 4 more each ms, then at doubling
 * intervals up to 64 ms, END after HOMA_NEED_ACKS_MAX without sign of life and
 * timeout_ns, because a client as patient as this host may still ask.
 * Server OUTGOING that waits for GRANTs: NEED_ACK as a probe after 64 ms of
 * silence, doubling to 2 s, END after 30 s.  For these two a RESEND is a sign
 * of life, too.
 */
struct homa_rpc_tick homa_rpc_tick(struct homa_rpc_core *r,
				   const struct homa_config *cfg, u64 now_ns);

#endif /* HOMA_CORE_RPC_H */
