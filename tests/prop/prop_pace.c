// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * A link that really has a queue, beside the estimate of it.
 */
#include "prop.h"
#include "core/pace.h"

#define STEPS 2000

/* Bits divided by bits per nanosecond, 1 % longer, without the core's trick. */
static long double exact_ns(u32 ip_bytes, u32 link_mbps)
{
	return ((long double)ip_bytes + 42) * 8 * 1000 / link_mbps * 1.01L;
}

static void check_wire_ns(struct prop *p, u32 link_mbps)
{
	u32 bytes = prop_below(p, (1 << 20) + 1);
	u32 ns = homa_pace_wire_ns(bytes, link_mbps);
	long double exact = exact_ns(bytes, link_mbps);

	PROP_CHECK(ns >= 1);
	if (ns == U32_MAX) {
		PROP_CHECK(exact > U32_MAX - 1);
		return;
	}
	PROP_CHECK(ns >= exact - 1e-6L && ns < exact + 1 + 1e-6L);
	PROP_CHECK(homa_pace_wire_ns(bytes + 1, link_mbps) >= ns);
	PROP_CHECK(homa_pace_wire_ns(bytes, link_mbps + 1) <= ns);
}

void prop_run(struct prop *p)
{
	u32 link_mbps = prop_length(p, 1 << 22);
	u32 backlog_max_ns = prop_length(p, 1000000);
	u64 now_ns = prop_one_in(p, 2) ? 0 : prop_u64(p) >> 1;
	u64 debt_max_ns = max(backlog_max_ns, HOMA_PACE_DEBT_NS);
	u64 idle_ns = 0;
	u64 queue_ns = 0;	/* what a queue in the device would hold */

	while (prop_step(p, STEPS)) {
		u32 wire_ns = homa_pace_wire_ns(prop_range(p, 48, 1500),
						link_mbps);
		bool force = prop_one_in(p, 10);
		u64 passed_ns = prop_below(p, 2 * wire_ns);
		struct homa_pace_verdict v;

		check_wire_ns(p, link_mbps);
		if (prop_one_in(p, 50))
			passed_ns *= 100;
		now_ns += passed_ns;
		queue_ns -= min(queue_ns, passed_ns);

		v = homa_pace_try(idle_ns, now_ns, wire_ns, backlog_max_ns,
				  force);
		PROP_CHECK(v.send == (force || queue_ns <= backlog_max_ns));
		if (v.send) {
			/* It never holds more but for one packet. */
			queue_ns = wire_ns + min(queue_ns, debt_max_ns);
			idle_ns = v.idle_until_ns;
			PROP_CHECK(idle_ns - now_ns == queue_ns);
			continue;
		}
		PROP_CHECK(v.idle_until_ns - now_ns ==
			   queue_ns - backlog_max_ns);
		/* Waiting that long is enough, and waiting less is not. */
		PROP_CHECK(homa_pace_try(idle_ns, v.idle_until_ns, wire_ns,
					 backlog_max_ns, false).send);
		PROP_CHECK(!homa_pace_try(idle_ns, v.idle_until_ns - 1, wire_ns,
					  backlog_max_ns, false).send);
	}
}
