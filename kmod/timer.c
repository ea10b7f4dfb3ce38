// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The timer wheel: looks at an RPC when time may matter to it (protocol §7.1).
 *
 * One high-resolution timer per namespace, set to the next slot that holds an
 * RPC and stopped when there is none.  Slots are 1 ms wide.  An RPC is not
 * moved when packets arrive: it is looked at when its slot is due and put
 * where its then earliest deadline lies.  Only a deadline that comes nearer (a
 * response was sent in full: NEED_ACK) moves it.
 *
 * Most RPCs end before time can matter to them, and should not pay for it.  So
 * a new one is not put in the wheel; it is only noted as young in its bucket, and
 * the bucket in a bitmap of its CPU.  A little later the timer looks at the young
 * RPCs that are still there and puts them in the wheel.  What it does depends on
 * how many are young, not on how many there are.
 */
#include <linux/math64.h>
#include "homa.h"
#include "trace.h"

/* RPCs visited in one expiry, and when to stop before; the rest waits. */
#define VISITS_MAX 256
#define EXPIRY_NS (2 * NSEC_PER_MSEC)

/* Longest time that an RPC is not looked at. */
#define YOUNG_TICKS_MAX 4

/* Young RPCs looked at in one expiry; the rest waits for the next, a tick later. */
#define LOOKS_MAX 1024

static u64 tick_of(u64 ns)
{
	return div_u64(ns, HOMA_TICK_NS);
}

static struct list_head *slot_of(struct homa_wheel *w, u64 tick)
{
	return &w->slots[tick & (HOMA_WHEEL_SLOTS - 1)];
}

static void set_timer_locked(struct homa_wheel *w, u64 tick)
{
	lockdep_assert_held(&w->lock);
	w->timer_tick = tick;
	hrtimer_start(&w->timer, ns_to_ktime(tick * HOMA_TICK_NS),
		      HRTIMER_MODE_ABS_SOFT);
}

/* Slot that begins at or after a time: never early. */
static u64 deadline_tick(u64 when_ns)
{
	return when_ns == U64_MAX ? U64_MAX :
				    tick_of(when_ns + HOMA_TICK_NS - 1);
}

/**
 * homa_timer_arm_locked() - look at an RPC at or soon after a time
 * @rpc: RPC; if it is in the wheel already, it is only moved to an earlier slot
 * @when_ns: time; U64_MAX = nothing to do
 *
 * Context: RPC lock held; takes homa_wheel.lock.
 */
void homa_timer_arm_locked(struct homa_rpc *rpc, u64 when_ns)
{
	struct homa_wheel *w = &rpc->hn->wheel;
	u64 tick;

	lockdep_assert_held(&rpc->bucket->lock);
	if (when_ns == U64_MAX)
		return;

	/* The RPC lock has disabled softirqs already. */
	spin_lock(&w->lock);
	/*
	 * An empty wheel stands still.  The coarse clock is a few ms late at
	 * most, so no slot is skipped, and costs no access to the hardware.
	 */
	if (!w->count)
		w->tick = max(w->tick, tick_of(ktime_get_coarse_ns()));
	tick = clamp(deadline_tick(when_ns), w->tick + 1,
		     w->tick + HOMA_WHEEL_SLOTS - 1);
	if (list_empty(&rpc->wheel_link))
		w->count++;
	else if (tick >= rpc->wheel_tick)
		goto out;
	list_move_tail(&rpc->wheel_link, slot_of(w, tick));
	rpc->wheel_tick = tick;
	if (tick < w->timer_tick)
		set_timer_locked(w, tick);
out:
	spin_unlock(&w->lock);
}

static void set_young_locked(struct homa_wheel *w, u64 tick)
{
	lockdep_assert_held(&w->lock);
	w->young_tick = tick;
	WRITE_ONCE(w->young_armed, tick != U64_MAX);
}

/*
 * Ticks until young buckets are looked at.  An RPC that is due by then is
 * visited at once, so nothing is later than in the wheel.
 */
static u64 young_ticks(const struct homa_config *cfg)
{
	u32 ns = min(cfg->request_ack_ns, cfg->resend_ns);

	return clamp(ns / (u32)HOMA_TICK_NS, 1, YOUNG_TICKS_MAX);
}

