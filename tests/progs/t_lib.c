// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * libhoma against the kernel: every function, its results and its errors.
 *
 *    t_lib        all over loopback, for both families
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t_lib.h"

static struct t_server server;
static struct homa *client;
static struct t_addr addr, nobody;

static void test_sizes(int family)
{
	static const size_t sizes[] = { 1, 2, 100, 1404, 1424, 1425, 40000, 65535, 65536, 65537,
		131072, 131073, 500000, 999999, 1000000 };
	size_t i;

	t_case("family %d: echo of 1 to 1,000,000 bytes", family);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		T_RET(t_lib_echo(client, &addr, sizes[i], 'e', (uint32_t)i, 0, HOMA_FOREVER), 0);
		T_RET(t_lib_echo(client, &addr, sizes[i], 'd', (uint32_t)i, 0, 20 * T_SECOND_NS),
		      0);
	}
	T_RET(t_lib_echo(client, &addr, 1000001, 'e', 1, 0, HOMA_FOREVER), -EMSGSIZE);
	T_OK(strstr(homa_explain(), "HOMA_LARGE"));
}

/* One piece, many pieces, copies out of the middle. */
static void test_contents(int family)
{
	static unsigned char data[300000], part[200000];
	struct iovec pieces[3] = {
		{ data, 1 }, { data + 1, 0 }, { data + 1, sizeof(data) - 1 },
	};
	struct homa_msg *response;
	const struct iovec *iov;
	size_t sum = 0;
	socklen_t bytes;
	int i, count;

	t_case("family %d: contents", family);
	t_lib_fill(data, sizeof(data), 'e', 3);
	if (!T_RET(homa_callv(client, T_SA(&addr), addr.len, pieces, 3, 0, HOMA_FOREVER,
			      &response), 0))
		return;
	T_OK(t_lib_is(response, data, sizeof(data)));
	T_EQ(homa_msg_copy(response, 65000, part, sizeof(part)), sizeof(part));
	T_OK(!memcmp(part, data + 65000, sizeof(part)));
	T_EQ(homa_msg_copy(response, 299990, part, sizeof(part)), 10);
	T_EQ(homa_msg_copy(response, 300000, part, 1), 0);
	count = homa_msg_iov(response, &iov);
	for (i = 0; i < count; i++)
		sum += iov[i].iov_len;
	T_EQ(sum, sizeof(data));
	T_OK(!homa_msg_data(response) == (count > 1));
	T_OK(!memcmp(homa_msg_peer(response, &bytes), &addr.sa, addr.len));
	T_EQ(bytes, addr.len);
	T_RET(homa_reply(response, "x", 1, 0), -EINVAL);
	homa_msg_release(response);
	T_EQ(homa_msg_iov(response, &iov), 0);
	homa_msg_free(response);
	homa_msg_free(NULL);

	data[0] = 'r';
	T_RET(homa_call(client, T_SA(&addr), addr.len, data, 65536, HOMA_FOREVER, &response), 0);
	T_OK(homa_msg_data(response) && !memcmp(homa_msg_data(response), "released", 8));
	homa_msg_free(response);
}

static void test_async(int family)
{
	enum { MANY = 200 };
	static unsigned char data[MANY][3000];
	struct homa_completion completion;
	bool seen[MANY] = { false };
	uint64_t rpcs[MANY];
	unsigned int i;

	t_case("family %d: many outstanding", family);
	T_RET(homa_complete(client, 0, &completion), -EAGAIN);
	T_RET(homa_complete(client, 1000000, &completion), -EAGAIN);
	for (i = 0; i < MANY; i++) {
		t_lib_fill(data[i], 1 + i * 15, i % 3 ? 'e' : 'd', i + 1);
		if (!T_RET(homa_start(client, T_SA(&addr), addr.len, data[i], 1 + i * 15, 0,
				      i, &rpcs[i]), 0))
			return;
	}
	for (i = 0; i < MANY; i++) {
		if (!T_RET(homa_complete(client, 20 * T_SECOND_NS, &completion), 0))
			return;
		T_RET(completion.error, 0);
		T_OK(completion.cookie < MANY && !seen[completion.cookie]);
		seen[completion.cookie] = true;
		T_OK(completion.rpc == rpcs[completion.cookie]);
		T_OK(t_lib_is(completion.response, data[completion.cookie],
			      1 + completion.cookie * 15));
		homa_msg_free(completion.response);
	}
	T_RET(homa_complete(client, 0, &completion), -EAGAIN);

	t_case("family %d: an error is a completion", family);
	T_RET(homa_start(client, T_SA(&nobody), nobody.len, "e", 1, 0, 77, NULL), 0);
	T_RET(homa_complete(client, 20 * T_SECOND_NS, &completion), 0);
	T_RET(completion.error, -ENOTCONN);
	T_OK(strstr(homa_explain(), "no server"));
	T_EQ(completion.cookie, 77);
	T_OK(!completion.response);
}

