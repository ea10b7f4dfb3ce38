// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Private RPCs, and who receives what: uapi §7. */
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "t.h"

#define PORT 99
#define WAITERS 8

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

static void serve_one(struct hosts *h)
{
	if (t_recv(&h->server, &h->request, 0, 0) < 0 || t_echo(&h->server, &h->request))
		t_die("server");
}

static void test_who_gets_what(int family)
{
	struct pollfd pfd;
	struct hosts h;
	uint64_t private_id, id;

	open_hosts(&h, family);
	pfd = (struct pollfd){ .fd = h.client.fd, .events = POLLIN };

	t_case("family %d: id 0 does not get a private response", family);
	private_id = t_request(&h.client, &h.addr, 3000, 1, HOMA_SENDMSG_PRIVATE);
	T_RET(t_recv(&h.client, &h.response, private_id, MSG_DONTWAIT), -EAGAIN);
	T_EQ(h.response.args.id, 0);
	serve_one(&h);
	T_OK(T_WAIT(t_arrived(&h.client, private_id), 1000));
	T_RET(t_recv(&h.client, &h.response, 0, MSG_DONTWAIT), -EAGAIN);
	T_EQ(h.response.args.id, 0);
	T_EQ(poll(&pfd, 1, 20), 0);

	t_case("family %d: id 0 gets other responses meanwhile", family);
	id = t_request(&h.client, &h.addr, 200, 2, 0);
	serve_one(&h);
	T_EQ(poll(&pfd, 1, 2000), 1);
	T_RET(t_recv(&h.client, &h.response, 0, 0), 200);
	T_EQ(h.response.args.id, id);
	T_EQ(h.response.args.completion_cookie, 2);

	t_case("family %d: the private response comes by its id, once", family);
	T_RET(t_recv(&h.client, &h.response, private_id, 0), 3000);
	T_EQ(h.response.args.id, private_id);
	T_EQ(h.response.args.completion_cookie, 1);
	T_OK(t_msg_is(&h.client, &h.response, 1));
	T_RET(t_recv(&h.client, &h.response, private_id, MSG_DONTWAIT), -EINVAL);
	T_EQ(h.response.args.id, private_id);

	t_case("family %d: RPCs that are not private cannot be waited for", family);
	id = t_request(&h.client, &h.addr, 200, 3, 0);
	T_RET(t_recv(&h.client, &h.response, id, 0), -EINVAL);
	T_EQ(h.response.args.id, 0);
	T_RET(t_recv(&h.client, &h.response, id, MSG_DONTWAIT), -EINVAL);
	serve_one(&h);
	T_RET(t_recv(&h.client, &h.response, 0, 0), 200);
	T_EQ(h.response.args.id, id);

	t_case("family %d: server ids cannot be waited for", family);
	id = t_request(&h.client, &h.addr, 200, 4, 0);
	T_OK(T_WAIT(t_arrived(&h.server, id ^ 1), 1000));
	T_RET(t_recv(&h.server, &h.request, id ^ 1, MSG_DONTWAIT), -EINVAL);
	serve_one(&h);
	T_RET(t_recv(&h.client, &h.response, 0, 0), 200);
	close_hosts(&h);
}

/* One socket is client and server: recvmsg gives it both, parity tells which. */
static void test_both_roles(int family)
{
	struct t_sock left, right;
	struct t_msg msg = { 0 };
	struct t_addr to_left = t_loopback(family, 98);
	struct t_addr to_right = t_loopback(family, 99);
	int requests = 0, responses = 0;
	uint64_t id;

	t_case("family %d: one socket is client and server", family);
	t_open(&left, family, 98);
	t_open(&right, family, 99);
	id = t_request(&left, &to_right, 5000, 1, 0);
	t_request(&right, &to_left, 6000, 2, 0);
	T_RET(t_recv(&right, &msg, 0, 0), 5000);
	T_EQ(msg.args.id, id ^ 1);
	T_RET(t_echo(&right, &msg), 0);
	t_release(&right, &msg);
	while (requests + responses < 2) {
		ssize_t length = t_recv(&left, &msg, 0, 0);

		if (msg.args.id & 1) {
			requests++;
			T_RET(length, 6000);
			T_EQ(msg.args.completion_cookie, 0);
			T_OK(t_msg_is(&left, &msg, 2));
			T_RET(t_echo(&left, &msg), 0);
		} else {
			responses++;
			T_RET(length, 5000);
			T_EQ(msg.args.completion_cookie, 1);
			T_OK(t_msg_is(&left, &msg, 1));
		}
	}
	T_EQ(requests, 1);
	T_EQ(responses, 1);
	memset(&msg, 0, sizeof(msg));
	T_RET(t_recv(&right, &msg, 0, 0), 6000);
	T_EQ(msg.args.completion_cookie, 2);

	t_case("family %d: a socket talks to itself", family);
	id = t_request(&left, &to_left, 70000, 3, HOMA_SENDMSG_PRIVATE);
	memset(&msg, 0, sizeof(msg));
	T_RET(t_recv(&left, &msg, 0, 0), 70000);
	T_EQ(msg.args.id, id ^ 1);
	T_RET(t_echo(&left, &msg), 0);
	T_RET(t_recv(&left, &msg, id, 0), 70000);
	T_OK(t_msg_is(&left, &msg, 3));
	t_close(&left);
	t_close(&right);
}

