/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Part of a long message is copied while the rest arrives.  Included by homa.h.
 */
#ifndef HOMA_KMOD_EARLY_H
#define HOMA_KMOD_EARLY_H

#include <linux/poll.h>
#include <linux/skbuff.h>
#include <linux/types.h>

struct homa_rpc;
struct homa_sock;
struct homa_todo;

/* What threads are woken with that sleep in recvmsg(); no event of ours. */
#define HOMA_POLL_EARLY EPOLLMSG

/**
 * struct homa_early - what was copied of a message before it was complete
 * @last: packets of homa_rpc.rxq up to this one were; NULL: none
 * @bytes: in them
 * @region: to which region, see homa_pool_own()
 */
struct homa_early {
	struct sk_buff *last;
	u32 bytes;
	u64 region;
};

bool homa_early_offer_locked(struct homa_rpc *rpc, struct homa_todo *todo);
void homa_early_wake(struct homa_sock *hsk);
void homa_early_copy(struct homa_rpc *rpc, u32 room);
long homa_early_left(long timeo, unsigned long began);
long homa_early_run(struct homa_sock *hsk, u32 room, long timeo);

#endif /* HOMA_KMOD_EARLY_H */
