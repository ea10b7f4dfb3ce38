// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * libhoma: messages of any size.
 *
 *    t_lib_large               all, over loopback
 *    t_lib_large ADDRESS       only transfers, to a server there (-s: be it)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "large.h"
#include "t_lib.h"

#define MB 1000000

static struct t_server server;
static struct homa *client;
static struct t_addr addr;

static struct homa_options large_options(uint64_t max_bytes, uint64_t expire_ns)
{
	struct homa_options options = HOMA_OPTIONS_INIT;

	options.flags = HOMA_LARGE;
	options.large_memory_bytes = max_bytes;
	options.large_expire_ns = expire_ns;
	return options;
}

/* Memory that the server has for large messages; all of it comes back. */
static size_t used(struct homa *homa)
{
	size_t bytes;

	pthread_mutex_lock(&homa->lock);
	bytes = homa->large->used_bytes;
	pthread_mutex_unlock(&homa->lock);
	return bytes;
}

static unsigned int transfers(struct homa *homa)
{
	unsigned int num;

	pthread_mutex_lock(&homa->lock);
	num = homa->large->num_incoming;
	pthread_mutex_unlock(&homa->lock);
	return num;
}

/* Is anything waiting for send memory? */
static int waiting_answers(struct homa *homa)
{
	int some;

	pthread_mutex_lock(&homa->lock);
	some = homa->large->late || homa->large->late_busy;
	pthread_mutex_unlock(&homa->lock);
	return some;
}

static void expect_empty(void)
{
	/* The client says that it has everything, and does not wait for an answer. */
	T_OK(T_WAIT(used(server.homa) == 0 && transfers(server.homa) == 0, 5000));
	T_EQ(used(client), 0);
	T_OK(!client->large->transfers);
}

static int echo(size_t bytes, char op, uint32_t flags)
{
	return t_lib_echo(client, &addr, bytes, op, (uint32_t)bytes, flags, 60 * T_SECOND_NS);
}

static void test_sizes(void)
{
	const size_t c = LH_CHUNK_BYTES;
	const size_t sizes[] = {
		MB + 1, 2 * c - 1, 2 * c, 2 * c + 1, 7 * c + 12345,
	};
	const size_t small[] = { 1, 64, 65472, 65473, 65536, 65537, c - 1, c, c + 1, MB };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		t_case("echo of %zu bytes", sizes[i]);
		T_RET(echo(sizes[i], 'e', 0), 0);
	}
	T_RET(echo(2 * MB, 'd', 0), 0);
	for (i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
		t_case("echo of %zu bytes, as a small and as a large message", small[i]);
		T_RET(echo(small[i], 'e', 0), 0);
		T_RET(echo(small[i], 'e', HOMA_LARGE_REPLY), 0);
	}
	expect_empty();
}

/* A short request, a response of @bytes. */
static int ask(struct homa *homa, uint32_t bytes, uint32_t flags)
{
	unsigned char request[5] = "s", *want = malloc(bytes);
	struct iovec piece = { request, sizeof(request) };
	struct homa_msg *response;
	int ret;

	memcpy(request + 1, &bytes, 4);
	ret = homa_callv(homa, T_SA(&addr), addr.len, &piece, 1, flags, 60 * T_SECOND_NS,
			 &response);
	if (ret)
		goto out;
	t_fill(want, bytes, bytes);
	if (homa_msg_length(response) == sizeof(int))
		homa_msg_copy(response, 0, &ret, sizeof(ret));
	else
		T_OK(t_lib_is(response, want, bytes));
	if (bytes > MB && !ret)
		T_OK(homa_msg_data(response));
	homa_msg_free(response);
out:
	free(want);
	return ret;
}

static void test_responses(void)
{
	const uint32_t sizes[] = {
		1, 65472, 65473, 65536, MB - 65, MB - 64, MB - 63, MB, MB + 1, 4 * MB, 9999999,
	};
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		t_case("a response of %u bytes", sizes[i]);
		T_RET(ask(client, sizes[i], HOMA_LARGE_REPLY), 0);
	}
	t_case("a response that is too long for the client");
	T_RET(ask(client, MB + 1, 0), -EMSGSIZE);
	t_case("a response that is too long for the server");
	T_RET(ask(client, 65 * MB, HOMA_LARGE_REPLY), -EMSGSIZE);
	expect_empty();
}

