// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_exchange_mixed - HOMAIOCEXCHANGE: messages that cannot be sent among those that
 * can, RPCs that fail, destinations, readiness, and the other calls in between
 *
 *    t_exchange_mixed          all that needs one host
 *    t_exchange_mixed scoped   link-local addresses, between the namespaces c and s
 */
#include <linux/filter.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "t_exchange.h"

#define PORT 99
#define NOBODY 77		/* a port */

static unsigned char sent[70000], rooms[X_MAX][3000];
static struct x x;

struct hosts {
	struct t_sock server, client;
	struct t_addr addr;		/* of the server */
};

static void open_hosts(struct hosts *h, int family)
{
	memset(h, 0, sizeof(*h));
	t_open(&h->server, family, PORT);
	t_open(&h->client, family, 0);
	h->addr = t_loopback(family, PORT);
	t_fill(sent, sizeof(sent), 5);
}

static void close_hosts(struct hosts *h)
{
	t_close(&h->server);
	t_close(&h->client);
}

static void add_rooms(unsigned int num)
{
	while (num--)
		x_room(&x, rooms[x.args.num_recvs], sizeof(rooms[0]));
}

/* Receive up to @max messages, which are there or come: how many, or -errno. */
static int receive(const struct t_sock *sock, unsigned int max)
{
	int ret;

	x_begin(&x);
	add_rooms(max);
	ret = x_call(sock, &x);
	return ret ? ret : (int)x.args.num_recvs;
}

/* The server receives @num requests of @bytes and answers each with one byte. */
static void serve(const struct t_sock *server, unsigned int num, size_t bytes)
{
	struct homa_recv in[X_MAX];
	unsigned int i, n;
	int ret;

	for (; num; num -= n) {
		ret = receive(server, num);
		if (!T_OK(ret > 0))
			return;
		n = (unsigned int)ret;
		memcpy(in, x.in, n * sizeof(in[0]));
		x_begin(&x);
		for (i = 0; i < n; i++) {
			T_OK(in[i].id & 1);
			T_EQ(in[i].length, bytes);
			T_OK(x_is(server, &in[i], 5));
			x_answer(&x, &in[i], sent, 1);
		}
		T_RET(x_call(server, &x), 0);
		T_EQ(x.args.num_sends, n);
	}
}

/* The client receives @num responses of one byte. */
static void take(const struct t_sock *client, unsigned int num)
{
	int i, ret;

	for (; num; num -= (unsigned int)ret) {
		ret = receive(client, num);
		if (!T_OK(ret > 0))
			return;
		for (i = 0; i < ret; i++) {
			T_EQ(x.in[i].error, 0);
			T_EQ(x.in[i].length, 1);
		}
	}
}

/* ---- one that cannot be sent ---- */

enum trouble { NO_ROUTE, FLAG, RESERVED, TOO_LONG, EMPTY, HOLE, BROADCAST, COOKIE, NO_FAMILY,
	       NO_PORT, TROUBLES };

static int make_trouble(struct hosts *h, struct homa_send *send, enum trouble what)
{
	bool v4 = h->client.family == AF_INET;
	struct t_addr addr;

	switch (what) {
	case NO_ROUTE:
		addr = t_addr(h->client.family, v4 ? "10.99.0.1" : "fd99::1", PORT);
		memcpy(&send->to, &addr.sa, addr.len);
		return -ENETUNREACH;
	case FLAG:
		send->flags = 2;
		return -EINVAL;
	case RESERVED:
		send->reserved = 1;
		return -EINVAL;
	case TOO_LONG:
		send->length = HOMA_MAX_MESSAGE_LENGTH + 1;
		return -EINVAL;
	case EMPTY:
		send->length = 0;
		return -EINVAL;
	case HOLE:
		send->data = (uintptr_t)x_hole() - 50;
		return -EFAULT;
	case BROADCAST:
		addr = t_addr(h->client.family, v4 ? "127.255.255.255" : "ff05::1", PORT);
		memcpy(&send->to, &addr.sa, addr.len);
		return -EACCES;
	case COOKIE:
		send->id = 12345;	/* a response */
		send->completion_cookie = 1;
		return -EINVAL;
	case NO_FAMILY:
		send->to.sa.sa_family = AF_UNIX;
		return -EAFNOSUPPORT;
	default:
		((struct sockaddr_in *)&send->to)->sin_port = 0;
		return -EINVAL;
	}
}

