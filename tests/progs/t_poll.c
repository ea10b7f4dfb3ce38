// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* poll, select and epoll, level and edge triggered: uapi §10. */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "t.h"

#define PORT 99

struct hosts {
	struct t_sock server, client;
	struct t_addr addr;		/* of the server */
	struct t_msg request, response;
};

static void open_hosts(struct hosts *h, int family)
{
	memset(h, 0, sizeof(*h));
	t_open(&h->server, family, PORT);
	t_open(&h->client, family, 0);
	h->addr = t_loopback(family, PORT);
}

static void close_hosts(struct hosts *h)
{
	t_close(&h->server);
	t_close(&h->client);
}

static int events(const struct t_sock *sock, int timeout_ms)
{
	struct pollfd pfd = {
		.fd = sock->fd,
		.events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM,
	};

	if (poll(&pfd, 1, timeout_ms) < 0)
		t_die("poll");
	return pfd.revents;
}

static bool readable(const struct t_sock *sock, int timeout_ms)
{
	struct pollfd pfd = { .fd = sock->fd, .events = POLLIN };

	return poll(&pfd, 1, timeout_ms) == 1;
}

static void test_poll(int family)
{
	struct timeval no_time = { 0 };
	struct hosts h;
	fd_set in, out;

	open_hosts(&h, family);
	t_case("family %d: an idle socket is writable", family);
	T_EQ(events(&h.client, 0), POLLOUT | POLLWRNORM);
	T_EQ(events(&h.server, 0), POLLOUT | POLLWRNORM);

	t_case("family %d: a request makes readable", family);
	t_request(&h.client, &h.addr, 100, 1, 0);
	T_OK(readable(&h.server, 2000));
	T_EQ(events(&h.server, 0), POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(h.server.fd, &in);
	FD_SET(h.client.fd, &in);
	FD_SET(h.client.fd, &out);
	T_EQ(select(FD_SETSIZE, &in, &out, NULL, &no_time), 2);
	T_OK(FD_ISSET(h.server.fd, &in) && !FD_ISSET(h.client.fd, &in));
	T_OK(FD_ISSET(h.client.fd, &out));
	T_RET(t_recv(&h.server, &h.request, 0, MSG_DONTWAIT), 100);
	T_EQ(events(&h.server, 0), POLLOUT | POLLWRNORM);

	t_case("family %d: a response makes readable", family);
	T_OK(!readable(&h.client, 0));
	T_RET(t_echo(&h.server, &h.request), 0);
	T_OK(readable(&h.client, 2000));
	T_RET(t_recv(&h.client, &h.response, 0, MSG_DONTWAIT), 100);
	T_OK(!readable(&h.client, 0));

	t_case("family %d: an error makes readable", family);
	h.addr = t_loopback(family, 77);
	t_request(&h.client, &h.addr, 100, 2, 0);
	T_OK(readable(&h.client, 2000));
	T_EQ(events(&h.client, 0), POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
	T_RET(t_recv(&h.client, &h.response, 0, MSG_DONTWAIT), -ENOTCONN);
	T_OK(!readable(&h.client, 0));

	t_case("family %d: a private response does not", family);
	h.addr = t_loopback(family, PORT);
	t_request(&h.client, &h.addr, 100, 3, HOMA_SENDMSG_PRIVATE);
	T_RET(t_recv(&h.server, &h.request, 0, 0), 100);
	T_RET(t_echo(&h.server, &h.request), 0);
	T_OK(T_WAIT(t_arrived(&h.client, 0), 1000));
	T_OK(!readable(&h.client, 20));

	t_case("family %d: shutdown makes readable", family);
	T_OK(!shutdown(h.client.fd, SHUT_RD));
	T_OK(events(&h.client, 0) & POLLIN);
	T_OK(!(events(&h.client, 0) & (POLLERR | POLLHUP | POLLRDHUP | POLLPRI)));
	close_hosts(&h);
}

/* A long message is announced when it is whole: who polls then gets it at once.
 * (Before its last byte nothing is announced: drill/poll_whole.)
 */
static void test_long_message(int family)
{
	struct hosts h;

	open_hosts(&h, family);
	t_case("family %d: poll and receive a long message", family);
	t_request(&h.client, &h.addr, 1000000, 1, 0);
	T_OK(readable(&h.server, 2000));
	T_RET(t_recv(&h.server, &h.request, 0, MSG_DONTWAIT), 1000000);
	T_OK(t_msg_is(&h.server, &h.request, 1));
	close_hosts(&h);
}

/* ---- edge triggered ---- */

#define CLIENTS 3
#define REQUESTS 400

struct edge_client {
	pthread_t thread;
	int family;
	uint32_t seed;
	unsigned int answers;
};

/* Send bursts without waiting; receive by edge-triggered epoll too. */
static void *edge_client(void *arg)
{
	struct edge_client *c = arg;
	struct t_addr addr = t_loopback(c->family, PORT);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct t_msg msg = { 0 };
	unsigned int sent = 0;
	struct t_sock sock;
	uint32_t random = c->seed;
	int ep;

	t_open(&sock, c->family, 0);
	ep = epoll_create1(0);
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, sock.fd, &event))
		t_die("epoll");
	while (c->answers < REQUESTS) {
		unsigned int burst = t_random(&random) % 9;

		while (burst-- && sent < REQUESTS) {
			size_t bytes = t_random(&random) % 8 ? 1 + t_random(&random) % 3000 :
				       1 + t_random(&random) % 60000;

			t_request(&sock, &addr, bytes, ++sent, 0);
		}
		if (sent == c->answers)
			continue;
		if (epoll_wait(ep, &event, 1, 5000) != 1) {
			/* Is there a message that we were not told about? */
			T_OK(!"an edge-triggered wake-up was lost (client)");
			break;
		}
		for (;;) {
			ssize_t ret = t_recv(&sock, &msg, 0, MSG_DONTWAIT);

			if (ret == -EAGAIN)
				break;
			if (!T_OK(ret > 0) ||
			    !T_OK(t_msg_is(&sock, &msg, (uint32_t)msg.args.completion_cookie)))
				break;
			c->answers++;
		}
	}
	close(ep);
	t_close(&sock);
	return NULL;
}

