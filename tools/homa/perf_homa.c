// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * perf_homa.c - messages as Homa RPCs, straight over the socket interface
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/homa.h>

#include "perf_transport.h"

/* Memory for incoming messages of one socket.  Only what is used becomes real. */
#define REGION_BYTES	((size_t)2048 * HOMA_BPAGE_SIZE)

struct homa_socket {
	int fd;
	uint8_t *region;
};

struct homa_chan {
	struct perf_chan chan;
	struct homa_socket sock;
	const struct perf_addr *targets;
	/* Between calls it has the buffers that the next one gives back. */
	struct homa_recvmsg_args args;
};

struct homa_service {
	struct perf_service service;
	struct homa_socket sock;
};

static void sock_close(struct homa_socket *sock)
{
	if (sock->fd >= 0)
		close(sock->fd);
	if (sock->region)
		munmap(sock->region, REGION_BYTES);
}

static int sock_open(struct homa_socket *sock, int family, struct perf_why *why)
{
	struct homa_rcvbuf_args args = { .length = REGION_BYTES };
	void *region;
	int rc;

	sock->region = NULL;
	sock->fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_HOMA);
	if (sock->fd < 0) {
		rc = -errno;
		if (rc == -EPROTONOSUPPORT || rc == -ESOCKTNOSUPPORT) {
			perf_fail(why, 0, "this kernel has no Homa");
			strcpy(why->hint, "modprobe homa");
			return rc;
		}
		return perf_fail(why, rc, "a Homa socket");
	}
	region = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (region == MAP_FAILED)
		return perf_fail(why, -errno, "memory for incoming messages");
	sock->region = region;
	args.start = (uintptr_t)region;
	if (setsockopt(sock->fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, &args, sizeof(args)))
		return perf_fail(why, -errno, "SO_HOMA_RCVBUF");
	return 0;
}

/* Is the message that was received what it has to be? */
static bool same(const struct homa_socket *sock, const struct homa_recvmsg_args *args,
		 const struct perf_msg *msg, size_t bytes)
{
	size_t offset = 0;
	uint32_t i;

	for (i = 0; i < args->num_bpages; i++) {
		size_t piece = bytes - offset < HOMA_BPAGE_SIZE ? bytes - offset : HOMA_BPAGE_SIZE;

		if (!perf_msg_same(msg, offset, sock->region + args->bpage_offsets[i], piece))
			return false;
		offset += piece;
	}
	return offset == bytes && bytes == msg->bytes;
}

static ssize_t receive_any(const struct homa_socket *sock, struct homa_recvmsg_args *args,
			   struct perf_addr *from, int flags)
{
	struct msghdr msg = { .msg_control = args, .msg_controllen = sizeof(*args) };
	ssize_t got;

	if (from) {
		msg.msg_name = &from->sa;
		msg.msg_namelen = sizeof(from->in6);
	}
	args->id = 0;
	args->reserved = 0;
	got = recvmsg(sock->fd, &msg, flags);
	if (from)
		from->len = msg.msg_namelen;
	return got < 0 ? -errno : got;
}

static void chan_close(struct perf_chan *chan)
{
	struct homa_chan *hc = (struct homa_chan *)chan;

	sock_close(&hc->sock);
	free(hc);
}

static int chan_open(struct perf_chan **chan, const struct perf_chan_config *config,
		     struct perf_why *why)
{
	struct homa_chan *hc = calloc(1, sizeof(*hc));
	int rc;

	if (!hc)
		return perf_fail(why, -ENOMEM, "a client");
	hc->targets = config->targets;
	rc = sock_open(&hc->sock, config->targets[0].sa.sa_family, why);
	if (rc) {
		chan_close(&hc->chan);
		return rc;
	}
	hc->chan.ops = &perf_homa;
	hc->chan.fd = hc->sock.fd;
	*chan = &hc->chan;
	return 0;
}

