// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * bench_load over TCP: a connection per slot, without Nagle's delay. The threads
 * of each side divide the connections between them, and each waits for its own
 * in an epoll set of its own.
 */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench_load.h"

#define EVENTS_MAX 64

struct conn {
	int fd;
	uint32_t slot;
	uint32_t seq;
	size_t have;		/* bytes of the message that is coming in */
	unsigned char message[LOAD_BYTES_MAX];
};

struct thread {
	const struct load *load;
	struct load *client;	/* NULL at the server */
	int epoll_fd;
	int stop_fd;
};

static void no_delay(int fd)
{
	int on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		err(1, "TCP_NODELAY");
}

static void watch(int epoll_fd, int fd, void *ptr)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = ptr };

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
		err(1, "epoll_ctl");
}

/* Is a whole message there? */
static bool receive(struct conn *conn, size_t bytes)
{
	ssize_t got = recv(conn->fd, conn->message + conn->have, bytes - conn->have, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return false;
	if (got <= 0)
		err(1, "tcp recv");
	conn->have += (size_t)got;
	if (conn->have < bytes)
		return false;
	conn->have = 0;
	return true;
}

/* Short messages fit into the socket's buffer, which is empty. */
static void transmit(struct conn *conn, size_t bytes)
{
	if (send(conn->fd, conn->message, bytes, MSG_NOSIGNAL) != (ssize_t)bytes)
		err(1, "tcp send");
}

static void *serve_thread(void *context)
{
	struct epoll_event events[EVENTS_MAX];
	struct thread *me = context;
	int i, n;

	for (;;) {
		n = epoll_wait(me->epoll_fd, events, EVENTS_MAX, -1);
		for (i = 0; i < n; i++) {
			struct conn *conn = events[i].data.ptr;

			if (receive(conn, me->load->bytes))
				transmit(conn, me->load->bytes);
		}
	}
	return NULL;
}

static int listener(const struct bench_addr *addr)
{
	int fd = socket(addr->sa.ss_family, SOCK_STREAM, 0);
	int on = 1;

	if (fd < 0)
		err(1, "tcp socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		err(1, "SO_REUSEADDR");
	if (bind(fd, (const struct sockaddr *)&addr->sa, addr->len) || listen(fd, LOAD_SLOTS_MAX))
		err(1, "tcp listen");
	return fd;
}

static void tcp_serve(const void *context, int ready_fd)
{
	static struct thread threads[LOAD_THREADS_MAX];
	static struct conn conns[LOAD_SLOTS_MAX];
	const struct load *load = context;
	pthread_t ids[LOAD_THREADS_MAX];
	int listeners[LOAD_SLOTS_MAX];
	unsigned int i;

	for (i = 0; i < load->servers; i++) {
		struct bench_addr addr = bench_addr_step(&load->addr, i, (uint16_t)i);

		listeners[i] = listener(&addr);
	}
	for (i = 0; i < load->threads; i++) {
		threads[i].load = load;
		threads[i].epoll_fd = epoll_create1(0);
		if (threads[i].epoll_fd < 0)
			err(1, "epoll_create1");
	}
	bench_ready(ready_fd);
	load_threads(load->threads, serve_thread, threads, sizeof(threads[0]), ids);
	/* The client connects its slots one after the other. */
	for (i = 0; i < load->slots; i++) {
		conns[i].fd = accept(listeners[i % load->servers], NULL, NULL);
		if (conns[i].fd < 0)
			err(1, "accept");
		no_delay(conns[i].fd);
		watch(threads[i % load->threads].epoll_fd, conns[i].fd, &conns[i]);
	}
	pthread_join(ids[0], NULL);
}

static void request(struct conn *conn, size_t bytes)
{
	load_stamp(conn->message, bytes, conn->slot, ++conn->seq);
	transmit(conn, bytes);
}

static void *client_thread(void *context)
{
	struct epoll_event events[EVENTS_MAX];
	struct thread *me = context;
	struct load *load = me->client;
	uint64_t one = 1;
	int i, n;

	for (;;) {
		n = epoll_wait(me->epoll_fd, events, EVENTS_MAX, -1);
		for (i = 0; i < n; i++) {
			struct conn *conn = events[i].data.ptr;

			if (!conn)
				return NULL;
			if (!receive(conn, load->bytes))
				continue;
			load_check(conn->message, load->bytes, conn->slot, conn->seq);
			if (load_count(load)) {
				/* All threads see it, and it stays readable. */
				if (write(me->stop_fd, &one, sizeof(one)) != sizeof(one))
					err(1, "eventfd");
			} else if (load_next(load)) {
				request(conn, load->bytes);
			}
		}
	}
}

static void tcp_run(struct load *load)
{
	static struct thread threads[LOAD_THREADS_MAX];
	static struct conn conns[LOAD_SLOTS_MAX];
	pthread_t ids[LOAD_THREADS_MAX];
	int stop_fd = eventfd(0, 0);
	unsigned int i;

	if (stop_fd < 0)
		err(1, "eventfd");
	for (i = 0; i < load->threads; i++) {
		threads[i].client = load;
		threads[i].stop_fd = stop_fd;
		threads[i].epoll_fd = epoll_create1(0);
		if (threads[i].epoll_fd < 0)
			err(1, "epoll_create1");
		watch(threads[i].epoll_fd, stop_fd, NULL);
	}
	for (i = 0; i < load->slots; i++) {
		uint32_t server = i % load->servers;
		struct bench_addr addr = bench_addr_step(&load->addr, server, (uint16_t)server);

		conns[i].slot = i;
		conns[i].fd = socket(addr.sa.ss_family, SOCK_STREAM, 0);
		if (conns[i].fd < 0 || connect(conns[i].fd, (struct sockaddr *)&addr.sa, addr.len))
			err(1, "tcp connect");
		no_delay(conns[i].fd);
		watch(threads[i % load->threads].epoll_fd, conns[i].fd, &conns[i]);
	}
	for (i = 0; i < load->slots && load_next(load); i++)
		request(&conns[i], load->bytes);
	load_threads(load->threads, client_thread, threads, sizeof(threads[0]), ids);
	for (i = 0; i < load->threads; i++)
		pthread_join(ids[i], NULL);
}

const struct load_proto load_tcp = {
	.name = "tcp",
	.serve = tcp_serve,
	.run = tcp_run,
};
