// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Messages: their contents, and how they are given back. */
#include <stdlib.h>
#include <string.h>

#include "large.h"

size_t homa_msg_length(const struct homa_msg *msg)
{
	return msg->length;
}

void *homa_msg_data(const struct homa_msg *msg)
{
	return msg->iov_count == 1 ? msg->iov[0].iov_base : NULL;
}

int homa_msg_iov(const struct homa_msg *msg, const struct iovec **iov)
{
	*iov = msg->iov;
	return msg->iov_count;
}

size_t homa_msg_copy(const struct homa_msg *msg, size_t offset, void *to, size_t bytes)
{
	unsigned char *out = to;
	size_t copied = 0;
	int i;

	for (i = 0; i < msg->iov_count && copied < bytes; i++) {
		const struct iovec *piece = &msg->iov[i];
		size_t part;

		if (offset >= piece->iov_len) {
			offset -= piece->iov_len;
			continue;
		}
		part = piece->iov_len - offset;
		if (part > bytes - copied)
			part = bytes - copied;
		memcpy(out + copied, (unsigned char *)piece->iov_base + offset, part);
		copied += part;
		offset = 0;
	}
	return copied;
}

const struct sockaddr *homa_msg_peer(const struct homa_msg *msg, socklen_t *addr_bytes)
{
	if (addr_bytes)
		*addr_bytes = msg->peer_bytes;
	return (const struct sockaddr *)&msg->peer;
}

/**
 * lh_take_pending() - buffers that go back with a call
 * @homa:    the handle, locked
 * @returns: where the buffers are returned
 * @max:     room there
 *
 * Return: how many there are.
 */
uint32_t lh_take_pending(struct homa *homa, uint32_t *returns, uint32_t max)
{
	uint32_t num = homa->num_pending < max ? homa->num_pending : max;

	if (num) {
		homa->num_pending -= num;
		memcpy(returns, &homa->pending[homa->num_pending], num * sizeof(*returns));
	}
	return num;
}

/**
 * lh_msg_get() - an empty message, and buffers that go back with the call it is for
 * @homa:    the handle, locked
 * @returns: where the buffers are returned
 * @max:     room there
 * @num:     how many there are
 *
 * Return: the message, or NULL.
 */
struct homa_msg *lh_msg_get(struct homa *homa, uint32_t *returns, uint32_t max, uint32_t *num)
{
	struct homa_msg *msg = homa->cache;

	*num = 0;
	if (msg) {
		homa->cache = msg->next;
		homa->num_cached--;
	} else {
		msg = malloc(sizeof(*msg));
		if (!msg) {
			lh_fail(-ENOMEM, "no memory for a message");
			return NULL;
		}
	}
	homa->num_msgs++;
	*num = lh_take_pending(homa, returns, max);
	msg->homa = homa;
	msg->next = NULL;
	msg->num_bpages = 0;
	msg->iov_count = 0;
	msg->is_request = false;
	msg->framed = false;
	msg->memory = NULL;
	msg->memory_bytes = 0;
	msg->incoming = NULL;
	msg->in_share = false;
	atomic_init(&msg->answered, false);
	return msg;
}

/* Locked. Return: that was the last message of a handle that was closed. */
static bool put(struct homa *homa, struct homa_msg *msg)
{
	homa->num_msgs--;
	if (homa->num_cached < LH_CACHE_MAX) {
		msg->next = homa->cache;
		homa->cache = msg;
		homa->num_cached++;
	} else {
		free(msg);
	}
	return homa->closed && !homa->num_msgs;
}

/**
 * lh_msg_put() - a message that has no contents is not needed any more
 * @msg: the message
 */
void lh_msg_put(struct homa_msg *msg)
{
	struct homa *homa = msg->homa;
	bool last;

	pthread_mutex_lock(&homa->lock);
	last = put(homa, msg);
	pthread_mutex_unlock(&homa->lock);
	if (last)
		lh_free_region(homa);
}

/**
 * lh_msg_set_memory() - let a message have contents outside of the region
 * @msg:    the message; what it had before was released
 * @memory: from lh_large_alloc()
 * @bytes:  its length
 */
