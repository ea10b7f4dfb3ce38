// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* HOMAIOCEXCHANGE: calls, room for messages, buffers, and many messages at once. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t_exchange.h"

#define PORT 99
#define LONGEST HOMA_MAX_MESSAGE_LENGTH

static unsigned char sent[LONGEST], got[LONGEST + 1], answers[LONGEST];

struct hosts {
	struct t_sock server, client;
	struct t_addr addr;		/* of the server */
	uint64_t avail;			/* free bytes of a region that nothing is in */
};

static void open_hosts(struct hosts *h, int family)
{
	memset(h, 0, sizeof(*h));
	t_open(&h->server, family, PORT);
	t_open(&h->client, family, 0);
	h->addr = t_loopback(family, PORT);
	h->avail = t_info(&h->server).bpool_avail_bytes;
}

/* All RPCs are over and all buffers are back. */
static void close_hosts(struct hosts *h)
{
	/* A response that it sent is there until it is acknowledged. */
	T_OK(T_WAIT(t_info(&h->client).num_rpcs == 0, 2000));
	T_EQ(t_info(&h->client).bpool_avail_bytes, h->avail);
	T_EQ(t_info(&h->server).bpool_avail_bytes, h->avail);
	t_close(&h->server);
	t_close(&h->client);
}

/* What a message must be like, and where; its contents are t_fill(@seed). */
static void check_message(const struct t_sock *sock, const struct homa_recv *m, uint64_t id,
			  uint64_t cookie, size_t bytes, uint32_t seed, bool in_region)
{
	T_EQ(m->id, id);
	T_EQ(m->completion_cookie, cookie);
	T_EQ(m->length, bytes);
	T_EQ(m->error, 0);
	T_EQ(m->num_bpages, in_region ? (bytes + HOMA_BPAGE_SIZE - 1) / HOMA_BPAGE_SIZE : 0);
	T_OK(x_is(sock, m, seed));
}

/* Is it from @addr, with nothing else in the structure? */
static bool is_from(const struct homa_recv *m, const struct t_addr *addr, uint16_t port)
{
	union homa_address want = { 0 };

	memcpy(&want, &addr->sa, addr->len);
	/* At the same place in both families. */
	((struct sockaddr_in *)&want)->sin_port = htons(port);
	return !memcmp(&m->from, &want, sizeof(want));
}

/* ---- one RPC after the other ---- */

static const size_t sizes[] = { 1, 100, 1424, 1425, 65535, 65536, 65537, 300000, LONGEST };

#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

struct echo {
	pthread_t thread;
	struct hosts *h;
	size_t room;
	unsigned int requests;
};

/* One call for each request: the last response out, the next request in. */
static void *serve(void *arg)
{
	static struct x x;
	struct echo *echo = arg;
	const struct t_sock *sock = &echo->h->server;
	struct homa_recv last;
	unsigned int i;

	x_begin(&x);
	x_room(&x, answers, echo->room);
	for (i = 0; i < echo->requests; i++) {
		T_RET(x_call(sock, &x), 0);
		if (!T_EQ(x.args.num_recvs, 1))
			break;
		last = x.in[0];
		check_message(sock, &last, last.id | 1, 0, last.length, last.length,
			      last.length > echo->room);
		T_OK(is_from(&last, &echo->h->addr, t_local_port(&echo->h->client)));
		t_fill(answers, last.length, last.length + 1);
		x_begin(&x);
		x_return(&x, &last);
		x_answer(&x, &last, answers, last.length);
		if (i + 1 < echo->requests)
			x_room(&x, answers, echo->room);
	}
	T_RET(x_call(sock, &x), 0);
	T_EQ(x.args.num_sends, 1);
	T_EQ(x.args.num_recvs, 0);
	T_EQ(x.args.num_returns, 0);
	return NULL;
}

