// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The limit of transmit memory: uapi §6 (EAGAIN, EINTR, ESHUTDOWN), §10. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "t.h"

#define PORT 99
#define BYTES 1000000

static unsigned char body[BYTES];

struct hosts {
	struct t_sock server, client;
	struct t_addr addr;		/* of the server */
	struct t_msg request, response;
};

static void on_signal(int sig)
{
	(void)sig;
}

static int try_send(struct hosts *h, int flags)
{
	struct homa_sendmsg_args args = { .completion_cookie = 9 };

	return t_sendmsg(&h->client, &h->addr, body, sizeof(body), &args, flags);
}

static bool writable(const struct t_sock *sock, int timeout_ms)
{
	struct pollfd pfd = { .fd = sock->fd, .events = POLLOUT };

	return poll(&pfd, 1, timeout_ms) == 1;
}

/* A client with a small limit, and so many requests that it is reached. */
static unsigned int open_full(struct hosts *h, int family)
{
	int limit = 100000;
	unsigned int n = 0;
	int ret;

	memset(h, 0, sizeof(*h));
	t_open(&h->server, family, PORT);
	t_open(&h->client, family, 0);
	h->addr = t_loopback(family, PORT);
	if (setsockopt(h->client.fd, SOL_SOCKET, SO_SNDBUF, &limit, sizeof(limit)))
		t_die("SO_SNDBUF");
	T_OK(writable(&h->client, 0));
	while ((ret = try_send(h, MSG_DONTWAIT)) == 0 && n < 10)
		n++;
	T_RET(ret, -EAGAIN);
	T_OK(n >= 1 && n < 10);
	return n;
}

static void close_hosts(struct hosts *h)
{
	t_close(&h->server);
	t_close(&h->client);
}

/* Serve @n requests and receive the responses. */
static void finish(struct hosts *h, unsigned int n)
{
	while (n--) {
		T_RET(t_recv(&h->server, &h->request, 0, 0), BYTES);
		T_RET(t_respond(&h->server, &h->request, 10, 1), 0);
		T_RET(t_recv(&h->client, &h->response, 0, 0), 10);
	}
}

struct sender {
	pthread_t thread;
	struct hosts *h;
	int ret;
	int done;
};

static void *send_blocking(void *arg)
{
	struct sender *s = arg;

	s->ret = try_send(s->h, 0);
	__atomic_store_n(&s->done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void start(struct sender *s, struct hosts *h)
{
	*s = (struct sender){ .h = h };
	if (pthread_create(&s->thread, NULL, send_blocking, s))
		t_die("pthread_create");
	t_sleep_ms(30);
	T_OK(!__atomic_load_n(&s->done, __ATOMIC_SEQ_CST));
}

static void test_nonblocking(int family)
{
	struct timeval timeout = { .tv_usec = 50000 };
	uint64_t start_ms;
	struct hosts h;
	unsigned int n;

	t_case("family %d: the limit is reached", family);
	n = open_full(&h, family);
	T_OK(!writable(&h.client, 0));

	t_case("family %d: SO_SNDTIMEO", family);
	T_OK(!setsockopt(h.client.fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)));
	start_ms = t_now_ms();
	T_RET(try_send(&h, 0), -EAGAIN);
	T_OK(t_now_ms() - start_ms >= 45);

	t_case("family %d: responses make it writable again", family);
	finish(&h, n);
	T_OK(writable(&h.client, 2000));
	T_RET(try_send(&h, MSG_DONTWAIT), 0);
	finish(&h, 1);

	t_case("family %d: no memory is kept by finished RPCs", family);
	for (n = 0; n < 20; n++) {
		if (!T_OK(writable(&h.client, 2000)))
			break;
		T_RET(try_send(&h, MSG_DONTWAIT), 0);
		finish(&h, 1);
	}
	T_OK(writable(&h.client, 2000));
	close_hosts(&h);
}

static void test_blocking(int family)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sender s;
	struct hosts h;
	unsigned int n;

	sigaction(SIGUSR1, &action, NULL);

	t_case("family %d: a blocked sendmsg goes on when memory is free", family);
	n = open_full(&h, family);
	start(&s, &h);
	finish(&h, n);
	pthread_join(s.thread, NULL);
	T_RET(s.ret, 0);
	finish(&h, 1);
	close_hosts(&h);

	t_case("family %d: a signal ends a blocked sendmsg", family);
	open_full(&h, family);
	start(&s, &h);
	while (!__atomic_load_n(&s.done, __ATOMIC_SEQ_CST)) {
		pthread_kill(s.thread, SIGUSR1);
		t_sleep_ms(5);
	}
	pthread_join(s.thread, NULL);
	T_RET(s.ret, -EINTR);
	close_hosts(&h);

	t_case("family %d: shutdown ends a blocked sendmsg", family);
	open_full(&h, family);
	start(&s, &h);
	T_OK(!shutdown(h.client.fd, SHUT_RDWR));
	pthread_join(s.thread, NULL);
	T_RET(s.ret, -ESHUTDOWN);
	close_hosts(&h);

	t_case("family %d: abort frees memory", family);
	open_full(&h, family);
	start(&s, &h);
	T_RET(t_abort(&h.client, 0, 0), 0);
	pthread_join(s.thread, NULL);
	T_RET(s.ret, 0);
	close_hosts(&h);
}

/* Responses count until the client has acked them. */
static void test_responses(int family)
{
	struct hosts h;
	int limit = 100000, i;

	memset(&h, 0, sizeof(h));
	t_open(&h.server, family, PORT);
	t_open(&h.client, family, 0);
	h.addr = t_loopback(family, PORT);
	T_OK(!setsockopt(h.server.fd, SOL_SOCKET, SO_SNDBUF, &limit, sizeof(limit)));
	t_case("family %d: responses count until they are acked", family);
	for (i = 0; i < 10; i++) {
		t_request(&h.client, &h.addr, 10, 1, 0);
		T_RET(t_recv(&h.server, &h.request, 0, 0), 10);
		/* It blocks until earlier responses are acked (NEED_ACK). */
		T_RET(t_respond(&h.server, &h.request, 700000, 2), 0);
		T_RET(t_recv(&h.client, &h.response, 0, 0), 700000);
		T_OK(t_msg_is(&h.client, &h.response, 2));
		T_OK(writable(&h.server, 2000));
	}
	close_hosts(&h);
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_wmem", 60);
	for (i = 0; i < 2; i++) {
		test_nonblocking(families[i]);
		test_blocking(families[i]);
		test_responses(families[i]);
	}
	return t_end();
}
