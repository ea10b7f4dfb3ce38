// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* sendmsg(): uapi §6, row by row. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "t.h"

#define PORT 99

static unsigned char body[HOMA_MAX_MESSAGE_LENGTH + 1];

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

static int send_args(const struct hosts *h, const struct homa_sendmsg_args *template)
{
	struct homa_sendmsg_args args = *template;

	return t_sendmsg(&h->client, &h->addr, body, 100, &args, 0);
}

static char *map_page(int prot)
{
	char *page = mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		t_die("mmap");
	return page;
}

static void test_request(int family)
{
	struct homa_sendmsg_args args = {
		.completion_cookie = 0x123456789abcdef0,
		.flags = HOMA_SENDMSG_PRIVATE,
	};
	struct hosts h;

	open_hosts(&h, family);
	t_case("family %d: a request", family);
	T_RET(t_sendmsg(&h.client, &h.addr, body, 100, &args, 0), 0);
	T_OK(args.id && !(args.id & 1));
	T_EQ(args.completion_cookie, 0x123456789abcdef0);
	T_EQ(args.flags, HOMA_SENDMSG_PRIVATE);
	T_EQ(args.reserved, 0);

	t_case("family %d: other message flags are ignored", family);
	args.id = 0;
	args.flags = 0;
	T_RET(t_sendmsg(&h.client, &h.addr, body, 100, &args, MSG_DONTWAIT | MSG_NOSIGNAL), 0);
	close_hosts(&h);
}

static void test_bad_args(int family)
{
	char *readonly = map_page(PROT_READ);
	char *gone = map_page(PROT_NONE);
	struct homa_sendmsg_args args = { 0 };
	struct iovec piece = { .iov_base = body, .iov_len = 100 };
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &args };
	struct t_addr addr;
	struct hosts h;

	open_hosts(&h, family);

	t_case("family %d: no address", family);
	T_EQ(sendmsg(h.client.fd, &msg, 0), -1);
	T_RET(-errno, -EINVAL);

	t_case("family %d: msg_controllen is not 0", family);
	msg.msg_name = &h.addr.sa;
	msg.msg_namelen = h.addr.len;
	msg.msg_controllen = sizeof(args);
	T_EQ(sendmsg(h.client.fd, &msg, 0), -1);
	T_RET(-errno, -EINVAL);
	msg.msg_controllen = 1;
	T_EQ(sendmsg(h.client.fd, &msg, 0), -1);
	T_RET(-errno, -EINVAL);

	t_case("family %d: the control structure cannot be read", family);
	T_RET(t_sendmsg(&h.client, &h.addr, body, 100, (void *)gone, 0), -EFAULT);

	t_case("family %d: the control structure cannot be written", family);
	T_RET(t_sendmsg(&h.client, &h.addr, body, 100, (void *)readonly, 0), -EFAULT);
	T_EQ(t_info(&h.client).num_rpcs, 0);

	t_case("family %d: flags, reserved", family);
	args = (struct homa_sendmsg_args){ .flags = 2 };
	T_RET(send_args(&h, &args), -EINVAL);
	args.flags = 0x80000001;
	T_RET(send_args(&h, &args), -EINVAL);
	args = (struct homa_sendmsg_args){ .reserved = 1 };
	T_RET(send_args(&h, &args), -EINVAL);
	args = (struct homa_sendmsg_args){ .id = 5, .flags = 2 };
	T_RET(send_args(&h, &args), -EINVAL);
	args = (struct homa_sendmsg_args){ .id = 5, .reserved = 1 };
	T_RET(send_args(&h, &args), -EINVAL);
	args = (struct homa_sendmsg_args){ .id = 5, .completion_cookie = 1 };
	T_RET(send_args(&h, &args), -EINVAL);

	t_case("family %d: address family and length", family);
	args = (struct homa_sendmsg_args){ 0 };
	addr = t_loopback(family == AF_INET ? AF_INET6 : AF_INET, PORT);
	addr.len = sizeof(addr.sa);
	T_RET(t_sendmsg(&h.client, &addr, body, 100, &args, 0), -EAFNOSUPPORT);
	addr = h.addr;
	addr.len--;
	T_RET(t_sendmsg(&h.client, &addr, body, 100, &args, 0), -EINVAL);
	addr.len = 8;
	T_RET(t_sendmsg(&h.client, &addr, body, 100, &args, 0), -EINVAL);

	t_case("family %d: message length", family);
	T_RET(t_sendmsg(&h.client, &h.addr, body, 0, &args, 0), -EINVAL);
	T_RET(t_sendmsg(&h.client, &h.addr, body, HOMA_MAX_MESSAGE_LENGTH + 1, &args, 0), -EINVAL);

	t_case("family %d: the message cannot be read", family);
	T_RET(t_sendmsg(&h.client, &h.addr, gone, 100, &args, 0), -EFAULT);
	memcpy(body, "partly", 6);
	msg.msg_iov = (struct iovec[]){ { body, 100000 }, { gone, 100 } };
	msg.msg_iovlen = 2;
	msg.msg_controllen = 0;
	args = (struct homa_sendmsg_args){ 0 };
	T_EQ(sendmsg(h.client.fd, &msg, 0), -1);
	T_RET(-errno, -EFAULT);

	t_case("family %d: nothing is left of failed requests", family);
	T_EQ(t_info(&h.client).num_rpcs, 0);
	T_OK(t_info(&h.client).error_msg[0]);

	t_case("family %d: and the socket works", family);
	while (t_info(&h.server).num_rpcs)	/* requests that were on their way */
		if (t_recv(&h.server, &h.request, 0, MSG_DONTWAIT) > 0)
			T_RET(t_echo(&h.server, &h.request), 0);
		else
			t_sleep_ms(1);
	t_request(&h.client, &h.addr, 100, 1, 0);
	T_RET(t_recv(&h.server, &h.request, 0, 0), 100);
	T_RET(t_echo(&h.server, &h.request), 0);
	T_RET(t_recv(&h.client, &h.response, 0, 0), 100);
	T_OK(t_msg_is(&h.client, &h.response, 1));
	close_hosts(&h);
	munmap(readonly, 4096);
	munmap(gone, 4096);
}