static void test_failure(int family)
{
	struct t_addr nobody = t_loopback(family, 77);
	struct hosts h;
	uint64_t id;

	open_hosts(&h, family);
	t_case("family %d: a private RPC that fails", family);
	id = t_request(&h.client, &nobody, 100, 9, HOMA_SENDMSG_PRIVATE);
	T_RET(t_recv(&h.client, &h.response, id, 0), -ENOTCONN);
	T_EQ(h.response.args.id, id);
	T_EQ(h.response.args.completion_cookie, 9);
	T_EQ(h.response.args.num_bpages, 0);
	T_EQ(t_info(&h.client).num_rpcs, 0);

	t_case("family %d: a shared RPC that fails", family);
	id = t_request(&h.client, &nobody, 100000, 10, 0);
	T_RET(t_recv(&h.client, &h.response, 0, 0), -ENOTCONN);
	T_EQ(h.response.args.id, id);
	T_EQ(h.response.args.completion_cookie, 10);
	T_EQ(h.response.args.num_bpages, 0);
	T_EQ(t_info(&h.client).num_rpcs, 0);
	close_hosts(&h);
}

struct waiter {
	pthread_t thread;
	struct hosts *h;
	struct t_msg msg;
	uint64_t id;
	ssize_t ret;
};

static void *wait_for_response(void *arg)
{
	struct waiter *w = arg;

	w->ret = t_recv(&w->h->client, &w->msg, w->id, 0);
	return NULL;
}

static void start(struct waiter *w, struct hosts *h, uint64_t id)
{
	*w = (struct waiter){ .h = h, .id = id };
	if (pthread_create(&w->thread, NULL, wait_for_response, w))
		t_die("pthread_create");
}

static void test_second_waiter(int family)
{
	struct waiter first, second;
	struct hosts h;
	uint64_t id;

	open_hosts(&h, family);
	t_case("family %d: only one thread waits for a private RPC", family);
	id = t_request(&h.client, &h.addr, 100, 1, HOMA_SENDMSG_PRIVATE);
	start(&first, &h, id);
	start(&second, &h, id);
	/* One of them is refused, whichever came second; the other waits on. */
	t_sleep_ms(50);
	serve_one(&h);
	pthread_join(first.thread, NULL);
	pthread_join(second.thread, NULL);
	if (first.ret < 0) {
		struct waiter swap = first;

		first = second;
		second = swap;
	}
	T_RET(first.ret, 100);
	T_EQ(first.msg.args.id, id);
	T_RET(second.ret, -EINVAL);
	T_EQ(second.msg.args.id, 0);
	close_hosts(&h);
}

/* Each of many threads gets the response to its own RPC, in any order. */
static void test_many_waiters(int family)
{
	struct waiter waiters[WAITERS];
	struct t_msg requests[WAITERS] = { 0 };
	struct hosts h;
	int i;

	open_hosts(&h, family);
	t_case("family %d: many threads wait, each for its own", family);
	for (i = 0; i < WAITERS; i++)
		start(&waiters[i], &h, t_request(&h.client, &h.addr, 1000 + (size_t)i * 9000,
						 (uint32_t)i + 1, HOMA_SENDMSG_PRIVATE));
	for (i = 0; i < WAITERS; i++)
		T_OK(t_recv(&h.server, &requests[i], 0, 0) > 0);
	for (i = WAITERS; i-- > 0;)
		T_RET(t_echo(&h.server, &requests[i]), 0);
	for (i = 0; i < WAITERS; i++) {
		pthread_join(waiters[i].thread, NULL);
		T_RET(waiters[i].ret, 1000 + i * 9000);
		T_EQ(waiters[i].msg.args.id, waiters[i].id);
		T_EQ(waiters[i].msg.args.completion_cookie, i + 1);
		T_OK(t_msg_is(&h.client, &waiters[i].msg, (uint32_t)i + 1));
	}
	close_hosts(&h);
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_private", 50);
	for (i = 0; i < 2; i++) {
		test_who_gets_what(families[i]);
		test_both_roles(families[i]);
		test_failure(families[i]);
		test_second_waiter(families[i]);
		test_many_waiters(families[i]);
	}
	return t_end();
}