/* Message @bad of @num cannot be sent; there is one that could be received. */
static void test_partial(int family, unsigned int bad, unsigned int num)
{
	enum trouble what;
	struct hosts h;
	unsigned int i;
	int error;

	open_hosts(&h, family);
	for (what = 0; what < TROUBLES; what++) {
		t_case("family %d: trouble %d with message %u of %u", family, what, bad, num);
		t_request(&h.client, &h.addr, 100, 5, 0);
		serve(&h.server, 1, 100);
		T_OK(T_WAIT(t_arrived(&h.client, 0), 2000));
		x_begin(&x);
		for (i = 0; i < num; i++)
			x_send(&x, &h.addr, 0, sent, 100, i);
		add_rooms(4);
		error = make_trouble(&h, &x.out[bad], what);
		T_RET(x_call(&h.client, &x), error);
		T_EQ(x.args.num_sends, bad);
		T_EQ(x.args.num_recvs, 0);
		for (i = 0; i < bad; i++)
			T_OK(x.out[i].id && !(x.out[i].id & 1));
		for (i = bad; i < num; i++)
			T_EQ(x.out[i].id, what == COOKIE && i == bad ? 12345 : 0);
		T_OK(what == HOLE || t_info(&h.client).error_msg[0]);
		T_EQ(t_info(&h.client).num_rpcs, 1 + bad);
		serve(&h.server, bad, 100);
		take(&h.client, 1 + bad);
		T_EQ(t_info(&h.client).num_rpcs, 0);
	}
	close_hosts(&h);
}

/* Responses to nobody, and one that is not waited for. */
static void test_responses(int family)
{
	struct homa_recv request;
	struct hosts h;
	uint64_t id;

	open_hosts(&h, family);
	t_case("family %d: responses to nobody count as sent", family);
	t_request(&h.client, &h.addr, 100, 5, 0);
	T_EQ(receive(&h.server, 1), 1);
	request = x.in[0];
	x_begin(&x);
	x_send(&x, &h.addr, 12345, sent, 100, 0);
	x_answer(&x, &request, sent, 1);
	x_send(&x, &h.addr, 12346, sent, 100, 0);
	T_RET(x_call(&h.server, &x), 0);
	T_EQ(x.args.num_sends, 3);
	T_EQ(x.out[0].id, 12345);
	T_EQ(x.out[1].id, request.id);
	T_EQ(x.out[2].id, 12346);
	take(&h.client, 1);

	t_case("family %d: a response before the request was received", family);
	id = t_request(&h.client, &h.addr, 100, 5, 0) ^ 1;
	T_OK(T_WAIT(t_arrived(&h.server, id), 2000));
	x_begin(&x);
	x_send(&x, &h.addr, id, sent, 100, 0);
	T_RET(x_call(&h.server, &x), -EINVAL);
	T_EQ(x.args.num_sends, 0);
	serve(&h.server, 1, 100);
	take(&h.client, 1);
	close_hosts(&h);
}

/* A response behind a message that cannot be sent is sent later, another one perhaps: nothing
 * of the first is left.
 */
static void test_dropped(int family)
{
	static const size_t bytes[] = { 1, 100, 300, 20000, 100000, HOMA_MAX_MESSAGE_LENGTH };
	static unsigned char first[HOMA_MAX_MESSAGE_LENGTH], second[HOMA_MAX_MESSAGE_LENGTH];
	unsigned int i, n = sizeof(bytes) / sizeof(bytes[0]);
	struct homa_recv request;
	struct hosts h;

	open_hosts(&h, family);
	t_fill(first, sizeof(first), 77);
	for (i = 0; i < n * n; i++) {
		size_t dropped = bytes[i / n], length = bytes[i % n];

		t_case("family %d: a response of %zu bytes is not sent, one of %zu is", family,
		       dropped, length);
		t_request(&h.client, &h.addr, 100, 5, 0);
		T_EQ(receive(&h.server, 1), 1);
		request = x.in[0];
		x_begin(&x);
		make_trouble(&h, x_send(&x, &h.addr, 0, sent, 100, 0), NO_ROUTE);
		x_answer(&x, &request, first, dropped);
		T_RET(x_call(&h.server, &x), -ENETUNREACH);
		T_EQ(x.args.num_sends, 0);
		T_EQ(x.out[1].id, request.id);
		t_fill(second, length, i);
		x_begin(&x);
		x_answer(&x, &request, second, length);
		T_RET(x_call(&h.server, &x), 0);
		T_EQ(receive(&h.client, 1), 1);
		T_EQ(x.in[0].length, length);
		T_OK(x_is(&h.client, &x.in[0], i));
		request = x.in[0];
		T_RET(x_release(&h.client, &request), 0);
	}
	close_hosts(&h);
}

