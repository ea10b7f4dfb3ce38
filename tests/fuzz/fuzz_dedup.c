// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The input is a start time and operations; an id that was never added, or
 * too long ago, is never taken for a finished one.
 */
#include "fuzz.h"
#include "core/dedup.h"

#define KEYS	32
#define MS	1000000ULL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct homa_dedup d = { 0 };
	u64 added_ms[KEYS] = { 0 };
	bool added[KEYS] = { 0 };
	u64 now_ns = fuzz_take(&in, 8);
	u64 step_ms, age_ms;
	u32 op, k;

	while (in.size) {
		op = (u32)fuzz_take(&in, 1);
		k = op % KEYS;
		step_ms = fuzz_take(&in, 1) * (op & 0x40 ? 100 : 1);
		/* The clock may run for centuries, but not wrap. */
		if (now_ns > U64_MAX - step_ms * MS)
			break;
		now_ns += step_ms * MS;
		if (op & 0x80) {
			homa_dedup_add(&d, k + 1, now_ns);
			added[k] = true;
			added_ms[k] = now_ns / MS;
			FUZZ_CHECK(homa_dedup_seen(&d, k + 1, now_ns));
		} else if (homa_dedup_seen(&d, k + 1, now_ns)) {
			age_ms = now_ns / MS - added_ms[k];
			FUZZ_CHECK(added[k]);
			FUZZ_CHECK(age_ms <= HOMA_DEDUP_LIFE_MS);
		}
		FUZZ_CHECK(d.next < HOMA_DEDUP_SLOTS);
	}
	return 0;
}
