// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Which messages use which priority level (protocol §6).
 */
#include "prio.h"

/* The reference's value for "any length". */
#define LEN_ANY			((u32)S32_MAX)

/* Level for everything sent to a peer whose table is not known. */
#define UNKNOWN_LEVEL		6

void homa_prio_defaults(struct homa_cutoffs *c, u8 num_priorities)
{
	u32 i;

	memset(c, 0, sizeof(*c));
	c->max_len[4] = HOMA_MSG_BYTES_MAX;
	c->max_len[5] = 15000;
	c->max_len[6] = 2800;
	c->max_len[7] = 200;
	for (i = num_priorities; i < HOMA_PRIORITIES_MAX; i++)
		c->max_len[i] = 0;
	c->version = 1;
}

void homa_prio_unknown(struct homa_cutoffs *c, u8 num_priorities)
{
	u8 level = min_t(u8, UNKNOWN_LEVEL, num_priorities - 1);
	u32 i;

	for (i = 0; i < HOMA_PRIORITIES_MAX; i++)
		c->max_len[i] = i == level ? LEN_ANY : 0;
	c->version = 0;
}

u8 homa_prio_unsched(const struct homa_cutoffs *c, u32 msg_len,
		     u8 num_priorities)
{
	u8 level;

	for (level = num_priorities - 1; level; level--)
		if (c->max_len[level] >= msg_len)
			break;
	return level;
}

u8 homa_prio_max_sched(const struct homa_cutoffs *c, u8 num_priorities)
{
	u8 level = homa_prio_unsched(c, HOMA_MSG_BYTES_MAX, num_priorities);

	return level ? level - 1 : 0;
}

void homa_prio_count(struct homa_size_histogram *h, u32 msg_len, u32 unsched)
{
	u32 i = 0;

	while (i < HOMA_PRIO_BUCKETS - 1 && msg_len > BIT(i))
		i++;
	h->bytes[i] += msg_len;
	h->unsched_bytes[i] += min(unsched, msg_len);
	h->messages++;
}

/*
 * Largest length of the messages that together hold @share of the
 * unscheduled bytes, each taken as spread evenly over its bucket.  All byte
 * counts are shifted right by @shift, which makes them fit in 31 bits.
 */
static u32 length_at(const struct homa_size_histogram *h, u32 share, u32 shift)
{
	u32 low = 0;
	u32 bytes, high, i;

	for (i = 0; i < HOMA_PRIO_BUCKETS; i++) {
		bytes = (u32)(h->unsched_bytes[i] >> shift);
		high = min_t(u32, BIT(i), HOMA_MSG_BYTES_MAX);
		if (share < bytes)
			return max_t(u32, 1, low +
				     div_u64((u64)(high - low) * share, bytes));
		share -= bytes;
		low = high;
	}
	return HOMA_MSG_BYTES_MAX;
}

bool homa_prio_adapt(struct homa_cutoffs *c,
		     const struct homa_size_histogram *h, u8 num_priorities)
{
	/* Level 0 takes every message, whatever its entry says. */
	struct homa_cutoffs new = { .max_len = { c->max_len[0] } };
	u32 levels, level, shift = 0, i;
	u64 unsched = 0;
	u64 all = 0;

	if (h->messages < HOMA_PRIO_ADAPT_MESSAGES)
		return false;
	for (i = 0; i < HOMA_PRIO_BUCKETS; i++)
		all += h->bytes[i];
	while (all >> shift > (u32)S32_MAX)
		shift++;
	for (i = 0; i < HOMA_PRIO_BUCKETS; i++)
		unsched += h->unsched_bytes[i] >> shift;
	all >>= shift;
	if (!all)
		return false;

	/* Levels for unscheduled data: its share of all bytes, rounded. */
	levels = (u32)div_u64(2 * unsched * num_priorities + all, 2 * (u32)all);
	levels = clamp_t(u32, levels, 1, num_priorities);

	for (i = 1; i < levels; i++) {
		level = num_priorities - i;
		new.max_len[level] =
			length_at(h, (u32)div_u64(unsched * i, levels), shift);
	}
	level = num_priorities - levels;
	if (level)
		new.max_len[level] = HOMA_MSG_BYTES_MAX;

	if (!memcmp(new.max_len, c->max_len, sizeof(new.max_len)))
		return false;
	new.version = c->version + 1;
	if (!new.version)
		new.version = 1;
	*c = new;
	return true;
}