static void *wait_for_private(void *arg)
{
	struct homa_msg *response;
	uint64_t rpc = *(uint64_t *)arg;
	int ret;

	/* The main thread looks now and then whether we wait already. */
	while ((ret = homa_wait(client, rpc, HOMA_FOREVER, &response)) == -EBUSY)
		t_sleep_ms(1);
	if (!ret)
		homa_msg_free(response);
	return (void *)(intptr_t)ret;
}

static void test_private(int family)
{
	struct homa_completion completion;
	struct homa_msg *response;
	uint64_t first, second, shared;
	pthread_t thread;
	void *result;

	t_case("family %d: private RPCs", family);
	T_RET(homa_start(client, T_SA(&addr), addr.len, "efirst", 6, HOMA_PRIVATE, 0, NULL),
	      -EINVAL);
	T_RET(homa_start(client, T_SA(&addr), addr.len, "efirst", 6, HOMA_PRIVATE, 0, &first), 0);
	T_RET(homa_start(client, T_SA(&addr), addr.len, "dsecond", 7, HOMA_PRIVATE, 0, &second),
	      0);
	T_RET(homa_start(client, T_SA(&addr), addr.len, "eshared", 7, 0, 5, &shared), 0);
	T_RET(homa_wait(client, second, 0, &response), -EAGAIN);
	T_RET(homa_wait(client, shared, 0, &response), -EINVAL);
	T_RET(homa_complete(client, 20 * T_SECOND_NS, &completion), 0);
	T_EQ(completion.cookie, 5);
	homa_msg_free(completion.response);
	T_RET(homa_wait(client, second, 20 * T_SECOND_NS, &response), 0);
	T_OK(t_lib_is(response, "dsecond", 7));
	homa_msg_free(response);
	T_RET(homa_wait(client, first, 20 * T_SECOND_NS, &response), 0);
	T_OK(t_lib_is(response, "efirst", 6));
	homa_msg_free(response);
	T_RET(homa_wait(client, first, 0, &response), -ENOENT);
	T_RET(homa_complete(client, 0, &completion), -EAGAIN);

	t_case("family %d: cancel", family);
	T_RET(homa_start(client, T_SA(&addr), addr.len, "n", 1, HOMA_PRIVATE, 0, &first), 0);
	if (pthread_create(&thread, NULL, wait_for_private, &first))
		t_die("no thread");
	while (homa_wait(client, first, 0, &response) == -EAGAIN)
		t_sleep_ms(1);
	T_RET(homa_wait(client, first, 0, &response), -EBUSY);
	T_RET(homa_cancel(client, first), 0);
	pthread_join(thread, &result);
	T_RET((int)(intptr_t)result, -ECANCELED);
	T_RET(homa_cancel(client, first), -ENOENT);
	T_RET(homa_start(client, T_SA(&addr), addr.len, "n", 1, 0, 0, &shared), 0);
	T_RET(homa_cancel(client, shared), 0);
	T_RET(homa_cancel(client, shared), -ENOENT);
	/* One that has come, but was not taken, is cancelled, too. */
	T_RET(homa_start(client, T_SA(&addr), addr.len, "e1", 2, 0, 1, &shared), 0);
	T_RET(homa_start(client, T_SA(&addr), addr.len, "e2", 2, 0, 2, &second), 0);
	T_RET(t_lib_echo(client, &addr, 10, 'd', 1, 0, HOMA_FOREVER), 0);
	T_RET(homa_cancel(client, second), 0);
	T_RET(homa_complete(client, 20 * T_SECOND_NS, &completion), 0);
	T_EQ(completion.cookie, 1);
	homa_msg_free(completion.response);
	T_RET(homa_complete(client, 0, &completion), -EAGAIN);
	/* Nor has the kernel anything of all these any more. */
	T_OK(T_WAIT(t_lib_num_rpcs(client) == 0, 5000));
}

static void *complete_one(void *arg)
{
	struct homa_completion completion;
	int ret = homa_complete(client, HOMA_FOREVER, &completion);

	(void)arg;
	if (!ret)
		homa_msg_free(completion.response);
	return (void *)(intptr_t)ret;
}

