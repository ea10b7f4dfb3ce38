// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * perf_tcp.c - messages over persistent TCP connections: the client side
 *
 * Each message follows its length in 4 bytes, big-endian.  A client keeps a number of
 * connections to each server and sends a request on one that is idle, or else on the
 * one with the fewest bytes under way.  A server answers the requests of a connection
 * in their order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "perf_tcp.h"

#define READ_BYTES	65536

/**
 * struct client_conn - a connection
 * @fd: socket
 * @first: requests without a complete answer, oldest first
 * @last: newest of them
 * @sending: of these, the first that is not sent in full
 * @sent: bytes of it that are sent, with its length word
 * @got: bytes of the answer to @first that are received, with its length word
 * @length: the length word of that
 * @load: bytes of all of them
 * @want_out: epoll reports when there is room to send
 */
struct client_conn {
	int fd;
	struct perf_rpc *first;
	struct perf_rpc *last;
	struct perf_rpc *sending;
	size_t sent;
	size_t got;
	uint8_t length[PERF_TCP_PREFIX];
	uint64_t load;
	bool want_out;
};

struct tcp_chan {
	struct perf_chan chan;
	unsigned int per_target;
	unsigned int num_conns;
	struct client_conn *conns;
	struct perf_rpc *done;
	struct perf_rpc *done_last;
	uint8_t data[READ_BYTES];
};

static void chan_close(struct perf_chan *chan)
{
	struct tcp_chan *tc = (struct tcp_chan *)chan;
	unsigned int i;

	for (i = 0; i < tc->num_conns; i++)
		if (tc->conns[i].fd >= 0)
			close(tc->conns[i].fd);
	if (chan->fd >= 0)
		close(chan->fd);
	free(tc->conns);
	free(tc);
}

static int connect_one(struct tcp_chan *tc, struct client_conn *conn,
		       const struct perf_addr *target, const char *congestion,
		       struct perf_why *why)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = conn };
	int rc;

	conn->fd = socket(target->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (conn->fd < 0)
		return perf_fail(why, -errno, "a TCP socket");
	rc = perf_tcp_setup(conn->fd, congestion, why);
	if (rc)
		return rc;
	if (connect(conn->fd, &target->sa, target->len)) {
		rc = perf_fail(why, -errno, "TCP to %s", target->text);
		strcpy(why->hint, "homa serve --tcp, on that host");
		return rc;
	}
	perf_tcp_nonblocking(conn->fd);
	if (epoll_ctl(tc->chan.fd, EPOLL_CTL_ADD, conn->fd, &event))
		return perf_fail(why, -errno, "epoll_ctl");
	return 0;
}

static int chan_open(struct perf_chan **chan, const struct perf_chan_config *config,
		     struct perf_why *why)
{
	struct tcp_chan *tc = calloc(1, sizeof(*tc));
	unsigned int i;
	int rc = 0;

	if (!tc)
		return perf_fail(why, -ENOMEM, "a client");
	tc->chan.ops = &perf_tcp;
	tc->per_target = config->connections ? config->connections : 1;
	tc->num_conns = tc->per_target * config->num_targets;
	tc->conns = calloc(tc->num_conns, sizeof(*tc->conns));
	tc->chan.fd = epoll_create1(EPOLL_CLOEXEC);
	if (!tc->conns || tc->chan.fd < 0) {
		tc->num_conns = 0;
		rc = perf_fail(why, -errno, "a client");
	}
	for (i = 0; i < tc->num_conns; i++)
		tc->conns[i].fd = -1;
	for (i = 0; i < tc->num_conns && !rc; i++)
		rc = connect_one(tc, &tc->conns[i], &config->targets[i / tc->per_target],
				 config->congestion, why);
	if (rc) {
		chan_close(&tc->chan);
		return rc;
	}
	*chan = &tc->chan;
	return 0;
}

static void want_out(struct tcp_chan *tc, struct client_conn *conn, bool want)
{
	struct epoll_event event = { .events = EPOLLIN | (want ? EPOLLOUT : 0), .data.ptr = conn };

	if (conn->want_out != want)
		epoll_ctl(tc->chan.fd, EPOLL_CTL_MOD, conn->fd, &event);
	conn->want_out = want;
}

/* Send as much as the socket takes. */
static int flush(struct tcp_chan *tc, struct client_conn *conn)
{
	while (conn->sending) {
		struct perf_rpc *rpc = conn->sending;
		uint8_t head[PERF_HEAD_BYTES];
		struct iovec iov[1 + PERF_IOVS];
		uint32_t length = htonl(rpc->msg.bytes);
		struct msghdr msg = { .msg_iov = iov };
		size_t skip = 0;
		ssize_t sent;

		if (conn->sent < PERF_TCP_PREFIX) {
			iov[0].iov_base = (uint8_t *)&length + conn->sent;
			iov[0].iov_len = PERF_TCP_PREFIX - conn->sent;
			msg.msg_iovlen = 1;
		} else {
			skip = conn->sent - PERF_TCP_PREFIX;
		}
		msg.msg_iovlen += (size_t)perf_msg_iov(&rpc->msg, head, skip, iov + msg.msg_iovlen);
		sent = sendmsg(conn->fd, &msg, MSG_NOSIGNAL);
		if (sent < 0) {
			if (errno != EAGAIN)
				return -errno;
			want_out(tc, conn, true);
			return 0;
		}
		conn->sent += (size_t)sent;
		if (conn->sent == PERF_TCP_PREFIX + rpc->msg.bytes) {
			conn->sending = rpc->next;
			conn->sent = 0;
		}
	}
	want_out(tc, conn, false);
	return 0;
}

