// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa_call(): deadlines, signals, RPCs that end otherwise, buffers, many threads; in
 * kernels with HOMAIOCEXCHANGE and, with HOMA_TEST_NO_EXCHANGE, without.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "t_lib.h"

#define MS_NS 1000000LL

static struct t_server server;
static struct homa *client;
static struct t_addr addr, nobody;
static bool without;	/* HOMAIOCEXCHANGE */

/* Requests that the server has not answered. */
static unsigned int never(void)
{
	return __atomic_load_n(&server.never, __ATOMIC_SEQ_CST);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* A call in another thread. */
struct call {
	pthread_t thread;
	struct homa *homa;
	const struct t_addr *to;
	size_t bytes;
	char op;
	int64_t timeout_ns;
	int ret;
	char why[HOMA_ERROR_MSG_SIZE];
	int done;
};

static void *call(void *arg)
{
	struct call *c = arg;

	c->ret = t_lib_echo(c->homa, c->to, c->bytes, c->op, 7, 0, c->timeout_ns);
	strcpy(c->why, homa_explain());
	__atomic_store_n(&c->done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void begin(struct call *c, struct homa *homa, const struct t_addr *to, size_t bytes, char op)
{
	*c = (struct call){ .homa = homa, .to = to, .bytes = bytes, .op = op,
			    .timeout_ns = HOMA_FOREVER };
	if (pthread_create(&c->thread, NULL, call, c))
		t_die("no thread");
}

static int end(struct call *c)
{
	pthread_join(c->thread, NULL);
	return c->ret;
}

static bool is_done(struct call *c)
{
	return __atomic_load_n(&c->done, __ATOMIC_SEQ_CST);
}

/* Which way a call takes. */
static unsigned int exchanges_of(struct homa *homa, int64_t timeout_ns)
{
	unsigned int before = t_lib_exchanges;

	T_RET(t_lib_echo(homa, &addr, 100, 'e', 1, 0, timeout_ns), 0);
	return t_lib_exchanges - before;
}

static void test_ways(int family)
{
	struct homa_options large = HOMA_OPTIONS_INIT;
	struct homa *own;

	t_case("family %d: one system call", family);
	if (without) {
		T_EQ(exchanges_of(client, HOMA_FOREVER), 0);
		return;
	}
	T_OK(exchanges_of(client, HOMA_FOREVER) >= 1);
	T_OK(exchanges_of(client, 20 * T_SECOND_NS) >= 1);
	large.flags = HOMA_LARGE;
	own = t_homa(family, &large);
	T_EQ(exchanges_of(own, HOMA_FOREVER), 0);
	homa_close(own);
}

/* Never too early, and then the kernel has nothing of it any more. */
static void test_deadlines(int family)
{
	static const int64_t timeouts_ms[] = { 1, 5, 19, 20, 21, 50, 250 };
	uint64_t began_ns, took_ns;
	unsigned int before;
	size_t i;

	for (i = 0; i < sizeof(timeouts_ms) / sizeof(timeouts_ms[0]); i++) {
		t_case("family %d: a deadline of %d ms", family, (int)timeouts_ms[i]);
		before = never();
		began_ns = now_ns();
		T_RET(t_lib_echo(client, &addr, 10, 'n', 1, 0, timeouts_ms[i] * MS_NS), -ETIME);
		took_ns = now_ns() - began_ns;
		T_OK(took_ns >= (uint64_t)(timeouts_ms[i] * MS_NS));
		T_OK(homa_explain()[0]);
		T_EQ(t_lib_num_rpcs(client), 0);
		/* In shorter times it may not even have been sent. */
		if (timeouts_ms[i] >= 250)
			T_OK(T_WAIT(never() == before + 1, 10000));
	}
}

static void on_signal(int sig)
{
	(void)sig;
}

struct pest {
	pthread_t thread, victim;
	int stop;
};

static void *pester(void *arg)
{
	struct pest *pest = arg;

	while (!__atomic_load_n(&pest->stop, __ATOMIC_SEQ_CST)) {
		pthread_kill(pest->victim, SIGUSR1);
		t_sleep_ms(3);
	}
	return NULL;
}

/* Signals, with handlers that restart system calls and others that do not. */
static void test_signals(int family, int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
	struct pest pest = { .victim = pthread_self() };
	unsigned int before = never();
	uint64_t began_ns;

	t_case("family %d: signals, flags %#x", family, (unsigned int)flags);
	sigaction(SIGUSR1, &action, NULL);
	if (pthread_create(&pest.thread, NULL, pester, &pest))
		t_die("no thread");
	server.delay_ms = 30;
	T_RET(t_lib_echo(client, &addr, 100, 'd', 1, 0, HOMA_FOREVER), 0);
	T_RET(t_lib_echo(client, &addr, 100000, 'd', 1, 0, 20 * T_SECOND_NS), 0);
	server.delay_ms = 1;
	began_ns = now_ns();
	T_RET(t_lib_echo(client, &addr, 10, 'n', 1, 0, 250 * MS_NS), -ETIME);
	T_OK(now_ns() - began_ns >= 250 * MS_NS);
	/* Sent once, however often the call was interrupted. */
	T_OK(T_WAIT(never() == before + 1, 10000));
	T_EQ(t_lib_num_rpcs(client), 0);
	__atomic_store_n(&pest.stop, 1, __ATOMIC_SEQ_CST);
	pthread_join(pest.thread, NULL);
	T_EQ(never(), before + 1);
}

/* The program ends an RPC behind the library's back. */
static void abort_call(struct homa *homa, int error)
{
	struct homa_rpc_info rpcs[4];
	struct homa_info info = {
		.rpc_info = (uintptr_t)rpcs, .rpc_info_length = sizeof(rpcs),
	};
	struct homa_abort_args args = { .error = error };

	T_RET(ioctl(homa_socket(homa), HOMAIOCINFO, &info), 0);
	T_EQ(info.num_rpcs, 1);
	args.id = rpcs[0].id;
	T_RET(ioctl(homa_socket(homa), HOMAIOCABORT, &args), 0);
}

static void test_abort(int family)
{
	struct call c;

	t_case("family %d: aborted", family);
	begin(&c, client, &addr, 10, 'n');
	T_OK(T_WAIT(t_lib_num_rpcs(client) == 1, 10000));
	abort_call(client, ECONNABORTED);
	T_RET(end(&c), -ECONNABORTED);
	/* An error that nobody is told of: the old way waits for ever. */
	if (without)
		return;
	begin(&c, client, &addr, 10, 'n');
	T_OK(T_WAIT(t_lib_num_rpcs(client) == 1, 10000));
	abort_call(client, 0);
	T_RET(end(&c), -ECANCELED);
	T_OK(strstr(c.why, "cancelled"));
}

static void test_failures(int family)
{
	struct t_addr to = t_loopback(family, T_PORT + 1);
	struct homa *own = t_homa(family, NULL);
	struct iovec pieces[2] = { { "e", 1 }, { NULL, 10 } };
	struct homa_msg *request, *response;
	struct call c;

	t_case("family %d: nobody there, or not any more", family);
	T_RET(t_lib_echo(client, &nobody, 10, 'e', 1, 0, HOMA_FOREVER), -ENOTCONN);
	T_OK(strstr(homa_explain(), "no server"));
	T_RET(t_lib_echo(client, &nobody, 10, 'e', 1, 0, 20 * T_SECOND_NS), -ENOTCONN);
	T_RET(homa_callv(client, T_SA(&addr), addr.len, pieces, 2, 0, HOMA_FOREVER, &response),
	      -EFAULT);
	T_RET(homa_bind(own, T_SA(&to), to.len), 0);
	begin(&c, client, &to, 10, 'e');
	T_RET(homa_recv(own, HOMA_FOREVER, &request), 0);
	homa_msg_free(request);
	homa_close(own);
	T_RET(end(&c), -ENOTCONN);
	T_EQ(t_lib_num_rpcs(client), 0);
}

static void test_shutdown(int family)
{
	struct homa *own = t_homa(family, NULL);
	struct stat stat;
	struct call c;

	t_case("family %d: shut down", family);
	if (fstat(homa_socket(own), &stat))
		t_die("fstat");
	/* Without a kernel there is no shutdown(). */
	if (S_ISSOCK(stat.st_mode)) {
		begin(&c, own, &addr, 10, 'n');
		T_OK(T_WAIT(t_lib_num_rpcs(own) == 1, 10000));
		T_RET(shutdown(homa_socket(own), SHUT_RDWR), 0);
		T_RET(end(&c), -ESHUTDOWN);
		T_RET(t_lib_echo(own, &addr, 10, 'e', 1, 0, HOMA_FOREVER), -ESHUTDOWN);
	}
	homa_close(own);
}

/* homa_stop() is for servers: calls go on. */
static void test_stop(int family)
{
	struct homa *own = t_homa(family, NULL);
	struct homa_msg *request;
	struct call c;

	t_case("family %d: stopped", family);
	server.delay_ms = 30;
	begin(&c, own, &addr, 10, 'd');
	T_OK(T_WAIT(t_lib_num_rpcs(own) == 1 || is_done(&c), 10000));
	homa_stop(own);
	T_RET(homa_recv(own, HOMA_FOREVER, &request), -ESHUTDOWN);
	T_RET(end(&c), 0);
	T_RET(t_lib_echo(own, &addr, 10, 'e', 1, 0, HOMA_FOREVER), 0);
	server.delay_ms = 1;
	homa_close(own);
}

/* The send buffer is full of requests that nobody takes: the deadline holds all the same. */
static void test_send_buffer(int family)
{
	static unsigned char data[HOMA_MAX_MESSAGE_LENGTH];
	struct homa_options tiny = HOMA_OPTIONS_INIT;
	struct iovec pieces[2] = { { "e", 1 }, { "f", 1 } };
	struct t_addr to = t_loopback(family, T_PORT + 1);
	struct homa *own = t_homa(family, NULL), *lazy;
	struct homa_msg *response;
	uint64_t rpcs[64], began_ns;
	unsigned int i, num = 0;
	int ret = 0;

	t_case("family %d: the send buffer is full", family);
	tiny.region_bytes = t_lib_small_region();
	lazy = t_homa(family, &tiny);
	T_RET(homa_bind(lazy, T_SA(&to), to.len), 0);
	if (t_lib_limit_sends(own)) {
		while (!ret && num < 64) {
			ret = homa_start(own, T_SA(&to), to.len, data, sizeof(data),
					 HOMA_NONBLOCK, 0, &rpcs[num]);
			num += !ret;
		}
		T_RET(ret, -EAGAIN);
		began_ns = now_ns();
		T_RET(t_lib_echo(own, &addr, 10, 'e', 1, 0, 60 * MS_NS), -ETIME);
		T_OK(now_ns() - began_ns >= 60 * MS_NS);
		T_RET(homa_callv(own, T_SA(&addr), addr.len, pieces, 2, 0, 60 * MS_NS, &response),
		      -ETIME);
		for (i = 0; i < num; i++)
			homa_cancel(own, rpcs[i]);
	}
	T_RET(t_lib_echo(own, &addr, 10, 'e', 1, 0, HOMA_FOREVER), 0);
	T_RET(homa_callv(own, T_SA(&addr), addr.len, pieces, 2, 0, HOMA_FOREVER, &response), 0);
	T_OK(t_lib_is(response, "ef", 2));
	homa_msg_free(response);
	homa_close(own);
	homa_close(lazy);
}

/* Responses fill the region; another thread's waits for room until they are given back. */
static void test_region(int family)
{
	static unsigned char data[300000];
	struct iovec pieces[2] = { { "e", 1 }, { data, sizeof(data) } };
	struct homa_options small = HOMA_OPTIONS_INIT;
	struct homa_msg *held[64], *response;
	unsigned char request[5] = "s";
	uint32_t want = HOMA_MAX_MESSAGE_LENGTH;
	unsigned int i, num = 0;
	struct homa *own;
	struct call c;
	uint64_t all;
	int ret;

	t_case("family %d: a full region", family);
	small.region_bytes = t_lib_small_region();
	own = t_homa(family, &small);
	all = t_lib_avail(own);
	memcpy(request + 1, &want, sizeof(want));
	do {
		ret = homa_call(own, T_SA(&addr), addr.len, request, sizeof(request),
				T_SECOND_NS, &held[num]);
		num += !ret;
	} while (!ret && num < 64);
	T_RET(ret, -ETIME);
	T_OK(num >= 1);
	begin(&c, own, &addr, 1000000, 'e');
	t_sleep_ms(50);
	T_OK(!is_done(&c));
	for (i = 0; i < num; i++)
		homa_msg_free(held[i]);
	T_RET(end(&c), 0);
	for (i = 0; i < 50; i++) {
		T_RET(t_lib_echo(own, &addr, 300000, 'e', i, 0, HOMA_FOREVER), 0);
		T_RET(homa_callv(own, T_SA(&addr), addr.len, pieces, 2, 0, HOMA_FOREVER, &response),
		      0);
		T_EQ(homa_msg_length(response), 300001);
		homa_msg_free(response);
	}
	T_OK(T_WAIT(t_lib_avail(own) + HOMA_MAX_BPAGES * HOMA_BPAGE_SIZE >= all, 10000));
	homa_close(own);
}

/* Others receive for themselves meanwhile: they never see the responses of calls. */
static void test_beside(int family)
{
	enum { CALLS = 8, ROUNDS = 20 };
	struct homa_completion completion;
	struct call c[CALLS];
	unsigned int i, round;

	t_case("family %d: calls beside completions", family);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < CALLS; i++)
			begin(&c[i], client, &addr, 1 + 5000 * i, i % 2 ? 'd' : 'e');
		T_RET(homa_start(client, T_SA(&addr), addr.len, "emine", 5, 0, round, NULL), 0);
		T_RET(homa_complete(client, HOMA_FOREVER, &completion), 0);
		T_EQ(completion.cookie, round);
		T_OK(t_lib_is(completion.response, "emine", 5));
		homa_msg_free(completion.response);
		T_RET(homa_complete(client, 2 * MS_NS, &completion), -EAGAIN);
		for (i = 0; i < CALLS; i++)
			T_RET(end(&c[i]), 0);
	}
	T_EQ(t_lib_num_rpcs(client), 0);
}

static void test_fork(int family)
{
	struct call c;
	int status;
	pid_t pid;

	t_case("family %d: fork during a call", family);
#ifdef __SANITIZE_THREAD__
	/* It stops children of processes with threads. */
	return;
#endif
	server.delay_ms = 100;
	begin(&c, client, &addr, 10, 'd');
	T_OK(T_WAIT(t_lib_num_rpcs(client) == 1 || is_done(&c), 10000));
	pid = fork();
	if (!pid) {
		struct homa_msg *response;
		int ret = homa_call(client, T_SA(&addr), addr.len, "e", 1, HOMA_FOREVER, &response);

		homa_close(client);
		_exit(ret == -ESTALE ? 0 : 1);
	}
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(status, 0);
	T_RET(end(&c), 0);
	server.delay_ms = 1;
	T_RET(t_lib_echo(client, &addr, 100, 'e', 1, 0, HOMA_FOREVER), 0);
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_lib_call", 100);
	without = getenv("HOMA_TEST_NO_EXCHANGE");
	for (i = 0; i < 2; i++) {
		int family = families[i];

		addr = t_loopback(family, T_PORT);
		nobody = t_loopback(family, 4711);
		t_serve(&server, family, T_PORT, 3, NULL);
		server.delay_ms = 1;
		client = t_homa(family, NULL);
		test_ways(family);
		test_deadlines(family);
		test_signals(family, 0);
		test_signals(family, SA_RESTART);
		test_abort(family);
		test_failures(family);
		test_shutdown(family);
		test_stop(family);
		test_send_buffer(family);
		test_region(family);
		test_beside(family);
		test_fork(family);
		homa_close(client);
		t_serve_stop(&server);
	}
	return t_end();
}
