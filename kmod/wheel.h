/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the timer works with: the wheel, and which RPCs are new (timer.c).
 */
#ifndef HOMA_WHEEL_H
#define HOMA_WHEEL_H

#include <linux/bitmap.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/spinlock.h>

/* Buckets of RPCs in a namespace, a power of two. */
#define HOMA_RPC_BUCKETS_SHIFT	10
#define HOMA_RPC_BUCKETS	BIT(HOMA_RPC_BUCKETS_SHIFT)

/* Slots of the timer wheel, 1 ms each (protocol §0: a tick). */
#define HOMA_WHEEL_SLOTS	256
#define HOMA_TICK_NS		NSEC_PER_MSEC

/**
 * struct homa_young - buckets that one CPU wants the timer to look at
 * @buckets: one bit for each; set under the RPC lock, cleared by the timer
 */
struct homa_young {
	DECLARE_BITMAP(buckets, HOMA_RPC_BUCKETS);
};

/**
 * struct homa_wheel - RPCs by the tick in which time may matter to them
 * @lock: L3; guards the rest
 * @slots: RPCs (homa_rpc.wheel_link) by tick modulo the number of slots
 * @tick: all slots before this tick were served
 * @count: RPCs in the wheel
 * @young_tick: when young buckets are looked at next; U64_MAX: not @young_armed
 * @young_armed: the timer will look at young buckets; read without the lock
 * @young_cpu: whose marks it looks at next; for the timer alone
 * @young_from: from which bucket on; for the timer alone
 * @timer: runs only while there are RPCs in the wheel or young buckets
 * @timer_tick: tick that @timer is set to
 */
struct homa_wheel {
	spinlock_t lock;	/* L3 */
	struct list_head slots[HOMA_WHEEL_SLOTS];
	u64 tick;
	u64 timer_tick;
	u64 young_tick;
	bool young_armed;
	u32 young_cpu;
	u32 young_from;
	u32 count;
	struct hrtimer timer;
};

#endif /* HOMA_WHEEL_H */
