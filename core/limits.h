/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Every bound of the protocol core in one place.
 *
 * Each structure in core/ has a fixed size and each function does a bounded
 * amount of work; these are the numbers behind that promise.
 */
#ifndef HOMA_CORE_LIMITS_H
#define HOMA_CORE_LIMITS_H

/* Largest message on the wire and in the API (wire §6.1, uapi §1). */
#define HOMA_MSG_BYTES_MAX		1000000u

/* Priority levels that fit in the three top bits of TOS (wire §9). */
#define HOMA_PRIORITIES_MAX		8

/* Acks carried by one ACK packet, and kept per peer (wire §6.9). */
#define HOMA_ACKS_MAX			5

/*
 * Holes remembered for one incoming message.  A window of 200,000 bytes is
 * 140 full packets; 64 holes cover the loss of every second one of them. A
 * packet that would open one more hole is dropped and asked for again later.
 */
#define HOMA_GAPS_MAX			64

/* RESEND packets sent for one message in one round. */
#define HOMA_RESENDS_PER_ROUND		16

/* Messages that hold grants at the same time (protocol §5.1). */
#define HOMA_OVERCOMMIT_MAX		8

/* Steps in which a grant window moves on, at most. */
#define HOMA_GRANT_STEPS		16

/* Active messages divide at most so many windows that follow the network. */
#define HOMA_GRANT_WINDOWS		4

/* Grant commands returned by one call of the grantor. */
#define HOMA_GRANT_CMDS_MAX		(HOMA_OVERCOMMIT_MAX + 1)

/*
 * Bytes of a message that may be sent again in one millisecond even if the
 * message is shorter.
 */
#define HOMA_REPEAT_BYTES_MIN		65536u

/*
 * So many times all that was sent of a message may be sent again at once, and once
 * more in each HOMA_REPEAT_NS; beyond that one packet for each RESEND.
 */
#define HOMA_REPEAT_TIMES		4u
#define HOMA_REPEAT_NS			64000000u

/* Link-layer addresses are asked for three times, a second apart, by default. */
#define HOMA_UNRESOLVED_MAX_NS		4000000000u

/*
 * A request that the server forgets again and again for so long is given up, if nothing of
 * it had to be sent again for no longer than the pause.
 */
#define HOMA_FORGOTTEN_NS		60000000000ull
#define HOMA_FORGOTTEN_PAUSE_NS		5000000000ull

/* NEED_ACKs that stay unanswered before a server gives an RPC up. */
#define HOMA_NEED_ACKS_MAX		24

/* Finished ids remembered per RPC bucket, and for how long. */
#define HOMA_DEDUP_SLOTS		8
#define HOMA_DEDUP_LIFE_MS		10000u

/* Smallest message part that a packet must be able to carry. */
#define HOMA_SEG_BYTES_MIN		8u

/* Speed of a link, 4 Tbit/s, as for the setting. */
#define HOMA_LINK_MBPS_MAX		4194304u

#endif /* HOMA_CORE_LIMITS_H */
