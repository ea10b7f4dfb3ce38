// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* SO_HOMA_RCVBUF: uapi §5, row by row, and what happens when memory goes away. */
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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

static int move_region(int fd, const void *start, uint64_t length)
{
	struct homa_rcvbuf_args args = { .start = (uintptr_t)start, .length = length };

	return setsockopt(fd, IPPROTO_HOMA, SO_HOMA_RCVBUF_MOVE, &args, sizeof(args)) ? -errno : 0;
}

/* Another region in the place of the first; buffers keep their offsets. */
static void test_move(int family)
{
	size_t min = t_region_min() & ~(size_t)(HOMA_BPAGE_SIZE - 1);
	struct t_addr addr = t_loopback(family, 99);
	char *first = map(16 << 20, PROT_READ | PROT_WRITE), *second, *readonly;
	struct t_msg kept[3] = { 0 }, msg = { 0 }, none = { 0 };
	struct t_sock server, client;
	uint64_t avail;
	int i;

	t_open(&client, family, 0);
	t_open_bare(&server, family);
	T_RET(t_bind(&server, 99), 0);

	t_case("family %d: no region to replace", family);
	memset(first, 7, 16);
	T_RET(move_region(server.fd, first, min + HOMA_BPAGE_SIZE), -EINVAL);
	T_EQ(first[0], 7);
	T_EQ(get_region(server.fd).length, 0);

	t_case("family %d: bad replacements", family);
	T_RET(set_region(server.fd, first, min + 2 * HOMA_BPAGE_SIZE, 16), 0);
	readonly = map(min + 4 * HOMA_BPAGE_SIZE, PROT_READ);
	T_RET(move_region(server.fd, readonly, min + 4 * HOMA_BPAGE_SIZE), -EFAULT);
	T_RET(move_region(server.fd, first + 64, min + 4 * HOMA_BPAGE_SIZE), -EINVAL);
	T_RET(move_region(server.fd, first, min + HOMA_BPAGE_SIZE), -EINVAL);
	T_RET(move_region(server.fd, first, 4 * GIB + 1), -EINVAL);
	T_EQ(get_region(server.fd).start, (uintptr_t)first);
	T_EQ(get_region(server.fd).length, min + 2 * HOMA_BPAGE_SIZE);
	munmap(readonly, min + 4 * HOMA_BPAGE_SIZE);

	t_case("family %d: messages before and after, and one that waits for room", family);
	server.region = (unsigned char *)first;
	server.region_bytes = min + 2 * HOMA_BPAGE_SIZE;
	for (i = 0; i < 2; i++) {
		t_request(&client, &addr, 1000000, (uint32_t)i + 1, 0);
		T_RET(t_recv(&server, &kept[i], 0, 0), 1000000);
	}
	avail = t_info(&server).bpool_avail_bytes;
	T_OK(avail < 1000000);
	t_request(&client, &addr, 1000000, 3, 0);
	t_sleep_ms(20);
	T_RET(t_recv(&server, &none, 0, MSG_DONTWAIT), -EAGAIN);
	second = mremap(first, 16 << 20, 24 << 20, MREMAP_MAYMOVE);
	T_OK(second != MAP_FAILED);
	T_RET(move_region(server.fd, second, 16 << 20), 0);
	T_EQ(get_region(server.fd).start, (uintptr_t)second);
	T_EQ(get_region(server.fd).length, 16 << 20);
	server.region = (unsigned char *)second;
	server.region_bytes = 16 << 20;
	T_RET(t_recv(&server, &msg, 0, 0), 1000000);
	T_OK(t_msg_is(&server, &msg, 3));
	for (i = 0; i < 2; i++)
		T_OK(t_msg_is(&server, &kept[i], (uint32_t)i + 1));
	for (i = 0; i < 2; i++)
		T_RET(t_echo(&server, &kept[i]), 0);
	T_RET(t_echo(&server, &msg), 0);
	for (i = 0; i < 3; i++) {
		T_RET(t_recv(&client, &none, 0, 0), 1000000);
		T_OK(t_msg_is(&client, &none, (uint32_t)none.args.completion_cookie));
	}
	t_release(&client, &none);

	t_case("family %d: all buffers go back, each once", family);
	for (i = 0; i < 2; i++)
		t_release(&server, &kept[i]);
	t_release(&server, &msg);
	T_EQ(t_info(&server).bpool_avail_bytes, 16 << 20);
	kept[0].args.num_bpages = 1;
	T_RET(t_recv(&server, &kept[0], 0, MSG_DONTWAIT), -EINVAL);
	t_close(&client);
	close(server.fd);
	munmap(second, 24 << 20);
}

