// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Lengths of incoming messages, and cutoffs that follow them (protocol §6).
 *
 * Each message that arrived in full is counted on its CPU.  While there are
 * messages, a work item looks every few seconds at what came since it last
 * changed anything; the new table reaches other hosts in CUTOFFS packets as
 * they send with the old version.  An idle namespace costs nothing.
 */
#include <linux/bitops.h>
#include <linux/workqueue.h>
#include "homa.h"

/* Messages on one CPU between two looks whether work is queued. */
#define MESSAGES_PER_LOOK 256

/* From the message that made the work necessary to the work. */
#define ADAPT_DELAY (10 * HZ)

/**
 * homa_sizes_init() - counters for the messages of a namespace
 * @t: tables being made
 *
 * Return: 0 or -ENOMEM.
 */
int homa_sizes_init(struct homa_tables *t)
{
	t->sizes = alloc_percpu_gfp(struct homa_sizes, GFP_KERNEL_ACCOUNT);
	return t->sizes ? 0 : -ENOMEM;
}

/**
 * homa_sizes_exit() - the reverse
 * @t: tables
 */
void homa_sizes_exit(struct homa_tables *t)
{
	free_percpu(t->sizes);
}

static void count_class(struct homa_sizes __percpu *sizes, u32 len)
{
	if (len <= 64 * HOMA_SIZE_NARROW) {
		this_cpu_add(sizes->bytes[(len - 1) / 64], len);
	} else if (len <= 1024 * (HOMA_SIZE_CLASSES - HOMA_SIZE_NARROW + 4)) {
		this_cpu_add(sizes->bytes[HOMA_SIZE_NARROW +
					  (len - 1) / 1024 - 4], len);
	} else {
		this_cpu_inc(sizes->large_count);
		this_cpu_add(sizes->large_bytes, len);
	}
}

/**
 * homa_sizes_count() - a message arrived in full
 * @hn: namespace
 * @len: its length, 1..HOMA_MSG_BYTES_MAX
 * @unsched: bytes of it that the sender announced as unscheduled
 *
 * Context: softirq.
 */
void homa_sizes_count(struct homa_net *hn, u32 len, u32 unsched)
{
	struct homa_sizes __percpu *sizes = hn->tables->sizes;
	u32 bucket = fls(len - 1);	/* as homa_prio_count() */

	BUILD_BUG_ON(BIT(HOMA_PRIO_BUCKETS - 1) < HOMA_MSG_BYTES_MAX);

	count_class(sizes, len);
	this_cpu_add(sizes->histogram.bytes[bucket], len);
	this_cpu_add(sizes->histogram.unsched_bytes[bucket],
		     min(unsched, len));
	if (this_cpu_inc_return(sizes->histogram.messages) % MESSAGES_PER_LOOK)
		return;
	/* Does nothing while the work waits already. */
	queue_delayed_work(system_power_efficient_wq, &hn->adapt, ADAPT_DELAY);
}

static void add(struct homa_size_histogram *sum,
		const struct homa_size_histogram *h)
{
	u32 i;

	for (i = 0; i < HOMA_PRIO_BUCKETS; i++) {
		sum->bytes[i] += READ_ONCE(h->bytes[i]);
		sum->unsched_bytes[i] += READ_ONCE(h->unsched_bytes[i]);
	}
	sum->messages += READ_ONCE(h->messages);
}

static void subtract(struct homa_size_histogram *h,
		     const struct homa_size_histogram *seen)
{
	u32 i;

	for (i = 0; i < HOMA_PRIO_BUCKETS; i++) {
		h->bytes[i] -= seen->bytes[i];
		h->unsched_bytes[i] -= seen->unsched_bytes[i];
	}
	h->messages -= seen->messages;
}

/*
 * Traffic is never the same twice.  A table that hardly differs is not worth a
 * packet to every host: some entry has to move by a quarter.
 */
static bool differs(const struct homa_cutoffs *a, const struct homa_cutoffs *b)
{
	u32 i;

	for (i = 1; i < HOMA_PRIORITIES_MAX; i++) {
		u32 low = min(a->max_len[i], b->max_len[i]);
		u32 high = max(a->max_len[i], b->max_len[i]);

		if (high - low > low / 4)
			return true;
	}
	return false;
}

static void adapt_locked(struct homa_net *hn,
			 const struct homa_size_histogram *recent)
{
	struct homa_settings before = hn->settings_raw;
	struct homa_settings *s = &hn->settings_raw;

	lockdep_assert_held(&hn->settings_lock);
	if (s->cutoffs_pinned)
		return;
	if (!homa_prio_adapt(&s->cutoffs, recent, s->core.num_priorities))
		return;
	s->core.max_sched_prio = homa_prio_max_sched(&s->cutoffs,
						     s->core.num_priorities);
	if (differs(&before.cutoffs, &s->cutoffs) &&
	    !homa_settings_publish(hn))
		HOMA_INC(hn, cutoff_changes);
	else
		*s = before;
}

static void adapt_work(struct work_struct *work)
{
	struct homa_net *hn = container_of(work, struct homa_net, adapt.work);
	struct homa_size_histogram recent = {};
	int cpu;

	for_each_possible_cpu(cpu)
		add(&recent, &per_cpu_ptr(hn->tables->sizes, cpu)->histogram);
	subtract(&recent, &hn->adapt_seen);
	if (recent.messages < HOMA_PRIO_ADAPT_MESSAGES)
		return;		/* go on collecting */

	mutex_lock(&hn->settings_lock);
	adapt_locked(hn, &recent);
	mutex_unlock(&hn->settings_lock);
	add(&hn->adapt_seen, &recent);
}

/**
 * homa_adapt_init() - prepare for homa_sizes_count()
 * @hn: namespace
 */
void homa_adapt_init(struct homa_net *hn)
{
	INIT_DELAYED_WORK(&hn->adapt, adapt_work);
}

/**
 * homa_adapt_exit() - stop
 * @hn: namespace without sockets
 */
void homa_adapt_exit(struct homa_net *hn)
{
	cancel_delayed_work_sync(&hn->adapt);
}
