// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Priorities: the choice against a list of candidates, and what every adapted
 * table must be good for.
 */
#include "prop.h"
#include "core/prio.h"

#define STEPS 40

/* The highest level whose limit suffices, by looking at all of them. */
static u8 naive_level(const struct homa_cutoffs *c, u32 msg_len, u8 levels)
{
	u8 best = 0;
	u8 i;

	for (i = 1; i < levels; i++)
		if (c->max_len[i] >= msg_len)
			best = i;
	return best;
}

static void check_choice(struct prop *p)
{
	struct homa_cutoffs c;
	u8 levels = (u8)prop_range(p, 1, 8);
	u32 msg_len = prop_length(p, U32_MAX);
	u32 i;

	for (i = 0; i < HOMA_PRIORITIES_MAX; i++)
		c.max_len[i] = prop_one_in(p, 3) ? 0 : prop_length(p, U32_MAX);
	PROP_CHECK(homa_prio_unsched(&c, msg_len, levels) ==
		   naive_level(&c, msg_len, levels));
}

/* A workload of a few kinds of messages; returns its unscheduled share. */
static long double make_workload(struct prop *p, struct homa_size_histogram *h)
{
	u32 kinds = prop_range(p, 1, 6);
	long double unsched = 0, all = 0;
	u32 count, len, part, i;

	memset(h, 0, sizeof(*h));
	while (kinds--) {
		len = prop_length(p, HOMA_MSG_BYTES_MAX);
		part = prop_one_in(p, 2) ? min(len, 40000u) :
					   prop_below(p, len + 1);
		count = prop_range(p, 2000, 4000);
		for (i = 0; i < count; i++)
			homa_prio_count(h, len, part);
		unsched += (long double)count * part;
		all += (long double)count * len;
	}
	return unsched / all;
}

static void check_adapt(struct prop *p)
{
	struct homa_size_histogram h;
	struct homa_cutoffs c, before;
	u8 levels = (u8)prop_range(p, 1, 8);
	long double share = make_workload(p, &h);
	u32 used = 0;
	u32 i;

	homa_prio_defaults(&c, levels);
	c.version = (u16)prop_u64(p) | 1;
	before = c;
	if (!homa_prio_adapt(&c, &h, levels)) {
		PROP_CHECK(!memcmp(&c, &before, sizeof(c)));
		return;
	}
	PROP_CHECK(h.messages >= 10000);
	PROP_CHECK(c.version && c.version != before.version);

	/* Every message has a level, shorter ones never a lower one. */
	for (i = 1; i < levels; i++) {
		if (!c.max_len[i])
			continue;
		used++;
		PROP_CHECK(c.max_len[i] <= HOMA_MSG_BYTES_MAX);
		PROP_CHECK(i == 1 || !c.max_len[i - 1] ||
			   c.max_len[i - 1] >= c.max_len[i]);
	}
	for (i = levels; i < HOMA_PRIORITIES_MAX; i++)
		PROP_CHECK(!c.max_len[i]);
	if (levels > 1 && used < levels - 1u)
		PROP_CHECK(c.max_len[levels - used] == HOMA_MSG_BYTES_MAX);

	/* Levels in proportion to the share, up to rounding. */
	if (used < levels - 1u) {
		PROP_CHECK(used >= share * levels - 0.51L);
		PROP_CHECK(used == 1 || used <= share * levels + 0.51L);
	}

	/* The same sizes again are no news. */
	PROP_CHECK(!homa_prio_adapt(&c, &h, levels));
}

void prop_run(struct prop *p)
{
	while (prop_step(p, STEPS)) {
		check_choice(p);
		check_adapt(p);
	}
}
