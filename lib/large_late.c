// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Large messages: answers of the protocol that found no send memory. Clients that
 * ask for chunks and take none fill the send buffer of the server's socket; the
 * thread that receives must not wait for them, because it serves all the others.
 * So these answers wait here until the socket is writable.
 */
#include <stdlib.h>
#include <sys/epoll.h>

#include "large.h"

/* One answer: the frame is made again when it is sent. */
struct lh_late {
	struct lh_late *next;
	struct homa_msg *request;
	struct lh_frame frame;
	struct lh_incoming *incoming;	/* LH_DATA: a reference, for its response */
};

/**
 * lh_late_watch() - whoever waits for the handle waits for room, too, as long as it is needed
 * @homa: the handle, locked
 */
void lh_late_watch(struct homa *homa)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (homa->large->late)
		event.events |= EPOLLOUT;
	if (homa->epoll_fd >= 0)
		epoll_ctl(homa->epoll_fd, EPOLL_CTL_MOD, homa->fd, &event);
	if (homa->large->late && homa->poller)
		lh_tell(homa->wake_fd);
}

/* Without waiting: -EAGAIN = there is no room. */
static int send_answer(struct homa_msg *request, const struct lh_frame *frame,
		       const struct lh_incoming *incoming)
{
	struct homa_sendmsg_args args = { .id = request->id };
	unsigned char header[LH_FRAME_BYTES];
	struct iovec iov[2] = { { header, sizeof(header) } };

	lh_frame_put(header, frame);
	if (incoming)
		iov[1] = (struct iovec){ incoming->reply + frame->offset, frame->bytes };
	return lh_sendmsg(request->homa, homa_msg_peer(request, NULL), request->peer_bytes, iov,
			  incoming ? 2 : 1, &args, MSG_DONTWAIT);
}

/* The answer was sent, or cannot be: then the client hears nothing, and fails. */
static void sent(struct homa *homa, struct homa_msg *request, struct lh_incoming *incoming)
{
	homa_msg_free(request);
	if (!incoming)
		return;
	pthread_mutex_lock(&homa->lock);
	incoming->fetching--;
	lh_incoming_drop(homa, incoming);
	pthread_mutex_unlock(&homa->lock);
}

/**
 * lh_late_answer() - answer a message of the protocol now, or when there is room
 * @request:  the message; taken
 * @frame:    the answer
 * @incoming: NULL, or the transfer whose response has the bytes that follow the frame, with a
 *            reference and counted in @fetching; both are taken
 */
void lh_late_answer(struct homa_msg *request, const struct lh_frame *frame,
		    struct lh_incoming *incoming)
{
	struct homa *homa = request->homa;
	struct lh_late *late;
	bool first;

	homa_msg_release(request);
	if (send_answer(request, frame, incoming) != -EAGAIN) {
		sent(homa, request, incoming);
		return;
	}
	late = malloc(sizeof(*late));
	if (!late) {
		sent(homa, request, incoming);
		return;
	}
	*late = (struct lh_late){ .request = request, .frame = *frame, .incoming = incoming };
	pthread_mutex_lock(&homa->lock);
	first = !homa->large->late;
	if (first)
		homa->large->late_tail = &homa->large->late;
	*homa->large->late_tail = late;
	homa->large->late_tail = &late->next;
	if (first)
		lh_late_watch(homa);
	pthread_mutex_unlock(&homa->lock);
}

/**
 * lh_late_work() - send the answers for which there is room now
 * @homa: the handle, not locked
 */
void lh_late_work(struct homa *homa)
{
	struct lh_large *large = homa->large;
	struct lh_late *late;
	int ret;

	pthread_mutex_lock(&homa->lock);
	/* The oldest one, as long as nobody else is at it. */
	while (!large->late_busy && (late = large->late)) {
		large->late_busy = true;
		pthread_mutex_unlock(&homa->lock);
		ret = send_answer(late->request, &late->frame, late->incoming);
		pthread_mutex_lock(&homa->lock);
		large->late_busy = false;
		if (ret == -EAGAIN)
			break;
		large->late = late->next;
		if (!large->late)
			lh_late_watch(homa);
		pthread_mutex_unlock(&homa->lock);
		sent(homa, late->request, late->incoming);
		free(late);
		pthread_mutex_lock(&homa->lock);
	}
	pthread_mutex_unlock(&homa->lock);
}

/**
 * lh_late_close() - nothing will be sent any more
 * @homa: the handle; no other thread uses it
 */
void lh_late_close(struct homa *homa)
{
	struct lh_late *late;

	while ((late = homa->large->late)) {
		homa->large->late = late->next;
		sent(homa, late->request, late->incoming);
		free(late);
	}
}