static noinline void start_looking(struct homa_net *hn)
{
	struct homa_wheel *w = &hn->wheel;
	u64 tick;

	/* With softirqs disabled this is a read-side section. */
	tick = tick_of(ktime_get_ns()) +
	       young_ticks(&rcu_dereference_bh(hn->settings)->core);
	spin_lock(&w->lock);
	if (!w->young_armed) {
		set_young_locked(w, tick);
		if (tick < w->timer_tick)
			set_timer_locked(w, tick);
	}
	spin_unlock(&w->lock);
}

/* Let the timer look at an RPC that is not in the wheel. */
static void mark_young_locked(struct homa_rpc *rpc)
{
	struct homa_tables *t = rpc->hn->tables;

	lockdep_assert_held(&rpc->bucket->lock);
	/* The bit that was set then is there, or somebody is about to look. */
	if (!list_empty(&rpc->young_link) || !homa_rpc_alive(rpc))
		return;
	list_add_tail(&rpc->young_link, &rpc->bucket->young);
	/* Whoever clears the bit sees the RPC: pairs with look_at_young(). */
	smp_mb__before_atomic();
	set_bit(rpc->bucket - t->buckets, raw_cpu_ptr(t->young)->buckets);
	smp_mb__after_atomic();		/* pairs with look_at_young() */
	if (unlikely(!READ_ONCE(rpc->hn->wheel.young_armed)))
		start_looking(rpc->hn);
}

/**
 * homa_timer_start_locked() - what time means to an RPC may have changed
 * @rpc: RPC
 *
 * To be called when its deadline may have come nearer.  Context: RPC lock held.
 */
void homa_timer_start_locked(struct homa_rpc *rpc)
{
	u64 when_ns;

	lockdep_assert_held(&rpc->bucket->lock);
	/*
	 * Only the holder of the RPC lock links it; the timer may unlink it at
	 * any time, but then waits for the RPC lock to look at it and to link
	 * it anew.
	 */
	if (list_empty_careful(&rpc->wheel_link)) {
		mark_young_locked(rpc);
		return;
	}
	/* With softirqs disabled this is a read-side section. */
	when_ns = homa_rpc_deadline(&rpc->core,
				    &rcu_dereference_bh(rpc->hn->settings)->core);
	if (rpc->wheel_tick > deadline_tick(when_ns))
		homa_timer_arm_locked(rpc, when_ns);
}

/**
 * homa_timer_disarm_locked() - time does not matter any more
 * @rpc: RPC
 *
 * Context: RPC lock held; takes homa_wheel.lock.
 */
void homa_timer_disarm_locked(struct homa_rpc *rpc)
{
	struct homa_wheel *w = &rpc->hn->wheel;

	lockdep_assert_held(&rpc->bucket->lock);
	/* Only the holder of the RPC lock links it. */
	if (list_empty_careful(&rpc->wheel_link))
		return;
	spin_lock(&w->lock);
	if (!list_empty(&rpc->wheel_link)) {
		list_del_init(&rpc->wheel_link);
		w->count--;
	}
	spin_unlock(&w->lock);
}

static void send_need_ack(struct homa_rpc *rpc)
{
	struct homa_hdr hdr = { .type = HOMA_NEED_ACK };

	trace_homa_rpc_need_ack(rpc);
	homa_tx_rpc_control(rpc, &hdr);
}

/*
 * If what was sent waits for the address of the next hop, the server is not silent.
 * RPC lock held; released to ask the neighbour tables.
 */
static void ask_neighbour_locked(struct homa_rpc *rpc)
{
	bool unresolved;

	homa_rpc_unlock(rpc);
	unresolved = homa_route_unresolved(rpc);
	homa_rpc_lock(rpc);
	if (!unresolved)
		return;
	HOMA_INC(rpc->hn, timer_unresolved);
	homa_rpc_unresolved(&rpc->core, ktime_get_ns());
}

