// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * sendmsg() and recvmsg() through io_uring: the control pointers reach the
 * socket, waiting works, and the results are those of the system calls.
 */
#include <liburing.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "t.h"

#define PORT 99

/* One call on its way. */
struct call {
	struct msghdr hdr;
	struct iovec piece;
	struct t_addr name;
	struct homa_recvmsg_args in;
	struct homa_sendmsg_args out;
};

static struct io_uring ring;
static struct t_sock server, client;
static unsigned char data[200000];

static void submit(struct io_uring_sqe *sqe, struct call *c, unsigned int flags)
{
	io_uring_sqe_set_data(sqe, c);
	io_uring_sqe_set_flags(sqe, flags);
	if (io_uring_submit(&ring) != 1)
		t_die("io_uring_submit");
}

static void start_recv(const struct t_sock *sock, struct call *c, uint64_t id, int msg_flags,
		       unsigned int flags)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
	uint32_t n = c->in.num_bpages;

	c->in.id = id;
	c->in.num_bpages = n;
	c->hdr = (struct msghdr){
		.msg_name = &c->name.sa, .msg_namelen = sizeof(c->name.sa),
		.msg_control = &c->in, .msg_controllen = sizeof(c->in),
	};
	io_uring_prep_recvmsg(sqe, sock->fd, &c->hdr, (unsigned int)msg_flags);
	submit(sqe, c, flags);
}

static void start_send(const struct t_sock *sock, struct call *c, const struct t_addr *to,
		       size_t bytes, unsigned int flags)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	c->name = *to;
	c->piece = (struct iovec){ data, bytes };
	c->hdr = (struct msghdr){
		.msg_name = &c->name.sa, .msg_namelen = to->len,
		.msg_iov = &c->piece, .msg_iovlen = 1, .msg_control = &c->out,
	};
	io_uring_prep_sendmsg(sqe, sock->fd, &c->hdr, 0);
	submit(sqe, c, flags);
}

/* The result of the next call that ends; it must be @c. */
static int finish(const struct call *c)
{
	struct io_uring_cqe *cqe;
	int ret;

	if (io_uring_wait_cqe(&ring, &cqe))
		t_die("io_uring_wait_cqe");
	T_OK(io_uring_cqe_get_data(cqe) == c);
	ret = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	return ret;
}

/* The results of the next two calls that end, in either order: @a's has @a_ret, @b's has @b_ret. */
static bool finish_both(const struct call *a, int a_ret, const struct call *b, int b_ret)
{
	bool good = true;
	int i;

	for (i = 0; i < 2; i++) {
		struct io_uring_cqe *cqe;
		const struct call *c;

		if (io_uring_wait_cqe(&ring, &cqe))
			t_die("io_uring_wait_cqe");
		c = io_uring_cqe_get_data(cqe);
		good &= T_OK(c == a || c == b);
		good &= T_RET(cqe->res, c == a ? a_ret : b_ret);
		io_uring_cqe_seen(&ring, cqe);
		if (c == a)
			a = NULL;
		else
			b = NULL;
	}
	return good;
}

static bool is(const struct t_sock *sock, const struct call *c, size_t bytes)
{
	struct t_msg msg = { .args = c->in, .length = (ssize_t)bytes };

	return t_msg_is(sock, &msg, 5);
}