/* A thread that polled for another one leaves: the other one polls now. */
static void test_hand_over(int family)
{
	struct homa_msg *response;
	pthread_t first, second;
	void *result;
	uint64_t rpc;

	t_case("family %d: the next one polls", family);
	T_RET(homa_start(client, T_SA(&addr), addr.len, "d", 1, HOMA_PRIVATE, 0, &rpc), 0);
	if (pthread_create(&first, NULL, wait_for_private, &rpc))
		t_die("no thread");
	while (homa_wait(client, rpc, 0, &response) == -EAGAIN)
		t_sleep_ms(1);
	if (pthread_create(&second, NULL, complete_one, NULL))
		t_die("no thread");
	pthread_join(first, &result);
	T_RET((int)(intptr_t)result, 0);
	T_RET(homa_start(client, T_SA(&addr), addr.len, "e", 1, 0, 0, NULL), 0);
	pthread_join(second, &result);
	T_RET((int)(intptr_t)result, 0);
}

static void test_deadline(int family)
{
	uint64_t start_ms = t_now_ms();

	t_case("family %d: deadlines", family);
	T_RET(t_lib_echo(client, &addr, 10, 'n', 1, 0, T_SECOND_NS / 20), -ETIME);
	T_OK(t_now_ms() - start_ms >= 50);
	T_OK(homa_explain()[0]);
	T_RET(t_lib_echo(client, &addr, 10, 'e', 1, 0, 0), -EINVAL);
	T_RET(t_lib_echo(client, &nobody, 10, 'e', 1, 0, HOMA_FOREVER), -ENOTCONN);
}

static void test_arguments(int family)
{
	struct homa_options options = HOMA_OPTIONS_INIT;
	struct iovec none = { NULL, 0 };
	struct homa_msg *response;
	struct homa *other;
	struct t_addr wrong = t_loopback(family == AF_INET ? AF_INET6 : AF_INET, T_PORT);

	t_case("family %d: arguments", family);
	T_RET(homa_open(&other, AF_UNIX, NULL), -EAFNOSUPPORT);
	options.size = 3;
	T_RET(homa_open(&other, family, &options), -EINVAL);
	options.size = sizeof(options);
	options.flags = 0x80;
	T_RET(homa_open(&other, family, &options), -EINVAL);
	options.flags = 0;
	options.region_bytes = 65536;
	T_RET(homa_open(&other, family, &options), -EINVAL);
	T_OK(strstr(homa_explain(), "receive region"));
	T_RET(homa_callv(client, T_SA(&addr), addr.len, &none, 1, 0, HOMA_FOREVER, &response),
	      -EINVAL);
	T_RET(homa_callv(client, T_SA(&addr), addr.len, &none, 0, 0, HOMA_FOREVER, &response),
	      -EINVAL);
	T_RET(homa_callv(client, T_SA(&addr), addr.len, &none, 1, 0x80, HOMA_FOREVER, &response),
	      -EINVAL);
	T_RET(homa_call(client, T_SA(&wrong), wrong.len, "e", 1, HOMA_FOREVER, &response),
	      -EAFNOSUPPORT);
	T_RET(homa_call(client, T_SA(&addr), 3, "e", 1, HOMA_FOREVER, &response), -EINVAL);
	T_RET(homa_call(client, T_SA(&addr), addr.len, NULL, 10, HOMA_FOREVER, &response),
	      -EFAULT);
	T_RET(homa_bind(client, T_SA(&addr), addr.len), -EADDRINUSE);
	T_OK(strstr(homa_explain(), "port"));
	T_EQ(homa_port(server.homa), T_PORT);
	T_OK(homa_port(client) >= HOMA_MIN_DEFAULT_PORT);
	T_OK(!strcmp(homa_version(), "0.1.0"));
}

