/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Speeds of links, bytes and times.
 */
#ifndef HOMA_CORE_RATE_H
#define HOMA_CORE_RATE_H

#include "limits.h"
#include "port.h"

/**
 * homa_rate_bytes() - what passes in some time
 * @mbps: speed in 10^6 bit/s, at most HOMA_LINK_MBPS_MAX
 * @ns: time
 */
static inline u64 homa_rate_bytes(u32 mbps, u32 ns)
{
	return div_u64((u64)mbps * ns, 8000);
}

/**
 * homa_rate_mbps() - the speed at which something passed
 * @bytes: how much
 * @ns: in how much time, > 0
 *
 * Return: 1 to HOMA_LINK_MBPS_MAX.
 */
static inline u32 homa_rate_mbps(u64 bytes, u32 ns)
{
	u64 mbps = div_u64(min_t(u64, bytes, U64_MAX / 8000) * 8000, ns);

	return clamp_t(u64, mbps, 1, HOMA_LINK_MBPS_MAX);
}

#endif /* HOMA_CORE_RATE_H */