/* ---- RPCs that fail ---- */

static void check_failed(const struct homa_recv *m, uint64_t id, uint64_t cookie, int error)
{
	T_EQ(m->id, id);
	T_EQ(m->completion_cookie, cookie);
	T_EQ(m->error, error);
	T_EQ(m->length, 0);
	T_EQ(m->num_bpages, 0);
}

static void test_failures(int family)
{
	struct sock_filter drop[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog filter = { .len = 1, .filter = drop };
	struct t_addr nobody = t_loopback(family, NOBODY), from;
	unsigned int good = 0, failed = 0;
	struct hosts h;
	uint64_t id;
	int i, ret;

	open_hosts(&h, family);
	t_case("family %d: RPCs that fail among those that do not", family);
	x_begin(&x);
	for (i = 0; i < 6; i++)
		x_send(&x, i % 2 ? &nobody : &h.addr, 0, sent, 100, (uint64_t)i);
	T_RET(x_call(&h.client, &x), 0);
	T_EQ(x.args.num_sends, 6);
	serve(&h.server, 3, 100);
	while (good + failed < 6) {
		ret = receive(&h.client, 6);
		if (!T_OK(ret > 0))
			break;
		for (i = 0; i < ret; i++) {
			const struct homa_recv *m = &x.in[i];

			if (m->completion_cookie % 2) {
				check_failed(m, m->id, m->completion_cookie, ENOTCONN);
				from = x_from(m);
				T_OK(t_same_host(&from, &nobody) && t_port(&from) == NOBODY);
				failed++;
			} else {
				T_EQ(m->error, 0);
				T_EQ(m->length, 1);
				good++;
			}
		}
	}
	T_EQ(good, 3);
	T_EQ(failed, 3);

	t_case("family %d: a call to nobody", family);
	x_begin(&x);
	x_send(&x, &nobody, 0, sent, 20000, 8);
	add_rooms(1);
	x.args.flags = HOMA_EXCHANGE_CALL;
	T_RET(x_call(&h.client, &x), 0);
	T_EQ(x.args.num_recvs, 1);
	check_failed(&x.in[0], x.out[0].id, 8, ENOTCONN);
	T_OK(x.out[0].id && !(x.out[0].id & 1));
	T_EQ(t_info(&h.client).num_rpcs, 0);

	t_case("family %d: a request that is ended", family);
	id = t_request(&h.client, &h.addr, 100, 5, 0);
	T_RET(t_abort(&h.client, id, EIO), 0);
	T_EQ(receive(&h.client, 2), 1);
	check_failed(&x.in[0], id, 5, EIO);
	id = t_request(&h.client, &h.addr, 100, 5, HOMA_SENDMSG_PRIVATE);
	T_RET(t_abort(&h.client, id, E2BIG), 0);
	x_begin(&x);
	add_rooms(2);
	x.args.id = id;
	T_RET(x_call(&h.client, &x), 0);
	T_EQ(x.args.num_recvs, 1);
	check_failed(&x.in[0], id, 5, E2BIG);
	close_hosts(&h);

	t_case("family %d: a silent server", family);
	open_hosts(&h, family);
	T_RET(setsockopt(h.server.fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)), 0);
	x_begin(&x);
	x_send(&x, &h.addr, 0, sent, 100, 9);
	add_rooms(1);
	x.args.flags = HOMA_EXCHANGE_CALL;
	T_RET(x_call(&h.client, &x), 0);
	T_EQ(x.args.num_recvs, 1);
	check_failed(&x.in[0], x.out[0].id, 9, ETIMEDOUT);
	close_hosts(&h);
}

/* ---- destinations ---- */

static void test_connected(int family)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct hosts h;

	open_hosts(&h, family);
	t_case("family %d: no destination", family);
	x_begin(&x);
	x_send(&x, NULL, 0, sent, 100, 0);
	T_RET(x_call(&h.client, &x), -EINVAL);

	t_case("family %d: where connect() said", family);
	T_EQ(connect(h.client.fd, (struct sockaddr *)&h.addr.sa, h.addr.len), 0);
	x_begin(&x);
	x_send(&x, NULL, 0, sent, 100, 0);
	x_send(&x, &h.addr, 0, sent, 100, 0);
	x_send(&x, NULL, 0, sent, 100, 0);
	T_RET(x_call(&h.client, &x), 0);
	T_EQ(x.args.num_sends, 3);
	serve(&h.server, 3, 100);
	take(&h.client, 3);

	t_case("family %d: connected no more", family);
	T_EQ(connect(h.client.fd, &none, sizeof(none)), 0);
	x_begin(&x);
	x_send(&x, NULL, 0, sent, 100, 0);
	T_RET(x_call(&h.client, &x), -EINVAL);
	T_EQ(t_info(&h.client).num_rpcs, 0);
	close_hosts(&h);
}