/* @room: of the server and of the client. */
static void test_calls(int family, size_t room)
{
	static struct x x;
	struct homa_recv last = { 0 };
	struct echo echo;
	struct hosts h;
	uint64_t id;
	size_t i;

	open_hosts(&h, family);
	echo = (struct echo){ .h = &h, .room = room, .requests = SIZES };
	if (pthread_create(&echo.thread, NULL, serve, &echo))
		t_die("pthread_create");
	for (i = 0; i < SIZES; i++) {
		t_case("family %d: a call of %zu bytes, room %zu", family, sizes[i], room);
		t_fill(sent, sizes[i], (uint32_t)sizes[i]);
		memset(got, 0x5a, sizeof(got));
		x_begin(&x);
		x_return(&x, &last);
		x_send(&x, &h.addr, 0, sent, sizes[i], i + 1000);
		x_room(&x, got, room);
		x.args.flags = HOMA_EXCHANGE_CALL;
		T_RET(x_call(&h.client, &x), 0);
		T_EQ(x.args.num_sends, 1);
		T_EQ(x.args.num_recvs, 1);
		T_EQ(x.args.num_returns, 0);
		last = x.in[0];
		id = x.out[0].id;
		T_OK(id && !(id & 1));
		check_message(&h.client, &last, id, i + 1000, sizes[i], (uint32_t)sizes[i] + 1,
			      sizes[i] > room);
		T_OK(is_from(&last, &h.addr, PORT));
		/* Nothing is written behind the message, or if it is elsewhere. */
		T_EQ(got[sizes[i] > room ? 0 : sizes[i]], 0x5a);
	}
	pthread_join(echo.thread, NULL);
	T_RET(x_release(&h.client, &last), 0);
	close_hosts(&h);
}

/* ---- room, and buffers ---- */

/* A request of @bytes of t_fill(@seed) from the client arrives at the server. */
static uint64_t deliver(struct hosts *h, size_t bytes, uint32_t seed)
{
	uint64_t id = t_request(&h->client, &h->addr, bytes, seed, 0);

	T_OK(T_WAIT(t_arrived(&h->server, id ^ 1), 2000));
	return id;
}

/* The client takes a response of one byte, by recvmsg(). */
static void finish(struct hosts *h, const struct homa_recv *request)
{
	struct t_msg response = { 0 };
	static struct x x;

	x_begin(&x);
	x_answer(&x, request, sent, 1);
	T_RET(x_call(&h->server, &x), 0);
	T_RET(t_recv(&h->client, &response, 0, 0), 1);
	T_EQ(response.args.id, request->id ^ 1);
	t_release(&h->client, &response);
}

static void test_room(int family)
{
	static const size_t rooms[] = { 0, 1, 4999, 5000, 5001, LONGEST };
	static struct x x;
	struct hosts h;
	uint64_t id;
	size_t i;

	open_hosts(&h, family);
	for (i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		t_case("family %d: 5000 bytes into room of %zu", family, rooms[i]);
		id = deliver(&h, 5000, (uint32_t)i + 1);
		memset(got, 0x5a, sizeof(got));
		x_begin(&x);
		x_room(&x, rooms[i] ? got : NULL, rooms[i]);
		T_RET(x_call(&h.server, &x), 0);
		check_message(&h.server, &x.in[0], id ^ 1, 0, 5000, (uint32_t)i + 1,
			      rooms[i] < 5000);
		T_EQ(x.in[0].room, rooms[i]);
		T_EQ(got[rooms[i] < 5000 ? 0 : 5000], 0x5a);
		T_OK(rooms[i] < 5000 ? t_info(&h.server).bpool_avail_bytes < h.avail :
				       t_info(&h.server).bpool_avail_bytes == h.avail);
		T_RET(x_release(&h.server, &x.in[0]), 0);
		finish(&h, &x.in[0]);
	}
	close_hosts(&h);
}

