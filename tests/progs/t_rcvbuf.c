// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* SO_HOMA_RCVBUF: uapi §5, row by row, and what happens when memory goes away. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t.h"

#define GIB ((uint64_t)1 << 30)

static int set_region(int fd, const void *start, uint64_t length, socklen_t optlen)
{
	struct {
		struct homa_rcvbuf_args args;
		char more[8];
	} opt = { .args = { .start = (uintptr_t)start, .length = length } };

	return setsockopt(fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, &opt, optlen) ? -errno : 0;
}

static struct homa_rcvbuf_args get_region(int fd)
{
	struct homa_rcvbuf_args args = { .start = 1, .length = 1 };
	socklen_t len = sizeof(args);

	if (getsockopt(fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, &args, &len))
		t_die("getsockopt(SO_HOMA_RCVBUF)");
	T_EQ(len, 16);
	return args;
}

/* Anonymous memory; only what is touched costs anything. */
static char *map(size_t bytes, int prot)
{
	char *start = mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (start == MAP_FAILED)
		t_die("mmap");
	return start;
}

static void test_table(int family)
{
	size_t min = t_region_min();
	char *region = map(4 << 20, PROT_READ | PROT_WRITE);
	char *readonly = map(4096, PROT_READ);
	char *gone = map(4096, PROT_READ);
	struct homa_rcvbuf_args args[2];
	struct t_sock sock;
	socklen_t len;

	munmap(gone, 4096);
	t_open_bare(&sock, family);

	t_case("family %d: not set yet", family);
	args[0] = get_region(sock.fd);
	T_EQ(args[0].start, 0);
	T_EQ(args[0].length, 0);
	len = sizeof(args);
	T_EQ(getsockopt(sock.fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, args, &len), 0);
	T_EQ(len, 16);
	len = 15;
	T_EQ(getsockopt(sock.fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, args, &len), -1);
	T_RET(-errno, -EINVAL);
	len = 16;
	T_EQ(getsockopt(sock.fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, readonly, &len), -1);
	T_RET(-errno, -EFAULT);

	t_case("family %d: bad arguments", family);
	T_RET(set_region(sock.fd, region, 4 << 20, 15), -EINVAL);
	T_RET(set_region(sock.fd, region, 4 << 20, 24), -EINVAL);
	T_EQ(setsockopt(sock.fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, gone, 16), -1);
	T_RET(-errno, -EFAULT);
	T_RET(set_region(sock.fd, readonly, 4 << 20, 16), -EFAULT);
	T_RET(set_region(sock.fd, gone, 4 << 20, 16), -EFAULT);
	T_RET(set_region(sock.fd, region + 64, 4 << 20, 16), -EINVAL);
	T_RET(set_region(sock.fd, region + 2048, 4 << 20, 16), -EINVAL);
	T_RET(set_region(sock.fd, region, 0, 16), -EINVAL);
	T_RET(set_region(sock.fd, region, min - 1, 16), -EINVAL);
	T_RET(set_region(sock.fd, region, 4 * GIB + 1, 16), -EINVAL);
	T_RET(set_region(sock.fd, region, UINT64_MAX, 16), -EINVAL);
	T_EQ(get_region(sock.fd).length, 0);

	t_case("family %d: the smallest region", family);
	T_RET(set_region(sock.fd, region, min, 16), 0);
	args[0] = get_region(sock.fd);
	T_EQ(args[0].start, (uintptr_t)region);
	T_EQ(args[0].length, min & ~(uint64_t)(HOMA_BPAGE_SIZE - 1));

	t_case("family %d: once per socket", family);
	T_RET(set_region(sock.fd, region, min, 16), -EINVAL);
	T_RET(set_region(sock.fd, region, 4 << 20, 16), -EINVAL);
	T_EQ(get_region(sock.fd).length, min & ~(uint64_t)(HOMA_BPAGE_SIZE - 1));
	t_close(&sock);

	t_case("family %d: exactly 4 GiB", family);
	t_open_bare(&sock, family);
	T_RET(set_region(sock.fd, region, 4 * GIB, 16), 0);
	T_EQ(get_region(sock.fd).length, 4 * GIB);
	t_close(&sock);
	munmap(region, 4 << 20);
	munmap(readonly, 4096);
}

