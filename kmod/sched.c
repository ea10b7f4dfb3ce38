// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Pacing: keeps the queue of the device short, so that the order in which
 * packets leave is decided here, fewest remaining bytes first (protocol §4.1).
 *
 * A message that may not send now is put in the SRPT queue of its link; from then
 * on only the link's pacer, a timer in softirq, sends its packets, until its grant
 * is used up.  Two things hold a message back: the link is estimated to be busy
 * (pace.h), or packets wait in the queue of the device and enough of them are
 * ours (meter.h), whatever the reason: a shaper, other traffic, flow control.
 */
#include "homa.h"
#include "trace.h"

/* Buffers sent in one expiry of the pacer. */
#define PACER_BATCH 32

/*
 * A full queue can become empty without one of our buffers leaving: they may have
 * left the device already, for a bridge on this machine.
 */
#define FULL_POLL_NS 100000u

/* What an sk_buff costs beside the bytes of its message. */
#define BUFFER_OVERHEAD_BYTES 1024u

/*
 * What goes out next of a message, if it may: packets in one buffer.  Where the
 * queue of the device is kept short, a buffer is not longer than that queue: a
 * short message waits for both.
 */
static struct homa_tx_range burst(const struct homa_rpc *rpc,
				  const struct homa_link *link,
				  const struct homa_settings *s)
{
	u32 mbps = homa_meter_mbps(&link->meter,
				   homa_link_mbps(link, &s->core));
	u32 ns = homa_link_is_paced(link, s) ? s->core.max_nic_backlog_ns :
					       HOMA_PACE_BURST_NS;

	return homa_rpc_tx_burst(&rpc->core, homa_pace_burst_bytes(mbps, ns));
}

/* Do enough of our bytes wait in the device?  Context: softirqs disabled. */
static bool full(const struct homa_link *link, const struct homa_rpc *rpc,
		 struct homa_tx_range r, const struct homa_config *cfg)
{
	s64 queued = atomic_read(&link->queued_bytes);

	if (queued <= 0)
		return false;
	queued += r.end - r.start;
	if (queued <= homa_meter_queue_bytes(&link->meter,
					     homa_link_mbps(link, cfg),
					     rpc->core.tx_seg) +
		      2 * BUFFER_OVERHEAD_BYTES)
		return false;
	return homa_link_backlogged(link);
}

/* Its bytes on the link, but for one packet's HOMA_PACE_LINK_OVERHEAD_BYTES. */
static u32 burst_ip_bytes(const struct homa_rpc *rpc, struct homa_tx_range r)
{
	u32 packets = DIV_ROUND_UP(r.end - r.start, rpc->core.tx_seg);

	return r.end - r.start + packets * (HOMA_DATA_HDR_BYTES + 40) +
	       (packets - 1) * HOMA_PACE_LINK_OVERHEAD_BYTES;
}

static bool account(struct homa_link *link, u32 bytes, u64 now_ns,
		    const struct homa_settings *s, bool force)
{
	struct homa_pace_verdict v;
	u32 wire_ns;
	s64 old;

	if (!homa_link_is_paced(link, s))
		return true;
	wire_ns = homa_pace_wire_ns(bytes, homa_link_mbps(link, &s->core));
	old = atomic64_read(&link->idle_until_ns);
	do {
		v = homa_pace_try(old, now_ns, wire_ns,
				  s->core.max_nic_backlog_ns, force);
		if (!v.send)
			return false;
	} while (!atomic64_try_cmpxchg(&link->idle_until_ns, &old,
				       v.idle_until_ns));
	return true;
}

/**
 * homa_sched_account() - a packet goes out that pacing does not hold back
 * @rpc: its RPC
 * @bytes: length of the IP packet
 * @now_ns: current time
 *
 * Context: softirqs disabled.
 */
void homa_sched_account(struct homa_rpc *rpc, u32 bytes, u64 now_ns)
{
	const struct homa_settings *s = rcu_dereference_bh(rpc->hn->settings);

	account(homa_link_rcu(rpc), bytes, now_ns, s, true);
}

/**
 * homa_sched_try_locked() - may this message send packets now?
 * @rpc: RPC with a packet to send
 * @now_ns: current time
 *
 * Context: RPC lock held; takes the tx lock.
 * Return: what it may send, which is accounted.  Nothing: the pacer has the
 * message now and will send it.
 */
struct homa_tx_range homa_sched_try_locked(struct homa_rpc *rpc, u64 now_ns)
{
	u32 left = rpc->core.tx_len - rpc->core.tx_next;
	const struct homa_tx_range nothing = {};
	const struct homa_settings *s;
	struct homa_link *link;
	struct homa_tx_range r;
	bool first = false;
	bool is_full;
	bool force;

	lockdep_assert_held(&rpc->bucket->lock);
	if (rpc->deferred_to)
		return nothing;