static void test_returns(int family)
{
	struct t_msg by_recvmsg = { 0 };
	struct homa_recv last, kept[3];
	static struct x x;
	struct hosts h;
	uint64_t id;
	int i;

	open_hosts(&h, family);
	t_case("family %d: recvmsg() gives back what the call delivered", family);
	deliver(&h, 5000, 1);
	x_begin(&x);
	x_room(&x, NULL, 0);
	T_RET(x_call(&h.server, &x), 0);
	last = x.in[0];
	by_recvmsg.args.num_bpages = 1;
	by_recvmsg.args.bpage_offsets[0] = last.bpage_offsets[0];
	t_release(&h.server, &by_recvmsg);
	T_EQ(t_info(&h.server).bpool_avail_bytes, h.avail);

	t_case("family %d: a second time", family);
	T_RET(x_release(&h.server, &last), -EINVAL);
	finish(&h, &last);

	t_case("family %d: the call gives back what recvmsg() delivered", family);
	memset(&by_recvmsg, 0, sizeof(by_recvmsg));
	id = deliver(&h, 100000, 2);
	T_RET(t_recv(&h.server, &by_recvmsg, 0, 0), 100000);
	T_EQ(by_recvmsg.args.id, id ^ 1);
	T_RET(t_respond(&h.server, &by_recvmsg, 5000, 3), 0);
	x_begin(&x);
	memcpy(x.returns, by_recvmsg.args.bpage_offsets, 2 * sizeof(x.returns[0]));
	x.args.num_returns = 2;
	T_RET(x_call(&h.server, &x), 0);
	T_EQ(x.args.num_returns, 0);
	T_EQ(t_info(&h.server).bpool_avail_bytes, h.avail);
	x_begin(&x);
	x_room(&x, got, 5000);
	T_RET(x_call(&h.client, &x), 0);
	check_message(&h.client, &x.in[0], id, 2, 5000, 3, false);

	t_case("family %d: more buffers than one message can have", family);
	for (i = 0; i < 3; i++) {
		deliver(&h, LONGEST, (uint32_t)i + 10);
		x_begin(&x);
		x_room(&x, NULL, 0);
		T_RET(x_call(&h.server, &x), 0);
		kept[i] = x.in[0];
		T_EQ(kept[i].num_bpages, HOMA_MAX_BPAGES);
	}
	for (i = 0; i < 3; i++)
		T_OK(x_is(&h.server, &kept[i], (uint32_t)i + 10));
	x_begin(&x);
	for (i = 0; i < 3; i++)
		x_return(&x, &kept[i]);
	T_EQ(x.args.num_returns, 3 * HOMA_MAX_BPAGES);
	T_RET(x_call(&h.server, &x), 0);
	T_EQ(x.args.num_returns, 0);
	T_EQ(t_info(&h.server).bpool_avail_bytes, h.avail);

	t_case("family %d: with a bad buffer nothing is sent or received", family);
	deliver(&h, 100, 20);
	x_begin(&x);
	x_return(&x, &kept[0]);
	x_answer(&x, &kept[0], sent, 1);
	x_room(&x, NULL, 0);
	T_RET(x_call(&h.server, &x), -EINVAL);
	T_EQ(x.args.num_sends, 0);
	T_EQ(x.args.num_recvs, 0);
	T_OK(x.args.num_returns > 0);
	T_OK(strstr(t_info(&h.server).error_msg, "not owned") != NULL);
	x_begin(&x);
	x_room(&x, got, sizeof(got));
	T_RET(x_call(&h.server, &x), 0);
	T_EQ(x.in[0].length, 100);
	finish(&h, &x.in[0]);
	for (i = 0; i < 3; i++)
		finish(&h, &kept[i]);
	close_hosts(&h);
}

/* ---- many at once ---- */

#define REQUESTS 40
#define OWN 5			/* requests of the server to the client */

static size_t batch_bytes(unsigned int i)
{
	return i == 7 ? 20000 : i == 30 ? 200000 : 1 + i * 70;
}

/* Room of 3000 bytes for each message. */
static void many_rooms(struct x *x, unsigned int max)
{
	static unsigned char rooms[X_MAX][3000];

	while (x->args.num_recvs < max)
		x_room(x, rooms[x->args.num_recvs], sizeof(rooms[0]));
}