/* Replies: twice, too long, empty; a request that is taken by hand. */
static void test_server(int family)
{
	struct t_addr to = t_loopback(family, T_PORT + 1);
	static unsigned char data[1000001];
	struct homa_completion completion;
	struct homa_msg *request, *more;
	struct homa *own = t_homa(family, NULL);

	t_case("family %d: a server by hand", family);
	T_RET(homa_bind(own, T_SA(&to), to.len), 0);
	T_RET(homa_recv(own, 0, &request), -EAGAIN);
	T_RET(homa_recv(own, 1000000, &request), -EAGAIN);
	T_RET(homa_start(client, T_SA(&to), to.len, "hello", 5, 0, 1, NULL), 0);
	if (!T_RET(homa_recv(own, HOMA_FOREVER, &request), 0))
		return;
	T_OK(t_lib_is(request, "hello", 5));
	T_RET(homa_reply(request, data, 0, 0), -EINVAL);
	T_RET(homa_reply(request, data, sizeof(data), 0), -EMSGSIZE);
	T_RET(homa_reply(request, data, 1, 0x80), -EINVAL);
	T_RET(homa_reply(request, "bye", 3, HOMA_NONBLOCK), 0);
	T_RET(homa_reply(request, "bye", 3, 0), -EALREADY);
	homa_msg_free(request);
	T_RET(homa_complete(client, HOMA_FOREVER, &completion), 0);
	T_OK(t_lib_is(completion.response, "bye", 3));
	homa_msg_free(completion.response);

	/* A reply to somebody who has given up is no error. */
	T_RET(homa_start(client, T_SA(&to), to.len, "hello", 5, 0, 1, &completion.rpc), 0);
	T_RET(homa_recv(own, HOMA_FOREVER, &request), 0);
	T_RET(homa_cancel(client, completion.rpc), 0);
	T_RET(homa_reply(request, "bye", 3, 0), 0);
	homa_msg_free(request);

	/* Messages live longer than the handle. */
	T_RET(homa_start(client, T_SA(&to), to.len, "stay", 4, 0, 2, NULL), 0);
	T_RET(homa_start(client, T_SA(&to), to.len, "lost", 4, 0, 3, NULL), 0);
	T_RET(homa_recv(own, HOMA_FOREVER, &request), 0);
	homa_stop(own);
	T_RET(homa_recv(own, HOMA_FOREVER, &more), -ESHUTDOWN);
	homa_close(own);
	T_OK(t_lib_is(request, "stay", 4) || t_lib_is(request, "lost", 4));
	T_RET(homa_reply(request, "bye", 3, 0), -ESHUTDOWN);
	homa_msg_free(request);
	T_RET(homa_complete(client, HOMA_FOREVER, &completion), 0);
	T_RET(completion.error, -ENOTCONN);
	T_RET(homa_complete(client, HOMA_FOREVER, &completion), 0);
	T_RET(completion.error, -ENOTCONN);
}

/* A client that takes no responses holds the thread of a server for 5 seconds, not for ever. */
static void test_takes_nothing(int family)
{
	static unsigned char data[HOMA_MAX_MESSAGE_LENGTH];
	struct homa_options tiny = HOMA_OPTIONS_INIT;
	struct homa *lazy, *taker;
	struct t_addr to = t_loopback(family, T_PORT + 1);
	struct homa_msg *request = NULL;
	int i, ret = 0;
	bool limited;

	t_case("responses that are not taken, family %d", family);
	tiny.region_bytes = t_lib_small_region();
	taker = t_homa(family, &tiny);
	lazy = t_homa(family, NULL);
	T_RET(homa_bind(lazy, T_SA(&to), to.len), 0);
	limited = t_lib_limit_sends(lazy);
	for (i = 0; i < 8 && !ret; i++) {
		T_RET(homa_start(taker, T_SA(&to), to.len, "x", 1, 0, 0, NULL), 0);
		if (!T_RET(homa_recv(lazy, 20 * T_SECOND_NS, &request), 0))
			return;
		ret = homa_reply(request, data, sizeof(data), 0);
		if (!ret)
			homa_msg_free(request);
	}
	if (limited && T_RET(ret, -EAGAIN)) {
		T_OK(strstr(homa_explain(), "have not taken"));
		/* The client goes, and there is room again. */
		homa_close(taker);
		taker = NULL;
		for (i = 0; i < 4 && ret == -EAGAIN; i++)
			ret = homa_reply(request, data, 1, 0);
		T_RET(ret, 0);
		homa_msg_free(request);
	}
	homa_close(taker);
	homa_close(lazy);
}

static bool readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

