/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * When the link will have sent what it was given (protocol §4.1).
 *
 * The whole state is one u64, idle_until_ns; the shell updates it in a
 * compare-and-exchange loop around these functions.
 */
#ifndef HOMA_CORE_PACE_H
#define HOMA_CORE_PACE_H

#include "port.h"

/* Ethernet header 14, CRC 4, preamble and gap 24 (protocol §4.1). */
#define HOMA_PACE_LINK_OVERHEAD_BYTES 42u

/* Time that one large buffer may occupy a link whose speed is a guess. */
#define HOMA_PACE_BURST_NS 20000u

/*
 * What was sent in any case delays what is held back by so much at most: the link may
 * be faster than anybody knows, or somebody else cuts what it cannot carry.
 */
#define HOMA_PACE_DEBT_NS 10000000u

/* What fits in an IP packet of 64 KiB beside its headers. */
#define HOMA_PACE_BURST_BYTES_MAX 65000u

/**
 * homa_pace_wire_ns() - time that one packet occupies the link
 * @ip_bytes: length of the IP packet, <= 2^20
 * @link_mbps: link speed in 10^6 bit/s, > 0
 *
 * The link is taken to be 1 % slower than it is, so that the estimate errs
 * on the side of a short queue.
 *
 * Return: nanoseconds, rounded up, at least 1.
 */
u32 homa_pace_wire_ns(u32 ip_bytes, u32 link_mbps);

/**
 * homa_pace_burst_bytes() - how much may be given to the link at once
 * @link_mbps: link speed in 10^6 bit/s, > 0
 * @ns: time that the buffer may occupy the link
 *
 * A short message waits behind what is on its way already, so a large buffer
 * holds no more than the link sends in a short time.
 *
 * Return: bytes, at most HOMA_PACE_BURST_BYTES_MAX; may be less than a packet.
 */
u32 homa_pace_burst_bytes(u32 link_mbps, u32 ns);

/**
 * struct homa_pace_verdict - may a packet go now?
 * @idle_until_ns: new state if it may; if not, the time from which it may
 * @send: it may
 */
struct homa_pace_verdict {
	u64 idle_until_ns;
	bool send;
};

/**
 * homa_pace_try() - account a packet if the queue is short enough
 * @idle_until_ns: current state
 * @now_ns: current time
 * @wire_ns: from homa_pace_wire_ns()
 * @backlog_max_ns: refuse while idle_until - now exceeds this
 * @force: account it in any case (control, short and resent packets)
 *
 * No packet begins later than @backlog_max_ns or HOMA_PACE_DEBT_NS after now,
 * whatever is more, however many were forced.
 *
 * Return: the verdict.
 */
struct homa_pace_verdict homa_pace_try(u64 idle_until_ns, u64 now_ns,
				       u32 wire_ns, u32 backlog_max_ns,
				       bool force);

#endif /* HOMA_CORE_PACE_H */
