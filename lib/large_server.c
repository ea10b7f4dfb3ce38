// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Large messages, the server's side. What a client has sent is kept under a
 * random token until the application has the message, or nothing came for a
 * while. Its memory was reserved when the transfer was opened, so a client
 * learns at once that there is no room.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "large.h"

/**
 * lh_incoming_free() - free a transfer
 * @homa:     the handle, locked
 * @incoming: the transfer; not listed, without references
 */
void lh_incoming_free(struct homa *homa, struct lh_incoming *incoming)
{
	lh_host_release(homa, incoming, incoming->memory, incoming->total);
	lh_host_release(homa, incoming, incoming->reply, incoming->reply_total);
	lh_host_put(homa, incoming->host);
	free(incoming->chunks.seen);
	free(incoming);
}

/**
 * lh_incoming_drop() - a thread, an answer or a message does not need the transfer any more
 * @homa:     the handle, locked
 * @incoming: the transfer
 */
void lh_incoming_drop(struct homa *homa, struct lh_incoming *incoming)
{
	if (--incoming->refs == 0 && !incoming->listed)
		lh_incoming_free(homa, incoming);
}

/* No message refers to the transfer any more by its token. */
static void unlist(struct homa *homa, struct lh_incoming *incoming)
{
	struct lh_incoming **at = &homa->large->incoming;

	if (!incoming->listed)
		return;
	while (*at != incoming)
		at = &(*at)->next;
	*at = incoming->next;
	incoming->listed = false;
	homa->large->num_incoming--;
}

/**
 * lh_incoming_put() - the application freed the message
 * @homa:     the handle, locked
 * @incoming: its transfer
 */
void lh_incoming_put(struct homa *homa, struct lh_incoming *incoming)
{
	if (incoming->state == LH_DELIVERED)
		unlist(homa, incoming);
	lh_incoming_drop(homa, incoming);
}

/* The transfer with this token, of this peer. */
static struct lh_incoming *find(struct homa *homa, uint64_t token, const struct homa_msg *msg)
{
	struct lh_incoming *incoming = homa->large->incoming;

	while (incoming && (incoming->token != token ||
			    memcmp(&incoming->peer, &msg->peer, msg->peer_bytes)))
		incoming = incoming->next;
	return incoming;
}

/* Answer a message of the protocol, which is taken. */
static void answer_type(struct homa_msg *msg, uint8_t type)
{
	struct lh_frame frame = { .type = type };

	lh_late_answer(msg, &frame, NULL);
}

static void answer_error(struct homa_msg *msg, enum lh_frame_error error)
{
	struct lh_frame frame = { .type = LH_ERROR, .error = error };

	lh_late_answer(msg, &frame, NULL);
}

/* A new transfer, listed, or NULL and why not. */
static struct lh_incoming *new_incoming(struct homa *homa, const struct homa_msg *msg,
					const struct lh_frame *frame, enum lh_frame_error *error)
{
	struct lh_large *large = homa->large;
	struct lh_incoming *incoming;

	*error = LH_ERR_BAD_FRAME;
	if (!frame->total || msg->length != LH_FRAME_BYTES)
		return NULL;
	*error = LH_ERR_TOO_LONG;
	if (frame->total > large->max_bytes / 2)
		return NULL;
	*error = LH_ERR_NO_MEMORY;
	if (large->num_incoming >= LH_INCOMING_MAX)
		return NULL;
	incoming = calloc(1, sizeof(*incoming));
	if (!incoming)
		return NULL;
	incoming->host = lh_host_get(homa, msg);
	if (!incoming->host) {
		free(incoming);
		return NULL;
	}
	incoming->total = (size_t)frame->total;
	if (lh_chunks_init(&incoming->chunks, incoming->total))
		goto no_memory;
	/* A single chunk stays where it is. */
	if (incoming->total > LH_CHUNK_BYTES) {
		incoming->memory = lh_host_alloc(homa, incoming, incoming->total);
		if (!incoming->memory)
			goto no_memory;
	}
	if (getrandom(&incoming->token, sizeof(incoming->token), 0) != sizeof(incoming->token) ||
	    !incoming->token)
		goto no_memory;
	memcpy(&incoming->peer, &msg->peer, msg->peer_bytes);
	incoming->used_ns = lh_now_ns();
	incoming->listed = true;
	incoming->next = large->incoming;
	large->incoming = incoming;
	large->num_incoming++;
	return incoming;

no_memory:
	lh_incoming_free(homa, incoming);
	return NULL;
}

static void handle_open(struct homa *homa, struct homa_msg *msg, const struct lh_frame *frame)
{
	struct lh_frame opened = { .type = LH_OPENED };
	struct lh_incoming *incoming;
	enum lh_frame_error error;

	lh_large_expire(homa);
	pthread_mutex_lock(&homa->lock);
	incoming = new_incoming(homa, msg, frame, &error);
	if (incoming)
		opened.token = incoming->token;
	pthread_mutex_unlock(&homa->lock);
	if (opened.token)
		lh_late_answer(msg, &opened, NULL);
	else
		answer_error(msg, error);
}

