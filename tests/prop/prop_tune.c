// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * A network with a round-trip time and a speed, samples with jitter, a queue now and
 * then, and nonsense: windows stay in their bounds, and hold what the network does.
 */
#include "prop.h"
#include "core/tune.h"

#define STEPS	2000
#define SEG	1424
#define PACKET	1500
#define USUAL	200000u

void prop_run(struct prop *p)
{
	u32 base_ns = prop_range(p, 1000, 20000000);
	u32 mbps = prop_length(p, 400000);
	struct homa_arrival a = { 0 };
	struct homa_rtt r = { 0 };
	u64 now_ns = prop_range(p, 1, 1u << 30);
	u64 last_ns = 0;

	while (prop_step(p, STEPS)) {
		u32 jitter_ns = prop_below(p, base_ns / 4 + 1);
		u64 bdp, ceiling;
		u32 window, measured, unsched, seen;

		now_ns += prop_length(p, prop_one_in(p, 50) ? 2000000000u : 20000000u);
		if (prop_one_in(p, 10))
			jitter_ns += prop_below(p, 50 * base_ns);	/* a queue */
		if (prop_one_in(p, 20))
			homa_rtt_sample(&r, prop_one_in(p, 2) ? 0 : U64_MAX - jitter_ns, now_ns);
		homa_rtt_sample(&r, base_ns + jitter_ns, now_ns);
		if (base_ns + jitter_ns <= HOMA_RTT_NS_MAX)
			last_ns = now_ns;
		PROP_CHECK(homa_rtt_known(&r, now_ns) || now_ns - last_ns > 9000000000ull);
		if (!homa_rtt_known(&r, now_ns))
			continue;
		PROP_CHECK(r.min_ns >= base_ns);
		PROP_CHECK(r.smooth_ns + 8 >= base_ns && r.smooth_ns <= HOMA_RTT_NS_MAX);

		bdp = (u64)mbps * base_ns / 8000;
		window = homa_tune_window(&r, mbps, 0, PACKET, now_ns);
		PROP_CHECK(window >= min_t(u64, bdp, HOMA_MSG_BYTES_MAX));
		ceiling = (u64)mbps * (2 * (u64)r.min_ns + 60000) / 8000;
		ceiling = max_t(u64, ceiling + ceiling / 8 + 1, 4 * PACKET);
		PROP_CHECK(window <= min_t(u64, ceiling, HOMA_MSG_BYTES_MAX));
		measured = homa_tune_window(&r, mbps, USUAL, PACKET, now_ns);
		PROP_CHECK(measured >= min(window, USUAL));
		PROP_CHECK(measured <= max_t(u32, USUAL, 4 * PACKET));

		unsched = homa_tune_unsched(&r, mbps, USUAL, SEG, now_ns);
		PROP_CHECK(unsched >= 4 * SEG && unsched <= HOMA_MSG_BYTES_MAX);
		PROP_CHECK(unsched % SEG == 0 || unsched == HOMA_MSG_BYTES_MAX);
		PROP_CHECK(unsched + SEG >= min_t(u64, bdp, 4 * USUAL));
		PROP_CHECK(unsched <= max_t(u64, ceiling, (u64)mbps * 20000 / 8000));

		/* What comes at a steady pace is measured as that pace. */
		homa_arrival_start(&a, now_ns);
		homa_arrival_add(&a, (u32)((u64)mbps * 400000 / 8000), now_ns + 400000);
		seen = homa_arrival_mbps(&a, now_ns + 400000);
		if ((u64)mbps * 400000 / 8000 >= 32768)
			PROP_CHECK(seen + seen / 100 + 1 >= mbps && seen <= mbps);
	}
}
