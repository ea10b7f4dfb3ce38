// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * One handle of libhoma, used by many threads in all ways at once: it calls,
 * starts, waits, completes, cancels, and serves its own requests. Every request
 * is answered once, with the right contents; nobody is left waiting.
 *
 *    t_lib_threads [-n ROUNDS] [-t THREADS] [-b BYTES] ADDRESS
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t_lib.h"

static unsigned int rounds = 100, threads = 4;
static size_t max_bytes = 100000;
static struct t_server server;
static struct homa *homa;
static struct t_addr addr;
static unsigned int completed;

static size_t some_bytes(uint32_t *state)
{
	/* Short ones are more frequent. */
	size_t limit = t_random(state) % 4 ? 2000 : max_bytes;

	return 1 + t_random(state) % limit;
}

static void *caller(void *arg)
{
	uint32_t state = (uint32_t)(uintptr_t)arg;
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		int64_t timeout_ns = t_random(&state) % 2 ? HOMA_FOREVER : 60 * T_SECOND_NS;

		if (!T_RET(t_lib_echo(homa, &addr, some_bytes(&state),
				      t_random(&state) % 8 ? 'e' : 'd', state, 0, timeout_ns), 0))
			break;
	}
	return NULL;
}

/* Starts as many as it completes; what it completes may be another thread's. */
static void *starter(void *arg)
{
	unsigned char *data = malloc(max_bytes);
	uint32_t state = (uint32_t)(uintptr_t)arg;
	struct homa_completion completion;
	unsigned int i;

	if (!data)
		t_die("no memory");
	for (i = 0; i < rounds; i++) {
		size_t bytes = some_bytes(&state);

		t_lib_fill(data, bytes, 'e', (uint32_t)bytes);
		if (!T_RET(homa_start(homa, T_SA(&addr), addr.len, data, bytes, 0, bytes, NULL), 0))
			break;
		if (!T_RET(homa_complete(homa, 60 * T_SECOND_NS, &completion), 0))
			break;
		if (!T_RET(completion.error, 0))
			break;
		T_EQ(homa_msg_length(completion.response), completion.cookie);
		t_lib_fill(data, completion.cookie, 'e', (uint32_t)completion.cookie);
		T_OK(t_lib_is(completion.response, data, completion.cookie));
		homa_msg_free(completion.response);
		__atomic_add_fetch(&completed, 1, __ATOMIC_SEQ_CST);
	}
	free(data);
	return NULL;
}

/* Waits for some private RPCs, cancels others, at any moment of their lives. */
static void *canceller(void *arg)
{
	uint32_t state = (uint32_t)(uintptr_t)arg;
	struct homa_msg *response;
	unsigned int i;
	uint64_t rpc;
	int ret;

	for (i = 0; i < rounds; i++) {
		if (!T_RET(homa_start(homa, T_SA(&addr), addr.len, t_random(&state) % 2 ? "e" : "d",
				      1, HOMA_PRIVATE, 0, &rpc), 0))
			break;
		ret = homa_wait(homa, rpc, t_random(&state) % 200000, &response);
		if (!ret) {
			T_EQ(homa_msg_length(response), 1);
			homa_msg_free(response);
			T_RET(homa_cancel(homa, rpc), -ENOENT);
		} else {
			T_RET(ret, -EAGAIN);
			T_RET(homa_cancel(homa, rpc), 0);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	void *(*const kinds[])(void *) = { caller, starter, canceller };
	struct homa_completion completion;
	pthread_t all[3 * 64];
	unsigned int i;
	int opt;

	while ((opt = getopt(argc, argv, "n:t:b:")) != -1) {
		if (opt == 'n')
			rounds = (unsigned int)atoi(optarg);
		else if (opt == 't')
			threads = (unsigned int)atoi(optarg);
		else if (opt == 'b')
			max_bytes = (size_t)atol(optarg);
		else
			return 2;
	}
	if (optind + 1 != argc || threads < 1 || threads > 64)
		return 2;
	t_begin("t_lib_threads", 110);
	t_case("%u threads of each kind, %u rounds", threads, rounds);
	addr = t_addr(AF_INET6, argv[optind], T_PORT);
	/* The same handle is server and client. */
	t_serve(&server, AF_INET6, T_PORT, threads, NULL);
	server.delay_ms = 1;
	homa = server.homa;
	for (i = 0; i < 3 * threads; i++)
		if (pthread_create(&all[i], NULL, kinds[i % 3], (void *)(uintptr_t)(i + 1)))
			t_die("no thread");
	for (i = 0; i < 3 * threads; i++)
		pthread_join(all[i], NULL);
	T_EQ(completed, threads * rounds);
	T_RET(homa_complete(homa, 0, &completion), -EAGAIN);
	/* The cancelled ones may still be with their late threads. */
	t_sleep_ms(200);
	T_OK(t_lib_avail(homa) + 16 * 65536 >= 64 << 20);
	t_serve_stop(&server);
	return t_end();
}
