// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Estimate of the time at which the link falls idle (protocol §4.1).
 */
#include "pace.h"
#include "rate.h"

/* Eight bits per byte, 1000 ns per bit at 1 Mbit/s, and 1 % more. */
#define NS_PER_BYTE_AT_1_MBPS	(8u * 1000u * 101u / 100u)

u32 homa_pace_wire_ns(u32 ip_bytes, u32 link_mbps)
{
	u64 bytes = (u64)ip_bytes + HOMA_PACE_LINK_OVERHEAD_BYTES;
	u64 ns;

	ns = div_u64(bytes * NS_PER_BYTE_AT_1_MBPS + link_mbps - 1, link_mbps);

	/* Only a huge packet on a link of a few Mbit/s takes so long. */
	return min_t(u64, ns, U32_MAX);
}

u32 homa_pace_burst_bytes(u32 link_mbps, u32 ns)
{
	return min_t(u64, homa_rate_bytes(link_mbps, ns),
		     HOMA_PACE_BURST_BYTES_MAX);
}

struct homa_pace_verdict homa_pace_try(u64 idle_until_ns, u64 now_ns,
				       u32 wire_ns, u32 backlog_max_ns,
				       bool force)
{
	u32 debt_max_ns = max(backlog_max_ns, HOMA_PACE_DEBT_NS);
	u64 start_ns = max(idle_until_ns, now_ns);
	struct homa_pace_verdict v;

	if (!force && start_ns - now_ns > backlog_max_ns) {
		v.send = false;
		v.idle_until_ns = idle_until_ns - backlog_max_ns;
		return v;
	}
	start_ns = min(start_ns, now_ns + min_t(u64, debt_max_ns,
						U64_MAX - now_ns));
	v.send = true;
	v.idle_until_ns = start_ns + min_t(u64, wire_ns, U64_MAX - start_ns);
	return v;
}
