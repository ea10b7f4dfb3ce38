// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * A ring of finished requests (protocol §9).
 */
#include "dedup.h"

#define NS_PER_MS 1000000u

static u32 clock_ms(u64 now_ns)
{
	return (u32)div_u64(now_ns, NS_PER_MS);
}

/* Zero marks a free slot. */
static u64 stored_key(u64 key)
{
	return key ? key : 1;
}

void homa_dedup_add(struct homa_dedup *d, u64 key, u64 now_ns)
{
	u32 i;

	key = stored_key(key);
	for (i = 0; i < HOMA_DEDUP_SLOTS; i++)
		if (d->key[i] == key)
			break;
	if (i == HOMA_DEDUP_SLOTS) {
		i = d->next;
		d->next = (i + 1) % HOMA_DEDUP_SLOTS;
	}
	d->key[i] = key;
	d->when_ms[i] = clock_ms(now_ns);
}

bool homa_dedup_seen(const struct homa_dedup *d, u64 key, u64 now_ns)
{
	u32 now_ms = clock_ms(now_ns);
	u32 i;

	key = stored_key(key);
	for (i = 0; i < HOMA_DEDUP_SLOTS; i++) {
		if (d->key[i] != key)
			continue;
		/*
		 * The caller may have read its clock before another one that
		 * added the entry: a little in the future is also recent.
		 */
		if (now_ms - d->when_ms[i] <= HOMA_DEDUP_LIFE_MS ||
		    d->when_ms[i] - now_ms <= HOMA_DEDUP_LIFE_MS)
			return true;
	}
	return false;
}
