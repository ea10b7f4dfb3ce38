// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The server's side: receive, reply, serve. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "large.h"

/* For lh_wait(): the oldest request. */
static bool take_request(struct homa *homa, uint64_t rpc, void *out)
{
	struct homa_msg **request = out;

	(void)rpc;
	*request = lh_queue_take(&homa->requests);
	return *request;
}

int homa_recv(struct homa *homa, int64_t timeout_ns, struct homa_msg **request)
{
	int ret = lh_usable(homa);

	if (!ret)
		ret = lh_wait(homa, LH_WANT_REQUEST, 0, lh_end_ns(timeout_ns), take_request,
			      request);
	if (ret == -ESHUTDOWN)
		lh_fail(ret, "the handle was stopped");
	return ret;
}

/**
 * lh_send_reply() - send a response
 * @request:   the request
 * @iov:       the response
 * @iov_count: its pieces
 * @nonblock:  do not wait for send memory
 *
 * Waiting is bounded: clients that take no responses fill the send buffer, and would hold
 * the threads of a server for ever.
 *
 * Return: 0 or -errno; after -EAGAIN the request can be answered again.
 */
int lh_send_reply(struct homa_msg *request, const struct iovec *iov, int iov_count, bool nonblock)
{
	struct homa *homa = request->homa;
	uint64_t end_ns = 0;
	int ret;

	for (;;) {
		struct homa_sendmsg_args args = { .id = request->id };

		ret = lh_sendmsg(homa, homa_msg_peer(request, NULL), request->peer_bytes, iov,
				 iov_count, &args, MSG_DONTWAIT);
		if (ret != -EAGAIN || nonblock)
			return ret;
		if (!end_ns)
			end_ns = lh_now_ns() + LH_REPLY_WAIT_NS;
		if (lh_wait_writable(homa, end_ns))
			return lh_fail(-EAGAIN, "clients have not taken their responses for 5 seconds, and the send buffer is full of them");
	}
}

int homa_replyv(struct homa_msg *request, const struct iovec *iov, int iov_count, uint32_t flags)
{
	size_t bytes;
	int ret = lh_usable(request->homa);

	if (!ret)
		ret = lh_iov_check(iov, iov_count, &bytes);
	if (ret)
		return ret;
	if (flags & ~(uint32_t)HOMA_NONBLOCK)
		return lh_fail(-EINVAL, "unknown flags");
	if (!request->is_request)
		return lh_fail(-EINVAL, "the message is a response; only requests are answered");
	if (bytes > HOMA_RPC_BYTES && !request->framed)
		return lh_fail(-EMSGSIZE, "beyond 1,000,000 bytes the client has to use HOMA_LARGE_REPLY");
	if (atomic_exchange(&request->answered, true))
		return lh_fail(-EALREADY, "the request was answered before");
	if (request->framed)
		ret = lh_large_reply(request, iov, iov_count, bytes, flags & HOMA_NONBLOCK);
	else
		ret = lh_send_reply(request, iov, iov_count, flags & HOMA_NONBLOCK);
	if (ret)
		atomic_store(&request->answered, false);
	return ret;
}

int homa_reply(struct homa_msg *request, const void *data, size_t bytes, uint32_t flags)
{
	struct iovec piece = { .iov_base = (void *)data, .iov_len = bytes };

	return homa_replyv(request, &piece, 1, flags);
}

/* What the threads of homa_serve() share. */
struct serving {
	struct homa *homa;
	homa_handler handler;
	void *arg;
	atomic_int error;
};

static void *serve(void *arg)
{
	struct serving *serving = arg;
	struct homa_msg *request;
	int ret;

	for (;;) {
		ret = homa_recv(serving->homa, HOMA_FOREVER, &request);
		if (ret)
			break;
		serving->handler(request, serving->arg);
	}
	if (ret != -ESHUTDOWN || !serving->homa->stopped) {
		serving->error = ret;
		/* The others cannot go on either. */
		homa_stop(serving->homa);
	}
	return NULL;
}

int homa_serve(struct homa *homa, unsigned int threads, homa_handler handler, void *arg)
{
	struct serving serving = { .homa = homa, .handler = handler, .arg = arg };
	pthread_t *others;
	unsigned int i;
	int ret = lh_usable(homa);

	if (ret)
		return ret;
	if (threads < 1 || threads > 10000)
		return lh_fail(-EINVAL, "1 to 10000 threads");
	others = calloc(threads, sizeof(*others));
	if (!others)
		return lh_fail(-ENOMEM, "no memory for the list of threads");
	for (i = 1; i < threads; i++) {
		ret = pthread_create(&others[i], NULL, serve, &serving);
		if (ret) {
			serving.error = -ret;
			homa_stop(homa);
			break;
		}
	}
	serve(&serving);
	while (--i > 0)
		pthread_join(others[i], NULL);
	free(others);
	return serving.error ? lh_fail(serving.error, strerror(-serving.error)) : 0;
}
