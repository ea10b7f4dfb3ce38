/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Priority levels of unscheduled data (protocol §6, wire §9).
 *
 * A cutoff table is immutable once published; the shell replaces it under
 * RCU.
 */
#ifndef HOMA_CORE_PRIO_H
#define HOMA_CORE_PRIO_H

#include "port.h"
#include "limits.h"

/**
 * struct homa_cutoffs - message length limits of the levels
 * @max_len: largest message length that uses level i; entry 0 counts as
 *	infinite
 * @version: identifies the table on the wire, 0 = none received
 */
struct homa_cutoffs {
	u32 max_len[HOMA_PRIORITIES_MAX];
	u16 version;
};

/* Buckets of the message size histogram: powers of two up to 2^20. */
#define HOMA_PRIO_BUCKETS 21

/* Fewer messages say too little about the workload. */
#define HOMA_PRIO_ADAPT_MESSAGES 10000u

/**
 * struct homa_size_histogram - sizes of recent incoming messages
 * @bytes: bytes of messages with 2^(i-1) < length <= 2^i, bucket i
 * @unsched_bytes: part of @bytes that was sent unscheduled
 * @messages: number of messages counted
 */
struct homa_size_histogram {
	u64 bytes[HOMA_PRIO_BUCKETS];
	u64 unsched_bytes[HOMA_PRIO_BUCKETS];
	u64 messages;
};

/**
 * homa_prio_defaults() - the table of uapi §13, version 1
 * @c: filled
 * @num_priorities: 1..HOMA_PRIORITIES_MAX; entries above are zeroed
 */
void homa_prio_defaults(struct homa_cutoffs *c, u8 num_priorities);

/**
 * homa_prio_unknown() - table for a peer that has not published one
 * @c: filled: everything uses min(6, num_priorities - 1), version 0
 * @num_priorities: 1..HOMA_PRIORITIES_MAX
 */
void homa_prio_unknown(struct homa_cutoffs *c, u8 num_priorities);

/**
 * homa_prio_unsched() - level of a message's unscheduled packets
 * @c: table received from the destination
 * @msg_len: message length in bytes
 * @num_priorities: levels this host uses, 1..HOMA_PRIORITIES_MAX
 *
 * Return: highest level < num_priorities with max_len >= msg_len; 0 if none.
 */
u8 homa_prio_unsched(const struct homa_cutoffs *c, u32 msg_len,
		     u8 num_priorities);

/**
 * homa_prio_max_sched() - highest level for scheduled packets
 * @c: this host's own table
 * @num_priorities: 1..HOMA_PRIORITIES_MAX
 *
 * Return: one less than the highest level that takes every message, or 0
 * (protocol §6).
 */
u8 homa_prio_max_sched(const struct homa_cutoffs *c, u8 num_priorities);

/**
 * homa_prio_count() - add one message to a histogram
 * @h: histogram
 * @msg_len: 1..HOMA_MSG_BYTES_MAX
 * @unsched: bytes of it that were unscheduled, clipped to msg_len
 */
void homa_prio_count(struct homa_size_histogram *h, u32 msg_len, u32 unsched);

/**
 * homa_prio_adapt() - new table from observed sizes
 * @c: in: current table; out: the new one, its version advanced (never 0)
 *	if it differs
 * @h: sizes seen since the last call
 * @num_priorities: 1..HOMA_PRIORITIES_MAX
 *
 * Splits the unscheduled bytes evenly over a number of levels proportional to
 * their share of all bytes, shortest messages highest (protocol §6, last
 * point).  Needs HOMA_PRIO_ADAPT_MESSAGES messages to change anything.
 *
 * Return: true if @c changed.
 */
bool homa_prio_adapt(struct homa_cutoffs *c,
		     const struct homa_size_histogram *h, u8 num_priorities);

#endif /* HOMA_CORE_PRIO_H */
