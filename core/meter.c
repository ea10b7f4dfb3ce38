// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Speed of a link, from how fast the queue of its device drains.
 */
#include "meter.h"
#include "rate.h"

#define HOMA_METER_MIN_NS	1000000u
#define HOMA_METER_MIN_BYTES	16384u
#define HOMA_METER_SHORT_NS	10000u
#define HOMA_METER_MANY_BYTES	262144u
#define HOMA_METER_LONG_NS	100000000u
#define HOMA_METER_FREE_NS	4000000u

void homa_meter_full(struct homa_meter *m, u64 now_ns, u64 drained)
{
	u64 bytes = drained - m->drained;
	u64 ns = now_ns - m->since_ns;
	u32 mbps;

	m->free_since_ns = now_ns;
	if (!m->since_ns || now_ns < m->since_ns || ns > U32_MAX)
		goto restart;
	if (ns < (bytes < HOMA_METER_MANY_BYTES ? HOMA_METER_MIN_NS :
						  HOMA_METER_SHORT_NS) ||
	    (bytes < HOMA_METER_MIN_BYTES && ns < HOMA_METER_LONG_NS))
		return;
	mbps = homa_rate_mbps(bytes, (u32)ns);
	/* Single measurements are off by what a burst brings. */
	WRITE_ONCE(m->mbps, m->mbps ? (3 * (u64)m->mbps + mbps + 3) / 4 : mbps);
restart:
	/* 0 says that nothing runs. */
	m->since_ns = now_ns ?: 1;
	m->drained = drained;
}

void homa_meter_free(struct homa_meter *m, u64 now_ns, u32 mbps_max)
{
	/* A queue may be empty for a moment between two of our buffers. */
	if (now_ns < m->free_since_ns ||
	    now_ns - m->free_since_ns < HOMA_METER_FREE_NS)
		return;
	m->since_ns = 0;
	m->free_since_ns = now_ns;
	WRITE_ONCE(m->mbps, m->mbps < mbps_max / 2 ? 2 * m->mbps : 0);
}

u32 homa_meter_mbps(const struct homa_meter *m, u32 mbps_max)
{
	u32 mbps = READ_ONCE(m->mbps);

	return mbps ? min(mbps, mbps_max) : mbps_max;
}

u32 homa_meter_queue_bytes(const struct homa_meter *m, u32 mbps_max, u32 seg)
{
	u64 bytes = homa_rate_bytes(homa_meter_mbps(m, mbps_max),
				    HOMA_METER_QUEUE_NS);

	/* Full, and nobody knows how slow it is: little at first. */
	if (!READ_ONCE(m->mbps))
		bytes /= 2;

	return clamp_t(u64, bytes, 2 * (u64)seg, U32_MAX / 4);
}
