// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* HOMAIOCABORT and HOMAIOCINFO: uapi §9. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t.h"

#define PORT 99

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

static int abort_args(const struct t_sock *sock, const struct homa_abort_args *template)
{
	struct homa_abort_args args = *template;

	return ioctl(sock->fd, HOMAIOCABORT, &args) ? -errno : 0;
}

static void test_abort_arguments(int family)
{
	struct homa_abort_args args;
	struct hosts h;
	uint64_t id;

	open_hosts(&h, family);
	id = t_request(&h.client, &h.addr, 100, 1, 0);

	t_case("family %d: padding", family);
	args = (struct homa_abort_args){ .id = id, .error = EIO, ._pad1 = 1 };
	T_RET(abort_args(&h.client, &args), -EINVAL);
	args = (struct homa_abort_args){ .id = id, .error = EIO, ._pad2 = { 1, 0 } };
	T_RET(abort_args(&h.client, &args), -EINVAL);
	args = (struct homa_abort_args){ .id = id, .error = EIO, ._pad2 = { 0, 1 } };
	T_RET(abort_args(&h.client, &args), -EINVAL);

	t_case("family %d: an id that does not exist", family);
	T_RET(t_abort(&h.client, id + 2, EIO), -EINVAL);
	T_RET(t_abort(&h.client, id ^ 1, EIO), -EINVAL);
	T_RET(t_abort(&h.server, id, EIO), -EINVAL);

	t_case("family %d: the id of a server RPC", family);
	T_RET(t_recv(&h.server, &h.request, 0, 0), 100);
	T_RET(t_abort(&h.server, h.request.args.id, EIO), -EINVAL);

	t_case("family %d: no structure", family);
	T_EQ(ioctl(h.client.fd, HOMAIOCABORT, NULL), -1);
	T_RET(-errno, -EFAULT);

	t_case("family %d: nothing to abort", family);
	T_RET(t_abort(&h.server, 0, EIO), 0);

	t_case("family %d: the RPC has survived all that", family);
	T_RET(t_echo(&h.server, &h.request), 0);
	T_RET(t_recv(&h.client, &h.response, 0, 0), 100);
	T_EQ(h.response.args.id, id);
	close_hosts(&h);
}

static void test_abort(int family)
{
	uint64_t id, private_id, kept;
	uint64_t ids[5];
	struct hosts h;
	int i, j;

	open_hosts(&h, family);

	t_case("family %d: abort with an error", family);
	id = t_request(&h.client, &h.addr, 100, 7, 0);
	T_RET(t_abort(&h.client, id, ECONNABORTED), 0);
	T_RET(t_recv(&h.client, &h.response, 0, 0), -ECONNABORTED);
	T_EQ(h.response.args.id, id);
	T_EQ(h.response.args.completion_cookie, 7);
	T_EQ(h.response.args.num_bpages, 0);
	T_RET(t_recv(&h.client, &h.response, 0, MSG_DONTWAIT), -EAGAIN);
	T_RET(t_abort(&h.client, id, ECONNABORTED), -EINVAL);

	t_case("family %d: abort without an error", family);
	id = t_request(&h.client, &h.addr, 100, 8, 0);
	T_RET(t_abort(&h.client, id, 0), 0);
	T_EQ(t_info(&h.client).num_rpcs, 0);
	T_RET(t_recv(&h.client, &h.response, 0, MSG_DONTWAIT), -EAGAIN);

	t_case("family %d: abort a private RPC", family);
	private_id = t_request(&h.client, &h.addr, 100, 9, HOMA_SENDMSG_PRIVATE);
	T_RET(t_abort(&h.client, private_id, EPROTO), 0);
	T_RET(t_recv(&h.client, &h.response, 0, MSG_DONTWAIT), -EAGAIN);
	T_RET(t_recv(&h.client, &h.response, private_id, 0), -EPROTO);
	T_EQ(h.response.args.id, private_id);
	T_EQ(h.response.args.completion_cookie, 9);

	t_case("family %d: abort all, with an error", family);
	for (i = 0; i < 5; i++)
		ids[i] = t_request(&h.client, &h.addr, 30000, 20 + (uint32_t)i, 0);
	T_RET(t_abort(&h.client, 0, ECANCELED), 0);
	for (i = 0; i < 5; i++) {
		T_RET(t_recv(&h.client, &h.response, 0, 0), -ECANCELED);
		for (j = 0; j < 5 && ids[j] != h.response.args.id; j++)
			;
		if (!T_OK(j < 5))
			break;
		T_EQ(h.response.args.completion_cookie, 20 + j);
		ids[j] = 0;
	}
	T_RET(t_recv(&h.client, &h.response, 0, MSG_DONTWAIT), -EAGAIN);
	T_EQ(t_info(&h.client).num_rpcs, 0);

	t_case("family %d: abort all, silently", family);
	for (i = 0; i < 5; i++)
		t_request(&h.client, &h.addr, 300000, 30 + (uint32_t)i, 0);
	T_RET(t_abort(&h.client, 0, 0), 0);
	T_EQ(t_info(&h.client).num_rpcs, 0);
	T_RET(t_recv(&h.client, &h.response, 0, MSG_DONTWAIT), -EAGAIN);

	t_case("family %d: the server's RPCs of the same socket are not touched", family);
	close_hosts(&h);
	open_hosts(&h, family);
	kept = t_request(&h.client, &h.addr, 100, 40, 0);
	T_RET(t_recv(&h.server, &h.request, 0, 0), 100);
	T_RET(t_abort(&h.server, 0, EIO), 0);
	T_EQ(t_info(&h.server).num_rpcs, 1);
	T_RET(t_echo(&h.server, &h.request), 0);
	T_RET(t_recv(&h.client, &h.response, 0, 0), 100);
	T_EQ(h.response.args.id, kept);
	close_hosts(&h);
}

