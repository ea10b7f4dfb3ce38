// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * While both sides wait, each gets its share, but for a packet.
 */
#include "prop.h"
#include "core/share.h"

#define STEPS 3000
#define BYTES_MAX 65536u

void prop_run(struct prop *p)
{
	u32 percent = prop_below(p, 101);
	struct homa_share s = { 0 };
	u64 sent[2] = { 0, 0 };		/* Homa, others: since both wait */
	bool both = false;

	while (prop_step(p, STEPS)) {
		u32 bytes = prop_range(p, 60, BYTES_MAX);
		bool homa = !prop_one_in(p, 500);
		bool other = !prop_one_in(p, 500);
		enum homa_share_class class;
		u64 total, due;

		class = homa_share_next(&s, homa, other);
		PROP_CHECK((class == HOMA_SHARE_NOW) == (!homa && !other));
		PROP_CHECK(class != HOMA_SHARE_HOMA || homa);
		PROP_CHECK(class != HOMA_SHARE_OTHER || other);
		homa_share_sent(&s, class, bytes, percent);
		if (!homa || !other) {
			both = false;
			continue;
		}
		if (!both) {
			/* The last packet sent alone may still count. */
			sent[0] = 0;
			sent[1] = 0;
			both = true;
		}
		sent[class == HOMA_SHARE_OTHER] += bytes;
		total = sent[0] + sent[1];
		due = total * percent / 100;
		PROP_CHECK(sent[0] <= due + 2 * BYTES_MAX);
		PROP_CHECK(sent[0] + 2 * BYTES_MAX >= due);
	}
}