static void test_response(int family)
{
	struct homa_sendmsg_args args;
	struct homa_rpc_info rpc;
	struct t_addr addr;
	struct hosts h;
	uint64_t id;

	open_hosts(&h, family);

	t_case("family %d: a response to an RPC that does not exist", family);
	args = (struct homa_sendmsg_args){ .id = 12345 };
	T_RET(t_sendmsg(&h.server, &h.addr, body, 100, &args, 0), 0);
	args = (struct homa_sendmsg_args){ .id = 12346 };
	T_RET(t_sendmsg(&h.server, &h.addr, body, 100, &args, 0), 0);

	t_case("family %d: a response before the request was received", family);
	id = t_request(&h.client, &h.addr, 5000, 1, 0);
	T_OK(T_WAIT(t_arrived(&h.server, id ^ 1), 1000));
	T_EQ(t_rpcs(&h.server, &rpc, 1), 1);
	T_EQ(rpc.id, id ^ 1);
	addr = (struct t_addr){ .sa = rpc.peer, .len = h.addr.len };
	args = (struct homa_sendmsg_args){ .id = rpc.id };
	T_RET(t_sendmsg(&h.server, &addr, body, 100, &args, 0), -EINVAL);

	t_case("family %d: the request is unaffected", family);
	T_RET(t_recv(&h.server, &h.request, 0, 0), 5000);
	T_EQ(h.request.args.id, id ^ 1);
	T_OK(t_msg_is(&h.server, &h.request, 1));

	t_case("family %d: a response to a different host", family);
	addr = t_addr(family, family == AF_INET ? "127.0.0.9" : "::9", t_port(&h.request.from));
	args = (struct homa_sendmsg_args){ .id = h.request.args.id };
	T_RET(t_sendmsg(&h.server, &addr, body, 100, &args, 0), 0);

	t_case("family %d: the port in the address of a response is ignored", family);
	addr = h.request.from;
	((struct sockaddr_in *)&addr.sa)->sin_port = 1;
	args = (struct homa_sendmsg_args){ .id = h.request.args.id };
	t_fill(body, 7000, 2);
	T_RET(t_sendmsg(&h.server, &addr, body, 7000, &args, 0), 0);

	T_RET(t_recv(&h.client, &h.response, 0, 0), 7000);
	T_EQ(h.response.args.id, id);
	T_OK(t_msg_is(&h.client, &h.response, 2));

	t_case("family %d: a response when the client has given up", family);
	id = t_request(&h.client, &h.addr, 100, 3, 0);
	T_RET(t_recv(&h.server, &h.request, 0, 0), 100);
	T_RET(t_abort(&h.client, id, 0), 0);
	T_RET(t_echo(&h.server, &h.request), 0);
	close_hosts(&h);
}