/* Several at once, in one thread, beside short ones. */
static void test_async(void)
{
	enum { MANY = 8 };
	static unsigned char data[MANY][2500000];
	struct homa_completion completion;
	unsigned int i;

	t_case("several at once");
	for (i = 0; i < MANY; i++) {
		size_t bytes = i % 2 ? 5000 : sizeof(data[i]) - i;

		t_lib_fill(data[i], sizeof(data[i]), 'e', i + 1);
		T_RET(homa_start(client, T_SA(&addr), addr.len, data[i], bytes, 0, i, NULL), 0);
	}
	for (i = 0; i < MANY; i++) {
		if (!T_RET(homa_complete(client, 60 * T_SECOND_NS, &completion), 0))
			return;
		T_RET(completion.error, 0);
		T_OK(t_lib_is(completion.response, data[completion.cookie], completion.cookie % 2 ?
			      5000 : sizeof(data[0]) - completion.cookie));
		homa_msg_free(completion.response);
	}
	expect_empty();
}

static void test_cancel(void)
{
	static unsigned char data[6000000];
	struct homa_options options = large_options(0, 0);
	struct homa_msg *response;
	struct homa *other;
	uint32_t state = 5;
	uint64_t rpc;
	int i, ret;

	t_case("cancelled at any moment");
	t_lib_fill(data, sizeof(data), 'e', 9);
	for (i = 0; i < 25; i++) {
		if (!T_RET(homa_start(client, T_SA(&addr), addr.len, data, sizeof(data),
				      HOMA_PRIVATE, 0, &rpc), 0))
			return;
		ret = homa_wait(client, rpc, 1 + t_random(&state) % 20000000, &response);
		if (!ret) {
			T_OK(t_lib_is(response, data, sizeof(data)));
			homa_msg_free(response);
		} else {
			T_RET(ret, -EAGAIN);
			T_RET(homa_cancel(client, rpc), 0);
			T_RET(homa_cancel(client, rpc), -ENOENT);
		}
	}
	T_RET(t_lib_echo(client, &addr, sizeof(data), 'n', 1, 0, T_SECOND_NS), -ETIME);
	T_RET(echo(2 * MB, 'e', 0), 0);
	expect_empty();

	/* The leak checker of the run with sanitizers looks at what is left. */
	t_case("closed right after a cancel");
	other = t_homa(AF_INET6, &options);
	for (i = 0; i < 5; i++) {
		T_RET(homa_start(other, T_SA(&addr), addr.len, data, sizeof(data), HOMA_PRIVATE, 0,
				 &rpc), 0);
		T_RET(homa_cancel(other, rpc), 0);
	}
	homa_close(other);
}

/* Up to 1,000,000 bytes the request is the caller's again when homa_start() has returned. */
static void test_copied(const unsigned char *frame)
{
	static const uint32_t flags[] = { HOMA_LARGE_REPLY, 0 };
	unsigned char expected[LH_FRAME_BYTES], *data;
	struct homa_completion done;
	struct iovec pieces[3];
	int i;

	for (i = 0; i < 2; i++) {
		t_case("a request that is freed at once, flags %u", flags[i]);
		if (i)
			memcpy(expected, frame, sizeof(expected));
		else
			t_lib_fill(expected, sizeof(expected), 'e', 3);
		data = malloc(sizeof(expected));
		memcpy(data, expected, sizeof(expected));
		pieces[0] = (struct iovec){ data, 5 };
		pieces[1] = (struct iovec){ NULL, 0 };
		pieces[2] = (struct iovec){ data + 5, sizeof(expected) - 5 };
		T_RET(homa_startv(client, T_SA(&addr), addr.len, pieces, 3, flags[i], 0, NULL), 0);
		memset(data, 0, sizeof(expected));
		free(data);
		if (!T_RET(homa_complete(client, HOMA_FOREVER, &done), 0))
			return;
		T_RET(done.error, 0);
		T_OK(t_lib_is(done.response, expected, sizeof(expected)));
		homa_msg_free(done.response);
	}
	expect_empty();
}