/* An AF_INET6 client of an IPv4 server: each sees addresses of its own kind. */
static void test_mapped(void)
{
	struct t_addr addr = t_addr(AF_INET6, "127.0.0.1", PORT), plain = t_loopback(AF_INET, PORT);
	struct homa_recv request;
	struct t_addr from;
	struct hosts h;

	t_case("v4-mapped addresses");
	memset(&h, 0, sizeof(h));
	t_open(&h.server, AF_INET, PORT);
	t_open(&h.client, AF_INET6, 0);
	t_fill(sent, sizeof(sent), 5);
	x_begin(&x);
	x_send(&x, &addr, 0, sent, 2000, 0);
	T_RET(x_call(&h.client, &x), 0);
	T_EQ(receive(&h.server, 1), 1);
	request = x.in[0];
	from = x_from(&request);
	T_OK(t_same_host(&from, &plain));
	T_EQ(t_port(&from), t_local_port(&h.client));
	x_begin(&x);
	x_answer(&x, &request, sent, 1);
	T_RET(x_call(&h.server, &x), 0);
	T_EQ(receive(&h.client, 1), 1);
	T_OK(!memcmp(&x.in[0].from, &addr.sa, sizeof(x.in[0].from)));
	close_hosts(&h);
}

static void test_scoped(void)
{
	struct t_addr plain = t_addr(AF_INET6, "fe80::2", PORT), to, from, want;
	struct t_sock server, client;

	t_netns("s");
	t_open(&server, AF_INET6, PORT);
	want = t_scoped(t_addr(AF_INET6, "fe80::1", 0), "s0");
	t_netns("c");
	t_open(&client, AF_INET6, 0);
	to = t_scoped(plain, "c0");

	t_case("a link-local address without its scope");
	x_begin(&x);
	x_send(&x, &to, 0, sent, 100, 1);
	x_send(&x, &plain, 0, sent, 100, 2);
	T_RET(x_call(&client, &x), -EINVAL);
	T_EQ(x.args.num_sends, 1);

	t_case("link-local addresses");
	T_EQ(receive(&server, 2), 1);
	from = x_from(&x.in[0]);
	T_OK(t_same_host(&from, &want));
	T_EQ(((struct sockaddr_in6 *)&from.sa)->sin6_scope_id,
	     ((struct sockaddr_in6 *)&want.sa)->sin6_scope_id);
	x_answer(&x, &x.in[0], sent, 1);
	x.args.num_recvs = 0;
	T_RET(x_call(&server, &x), 0);
	T_EQ(receive(&client, 1), 1);
	T_EQ(x.in[0].completion_cookie, 1);
	T_EQ(x.in[0].length, 1);
	T_OK(!memcmp(&x.in[0].from, &to.sa, sizeof(x.in[0].from)));
	t_close(&server);
	t_close(&client);
}

/* ---- readiness ---- */

static bool readable(const struct t_sock *sock, int timeout_ms)
{
	struct pollfd pfd = { .fd = sock->fd, .events = POLLIN };

	return poll(&pfd, 1, timeout_ms) == 1;
}

static void send_requests(struct hosts *h, unsigned int num)
{
	x_begin(&x);
	while (num--)
		x_send(&x, &h->addr, 0, sent, 100, 5);
	T_RET(x_call(&h->client, &x), 0);
}