/* In a child that is user @uid: receive on @sock. Returns the result. */
static int receive_as_if(const struct t_sock *sock, uid_t uid, bool dumpable)
{
	struct t_msg msg = { 0 };
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		t_die("fork");
	if (!pid) {
		ssize_t ret;

		if (uid && (setgid(uid) || setuid(uid)))
			_exit(100);
		/* setuid() made it 0. */
		if (prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0))
			_exit(102);
		msg.args.num_bpages = 0;
		ret = t_recv(sock, &msg, 0, MSG_DONTWAIT);
		if (ret > 0 && !t_msg_is(sock, &msg, 5))
			_exit(101);
		_exit(ret > 0 ? 0 : (int)-ret);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		t_die("waitpid");
	return -WEXITSTATUS(status);
}

static int receive_as(const struct t_sock *sock, uid_t uid)
{
	return receive_as_if(sock, uid, true);
}

/* A process that set the region for its own memory, as user @uid. */
static void set_as(struct t_sock *sock, uid_t uid)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		t_die("fork");
	if (!pid) {
		if (setgid(uid) || setuid(uid))
			_exit(100);
		_exit(-t_set_region(sock, T_REGION_BYTES));
	}
	if (waitpid(pid, &status, 0) != pid || status)
		t_die("setting a region as user %u: status %x", uid, status);
}

/* The region counts in memory that its maker might write. */
static void test_other_memory(int family)
{
	struct t_addr addr = t_loopback(family, 99);
	struct t_sock server, client;
	struct t_msg msg = { 0 };
	struct homa_info info;
	int i;

	t_open(&client, family, 0);
	t_open(&server, family, 99);
	for (i = 0; i < 3; i++) {
		static const uid_t uids[] = { 0, 65534, 0 };

		t_case("family %d: a child, as user %u", family, uids[i]);
		t_request(&client, &addr, 5000, 5, 0);
		T_OK(T_WAIT(t_arrived(&server, 0), 1000));
		T_RET(receive_as(&server, uids[i]), 0);
		T_RET(t_abort(&client, 0, 0), 0);
	}
	t_case("family %d: a child that is not dumpable, of a privileged one", family);
	t_request(&client, &addr, 5000, 5, 0);
	T_OK(T_WAIT(t_arrived(&server, 0), 1000));
	T_RET(receive_as_if(&server, 65534, false), 0);
	t_close(&server);

	t_case("family %d: a region that another user made", family);
	t_open_bare(&server, family);
	T_RET(t_bind(&server, 99), 0);
	set_as(&server, 65534);
	T_EQ(get_region(server.fd).length, T_REGION_BYTES);
	t_request(&client, &addr, 5000, 5, 0);
	T_OK(T_WAIT(t_arrived(&server, 0), 1000));
	msg.args.num_bpages = 1;
	msg.args.bpage_offsets[0] = 0;
	T_RET(t_recv(&server, &msg, 0, 0), -EPERM);
	T_EQ(msg.args.id, 0);
	T_EQ(msg.args.num_bpages, 1);
	info = t_info(&server);
	T_EQ(info.num_rpcs, 1);
	T_OK(strstr(info.error_msg, "for other memory") != NULL);
	T_RET(receive_as(&server, 65533), -EPERM);

	t_case("family %d: a process that its own user may not trace", family);
	T_RET(receive_as_if(&server, 65534, false), -EPERM);

	t_case("family %d: the owner of the socket makes it his", family);
	server.region = (unsigned char *)map(T_REGION_BYTES, PROT_READ | PROT_WRITE);
	server.region_bytes = T_REGION_BYTES;
	T_RET(move_region(server.fd, server.region, T_REGION_BYTES), 0);
	memset(&msg, 0, sizeof(msg));
	T_RET(t_recv(&server, &msg, 0, 0), 5000);
	T_OK(t_msg_is(&server, &msg, 5));
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
		test_move(families[i]);
		test_other_memory(families[i]);
	}
	return t_end();
}