/* A server that does not know the protocol, and one that is not there. */
static void test_others(void)
{
	struct t_addr to = t_loopback(AF_INET6, T_PORT + 1);
	struct homa *plain_client = t_homa(AF_INET6, NULL);
	unsigned char frame[LH_FRAME_BYTES];
	struct lh_frame open = { .type = LH_OPEN, .total = 1 };
	struct t_server plain;

	t_serve(&plain, AF_INET6, T_PORT + 1, 1, NULL);
	t_case("a server without large messages");
	T_RET(t_lib_echo(client, &to, 100, 'e', 1, 0, HOMA_FOREVER), 0);
	T_RET(t_lib_echo(client, &to, 2 * MB, 'e', 1, 0, HOMA_FOREVER), -EOPNOTSUPP);
	T_OK(strstr(homa_explain(), "large"));
	T_RET(t_lib_echo(client, &to, 10, 'e', 1, HOMA_LARGE_REPLY, HOMA_FOREVER), -EOPNOTSUPP);
	t_serve_stop(&plain);
	T_RET(t_lib_echo(client, &to, 2 * MB, 'e', 1, 0, HOMA_FOREVER), -ENOTCONN);

	t_case("a client without large messages");
	T_RET(t_lib_echo(plain_client, &addr, 1000000, 'e', 1, 0, HOMA_FOREVER), 0);
	T_RET(t_lib_echo(plain_client, &addr, 1000001, 'e', 1, 0, HOMA_FOREVER), -EMSGSIZE);
	T_RET(ask(plain_client, 1000001, 0), -EMSGSIZE);
	homa_close(plain_client);

	t_case("contents that look like the protocol");
	lh_frame_put(frame, &open);
	{
		struct homa_msg *response;

		T_RET(homa_call(client, T_SA(&addr), addr.len, frame, sizeof(frame), HOMA_FOREVER,
				&response), 0);
		T_OK(t_lib_is(response, frame, sizeof(frame)));
		homa_msg_free(response);
	}
	expect_empty();
	test_copied(frame);
}

/* A client that makes frames by hand: @frame, then @bytes of nothing. */
static struct lh_frame send_frame(struct homa *homa, struct lh_frame frame, size_t bytes)
{
	static unsigned char data[HOMA_RPC_BYTES];
	struct lh_frame got = { 0 };
	struct homa_msg *response;

	lh_frame_put(data, &frame);
	if (T_RET(homa_call(homa, T_SA(&addr), addr.len, data, LH_FRAME_BYTES + bytes,
			    60 * T_SECOND_NS, &response), 0)) {
		T_OK(lh_frame_get(response, &got));
		homa_msg_free(response);
	}
	return got;
}

/* What a client leaves half done is limited, and ends. */
static void test_limits(void)
{
	struct homa_options options = large_options(20 * MB, 5 * T_SECOND_NS);
	struct t_addr old = addr;
	struct homa *other = t_homa(AF_INET6, NULL), *third = t_homa(AF_INET6, NULL);
	struct lh_frame got, open = { .type = LH_OPEN, .total = 6 * MB };
	struct lh_frame chunk = { .type = LH_CHUNK, .bytes = (uint32_t)LH_CHUNK_BYTES };
	struct t_addr other_way = t_loopback(AF_INET, T_PORT + 1);
	struct homa *other_host = t_homa(AF_INET, &options);
	struct t_server small;

	t_case("limits of a server");
	t_serve(&small, AF_INET6, T_PORT + 1, 2, &options);
	addr = t_loopback(AF_INET6, T_PORT + 1);
	T_RET(echo(11 * MB, 'e', 0), -EMSGSIZE);
	T_OK(strstr(homa_explain(), "large_memory_bytes"));
	got = send_frame(other, open, 0);
	T_EQ(got.type, LH_OPENED);
	T_OK(got.token);
	T_EQ(used(small.homa), 6 * MB);
	chunk.token = got.token;
	T_EQ(send_frame(other, chunk, LH_CHUNK_BYTES).type, LH_ACK);
	T_EQ(send_frame(other, chunk, LH_CHUNK_BYTES).error, LH_ERR_BAD_FRAME);
	chunk.offset = 1;
	T_EQ(send_frame(other, chunk, LH_CHUNK_BYTES).error, LH_ERR_BAD_FRAME);
	chunk.offset = LH_CHUNK_BYTES;
	T_EQ(send_frame(other, chunk, 10).error, LH_ERR_BAD_FRAME);
	/* The token of somebody else is of no use. */
	T_EQ(send_frame(third, chunk, LH_CHUNK_BYTES).error, LH_ERR_UNKNOWN);
	chunk.type = LH_FETCH;
	T_EQ(send_frame(other, chunk, 0).error, LH_ERR_BAD_FRAME);
	chunk.type = LH_FINISH;
	T_EQ(send_frame(other, chunk, LH_CHUNK_BYTES).error, LH_ERR_BAD_FRAME);
	chunk.type = 99;
	T_EQ(send_frame(other, chunk, 0).error, LH_ERR_BAD_FRAME);
	/* A host has half of the memory, with all its sockets; other hosts have theirs. */
	T_RET(echo(6 * MB, 'e', 0), -ENOBUFS);
	T_RET(t_lib_echo(other_host, &other_way, 4 * MB, 'e', 1, 0, 60 * T_SECOND_NS), 0);
	/* Nobody sends anything now, and still it ends. */
	T_OK(T_WAIT(used(small.homa) == 0 && transfers(small.homa) == 0, 20000));
	chunk.type = LH_CHUNK;
	T_EQ(send_frame(other, chunk, LH_CHUNK_BYTES).error, LH_ERR_UNKNOWN);
	T_RET(echo(4 * MB, 'e', 0), 0);
	open.total = UINT64_MAX;
	T_EQ(send_frame(other, open, 0).error, LH_ERR_TOO_LONG);
	open.total = 0;
	T_EQ(send_frame(other, open, 0).error, LH_ERR_BAD_FRAME);
	T_OK(T_WAIT(used(small.homa) == 0 && transfers(small.homa) == 0, 20000));
	t_serve_stop(&small);
	homa_close(other);
	homa_close(third);
	homa_close(other_host);
	addr = old;
}

