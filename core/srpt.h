/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Order of outgoing messages that wait for the link: fewest unsent bytes
 * first, with a small share for the oldest (protocol §4.1).
 *
 * Only messages that have bytes they may send now are in the queue; the shell
 * adds a message when pacing held a packet of it back and removes it when its
 * grant is used up.  Serialised by the shell's tx lock (leaf).
 */
#ifndef HOMA_CORE_SRPT_H
#define HOMA_CORE_SRPT_H

#include "port.h"
#include "config.h"

/**
 * struct homa_srpt_entry - one waiting message
 * @by_left: position by (left, seq)
 * @by_age: position by (birth_ns, seq)
 * @birth_ns: start of the message
 * @seq: insertion number, breaks ties
 * @left: bytes of the whole message not yet sent
 * @queued: the entry is in the queue
 */
struct homa_srpt_entry {
	struct rb_node by_left;
	struct rb_node by_age;
	u64 birth_ns;
	u64 seq;
	u32 left;
	bool queued;
};

/**
 * struct homa_srpt - the queue
 * @by_left: entries, fewest unsent bytes first
 * @by_age: entries, oldest first
 * @seq: number of the next insertion
 * @fifo_credit: falls by pacer_fifo_fraction per pick from 1000; at 0 or
 *	below the oldest message is picked and 1000 is added
 * @count: entries
 */
struct homa_srpt {
	struct rb_root_cached by_left;
	struct rb_root_cached by_age;
	u64 seq;
	s32 fifo_credit;
	u32 count;
};

/**
 * struct homa_srpt_verdict - what to send next
 * @entry: message to take one packet from; NULL: none may go now
 * @fifo: it is the oldest message's turn
 * @not_before_ns: with no entry: when to ask again, U64_MAX = queue empty
 */
struct homa_srpt_verdict {
	struct homa_srpt_entry *entry;
	bool fifo;
	u64 not_before_ns;
};

/** homa_srpt_init() - empty queue */
void homa_srpt_init(struct homa_srpt *q);

/**
 * homa_srpt_add() - a message has bytes to send and must wait
 * @q: queue
 * @e: entry with @e->queued false (else nothing happens)
 * @left: unsent bytes of the message, > 0
 * @birth_ns: start of the message
 */
void homa_srpt_add(struct homa_srpt *q, struct homa_srpt_entry *e, u32 left,
		   u64 birth_ns);

/**
 * homa_srpt_sent() - some bytes of a queued message have left
 * @q: queue
 * @e: entry; nothing happens when it is not queued
 * @bytes: clipped to what is left
 */
void homa_srpt_sent(struct homa_srpt *q, struct homa_srpt_entry *e,
		    u32 bytes);

/**
 * homa_srpt_remove() - the message ended, or has no more bytes to send now
 * @q: queue
 * @e: entry; nothing happens when it is not queued
 */
void homa_srpt_remove(struct homa_srpt *q, struct homa_srpt_entry *e);

/**
 * homa_srpt_next() - choose the message whose packet goes next
 * @q: queue
 * @cfg: max_nic_backlog_ns and pacer_fifo_fraction are used
 * @now_ns: current time
 * @idle_until_ns: state of the link (pace.h)
 *
 * Return: the entry stays queued; see struct homa_srpt_verdict.  Nothing may
 * go while idle_until - now exceeds max_nic_backlog_ns.
 */
struct homa_srpt_verdict homa_srpt_next(struct homa_srpt *q,
					const struct homa_config *cfg,
					u64 now_ns, u64 idle_until_ns);

#endif /* HOMA_CORE_SRPT_H */
