// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Finished requests against a complete history.
 *
 * items: E16
 */
#include "prop.h"
#include "core/dedup.h"

#define STEPS	1000
#define KEYS	40
#define MS	1000000ULL

void prop_run(struct prop *p)
{
	struct homa_dedup d = { 0 };
	u64 keys[KEYS];
	u64 added_ns[KEYS] = { 0 };	/* 0 = never */
	u32 order[KEYS] = { 0 };	/* number of the first of its adds */
	u32 count = 0;
	u64 now_ns;
	u32 i;

	for (i = 0; i < KEYS; i++)
		keys[i] = prop_u64(p) << 8 | (i + 2);
	/* From zero, or next to the wrap of 32-bit milliseconds. */
	now_ns = prop_one_in(p, 2) ? MS : ((u64)U32_MAX - 20000) * MS;

	while (prop_step(p, STEPS)) {
		u32 k = prop_below(p, KEYS);
		u64 age_ms;
		bool seen;

		now_ns += prop_below(p, prop_one_in(p, 20) ?
				     (u32)(4000 * MS) : (u32)(50 * MS));
		/* Often just where the entry's life ends. */
		age_ms = now_ns / MS - added_ns[k] / MS;
		if (prop_one_in(p, 4) && added_ns[k] &&
		    age_ms < HOMA_DEDUP_LIFE_MS)
			now_ns = added_ns[k] + (HOMA_DEDUP_LIFE_MS +
						prop_below(p, 2)) * MS;
		if (prop_one_in(p, 2)) {
			/* Remembered: refreshed in place, else the newest. */
			for (i = 0; i < HOMA_DEDUP_SLOTS; i++)
				if (d.key[i] == keys[k])
					break;
			if (i == HOMA_DEDUP_SLOTS)
				order[k] = ++count;
			homa_dedup_add(&d, keys[k], now_ns);
			added_ns[k] = now_ns;
			PROP_CHECK(homa_dedup_seen(&d, keys[k], now_ns));
			continue;
		}

		seen = homa_dedup_seen(&d, keys[k], now_ns);
		if (!added_ns[k]) {
			PROP_CHECK(!seen);
			continue;
		}
		/* Known exactly while it is recent and was not overwritten. */
		age_ms = now_ns / MS - added_ns[k] / MS;
		PROP_CHECK(seen == (age_ms <= HOMA_DEDUP_LIFE_MS &&
				    count - order[k] < HOMA_DEDUP_SLOTS));
	}
}