void lh_msg_set_memory(struct homa_msg *msg, void *memory, size_t bytes)
{
	msg->memory = memory;
	msg->memory_bytes = bytes;
	msg->length = bytes;
	msg->iov[0] = (struct iovec){ .iov_base = memory, .iov_len = bytes };
	msg->iov_count = 1;
}

/* Buffers that go back at once. */
struct flush {
	uint32_t num;
	uint32_t bpages[LH_PENDING_MAX];
};

/* The contents are not needed any more. Locked. */
static void release(struct homa *homa, struct homa_msg *msg, struct flush *flush)
{
	size_t held_bytes;

	if (msg->memory && msg->in_share)
		lh_host_release(homa, msg->incoming, msg->memory, msg->memory_bytes);
	else if (msg->memory)
		lh_large_release(homa, msg->memory, msg->memory_bytes);
	msg->memory = NULL;
	if (msg->num_bpages && !homa->closed) {
		memcpy(&homa->pending[homa->num_pending], msg->bpages,
		       msg->num_bpages * sizeof(msg->bpages[0]));
		homa->num_pending += msg->num_bpages;
		homa->held_bytes -= (size_t)msg->num_bpages * HOMA_BPAGE_SIZE;
		/* Usually they go back with the next message that is waited for. But that may
		 * take a while, and the kernel may need the memory: so no more than one message
		 * can have, and none at all when half of the region is not the kernel's.
		 */
		held_bytes = homa->held_bytes + (size_t)homa->num_pending * HOMA_BPAGE_SIZE;
		if (homa->num_pending > HOMA_MAX_BPAGES || held_bytes > homa->region_bytes / 2) {
			flush->num = homa->num_pending;
			memcpy(flush->bpages, homa->pending,
			       flush->num * sizeof(flush->bpages[0]));
			homa->num_pending = 0;
		}
	}
	msg->num_bpages = 0;
}

void homa_msg_release(struct homa_msg *msg)
{
	struct homa *homa = msg->homa;
	struct flush flush;

	msg->iov_count = 0;
	/* In a forked child the lock may be held for ever, and the buffers are the parent's. */
	if ((!msg->num_bpages && !msg->memory) || !*homa->alive)
		return;
	flush.num = 0;
	pthread_mutex_lock(&homa->lock);
	release(homa, msg, &flush);
	pthread_mutex_unlock(&homa->lock);
	lh_give_back(homa, flush.bpages, flush.num);
}

void homa_msg_free(struct homa_msg *msg)
{
	struct homa *homa;
	struct flush flush;
	bool last;

	if (!msg || !*msg->homa->alive)
		return;
	homa = msg->homa;
	flush.num = 0;
	pthread_mutex_lock(&homa->lock);
	release(homa, msg, &flush);
	if (msg->incoming)
		lh_incoming_put(homa, msg->incoming);
	/* While buffers are to be given back the handle has to stay. */
	last = !flush.num && put(homa, msg);
	pthread_mutex_unlock(&homa->lock);
	if (flush.num) {
		lh_give_back(homa, flush.bpages, flush.num);
		lh_msg_put(msg);
	}
	if (last)
		lh_free_region(homa);
}

/**
 * lh_queue_init() - make a queue empty
 * @queue: the queue
 */
void lh_queue_init(struct lh_queue *queue)
{
	queue->head = NULL;
	queue->tail = &queue->head;
}

/**
 * lh_queue_add() - add a message at the end
 * @queue: the queue
 * @msg:   the message
 */
void lh_queue_add(struct lh_queue *queue, struct homa_msg *msg)
{
	msg->next = NULL;
	*queue->tail = msg;
	queue->tail = &msg->next;
}

/**
 * lh_queue_take() - take the oldest message
 * @queue: the queue
 *
 * Return: the message, or NULL.
 */
struct homa_msg *lh_queue_take(struct lh_queue *queue)
{
	struct homa_msg *msg = queue->head;

	if (msg) {
		queue->head = msg->next;
		if (!queue->head)
			queue->tail = &queue->head;
	}
	return msg;
}