static void test_exchange(int family, size_t bytes, bool early, unsigned int flags)
{
	struct t_addr addr = t_loopback(family, PORT);
	struct call send = { 0 }, recv = { 0 }, reply = { 0 }, answer = { 0 };

	t_case("family %d: %zu bytes, receiver %s, flags %u", family, bytes,
	       early ? "waits" : "comes later", flags);
	if (early)
		start_recv(&server, &recv, 0, 0, flags);
	send.out.completion_cookie = 42;
	start_send(&client, &send, &addr, bytes, 0);
	if (early) {
		/* The request may be there before the call that sends it has ended. */
		if (!finish_both(&send, 0, &recv, (int)bytes))
			t_die("the request did not come");
	} else {
		T_RET(finish(&send), 0);
		start_recv(&server, &recv, 0, 0, flags);
		if (!T_RET(finish(&recv), (int)bytes))
			t_die("the request did not come");
	}
	T_OK(send.out.id && !(send.out.id & 1));
	T_EQ(recv.in.id & 1, 1);
	recv.name.len = recv.hdr.msg_namelen;
	T_EQ(recv.name.len, addr.len);
	T_OK(is(&server, &recv, bytes));

	if (early)
		start_recv(&client, &answer, 0, 0, flags);
	reply.out.id = recv.in.id;
	start_send(&server, &reply, &recv.name, bytes, flags);
	if (early) {
		finish_both(&reply, 0, &answer, (int)bytes);
	} else {
		T_RET(finish(&reply), 0);
		start_recv(&client, &answer, 0, 0, flags);
		T_RET(finish(&answer), (int)bytes);
	}
	T_EQ(answer.in.id, send.out.id);
	T_EQ(answer.in.completion_cookie, 42);
	T_OK(is(&client, &answer, bytes));

	/* The buffers go back with the next call. */
	start_recv(&server, &recv, 0, MSG_DONTWAIT, 0);
	T_RET(finish(&recv), -EAGAIN);
	start_recv(&client, &answer, 0, MSG_DONTWAIT, 0);
	T_RET(finish(&answer), -EAGAIN);
	T_EQ(t_info(&server).bpool_avail_bytes, T_REGION_BYTES);
	T_EQ(t_info(&client).bpool_avail_bytes, T_REGION_BYTES);
}

/* io_uring first tries without waiting, also where it was told to use a worker thread. For a
 * private response that is not there this ends with id 0 in the structure (uapi §7), and
 * nobody could know what to try again. So only one that is there can be had.
 */
static void test_private(int family)
{
	struct t_addr addr = t_loopback(family, PORT);
	struct call send = { 0 }, answer = { 0 };
	struct t_msg request = { 0 };

	t_case("family %d: a private response", family);
	send.out.flags = HOMA_SENDMSG_PRIVATE;
	start_send(&client, &send, &addr, 1000, 0);
	T_RET(finish(&send), 0);
	T_RET(t_recv(&server, &request, 0, 0), 1000);
	start_recv(&client, &answer, send.out.id, MSG_DONTWAIT, 0);
	T_RET(finish(&answer), -EAGAIN);
	T_EQ(answer.in.id, 0);
	T_RET(t_echo(&server, &request), 0);
	T_OK(T_WAIT(t_arrived(&client, send.out.id), 1000));
	start_recv(&client, &answer, send.out.id, 0, IOSQE_ASYNC);
	T_RET(finish(&answer), 1000);
	T_EQ(answer.in.id, send.out.id);
	T_OK(is(&client, &answer, 1000));
	t_release(&server, &request);
}

static void test_errors(int family)
{
	struct t_addr nobody = t_loopback(family, 4711);
	struct call send = { 0 }, answer = { 0 };

	t_case("family %d: errors", family);
	send.out.flags = 0x100;
	start_send(&client, &send, &nobody, 10, 0);
	T_RET(finish(&send), -EINVAL);
	send.out.flags = 0;
	start_send(&client, &send, &nobody, 10, 0);
	T_RET(finish(&send), 0);
	start_recv(&client, &answer, 0, 0, 0);
	T_RET(finish(&answer), -ENOTCONN);
	T_EQ(answer.in.id, send.out.id);
}

/* A call that waits does not keep the socket from being closed. */
static void test_cancel(int family)
{
	struct call recv = { 0 };

	t_case("family %d: shutdown ends a call that waits", family);
	start_recv(&client, &recv, 0, 0, 0);
	T_OK(!shutdown(client.fd, SHUT_RDWR));
	T_RET(finish(&recv), -ESHUTDOWN);
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i, ret;

	t_begin("t_uring", 30);
	ret = io_uring_queue_init(8, &ring, 0);
	if (ret == -ENOSYS) {
		puts("no io_uring");
		return 77;
	}
	if (ret)
		t_die("io_uring_queue_init: %d", ret);
	t_fill(data, sizeof(data), 5);
	for (i = 0; i < 2; i++) {
		t_open(&server, families[i], PORT);
		t_open(&client, families[i], 0);
		test_exchange(families[i], 100, true, 0);
		test_exchange(families[i], sizeof(data), true, 0);
		test_exchange(families[i], 100, false, 0);
		test_exchange(families[i], sizeof(data), true, IOSQE_ASYNC);
		test_private(families[i]);
		test_errors(families[i]);
		test_cancel(families[i]);
		t_close(&server);
		t_close(&client);
	}
	io_uring_queue_exit(&ring);
	return t_end();
}