static int chan_send(struct perf_chan *chan, struct perf_rpc *rpc)
{
	struct homa_sendmsg_args args = { .completion_cookie = (uintptr_t)rpc };
	struct homa_chan *hc = (struct homa_chan *)chan;
	uint8_t head[PERF_HEAD_BYTES];
	struct iovec iov[PERF_IOVS];
	struct msghdr msg = {
		.msg_name = (void *)&hc->targets[rpc->target].sa,
		.msg_namelen = hc->targets[rpc->target].len,
		.msg_iov = iov,
		.msg_control = &args,
	};

	msg.msg_iovlen = (size_t)perf_msg_iov(&rpc->msg, head, 0, iov);
	return sendmsg(hc->sock.fd, &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int chan_receive(struct perf_chan *chan, struct perf_rpc **done)
{
	struct homa_chan *hc = (struct homa_chan *)chan;
	struct perf_msg want;
	struct perf_rpc *rpc;
	ssize_t got;

	got = receive_any(&hc->sock, &hc->args, NULL, MSG_DONTWAIT);
	if (got < 0) {
		hc->args.num_bpages = 0;
		/* Without an id it is not about a request. */
		if (!hc->args.id)
			return got == -EAGAIN || got == -EINTR ? 0 : (int)got;
		rpc = (struct perf_rpc *)(uintptr_t)hc->args.completion_cookie;
		rpc->error = (int)-got;
	} else {
		rpc = (struct perf_rpc *)(uintptr_t)hc->args.completion_cookie;
		rpc->error = 0;
		want = rpc->msg;
		want.bytes = perf_msg_answer_bytes(&rpc->msg);
		rpc->wrong = !same(&hc->sock, &hc->args, &want, (size_t)got);
	}
	*done = rpc;
	return 1;
}

static void service_free(struct perf_service *service)
{
	struct homa_service *hs = (struct homa_service *)service;

	sock_close(&hs->sock);
	free(hs);
}

static int service_listen(struct perf_service **service,
			  const struct perf_service_config *config, struct perf_why *why)
{
	struct homa_service *hs = calloc(1, sizeof(*hs));
	int rc;

	if (!hs)
		return perf_fail(why, -ENOMEM, "a server");
	hs->service.ops = &perf_homa;
	rc = sock_open(&hs->sock, config->addr.sa.sa_family, why);
	if (!rc && bind(hs->sock.fd, &config->addr.sa, config->addr.len)) {
		rc = perf_fail(why, -errno, "Homa %s", config->addr.text);
		if (rc == -EADDRINUSE)
			strcpy(why->hint, "--port with another number");
	}
	if (rc) {
		service_free(&hs->service);
		return rc;
	}
	*service = &hs->service;
	return 0;
}

/* Answer from the memory that the request is in. */
static int answer(struct homa_service *hs, const struct homa_recvmsg_args *in,
		  struct perf_addr *client, size_t bytes)
{
	struct homa_sendmsg_args args = { .id = in->id };
	const uint8_t *region = hs->sock.region;
	struct iovec iov[HOMA_MAX_BPAGES];
	uint8_t wrong = PERF_WRONG;
	struct perf_msg request;
	struct msghdr msg = {
		.msg_name = &client->sa,
		.msg_namelen = client->len,
		.msg_iov = iov,
		.msg_control = &args,
	};
	size_t left;

	if (perf_msg_read(&request, region + in->bpage_offsets[0], bytes) &&
	    same(&hs->sock, in, &request, bytes)) {
		left = perf_msg_answer_bytes(&request);
		while (left) {
			struct iovec *piece = &iov[msg.msg_iovlen];

			piece->iov_base = (void *)(region + in->bpage_offsets[msg.msg_iovlen++]);
			piece->iov_len = left < HOMA_BPAGE_SIZE ? left : HOMA_BPAGE_SIZE;
			left -= piece->iov_len;
		}
	} else {
		iov[0].iov_base = &wrong;
		iov[0].iov_len = 1;
		msg.msg_iovlen = 1;
		__atomic_fetch_add(&hs->service.wrong, 1, __ATOMIC_RELAXED);
	}
	__atomic_fetch_add(&hs->service.requests, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&hs->service.bytes, bytes, __ATOMIC_RELAXED);
	return sendmsg(hs->sock.fd, &msg, 0) < 0 ? -errno : 0;
}

static int service_serve(struct perf_service *service, struct perf_why *why)
{
	struct homa_service *hs = (struct homa_service *)service;
	struct homa_recvmsg_args args = { 0 };
	struct perf_addr client;
	ssize_t got;

	for (;;) {
		got = receive_any(&hs->sock, &args, &client, 0);
		if (got == -ESHUTDOWN)
			return 0;
		if (got > 0) {
			/* A client that is gone or unreachable concerns nobody else. */
			answer(hs, &args, &client, (size_t)got);
			continue;
		}
		args.num_bpages = 0;
		if (!args.id && got != -EINTR && got != -EAGAIN)
			return perf_fail(why, (int)got, "receiving a request");
	}
}

static void service_stop(struct perf_service *service)
{
	shutdown(((struct homa_service *)service)->sock.fd, SHUT_RDWR);
}

const struct perf_transport perf_homa = {
	.name = "homa",
	.about = "Homa RPCs",
	.open = chan_open,
	.send = chan_send,
	.receive = chan_receive,
	.close = chan_close,
	.listen = service_listen,
	.serve = service_serve,
	.stop = service_stop,
	.free = service_free,
};