static void visit(struct homa_rpc *rpc, const struct homa_config *cfg)
{
	struct homa_rpc_tick t = { .next_ns = U64_MAX };
	struct homa_todo todo;

	homa_todo_init(&todo);
	HOMA_INC(rpc->hn, timer_visits);
	homa_rpc_lock(rpc);
	if (homa_rpc_server_owes(&rpc->core) &&
	    homa_rpc_deadline(&rpc->core, cfg) <= ktime_get_ns())
		ask_neighbour_locked(rpc);
	if (homa_rpc_alive(rpc) && !rpc->core.error) {
		t = homa_rpc_tick(&rpc->core, cfg, ktime_get_ns());
		if (t.actions & HOMA_ACT_TIMEOUT) {
			homa_rpc_timeout_locked(rpc, &todo);
		} else if (t.actions & HOMA_ACT_END) {
			HOMA_INC(rpc->hn, server_rpc_discards);
			homa_rpc_end_locked(rpc, HOMA_END_UNACKED, &todo);
		} else {
			homa_timer_arm_locked(rpc, t.next_ns);
		}
	}
	homa_rpc_unlock(rpc);

	homa_todo_run(&todo);
	if (t.actions & HOMA_ACT_RESENDS)
		homa_tx_resends(rpc, cfg->num_priorities - 1);
	if (t.actions & HOMA_ACT_NEED_ACK)
		send_need_ack(rpc);
}

/* Unlink and reference the next RPC that is due. */
static struct homa_rpc *next_due(struct homa_wheel *w, u64 now)
{
	struct homa_rpc *rpc = NULL;

	spin_lock_bh(&w->lock);
	while (w->count && w->tick <= now) {
		rpc = list_first_entry_or_null(slot_of(w, w->tick),
					       struct homa_rpc, wheel_link);
		if (rpc) {
			homa_rpc_hold(rpc);	/* linked, so alive */
			/* Who looks without the lock sees the reference first. */
			list_del_init_careful(&rpc->wheel_link);
			w->count--;
			break;
		}
		if (w->tick == now)
			break;
		w->tick++;
	}
	spin_unlock_bh(&w->lock);
	return rpc;
}

/*
 * Put the young RPCs of a bucket in the wheel to which time may matter, at most
 * *@left, which is counted down.  Return: false if some remain.
 */
static bool look_at(struct homa_bucket *bucket, const struct homa_config *cfg,
		    u32 *left)
{
	struct homa_rpc *rpc;
	bool all;

	/* An RPC that becomes young after the bit was cleared sets it again. */
	if (list_empty(&bucket->young))
		return true;
	homa_bucket_lock(bucket);
	while (*left && !list_empty(&bucket->young)) {
		rpc = list_first_entry(&bucket->young, struct homa_rpc,
				       young_link);
		list_del_init(&rpc->young_link);
		homa_timer_arm_locked(rpc, homa_rpc_deadline(&rpc->core, cfg));
		--*left;
	}
	all = list_empty(&bucket->young);
	homa_bucket_unlock(bucket);
	return all;
}

/*
 * Look at the buckets that a CPU has marked, from *@from on; *@any: there were
 * some.  Return: false if *@left is used up; *@from is where to go on.
 */
static bool look_at_marked(struct homa_tables *t, int cpu, u32 *from,
			   const struct homa_config *cfg, u32 *left, bool *any)
{
	unsigned long *marks = per_cpu_ptr(t->young, cpu)->buckets;
	unsigned long mask = ~0UL << *from % BITS_PER_LONG;
	unsigned long bits;
	u32 i;

	for (i = *from / BITS_PER_LONG; i < BITS_TO_LONGS(HOMA_RPC_BUCKETS); i++) {
		bits = READ_ONCE(marks[i]) & mask;
		*any |= bits != 0;
		for (mask = ~0UL; bits; bits &= bits - 1) {
			u32 at = i * BITS_PER_LONG + __ffs(bits);

			/* A full barrier, before the bucket is looked at. */
			if (test_and_clear_bit(at, marks) &&
			    !look_at(&t->buckets[at], cfg, left)) {
				set_bit(at, marks);
				*from = at;
				return false;
			}
		}
	}
	*from = 0;
	return true;
}

enum looked {
	LOOKED_NONE,	/* it is not time, or none were made */
	LOOKED_ALL,
	LOOKED_SOME,	/* there are more */
};