/* A second response is refused while the first has not been acked. The server
 * asks for the ack 2 ms after the response was sent; when we were too slow, the
 * RPC does not exist any more, and we try again.
 */
static void test_second_response(int family)
{
	struct homa_sendmsg_args args;
	unsigned int refused = 0, i;
	uint64_t start_ms, id;
	struct hosts h;
	int ret;

	open_hosts(&h, family);
	t_case("family %d: a second response", family);
	for (i = 0; i < 20 && !refused; i++) {
		id = t_request(&h.client, &h.addr, 100, 1, 0);
		T_RET(t_recv(&h.server, &h.request, 0, 0), 100);
		start_ms = t_now_ms();
		T_RET(t_respond(&h.server, &h.request, 1000, 2), 0);
		args = (struct homa_sendmsg_args){ .id = h.request.args.id };
		ret = t_sendmsg(&h.server, &h.request.from, body, 50, &args, 0);
		if (ret == -EINVAL)
			refused++;
		else
			T_OK(ret == 0 && t_now_ms() - start_ms >= 1);
		T_RET(t_recv(&h.client, &h.response, 0, 0), 1000);
		T_EQ(h.response.args.id, id);
		T_OK(t_msg_is(&h.client, &h.response, 2));
	}
	T_EQ(refused, 1);
	close_hosts(&h);
}

static void test_bad_response(int family)
{
	struct homa_sendmsg_args args;
	struct hosts h;

	open_hosts(&h, family);
	t_case("family %d: a response with a cookie", family);
	t_request(&h.client, &h.addr, 100, 1, 0);
	T_RET(t_recv(&h.server, &h.request, 0, 0), 100);
	args = (struct homa_sendmsg_args){ .id = h.request.args.id, .completion_cookie = 1 };
	T_RET(t_sendmsg(&h.server, &h.request.from, body, 100, &args, 0), -EINVAL);

	t_case("family %d: a response of a bad length", family);
	t_request(&h.client, &h.addr, 100, 2, 0);
	T_RET(t_recv(&h.server, &h.request, 0, 0), 100);
	args = (struct homa_sendmsg_args){ .id = h.request.args.id };
	T_RET(t_sendmsg(&h.server, &h.request.from, body, 0, &args, 0), -EINVAL);
	t_request(&h.client, &h.addr, 100, 3, 0);
	T_RET(t_recv(&h.server, &h.request, 0, 0), 100);
	args = (struct homa_sendmsg_args){ .id = h.request.args.id };
	T_RET(t_sendmsg(&h.server, &h.request.from, body, HOMA_MAX_MESSAGE_LENGTH + 1, &args, 0),
	      -EINVAL);
	close_hosts(&h);
}

static void test_routing(int family)
{
	struct t_addr addr = t_addr(family, family == AF_INET ? "10.99.0.1" : "fd99::1", PORT);
	struct homa_sendmsg_args args = { 0 };
	struct hosts h;

	open_hosts(&h, family);
	t_case("family %d: no route", family);
	T_RET(t_sendmsg(&h.client, &addr, body, 100, &args, 0), -ENETUNREACH);
	T_EQ(t_info(&h.client).num_rpcs, 0);
	close_hosts(&h);
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_sendmsg", 50);
	for (i = 0; i < 2; i++) {
		test_request(families[i]);
		test_bad_args(families[i]);
		test_response(families[i]);
		test_second_response(families[i]);
		test_bad_response(families[i]);
		test_routing(families[i]);
	}
	return t_end();
}
