// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Large messages, the client's side: one transfer goes through open, chunks and
 * finish, then the chunks of a large response. Each step is taken by whichever
 * thread receives the response to the step before.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "large.h"

/**
 * lh_transfer_free() - free a transfer
 * @homa:     the handle, locked
 * @transfer: the transfer; it is in no list, and nothing of it is under way
 */
void lh_transfer_free(struct homa *homa, struct lh_transfer *transfer)
{
	lh_large_release(homa, transfer->memory, transfer->reply_total);
	free(transfer->chunks.seen);
	free(transfer->iov);
	free(transfer);
}

static void put_transfer(struct homa *homa, struct lh_transfer *transfer)
{
	if (--transfer->refs == 0)
		lh_transfer_free(homa, transfer);
}

/* The request @rpc is not under way any more. */
static void landed(struct lh_transfer *transfer, uint64_t rpc)
{
	unsigned int i;

	for (i = 0; i <= LH_WINDOW; i++) {
		if (transfer->under_way[i] == rpc) {
			transfer->under_way[i] = 0;
			transfer->num_under_way--;
			return;
		}
	}
}

/* A slot for a request of the protocol. @transfer may be NULL: nobody cares. */
static uint64_t new_request(struct homa *homa, struct lh_transfer *transfer)
{
	struct lh_slot *slot = lh_slot_get(homa);
	unsigned int i = 0;
	uint64_t rpc;

	if (!slot)
		return 0;
	slot->is_part = true;
	slot->transfer = transfer;
	rpc = lh_slot_rpc(homa, slot);
	if (transfer) {
		transfer->refs++;
		while (transfer->under_way[i])
			i++;
		transfer->under_way[i] = rpc;
		transfer->num_under_way++;
	}
	return rpc;
}

/* The server may forget what it has of a transfer. */
static void forget(struct homa *homa, const struct sockaddr_storage *to, socklen_t to_bytes,
		   uint64_t token)
{
	struct lh_frame frame = { .type = LH_FORGET, .token = token };
	unsigned char header[LH_FRAME_BYTES];
	struct iovec piece = { header, sizeof(header) };
	uint64_t rpc;

	lh_frame_put(header, &frame);
	pthread_mutex_lock(&homa->lock);
	rpc = new_request(homa, NULL);
	pthread_mutex_unlock(&homa->lock);
	/* If it cannot be sent the server's state expires. */
	if (rpc)
		lh_slot_send(homa, rpc, (const struct sockaddr *)to, to_bytes, &piece, 1, true, 0);
}

/* The transfer has ended, and nobody reads the user's message any more. Returns the
 * response if the user does not want it.
 */
static struct homa_msg *tell_user(struct homa *homa, struct lh_transfer *transfer)
{
	struct lh_slot *slot = lh_slot_find(homa, transfer->rpc);
	struct homa_msg *msg = transfer->result;

	transfer->result = NULL;
	if (!slot || slot->state != LH_WAITING)
		return msg;
	slot->transfer = NULL;
	lh_slot_done(homa, slot, msg, transfer->result_error);
	return NULL;
}