static void push_done(struct tcp_chan *tc, struct perf_rpc *rpc)
{
	rpc->next = NULL;
	if (tc->done)
		tc->done_last->next = rpc;
	else
		tc->done = rpc;
	tc->done_last = rpc;
}

/* The oldest request of a connection is finished. */
static void pop(struct tcp_chan *tc, struct client_conn *conn)
{
	struct perf_rpc *rpc = conn->first;

	if (conn->sending == rpc)
		conn->sending = rpc->next;
	conn->first = rpc->next;
	conn->load -= rpc->msg.bytes;
	conn->got = 0;
	push_done(tc, rpc);
}

/* A connection broke: so did all its requests, and those to come. */
static void broken(struct tcp_chan *tc, struct client_conn *conn, int error)
{
	close(conn->fd);
	conn->fd = -1;
	while (conn->first) {
		conn->first->error = error;
		pop(tc, conn);
	}
}

static int chan_send(struct perf_chan *chan, struct perf_rpc *rpc)
{
	struct tcp_chan *tc = (struct tcp_chan *)chan;
	struct client_conn *conn = NULL, *c;
	unsigned int i;
	int rc;

	for (i = 0; i < tc->per_target; i++) {
		c = &tc->conns[rpc->target * tc->per_target + i];
		if (c->fd >= 0 && (!conn || c->load < conn->load))
			conn = c;
		if (conn && !conn->load)
			break;
	}
	if (!conn)
		return -ENOTCONN;
	rpc->next = NULL;
	rpc->error = 0;
	rpc->wrong = false;
	if (conn->first)
		conn->last->next = rpc;
	else
		conn->first = rpc;
	conn->last = rpc;
	conn->load += rpc->msg.bytes;
	if (conn->sending)
		return 0;
	conn->sending = rpc;
	conn->sent = 0;
	rc = flush(tc, conn);
	if (rc)
		broken(tc, conn, -rc);
	return 0;
}

/* Take what arrived to the answers that it belongs to. */
static int digest(struct tcp_chan *tc, struct client_conn *conn, const uint8_t *data, size_t bytes)
{
	while (bytes) {
		struct perf_rpc *rpc = conn->first;
		struct perf_msg want;
		size_t n;

		if (!rpc)
			return -EPROTO;
		if (conn->got < PERF_TCP_PREFIX) {
			conn->length[conn->got++] = *data++;
			bytes--;
			continue;
		}
		want = rpc->msg;
		want.bytes = perf_tcp_length(conn->length);
		if (want.bytes < 1 || want.bytes > PERF_BYTES_MAX)
			return -EPROTO;
		if (want.bytes != perf_msg_answer_bytes(&rpc->msg))
			rpc->wrong = true;
		n = want.bytes - (conn->got - PERF_TCP_PREFIX);
		if (n > bytes)
			n = bytes;
		if (!perf_msg_same(&want, conn->got - PERF_TCP_PREFIX, data, n))
			rpc->wrong = true;
		conn->got += n;
		data += n;
		bytes -= n;
		if (conn->got == PERF_TCP_PREFIX + want.bytes)
			pop(tc, conn);
	}
	return 0;
}

static int handle(struct tcp_chan *tc, struct client_conn *conn, uint32_t events)
{
	ssize_t got;
	int rc;

	if (events & EPOLLOUT) {
		rc = flush(tc, conn);
		if (rc)
			return rc;
	}
	if (!(events & ~(uint32_t)EPOLLOUT))
		return 0;
	got = read(conn->fd, tc->data, sizeof(tc->data));
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!got)
		return -ECONNRESET;
	return digest(tc, conn, tc->data, (size_t)got);
}

static int chan_receive(struct perf_chan *chan, struct perf_rpc **done)
{
	struct tcp_chan *tc = (struct tcp_chan *)chan;
	struct epoll_event events[16];
	int n, i, rc;

	while (!tc->done) {
		n = epoll_wait(chan->fd, events, 16, 0);
		if (n <= 0)
			return n && errno != EINTR ? -errno : 0;
		for (i = 0; i < n; i++) {
			struct client_conn *conn = events[i].data.ptr;

			rc = handle(tc, conn, events[i].events);
			if (rc)
				broken(tc, conn, -rc);
		}
	}
	*done = tc->done;
	tc->done = tc->done->next;
	return 1;
}

const struct perf_transport perf_tcp = {
	.name = "tcp",
	.about = "persistent TCP connections",
	.open = chan_open,
	.send = chan_send,
	.receive = chan_receive,
	.close = chan_close,
	.listen = perf_tcp_listen,
	.serve = perf_tcp_serve,
	.stop = perf_tcp_stop,
	.free = perf_tcp_free,
};
