/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Which bytes of one incoming message are still missing.
 *
 * Serialised by the lock of the RPC that embeds it.
 */
#ifndef HOMA_CORE_REASM_H
#define HOMA_CORE_REASM_H

#include "port.h"
#include "limits.h"

/* A hole: bytes [start, end) have not arrived, later ones have. */
struct homa_gap {
	u32 start;
	u32 end;
};

/**
 * struct homa_reasm - state of one incoming message
 * @length: bytes in the message
 * @recv_end: one more than the highest offset received
 * @remaining: bytes not received yet
 * @num_gaps: valid entries in @gaps
 * @gaps: holes below @recv_end, ascending, disjoint, never adjacent
 */
struct homa_reasm {
	u32 length;
	u32 recv_end;
	u32 remaining;
	u32 num_gaps;
	struct homa_gap gaps[HOMA_GAPS_MAX];
};

enum homa_reasm_code {
	HOMA_REASM_KEEP,	/* all of the rest is new */
	HOMA_REASM_PART,	/* only [start, end) is new */
	HOMA_REASM_DUPLICATE,	/* nothing new */
	HOMA_REASM_BAD,		/* empty or outside the message */
	HOMA_REASM_FULL,	/* would need one more hole than fits */
};

/* 12 bytes: [start, end) was taken when code is KEEP or PART. */
struct homa_reasm_verdict {
	enum homa_reasm_code code;
	u32 start;
	u32 end;
};

/**
 * homa_reasm_init() - start an empty message
 * @r: state; @gaps needs no clearing
 * @length: 1..HOMA_MSG_BYTES_MAX
 */
void homa_reasm_init(struct homa_reasm *r, u32 length);

/**
 * homa_reasm_add() - take the first new run of bytes of a packet
 * @r: message
 * @start: offset of the packet's first byte
 * @end: one more than its last byte
 *
 * On KEEP and PART the run [verdict.start, verdict.end) is recorded as
 * received.  After PART a packet may hold another new run behind it: call
 * again with start = verdict.end until verdict.end == @end or the code is
 * neither (a packet that spans several holes, protocol §3, wire §7.4).
 * A packet that would open a hole when HOMA_GAPS_MAX exist changes nothing
 * for that part (FULL); the same for one that would split a hole.
 *
 * Return: the verdict.
 */
struct homa_reasm_verdict homa_reasm_add(struct homa_reasm *r, u32 start,
					 u32 end);

/**
 * homa_reasm_missing() - next missing range below a limit
 * @r: message
 * @from: look at or behind this offset
 * @limit: only offsets below it (the granted offset)
 * @start: first missing byte
 * @end: one more than the last of that run
 *
 * Ranges are those of protocol §7.2: each hole, then the tail
 * [recv_end, limit).
 *
 * Return: false when nothing is missing in [from, limit).
 */
bool homa_reasm_missing(const struct homa_reasm *r, u32 from, u32 limit,
			u32 *start, u32 *end);

/* Bytes received so far. */
static inline u32 homa_reasm_received(const struct homa_reasm *r)
{
	return r->length - r->remaining;
}

#endif /* HOMA_CORE_REASM_H */