/* End a transfer, once: drop what is under way, tell the user. */
static void finish(struct homa *homa, struct lh_transfer *transfer, struct homa_msg *msg,
		   int error)
{
	struct lh_transfer **at = &homa->large->transfers;
	struct sockaddr_storage to = transfer->to;
	struct homa_msg *unwanted = NULL;
	uint64_t abort[LH_WINDOW + 1];
	unsigned int i, num_abort = 0;
	struct lh_slot *slot;
	socklen_t to_bytes = transfer->to_bytes;
	uint64_t token;

	pthread_mutex_lock(&homa->lock);
	if (transfer->done) {
		pthread_mutex_unlock(&homa->lock);
		homa_msg_free(msg);
		return;
	}
	transfer->done = true;
	if (transfer->stalled)
		homa->large->num_stalled--;
	transfer->stalled = false;
	while (*at != transfer)
		at = &(*at)->next;
	*at = transfer->next;
	for (i = 0; i <= LH_WINDOW; i++) {
		slot = lh_slot_find(homa, transfer->under_way[i]);
		/* Those that are being sent this moment end when their response comes. So
		 * does the first request: its response has the token, to have it forgotten.
		 */
		if (!transfer->under_way[i] || !slot || slot->state != LH_WAITING ||
		    !transfer->token)
			continue;
		abort[num_abort++] = slot->kernel_id;
		lh_slot_put(homa, slot);
		transfer->under_way[i] = 0;
		transfer->num_under_way--;
		transfer->refs--;
	}
	unwanted = transfer->reply;
	transfer->reply = NULL;
	/* A short response has ended the transfer at the server, too. */
	token = error || transfer->reply_total ? transfer->token : 0;
	transfer->result = msg;
	transfer->result_error = error;
	msg = transfer->sending ? NULL : tell_user(homa, transfer);
	put_transfer(homa, transfer);
	pthread_mutex_unlock(&homa->lock);
	for (i = 0; i < num_abort; i++)
		lh_abort(homa, abort[i]);
	homa_msg_free(msg);
	homa_msg_free(unwanted);
	if (token)
		forget(homa, &to, to_bytes, token);
}

/* The offset of the next chunk to send or fetch; false = none, or enough are under way. */
static bool claim(struct lh_transfer *transfer, size_t *offset)
{
	size_t total = transfer->reply_total ? transfer->reply_total : transfer->total;

	if (transfer->done || transfer->num_under_way >= LH_WINDOW)
		return false;
	if (transfer->num_retry) {
		*offset = transfer->retry[--transfer->num_retry];
		return true;
	}
	if (transfer->next_offset >= total)
		return false;
	*offset = transfer->next_offset;
	transfer->next_offset += lh_chunk_bytes(total, *offset);
	return true;
}

/* No send memory: try again when something else of the transfer has ended, or later. */
static void unclaim(struct homa *homa, struct lh_transfer *transfer, size_t offset)
{
	if (transfer->done)
		return;
	transfer->retry[transfer->num_retry++] = offset;
	if (!transfer->num_under_way && !transfer->stalled) {
		transfer->stalled = true;
		homa->large->num_stalled++;
		/* Somebody has to try again soon. */
		lh_tell(homa->wake_fd);
		lh_ready(homa);
	}
}

/* Send one chunk, or ask for one. */
static int send_part(struct homa *homa, struct lh_transfer *transfer, uint64_t rpc, size_t offset,
		     bool fetch)
{
	struct iovec iov[LH_IOV_MAX + 1];
	unsigned char header[LH_FRAME_BYTES];
	struct lh_frame frame = { .token = transfer->token, .offset = offset };
	size_t bytes;
	int count = 0;

	if (fetch) {
		frame.type = LH_FETCH;
		frame.bytes = (uint32_t)lh_chunk_bytes(transfer->reply_total, offset);
	} else {
		bytes = lh_chunk_bytes(transfer->total, offset);
		frame.type = offset + bytes == transfer->total ? LH_FINISH : LH_CHUNK;
		frame.bytes = (uint32_t)bytes;
		count = lh_iov_slice(transfer->iov, transfer->iov_count, offset, bytes, iov + 1,
				     LH_IOV_MAX);
		if (count < 0)
			return count;
	}
	lh_frame_put(header, &frame);
	iov[0] = (struct iovec){ header, sizeof(header) };
	return lh_slot_send(homa, rpc, (const struct sockaddr *)&transfer->to, transfer->to_bytes,
			    iov, count + 1, true, 0);
}

