// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The input is a table and a histogram; whatever they are, the adapted table
 * is one that gives every message a level.
 */
#include "fuzz.h"
#include "core/prio.h"

/* A number of any size from two bytes. */
static u64 take_count(struct fuzz_input *in)
{
	u64 value = fuzz_take(in, 1);

	return value << fuzz_take(in, 1) % 50;
}

static void check(const struct homa_cutoffs *c, u8 levels)
{
	u32 above = 0;
	u32 i;

	for (i = levels; i < HOMA_PRIORITIES_MAX; i++)
		FUZZ_CHECK(!c->max_len[i]);
	for (i = levels; i-- > 1;) {
		if (!c->max_len[i])
			break;
		FUZZ_CHECK(c->max_len[i] >= above);
		FUZZ_CHECK(c->max_len[i] <= HOMA_MSG_BYTES_MAX);
		above = c->max_len[i];
	}
	/* The lowest level of those in use takes all, if it is not level 0. */
	FUZZ_CHECK(!i || above == HOMA_MSG_BYTES_MAX || levels == 1);
	for (; i >= 1 && i < levels; i--)
		FUZZ_CHECK(!c->max_len[i]);
	FUZZ_CHECK(c->version);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct homa_size_histogram h = { 0 };
	struct homa_cutoffs c, before;
	u8 levels = 1 + (u8)fuzz_take(&in, 1) % HOMA_PRIORITIES_MAX;
	u32 msg_len, i;

	for (i = 0; i < HOMA_PRIORITIES_MAX; i++)
		c.max_len[i] = (u32)fuzz_take(&in, 4);
	c.version = (u16)fuzz_take(&in, 2);
	msg_len = (u32)fuzz_take(&in, 4);
	i = homa_prio_unsched(&c, msg_len, levels);
	FUZZ_CHECK(i < levels);
	FUZZ_CHECK(!i || c.max_len[i] >= msg_len);
	FUZZ_CHECK(homa_prio_max_sched(&c, levels) < levels);

	h.messages = take_count(&in);
	for (i = 0; i < HOMA_PRIO_BUCKETS; i++) {
		h.bytes[i] = take_count(&in);
		h.unsched_bytes[i] = min(take_count(&in), h.bytes[i]);
	}
	before = c;
	if (homa_prio_adapt(&c, &h, levels)) {
		FUZZ_CHECK(h.messages >= 10000);
		FUZZ_CHECK(c.version != before.version);
		check(&c, levels);
		FUZZ_CHECK(!homa_prio_adapt(&c, &h, levels));
	} else {
		FUZZ_CHECK(!memcmp(&c, &before, sizeof(c)));
	}
	return 0;
}
