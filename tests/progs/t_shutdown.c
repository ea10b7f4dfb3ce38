// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* shutdown() and close(): uapi §11. */
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
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

struct waiter {
	pthread_t thread;
	const struct t_sock *sock;
	struct t_msg msg;
	uint64_t id;
	ssize_t ret;
};

static void *wait_for_message(void *arg)
{
	struct waiter *w = arg;

	w->ret = t_recv(w->sock, &w->msg, w->id, 0);
	return NULL;
}

static void start(struct waiter *w, const struct t_sock *sock, uint64_t id)
{
	*w = (struct waiter){ .sock = sock, .id = id };
	if (pthread_create(&w->thread, NULL, wait_for_message, w))
		t_die("pthread_create");
}

static void test_after(int family, int how)
{
	struct homa_sendmsg_args args = { 0 };
	struct homa_info info = { 0 };
	struct t_sock next;
	struct t_msg held;
	struct hosts h;

	open_hosts(&h, family);
	t_case("family %d: shutdown(%d)", family, how);
	/* A message whose buffers we keep, one that waits, one unanswered. */
	t_request(&h.client, &h.addr, 70000, 1, 0);
	T_RET(t_recv(&h.server, &h.request, 0, 0), 70000);
	held = h.request;
	t_request(&h.client, &h.addr, 100, 2, 0);
	T_EQ(shutdown(h.server.fd, how), 0);
	T_EQ(shutdown(h.server.fd, how), 0);

	t_case("family %d: calls after shutdown(%d)", family, how);
	h.request.args.num_bpages = 0;
	T_RET(t_recv(&h.server, &h.request, 0, 0), -ESHUTDOWN);
	T_EQ(h.request.args.id, 0);
	T_RET(t_recv(&h.server, &h.request, 0, MSG_DONTWAIT), -ESHUTDOWN);
	T_RET(t_recv(&h.server, &h.request, 1234, 0), -EINVAL);
	T_RET(t_sendmsg(&h.server, &h.addr, "x", 1, &args, 0), -ESHUTDOWN);
	/* An id that is left there would make the next call a response. */
	T_EQ(args.id, 0);
	T_RET(t_echo(&h.server, &held), 0);
	T_RET(t_bind(&h.server, 98), -ESHUTDOWN);
	T_EQ(ioctl(h.server.fd, HOMAIOCINFO, &info), -1);
	T_RET(-errno, -ESHUTDOWN);

	t_case("family %d: buffers can be returned after shutdown(%d)", family, how);
	T_RET(t_recv(&h.server, &held, 0, 0), -ESHUTDOWN);

	t_case("family %d: the port is free after shutdown(%d)", family, how);
	t_open(&next, family, PORT);
	t_close(&next);
	close_hosts(&h);
}

static void test_waiters(int family)
{
	struct waiter shared[3], private;
	struct hosts h;
	uint64_t id;
	int i;

	open_hosts(&h, family);
	t_case("family %d: shutdown wakes threads that wait", family);
	id = t_request(&h.client, &h.addr, 100, 1, HOMA_SENDMSG_PRIVATE);
	start(&private, &h.client, id);
	for (i = 0; i < 3; i++)
		start(&shared[i], &h.client, 0);
	t_sleep_ms(30);
	T_EQ(shutdown(h.client.fd, SHUT_RDWR), 0);
	for (i = 0; i < 3; i++) {
		pthread_join(shared[i].thread, NULL);
		T_RET(shared[i].ret, -ESHUTDOWN);
		T_EQ(shared[i].msg.args.id, 0);
	}
	pthread_join(private.thread, NULL);
	T_RET(private.ret, -EINVAL);
	close_hosts(&h);
}

static void test_peer(int family)
{
	struct hosts h;
	uint64_t id;

	open_hosts(&h, family);
	t_case("family %d: the client of a socket that was shut down is told", family);
	id = t_request(&h.client, &h.addr, 100, 1, 0);
	T_RET(t_recv(&h.server, &h.request, 0, 0), 100);
	T_EQ(shutdown(h.server.fd, SHUT_RDWR), 0);
	T_RET(t_recv(&h.client, &h.response, 0, 0), -ENOTCONN);
	T_EQ(h.response.args.id, id);
	close_hosts(&h);
}

/* close() returns promptly, whatever is going on, and frees the port. */
static void test_close(int family, size_t bytes, bool answer)
{
	struct hosts h;
	uint64_t start_ms;
	uint64_t id[3];
	int i, round;

	for (round = 0; round < 3; round++) {
		t_case("family %d: close with RPCs of %zu bytes%s, round %d", family, bytes,
		       answer ? ", answered" : "", round);
		open_hosts(&h, family);
		for (i = 0; i < 3; i++)
			id[i] = t_request(&h.client, &h.addr, bytes, (uint32_t)i + 1, 0);
		if (answer) {
			T_RET(t_recv(&h.server, &h.request, 0, 0), bytes);
			T_RET(t_echo(&h.server, &h.request), 0);
		}
		start_ms = t_now_ms();
		t_close(&h.server);
		T_OK(t_now_ms() - start_ms < 1000);

		/* A response may have come just in time; the others fail. */
		for (i = 0; i < 3; i++) {
			ssize_t ret = t_recv(&h.client, &h.response, 0, 0);

			T_OK(ret == (answer ? (ssize_t)bytes : -ENOTCONN) || ret == -ENOTCONN);
			T_OK(h.response.args.id == id[0] || h.response.args.id == id[1] ||
			     h.response.args.id == id[2]);
		}
		t_open(&h.server, family, PORT);
		for (i = 0; i < 3; i++)
			t_request(&h.client, &h.addr, bytes, (uint32_t)i + 1, 0);
		start_ms = t_now_ms();
		t_close(&h.client);
		T_OK(t_now_ms() - start_ms < 1000);
		t_close(&h.server);
	}
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int how, i;

	t_begin("t_shutdown", 60);
	for (i = 0; i < 2; i++) {
		for (how = SHUT_RD; how <= SHUT_RDWR + 5; how += how < SHUT_RDWR ? 1 : 5)
			test_after(families[i], how);
		test_waiters(families[i]);
		test_peer(families[i]);
		test_close(families[i], 100, false);
		test_close(families[i], 20000, true);
		test_close(families[i], 800000, false);
		test_close(families[i], 800000, true);
	}
	return t_end();
}