	/* With softirqs disabled this is a read-side section. */
	s = rcu_dereference_bh(rpc->hn->settings);
	link = homa_link_rcu(rpc);
	r = burst(rpc, link, s);
	force = !s->throttle || left <= s->core.defer_min_bytes;
	is_full = !force && (READ_ONCE(link->full) ||
			     full(link, rpc, r, &s->core));
	if (!is_full &&
	    account(link, burst_ip_bytes(rpc, r), now_ns, s, force))
		return r;
	if (!refcount_inc_not_zero(&link->refs)) {
		/* The device went away, and so will the packet. */
		return r;
	}

	spin_lock(&link->lock);
	first = !link->srpt.count;
	if (first) {
		link->busy_since = homa_cycles();
		/* Not all was counted while nobody waited. */
		link->meter.since_ns = 0;
	}
	homa_srpt_add(&link->srpt, &rpc->srpt, left, rpc->birth_ns);
	spin_unlock(&link->lock);
	rpc->deferred_to = link;
	HOMA_INC(rpc->hn, throttle_list_adds);
	trace_homa_rpc_hold_back(rpc);
	if (first)
		hrtimer_start(&link->pacer,
			      ns_to_ktime(is_full ? 0 :
					  atomic64_read(&link->idle_until_ns)),
			      HRTIMER_MODE_ABS_SOFT);
	return nothing;
}

/**
 * homa_sched_remove_locked() - the pacer has no business with it any more
 * @rpc: RPC; need not be deferred
 *
 * Context: RPC lock held; takes the tx lock.
 */
void homa_sched_remove_locked(struct homa_rpc *rpc)
{
	struct homa_link *link = rpc->deferred_to;

	lockdep_assert_held(&rpc->bucket->lock);
	if (!link)
		return;
	spin_lock(&link->lock);
	homa_srpt_remove(&link->srpt, &rpc->srpt);
	if (!link->srpt.count)
		HOMA_ADD(rpc->hn, nic_backlog_cycles,
			 homa_cycles_since(link->busy_since));
	spin_unlock(&link->lock);
	rpc->deferred_to = NULL;
	homa_link_put(link);
}

/**
 * homa_sched_drained() - a counted buffer has left the device
 * @link: link
 * @bytes: as it was counted
 *
 * Context: any; locks of a qdisc may be held.
 */
void homa_sched_drained(struct homa_link *link, u32 bytes)
{
	int left = atomic_sub_return(bytes, &link->queued_bytes);

	/* IPsec makes buffers larger than they were counted. */
	if (unlikely(left < 0))
		atomic_cmpxchg(&link->queued_bytes, left, 0);
	/* The pair of the barrier in look_full(). */
	if (READ_ONCE(link->full) && left <= READ_ONCE(link->resume_bytes))
		hrtimer_start(&link->pacer, 0, HRTIMER_MODE_ABS_SOFT);
}

/*
 * The pacer looks whether the device takes the next buffer of a message.  If not,
 * homa_sched_drained() wakes it, or time does.
 */
static bool look_full(struct homa_link *link, const struct homa_rpc *rpc,
		      const struct homa_settings *s, u64 now_ns)
{
	u32 mbps_max = homa_link_mbps(link, &s->core);
	struct homa_tx_range r = burst(rpc, link, s);
	bool is_full;

	WRITE_ONCE(link->full, true);
	WRITE_ONCE(link->resume_bytes,
		   homa_meter_queue_bytes(&link->meter, mbps_max,
					  rpc->core.tx_seg) / 2 +
		   BUFFER_OVERHEAD_BYTES);
	/* Whoever lowers queued_bytes after this sees @full. */
	smp_mb();
	is_full = full(link, rpc, r, &s->core);
	if (is_full) {
		homa_meter_full(&link->meter, now_ns, link->given_bytes -
				atomic_read(&link->queued_bytes));
		HOMA_INC(link->hn, pacer_device_full);
		return true;
	}
	if (!homa_link_backlogged(link))
		homa_meter_free(&link->meter, now_ns, mbps_max);
	WRITE_ONCE(link->full, false);
	return false;
}

