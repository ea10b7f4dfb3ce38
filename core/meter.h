/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What a link really carries, seen from how fast its queue drains, and how much
 * may wait in that queue.
 *
 * The speed that a device reports is not what a packet gets: a rate limit, a
 * tunnel or other traffic may leave less.  While packets wait in the queue of
 * the device, what leaves it is what the link carries for us.
 */
#ifndef HOMA_CORE_METER_H
#define HOMA_CORE_METER_H

#include "port.h"

/* Time that packets in the device's queue may take to leave it. */
#define HOMA_METER_QUEUE_NS 40000u

/**
 * struct homa_meter - measured speed of a link
 * @since_ns: start of the running measurement, 0 = none
 * @drained: bytes that had left then
 * @free_since_ns: when the queue was last found full, or @mbps was raised
 * @mbps: result in 10^6 bit/s, 0 = the link was never seen to be full; others may
 *	read it while it changes
 *
 * All zero is the initial state.
 */
struct homa_meter {
	u64 since_ns;
	u64 drained;
	u64 free_since_ns;
	u32 mbps;
};

/**
 * homa_meter_full() - packets wait in the queue of the device
 * @m: state
 * @now_ns: current time
 * @drained: bytes that have left the queue, ever; wraps around
 *
 * A measurement takes a millisecond and 16 KiB at least, or 10 us and 256 KiB, or
 * 100 ms.
 */
void homa_meter_full(struct homa_meter *m, u64 now_ns, u64 drained);

/**
 * homa_meter_free() - the device took all that it was given
 * @m: state
 * @now_ns: current time
 * @mbps_max: what is assumed when nothing was measured
 *
 * The link may be faster than it was: when its queue was not found full for 4 ms
 * the result is doubled, and so on, until it would not be less than @mbps_max and is
 * forgotten.
 */
void homa_meter_free(struct homa_meter *m, u64 now_ns, u32 mbps_max);

/**
 * homa_meter_mbps() - speed to reckon with
 * @m: state
 * @mbps_max: what is assumed when nothing was measured, > 0
 *
 * Return: 1..@mbps_max.
 */
u32 homa_meter_mbps(const struct homa_meter *m, u32 mbps_max);

/**
 * homa_meter_queue_bytes() - message bytes that may wait in the device's queue
 * @m: state
 * @mbps_max: what is assumed when nothing was measured, > 0
 * @seg: message bytes of a packet
 *
 * A short message waits behind them.  Two packets at least, or the link would
 * run dry between one and the next.
 */
u32 homa_meter_queue_bytes(const struct homa_meter *m, u32 mbps_max, u32 seg);

#endif /* HOMA_CORE_METER_H */