/* The bytes of a large response, asked for by hand, and not received. */
static void fetch_and_leave(struct homa *homa, unsigned int count)
{
	struct lh_frame finish = { .type = LH_FINISH, .bytes = 5 };
	struct lh_frame fetch = { .type = LH_FETCH, .bytes = (uint32_t)LH_CHUNK_BYTES };
	struct lh_frame open = { .type = LH_OPEN, .total = 5 };
	unsigned char data[LH_FRAME_BYTES + 5];
	uint32_t bytes = 4 * MB;
	struct homa_msg *response;
	struct lh_frame got;
	unsigned int i;

	finish.token = send_frame(homa, open, 0).token;
	lh_frame_put(data, &finish);
	data[LH_FRAME_BYTES] = 's';
	memcpy(data + LH_FRAME_BYTES + 1, &bytes, sizeof(bytes));
	if (!T_RET(homa_call(homa, T_SA(&addr), addr.len, data, sizeof(data), 60 * T_SECOND_NS,
			     &response), 0))
		return;
	T_OK(lh_frame_get(response, &got));
	T_EQ(got.type, LH_REPLY_LARGE);
	homa_msg_free(response);
	fetch.token = finish.token;
	lh_frame_put(data, &fetch);
	for (i = 0; i < count; i++)
		T_RET(homa_start(homa, T_SA(&addr), addr.len, data, LH_FRAME_BYTES, 0, 0, NULL),
		      0);
}

/* A client asks for more than the send buffer holds and takes nothing: the server's only
 * thread goes on. When the client is gone, what waited is sent, or dropped.
 */
static void test_takes_nothing(void)
{
	struct homa_options options = large_options(64 * MB, 60 * T_SECOND_NS);
	struct homa_options tiny = HOMA_OPTIONS_INIT;
	struct t_addr old = addr;
	struct homa *taker;
	struct t_server slow;
	bool limited;

	t_case("a client that takes nothing");
	tiny.region_bytes = t_lib_small_region();
	taker = t_homa(AF_INET6, &tiny);
	t_serve(&slow, AF_INET6, T_PORT + 1, 1, &options);
	limited = t_lib_limit_sends(slow.homa);
	addr = t_loopback(AF_INET6, T_PORT + 1);
	fetch_and_leave(taker, 8);
	T_RET(homa_start(client, T_SA(&addr), addr.len, "n", 1, 0, 0, NULL), 0);
	T_OK(T_WAIT(__atomic_load_n(&slow.never, __ATOMIC_SEQ_CST) == 1, 20000));
	if (limited)
		T_OK(T_WAIT(waiting_answers(slow.homa) > 0, 20000));
	homa_close(taker);
	T_OK(T_WAIT(waiting_answers(slow.homa) == 0, 20000));
	T_RET(echo(3 * MB, 'e', 0), 0);
	t_serve_stop(&slow);
	addr = old;
}

