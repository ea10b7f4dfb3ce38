// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Pacing: keeps the queue of the device short, so that the order in which
 * packets leave is decided here, fewest remaining bytes first (protocol §4.1).
 *
 * A message that may not send now is put in the SRPT queue; from then on only
 * the pacer, a timer in softirq, sends its packets, until its grant is used up.
 */
#include "homa.h"
#include "trace.h"

/* Buffers sent in one expiry of the pacer. */
#define PACER_BATCH 32

/* What goes out next of a message, if it may: packets in one buffer. */
static struct homa_tx_range burst(const struct homa_rpc *rpc,
				  const struct homa_config *cfg)
{
	return homa_rpc_tx_burst(&rpc->core,
				 homa_pace_burst_bytes(cfg->link_mbps));
}

/* Its bytes on the link, but for one packet's HOMA_PACE_LINK_OVERHEAD_BYTES. */
static u32 burst_ip_bytes(const struct homa_rpc *rpc, struct homa_tx_range r)
{
	u32 packets = DIV_ROUND_UP(r.end - r.start, rpc->core.tx_seg);

	return r.end - r.start + packets * (HOMA_DATA_HDR_BYTES + 40) +
	       (packets - 1) * HOMA_PACE_LINK_OVERHEAD_BYTES;
}

static bool account(struct homa_net *hn, u32 bytes, u64 now_ns,
		    const struct homa_config *cfg, bool force)
{
	u32 wire_ns = homa_pace_wire_ns(bytes, cfg->link_mbps);
	s64 old = atomic64_read(&hn->sched.idle_until_ns);
	struct homa_pace_verdict v;

	do {
		v = homa_pace_try(old, now_ns, wire_ns,
				  cfg->max_nic_backlog_ns, force);
		if (!v.send)
			return false;
	} while (!atomic64_try_cmpxchg(&hn->sched.idle_until_ns, &old,
				       v.idle_until_ns));
	return true;
}

/**
 * homa_sched_account() - a packet goes out that pacing does not hold back
 * @hn: namespace
 * @bytes: length of the IP packet
 * @now_ns: current time
 */
void homa_sched_account(struct homa_net *hn, u32 bytes, u64 now_ns)
{
	rcu_read_lock();
	account(hn, bytes, now_ns, &rcu_dereference(hn->settings)->core, true);
	rcu_read_unlock();
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
	struct homa_sched *sched = &rpc->hn->sched;
	const struct homa_settings *s;
	struct homa_tx_range r;
	bool first = false;

	lockdep_assert_held(&rpc->bucket->lock);
	if (rpc->deferred)
		return nothing;

	/* With softirqs disabled this is a read-side section. */
	s = rcu_dereference_bh(rpc->hn->settings);
	r = burst(rpc, &s->core);
	if (account(rpc->hn, burst_ip_bytes(rpc, r), now_ns, &s->core,
		    !s->throttle || left <= s->core.defer_min_bytes))
		return r;

	spin_lock(&sched->lock);
	first = !sched->srpt.count;
	if (first)
		sched->busy_since = homa_cycles();
	homa_srpt_add(&sched->srpt, &rpc->srpt, left, rpc->birth_ns);
	spin_unlock(&sched->lock);
	rpc->deferred = true;
	HOMA_INC(rpc->hn, throttle_list_adds);
	trace_homa_rpc_hold_back(rpc);
	if (first)
		hrtimer_start(&sched->pacer,
			      ns_to_ktime(atomic64_read(&sched->idle_until_ns)),
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
	struct homa_sched *sched = &rpc->hn->sched;

	lockdep_assert_held(&rpc->bucket->lock);
	if (!rpc->deferred)
		return;
	spin_lock(&sched->lock);
	homa_srpt_remove(&sched->srpt, &rpc->srpt);
	if (!sched->srpt.count)
		HOMA_ADD(rpc->hn, nic_backlog_cycles,
			 homa_cycles_since(sched->busy_since));
	spin_unlock(&sched->lock);
	rpc->deferred = false;
}

/* Send the next packets of a message chosen by SRPT, or by its age. */
static void send_one(struct homa_rpc *rpc, const struct homa_config *cfg,
		     bool fifo, u64 now_ns)
{
	struct homa_sched *sched = &rpc->hn->sched;
	struct homa_tx_range r;
	u8 priority;

	homa_rpc_lock(rpc);
	r = burst(rpc, cfg);
	if (r.start == r.end || !homa_rpc_alive(rpc)) {
		homa_sched_remove_locked(rpc);
		homa_rpc_unlock(rpc);
		return;
	}
	priority = r.start < rpc->core.tx_unsched ?
		   homa_tx_unsched_priority(rpc) : rpc->core.tx_prio;
	account(rpc->hn, burst_ip_bytes(rpc, r), now_ns, cfg, true);
	homa_rpc_tx_sent(&rpc->core, r.end, now_ns);
	if (homa_rpc_tx_next(&rpc->core).end > r.end) {
		spin_lock_bh(&sched->lock);
		homa_srpt_sent(&sched->srpt, &rpc->srpt, r.end - r.start);
		spin_unlock_bh(&sched->lock);
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
	homa_tx_range(rpc, r.start, r.end, priority, false,
		      rpc->core.tx_unsched);
}

static enum hrtimer_restart pacer_expired(struct hrtimer *timer)
{
	struct homa_net *hn = container_of(timer, struct homa_net,
					   sched.pacer);
	struct homa_sched *sched = &hn->sched;
	u64 started_ns = ktime_get_ns();
	u64 not_before_ns = U64_MAX;
	struct homa_config cfg;
	u64 now_ns;
	u64 pause_ns;
	u32 i;

	homa_config_get(hn, &cfg);
	for (i = 0; i < PACER_BATCH; i++) {
		struct homa_srpt_verdict v;
		struct homa_rpc *rpc = NULL;
		u64 idle_until_ns;

		now_ns = ktime_get_ns();
		idle_until_ns = atomic64_read(&sched->idle_until_ns);
		spin_lock_bh(&sched->lock);
		v = homa_srpt_next(&sched->srpt, &cfg, now_ns, idle_until_ns);
		if (v.entry) {
			rpc = container_of(v.entry, struct homa_rpc, srpt);
			homa_rpc_hold(rpc);	/* queued, so alive */
		}
		spin_unlock_bh(&sched->lock);
		not_before_ns = v.not_before_ns;
		if (!rpc)
			break;
		send_one(rpc, &cfg, v.fifo, now_ns);
		homa_rpc_put(rpc);
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
		pause_ns = max_t(u64, cfg.max_nic_backlog_ns / 2,
				 now_ns - started_ns);
		hrtimer_start(timer,
			      ns_to_ktime(max(not_before_ns, now_ns) +
					  pause_ns),
			      HRTIMER_MODE_ABS_SOFT);
	}
	return HRTIMER_NORESTART;
}

/**
 * homa_sched_init() - an idle link
 * @hn: namespace
 */
void homa_sched_init(struct homa_net *hn)
{
	struct homa_sched *sched = &hn->sched;

	spin_lock_init(&sched->lock);
	homa_srpt_init(&sched->srpt);
	atomic64_set(&sched->idle_until_ns, 0);
	hrtimer_setup(&sched->pacer, pacer_expired, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_SOFT);
}

/**
 * homa_sched_exit() - stop
 * @hn: namespace without RPCs
 */
void homa_sched_exit(struct homa_net *hn)
{
	hrtimer_cancel(&hn->sched.pacer);
}