/* Keep as many chunks under way as the window allows. The caller has a reference. */
static void pump(struct homa *homa, struct lh_transfer *transfer)
{
	struct homa_msg *unwanted = NULL;
	size_t offset = 0;
	uint64_t rpc;
	int ret = 0;
	bool fetch;

	pthread_mutex_lock(&homa->lock);
	while (claim(transfer, &offset)) {
		fetch = transfer->reply_total;
		if (transfer->stalled) {
			transfer->stalled = false;
			homa->large->num_stalled--;
		}
		rpc = new_request(homa, transfer);
		if (!rpc) {
			ret = -ENOMEM;
			break;
		}
		transfer->sending++;
		pthread_mutex_unlock(&homa->lock);
		ret = send_part(homa, transfer, rpc, offset, fetch);
		pthread_mutex_lock(&homa->lock);
		if (--transfer->sending == 0 && transfer->done)
			unwanted = tell_user(homa, transfer);
		if (ret) {
			landed(transfer, rpc);
			transfer->refs--;
			if (ret == -EAGAIN) {
				unclaim(homa, transfer, offset);
				ret = 0;
			}
			break;
		}
	}
	pthread_mutex_unlock(&homa->lock);
	homa_msg_free(unwanted);
	if (ret)
		finish(homa, transfer, NULL, ret);
}

/* Have the message for as long as the transfer takes: a copy, unless it is so long that the
 * user keeps it for us. Short ones come here when their response may be long, or when they look
 * like the protocol, which the user cannot know.
 */
