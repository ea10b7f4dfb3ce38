/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Decisions of the homa queueing discipline (protocol §4.2): what a packet is to
 * it, and whether a packet of Homa or of somebody else goes next.
 */
#ifndef HOMA_CORE_SHARE_H
#define HOMA_CORE_SHARE_H

#include "port.h"
#include "wire.h"

/* Where a packet waits. */
enum homa_share_class {
	HOMA_SHARE_NOW,		/* not held back */
	HOMA_SHARE_HOMA,	/* Homa: fewest remaining bytes first */
	HOMA_SHARE_OTHER,	/* other protocols: in order of arrival */
};

/**
 * struct homa_share - whose turn it is
 * @credit: above 0: Homa's
 *
 * All zero is a valid initial state.
 */
struct homa_share {
	s64 credit;
};

/**
 * homa_share_class_homa() - where a packet of Homa waits
 * @hdr: parsed header
 * @defer_min_bytes: messages up to that length are not held back
 *
 * The length of the message counts, not that of the packet: the tail of a long
 * message must not pass its body.
 */
enum homa_share_class homa_share_class_homa(const struct homa_hdr *hdr,
					    u32 defer_min_bytes);

/**
 * homa_share_class_other() - where another packet waits
 * @bytes: its length
 * @bare_ack: a TCP packet without data that begins and ends nothing
 * @flow_waits: packets of what may be the same flow wait
 * @defer_min_bytes: as above
 *
 * Short packets are not held back unless they would pass others of their flow.
 */
enum homa_share_class homa_share_class_other(u32 bytes, bool bare_ack,
					     bool flow_waits,
					     u32 defer_min_bytes);

/**
 * homa_share_next() - who sends the next packet that was held back
 * @s: state
 * @homa: packets of Homa wait
 * @other: other packets wait
 *
 * Nobody saves turns up while the other side has nothing to send.
 *
 * Return: HOMA_SHARE_HOMA or HOMA_SHARE_OTHER; HOMA_SHARE_NOW when nobody waits.
 */
enum homa_share_class homa_share_next(struct homa_share *s, bool homa,
				      bool other);

/**
 * homa_share_sent() - it was sent
 * @s: state
 * @class: from homa_share_next()
 * @bytes: length of the packet
 * @percent: Homa's share of the link when both sides wait, 0..100
 */
void homa_share_sent(struct homa_share *s, enum homa_share_class class,
		     u32 bytes, u32 percent);

/**
 * homa_share_wire_ns() - time that a packet occupies the link
 * @bytes: all that it takes on the link, < 2^20
 * @link_mbps: speed of the link in 10^6 bit/s, > 0
 * @percent: share of it to use
 *
 * Return: nanoseconds, at least 1.
 */
u32 homa_share_wire_ns(u32 bytes, u32 link_mbps, u32 percent);

#endif /* HOMA_CORE_SHARE_H */