static void *stop_soon(void *arg)
{
	t_sleep_ms(3);
	t_serve_stop(arg);
	return NULL;
}

/* The server ends in the middle: the RPC fails, and says so once. */
static void test_server_ends(void)
{
	struct homa_options options = large_options(0, 0);
	struct t_addr old = addr;
	struct t_server other;
	pthread_t thread;
	int i, ret;

	t_case("the server ends");
	addr = t_loopback(AF_INET6, T_PORT + 1);
	for (i = 0; i < 5; i++) {
		t_serve(&other, AF_INET6, T_PORT + 1, 2, &options);
		if (pthread_create(&thread, NULL, stop_soon, &other))
			t_die("no thread");
		do {
			ret = echo(8 * MB, 'e', 0);
		} while (!ret);
		T_OK(ret == -ENOTCONN || ret == -ETIMEDOUT || ret == -ECONNRESET);
		pthread_join(thread, NULL);
	}
	addr = old;
	expect_empty();
}

/* Random frames do no harm. */
static void test_garbage(void)
{
	struct homa *other = t_homa(AF_INET6, NULL);
	uint64_t tokens[8] = { 0 };
	uint32_t state = 77;
	int i;

	t_case("garbage");
	for (i = 0; i < 1500; i++) {
		struct lh_frame got, frame = {
			.type = (uint8_t)(t_random(&state) % 8),
			.token = tokens[t_random(&state) % 8],
			.total = t_random(&state) % 3 ? t_random(&state) % (3 * MB) :
				t_random(&state) * (uint64_t)t_random(&state),
			.offset = t_random(&state) % 4 * LH_CHUNK_BYTES,
			.bytes = t_random(&state) % 2 ? (uint32_t)LH_CHUNK_BYTES :
				t_random(&state) % 3000,
		};
		size_t bytes = t_random(&state) % 4 ? 0 : frame.bytes;

		/* A complete one would wait for the application. */
		if (frame.type == LH_FINISH)
			frame.bytes++;
		got = send_frame(other, frame, bytes);
		if (got.type == LH_OPENED)
			tokens[t_random(&state) % 8] = got.token;
	}
	/* It may have taken all the room, but only that, and not for long. */
	T_OK(used(server.homa) <= 64 * MB);
	T_OK(transfers(server.homa) <= LH_INCOMING_MAX);
	homa_close(other);
	T_OK(T_WAIT(used(server.homa) == 0 && transfers(server.homa) == 0, 30000));
	T_RET(echo(3 * MB, 'e', 0), 0);
}

static void *many_calls(void *arg)
{
	uint32_t state = (uint32_t)(uintptr_t)arg;
	int i;

	for (i = 0; i < 6; i++)
		T_RET(echo(1 + t_random(&state) % (4 * MB), t_random(&state) % 2 ? 'e' : 'd',
			   t_random(&state) % 2 ? HOMA_LARGE_REPLY : 0), 0);
	return NULL;
}

static void test_threads(void)
{
	pthread_t threads[6];
	unsigned int i;

	t_case("threads");
	for (i = 0; i < 6; i++)
		if (pthread_create(&threads[i], NULL, many_calls, (void *)(uintptr_t)(i + 1)))
			t_die("no thread");
	for (i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	expect_empty();
}

int main(int argc, char **argv)
{
	struct homa_options options = large_options(128 * MB, T_SECOND_NS);

	t_begin("t_lib_large", 110);
	if (argc == 2 && !strcmp(argv[1], "-s")) {
		t_serve(&server, AF_INET6, T_PORT, 2, &options);
		puts("ready");
		fflush(stdout);
		pause();
	}
	client = t_homa(AF_INET6, &options);
	if (argc == 2) {
		addr = t_addr(AF_INET6, argv[1], T_PORT);
		T_RET(echo(3 * MB, 'e', 0), 0);
		T_RET(ask(client, 3 * MB, HOMA_LARGE_REPLY), 0);
		homa_close(client);
		return t_end();
	}
	addr = t_loopback(AF_INET6, T_PORT);
	t_serve(&server, AF_INET6, T_PORT, 3, &options);
	test_sizes();
	test_responses();
	test_async();
	test_cancel();
	test_others();
	test_limits();
	test_takes_nothing();
	test_server_ends();
	test_garbage();
	test_threads();
	homa_close(client);
	t_serve_stop(&server);
	return t_end();
}
