// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * How much may be under way: bandwidth times delay, with bounds.
 */
#include "rate.h"
#include "tune.h"

#define HOMA_ARRIVAL_BYTES	32768u
#define HOMA_ARRIVAL_MIN_NS	10000u
#define HOMA_ARRIVAL_LONG_NS	10000000u
#define HOMA_ARRIVAL_LONG_BYTES	4096u
#define HOMA_ARRIVAL_EPOCH_NS	10000000000ull

/*
 * Hosts are late by some ten microseconds now and then, whatever their usual
 * round-trip time: interrupts are coalesced, threads take turns.
 */
#define HOMA_TUNE_SLACK_NS	50000u

/* What a window and an unscheduled part last for at least. */
#define HOMA_TUNE_WINDOW_NS	60000u
#define HOMA_TUNE_UNSCHED_NS	20000u

/*
 * A speed that was only measured may be that of a processor, which has no queue
 * that a window could fill, but pays for each GRANT.  So then what comes in that
 * time, up to the window there is without tuning, is not too much.  It may also be
 * that of a burst from a queue, and what was in the queue is in the round-trip time,
 * too: so more than the window there is without tuning would be too much.
 */
#define HOMA_TUNE_MEASURED_NS	1000000u

/*
 * A receiver that has much to do grants late, and that must not make senders send
 * more without a grant: not more than so many times the setting.
 */
#define HOMA_TUNE_UNSCHED_TIMES	4u

#define HOMA_TUNE_PACKETS_MIN	4u

bool homa_arrival_add(struct homa_arrival *a, u32 bytes, u64 now_ns)
{
	u64 ns = now_ns - a->since_ns;
	u32 mbps;

	if (!a->since_ns || now_ns < a->since_ns || ns > U32_MAX) {
		homa_arrival_start(a, now_ns);
		return false;
	}
	a->bytes += bytes;
	if (ns < HOMA_ARRIVAL_MIN_NS)
		return false;
	if (a->bytes < (ns < HOMA_ARRIVAL_LONG_NS ? HOMA_ARRIVAL_BYTES :
						    HOMA_ARRIVAL_LONG_BYTES))
		return false;
	mbps = homa_rate_mbps(a->bytes, (u32)ns);
	if (now_ns > a->epoch_ns &&
	    now_ns - a->epoch_ns > HOMA_ARRIVAL_EPOCH_NS) {
		a->last_mbps = now_ns - a->epoch_ns >
			       2 * HOMA_ARRIVAL_EPOCH_NS ? 0 : a->best_mbps;
		a->best_mbps = 0;
		a->epoch_ns = now_ns;
	}
	a->best_mbps = max(a->best_mbps, mbps);
	homa_arrival_start(a, now_ns);
	return true;
}

u32 homa_arrival_mbps(const struct homa_arrival *a, u64 now_ns)
{
	if (now_ns > a->epoch_ns &&
	    now_ns - a->epoch_ns > 2 * HOMA_ARRIVAL_EPOCH_NS)
		return 0;
	return max(a->best_mbps, a->last_mbps);
}

/*
 * Time from a GRANT to its data, for once in many times.  The average and four
 * deviations, as for TCP's timers; but what a queue in the network adds to the
 * samples must not make the queue longer, so twice the least is the limit.  An
 * eighth more, or a window that is too small would never show that it is.
 */
static u32 homa_tune_wait_ns(const struct homa_rtt *r)
{
	u32 ns = min(r->smooth_ns + 4 * (u64)r->dev_ns,
		     2 * (u64)r->min_ns + HOMA_TUNE_SLACK_NS);

	return ns + ns / 8;
}

u32 homa_tune_window(const struct homa_rtt *r, u32 mbps, u32 measured_max,
		     u32 packet_bytes, u64 now_ns)
{
	u32 least_ns = measured_max ? HOMA_TUNE_MEASURED_NS :
				      HOMA_TUNE_WINDOW_NS;
	u64 bytes;

	if (!mbps || !homa_rtt_known(r, now_ns))
		return 0;
	bytes = max(homa_rate_bytes(mbps, homa_tune_wait_ns(r)),
		    homa_rate_bytes(mbps, least_ns));
	if (measured_max)
		bytes = min_t(u64, bytes, measured_max);
	bytes = max_t(u64, bytes, HOMA_TUNE_PACKETS_MIN * (u64)packet_bytes);
	return min_t(u64, bytes, HOMA_MSG_BYTES_MAX);
}

u32 homa_tune_unsched(const struct homa_rtt *r, u32 mbps, u32 usual, u32 seg,
		      u64 now_ns)
{
	u64 bytes;
	u32 ns;

	if (!mbps || !seg || !homa_rtt_known(r, now_ns))
		return 0;
	/* Sent blindly: no more than is usual, and no slack. */
	ns = min_t(u64, r->smooth_ns, 2 * (u64)r->min_ns);
	bytes = homa_rate_bytes(mbps, max(ns, HOMA_TUNE_UNSCHED_NS));
	bytes = min_t(u64, bytes, HOMA_TUNE_UNSCHED_TIMES * (u64)usual);
	bytes = max_t(u64, bytes, HOMA_TUNE_PACKETS_MIN * (u64)seg);
	if (bytes >= HOMA_MSG_BYTES_MAX)
		return HOMA_MSG_BYTES_MAX;
	return (u32)bytes / seg * seg;
}
