/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How much may be under way to or from a host: what its link carries in a round trip
 * (docs/decisions/0067-windows.md).
 */
#ifndef HOMA_CORE_TUNE_H
#define HOMA_CORE_TUNE_H

#include "port.h"
#include "limits.h"
#include "rtt.h"

/**
 * struct homa_arrival - how fast data comes in by a link that does not tell its speed
 * @since_ns: start of the running measurement, 0 = none
 * @bytes: what came since
 * @epoch_ns: start of the running epoch
 * @best_mbps: fastest measurement in it
 * @last_mbps: fastest measurement in the one before
 *
 * All zero is the initial state.
 */
struct homa_arrival {
	u64 since_ns;
	u64 bytes;
	u64 epoch_ns;
	u32 best_mbps;
	u32 last_mbps;
};

/**
 * homa_arrival_start() - data comes after a time without
 * @a: state
 * @now_ns: when the first packet came; its bytes do not count
 */
static inline void homa_arrival_start(struct homa_arrival *a, u64 now_ns)
{
	a->since_ns = now_ns;
	a->bytes = 0;
}

/**
 * homa_arrival_add() - data came
 * @a: state
 * @bytes: how much
 * @now_ns: current time
 *
 * A measurement takes 32 KiB and 10 us at least, or 10 ms.
 *
 * Return: true if one is complete, so that the speed may have changed.
 */
bool homa_arrival_add(struct homa_arrival *a, u32 bytes, u64 now_ns);

/**
 * homa_arrival_mbps() - speed that was seen
 * @a: state
 * @now_ns: current time
 *
 * Return: the fastest of the last 10 to 20 s in 10^6 bit/s; 0 = unknown.
 */
u32 homa_arrival_mbps(const struct homa_arrival *a, u64 now_ns);

/**
 * homa_tune_window() - bytes to grant ahead of what was received
 * @r: round-trip time to the sender
 * @mbps: speed of our link in 10^6 bit/s, 0 = unknown
 * @measured_max: if @mbps is from homa_arrival_mbps(), and so may be the
 *	processor's: the window there is without tuning; else 0
 * @packet_bytes: largest packet on the way
 * @now_ns: current time
 *
 * Return: at most HOMA_MSG_BYTES_MAX; 0 = unknown.
 */
u32 homa_tune_window(const struct homa_rtt *r, u32 mbps, u32 measured_max,
		     u32 packet_bytes, u64 now_ns);

/**
 * homa_tune_unsched() - bytes of a message to send without a GRANT
 * @r: round-trip time to the receiver
 * @mbps: speed of our link in 10^6 bit/s, 0 = unknown
 * @usual: bytes without tuning; the result is at most four times that, or packets
 * @seg: message bytes in a packet
 * @now_ns: current time
 *
 * Return: at most HOMA_MSG_BYTES_MAX, whole packets otherwise; 0 = unknown.
 */
u32 homa_tune_unsched(const struct homa_rtt *r, u32 mbps, u32 usual, u32 seg,
		      u64 now_ns);

#endif /* HOMA_CORE_TUNE_H */