static void test_poll(int family)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct homa_recv in[5];
	struct hosts h;
	int ep, i;

	open_hosts(&h, family);
	t_case("family %d: readable as long as a message is left", family);
	T_OK(!readable(&h.server, 0));
	send_requests(&h, 5);
	T_OK(T_WAIT(x_arrived(&h.server, 5), 2000));
	T_OK(readable(&h.server, 2000));
	T_EQ(receive(&h.server, 3), 3);
	memcpy(in, x.in, 3 * sizeof(in[0]));
	T_OK(readable(&h.server, 2000));
	T_EQ(receive(&h.server, 3), 2);
	memcpy(in + 3, x.in, 2 * sizeof(in[0]));
	T_OK(!readable(&h.server, 0));
	x_begin(&x);
	for (i = 0; i < 5; i++)
		x_answer(&x, &in[i], sent, 1);
	T_RET(x_call(&h.server, &x), 0);
	T_OK(readable(&h.client, 2000));
	take(&h.client, 5);
	T_OK(!readable(&h.client, 0));

	t_case("family %d: a call does not make readable, nor does its response", family);
	x_begin(&x);
	x_send(&x, &h.addr, 0, sent, 100, 0);
	add_rooms(1);
	x.args.flags = HOMA_EXCHANGE_CALL;
	x.args.timeout_ns = 0;
	T_RET(x_call(&h.client, &x), -EAGAIN);
	serve(&h.server, 1, 100);
	T_OK(T_WAIT(t_arrived(&h.client, 0), 2000));
	T_OK(!readable(&h.client, 20));

	t_case("family %d: the edge comes again while messages are left", family);
	ep = epoll_create1(0);
	if (ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, h.server.fd, &event))
		t_die("epoll");
	/* Those that were answered are there until they are acknowledged. */
	T_OK(T_WAIT(t_info(&h.server).num_rpcs == 0, 2000));
	send_requests(&h, 5);
	T_OK(T_WAIT(x_arrived(&h.server, 5), 2000));
	for (i = 0; i < 5; i++) {
		if (!T_EQ(epoll_wait(ep, &event, 1, 2000), 1))
			break;
		T_EQ(receive(&h.server, 1), 1);
		in[i] = x.in[0];
	}
	T_EQ(epoll_wait(ep, &event, 1, 20), 0);
	close(ep);
	close_hosts(&h);
}

/* ---- with sendmsg() and recvmsg() ---- */

/* All four ways to carry an RPC, one after the other and at the same time. */
static void test_other_calls(int family)
{
	struct t_msg request = { 0 }, response = { 0 };
	struct homa_recv in;
	struct hosts h;
	uint64_t ids[4];
	int i;

	open_hosts(&h, family);
	t_case("family %d: sendmsg() and recvmsg() between exchanges", family);
	for (i = 0; i < 4; i++) {
		if (i & 1) {
			ids[i] = t_request(&h.client, &h.addr, 60000, 5, 0);
		} else {
			x_begin(&x);
			x_send(&x, &h.addr, 0, sent, 60000, 5);
			T_RET(x_call(&h.client, &x), 0);
			ids[i] = x.out[0].id;
		}
		T_OK(T_WAIT(t_arrived(&h.server, ids[i] ^ 1), 2000));
	}
	for (i = 0; i < 4; i++) {
		if (i & 2) {
			T_RET(t_recv(&h.server, &request, 0, 0), 60000);
			T_OK(t_msg_is(&h.server, &request, 5));
			T_RET(t_echo(&h.server, &request), 0);
		} else {
			x_begin(&x);
			x_room(&x, NULL, 0);
			T_RET(x_call(&h.server, &x), 0);
			in = x.in[0];
			T_OK(x_is(&h.server, &in, 5));
			x_begin(&x);
			x_answer(&x, &in, h.server.region + in.bpage_offsets[0], in.length);
			T_RET(x_call(&h.server, &x), 0);
			T_RET(x_release(&h.server, &in), 0);
		}
	}
	for (i = 0; i < 4; i++) {
		if (i == 1 || i == 2) {
			T_RET(t_recv(&h.client, &response, 0, 0), 60000);
			T_OK(t_msg_is(&h.client, &response, 5));
			T_EQ(response.args.completion_cookie, 5);
		} else {
			x_begin(&x);
			x_room(&x, NULL, 0);
			T_RET(x_call(&h.client, &x), 0);
			T_OK(x_is(&h.client, &x.in[0], 5));
			T_EQ(x.in[0].completion_cookie, 5);
			in = x.in[0];
			T_RET(x_release(&h.client, &in), 0);
		}
	}
	T_EQ(t_info(&h.client).num_rpcs, 0);
	close_hosts(&h);
}

int main(int argc, char **argv)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_exchange_mixed", 60);
	if (argc > 1 && !strcmp(argv[1], "scoped")) {
		t_fill(sent, sizeof(sent), 5);
		test_scoped();
		return t_end();
	}
	for (i = 0; i < 2; i++) {
		test_partial(families[i], 0, 1);
		test_partial(families[i], 2, 5);
		test_partial(families[i], 20, 22);
		test_responses(families[i]);
		test_dropped(families[i]);
		test_failures(families[i]);
		test_connected(families[i]);
		test_poll(families[i]);
		test_other_calls(families[i]);
	}
	test_mapped();
	return t_end();
}
