// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The order of waiting messages against a search through an array.
 *
 * items: F9
 */
#include "prop.h"
#include "core/srpt.h"

#define STEPS	2000
#define MSGS	40

struct world {
	struct homa_config cfg;
	struct homa_srpt q;
	struct homa_srpt_entry msg[MSGS];
	/* The model: what is queued, and the number of its insertion. */
	bool queued[MSGS];
	u32 left[MSGS];
	u64 birth_ns[MSGS];
	u64 order[MSGS];
	u64 count;
	s32 credit;
};

static u32 search(const struct world *w, bool oldest)
{
	u32 i, found = MSGS;
	u64 a, b;

	for (i = 0; i < MSGS; i++) {
		if (!w->queued[i])
			continue;
		if (found == MSGS) {
			found = i;
			continue;
		}
		a = oldest ? w->birth_ns[i] : w->left[i];
		b = oldest ? w->birth_ns[found] : w->left[found];
		if (a < b || (a == b && w->order[i] < w->order[found]))
			found = i;
	}
	return found;
}

static void next(struct prop *p, struct world *w)
{
	u64 now_ns = prop_below(p, 20000);
	u64 idle_until_ns = prop_below(p, 20000);
	struct homa_srpt_verdict v;
	bool oldest = false;
	u64 may_ns;

	v = homa_srpt_next(&w->q, &w->cfg, now_ns, idle_until_ns);
	if (search(w, false) == MSGS) {
		PROP_CHECK(!v.entry && v.not_before_ns == U64_MAX);
		return;
	}
	may_ns = max(idle_until_ns, (u64)w->cfg.max_nic_backlog_ns) -
		 w->cfg.max_nic_backlog_ns;
	if (now_ns < may_ns) {
		PROP_CHECK(!v.entry && v.not_before_ns == may_ns);
		return;
	}
	w->credit -= (s32)w->cfg.pacer_fifo_fraction;
	if (w->credit <= 0) {
		w->credit += 1000;
		oldest = true;
	}
	PROP_CHECK(v.entry == &w->msg[search(w, oldest)]);
}

static void add(struct prop *p, struct world *w, u32 i)
{
	/* Few different values: ties are frequent. */
	u32 left = prop_one_in(p, 2) ? prop_range(p, 1, 4) :
				       prop_length(p, HOMA_MSG_BYTES_MAX);
	u64 birth_ns = prop_below(p, 10);

	homa_srpt_add(&w->q, &w->msg[i], left, birth_ns);
	if (w->queued[i])
		return;
	w->queued[i] = true;
	w->left[i] = left;
	w->birth_ns[i] = birth_ns;
	w->order[i] = w->count++;
}

static void sent(struct prop *p, struct world *w, u32 i)
{
	u32 bytes = prop_length(p, 2000);

	homa_srpt_sent(&w->q, &w->msg[i], bytes);
	if (w->queued[i])
		w->left[i] -= min(bytes, w->left[i]);
}

static void check(const struct world *w)
{
	u32 i, count = 0;

	for (i = 0; i < MSGS; i++) {
		PROP_CHECK(w->msg[i].queued == w->queued[i]);
		if (!w->queued[i])
			continue;
		PROP_CHECK(w->msg[i].left == w->left[i]);
		count++;
	}
	PROP_CHECK(w->q.count == count);
}

void prop_run(struct prop *p)
{
	static const struct homa_config defaults = HOMA_CONFIG_DEFAULTS;
	struct world w = { .cfg = defaults, .credit = 1000 };
	u32 i;

	w.cfg.pacer_fifo_fraction = prop_below(p, 501);
	homa_srpt_init(&w.q);
	while (prop_step(p, STEPS)) {
		i = prop_below(p, MSGS);
		switch (prop_below(p, 5)) {
		case 0:
			add(p, &w, i);
			break;
		case 1:
			homa_srpt_remove(&w.q, &w.msg[i]);
			w.queued[i] = false;
			break;
		case 2:
			sent(p, &w, i);
			break;
		default:
			next(p, &w);
		}
		check(&w);
	}
	for (i = 0; i < MSGS; i++)
		homa_srpt_remove(&w.q, &w.msg[i]);
	PROP_CHECK(!rb_first_cached(&w.q.by_left));
	PROP_CHECK(!rb_first_cached(&w.q.by_age));
}
