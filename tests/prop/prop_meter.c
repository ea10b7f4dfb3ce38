// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * A queue that drains at a speed which changes now and then: what is measured
 * stays between the speeds of late, and follows them up and down.
 */
#include "prop.h"
#include "core/meter.h"

#define STEPS 3000
#define MBPS_MAX 25000u

void prop_run(struct prop *p)
{
	u32 mbps = prop_range(p, 20, MBPS_MAX);
	u64 now_ns = prop_u64(p) >> 2;
	u64 drained = prop_u64(p);
	struct homa_meter m = { 0 };
	u32 same = 0;

	while (prop_step(p, STEPS)) {
		u32 ns = prop_range(p, 1, 4000000);
		u32 is, bytes;

		if (prop_one_in(p, 200)) {
			mbps = prop_range(p, 20, MBPS_MAX);
			same = 0;
		}
		now_ns += ns;
		drained += (u64)ns * mbps / 8000;
		homa_meter_full(&m, now_ns, drained);
		if (prop_one_in(p, 1000)) {
			homa_meter_free(&m, now_ns, MBPS_MAX);
			same = 0;
		}
		same++;

		is = homa_meter_mbps(&m, MBPS_MAX);
		PROP_CHECK(is >= 1 && is <= MBPS_MAX);
		bytes = homa_meter_queue_bytes(&m, MBPS_MAX, 1424);
		PROP_CHECK(bytes >= 2848 && bytes <= MBPS_MAX * 5);
		/* Each measurement leaves three quarters of the mistake. */
		if (same > 120)
			PROP_CHECK(is + 8 >= mbps - mbps / 50 &&
				   is <= mbps + mbps / 50 + 8);
	}
}
