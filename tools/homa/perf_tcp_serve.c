// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * perf_tcp_serve.c - messages over persistent TCP connections: the server side
 *
 * Each thread has a listening socket of its own; the kernel divides new connections
 * among them.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "perf_tcp.h"

/* Events without a connection. */
#define LISTENER	((void *)1)
#define STOPPER		((void *)2)

/**
 * struct server_conn - a connection
 * @fd: socket
 * @frame: the request with its length, then the answer
 * @room: bytes there
 * @got: bytes that were read and belong to no request before this one
 * @request: bytes of the request that is answered, with its length
 * @answer: bytes of the answer; 0 = there is none yet
 * @sent: bytes of the answer that are sent
 * @prev: in the list of the thread
 * @next: likewise
 */
struct server_conn {
	int fd;
	uint8_t *frame;
	size_t room;
	size_t got;
	size_t request;
	size_t answer;
	size_t sent;
	struct server_conn *prev;
	struct server_conn *next;
};

struct tcp_service {
	struct perf_service service;
	struct perf_service_config config;
	/* The socket of the first thread; it exists from listen() on. */
	int listener;
	bool listener_taken;
	int stopper;
};

/**
 * struct tcp_thread - a thread in serve()
 * @ts: its service
 * @epoll: what it waits for
 * @listener: its listening socket
 * @conns: its connections, a ring
 */
struct tcp_thread {
	struct tcp_service *ts;
	int epoll;
	int listener;
	struct server_conn conns;
};

int perf_tcp_setup(int fd, const char *congestion, struct perf_why *why)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (congestion && setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion,
				     (socklen_t)strlen(congestion))) {
		int rc = perf_fail(why, -errno, "TCP congestion control %s", congestion);

		strcpy(why->hint, "sysctl net.ipv4.tcp_available_congestion_control");
		return rc;
	}
	return 0;
}