static bool take_message(struct lh_transfer *transfer, const struct iovec *iov, int iov_count,
			 size_t bytes)
{
	size_t list_bytes = (size_t)iov_count * sizeof(*iov);
	bool copy = bytes <= HOMA_RPC_BYTES;
	unsigned char *at;
	int i;

	transfer->iov = malloc(copy ? sizeof(*iov) + bytes : list_bytes);
	if (!transfer->iov)
		return false;
	transfer->total = bytes;
	if (!copy) {
		memcpy(transfer->iov, iov, list_bytes);
		transfer->iov_count = iov_count;
		return true;
	}
	at = (unsigned char *)(transfer->iov + 1);
	transfer->iov[0] = (struct iovec){ .iov_base = at, .iov_len = bytes };
	transfer->iov_count = 1;
	for (i = 0; i < iov_count; i++) {
		if (iov[i].iov_len)
			memcpy(at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	return true;
}

/**
 * lh_large_start() - begin a large RPC
 * @homa:      the handle
 * @rpc:       its slot; freed here if the RPC cannot begin
 * @to:        the server
 * @to_bytes:  size of @to
 * @iov:       the request; beyond HOMA_RPC_BYTES it is used until the RPC has ended
 * @iov_count: its pieces
 * @bytes:     its length
 * @nonblock:  do not wait for send memory
 * @end_ns:    how long to wait otherwise
 *
 * Return: 0 or -errno.
 */
int lh_large_start(struct homa *homa, uint64_t rpc, const struct sockaddr *to,
		   socklen_t to_bytes, const struct iovec *iov, int iov_count, size_t bytes,
		   bool nonblock, uint64_t end_ns)
{
	struct lh_frame frame = { .type = LH_OPEN, .total = bytes };
	struct lh_transfer *transfer = calloc(1, sizeof(*transfer));
	unsigned char header[LH_FRAME_BYTES];
	struct iovec piece = { header, sizeof(header) };
	uint64_t open_rpc = 0;
	struct lh_slot *slot;
	int ret;

	if (transfer && to_bytes <= sizeof(transfer->to) &&
	    take_message(transfer, iov, iov_count, bytes)) {
		memcpy(&transfer->to, to, to_bytes);
		transfer->to_bytes = to_bytes;
		transfer->rpc = rpc;
		transfer->refs = 2;	/* the list, and this function */
		pthread_mutex_lock(&homa->lock);
		open_rpc = new_request(homa, transfer);
		slot = lh_slot_find(homa, rpc);
		if (open_rpc) {
			slot->state = LH_WAITING;
			slot->transfer = transfer;
			transfer->next = homa->large->transfers;
			homa->large->transfers = transfer;
		}
		pthread_mutex_unlock(&homa->lock);
	}
	if (!open_rpc) {
		if (transfer)
			free(transfer->iov);
		free(transfer);
		pthread_mutex_lock(&homa->lock);
		lh_slot_put(homa, lh_slot_find(homa, rpc));
		pthread_mutex_unlock(&homa->lock);
		return lh_fail(to_bytes > sizeof(transfer->to) ? -EINVAL : -ENOMEM,
			       "no memory for a large message, or the address is too long");
	}
	lh_frame_put(header, &frame);
	ret = lh_slot_send(homa, open_rpc, to, to_bytes, &piece, 1, nonblock, end_ns);
	if (ret) {
		/* Without a completion: the caller gets the error. */
		pthread_mutex_lock(&homa->lock);
		landed(transfer, open_rpc);
		transfer->refs--;
		slot = lh_slot_find(homa, rpc);
		if (slot)
			lh_slot_put(homa, slot);
		pthread_mutex_unlock(&homa->lock);
		finish(homa, transfer, NULL, ret);
	}
	pthread_mutex_lock(&homa->lock);
	put_transfer(homa, transfer);
	pthread_mutex_unlock(&homa->lock);
	return ret;
}

/* LH_REPLY_LARGE: make room, and begin to fetch. Takes @msg. */
static int begin_fetch(struct homa *homa, struct lh_transfer *transfer, struct homa_msg *msg,
		       const struct lh_frame *frame)
{
	int ret = 0;

	homa_msg_release(msg);
	pthread_mutex_lock(&homa->lock);
	if (transfer->done || transfer->reply_total || !frame->total ||
	    transfer->next_offset < transfer->total)
		ret = -EPROTO;
	else if (frame->total > homa->large->max_bytes)
		ret = -EMSGSIZE;
	else if (!(transfer->memory = lh_large_alloc(homa, (size_t)frame->total)))
		ret = -ENOBUFS;
	if (!ret) {
		transfer->reply_total = (size_t)frame->total;
		ret = lh_chunks_init(&transfer->chunks, transfer->reply_total);
		transfer->next_offset = 0;
		transfer->num_retry = 0;
		transfer->reply = msg;
		msg = NULL;
	}
	pthread_mutex_unlock(&homa->lock);
	homa_msg_free(msg);
	return ret;
}

/* LH_DATA: put it where it belongs. Return: 1 = the response is complete. */
static int take_data(struct homa *homa, struct lh_transfer *transfer, struct homa_msg *msg,
		     const struct lh_frame *frame)
{
	size_t total = transfer->reply_total;
	size_t chunk = (size_t)(frame->offset / LH_CHUNK_BYTES);
	int ret = 0;

	if (!total || !lh_chunk_valid(total, frame->offset, frame->bytes) ||
	    msg->length != LH_FRAME_BYTES + frame->bytes)
		return -EPROTO;
	pthread_mutex_lock(&homa->lock);
	if (transfer->chunks.seen[chunk])
		ret = -EPROTO;
	transfer->chunks.seen[chunk] = 1;
	pthread_mutex_unlock(&homa->lock);
	if (ret)
		return ret;
	/* Other threads write other chunks; nobody takes the memory before all are there. */
	homa_msg_copy(msg, LH_FRAME_BYTES, transfer->memory + frame->offset, frame->bytes);
	pthread_mutex_lock(&homa->lock);
	if (--transfer->chunks.missing == 0)
		ret = 1;
	pthread_mutex_unlock(&homa->lock);
	return ret;
}

/* All chunks of the response are there. */
static void deliver_fetched(struct homa *homa, struct lh_transfer *transfer)
{
	struct homa_msg *msg = NULL;

	pthread_mutex_lock(&homa->lock);
	if (!transfer->done) {
		msg = transfer->reply;
		transfer->reply = NULL;
		lh_msg_set_memory(msg, transfer->memory, transfer->reply_total);
		transfer->memory = NULL;
	}
	pthread_mutex_unlock(&homa->lock);
	if (msg)
		finish(homa, transfer, msg, 0);
}

/* What an error of the server means here. */
static int error_of(const struct lh_frame *frame)
{
	switch (frame->error) {
	case LH_ERR_UNKNOWN:
		return -ECONNRESET;
	case LH_ERR_TOO_LONG:
		return -EMSGSIZE;
	case LH_ERR_NO_MEMORY:
		return -ENOBUFS;
	default:
		return -EPROTO;
	}
}

/* A response to one of our requests. Takes @msg. */
static int step(struct homa *homa, struct lh_transfer *transfer, struct homa_msg *msg)
{
	struct lh_frame frame;
	int ret = 0;

	if (!lh_frame_get(msg, &frame)) {
		/* An application that knows nothing of this answered the first request. */
		homa_msg_free(msg);
		return -EOPNOTSUPP;
	}
	switch (frame.type) {
	case LH_OPENED:
		pthread_mutex_lock(&homa->lock);
		if (transfer->token || !frame.token)
			ret = -EPROTO;
		else
			transfer->token = frame.token;
		pthread_mutex_unlock(&homa->lock);
		break;
	case LH_ACK:
		break;
	case LH_REPLY:
		if (!frame.bytes || msg->length != LH_FRAME_BYTES + frame.bytes) {
			ret = -EPROTO;
			break;
		}
		ret = lh_large_unwrap(msg);
		if (ret)
			break;
		finish(homa, transfer, msg, 0);
		return 0;
	case LH_REPLY_LARGE:
		return begin_fetch(homa, transfer, msg, &frame);
	case LH_DATA:
		ret = take_data(homa, transfer, msg, &frame);
		if (ret == 1)
			deliver_fetched(homa, transfer);
		break;
	case LH_ERROR:
		ret = error_of(&frame);
		break;
	default:
		/* An echo server, perhaps, or a newer version. */
		ret = transfer->token ? -EPROTO : -EOPNOTSUPP;
	}
	homa_msg_free(msg);
	return ret < 0 ? ret : 0;
}

/**
 * lh_large_response() - a request of a transfer has ended
 * @homa:     the handle, not locked
 * @transfer: the transfer, with the reference of the request; NULL = nobody cares
 * @rpc:      the request; its slot is free already
 * @msg:      the response, or NULL; taken
 * @error:    0 or -errno
 */
void lh_large_response(struct homa *homa, struct lh_transfer *transfer, uint64_t rpc,
		       struct homa_msg *msg, int error)
{
	struct lh_frame frame;
	bool done;

	if (!transfer) {
		homa_msg_free(msg);
		return;
	}
	pthread_mutex_lock(&homa->lock);
	landed(transfer, rpc);
	done = transfer->done;
	pthread_mutex_unlock(&homa->lock);
	if (done) {
		if (msg && lh_frame_get(msg, &frame) && frame.type == LH_OPENED)
			forget(homa, &transfer->to, transfer->to_bytes, frame.token);
		homa_msg_free(msg);
	} else if (!error) {
		error = step(homa, transfer, msg);
	}
	if (error && !done)
		finish(homa, transfer, NULL, error);
	else if (!done)
		pump(homa, transfer);
	pthread_mutex_lock(&homa->lock);
	put_transfer(homa, transfer);
	pthread_mutex_unlock(&homa->lock);
}

/**
 * lh_large_cancel() - the user does not want a large RPC any more
 * @homa:     the handle, not locked
 * @transfer: the transfer, with a reference of the caller
 */
void lh_large_cancel(struct homa *homa, struct lh_transfer *transfer)
{
	struct timespec moment = { .tv_nsec = 50000 };

	finish(homa, transfer, NULL, -ECANCELED);
	pthread_mutex_lock(&homa->lock);
	/* The user may free the message when we return. A chunk is sent without waiting. */
	while (transfer->sending) {
		pthread_mutex_unlock(&homa->lock);
		nanosleep(&moment, NULL);
		pthread_mutex_lock(&homa->lock);
	}
	put_transfer(homa, transfer);
	pthread_mutex_unlock(&homa->lock);
}

/**
 * lh_large_kick() - transfers that had no send memory try again
 * @homa: the handle, not locked
 */
void lh_large_kick(struct homa *homa)
{
	struct lh_transfer *transfer;

	pthread_mutex_lock(&homa->lock);
	transfer = homa->large->num_stalled ? homa->large->transfers : NULL;
	while (transfer && !transfer->stalled)
		transfer = transfer->next;
	if (transfer)
		transfer->refs++;
	pthread_mutex_unlock(&homa->lock);
	if (!transfer)
		return;
	pump(homa, transfer);
	pthread_mutex_lock(&homa->lock);
	put_transfer(homa, transfer);
	pthread_mutex_unlock(&homa->lock);
}