/* Everything is there: the message with the last chunk becomes the whole one. */
static void deliver(struct homa *homa, struct lh_incoming *incoming, struct homa_msg *msg)
{
	void *memory = incoming->memory;

	incoming->memory = NULL;
	if (memory) {
		homa_msg_release(msg);
		lh_msg_set_memory(msg, memory, incoming->total);
		msg->in_share = true;
	} else if (lh_large_unwrap(msg)) {
		pthread_mutex_lock(&homa->lock);
		unlist(homa, incoming);
		lh_incoming_drop(homa, incoming);
		pthread_mutex_unlock(&homa->lock);
		answer_error(msg, LH_ERR_NO_MEMORY);
		return;
	}
	msg->framed = true;
	msg->incoming = incoming;
	pthread_mutex_lock(&homa->lock);
	lh_queue_add(&homa->requests, msg);
	lh_wake(homa, LH_WANT_REQUEST);
	pthread_mutex_unlock(&homa->lock);
}

/* LH_CHUNK and LH_FINISH. */
static void handle_chunk(struct homa *homa, struct homa_msg *msg, const struct lh_frame *frame)
{
	size_t chunk = (size_t)(frame->offset / LH_CHUNK_BYTES);
	bool is_finish = frame->type == LH_FINISH;
	struct homa_msg *complete = NULL;
	enum lh_frame_error error = LH_ERR_UNKNOWN;
	struct lh_incoming *incoming;

	pthread_mutex_lock(&homa->lock);
	incoming = find(homa, frame->token, msg);
	if (!incoming)
		goto refuse;
	error = LH_ERR_BAD_FRAME;
	if (incoming->state != LH_RECEIVING ||
	    !lh_chunk_valid(incoming->total, frame->offset, frame->bytes) ||
	    msg->length != LH_FRAME_BYTES + frame->bytes ||
	    is_finish != (frame->offset + frame->bytes == incoming->total) ||
	    incoming->chunks.seen[chunk])
		goto refuse;
	incoming->chunks.seen[chunk] = 1;
	incoming->used_ns = lh_now_ns();
	incoming->refs++;
	pthread_mutex_unlock(&homa->lock);

	if (incoming->memory)
		homa_msg_copy(msg, LH_FRAME_BYTES, incoming->memory + frame->offset, frame->bytes);
	/* The last chunk waits for the others; its copy is not needed any more. */
	if (is_finish && incoming->memory)
		homa_msg_release(msg);

	pthread_mutex_lock(&homa->lock);
	incoming->used_ns = lh_now_ns();
	if (is_finish)
		incoming->finish = msg;
	if (--incoming->chunks.missing == 0 && incoming->listed) {
		complete = incoming->finish;
		incoming->finish = NULL;
		incoming->state = LH_DELIVERED;
		incoming->refs++;	/* of the message */
	} else if (is_finish && !incoming->listed) {
		/* Forgotten while we copied. */
		incoming->finish = NULL;
		lh_incoming_drop(homa, incoming);
		error = LH_ERR_UNKNOWN;
		goto refuse;
	}
	if (complete) {
		pthread_mutex_unlock(&homa->lock);
		deliver(homa, incoming, complete);
		pthread_mutex_lock(&homa->lock);
	}
	lh_incoming_drop(homa, incoming);
	pthread_mutex_unlock(&homa->lock);
	if (!is_finish)
		answer_type(msg, LH_ACK);
	return;

refuse:
	pthread_mutex_unlock(&homa->lock);
	answer_error(msg, error);
}

static void handle_fetch(struct homa *homa, struct homa_msg *msg, const struct lh_frame *frame)
{
	struct lh_frame data = {
		.type = LH_DATA, .offset = frame->offset, .bytes = frame->bytes,
	};
	enum lh_frame_error error = LH_ERR_UNKNOWN;
	struct lh_incoming *incoming;

	pthread_mutex_lock(&homa->lock);
	incoming = find(homa, frame->token, msg);
	if (incoming && (incoming->state != LH_REPLYING ||
			 !lh_chunk_valid(incoming->reply_total, frame->offset, frame->bytes))) {
		error = LH_ERR_BAD_FRAME;
		incoming = NULL;
	}
	if (incoming) {
		incoming->used_ns = lh_now_ns();
		incoming->refs++;
		incoming->fetching++;
	}
	pthread_mutex_unlock(&homa->lock);
	if (!incoming) {
		answer_error(msg, error);
		return;
	}
	lh_late_answer(msg, &data, incoming);
}

/* Take a transfer out of the list; its message with the last chunk, if that waits. */
static struct homa_msg *end(struct homa *homa, struct lh_incoming *incoming)
{
	struct homa_msg *finish = incoming->finish;

	incoming->finish = NULL;
	unlist(homa, incoming);
	if (!incoming->refs)
		lh_incoming_free(homa, incoming);
	return finish;
}

static void handle_forget(struct homa *homa, struct homa_msg *msg, const struct lh_frame *frame)
{
	struct homa_msg *finish = NULL;
	struct lh_incoming *incoming;

	pthread_mutex_lock(&homa->lock);
	incoming = find(homa, frame->token, msg);
	if (incoming)
		finish = end(homa, incoming);
	pthread_mutex_unlock(&homa->lock);
	if (finish)
		answer_error(finish, LH_ERR_UNKNOWN);
	answer_type(msg, LH_ACK);
}

