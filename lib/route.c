// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Bring what was received to whom it belongs. */
#include "large.h"

/* The response, or the end, of one of our RPCs. */
static void route_response(struct homa *homa, struct lh_received *received)
{
	struct homa_msg *unwanted = received->msg;
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
		return;
	}
	/* A cancelled RPC may have been received already when it was cancelled. */
	if (slot && (slot->state == LH_SENDING || slot->state == LH_WAITING)) {
		lh_slot_done(homa, slot, received->msg, received->error);
		unwanted = NULL;
	}
	pthread_mutex_unlock(&homa->lock);
	homa_msg_free(unwanted);
}

/**
 * lh_route() - bring what was received to whom it belongs
 * @homa:     the handle, not locked
 * @received: a message or the end of an RPC; the message is the router's now
 */
void lh_route(struct homa *homa, struct lh_received *received)
{
	struct lh_frame frame;

	if (!(received->id & 1)) {
		route_response(homa, received);
		return;
	}
	/* A request that failed on its way to us is over; its client is told. */
	if (!received->msg)
		return;
	if (homa->large && lh_frame_get(received->msg, &frame)) {
		lh_large_request(homa, received->msg, &frame);
		return;
	}
	pthread_mutex_lock(&homa->lock);
	lh_queue_add(&homa->requests, received->msg);
	lh_wake(homa, LH_WANT_REQUEST);
	pthread_mutex_unlock(&homa->lock);
}
