// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* recvmsg(): uapi §7, row by row; signals; what is returned. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t.h"

#define PORT 99

static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

struct hosts {
	struct t_sock server, client;
	struct t_addr addr;		/* of the server */
	struct t_msg request, response;
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

static int recv_control(const struct t_sock *sock, void *control, size_t control_bytes)
{
	struct msghdr msg = { .msg_control = control, .msg_controllen = control_bytes };

	return recvmsg(sock->fd, &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static void test_control(int family)
{
	char *gone = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *readonly = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct homa_recvmsg_args args, before;
	struct t_sock sock;
	char more[128];
	size_t i;

	t_open(&sock, family, PORT);

	t_case("family %d: wrong control length", family);
	memset(&args, 0x5a, sizeof(args));
	before = args;
	memset(more, 0x5a, sizeof(more));
	T_RET(recv_control(&sock, NULL, 0), -EINVAL);
	T_RET(recv_control(&sock, NULL, sizeof(args)), -EINVAL);
	T_RET(recv_control(&sock, &args, 0), -EINVAL);
	T_RET(recv_control(&sock, &args, sizeof(args) - 1), -EINVAL);
	T_RET(recv_control(&sock, more, sizeof(args) + 1), -EINVAL);
	T_OK(!memcmp(&args, &before, sizeof(args)));
	for (i = 0; i < sizeof(more); i++)
		if (!T_EQ(more[i], 0x5a))
			break;

	t_case("family %d: the control structure cannot be read", family);
	T_RET(recv_control(&sock, gone, sizeof(args)), -EFAULT);

	t_case("family %d: the control structure cannot be written", family);
	T_RET(recv_control(&sock, readonly, sizeof(args)), -EFAULT);

	t_case("family %d: too many bpages", family);
	args = (struct homa_recvmsg_args){ .id = 0, .num_bpages = HOMA_MAX_BPAGES + 1 };
	T_RET(recv_control(&sock, &args, sizeof(args)), -EINVAL);
	T_EQ(args.id, 0);
	T_EQ(args.num_bpages, HOMA_MAX_BPAGES + 1);
	args = (struct homa_recvmsg_args){ .id = 6, .num_bpages = UINT32_MAX };
	T_RET(recv_control(&sock, &args, sizeof(args)), -EINVAL);
	T_EQ(args.id, 6);
	T_EQ(args.num_bpages, UINT32_MAX);

	t_case("family %d: reserved is not 0", family);
	args = (struct homa_recvmsg_args){ .id = 8, .reserved = 1 };
	T_RET(recv_control(&sock, &args, sizeof(args)), -EINVAL);
	T_EQ(args.id, 8);

	t_case("family %d: an id that does not exist", family);
	args = (struct homa_recvmsg_args){ .id = 1234568 };
	T_RET(recv_control(&sock, &args, sizeof(args)), -EINVAL);
	T_EQ(args.id, 1234568);
	T_EQ(args.num_bpages, 0);
	args = (struct homa_recvmsg_args){ .id = 1234567 };
	T_RET(recv_control(&sock, &args, sizeof(args)), -EINVAL);
	T_EQ(args.id, 1234567);
	t_close(&sock);
	munmap(gone, 4096);
	munmap(readonly, 4096);
}

static void test_nonblocking(int family)
{
	struct t_msg msg = { 0 };
	struct t_sock sock;

	t_open(&sock, family, PORT);
	t_case("family %d: MSG_DONTWAIT", family);
	T_RET(t_recv(&sock, &msg, 0, MSG_DONTWAIT), -EAGAIN);
	T_EQ(msg.args.id, 0);
	T_EQ(msg.args.num_bpages, 0);
	t_case("family %d: O_NONBLOCK", family);
	T_EQ(fcntl(sock.fd, F_SETFL, O_NONBLOCK), 0);
	T_RET(t_recv(&sock, &msg, 0, 0), -EAGAIN);
	t_close(&sock);
}

static void test_delivery(int family)
{
	struct sockaddr_in6 *in6;
	struct sockaddr_in *in4;
	struct msghdr hdr = { 0 };
	struct iovec piece;
	char unused[16] = "untouched";
	struct hosts h;
	uint64_t id;

	open_hosts(&h, family);
	in4 = (struct sockaddr_in *)&h.request.from.sa;
	in6 = (struct sockaddr_in6 *)&h.request.from.sa;

	t_case("family %d: a request is delivered", family);
	id = t_request(&h.client, &h.addr, 3000, 77, 0);
	/* recvmsg must clear what it does not use of the address. */
	memset(&h.request, 0x5a, sizeof(h.request));
	h.request.args = (struct homa_recvmsg_args){ .completion_cookie = 4711 };
	piece = (struct iovec){ unused, sizeof(unused) };
	hdr = (struct msghdr){
		.msg_name = &h.request.from.sa,
		.msg_namelen = sizeof(h.request.from.sa),
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &h.request.args,
		.msg_controllen = sizeof(h.request.args),
	};
	h.request.length = recvmsg(h.server.fd, &hdr, 0);
	h.request.from.len = hdr.msg_namelen;
	T_EQ(h.request.length, 3000);
	T_EQ(hdr.msg_controllen, 0);
	T_OK(!strcmp(unused, "untouched"));
	T_EQ(h.request.args.id, id ^ 1);
	T_EQ(h.request.args.completion_cookie, 0);
	T_EQ(h.request.args.num_bpages, 1);
	T_EQ(h.request.args.reserved, 0);
	T_OK(t_msg_is(&h.server, &h.request, 77));
	T_EQ(h.request.from.len, h.addr.len);
	T_EQ(h.request.from.sa.ss_family, family);
	T_OK(t_same_host(&h.request.from, &h.addr));
	T_EQ(t_port(&h.request.from), t_local_port(&h.client));
	if (family == AF_INET) {
		static const unsigned char zero[8];

		T_OK(!memcmp(in4->sin_zero, zero, sizeof(in4->sin_zero)));
	} else {
		T_EQ(in6->sin6_flowinfo, 0);
		T_EQ(in6->sin6_scope_id, 0);
	}

	t_case("family %d: a response is delivered", family);
	T_RET(t_respond(&h.server, &h.request, 2000, 78), 0);
	T_RET(t_recv(&h.client, &h.response, 0, 0), 2000);
	T_EQ(h.response.args.id, id);
	T_EQ(h.response.args.completion_cookie, 77);
	T_OK(t_msg_is(&h.client, &h.response, 78));
	T_OK(t_same_host(&h.response.from, &h.addr));
	T_EQ(t_port(&h.response.from), PORT);

	t_case("family %d: without an address", family);
	t_request(&h.client, &h.addr, 10, 79, 0);
	hdr = (struct msghdr){
		.msg_control = &h.request.args,
		.msg_controllen = sizeof(h.request.args),
	};
	h.request.args.id = 0;
	T_EQ(recvmsg(h.server.fd, &hdr, 0), 10);
	T_EQ(h.request.args.num_bpages, 1);

	t_case("family %d: space for half of the address", family);
	t_request(&h.client, &h.addr, 10, 80, 0);
	memset(&h.request.from, 0x5a, sizeof(h.request.from));
	hdr = (struct msghdr){
		.msg_name = &h.request.from.sa,
		.msg_namelen = 8,
		.msg_control = &h.request.args,
		.msg_controllen = sizeof(h.request.args),
	};
	h.request.args.id = 0;
	T_EQ(recvmsg(h.server.fd, &hdr, 0), 10);
	T_EQ(h.request.from.sa.ss_family, family);
	T_EQ(((unsigned char *)&h.request.from.sa)[8], 0x5a);
	close_hosts(&h);
}

/* A thread that waits is interrupted by a signal. */

struct waiter {
	pthread_t thread;
	struct t_sock *sock;
	struct t_msg msg;
	uint64_t id;
	ssize_t ret;
	int done;
};

static void *wait_for_message(void *arg)
{
	struct waiter *w = arg;

	w->ret = t_recv(w->sock, &w->msg, w->id, 0);
	__atomic_store_n(&w->done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void start_waiter(struct waiter *w, struct t_sock *sock, uint64_t id)
{
	*w = (struct waiter){ .sock = sock, .id = id };
	if (pthread_create(&w->thread, NULL, wait_for_message, w))
		t_die("pthread_create");
}

/* The signal may come before the thread waits: then again. */
static void interrupt(struct waiter *w)
{
	while (!__atomic_load_n(&w->done, __ATOMIC_SEQ_CST)) {
		pthread_kill(w->thread, SIGUSR1);
		t_sleep_ms(5);
	}
	pthread_join(w->thread, NULL);
}

static void test_signals(int family)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct waiter w;
	struct hosts h;
	uint64_t id;

	sigaction(SIGUSR1, &action, NULL);
	open_hosts(&h, family);

	t_case("family %d: a signal ends a wait", family);
	start_waiter(&w, &h.server, 0);
	t_sleep_ms(20);
	T_OK(!__atomic_load_n(&w.done, __ATOMIC_SEQ_CST));
	interrupt(&w);
	T_OK(signals > 0);
	T_RET(w.ret, -EINTR);
	T_EQ(w.msg.args.id, 0);

	t_case("family %d: a signal ends a private wait, the RPC lives on", family);
	id = t_request(&h.client, &h.addr, 100, 5, HOMA_SENDMSG_PRIVATE);
	start_waiter(&w, &h.client, id);
	t_sleep_ms(20);
	interrupt(&w);
	T_RET(w.ret, -EINTR);
	T_EQ(w.msg.args.id, 0);
	T_RET(t_recv(&h.server, &h.request, 0, 0), 100);
	T_RET(t_echo(&h.server, &h.request), 0);
	T_RET(t_recv(&h.client, &h.response, id, 0), 100);
	T_EQ(h.response.args.completion_cookie, 5);
	close_hosts(&h);
}

/* A message that arrives wakes the thread that waits. */
static void test_wakeup(int family)
{
	struct waiter w;
	struct hosts h;

	open_hosts(&h, family);
	t_case("family %d: a message wakes a waiting thread", family);
	start_waiter(&w, &h.server, 0);
	t_sleep_ms(20);
	t_request(&h.client, &h.addr, 70000, 6, 0);
	pthread_join(w.thread, NULL);
	T_RET(w.ret, 70000);
	T_OK(t_msg_is(&h.server, &w.msg, 6));
	T_RET(t_echo(&h.server, &w.msg), 0);
	T_RET(t_recv(&h.client, &h.response, 0, 0), 70000);
	T_OK(t_msg_is(&h.client, &h.response, 6));
	close_hosts(&h);
}

/* No client gives up while the server lives, however long it takes: five times
 * the time after which a silent peer is given up.
 */
static void test_slow_server(int family)
{
	struct waiter w;
	struct hosts h;

	open_hosts(&h, family);
	t_case("family %d: the server is slow to receive and slow to answer", family);
	t_request(&h.client, &h.addr, 5000, 6, 0);
	start_waiter(&w, &h.client, 0);
	t_sleep_ms(500);
	T_RET(t_recv(&h.server, &h.request, 0, 0), 5000);
	t_sleep_ms(500);
	T_OK(!__atomic_load_n(&w.done, __ATOMIC_SEQ_CST));
	T_RET(t_echo(&h.server, &h.request), 0);
	pthread_join(w.thread, NULL);
	T_RET(w.ret, 5000);
	T_OK(t_msg_is(&h.client, &w.msg, 6));
	close_hosts(&h);
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_recvmsg", 50);
	for (i = 0; i < 2; i++) {
		test_control(families[i]);
		test_nonblocking(families[i]);
		test_delivery(families[i]);
		test_signals(families[i]);
		test_wakeup(families[i]);
		test_slow_server(families[i]);
	}
	return t_end();
}