void perf_tcp_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static int open_listener(const struct perf_service_config *config, struct perf_why *why)
{
	int fd, rc, one = 1, zero = 0;

	fd = socket(config->addr.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return perf_fail(why, -errno, "a TCP socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (config->addr.sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	rc = perf_tcp_setup(fd, config->congestion, why);
	if (!rc && (bind(fd, &config->addr.sa, config->addr.len) || listen(fd, 1024))) {
		rc = perf_fail(why, -errno, "TCP %s", config->addr.text);
		if (rc == -EADDRINUSE)
			strcpy(why->hint, "--port with another number");
	}
	if (!rc)
		return fd;
	close(fd);
	return rc;
}

void perf_tcp_free(struct perf_service *service)
{
	struct tcp_service *ts = (struct tcp_service *)service;

	if (ts->listener >= 0)
		close(ts->listener);
	if (ts->stopper >= 0)
		close(ts->stopper);
	free(ts);
}

int perf_tcp_listen(struct perf_service **service, const struct perf_service_config *config,
		    struct perf_why *why)
{
	struct tcp_service *ts = calloc(1, sizeof(*ts));
	int rc;

	if (!ts)
		return perf_fail(why, -ENOMEM, "a server");
	ts->service.ops = &perf_tcp;
	ts->config = *config;
	ts->stopper = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = ts->stopper < 0 ? perf_fail(why, -errno, "eventfd") : open_listener(config, why);
	ts->listener = rc;
	if (rc < 0) {
		perf_tcp_free(&ts->service);
		return rc;
	}
	*service = &ts->service;
	return 0;
}

void perf_tcp_stop(struct perf_service *service)
{
	eventfd_write(((struct tcp_service *)service)->stopper, 1);
}

static void drop(struct server_conn *conn)
{
	conn->prev->next = conn->next;
	conn->next->prev = conn->prev;
	close(conn->fd);
	free(conn->frame);
	free(conn);
}

static void welcome(struct tcp_thread *thread)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct server_conn *conn;
	int fd, one = 1;

	while ((fd = accept4(thread->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		conn = calloc(1, sizeof(*conn));
		if (!conn) {
			close(fd);
			continue;
		}
		conn->fd = fd;
		conn->next = &thread->conns;
		conn->prev = thread->conns.prev;
		conn->prev->next = conn;
		conn->next->prev = conn;
		event.data.ptr = conn;
		if (epoll_ctl(thread->epoll, EPOLL_CTL_ADD, fd, &event))
			drop(conn);
	}
}

/* Bytes of the request that are wanted next; 0 if its length is impossible. */
static size_t wanted(struct server_conn *conn)
{
	size_t bytes = PERF_TCP_PREFIX;

	if (conn->got >= PERF_TCP_PREFIX) {
		bytes = perf_tcp_length(conn->frame);
		if (bytes < 1 || bytes > PERF_BYTES_MAX)
			return 0;
		bytes += PERF_TCP_PREFIX;
	}
	if (bytes > conn->room) {
		/* Short messages in one read, with their length. */
		size_t room = bytes < 4096 ? 4096 : bytes;
		uint8_t *frame = realloc(conn->frame, room);

		if (!frame)
			return 0;
		conn->frame = frame;
		conn->room = room;
	}
	return bytes;
}

/* The request is complete: let the frame be the answer. */
static void make_answer(struct tcp_service *ts, struct server_conn *conn)
{
	size_t bytes = perf_tcp_length(conn->frame);
	uint8_t *body = conn->frame + PERF_TCP_PREFIX;
	struct perf_msg request;
	size_t answer = 1;

	if (perf_msg_read(&request, body, bytes) && perf_msg_same(&request, 0, body, bytes)) {
		answer = perf_msg_answer_bytes(&request);
	} else {
		body[0] = PERF_WRONG;
		__atomic_fetch_add(&ts->service.wrong, 1, __ATOMIC_RELAXED);
	}
	conn->frame[0] = (uint8_t)(answer >> 24);
	conn->frame[1] = (uint8_t)(answer >> 16);
	conn->frame[2] = (uint8_t)(answer >> 8);
	conn->frame[3] = (uint8_t)answer;
	conn->request = PERF_TCP_PREFIX + bytes;
	conn->answer = PERF_TCP_PREFIX + answer;
	conn->sent = 0;
	__atomic_fetch_add(&ts->service.requests, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&ts->service.bytes, bytes, __ATOMIC_RELAXED);
}

static void wait_for(struct tcp_thread *thread, struct server_conn *conn, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = conn };

	epoll_ctl(thread->epoll, EPOLL_CTL_MOD, conn->fd, &event);
}

/* Send the answer; 1 when it is sent, 0 when the socket takes no more, -errno. */
static int send_answer(struct server_conn *conn)
{
	while (conn->sent < conn->answer) {
		ssize_t n = send(conn->fd, conn->frame + conn->sent, conn->answer - conn->sent,
				 MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		conn->sent += (size_t)n;
	}
	conn->answer = 0;
	return 1;
}

/* A request as far as it is there: 1 when complete, 0 when not, -errno. */
static int read_request(struct server_conn *conn)
{
	for (;;) {
		size_t want = wanted(conn);
		ssize_t n;

		if (!want)
			return -EPROTO;
		if (conn->got >= want && want > PERF_TCP_PREFIX)
			return 1;
		n = read(conn->fd, conn->frame + conn->got, conn->room - conn->got);
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (!n)
			return -ECONNRESET;
		conn->got += (size_t)n;
	}
}

/* What was read beyond the request that is answered begins the next one. */
static void next_request(struct server_conn *conn)
{
	conn->got -= conn->request;
	memmove(conn->frame, conn->frame + conn->request, conn->got);
}

/* One connection has something for us: answer what is there of requests. */
static void handle(struct tcp_thread *thread, struct server_conn *conn)
{
	bool was_sending = conn->answer;
	int rc;

	for (;;) {
		if (conn->answer) {
			rc = send_answer(conn);
			if (rc <= 0)
				break;
			next_request(conn);
			/* Read again only when told to: others wait, too. */
			if (!conn->got)
				break;
		}
		rc = read_request(conn);
		if (rc <= 0)
			break;
		make_answer(thread->ts, conn);
	}
	/* The client went away. */
	if (rc < 0)
		drop(conn);
	else if (was_sending != !!conn->answer)
		wait_for(thread, conn, conn->answer ? EPOLLOUT : EPOLLIN);
}

static int loop(struct tcp_thread *thread, struct perf_why *why)
{
	struct epoll_event events[64];
	int n, i;

	for (;;) {
		n = epoll_wait(thread->epoll, events, 64, -1);
		if (n < 0 && errno != EINTR)
			return perf_fail(why, -errno, "epoll_wait");
		for (i = 0; i < n; i++) {
			if (events[i].data.ptr == STOPPER)
				return 0;
			if (events[i].data.ptr == LISTENER)
				welcome(thread);
			else
				handle(thread, events[i].data.ptr);
		}
	}
}

int perf_tcp_serve(struct perf_service *service, struct perf_why *why)
{
	struct tcp_service *ts = (struct tcp_service *)service;
	struct epoll_event listener = { .events = EPOLLIN, .data.ptr = LISTENER };
	struct epoll_event stopper = { .events = EPOLLIN, .data.ptr = STOPPER };
	struct tcp_thread thread = { .ts = ts, .listener = ts->listener };
	bool mine = __atomic_exchange_n(&ts->listener_taken, true, __ATOMIC_RELAXED);
	int rc = 0;

	thread.conns.prev = &thread.conns;
	thread.conns.next = &thread.conns;
	if (mine) {
		thread.listener = open_listener(&ts->config, why);
		if (thread.listener < 0)
			return thread.listener;
	}
	thread.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (thread.epoll < 0 ||
	    epoll_ctl(thread.epoll, EPOLL_CTL_ADD, thread.listener, &listener) ||
	    epoll_ctl(thread.epoll, EPOLL_CTL_ADD, ts->stopper, &stopper))
		rc = perf_fail(why, -errno, "epoll");
	if (!rc)
		rc = loop(&thread, why);
	while (thread.conns.next != &thread.conns)
		drop(thread.conns.next);
	if (thread.epoll >= 0)
		close(thread.epoll);
	if (mine)
		close(thread.listener);
	return rc;
}