/* Send the next packets of a message chosen by SRPT, or by its age. */
static void send_one(struct homa_rpc *rpc, struct homa_link *link,
		     const struct homa_settings *s, bool fifo, u64 now_ns)
{
	struct homa_tx_range r;
	u8 priority;

	homa_rpc_lock(rpc);
	r = burst(rpc, link, s);
	if (r.start == r.end || !homa_rpc_alive(rpc) ||
	    rpc->deferred_to != link) {
		homa_sched_remove_locked(rpc);
		homa_rpc_unlock(rpc);
		return;
	}
	priority = r.start < rpc->core.tx_unsched ?
		   homa_tx_unsched_priority(rpc) : rpc->core.tx_prio;
	account(link, burst_ip_bytes(rpc, r), now_ns, s, true);
	homa_rpc_tx_sent(&rpc->core, r.end, now_ns);
	if (homa_rpc_tx_next(&rpc->core).end > r.end) {
		spin_lock_bh(&link->lock);
		homa_srpt_sent(&link->srpt, &rpc->srpt, r.end - r.start);
		spin_unlock_bh(&link->lock);
	} else {
		homa_sched_remove_locked(rpc);
	}
	homa_timer_start_locked(rpc);
	homa_rpc_unlock(rpc);

	HOMA_ADD(rpc->hn, pacer_packets,
		 DIV_ROUND_UP(r.end - r.start, rpc->core.tx_seg));
	HOMA_ADD(rpc->hn, pacer_homa_bytes, r.end - r.start);
	if (fifo)
		HOMA_ADD(rpc->hn, pacer_fifo_bytes, r.end - r.start);
	link->given_bytes += r.end - r.start;
	homa_tx_range(rpc, r.start, r.end, priority, false,
		      rpc->core.tx_unsched);
}

/* The message whose turn it is, referenced; NULL if none may go now. */
static struct homa_rpc *next_rpc(struct homa_link *link,
				 const struct homa_config *cfg, u64 now_ns,
				 struct homa_srpt_verdict *v)
{
	u64 idle_until_ns = atomic64_read(&link->idle_until_ns);
	struct homa_rpc *rpc = NULL;

	spin_lock_bh(&link->lock);
	*v = homa_srpt_next(&link->srpt, cfg, now_ns, idle_until_ns);
	if (v->entry) {
		rpc = container_of(v->entry, struct homa_rpc, srpt);
		homa_rpc_hold(rpc);	/* queued, so alive */
	}
	spin_unlock_bh(&link->lock);
	return rpc;
}

/* What the pacer does when it is time; RCU read-side section. */
static void pace(struct homa_link *link, const struct homa_settings *s)
{
	u64 started_ns = ktime_get_ns();
	u64 not_before_ns = U64_MAX;
	u64 now_ns;
	u64 pause_ns;
	u32 i;

	for (i = 0; i < PACER_BATCH; i++) {
		struct homa_srpt_verdict v;
		struct homa_rpc *rpc;
		bool is_full;

		now_ns = ktime_get_ns();
		rpc = next_rpc(link, &s->core, now_ns, &v);
		not_before_ns = v.not_before_ns;
		if (!rpc)
			break;
		local_bh_disable();
		is_full = look_full(link, rpc, s, now_ns);
		local_bh_enable();
		if (!is_full)
			send_one(rpc, link, s, v.fifo, now_ns);
		homa_rpc_put(rpc);
		if (is_full) {
			hrtimer_start(&link->pacer,
				      ns_to_ktime(now_ns + FULL_POLL_NS),
				      HRTIMER_MODE_ABS_SOFT);
			return;
		}
		not_before_ns = now_ns;
	}

	/*
	 * Come back when half of the allowed backlog has drained, not after
	 * each packet; and on a CPU that is slower than the link, leave as much
	 * time to everybody else as was spent here.  If the queue is empty,
	 * homa_sched_try_locked() starts the timer with the next message.
	 */
	if (not_before_ns != U64_MAX) {
		now_ns = ktime_get_ns();
		pause_ns = max_t(u64, s->core.max_nic_backlog_ns / 2,
				 now_ns - started_ns);
		hrtimer_start(&link->pacer,
			      ns_to_ktime(max(not_before_ns, now_ns) +
					  pause_ns),
			      HRTIMER_MODE_ABS_SOFT);
	}
}

static enum hrtimer_restart pacer_expired(struct hrtimer *timer)
{
	struct homa_link *link = container_of(timer, struct homa_link, pacer);
	bool idle;

	WRITE_ONCE(link->full, false);
	/* Only messages keep the namespace; the link may outlive it a moment. */
	spin_lock_bh(&link->lock);
	idle = !link->srpt.count;
	spin_unlock_bh(&link->lock);
	if (idle)
		return HRTIMER_NORESTART;
	rcu_read_lock();
	pace(link, rcu_dereference(link->hn->settings));
	rcu_read_unlock();
	return HRTIMER_NORESTART;
}

/**
 * homa_sched_init() - an idle link
 * @link: zeroed
 */
void homa_sched_init(struct homa_link *link)
{
	spin_lock_init(&link->lock);
	homa_srpt_init(&link->srpt);
	atomic64_set(&link->idle_until_ns, 0);
	hrtimer_setup(&link->pacer, pacer_expired, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_SOFT);
}

/**
 * homa_sched_exit() - stop
 * @link: link that nobody uses
 */
void homa_sched_exit(struct homa_link *link)
{
	hrtimer_cancel(&link->pacer);
}
