// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_threads - many threads on one client socket and one server socket
 *
 *    t_threads -n 300 -l 50000 -t 60 127.0.0.1
 *
 * Server threads receive whatever comes and echo it. Client threads send
 * private requests and wait for each by its id; others send requests whose
 * responses any of them may receive. Each response must come exactly once, to
 * somebody who may have it, with the right contents.
 */
#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t.h"

#define PORT 600
#define SERVERS 4
#define PRIVATE 4
#define SHARED 3
#define COUNT_MAX 10000

static struct t_sock server, client;
static struct t_addr to;
static unsigned int count = 200;	/* RPCs of each client thread */
static size_t bytes_max = 50000;

/* By cookie of a shared request: sent and not yet answered. */
static int waiting[SHARED * COUNT_MAX];
static size_t waiting_bytes[SHARED * COUNT_MAX];
static unsigned int shared_sent, shared_done;

static size_t any_length(uint32_t *random)
{
	return 1 + t_random(random) % (t_random(random) % 4 ? 2000 : bytes_max);
}

static void *serve(void *arg)
{
	struct t_msg msg = { 0 };

	(void)arg;
	for (;;) {
		ssize_t ret = t_recv(&server, &msg, 0, 0);

		if (ret == -ESHUTDOWN)
			return NULL;
		if (!T_OK(ret > 0) || !T_OK(msg.args.id & 1))
			return NULL;
		T_RET(t_echo(&server, &msg), 0);
	}
}

static void *be_private(void *arg)
{
	uint32_t random = (uint32_t)(uintptr_t)arg * 77 + 1;
	struct t_msg msg = { 0 };
	unsigned int i;

	for (i = 0; i < count; i++) {
		size_t bytes = any_length(&random);
		uint32_t seed = t_random(&random);
		uint64_t id = t_request(&client, &to, bytes, seed, HOMA_SENDMSG_PRIVATE);

		if (!T_RET(t_recv(&client, &msg, id, 0), bytes))
			return NULL;
		T_EQ(msg.args.id, id);
		T_EQ(msg.args.completion_cookie, seed);
		T_OK(t_msg_is(&client, &msg, seed));
	}
	return NULL;
}

/* Send a request, receive any response, and so on; at last receive until all
 * shared requests are answered.
 */
static void *share(void *arg)
{
	uint32_t thread = (uint32_t)(uintptr_t)arg;
	uint32_t random = thread * 99 + 5;
	struct t_msg msg = { 0 };
	unsigned int i;

	for (i = 0; i < count; i++) {
		uint32_t cookie = thread * COUNT_MAX + i;
		ssize_t ret;

		waiting_bytes[cookie] = any_length(&random);
		__atomic_store_n(&waiting[cookie], 1, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&shared_sent, 1, __ATOMIC_SEQ_CST);
		t_request(&client, &to, waiting_bytes[cookie], cookie, 0);

		/* As many receives as requests: nobody waits for ever. */
		ret = t_recv(&client, &msg, 0, 0);
		if (!T_OK(ret > 0) || !T_OK(msg.args.completion_cookie < SHARED * COUNT_MAX))
			return NULL;
		cookie = (uint32_t)msg.args.completion_cookie;
		T_EQ(__atomic_exchange_n(&waiting[cookie], 0, __ATOMIC_SEQ_CST), 1);
		T_EQ(ret, waiting_bytes[cookie]);
		T_OK(t_msg_is(&client, &msg, cookie));
		__atomic_add_fetch(&shared_done, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t servers[SERVERS], privates[PRIVATE], shareds[SHARED];
	unsigned int guard_s = 60;
	int opt, i, family;

	while ((opt = getopt(argc, argv, "n:l:t:")) != -1) {
		switch (opt) {
		case 'n':
			count = (unsigned int)atoi(optarg);
			break;
		case 'l':
			bytes_max = (size_t)atol(optarg);
			break;
		case 't':
			guard_s = (unsigned int)atoi(optarg);
			break;
		default:
			argc = 0;
		}
	}
	if (optind != argc - 1 || count < 1 || count > COUNT_MAX)
		errx(2, "usage: t_threads [-n COUNT] [-l LENGTH] [-t SECONDS] ADDRESS");

	t_begin("t_threads", guard_s);
	t_case("%d server, %d private, %d shared threads", SERVERS, PRIVATE, SHARED);
	family = strchr(argv[optind], ':') ? AF_INET6 : AF_INET;
	to = t_addr(family, argv[optind], PORT);
	t_open(&server, family, PORT);
	t_open(&client, family, 0);
	for (i = 0; i < SERVERS; i++)
		if (pthread_create(&servers[i], NULL, serve, NULL))
			t_die("pthread_create");
	for (i = 0; i < PRIVATE; i++)
		if (pthread_create(&privates[i], NULL, be_private, (void *)(uintptr_t)i))
			t_die("pthread_create");
	for (i = 0; i < SHARED; i++)
		if (pthread_create(&shareds[i], NULL, share, (void *)(uintptr_t)i))
			t_die("pthread_create");
	for (i = 0; i < PRIVATE; i++)
		pthread_join(privates[i], NULL);
	for (i = 0; i < SHARED; i++)
		pthread_join(shareds[i], NULL);
	T_EQ(shared_done, SHARED * count);
	T_EQ(shared_sent, SHARED * count);
	T_EQ(t_info(&client).num_rpcs, 0);
	shutdown(server.fd, SHUT_RDWR);
	for (i = 0; i < SERVERS; i++)
		pthread_join(servers[i], NULL);
	t_close(&server);
	t_close(&client);
	return t_end();
}
