// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The input is what happens to 16 waiting messages; the choice is always one
 * that no other message precedes.
 */
#include "fuzz.h"
#include "core/srpt.h"

#define MSGS 16

struct world {
	struct homa_config cfg;
	struct homa_srpt q;
	struct homa_srpt_entry msg[MSGS];
};

static bool left_first(const struct homa_srpt_entry *a,
		       const struct homa_srpt_entry *b)
{
	return a->left < b->left || (a->left == b->left && a->seq < b->seq);
}

static bool born_first(const struct homa_srpt_entry *a,
		       const struct homa_srpt_entry *b)
{
	return a->birth_ns < b->birth_ns ||
	       (a->birth_ns == b->birth_ns && a->seq < b->seq);
}

static void next(struct world *w, u64 idle_until_ns)
{
	s32 credit = w->q.fifo_credit - (s32)w->cfg.pacer_fifo_fraction;
	struct homa_srpt_verdict v;
	u32 i, queued = 0;

	v = homa_srpt_next(&w->q, &w->cfg, 0, idle_until_ns);
	for (i = 0; i < MSGS; i++) {
		if (!w->msg[i].queued)
			continue;
		queued++;
		if (!v.entry)
			continue;
		if (credit <= 0)
			FUZZ_CHECK(!born_first(&w->msg[i], v.entry));
		else
			FUZZ_CHECK(!left_first(&w->msg[i], v.entry));
	}
	FUZZ_CHECK(queued == w->q.count);
	if (!queued)
		FUZZ_CHECK(!v.entry && v.not_before_ns == U64_MAX);
	else if (v.entry)
		FUZZ_CHECK(v.entry->queued &&
			   idle_until_ns <= w->cfg.max_nic_backlog_ns);
	else
		FUZZ_CHECK(v.not_before_ns ==
			   idle_until_ns - w->cfg.max_nic_backlog_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct homa_config defaults = HOMA_CONFIG_DEFAULTS;
	struct fuzz_input in = { data, size };
	struct world w = { .cfg = defaults };
	struct homa_srpt_entry *e;
	u32 what;

	homa_srpt_init(&w.q);
	w.cfg.pacer_fifo_fraction = (u32)fuzz_take(&in, 2) % 501;
	while (in.size) {
		what = (u32)fuzz_take(&in, 1);
		e = &w.msg[what % MSGS];
		switch (what / MSGS % 4) {
		case 0:
			homa_srpt_add(&w.q, e, 1 + (u32)fuzz_take(&in, 1),
				      fuzz_take(&in, 1));
			break;
		case 1:
			homa_srpt_sent(&w.q, e, (u32)fuzz_take(&in, 1));
			break;
		case 2:
			homa_srpt_remove(&w.q, e);
			break;
		default:
			next(&w, fuzz_take(&in, 2) / 4);
		}
	}
	return 0;
}