static void test_edge(int family)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct edge_client clients[CLIENTS];
	unsigned int served = 0;
	struct t_msg msg = { 0 };
	struct t_sock server;
	int ep, i;

	t_case("family %d: edge-triggered epoll loses no wake-up", family);
	t_open(&server, family, PORT);
	ep = epoll_create1(0);
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, server.fd, &event))
		t_die("epoll");
	for (i = 0; i < CLIENTS; i++) {
		clients[i] = (struct edge_client){ .family = family, .seed = (uint32_t)i + 1 };
		if (pthread_create(&clients[i].thread, NULL, edge_client, &clients[i]))
			t_die("pthread_create");
	}
	while (served < CLIENTS * REQUESTS) {
		if (epoll_wait(ep, &event, 1, 4000) != 1) {
			T_OK(!"an edge-triggered wake-up was lost (server)");
			break;
		}
		for (;;) {
			ssize_t ret = t_recv(&server, &msg, 0, MSG_DONTWAIT);

			if (ret == -EAGAIN)
				break;
			if (!T_OK(ret > 0) || !T_RET(t_echo(&server, &msg), 0))
				break;
			served++;
		}
	}
	for (i = 0; i < CLIENTS; i++) {
		pthread_join(clients[i].thread, NULL);
		T_EQ(clients[i].answers, REQUESTS);
	}
	T_EQ(served, CLIENTS * REQUESTS);
	close(ep);
	t_close(&server);
}

/* Several messages are there; the edge comes again after each receive that
 * leaves some, so that one thread per event is enough to take them all.
 */
static void test_edge_again(int family)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct hosts h;
	int ep, i;

	open_hosts(&h, family);
	t_case("family %d: the edge comes again while messages are left", family);
	ep = epoll_create1(0);
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, h.server.fd, &event))
		t_die("epoll");
	for (i = 0; i < 5; i++)
		t_request(&h.client, &h.addr, 100, (uint32_t)i + 1, 0);
	for (i = 0; i < 5; i++)
		T_OK(T_WAIT(t_info(&h.server).num_rpcs == 5, 1000));
	for (i = 0; i < 5; i++) {
		if (!T_EQ(epoll_wait(ep, &event, 1, 2000), 1))
			break;
		T_RET(t_recv(&h.server, &h.request, 0, MSG_DONTWAIT), 100);
	}
	close(ep);
	close_hosts(&h);
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_poll", 100);
	for (i = 0; i < 2; i++) {
		test_poll(families[i]);
		test_long_message(families[i]);
		test_edge_again(families[i]);
		test_edge(families[i]);
	}
	return t_end();
}
