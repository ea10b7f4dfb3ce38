/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Requests that were executed and whose RPCs are gone, so that a late copy of
 * a DATA packet does not execute one again (protocol §9).
 *
 * An exact memory of bounded size: it may forget, it never mistakes a new
 * request for an old one (up to a collision of 64-bit keyed hashes).
 * Serialised by the RPC bucket lock.
 */
#ifndef HOMA_CORE_DEDUP_H
#define HOMA_CORE_DEDUP_H

#include "port.h"
#include "limits.h"

/**
 * struct homa_dedup - the finished requests of one RPC bucket
 * @key: keyed hashes of (client address, client port, id); 0 = free
 * @when_ms: time of the entry, low 32 bits of a millisecond clock
 * @next: slot to be overwritten next
 *
 * All zero is a valid empty state.
 */
struct homa_dedup {
	u64 key[HOMA_DEDUP_SLOTS];
	u32 when_ms[HOMA_DEDUP_SLOTS];
	u32 next;
};

/**
 * homa_dedup_add() - remember a finished request
 * @d: memory
 * @key: any value; 0 is stored as 1
 * @now_ns: current time
 */
void homa_dedup_add(struct homa_dedup *d, u64 key, u64 now_ns);

/**
 * homa_dedup_seen() - was this request executed a short while ago?
 * @d: memory
 * @key: as for homa_dedup_add()
 * @now_ns: current time
 *
 * Return: true if it was added within HOMA_DEDUP_LIFE_MS and not forgotten.
 */
bool homa_dedup_seen(const struct homa_dedup *d, u64 key, u64 now_ns);

#endif /* HOMA_CORE_DEDUP_H */
