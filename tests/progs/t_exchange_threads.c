// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_exchange_threads - HOMAIOCEXCHANGE from many threads at once
 *
 *    t_exchange_threads         RPCs with checked contents
 *    t_exchange_threads stay    exchange, and wait in every way, until killed
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "t_exchange.h"

#define PORT 99

struct hosts {
	struct t_sock server, client;
	struct t_addr addr;		/* of the server */
};

static void open_hosts(struct hosts *h, int family, uint16_t port)
{
	memset(h, 0, sizeof(*h));
	t_open(&h->server, family, port);
	t_open(&h->client, family, 0);
	h->addr = t_loopback(family, port);
}

static void close_hosts(struct hosts *h)
{
	t_close(&h->server);
	t_close(&h->client);
}

#define SERVERS 4
#define CLIENTS 6
#define CALLS 100

struct worker {
	pthread_t thread;
	struct hosts *h;
	uint32_t random;
	bool forever;
	unsigned int done;
};

/* Echo what comes, up to eight messages with one call, until shutdown(). */
static void *server_thread(void *arg)
{
	static __thread unsigned char rooms[8][3000];
	static __thread struct x x;
	static __thread struct homa_recv in[8];
	struct worker *me = arg;
	unsigned int i, n = 0;
	int ret;

	for (;;) {
		x_begin(&x);
		for (i = 0; i < n; i++)
			x_answer(&x, &in[i], rooms[i], in[i].length);
		for (i = 0; i < 8; i++)
			x_room(&x, rooms[i], sizeof(rooms[0]));
		ret = x_call(&me->h->server, &x);
		if (ret == -ESHUTDOWN)
			return NULL;
		if (me->forever && ret)
			continue;
		T_RET(ret, 0);
		T_EQ(x.args.num_sends, n);
		n = x.args.num_recvs;
		T_OK(n >= 1 && n <= 8);
		memcpy(in, x.in, n * sizeof(in[0]));
		me->done += n;
	}
}

static void *client_thread(void *arg)
{
	static __thread unsigned char data[3000], room[3000];
	static __thread struct x x;
	struct worker *me = arg;
	uint32_t seed;
	int ret;

	while (me->forever || me->done < CALLS) {
		size_t bytes = 1 + t_random(&me->random) % sizeof(data);

		seed = t_random(&me->random);
		t_fill(data, bytes, seed);
		x_begin(&x);
		x_send(&x, &me->h->addr, 0, data, bytes, seed);
		x_room(&x, room, sizeof(room));
		x.args.flags = HOMA_EXCHANGE_CALL;
		ret = x_call(&me->h->client, &x);
		if (me->forever) {
			/* Where time is virtual, it passes only when all wait. */
			if (t_random(&me->random) % 2)
				t_sleep_ms(1);
			continue;
		}
		T_RET(ret, 0);
		T_EQ(x.in[0].id, x.out[0].id);
		T_EQ(x.in[0].completion_cookie, seed);
		T_EQ(x.in[0].length, bytes);
		T_OK(x_is(&me->h->client, &x.in[0], seed));
		me->done++;
	}
	return NULL;
}

static void start_workers(struct worker *workers, unsigned int num, struct hosts *h,
			  void *(*function)(void *), bool forever)
{
	unsigned int i;

	for (i = 0; i < num; i++) {
		workers[i] = (struct worker){ .h = h, .random = i + 1, .forever = forever };
		if (pthread_create(&workers[i].thread, NULL, function, &workers[i]))
			t_die("pthread_create");
	}
}

static void test_threads(int family)
{
	struct worker servers[SERVERS], clients[CLIENTS];
	unsigned int i, served = 0;
	struct hosts h;

	t_case("family %d: %d threads call, %d serve", family, CLIENTS, SERVERS);
	open_hosts(&h, family, PORT);
	start_workers(servers, SERVERS, &h, server_thread, false);
	start_workers(clients, CLIENTS, &h, client_thread, false);
	for (i = 0; i < CLIENTS; i++)
		pthread_join(clients[i].thread, NULL);
	/* Not before: responses would be refused. */
	T_EQ(shutdown(h.server.fd, SHUT_RDWR), 0);
	for (i = 0; i < SERVERS; i++) {
		pthread_join(servers[i].thread, NULL);
		served += servers[i].done;
	}
	T_EQ(served, CLIENTS * CALLS);
	close_hosts(&h);
}

/* A call that waits until the process is killed. */
struct waiter {
	pthread_t thread;
	const struct t_sock *sock;
	struct x x;
	unsigned char room[100];
};

static void *wait_in_thread(void *arg)
{
	struct waiter *w = arg;

	x_call(w->sock, &w->x);
	return NULL;
}

/* Threads in the middle of exchanges, and in all kinds of waits. */
static void stay(int family, uint16_t port)
{
	static unsigned char sent[HOMA_MAX_MESSAGE_LENGTH];
	static struct worker all_workers[2][4];
	static struct waiter all_waiters[2][4];
	static struct hosts all_hosts[2][2];
	struct worker *workers = all_workers[family == AF_INET];
	struct waiter *waiters = all_waiters[family == AF_INET];
	struct hosts *busy = all_hosts[family == AF_INET], *idle = busy + 1;
	unsigned int i, k;

	t_case("family %d: threads that stay", family);
	open_hosts(busy, family, port);
	start_workers(workers, 2, busy, server_thread, true);
	start_workers(workers + 2, 2, busy, client_thread, true);

	open_hosts(idle, family, port + 1);
	T_RET(t_setopt(&idle->client, SOL_SOCKET, SO_SNDBUF, 100000), 0);
	for (i = 0; i < 4; i++) {
		struct waiter *w = &waiters[i];

		w->sock = &idle->client;
		x_begin(&w->x);
		x_room(&w->x, w->room, sizeof(w->room));
		/* Two calls that nobody answers, one that has a time, one without room to send:
		 * it takes that from the calls, so they come first.
		 */
		if (i == 3)
			T_OK(T_WAIT(t_info(&idle->server).num_rpcs == 2, 20000));
		if (i == 2)
			w->x.args.timeout_ns = 3600000000000;
		if (i < 2)
			w->x.args.flags = HOMA_EXCHANGE_CALL;
		for (k = 0; k < (i < 2 ? 1 : i == 3 ? 3 : 0); k++)
			x_send(&w->x, &idle->addr, 0, sent, i == 3 ? sizeof(sent) : 100, 7);
		if (pthread_create(&w->thread, NULL, wait_in_thread, w))
			t_die("pthread_create");
	}
	T_OK(T_WAIT(t_info(&idle->server).num_rpcs >= 3, 20000));
}

int main(int argc, char **argv)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_exchange_threads", 60);
	if (argc > 1 && !strcmp(argv[1], "stay")) {
		stay(AF_INET, 4000);
		stay(AF_INET6, 4010);
		if (t_end())
			return 1;
		printf("ready\n");
		for (;;)
			pause();
	}
	for (i = 0; i < 2; i++)
		test_threads(families[i]);
	return t_end();
}
