/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Memory of outgoing messages.  Included by homa.h.
 */
#ifndef HOMA_KMOD_MSGOUT_H
#define HOMA_KMOD_MSGOUT_H

#include <linux/mm_types.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct ubuf_info;

/**
 * struct homa_frag - a run of outgoing message bytes in one page
 * @page: referenced
 * @page_offset: first byte in the page
 * @start: its offset in the message
 * @bytes: length of the run
 */
struct homa_frag {
	struct page *page;
	u32 page_offset;
	u32 start;
	u32 bytes;
};

/* Long messages lie in blocks of so many bytes, whole pages. */
#define HOMA_BLOCK_BYTES	32768u
#define HOMA_BLOCK_ORDER	get_order(HOMA_BLOCK_BYTES)

/* Blocks that a socket keeps for its next message: enough for the longest. */
#define HOMA_SPARES_MAX \
	DIV_ROUND_UP(HOMA_MAX_MESSAGE_LENGTH, HOMA_BLOCK_BYTES)

/**
 * struct homa_spare - blocks of pages that messages of a socket had
 * @lock: L3; guards the rest
 * @num: valid entries in @pages
 * @used: some were taken since @work last looked
 * @closed: none are kept any more
 * @pages: blocks that nobody else refers to
 * @work: gives them back
 */
struct homa_spare {
	spinlock_t lock;	/* L3 */
	u32 num;
	bool used;
	bool closed;
	struct page *pages[HOMA_SPARES_MAX];
	struct delayed_work work;
};

/* Runs kept in the RPC itself; longer messages get an array. */
#define HOMA_INLINE_FRAGS	2

/* A message of at most so many bytes needs no page: it lies in the RPC. */
#define HOMA_TINY_BYTES		256

/**
 * struct homa_msgout - bytes of an outgoing message; constant once filled
 * @tiny: where a short message lies: homa_rpc.tiny; else NULL
 * @uarg: counts users of the application's pages, for MSG_ZEROCOPY; else NULL
 * @frags: runs in message order, @inline_frags or allocated
 * @num_frags: how many
 * @max_frags: room in @frags
 * @charged: bytes counted in homa_sock.tx_mem; 0: there is no message
 * @blocks: it lies in blocks that may be used again
 * @inline_frags: storage for short messages
 */
struct homa_msgout {
	u8 *tiny;
	struct ubuf_info *uarg;
	struct homa_frag *frags;
	u32 num_frags;
	u32 max_frags;
	u32 charged;
	bool blocks;
	struct homa_frag inline_frags[HOMA_INLINE_FRAGS];
};

#endif /* HOMA_KMOD_MSGOUT_H */