static void test_without_region(int family)
{
	struct t_msg msg = { 0 };
	struct t_sock sock;

	t_case("family %d: recvmsg without a region", family);
	t_open_bare(&sock, family);
	msg.args.num_bpages = 3;
	T_RET(t_recv(&sock, &msg, 12, MSG_DONTWAIT), -EINVAL);
	T_EQ(msg.args.id, 12);
	T_EQ(msg.args.num_bpages, 3);
	T_RET(t_recv(&sock, &msg, 0, 0), -EINVAL);
	T_EQ(msg.args.id, 0);
	t_close(&sock);
}

/* The region is not pinned: what cannot be written fails the message. */
static void test_unmapped(int family)
{
	struct t_addr addr = t_loopback(family, 99);
	struct t_msg msg = { 0 }, answer = { 0 };
	struct t_sock server, client;
	uint64_t id;

	t_case("family %d: the server's region is not writable", family);
	t_open(&server, family, 99);
	t_open(&client, family, 0);
	mprotect(server.region, server.region_bytes, PROT_READ);
	id = t_request(&client, &addr, 5000, 1, 0);
	T_RET(t_recv(&server, &msg, 0, 0), -EFAULT);
	T_EQ(msg.args.id, id ^ 1);
	T_EQ(msg.args.num_bpages, 0);
	T_RET(t_abort(&client, id, 0), 0);
	/* The client may have asked for it again meanwhile. */
	mprotect(server.region, server.region_bytes, PROT_READ | PROT_WRITE);
	t_close(&server);

	t_case("family %d: the client's region is not writable", family);
	t_open(&server, family, 99);
	id = t_request(&client, &addr, 100000, 2, 0);
	T_RET(t_recv(&server, &msg, 0, 0), 100000);
	T_RET(t_echo(&server, &msg), 0);
	mprotect(client.region, client.region_bytes, PROT_NONE);
	T_RET(t_recv(&client, &answer, 0, 0), -EFAULT);
	T_EQ(answer.args.id, id);
	T_EQ(answer.args.completion_cookie, 2);
	T_EQ(answer.args.num_bpages, 0);
	T_EQ(t_info(&client).num_rpcs, 0);

	t_case("family %d: and is writable again", family);
	mprotect(client.region, client.region_bytes, PROT_READ | PROT_WRITE);
	t_request(&client, &addr, 100000, 3, 0);
	T_RET(t_recv(&server, &msg, 0, 0), 100000);
	T_RET(t_echo(&server, &msg), 0);
	T_RET(t_recv(&client, &answer, 0, 0), 100000);
	T_OK(t_msg_is(&client, &answer, 3));
	t_close(&server);
	t_close(&client);
}

/* A response that arrives before there is a region must not hang the RPC. */
static void test_late_region(int family)
{
	struct t_addr addr = t_loopback(family, 99);
	struct t_msg msg = { 0 }, answer = { 0 };
	struct t_sock server, client;
	ssize_t ret;

	t_case("family %d: the response is there before the region", family);
	t_open(&server, family, 99);
	t_open_bare(&client, family);
	t_request(&client, &addr, 3000, 1, 0);
	T_RET(t_recv(&server, &msg, 0, 0), 3000);
	T_RET(t_echo(&server, &msg), 0);
	t_sleep_ms(30);
	T_RET(t_set_region(&client, T_REGION_BYTES), 0);
	ret = t_recv(&client, &answer, 0, 0);
	if (ret > 0)
		T_OK(t_msg_is(&client, &answer, 1));
	else
		T_OK(answer.args.id != 0);
	t_close(&server);
	t_close(&client);
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_rcvbuf", 50);
	for (i = 0; i < 2; i++) {
		test_table(families[i]);
		test_without_region(families[i]);
		test_unmapped(families[i]);
		test_late_region(families[i]);
	}
	return t_end();
}
