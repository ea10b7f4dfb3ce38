// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Order of outgoing messages (protocol §4.1).
 *
 * Two trees over the same entries: by unsent bytes for the normal choice, by
 * age for the small share that keeps long messages from starving.
 */
#include "srpt.h"

/* Credit that the oldest message has to wait for. */
#define HOMA_SRPT_FIFO_ROUND 1000

static bool homa_srpt_less_left(const struct homa_srpt_entry *a,
				const struct homa_srpt_entry *b)
{
	if (a->left != b->left)
		return a->left < b->left;
	return a->seq < b->seq;
}

static bool homa_srpt_older(const struct homa_srpt_entry *a,
			    const struct homa_srpt_entry *b)
{
	if (a->birth_ns != b->birth_ns)
		return a->birth_ns < b->birth_ns;
	return a->seq < b->seq;
}

static void homa_srpt_link_left(struct homa_srpt *q, struct homa_srpt_entry *e)
{
	struct rb_node **link = &q->by_left.rb_root.rb_node;
	struct rb_node *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (homa_srpt_less_left(e, rb_entry(parent,
						    struct homa_srpt_entry,
						    by_left))) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			first = false;
		}
	}
	rb_link_node(&e->by_left, parent, link);
	rb_insert_color_cached(&e->by_left, &q->by_left, first);
}

static void homa_srpt_link_age(struct homa_srpt *q, struct homa_srpt_entry *e)
{
	struct rb_node **link = &q->by_age.rb_root.rb_node;
	struct rb_node *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (homa_srpt_older(e, rb_entry(parent, struct homa_srpt_entry,
						by_age))) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			first = false;
		}
	}
	rb_link_node(&e->by_age, parent, link);
	rb_insert_color_cached(&e->by_age, &q->by_age, first);
}

void homa_srpt_init(struct homa_srpt *q)
{
	q->by_left = RB_ROOT_CACHED;
	q->by_age = RB_ROOT_CACHED;
	q->seq = 0;
	q->fifo_credit = HOMA_SRPT_FIFO_ROUND;
	q->count = 0;
}

void homa_srpt_add(struct homa_srpt *q, struct homa_srpt_entry *e, u32 left,
		   u64 birth_ns)
{
	if (e->queued)
		return;
	e->left = left;
	e->birth_ns = birth_ns;
	e->seq = q->seq++;
	e->queued = true;
	homa_srpt_link_left(q, e);
	homa_srpt_link_age(q, e);
	q->count++;
}

/*
 * The entry stays queued even when nothing is left: the shell ties a
 * reference to being queued and takes it out itself.
 */
void homa_srpt_sent(struct homa_srpt *q, struct homa_srpt_entry *e, u32 bytes)
{
	if (!e->queued || !bytes)
		return;
	rb_erase_cached(&e->by_left, &q->by_left);
	e->left -= min(bytes, e->left);
	homa_srpt_link_left(q, e);
}

void homa_srpt_remove(struct homa_srpt *q, struct homa_srpt_entry *e)
{
	if (!e->queued)
		return;
	rb_erase_cached(&e->by_left, &q->by_left);
	rb_erase_cached(&e->by_age, &q->by_age);
	e->queued = false;
	q->count--;
}

/* Is it the turn of the oldest message? (protocol §4.1) */
static bool homa_srpt_fifo_turn(struct homa_srpt *q,
				const struct homa_config *cfg)
{
	q->fifo_credit -= (s32)cfg->pacer_fifo_fraction;
	if (q->fifo_credit > 0)
		return false;
	q->fifo_credit += HOMA_SRPT_FIFO_ROUND;
	return true;
}

struct homa_srpt_verdict homa_srpt_next(struct homa_srpt *q,
					const struct homa_config *cfg,
					u64 now_ns, u64 idle_until_ns)
{
	struct homa_srpt_verdict v = { .not_before_ns = U64_MAX };

	if (!q->count)
		return v;
	if (idle_until_ns > now_ns &&
	    idle_until_ns - now_ns > cfg->max_nic_backlog_ns) {
		v.not_before_ns = idle_until_ns - cfg->max_nic_backlog_ns;
		return v;
	}
	v.not_before_ns = now_ns;
	v.fifo = homa_srpt_fifo_turn(q, cfg);
	if (v.fifo)
		v.entry = rb_entry(rb_first_cached(&q->by_age),
				   struct homa_srpt_entry, by_age);
	else
		v.entry = rb_entry(rb_first_cached(&q->by_left),
				   struct homa_srpt_entry, by_left);
	return v;
}
