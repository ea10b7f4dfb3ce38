// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * HOMAIOCEXCHANGE, where the kernel has it (docs/decisions/0092): messages in one piece
 * are sent with it, which costs less than sendmsg(); and calls send, wait and receive
 * with one system call. Their requests are private for the kernel, so the response comes
 * here and nowhere else: the thread sleeps in the kernel, and nobody has to wake it. It
 * has no slot, no queue, no poller.
 */
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "internal.h"

/* The kernel waits in ticks, and up to two more than asked for: 20 ms at most. Who asks for
 * less than that gets a finer clock.
 */
#define SHORT_NS 20000000

/**
 * lh_exchange_init() - find out whether the kernel has HOMAIOCEXCHANGE
 * @homa: the handle, with its socket
 */
void lh_exchange_init(struct homa *homa)
{
	struct homa_exchange nothing = { 0 };

	homa->can_exchange = !ioctl(homa->fd, HOMAIOCEXCHANGE, &nothing);
}

/* The address as the kernel wants it. Odd ones are left to sendmsg() and its errors: 0. */
static socklen_t address_bytes(const struct sockaddr *to, socklen_t to_bytes)
{
	if (!to || to_bytes < sizeof(struct sockaddr_in))
		return 0;
	if (to->sa_family == AF_INET)
		return sizeof(struct sockaddr_in);
	if (to->sa_family == AF_INET6 && to_bytes >= sizeof(struct sockaddr_in6))
		return sizeof(struct sockaddr_in6);
	return 0;
}

/* Put in an address for which address_bytes() is not 0. */
static void set_address(union homa_address *out, const struct sockaddr *to)
{
	/* Of constant lengths, which the compiler copies itself. */
	if (to->sa_family == AF_INET6)
		memcpy(out, to, sizeof(struct sockaddr_in6));
	else
		memcpy(out, to, sizeof(struct sockaddr_in));
}

/**
 * lh_exchange_suits() - can a message be sent so?
 * @homa:      the handle
 * @to:        where to
 * @to_bytes:  size of @to
 * @iov:       the message
 * @iov_count: pieces of it
 *
 * Return: true if it can.
 */
bool lh_exchange_suits(const struct homa *homa, const struct sockaddr *to, socklen_t to_bytes,
		       const struct iovec *iov, int iov_count)
{
	return homa->can_exchange && iov_count == 1 && iov->iov_len <= HOMA_RPC_BYTES &&
	       address_bytes(to, to_bytes);
}

/**
 * lh_exchange_send() - send a message for which lh_exchange_suits()
 * @homa:     the handle
 * @to:       where to
 * @iov:      the message
 * @args:     as for sendmsg(), in and out
 * @wait:     wait for room
 *
 * Return: 0 or -1, with errno.
 */
int lh_exchange_send(struct homa *homa, const struct sockaddr *to, const struct iovec *iov,
		     struct homa_sendmsg_args *args, bool wait)
{
	struct homa_send send = {
		.id = args->id,
		.completion_cookie = args->completion_cookie,
		.data = (uintptr_t)iov->iov_base,
		.length = (uint32_t)iov->iov_len,
		.flags = args->flags,
	};
	struct homa_exchange exchange = {
		.sends = (uintptr_t)&send,
		.num_sends = 1,
		.timeout_ns = wait ? -1 : 0,
	};
	int ret;

	set_address(&send.to, to);
	ret = ioctl(homa->fd, HOMAIOCEXCHANGE, &exchange);
	args->id = send.id;
	return ret;
}

/**
 * lh_call_suits() - can this call be made with one system call, or two?
 * @homa:       the handle
 * @to:         the server
 * @to_bytes:   size of @to
 * @timeout_ns: of the call
 *
 * Large transfers go on while a thread is in a call, so on handles with HOMA_LARGE that one
 * has to receive for all.
 *
 * Return: true if it can.
 */
bool lh_call_suits(const struct homa *homa, const struct sockaddr *to, socklen_t to_bytes,
		   int64_t timeout_ns)
{
	return homa->can_exchange && !homa->large && address_bytes(to, to_bytes) &&
	       (timeout_ns < 0 || timeout_ns >= SHORT_NS);
}

/* A request in pieces is sent by itself. Return: 0 or -errno. */
static int send_pieces(struct homa *homa, const struct sockaddr *to, socklen_t to_bytes,
		       const struct iovec *iov, int iov_count, uint64_t end_ns, __u64 *id)
{
	struct homa_sendmsg_args args = { .flags = HOMA_SENDMSG_PRIVATE };
	int ret;

	for (;;) {
		ret = lh_sendmsg(homa, to, to_bytes, iov, iov_count, &args, MSG_DONTWAIT);
		if (ret != -EAGAIN)
			break;
		ret = lh_wait_writable(homa, end_ns);
		if (ret)
			break;
	}
	*id = args.id;
	return ret;
}

/* Nanoseconds that are left, as HOMAIOCEXCHANGE wants them; 0 = the time is over. */
static int64_t left_ns(uint64_t end_ns)
{
	uint64_t now_ns;

	if (end_ns == LH_NEVER)
		return -1;
	now_ns = lh_now_ns();
	if (now_ns >= end_ns)
		return 0;
	return end_ns - now_ns < INT64_MAX ? (int64_t)(end_ns - now_ns) : INT64_MAX;
}