/* Everything through one descriptor, also what another thread received for us. */
static void test_event_loop(int family)
{
	struct t_addr to = t_loopback(family, T_PORT + 1);
	struct homa_completion completion;
	struct homa *own = t_homa(family, NULL);
	struct homa_msg *request, *response;
	struct pollfd pfd = { .events = POLLIN };

	t_case("family %d: an event loop", family);
	T_RET(homa_bind(own, T_SA(&to), to.len), 0);
	pfd.fd = homa_fd(own);
	T_EQ(homa_fd(own), pfd.fd);
	T_OK(!readable(pfd.fd));
	T_RET(homa_start(client, T_SA(&to), to.len, "one", 3, 0, 1, NULL), 0);
	T_EQ(poll(&pfd, 1, 20000), 1);
	T_RET(homa_recv(own, 0, &request), 0);
	T_RET(homa_recv(own, 0, &response), -EAGAIN);
	T_OK(!readable(pfd.fd));
	T_RET(homa_reply(request, "1", 1, 0), 0);
	homa_msg_free(request);

	/* A call of ours receives a request meanwhile: it is not lost, and shows. */
	T_RET(homa_start(client, T_SA(&to), to.len, "two", 3, 0, 2, NULL), 0);
	T_RET(t_lib_echo(own, &addr, 100, 'd', 1, 0, HOMA_FOREVER), 0);
	T_OK(readable(pfd.fd));
	T_RET(homa_recv(own, 0, &request), 0);
	T_OK(t_lib_is(request, "two", 3));
	T_OK(!readable(pfd.fd));
	T_RET(homa_reply(request, "2", 1, 0), 0);
	homa_msg_free(request);
	T_RET(homa_complete(client, HOMA_FOREVER, &completion), 0);
	homa_msg_free(completion.response);
	T_RET(homa_complete(client, HOMA_FOREVER, &completion), 0);
	homa_msg_free(completion.response);
	homa_stop(own);
	T_OK(readable(pfd.fd));
	homa_close(own);
}

/* A small region, and a client that keeps what it gets. */
static void test_buffers(int family)
{
	struct homa_options options = HOMA_OPTIONS_INIT;
	struct homa_msg *held[8], *response;
	uint64_t region, rpc;
	struct homa *own;
	int i;

	t_case("family %d: buffers", family);
	/* Nothing is outstanding, so all of the region is the kernel's, or in the library and
	 * due: at most the 16 bpages that one call takes along.
	 */
	T_OK(t_lib_avail(client) + 16 * 65536 >= 64 << 20);
	options.region_bytes = t_region_min() + 6000000;
	own = t_homa(family, &options);
	region = t_lib_avail(own);
	for (i = 0; i < 6; i++) {
		uint32_t want[2] = { 0, 1000000 };
		unsigned char request[5] = "s";

		memcpy(request + 1, &want[1], 4);
		T_RET(homa_call(own, T_SA(&addr), addr.len, request, 5, HOMA_FOREVER, &held[i]),
		      0);
	}
	T_OK(t_lib_avail(own) + 6000000 <= region);
	/* Too little is left for more of them, until one is given back. */
	T_RET(t_lib_echo(own, &addr, 1000000, 'e', 1, 0, T_SECOND_NS), 0);
	T_RET(homa_start(own, T_SA(&addr), addr.len, "e", 1, HOMA_PRIVATE, 0, &rpc), 0);
	for (i = 0; i < 6; i++)
		homa_msg_free(held[i]);
	T_RET(homa_wait(own, rpc, HOMA_FOREVER, &response), 0);
	homa_msg_free(response);
	for (i = 0; i < 100; i++)
		T_RET(t_lib_echo(own, &addr, 900000, 'e', 1, 0, HOMA_FOREVER), 0);
	/* All came back, but for what the next call takes along. */
	T_OK(t_lib_avail(own) + 16 * 65536 >= region);
	homa_close(own);
}

/* A child has the memory of its parent, but must leave the socket alone. */
static void test_fork(int family)
{
	struct homa_msg *response;
	int status;
	pid_t pid;

	t_case("family %d: fork", family);
#ifdef __SANITIZE_THREAD__
	/* It stops children of processes with threads. */
	return;
#endif
	T_RET(homa_call(client, T_SA(&addr), addr.len, "echild", 6, HOMA_FOREVER, &response), 0);
	pid = fork();
	if (!pid) {
		struct homa_msg *other;
		bool ok = t_lib_is(response, "echild", 6) &&
			homa_call(client, T_SA(&addr), addr.len, "e", 1, -1, &other) == -ESTALE &&
			homa_recv(client, 0, &other) == -ESTALE && homa_explain()[0];

		homa_msg_free(response);
		homa_close(client);
		_exit(ok ? 0 : 1);
	}
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(status, 0);
	T_OK(t_lib_is(response, "echild", 6));
	homa_msg_free(response);
	T_RET(t_lib_echo(client, &addr, 100000, 'e', 1, 0, HOMA_FOREVER), 0);
}

