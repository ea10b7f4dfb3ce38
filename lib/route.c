// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Bring what was received to whom it belongs. */
#include "large.h"

/* The response, or the end, of one of our RPCs. As lh_route(). */
static void route_response(struct homa *homa, struct lh_received *received)
{
	struct lh_transfer *transfer;
	struct lh_slot *slot;

	pthread_mutex_lock(&homa->lock);
	slot = lh_slot_find(homa, received->cookie);
	if (slot && slot->is_part) {
		transfer = slot->transfer;
		lh_slot_put(homa, slot);
		pthread_mutex_unlock(&homa->lock);
		lh_large_response(homa, transfer, received->cookie, received->msg,
				  received->error);
		pthread_mutex_lock(&homa->lock);
		return;
	}
	/* A cancelled RPC may have been received already when it was cancelled. */
	if (slot && (slot->state == LH_SENDING || slot->state == LH_WAITING)) {
		lh_slot_done(homa, slot, received->msg, received->error);
		return;
	}
	pthread_mutex_unlock(&homa->lock);
	homa_msg_free(received->msg);
	pthread_mutex_lock(&homa->lock);
}

/**
 * lh_route() - bring what was received to whom it belongs
 * @homa:     the handle, not locked
 * @received: a message or the end of an RPC; the message is the router's now
 *
 * Context: takes the lock, and returns with it.
 */
void lh_route(struct homa *homa, struct lh_received *received)
{
	struct lh_frame frame;

	if (!(received->id & 1)) {
		route_response(homa, received);
		return;
	}
	if (homa->large && received->msg && lh_frame_get(received->msg, &frame)) {
		lh_large_request(homa, received->msg, &frame);
		pthread_mutex_lock(&homa->lock);
		return;
	}
	pthread_mutex_lock(&homa->lock);
	/* A request that failed on its way to us is over; its client is told. */
	if (!received->msg)
		return;
	lh_queue_add(&homa->requests, received->msg);
	lh_wake(homa, LH_WANT_REQUEST);
}