/* Our RPC is not there any more: because of shutdown(), or HOMAIOCABORT by the program. */
static int gone(struct homa *homa, uint64_t id)
{
	struct lh_received received;
	int ret;

	/* Or the kernel minds something else; then nobody will receive it. */
	lh_abort(homa, id);
	pthread_mutex_lock(&homa->lock);
	ret = lh_receive(homa, &received);
	if (ret == -ESHUTDOWN)
		return ret;
	if (!ret) {
		lh_route(homa, &received);
		pthread_mutex_unlock(&homa->lock);
	}
	return lh_fail(-ECANCELED, "the RPC was cancelled");
}

/* HOMAIOCEXCHANGE failed. Return: 0 = go on with @args as they are now, or -errno. */
static int go_on(struct homa *homa, struct homa_exchange *args, struct homa_send *send,
		 uint64_t end_ns)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int ret, err = errno;

	/* Whoever forbids the call leaves everything as it was. */
	if (!args->id && (!args->num_sends || !send->id)) {
		args->num_sends = 1;
		send->id = 0;
		if (err == EINTR)
			return 0;
		return err == EAGAIN ? lh_wait_writable(homa, end_ns) : lh_fail_errno(homa);
	}
	/* It was sent: from now on we only wait. */
	if (!args->id)
		args->id = send->id;
	args->num_sends = 0;
	args->flags = 0;
	switch (err) {
	case EINTR:
		return 0;
	case EAGAIN:
		/* Too early only if the program has made the socket so. */
		if (left_ns(end_ns))
			nanosleep(&moment, NULL);
		return 0;
	case EINVAL:
		return gone(homa, args->id);
	case EFAULT:
		return lh_fail_rpc(-EFAULT);
	default:
		ret = lh_fail_errno(homa);
		lh_abort(homa, args->id);
		return ret;
	}
}

/* Until the RPC has ended, one way or another. Return: 0 or -errno. */
static int exchange(struct homa *homa, struct homa_exchange *args, struct homa_send *send,
		    uint64_t end_ns)
{
	uint32_t num_returns;
	int ret;

	do {
		args->timeout_ns = left_ns(end_ns);
		if (!args->timeout_ns && args->id) {
			lh_abort(homa, args->id);
			return lh_fail(-ETIME, "no response came in time; the RPC was ended");
		}
		if (!args->timeout_ns)
			return lh_wait_writable(homa, end_ns);
		args->num_recvs = 1;
		num_returns = args->num_returns;
		if (!ioctl(homa->fd, HOMAIOCEXCHANGE, args))
			return 0;
		/* Those behind a buffer that it refused are still ours. */
		args->returns += (num_returns - args->num_returns) * sizeof(uint32_t);
		ret = go_on(homa, args, send, end_ns);
	} while (!ret);
	return ret;
}

/**
 * lh_call() - send a request and wait for its response
 * @homa:      the handle
 * @to:        the server, an address of IPv4 or IPv6
 * @to_bytes:  size of @to
 * @iov:       the request
 * @iov_count: its pieces
 * @bytes:     its length, at most HOMA_RPC_BYTES
 * @end_ns:    when the time is over
 * @response:  where the response is returned
 *
 * Return: 0 or -errno: the RPC is over, however it has ended.
 */
int lh_call(struct homa *homa, const struct sockaddr *to, socklen_t to_bytes,
	    const struct iovec *iov, int iov_count, size_t bytes, uint64_t end_ns,
	    struct homa_msg **response)
{
	struct homa_send send = { .data = (uintptr_t)iov->iov_base, .length = (uint32_t)bytes };
	struct homa_recv recv = { .room = LH_SMALL_BYTES };
	uint32_t returns[LH_PENDING_MAX];
	struct homa_exchange args = {
		.sends = (uintptr_t)&send,
		.recvs = (uintptr_t)&recv,
		.returns = (uintptr_t)returns,
	};
	struct homa_msg *msg;
	int ret = 0;

	pthread_mutex_lock(&homa->lock);
	/* Pieces may have to wait for room; buffers do not wait with them. */
	msg = lh_msg_get(homa, returns, iov_count == 1 ? LH_PENDING_MAX : 0, &args.num_returns);
	pthread_mutex_unlock(&homa->lock);
	if (!msg)
		return -ENOMEM;
	recv.data = (uintptr_t)msg->small;
	if (iov_count == 1) {
		set_address(&send.to, to);
		args.num_sends = 1;
		args.flags = HOMA_EXCHANGE_CALL;
	} else {
		ret = send_pieces(homa, to, to_bytes, iov, iov_count, end_ns, &args.id);
		pthread_mutex_lock(&homa->lock);
		args.num_returns = lh_take_pending(homa, returns, LH_PENDING_MAX);
		pthread_mutex_unlock(&homa->lock);
	}
	if (!ret)
		ret = exchange(homa, &args, &send, end_ns);
	/* Taken along, unless nothing was. */
	if (args.num_returns)
		lh_give_back(homa, (uint32_t *)(uintptr_t)args.returns, args.num_returns);
	if (!ret && recv.error)
		ret = lh_fail_rpc(-recv.error);
	if (ret) {
		lh_msg_put(msg);
		return ret;
	}
	msg->peer_bytes = address_bytes(&recv.from.sa, sizeof(recv.from));
	memcpy(&msg->peer, &recv.from, sizeof(recv.from));
	lh_msg_fill(msg, recv.id, recv.length, recv.bpage_offsets, recv.num_bpages);
	*response = msg;
	return 0;
}