/* The young RPCs, if it is time; where the last look stopped it goes on. */
static enum looked look_at_young(struct homa_net *hn,
				 const struct homa_config *cfg, u64 now)
{
	struct homa_wheel *w = &hn->wheel;
	u32 left = LOOKS_MAX;
	bool any = false;
	bool all = true;
	bool due;
	u32 i;

	spin_lock_bh(&w->lock);
	due = w->young_tick <= now;
	if (due)
		set_young_locked(w, U64_MAX);
	spin_unlock_bh(&w->lock);
	if (!due)
		return LOOKED_NONE;
	/* Whoever marks a bucket that is not seen below starts the timer. */
	smp_mb();
	/* Once around: what comes before young_from of the first CPU is last. */
	for (i = 0; i <= nr_cpu_ids; i++) {
		if (cpu_possible(w->young_cpu))
			all = look_at_marked(hn->tables, w->young_cpu,
					     &w->young_from, cfg, &left, &any);
		if (!all)
			break;
		w->young_cpu = (w->young_cpu + 1) % nr_cpu_ids;
	}
	HOMA_ADD(hn, timer_looks, LOOKS_MAX - left);
	if (!all)
		return LOOKED_SOME;
	return any ? LOOKED_ALL : LOOKED_NONE;
}

static enum hrtimer_restart expired(struct hrtimer *timer)
{
	struct homa_net *hn = container_of(timer, struct homa_net,
					   wheel.timer);
	struct homa_wheel *w = &hn->wheel;
	u64 started_ns = ktime_get_ns();
	u64 now = tick_of(started_ns);
	u64 began = homa_cycles();
	struct homa_config cfg;
	u64 next = U64_MAX;
	struct homa_rpc *rpc;
	enum looked looked;
	u64 now_ns;
	u32 visits;
	u64 tick;

	homa_config_get(hn, &cfg);
	looked = look_at_young(hn, &cfg, now);
	for (visits = 0; visits < VISITS_MAX; visits++) {
		rpc = next_due(w, now);
		if (!rpc)
			break;
		visit(rpc, &cfg);
		homa_rpc_put(rpc);
		if (ktime_get_ns() - started_ns > EXPIRY_NS)
			break;
	}

	HOMA_ADD(hn, timer_cycles, homa_cycles_since(began));
	spin_lock_bh(&w->lock);
	w->timer_tick = U64_MAX;
	now_ns = ktime_get_ns();
	if (w->count) {
		for (tick = w->tick; list_empty(slot_of(w, tick)); tick++)
			;	/* bounded: an RPC is in one of the slots */
		next = tick;
	}
	/* Where some were young more will be: they find the timer running. */
	if (looked == LOOKED_SOME)
		set_young_locked(w, now);
	else if (looked == LOOKED_ALL && !w->young_armed)
		set_young_locked(w, tick_of(now_ns) + young_ticks(&cfg));
	next = min(next, w->young_tick);
	/*
	 * Late and with work left: let others run before more, for as long as
	 * this took.  A CPU that is too slow for all of its RPCs would do
	 * nothing else: neither receive the answers, nor run the application
	 * that is waited for.
	 */
	if (next != U64_MAX)
		set_timer_locked(w, max(next, tick_of(2 * now_ns -
						      started_ns) + 1));
	spin_unlock_bh(&w->lock);
	return HRTIMER_NORESTART;
}

/**
 * homa_timer_init() - an empty wheel
 * @hn: namespace
 */
void homa_timer_init(struct homa_net *hn)
{
	struct homa_wheel *w = &hn->wheel;
	u32 i;

	spin_lock_init(&w->lock);
	for (i = 0; i < HOMA_WHEEL_SLOTS; i++)
		INIT_LIST_HEAD(&w->slots[i]);
	w->tick = 0;
	w->count = 0;
	w->timer_tick = U64_MAX;
	w->young_tick = U64_MAX;
	w->young_cpu = 0;
	w->young_from = 0;
	hrtimer_setup(&w->timer, expired, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_SOFT);
}

/**
 * homa_timer_exit() - stop
 * @hn: namespace without RPCs
 */
void homa_timer_exit(struct homa_net *hn)
{
	hrtimer_cancel(&hn->wheel.timer);
}
