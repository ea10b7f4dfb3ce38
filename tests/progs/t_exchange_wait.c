// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* HOMAIOCEXCHANGE: how long it waits, and what ends a wait. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "t_exchange.h"

#define PORT 99
#define MS 1000000LL

static unsigned char sent[HOMA_MAX_MESSAGE_LENGTH];

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
}

static void close_hosts(struct hosts *h)
{
	t_close(&h->server);
	t_close(&h->client);
}

/* A call in a thread of its own. */
struct waiter {
	pthread_t thread;
	const struct t_sock *sock;
	struct x x;
	unsigned char room[3000];
	int ret;
	int done;
};

static void *wait_in_thread(void *arg)
{
	struct waiter *w = arg;

	w->ret = x_call(w->sock, &w->x);
	__atomic_store_n(&w->done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static bool is_done(const struct waiter *w)
{
	return __atomic_load_n(&w->done, __ATOMIC_SEQ_CST);
}

/* Room for one message, for which the call waits for ever. */
static void prepare(struct waiter *w, const struct t_sock *sock)
{
	memset(w, 0, sizeof(*w));
	w->sock = sock;
	x_begin(&w->x);
	x_room(&w->x, w->room, sizeof(w->room));
}

static void prepare_call(struct waiter *w, struct hosts *h)
{
	prepare(w, &h->client);
	x_send(&w->x, &h->addr, 0, sent, 100, 7);
	w->x.args.flags = HOMA_EXCHANGE_CALL;
}

static void start(struct waiter *w)
{
	if (pthread_create(&w->thread, NULL, wait_in_thread, w))
		t_die("pthread_create");
}

static void join(struct waiter *w)
{
	pthread_join(w->thread, NULL);
}

/* The same without a thread. */
static int call(struct waiter *w)
{
	return x_call(w->sock, &w->x);
}

/* The signal may come before the thread waits: then again. */
static void interrupt(struct waiter *w)
{
	while (!is_done(w)) {
		pthread_kill(w->thread, SIGUSR1);
		t_sleep_ms(5);
	}
	join(w);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* The server answers a request of 100 bytes with one byte. */
static void serve_one(struct hosts *h)
{
	static struct waiter w;
	struct homa_recv request;

	prepare(&w, &h->server);
	T_RET(call(&w), 0);
	request = w.x.in[0];
	T_EQ(request.length, 100);
	x_begin(&w.x);
	x_answer(&w.x, &request, sent, 1);
	T_RET(call(&w), 0);
}

static void check_response(const struct homa_recv *m, uint64_t id)
{
	T_EQ(m->id, id);
	T_EQ(m->completion_cookie, 7);
	T_EQ(m->length, 1);
	T_EQ(m->error, 0);
}

/* ---- time ---- */

/* Nothing comes: with @timeout_ns the call waits for at least @ms and fails. */
static void check_timeout(const struct t_sock *sock, int64_t timeout_ns, uint64_t ms)
{
	static struct waiter w;
	uint64_t start_ms;

	prepare(&w, sock);
	w.x.args.timeout_ns = timeout_ns;
	start_ms = t_now_ms();
	T_RET(call(&w), -EAGAIN);
	/* The clock's milliseconds are whole ones. */
	T_OK(t_now_ms() - start_ms + 1 >= ms);
	T_EQ(w.x.args.num_recvs, 0);
	T_EQ(w.x.args.num_sends, 0);
}

static void set_timeout(const struct t_sock *sock, int name, int ms)
{
	struct timeval time = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	if (setsockopt(sock->fd, SOL_SOCKET, name, &time, sizeof(time)))
		t_die("a time-out");
}

static void test_time(int family)
{
	static const int64_t times_ns[] = { 0, 1, 10000 * MS, INT64_MAX };
	static struct waiter w;
	struct hosts h;
	unsigned int i;

	open_hosts(&h, family);
	t_case("family %d: nothing comes in time", family);
	check_timeout(&h.server, 0, 0);
	check_timeout(&h.server, 1, 0);
	check_timeout(&h.server, 30 * MS, 30);
	set_timeout(&h.server, SO_RCVTIMEO, 50);
	check_timeout(&h.server, -1, 50);
	set_timeout(&h.server, SO_RCVTIMEO, 3600000);
	check_timeout(&h.server, 20 * MS, 20);
	set_timeout(&h.server, SO_RCVTIMEO, 0);
	T_EQ(fcntl(h.server.fd, F_SETFL, O_NONBLOCK), 0);
	check_timeout(&h.server, -1, 0);
	check_timeout(&h.server, 3600000 * MS, 0);
	T_EQ(fcntl(h.server.fd, F_SETFL, 0), 0);

	for (i = 0; i < sizeof(times_ns) / sizeof(times_ns[0]); i++) {
		t_case("family %d: a message is there, timeout %lld", family,
		       (long long)times_ns[i]);
		t_request(&h.client, &h.addr, 100, i, 0);
		T_OK(T_WAIT(t_arrived(&h.server, 0), 2000));
		prepare(&w, &h.server);
		w.x.args.timeout_ns = times_ns[i];
		T_RET(call(&w), 0);
		T_OK(x_is(&h.server, &w.x.in[0], i));
		T_RET(t_abort(&h.client, 0, 0), 0);
		T_OK(T_WAIT(t_info(&h.client).num_rpcs == 0, 2000));
		close_hosts(&h);
		open_hosts(&h, family);

		t_case("family %d: a message comes, timeout %lld", family, (long long)times_ns[i]);
		if (times_ns[i] < 10000 * MS)
			continue;
		prepare(&w, &h.server);
		w.x.args.timeout_ns = times_ns[i];
		start(&w);
		t_sleep_ms(20);
		T_OK(!is_done(&w));
		t_request(&h.client, &h.addr, 70000, i, 0);
		join(&w);
		T_RET(w.ret, 0);
		T_OK(x_is(&h.server, &w.x.in[0], i));
		close_hosts(&h);
		open_hosts(&h, family);
	}
	close_hosts(&h);
}

/* ---- a request that is still under way ---- */

/* The call @w has failed; its request has not. */
static uint64_t still_under_way(struct hosts *h, const struct waiter *w)
{
	uint64_t id = w->x.out[0].id;

	T_EQ(w->x.args.num_sends, 1);
	T_EQ(w->x.args.num_recvs, 0);
	T_OK(id && !(id & 1));
	T_EQ(t_info(&h->client).num_rpcs, 1);
	return id;
}

static void prepare_wait(struct waiter *w, struct hosts *h, uint64_t id)
{
	prepare(w, &h->client);
	w->x.args.id = id;
}

static void test_call(int family)
{
	static struct waiter w, second;
	struct hosts h;
	uint64_t id;

	open_hosts(&h, family);
	t_case("family %d: a call whose time is over", family);
	prepare_call(&w, &h);
	w.x.args.timeout_ns = 20 * MS;
	T_RET(call(&w), -EAGAIN);
	id = still_under_way(&h, &w);
	prepare_wait(&w, &h, id);
	w.x.args.timeout_ns = 0;
	T_RET(call(&w), -EAGAIN);
	prepare_wait(&w, &h, 0);
	w.x.args.timeout_ns = 10 * MS;
	T_RET(call(&w), -EAGAIN);
	serve_one(&h);
	prepare_wait(&w, &h, id);
	x_room(&w.x, w.room, 1);
	T_RET(call(&w), 0);
	T_EQ(w.x.args.num_recvs, 1);
	check_response(&w.x.in[0], id);
	prepare_wait(&w, &h, id);
	T_RET(call(&w), -EINVAL);

	t_case("family %d: a call that does not wait", family);
	prepare_call(&w, &h);
	w.x.args.timeout_ns = 0;
	T_RET(call(&w), -EAGAIN);
	id = still_under_way(&h, &w);
	serve_one(&h);
	prepare_wait(&w, &h, id);
	T_RET(call(&w), 0);
	check_response(&w.x.in[0], id);

	t_case("family %d: a call that is interrupted, and again", family);
	prepare_call(&w, &h);
	start(&w);
	t_sleep_ms(20);
	T_OK(!is_done(&w));
	interrupt(&w);
	T_RET(w.ret, -EINTR);
	id = still_under_way(&h, &w);
	prepare_wait(&w, &h, id);
	start(&w);
	t_sleep_ms(20);
	interrupt(&w);
	T_RET(w.ret, -EINTR);
	serve_one(&h);
	prepare_wait(&w, &h, id);
	T_RET(call(&w), 0);
	check_response(&w.x.in[0], id);

	t_case("family %d: one that is ended afterwards", family);
	prepare_call(&w, &h);
	w.x.args.timeout_ns = 0;
	T_RET(call(&w), -EAGAIN);
	id = still_under_way(&h, &w);
	T_RET(t_abort(&h.client, id, 0), 0);
	prepare_wait(&w, &h, id);
	T_RET(call(&w), -EINVAL);
	T_EQ(t_info(&h.client).num_rpcs, 0);

	t_case("family %d: one that is ended while it is waited for", family);
	prepare_call(&w, &h);
	start(&w);
	T_OK(T_WAIT(t_rpcs(&h.client, NULL, 0) == 1, 2000));
	t_sleep_ms(20);
	T_RET(t_abort(&h.client, 0, EIO), 0);
	join(&w);
	T_RET(w.ret, 0);
	T_EQ(w.x.args.num_recvs, 1);
	T_EQ(w.x.in[0].error, EIO);
	T_EQ(w.x.in[0].id, w.x.out[0].id);
	prepare_call(&w, &h);
	start(&w);
	T_OK(T_WAIT(t_rpcs(&h.client, NULL, 0) == 1, 2000));
	t_sleep_ms(20);
	T_RET(t_abort(&h.client, 0, 0), 0);
	join(&w);
	T_RET(w.ret, -EINVAL);
	T_EQ(w.x.args.num_sends, 1);
	T_EQ(w.x.args.num_recvs, 0);

	t_case("family %d: ids that cannot be waited for", family);
	id = t_request(&h.client, &h.addr, 100, 1, 0);
	prepare_wait(&w, &h, id);
	T_RET(call(&w), -EINVAL);
	prepare_wait(&w, &h, id ^ 1);
	T_RET(call(&w), -EINVAL);
	prepare_wait(&w, &h, 123456);
	T_RET(call(&w), -EINVAL);
	T_RET(t_abort(&h.client, 0, 0), 0);

	t_case("family %d: two threads cannot wait for one response", family);
	id = t_request(&h.client, &h.addr, 100, 1, HOMA_SENDMSG_PRIVATE);
	prepare_wait(&w, &h, id);
	prepare_wait(&second, &h, id);
	start(&w);
	start(&second);
	T_OK(T_WAIT(is_done(&w) || is_done(&second), 2000));
	T_OK(is_done(&w) != is_done(&second));
	T_RET(t_abort(&h.client, id, E2BIG), 0);
	join(&w);
	join(&second);
	T_EQ(w.ret + second.ret, -EINVAL);
	T_EQ(w.ret ? second.x.in[0].error : w.x.in[0].error, E2BIG);
	close_hosts(&h);
}

/* ---- what ends a wait ---- */

static void test_end(int family)
{
	static struct waiter w, shared[3];
	struct t_sock next;
	struct t_msg held = { 0 };
	struct hosts h;
	int i;

	open_hosts(&h, family);
	t_case("family %d: a signal ends a wait", family);
	prepare(&w, &h.server);
	start(&w);
	t_sleep_ms(20);
	T_OK(!is_done(&w));
	interrupt(&w);
	T_RET(w.ret, -EINTR);
	T_EQ(w.x.args.num_recvs, 0);

	t_case("family %d: shutdown() ends waits", family);
	t_request(&h.client, &h.addr, 70000, 1, 0);
	T_RET(t_recv(&h.server, &held, 0, 0), 70000);
	for (i = 0; i < 3; i++) {
		prepare(&shared[i], &h.server);
		start(&shared[i]);
	}
	t_sleep_ms(20);
	T_EQ(shutdown(h.server.fd, SHUT_RDWR), 0);
	for (i = 0; i < 3; i++) {
		join(&shared[i]);
		T_RET(shared[i].ret, -ESHUTDOWN);
		T_EQ(shared[i].x.args.num_recvs, 0);
	}

	t_case("family %d: after shutdown()", family);
	prepare(&w, &h.server);
	T_RET(call(&w), -ESHUTDOWN);
	prepare(&w, &h.server);
	w.x.args.timeout_ns = 0;
	T_RET(call(&w), -ESHUTDOWN);
	prepare(&w, &h.server);
	x_send(&w.x, &h.addr, 0, sent, 100, 1);
	T_RET(call(&w), -ESHUTDOWN);
	T_EQ(w.x.args.num_sends, 0);
	T_EQ(w.x.args.num_recvs, 0);
	T_EQ(w.x.out[0].id, 0);
	x_begin(&w.x);
	memcpy(w.x.returns, held.args.bpage_offsets, 2 * sizeof(w.x.returns[0]));
	w.x.args.num_returns = 2;
	T_RET(call(&w), 0);
	T_EQ(w.x.args.num_returns, 0);
	close_hosts(&h);

	t_case("family %d: shutdown() ends a call", family);
	open_hosts(&h, family);
	prepare_call(&w, &h);
	start(&w);
	T_OK(T_WAIT(t_info(&h.server).num_rpcs == 1, 2000));
	t_sleep_ms(20);
	T_EQ(shutdown(h.client.fd, SHUT_RDWR), 0);
	join(&w);
	/* As recvmsg(): the RPC is gone. */
	T_RET(w.ret, -EINVAL);
	T_EQ(w.x.args.num_sends, 1);
	close_hosts(&h);

	t_case("family %d: a socket is closed during a wait", family);
	t_open(&h.server, family, PORT);
	prepare(&w, &h.server);
	start(&w);
	t_sleep_ms(20);
	close(h.server.fd);
	interrupt(&w);
	T_RET(w.ret, -EINTR);
	t_open(&next, family, PORT);
	t_close(&next);
}

/* ---- room to send ---- */

#define LARGE 3

/* Three long requests; there is room for one at a time. */
static void prepare_large(struct waiter *w, struct hosts *h)
{
	int i;

	memset(w, 0, sizeof(*w));
	w->sock = &h->client;
	x_begin(&w->x);
	for (i = 0; i < LARGE; i++)
		x_send(&w->x, &h->addr, 0, sent, sizeof(sent), 7);
}

/* The server answers @num of them, and the client takes the responses. */
static void finish_large(struct hosts *h, unsigned int num)
{
	struct t_msg request = { 0 }, response = { 0 };

	while (num--) {
		T_RET(t_recv(&h->server, &request, 0, 0), sizeof(sent));
		T_RET(t_respond(&h->server, &request, 10, 1), 0);
		T_RET(t_recv(&h->client, &response, 0, 0), 10);
	}
}

static void test_room(int family)
{
	static struct waiter w;
	uint64_t start_ms;
	struct hosts h;
	uint32_t i, n;

	open_hosts(&h, family);
	T_RET(t_setopt(&h.client, SOL_SOCKET, SO_SNDBUF, 100000), 0);
	t_case("family %d: no room to send, and no waiting", family);
	prepare_large(&w, &h);
	w.x.args.timeout_ns = 0;
	T_RET(call(&w), -EAGAIN);
	n = w.x.args.num_sends;
	T_OK(n >= 1 && n < LARGE);
	T_EQ(t_info(&h.client).num_rpcs, n);
	for (i = 0; i < LARGE; i++)
		T_OK(i < n ? w.x.out[i].id : !w.x.out[i].id);
	T_EQ(fcntl(h.client.fd, F_SETFL, O_NONBLOCK), 0);
	prepare_large(&w, &h);
	T_RET(call(&w), -EAGAIN);
	T_EQ(w.x.args.num_sends, 0);
	T_EQ(fcntl(h.client.fd, F_SETFL, 0), 0);

	t_case("family %d: SO_SNDTIMEO", family);
	set_timeout(&h.client, SO_SNDTIMEO, 20);
	prepare_large(&w, &h);
	x_room(&w.x, w.room, sizeof(w.room));
	T_RET(call(&w), -EAGAIN);
	T_EQ(w.x.args.num_sends, 0);
	set_timeout(&h.client, SO_SNDTIMEO, 0);

	t_case("family %d: the time of a call is for room, too", family);
	prepare_large(&w, &h);
	x_room(&w.x, w.room, sizeof(w.room));
	w.x.args.timeout_ns = 30 * MS;
	start_ms = t_now_ms();
	T_RET(call(&w), -EAGAIN);
	T_OK(t_now_ms() - start_ms + 1 >= 30);
	T_EQ(w.x.args.num_sends, 0);
	T_EQ(w.x.args.num_recvs, 0);

	t_case("family %d: a signal ends the wait for room", family);
	finish_large(&h, n);
	prepare_large(&w, &h);
	start(&w);
	t_sleep_ms(20);
	T_OK(!is_done(&w));
	interrupt(&w);
	T_RET(w.ret, -EINTR);
	n = w.x.args.num_sends;
	T_OK(n >= 1 && n < LARGE);
	T_EQ(t_info(&h.client).num_rpcs, n);

	t_case("family %d: room is made while it waits", family);
	finish_large(&h, n);
	prepare_large(&w, &h);
	start(&w);
	finish_large(&h, LARGE);
	join(&w);
	T_RET(w.ret, 0);
	T_EQ(w.x.args.num_sends, LARGE);
	T_EQ(t_info(&h.client).num_rpcs, 0);

	t_case("family %d: shutdown() ends the wait for room", family);
	prepare_large(&w, &h);
	start(&w);
	t_sleep_ms(20);
	T_EQ(shutdown(h.client.fd, SHUT_RDWR), 0);
	join(&w);
	T_RET(w.ret, -ESHUTDOWN);
	T_OK(w.x.args.num_sends >= 1 && w.x.args.num_sends < LARGE);
	close_hosts(&h);

	t_case("family %d: the room ends among short messages", family);
	open_hosts(&h, family);
	T_RET(t_setopt(&h.client, SOL_SOCKET, SO_SNDBUF, 50000), 0);
	x_begin(&w.x);
	w.sock = &h.client;
	for (i = 0; i < X_MAX; i++)
		x_send(&w.x, &h.addr, 0, sent, 3000, 7);
	w.x.args.timeout_ns = 0;
	T_RET(call(&w), -EAGAIN);
	n = w.x.args.num_sends;
	T_OK(n >= 1 && n < X_MAX);
	T_EQ(t_info(&h.client).num_rpcs, n);
	for (i = 0; i < X_MAX; i++)
		T_OK(i < n ? w.x.out[i].id : !w.x.out[i].id);
	T_OK(T_WAIT(t_info(&h.server).num_rpcs == n, 2000));
	close_hosts(&h);
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	/* The call is not made again by itself: it would send once more. */
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	int i;

	sigaction(SIGUSR1, &action, NULL);
	t_begin("t_exchange_wait", 60);
	for (i = 0; i < 2; i++) {
		test_time(families[i]);
		test_call(families[i]);
		test_end(families[i]);
		test_room(families[i]);
	}
	return t_end();
}
