// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The system calls that send and receive, and nothing else. */
#include <string.h>
#include <sys/ioctl.h>

#include "internal.h"

/* The id of no request of ours: ours are even. */
#define NOBODY 1

/**
 * lh_sendmsg() - send a request or a response
 * @homa:      the handle
 * @to:        where to
 * @to_bytes:  size of @to
 * @iov:       the message
 * @iov_count: pieces of it
 * @args:      Homa's arguments, in and out
 * @flags:     0 or MSG_DONTWAIT
 *
 * Return: 0 or -errno.
 */
int lh_sendmsg(struct homa *homa, const struct sockaddr *to, socklen_t to_bytes,
	       const struct iovec *iov, int iov_count, struct homa_sendmsg_args *args, int flags)
{
	struct msghdr hdr = {
		.msg_name = (void *)to,
		.msg_namelen = to_bytes,
		.msg_iov = (struct iovec *)iov,
		.msg_iovlen = (size_t)iov_count,
		.msg_control = args,
	};
	ssize_t ret;

	do {
		if (lh_exchange_suits(homa, to, to_bytes, iov, iov_count))
			ret = lh_exchange_send(homa, to, iov, args, !(flags & MSG_DONTWAIT));
		else
			ret = sendmsg(homa->fd, &hdr, flags);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? lh_fail_errno(homa) : 0;
}

/* Where the message is: bpages that follow each other make one piece. */
static void find_pieces(struct homa_msg *msg)
{
	size_t rest = msg->length;
	uint32_t i;

	for (i = 0; i < msg->num_bpages; i++) {
		unsigned char *at = msg->homa->region + msg->bpages[i];
		size_t bytes = rest < HOMA_BPAGE_SIZE ? rest : HOMA_BPAGE_SIZE;
		struct iovec *last = msg->iov_count ? &msg->iov[msg->iov_count - 1] : NULL;

		if (last && (unsigned char *)last->iov_base + last->iov_len == at)
			last->iov_len += bytes;
		else
			msg->iov[msg->iov_count++] =
				(struct iovec){ .iov_base = at, .iov_len = bytes };
		rest -= bytes;
	}
}

/**
 * lh_msg_fill() - a message has come
 * @msg:        the message, empty
 * @id:         the kernel's id
 * @length:     its bytes
 * @bpages:     where it is in the region
 * @num_bpages: how many; 0 = it is in msg->small
 */
void lh_msg_fill(struct homa_msg *msg, uint64_t id, size_t length, const uint32_t *bpages,
		 uint32_t num_bpages)
{
	msg->id = id;
	msg->length = length;
	msg->is_request = id & 1;
	msg->num_bpages = num_bpages;
	if (!num_bpages) {
		msg->iov[0] = (struct iovec){ .iov_base = msg->small, .iov_len = length };
		msg->iov_count = 1;
		return;
	}
	memcpy(msg->bpages, bpages, num_bpages * sizeof(*bpages));
	find_pieces(msg);
	atomic_fetch_add(&msg->homa->held_bytes, (size_t)num_bpages * HOMA_BPAGE_SIZE);
}

/**
 * lh_receive() - what the kernel has next, without waiting
 * @homa:     the handle, locked; not any more afterwards
 * @received: a message, or an RPC of ours that failed
 *
 * The message structure is allocated before, so that no message is lost for want of memory.
 *
 * Return: 0 or -errno: -EAGAIN = nothing.
 */
int lh_receive(struct homa *homa, struct lh_received *received)
{
	struct homa_recvmsg_args args = { 0 };
	struct homa_msg *msg = lh_msg_get(homa, args.bpage_offsets, HOMA_MAX_BPAGES,
					  &args.num_bpages);
	struct msghdr hdr;
	ssize_t length;
	int err;

	pthread_mutex_unlock(&homa->lock);
	if (!msg)
		return -ENOMEM;
	do {
		hdr = (struct msghdr){
			.msg_name = &msg->peer,
			.msg_namelen = sizeof(msg->peer),
			.msg_control = &args,
			.msg_controllen = sizeof(args),
		};
		args.id = 0;
		length = recvmsg(homa->fd, &hdr, MSG_DONTWAIT);
		/* Interrupted or not, what was given back is given back. */
		if (length < 0 && errno == EINTR)
			args.num_bpages = 0;
	} while (length < 0 && errno == EINTR);

	if (length < 0) {
		err = -errno;
		lh_msg_put(msg);
		if (!args.id)
			return err == -EAGAIN ? err : lh_fail_errno(homa);
		*received = (struct lh_received){
			.id = args.id, .cookie = args.completion_cookie, .error = err,
		};
		return 0;
	}
	msg->peer_bytes = hdr.msg_namelen;
	lh_msg_fill(msg, args.id, (size_t)length, args.bpage_offsets, args.num_bpages);
	*received = (struct lh_received){
		.msg = msg, .id = args.id, .cookie = args.completion_cookie,
	};
	return 0;
}

/**
 * lh_give_back() - give buffers back, and receive nothing
 * @homa:   the handle
 * @bpages: the buffers
 * @num:    how many
 *
 * recvmsg() takes buffers before it looks for a message. It is told to wait for an RPC that
 * cannot exist, and so fails without one: an ordinary call could return a message that
 * somebody else is waiting for.
 */
void lh_give_back(struct homa *homa, const uint32_t *bpages, uint32_t num)
{
	while (num) {
		uint32_t some = num < HOMA_MAX_BPAGES ? num : HOMA_MAX_BPAGES;
		struct homa_recvmsg_args args = { .id = NOBODY, .num_bpages = some };
		struct msghdr hdr = { .msg_control = &args, .msg_controllen = sizeof(args) };

		memcpy(args.bpage_offsets, bpages, some * sizeof(*bpages));
		recvmsg(homa->fd, &hdr, MSG_DONTWAIT);
		bpages += some;
		num -= some;
	}
}

/**
 * lh_abort() - end a request of ours silently
 * @homa: the handle
 * @id:   the kernel's id of it
 *
 * Return: 0 or -errno: -EINVAL = it has ended already.
 */
int lh_abort(struct homa *homa, uint64_t id)
{
	struct homa_abort_args args = { .id = id };

	/* 0 would be all of them. */
	if (!id)
		return -EINVAL;
	return ioctl(homa->fd, HOMAIOCABORT, &args) ? -errno : 0;
}