static struct homa *to_stop;

static void on_alarm(int sig)
{
	(void)sig;
	homa_stop(to_stop);
}

static void ignore(struct homa_msg *request, void *arg)
{
	(void)arg;
	homa_msg_free(request);
}

/* homa_stop() out of a signal handler ends homa_serve() of several threads. */
static void test_stop(int family)
{
	struct t_addr to = t_loopback(family, T_PORT + 2);
	struct homa *old_client = client;
	pthread_t thread;
	void *result;

	t_case("family %d: stop", family);
	to_stop = t_homa(family, NULL);
	/* Somebody who waits for something else, and polls for all of them. */
	client = to_stop;
	if (pthread_create(&thread, NULL, complete_one, NULL))
		t_die("no thread");
	t_sleep_ms(10);
	T_RET(homa_bind(to_stop, T_SA(&to), to.len), 0);
	T_RET(homa_serve(to_stop, 0, ignore, NULL), -EINVAL);
	signal(SIGALRM, on_alarm);
	ualarm(50000, 0);
	T_RET(homa_serve(to_stop, 5, ignore, NULL), 0);
	T_RET(homa_start(to_stop, T_SA(&nobody), nobody.len, "e", 1, 0, 0, NULL), 0);
	pthread_join(thread, &result);
	T_RET((int)(intptr_t)result, 0);
	client = old_client;
	homa_close(to_stop);
	homa_close(NULL);
}

static void check_address(const char *text, int family, int want, int got_family, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t bytes;
	int ret = homa_address(text, 4000, family, &ss, &bytes);

	if (!T_RET(ret, want) || ret) {
		T_OK(!ret || homa_explain()[0]);
		return;
	}
	T_EQ(ss.ss_family, got_family);
	T_EQ(bytes, got_family == AF_INET ? sizeof(struct sockaddr_in) :
	     sizeof(struct sockaddr_in6));
	T_EQ(ntohs(((struct sockaddr_in *)&ss)->sin_port), port);
}

static void test_addresses(void)
{
	t_case("addresses");
	check_address("10.0.0.2", AF_UNSPEC, 0, AF_INET, 4000);
	check_address("10.0.0.2:99", AF_INET, 0, AF_INET, 99);
	check_address("10.0.0.2:99", AF_INET6, 0, AF_INET6, 99);
	check_address("fd00::2", AF_UNSPEC, 0, AF_INET6, 4000);
	check_address("[fd00::2]:65535", AF_INET6, 0, AF_INET6, 65535);
	check_address("[::ffff:1.2.3.4]", AF_INET6, 0, AF_INET6, 4000);
	check_address("fe80::1%lo", AF_UNSPEC, 0, AF_INET6, 4000);
	check_address("fe80::1%nowhere", AF_UNSPEC, -ENODEV, 0, 0);
	check_address("fd00::2", AF_INET, -EAFNOSUPPORT, 0, 0);
	check_address("10.0.0.2:0", AF_UNSPEC, -ERANGE, 0, 0);
	check_address("10.0.0.2:65536", AF_UNSPEC, -ERANGE, 0, 0);
	check_address("10.0.0.2:99x", AF_UNSPEC, -EINVAL, 0, 0);
	check_address("10.0.0.2:", AF_UNSPEC, -EINVAL, 0, 0);
	check_address("[fd00::2", AF_UNSPEC, -EINVAL, 0, 0);
	check_address("[fd00::2]99", AF_UNSPEC, -EINVAL, 0, 0);
	check_address("example", AF_UNSPEC, -EINVAL, 0, 0);
	check_address("", AF_UNSPEC, -EINVAL, 0, 0);
	check_address("10.0.0.2", AF_UNIX, -EAFNOSUPPORT, 0, 0);
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_lib", 100);
	test_addresses();
	for (i = 0; i < 2; i++) {
		int family = families[i];

		addr = t_loopback(family, T_PORT);
		nobody = t_loopback(family, 4711);
		t_serve(&server, family, T_PORT, 3, NULL);
		client = t_homa(family, NULL);
		test_sizes(family);
		test_contents(family);
		test_async(family);
		test_private(family);
		test_hand_over(family);
		test_deadline(family);
		test_arguments(family);
		test_server(family);
		test_event_loop(family);
		test_buffers(family);
		test_takes_nothing(family);
		test_fork(family);
		test_stop(family);
		homa_close(client);
		t_serve_stop(&server);
	}
	return t_end();
}