static void test_many(int family)
{
	static struct x x, replies;
	unsigned int answered[REQUESTS] = { 0 }, served = 0, i, k, asked = 0, taken = 0;
	struct t_addr client_addr;
	struct hosts h;

	open_hosts(&h, family);
	T_RET(t_bind(&h.client, PORT + 1), 0);
	client_addr = t_loopback(family, PORT + 1);

	t_case("family %d: many requests with one call", family);
	x_begin(&x);
	t_fill(sent, sizeof(sent), 5);
	for (i = 0; i < REQUESTS; i++)
		x_send(&x, &h.addr, 0, sent, batch_bytes(i), i + 1);
	T_RET(x_call(&h.client, &x), 0);
	T_EQ(x.args.num_sends, REQUESTS);
	T_EQ(x.args.num_recvs, 0);
	for (i = 0; i < REQUESTS; i++) {
		T_OK(x.out[i].id && !(x.out[i].id & 1));
		for (k = 0; k < i; k++)
			T_OK(x.out[i].id != x.out[k].id);
	}

	t_case("family %d: answered many at a time, among requests of the server", family);
	while (served < REQUESTS) {
		x_begin(&x);
		many_rooms(&x, REQUESTS);
		T_RET(x_call(&h.server, &x), 0);
		if (!T_OK(x.args.num_recvs > 0))
			break;
		x_begin(&replies);
		for (i = 0; i < x.args.num_recvs; i++) {
			T_OK(x.in[i].id & 1);
			T_EQ(x.in[i].error, 0);
			T_EQ(x.in[i].num_bpages != 0, x.in[i].length > 3000);
			T_OK(x_is(&h.server, &x.in[i], 5));
			T_OK(is_from(&x.in[i], &client_addr, PORT + 1));
			x_answer(&replies, &x.in[i], sent, x.in[i].length);
			x_return(&replies, &x.in[i]);
			if (asked < OWN)
				x_send(&replies, &client_addr, 0, sent, 10 + asked++, 500);
		}
		served += x.args.num_recvs;
		k = replies.args.num_sends;
		T_RET(x_call(&h.server, &replies), 0);
		T_EQ(replies.args.num_sends, k);
		T_EQ(replies.args.num_returns, 0);
	}
	T_EQ(served, REQUESTS);
	T_EQ(asked, OWN);

	t_case("family %d: responses and requests come together", family);
	for (served = 0; taken < REQUESTS || served < OWN;) {
		x_begin(&x);
		many_rooms(&x, X_MAX);
		T_RET(x_call(&h.client, &x), 0);
		if (!T_OK(x.args.num_recvs > 0))
			break;
		x_begin(&replies);
		for (i = 0; i < x.args.num_recvs; i++) {
			T_EQ(x.in[i].error, 0);
			T_OK(x_is(&h.client, &x.in[i], 5));
			T_OK(is_from(&x.in[i], &h.addr, PORT));
			x_return(&replies, &x.in[i]);
			if (x.in[i].id & 1) {
				x_answer(&replies, &x.in[i], sent, 7);
				served++;
				continue;
			}
			k = (unsigned int)x.in[i].completion_cookie - 1;
			if (T_OK(k < REQUESTS)) {
				T_EQ(x.in[i].length, batch_bytes(k));
				answered[k]++;
			}
			taken++;
		}
		T_RET(x_call(&h.client, &replies), 0);
	}
	for (i = 0; i < REQUESTS; i++)
		T_EQ(answered[i], 1);
	T_EQ(served, OWN);

	t_case("family %d: not more than there is room for", family);
	T_OK(T_WAIT(t_info(&h.server).num_rpcs >= OWN, 2000));
	for (taken = 0; taken < OWN; taken += x.args.num_recvs) {
		x_begin(&x);
		many_rooms(&x, 2);
		T_RET(x_call(&h.server, &x), 0);
		T_OK(x.args.num_recvs == 1 || x.args.num_recvs == 2);
		for (i = 0; i < x.args.num_recvs; i++) {
			T_EQ(x.in[i].length, 7);
			T_EQ(x.in[i].completion_cookie, 500);
		}
	}
	T_EQ(taken, OWN);
	close_hosts(&h);
}

/* As many as there may be, and no more. */
static void test_most(int family)
{
	static struct homa_send out[HOMA_EXCHANGE_MAX];
	static struct homa_recv in[HOMA_EXCHANGE_MAX];
	struct homa_exchange args = { .sends = (uintptr_t)out, .num_sends = HOMA_EXCHANGE_MAX };
	static struct x x;
	uint32_t i, received = 0;
	struct hosts h;

	open_hosts(&h, family);
	t_case("family %d: %d messages with one call", family, HOMA_EXCHANGE_MAX);
	for (i = 0; i < HOMA_EXCHANGE_MAX; i++) {
		out[i] = (struct homa_send){ .data = (uintptr_t)sent, .length = 10 };
		memcpy(&out[i].to, &h.addr.sa, h.addr.len);
	}
	x.args = args;
	x.args.timeout_ns = -1;
	T_RET(x_call(&h.client, &x), 0);
	T_EQ(x.args.num_sends, HOMA_EXCHANGE_MAX);
	while (received < HOMA_EXCHANGE_MAX) {
		x.args = (struct homa_exchange){
			.recvs = (uintptr_t)in, .num_recvs = HOMA_EXCHANGE_MAX, .timeout_ns = -1,
		};
		memset(in, 0, sizeof(in));
		T_RET(x_call(&h.server, &x), 0);
		if (!T_OK(x.args.num_recvs > 0))
			break;
		received += x.args.num_recvs;
		for (i = 0; i < x.args.num_recvs; i++) {
			out[i] = (struct homa_send){
				.id = in[i].id, .data = (uintptr_t)sent, .length = 10,
				.to = in[i].from,
			};
			T_RET(x_release(&h.server, &in[i]), 0);
		}
		x.args = (struct homa_exchange){
			.sends = (uintptr_t)out, .num_sends = x.args.num_recvs,
		};
		T_RET(x_call(&h.server, &x), 0);
	}
	T_RET(t_abort(&h.client, 0, 0), 0);
	close_hosts(&h);
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_exchange", 60);
	for (i = 0; i < 2; i++) {
		test_calls(families[i], LONGEST);
		test_calls(families[i], 2000);
		test_calls(families[i], 0);
		test_room(families[i]);
		test_returns(families[i]);
		test_many(families[i]);
		test_most(families[i]);
	}
	return t_end();
}