/**
 * lh_large_request() - a message of the protocol has come
 * @homa:  the handle, not locked
 * @msg:   the message; taken
 * @frame: its frame
 */
void lh_large_request(struct homa *homa, struct homa_msg *msg, const struct lh_frame *frame)
{
	switch (frame->type) {
	case LH_OPEN:
		handle_open(homa, msg, frame);
		break;
	case LH_CHUNK:
	case LH_FINISH:
		handle_chunk(homa, msg, frame);
		break;
	case LH_FETCH:
		handle_fetch(homa, msg, frame);
		break;
	case LH_FORGET:
		handle_forget(homa, msg, frame);
		break;
	default:
		answer_error(msg, LH_ERR_BAD_FRAME);
	}
}

/**
 * lh_large_expire() - forget transfers that made no progress
 * @homa: the handle, not locked
 */
void lh_large_expire(struct homa *homa)
{
	struct lh_incoming *incoming, *next;
	struct homa_msg *finish, *list = NULL;
	uint64_t now_ns;

	pthread_mutex_lock(&homa->lock);
	now_ns = homa->large->incoming ? lh_now_ns() : 0;
	for (incoming = homa->large->incoming; incoming; incoming = next) {
		next = incoming->next;
		if (incoming->state == LH_DELIVERED ||
		    now_ns < incoming->used_ns + homa->large->expire_ns)
			continue;
		finish = end(homa, incoming);
		if (finish) {
			finish->next = list;
			list = finish;
		}
	}
	pthread_mutex_unlock(&homa->lock);
	while ((finish = list)) {
		list = finish->next;
		answer_error(finish, LH_ERR_UNKNOWN);
	}
}

/* A response that has to be fetched: keep a copy. */
static int announce(struct homa_msg *request, const struct iovec *iov, int iov_count,
		    size_t bytes, bool nonblock)
{
	struct lh_frame frame = { .type = LH_REPLY_LARGE, .total = bytes };
	struct lh_incoming *incoming = request->incoming;
	unsigned char header[LH_FRAME_BYTES];
	struct iovec piece = { header, sizeof(header) };
	struct homa *homa = request->homa;
	unsigned char *copy;
	bool forgotten;
	size_t at = 0;
	int i, ret;

	if (bytes > homa->large->max_bytes / 2)
		return lh_fail(-EMSGSIZE, "the response is longer than half of large_memory_bytes");
	pthread_mutex_lock(&homa->lock);
	forgotten = !incoming->listed;
	copy = forgotten ? NULL : lh_host_alloc(homa, incoming, bytes);
	pthread_mutex_unlock(&homa->lock);
	if (!copy && !forgotten)
		return lh_fail(-ENOBUFS, "large messages of this client, or of all, hold as much as large_memory_bytes allows");
	for (i = 0; copy && i < iov_count; i++) {
		if (iov[i].iov_len)
			memcpy(copy + at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	pthread_mutex_lock(&homa->lock);
	if (copy) {
		incoming->reply = copy;
		incoming->reply_total = bytes;
		incoming->used_ns = lh_now_ns();
		incoming->state = LH_REPLYING;
	}
	pthread_mutex_unlock(&homa->lock);
	lh_frame_put(header, &frame);
	/* Also to one who has given up: the kernel keeps the RPC until it is answered. */
	ret = lh_send_reply(request, &piece, 1, nonblock);
	if (ret && copy) {
		pthread_mutex_lock(&homa->lock);
		incoming->state = LH_DELIVERED;
		if (incoming->fetching) {
			/* Its client asks for what was not announced: it gets no more. */
			unlist(homa, incoming);
		} else {
			incoming->reply = NULL;
			incoming->reply_total = 0;
			lh_host_release(homa, incoming, copy, bytes);
		}
		pthread_mutex_unlock(&homa->lock);
	}
	return ret;
}

/**
 * lh_large_reply() - answer a request that came as a large one
 * @request:   the request
 * @iov:       the response
 * @iov_count: its pieces
 * @bytes:     its length
 * @nonblock:  do not wait for send memory
 *
 * Return: 0 or -errno.
 */
int lh_large_reply(struct homa_msg *request, const struct iovec *iov, int iov_count, size_t bytes,
		   bool nonblock)
{
	struct lh_frame frame = { .type = LH_REPLY, .bytes = (uint32_t)bytes };
	unsigned char header[LH_FRAME_BYTES];
	struct iovec all[LH_IOV_MAX + 1];

	if (bytes > HOMA_RPC_BYTES - LH_FRAME_BYTES)
		return announce(request, iov, iov_count, bytes, nonblock);
	lh_frame_put(header, &frame);
	all[0] = (struct iovec){ header, sizeof(header) };
	memcpy(all + 1, iov, (size_t)iov_count * sizeof(*iov));
	return lh_send_reply(request, all, iov_count + 1, nonblock);
}
