// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* sendmmsg() and recvmmsg(): uapi §2.1. */
#include <string.h>
#include <unistd.h>

#include "t.h"

#define PORT 99
#define N 5

static struct t_sock server, client;
static struct t_addr addr;

struct batch {
	struct mmsghdr msgs[N];
	struct iovec pieces[N];
	struct t_addr names[N];
	struct homa_sendmsg_args out[N];
	struct homa_recvmsg_args in[N];
	unsigned char data[N][3000];
};

static size_t length(int i)
{
	return (size_t)(i + 1) * 500;
}

static void prepare_send(struct batch *b)
{
	int i;

	memset(b, 0, sizeof(*b));
	for (i = 0; i < N; i++) {
		t_fill(b->data[i], length(i), (uint32_t)i + 1);
		b->pieces[i] = (struct iovec){ b->data[i], length(i) };
		b->out[i].completion_cookie = (uint64_t)i + 100;
		b->names[i] = addr;
		b->msgs[i].msg_len = 77;
		b->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &b->names[i].sa, .msg_namelen = addr.len,
			.msg_iov = &b->pieces[i], .msg_iovlen = 1,
			.msg_control = &b->out[i],
		};
	}
}

static void prepare_recv(struct batch *b)
{
	int i;

	memset(b, 0, sizeof(*b));
	for (i = 0; i < N; i++)
		b->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &b->names[i].sa, .msg_namelen = sizeof(b->names[i].sa),
			.msg_control = &b->in[i], .msg_controllen = sizeof(b->in[i]),
		};
}

/* Which message is it, by its length? */
static int index_of(const struct batch *b, int i)
{
	return (int)b->msgs[i].msg_len / 500 - 1;
}

static void check_received(const struct batch *b, const struct t_sock *sock, int n, bool requests)
{
	int i;

	for (i = 0; i < n; i++) {
		struct t_msg msg = { .args = b->in[i], .length = b->msgs[i].msg_len };
		int k = index_of(b, i);

		if (!T_OK(k >= 0 && k < N))
			continue;
		T_EQ(b->in[i].id & 1, requests);
		T_EQ(b->in[i].completion_cookie, requests ? 0 : k + 100);
		T_EQ(b->msgs[i].msg_hdr.msg_controllen, 0);
		T_OK(t_msg_is(sock, &msg, (uint32_t)k + 1));
	}
}

static void test_round(int family)
{
	struct batch requests, in, replies, answers;
	int i, n;

	t_open(&server, family, PORT);
	t_open(&client, family, 0);
	addr = t_loopback(family, PORT);

	t_case("family %d: five requests at once", family);
	prepare_send(&requests);
	T_EQ(sendmmsg(client.fd, requests.msgs, N, 0), N);
	for (i = 0; i < N; i++) {
		T_EQ(requests.msgs[i].msg_len, 0);
		T_OK(requests.out[i].id && !(requests.out[i].id & 1));
	}
	T_OK(T_WAIT(t_info(&server).num_rpcs == N, 5000));

	t_case("family %d: received at once", family);
	prepare_recv(&in);
	n = recvmmsg(server.fd, in.msgs, N, 0, NULL);
	if (!T_EQ(n, N))
		return;
	check_received(&in, &server, N, true);

	t_case("family %d: answered at once, one of them to nobody", family);
	memset(&replies, 0, sizeof(replies));
	prepare_send(&replies);
	for (i = 0; i < N; i++) {
		int k = index_of(&in, i);

		replies.out[i].id = in.in[i].id;
		replies.out[i].completion_cookie = 0;
		replies.names[i] = in.names[i];
		replies.msgs[i].msg_hdr.msg_namelen = in.msgs[i].msg_hdr.msg_namelen;
		replies.pieces[i] = (struct iovec){ replies.data[k], length(k) };
	}
	T_RET(t_abort(&client, in.in[2].id ^ 1, 0), 0);
	replies.out[2].id += 1000001;
	replies.out[2].id |= 1;
	T_EQ(sendmmsg(server.fd, replies.msgs, N, 0), N);
	for (i = 0; i < N; i++)
		T_EQ(replies.msgs[i].msg_len, 0);

	t_case("family %d: MSG_WAITFORONE takes what is there", family);
	prepare_recv(&answers);
	for (i = 0; i < N - 1; i += n) {
		n = recvmmsg(client.fd, answers.msgs + i, (unsigned int)(N - i), MSG_WAITFORONE,
			     NULL);
		if (!T_OK(n > 0))
			return;
	}
	T_EQ(i, N - 1);
	check_received(&answers, &client, N - 1, false);
	T_EQ(recvmmsg(client.fd, answers.msgs, 1, MSG_DONTWAIT, NULL), -1);

	t_case("family %d: errors stop a batch", family);
	prepare_send(&requests);
	requests.out[2].flags = 0x80;
	T_EQ(sendmmsg(client.fd, requests.msgs, N, 0), 2);
	T_EQ(sendmmsg(client.fd, requests.msgs + 2, N - 2, 0), -1);
	T_EQ(errno, EINVAL);
	t_close(&client);
	t_close(&server);
}

int main(void)
{
	t_begin("t_batch", 30);
	test_round(AF_INET);
	test_round(AF_INET6);
	return t_end();
}
