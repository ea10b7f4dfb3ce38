// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Round-trip time to a host.
 */
#include "rtt.h"

/* Units of homa_rtt.min_at, each of 2^20 ns. */
#define HOMA_RTT_UNIT_SHIFT	20
#define HOMA_RTT_MIN_AGE	(10000000000ull >> HOMA_RTT_UNIT_SHIFT)
#define HOMA_RTT_AGE_MAX	(20000000000ull >> HOMA_RTT_UNIT_SHIFT)

/* What two CPUs may differ by in time; more than that is a wrap-around: long ago. */
#define HOMA_RTT_SKEW		4096

static u32 homa_rtt_age(const struct homa_rtt *r, u64 now_ns)
{
	s32 age = (u32)(now_ns >> HOMA_RTT_UNIT_SHIFT) - r->min_at;

	if (age < -HOMA_RTT_SKEW)
		return HOMA_RTT_AGE_MAX;
	return max(age, 0);
}

bool homa_rtt_known(const struct homa_rtt *r, u64 now_ns)
{
	/* The first sample after 10 s replaces the least one. */
	return r->min_ns && homa_rtt_age(r, now_ns) < HOMA_RTT_AGE_MAX;
}

void homa_rtt_sample(struct homa_rtt *r, u64 rtt_ns, u64 now_ns)
{
	u32 rtt = (u32)rtt_ns;
	s32 error;

	if (!rtt_ns || rtt_ns > HOMA_RTT_NS_MAX)
		return;
	if (!homa_rtt_known(r, now_ns)) {
		r->smooth_ns = rtt;
		r->dev_ns = rtt / 2;
		r->min_ns = 0;
	} else {
		error = (s32)rtt - (s32)r->smooth_ns;
		r->smooth_ns += error / 8;
		r->dev_ns += ((error < 0 ? -error : error) - (s32)r->dev_ns) / 4;
	}
	if (!r->min_ns || rtt <= r->min_ns ||
	    homa_rtt_age(r, now_ns) >= HOMA_RTT_MIN_AGE) {
		/* A single one that is late does not become the least. */
		r->min_ns = min(rtt, r->smooth_ns);
		r->min_at = (u32)(now_ns >> HOMA_RTT_UNIT_SHIFT);
	}
}