struct waiter {
	pthread_t thread;
	struct hosts *h;
	struct t_msg msg;
	uint64_t id;
	ssize_t ret;
};

static void *wait_for_response(void *arg)
{
	struct waiter *w = arg;

	w->ret = t_recv(&w->h->client, &w->msg, w->id, 0);
	return NULL;
}

/* Abort what a thread waits for. */
static void test_abort_waiter(int family, uint32_t flags, int error, int want)
{
	struct waiter w = { 0 };
	struct hosts h;
	uint64_t id;

	t_case("family %d: abort (error %d) while a thread waits (flags %u)", family, error, flags);
	open_hosts(&h, family);
	id = t_request(&h.client, &h.addr, 100, 3, flags);
	w.h = &h;
	w.id = flags ? id : 0;
	if (pthread_create(&w.thread, NULL, wait_for_response, &w))
		t_die("pthread_create");
	t_sleep_ms(30);
	T_RET(t_abort(&h.client, id, error), 0);
	pthread_join(w.thread, NULL);
	T_RET(w.ret, -want);
	if (error) {
		T_EQ(w.msg.args.id, id);
		T_EQ(w.msg.args.completion_cookie, 3);
	}
	close_hosts(&h);
}

static const struct homa_rpc_info *find(const struct homa_rpc_info *rpcs, uint32_t n, uint64_t id)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (rpcs[i].id == id)
			return &rpcs[i];
	return NULL;
}

