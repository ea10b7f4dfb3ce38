// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The table of our RPCs. Their number, which the kernel keeps as completion
 * cookie, is the index of the slot and how often it was used: so a late
 * response never meets another RPC.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/**
 * lh_slot_get() - a slot for a new RPC
 * @homa: the handle, locked
 *
 * The table may move: other pointers to slots are invalid afterwards.
 *
 * Return: the slot, in state LH_SENDING, or NULL.
 */
struct lh_slot *lh_slot_get(struct homa *homa)
{
	struct lh_slot *slot;
	uint32_t generation;

	if (!homa->free_slot) {
		uint32_t num = homa->num_slots ? 2 * homa->num_slots : 16;
		struct lh_slot *slots;
		uint32_t i;

		if (num > UINT32_MAX / 2)
			return NULL;
		slots = realloc(homa->slots, num * sizeof(*slots));
		if (!slots)
			return NULL;
		homa->slots = slots;
		memset(slots + homa->num_slots, 0, (num - homa->num_slots) * sizeof(*slots));
		for (i = num; i-- > homa->num_slots; ) {
			slots[i].next = homa->free_slot;
			homa->free_slot = i + 1;
		}
		homa->num_slots = num;
	}
	slot = &homa->slots[homa->free_slot - 1];
	homa->free_slot = slot->next;
	generation = slot->generation + 1;
	*slot = (struct lh_slot){ .generation = generation, .state = LH_SENDING };
	return slot;
}

/**
 * lh_slot_put() - the RPC is forgotten
 * @homa: the handle, locked
 * @slot: its slot
 */
void lh_slot_put(struct homa *homa, struct lh_slot *slot)
{
	slot->state = LH_FREE;
	slot->next = homa->free_slot;
	homa->free_slot = (uint32_t)(slot - homa->slots) + 1;
}

/**
 * lh_slot_rpc() - the number of an RPC
 * @homa: the handle, locked
 * @slot: its slot
 *
 * Return: the number, never 0.
 */
uint64_t lh_slot_rpc(const struct homa *homa, const struct lh_slot *slot)
{
	return (uint64_t)slot->generation << 32 | ((uint64_t)(slot - homa->slots) + 1);
}

/**
 * lh_slot_find() - the slot of an RPC
 * @homa: the handle, locked
 * @rpc:  its number
 *
 * Return: the slot, or NULL: it is over.
 */
struct lh_slot *lh_slot_find(const struct homa *homa, uint64_t rpc)
{
	uint32_t index = (uint32_t)rpc;
	struct lh_slot *slot;

	if (!index || index > homa->num_slots)
		return NULL;
	slot = &homa->slots[index - 1];
	return slot->state != LH_FREE && slot->generation == rpc >> 32 ? slot : NULL;
}

/**
 * lh_slot_done() - an RPC has ended: tell who waits for it
 * @homa:  the handle, locked
 * @slot:  its slot
 * @msg:   the response, or NULL
 * @error: 0 or -errno
 */
void lh_slot_done(struct homa *homa, struct lh_slot *slot, struct homa_msg *msg, int error)
{
	uint32_t number = (uint32_t)(slot - homa->slots) + 1;

	slot->state = LH_DONE;
	slot->msg = msg;
	slot->error = error;
	if (slot->is_private) {
		if (slot->waiter)
			lh_wake_waiter(homa, slot->waiter);
		return;
	}
	slot->next = 0;
	if (homa->done_head)
		homa->slots[homa->done_tail - 1].next = number;
	else
		homa->done_head = number;
	homa->done_tail = number;
	lh_wake(homa, LH_WANT_COMPLETION);
}

/**
 * lh_slot_take_done() - the oldest completion
 * @homa: the handle, locked
 *
 * Return: its slot, or NULL.
 */
struct lh_slot *lh_slot_take_done(struct homa *homa)
{
	struct lh_slot *slot;

	if (!homa->done_head)
		return NULL;
	slot = &homa->slots[homa->done_head - 1];
	homa->done_head = slot->next;
	return slot;
}

/**
 * lh_slot_send() - send the request of a slot
 * @homa:      the handle, not locked
 * @rpc:       its number
 * @to:        the server
 * @to_bytes:  size of @to
 * @iov:       the request
 * @iov_count: pieces of it
 * @nonblock:  do not wait for memory
 * @end_ns:    how long to wait otherwise
 *
 * The response may come, and be routed, before sendmsg() has returned here.
 *
 * Return: 0, or -errno: the slot is free then. -ETIME: @end_ns came first.
 */
int lh_slot_send(struct homa *homa, uint64_t rpc, const struct sockaddr *to, socklen_t to_bytes,
		 const struct iovec *iov, int iov_count, bool nonblock, uint64_t end_ns)
{
	struct homa_sendmsg_args args;
	bool dontwait = nonblock || end_ns != LH_NEVER;
	struct lh_slot *slot;
	int ret;

	for (;;) {
		args = (struct homa_sendmsg_args){ .completion_cookie = rpc };
		ret = lh_sendmsg(homa, to, to_bytes, iov, iov_count, &args,
				 dontwait ? MSG_DONTWAIT : 0);
		if (ret != -EAGAIN || nonblock)
			break;
		ret = lh_wait_writable(homa, end_ns);
		if (ret)
			break;
	}
	pthread_mutex_lock(&homa->lock);
	slot = lh_slot_find(homa, rpc);
	if (slot && slot->state == LH_SENDING) {
		if (ret) {
			lh_slot_put(homa, slot);
		} else {
			slot->kernel_id = args.id;
			slot->state = LH_WAITING;
		}
	}
	pthread_mutex_unlock(&homa->lock);
	return ret;
}