static void test_info(int family)
{
	const struct homa_rpc_info *rpc;
	struct homa_rpc_info rpcs[6];
	struct homa_info info;
	uint64_t ids[3];
	struct t_addr peer;
	struct hosts h;
	int i;

	open_hosts(&h, family);

	t_case("family %d: info of a socket without RPCs", family);
	memset(&info, 0x5a, sizeof(info));
	info.rpc_info = 0;
	info.rpc_info_length = 0;
	T_EQ(ioctl(h.client.fd, HOMAIOCINFO, &info), 0);
	T_EQ(info.port, t_local_port(&h.client));
	T_EQ(info.num_rpcs, 0);
	T_EQ(info.bpool_avail_bytes, T_REGION_BYTES);
	T_OK(!info.error_msg[0]);
	T_EQ(t_info(&h.server).port, PORT);

	t_case("family %d: info of client RPCs", family);
	ids[0] = t_request(&h.client, &h.addr, 100, 11, 0);
	ids[1] = t_request(&h.client, &h.addr, 2000, 12, HOMA_SENDMSG_PRIVATE);
	ids[2] = t_request(&h.client, &h.addr, 300, 13, 0);
	T_EQ(t_rpcs(&h.client, rpcs, 6), 3);
	for (i = 0; i < 3; i++)
		T_EQ(rpcs[i].id, ids[i]);	/* oldest first */
	rpc = &rpcs[1];
	T_EQ(rpc->completion_cookie, 12);
	T_EQ(rpc->tx_length, 2000);
	T_EQ(rpc->tx_sent, 2000);
	T_EQ(rpc->tx_granted, 2000);
	T_EQ(rpc->rx_length, -1);
	T_OK(rpc->flags & HOMA_RPC_PRIVATE);
	T_OK(!(rpcs[0].flags & HOMA_RPC_PRIVATE));
	peer = (struct t_addr){ .sa = rpc->peer, .len = h.addr.len };
	T_OK(t_same_host(&peer, &h.addr));
	T_EQ(t_port(&peer), PORT);

	t_case("family %d: info of server RPCs", family);
	for (i = 0; i < 3; i++)
		T_OK(T_WAIT(t_arrived(&h.server, ids[i] ^ 1), 1000));
	T_EQ(t_rpcs(&h.server, rpcs, 6), 3);
	rpc = find(rpcs, 3, ids[1] ^ 1);
	if (T_OK(rpc)) {
		T_EQ(rpc->completion_cookie, 0);
		T_EQ(rpc->tx_length, -1);
		T_EQ(rpc->rx_length, 2000);
		T_EQ(rpc->rx_remaining, 0);
		T_EQ(rpc->rx_gaps, 0);
		T_EQ(rpc->rx_gap_bytes, 0);
		T_EQ(rpc->rx_granted, 2000);
		T_OK(rpc->flags & (HOMA_RPC_RX_READY | HOMA_RPC_RX_COPY));
		peer = (struct t_addr){ .sa = rpc->peer, .len = h.addr.len };
		T_OK(t_same_host(&peer, &h.addr));
		T_EQ(t_port(&peer), t_local_port(&h.client));
	}

	t_case("family %d: short arrays", family);
	memset(rpcs, 0x5a, sizeof(rpcs));
	info = (struct homa_info){
		.rpc_info = (uintptr_t)rpcs,
		.rpc_info_length = 2 * sizeof(rpcs[0]) + 100,
	};
	T_EQ(ioctl(h.client.fd, HOMAIOCINFO, &info), 0);
	T_EQ(info.num_rpcs, 3);
	T_EQ(rpcs[0].id, ids[0]);
	T_EQ(rpcs[1].id, ids[1]);
	T_EQ(rpcs[1].rx_length, -1);
	T_EQ(rpcs[2].id, 0x5a5a5a5a5a5a5a5a);
	info.rpc_info_length = sizeof(rpcs[0]) - 1;
	rpcs[0].id = 1;
	T_EQ(ioctl(h.client.fd, HOMAIOCINFO, &info), 0);
	T_EQ(info.num_rpcs, 3);
	T_EQ(rpcs[0].id, 1);
	close_hosts(&h);
}

static void test_info_errors(int family)
{
	char *gone = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct homa_sendmsg_args args = { .flags = 0x10 };
	struct homa_info info;
	struct hosts h;

	open_hosts(&h, family);

	t_case("family %d: no structure", family);
	T_EQ(ioctl(h.client.fd, HOMAIOCINFO, gone), -1);
	T_RET(-errno, -EFAULT);

	t_case("family %d: the array cannot be written", family);
	t_request(&h.client, &h.addr, 100, 1, 0);
	info = (struct homa_info){ .rpc_info = (uintptr_t)gone, .rpc_info_length = 4096 };
	T_EQ(ioctl(h.client.fd, HOMAIOCINFO, &info), -1);
	T_RET(-errno, -EFAULT);
	T_EQ(info.num_rpcs, 1);
	T_EQ(info.port, t_local_port(&h.client));

	t_case("family %d: error_msg explains the last error", family);
	T_RET(t_sendmsg(&h.client, &h.addr, "x", 1, &args, 0), -EINVAL);
	info = t_info(&h.client);
	T_OK(info.error_msg[0]);
	T_OK(memchr(info.error_msg, 0, sizeof(info.error_msg)));

	t_case("family %d: a socket that was shut down", family);
	T_OK(!shutdown(h.client.fd, SHUT_RDWR));
	T_EQ(ioctl(h.client.fd, HOMAIOCINFO, &info), -1);
	T_RET(-errno, -ESHUTDOWN);
	close_hosts(&h);
	munmap(gone, 4096);
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_abort", 50);
	for (i = 0; i < 2; i++) {
		test_abort_arguments(families[i]);
		test_abort(families[i]);
		test_abort_waiter(families[i], HOMA_SENDMSG_PRIVATE, ECANCELED, ECANCELED);
		test_abort_waiter(families[i], HOMA_SENDMSG_PRIVATE, 0, EINVAL);
		test_abort_waiter(families[i], 0, ECANCELED, ECANCELED);
		test_info(families[i]);
		test_info_errors(families[i]);
	}
	return t_end();
}
