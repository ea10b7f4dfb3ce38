// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Calls that Homa does not support, unknown options and requests: uapi §2.1, §5.1, §9. */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t.h"

#define FAILS(call, error) \
	do { \
		errno = 0; \
		T_OK((call) < 0); \
		T_RET(-errno, -(error)); \
	} while (0)

static void test_calls(int family)
{
	struct t_addr addr = t_loopback(family, 99);
	struct t_addr name = { .len = sizeof(name.sa) };
	struct t_sock sock;
	char byte = 0;
	int pair[2];

	t_open(&sock, family, 0);

	t_case("family %d: stream calls", family);
	FAILS(listen(sock.fd, 1), EOPNOTSUPP);
	FAILS(accept(sock.fd, NULL, NULL), EOPNOTSUPP);
	FAILS(socketpair(family, SOCK_DGRAM, IPPROTO_HOMA, pair), EOPNOTSUPP);
	FAILS(getpeername(sock.fd, (struct sockaddr *)&name.sa, &name.len), ENOTCONN);

	t_case("family %d: mmap", family);
	T_OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, sock.fd, 0) == MAP_FAILED);
	T_RET(-errno, -ENODEV);

	t_case("family %d: calls without the control structure", family);
	FAILS(write(sock.fd, &byte, 1), EINVAL);
	FAILS(send(sock.fd, &byte, 1, 0), EINVAL);
	FAILS(read(sock.fd, &byte, 1), EINVAL);
	FAILS(recv(sock.fd, &byte, 1, 0), EINVAL);
	FAILS(recvfrom(sock.fd, &byte, 1, 0, (struct sockaddr *)&name.sa, &name.len), EINVAL);
	T_OK(sendto(sock.fd, &byte, 1, 0, (struct sockaddr *)&addr.sa, addr.len) < 0);
	T_OK(errno == EINVAL || errno == EFAULT);
	T_EQ(t_info(&sock).num_rpcs, 0);
	t_close(&sock);
}

static void test_options(int family)
{
	int value = 1, i;
	struct t_sock sock;
	socklen_t len;

	static const struct {
		int level;
		int name;
	} unknown[] = {
		{ IPPROTO_HOMA, 0 }, { IPPROTO_HOMA, 1 }, { IPPROTO_HOMA, 9 },
		{ IPPROTO_HOMA, 12 }, { IPPROTO_HOMA, -1 },
		{ IPPROTO_IP, IP_TOS }, { IPPROTO_IP, IP_RECVERR }, { IPPROTO_IP, IP_PKTINFO },
		{ IPPROTO_IP, IP_HDRINCL }, { IPPROTO_IP, IP_MULTICAST_TTL },
		{ IPPROTO_IPV6, IPV6_TCLASS }, { IPPROTO_IPV6, IPV6_RECVPKTINFO },
		{ IPPROTO_IPV6, IPV6_RECVERR }, { IPPROTO_IPV6, IPV6_ADDRFORM },
		{ IPPROTO_TCP, 1 }, { IPPROTO_UDP, 1 },
	};

	t_open_bare(&sock, family);
	for (i = 0; i < (int)(sizeof(unknown) / sizeof(unknown[0])); i++) {
		t_case("family %d: option %d of level %d", family, unknown[i].name,
		       unknown[i].level);
		FAILS(setsockopt(sock.fd, unknown[i].level, unknown[i].name, &value, sizeof(value)),
		      ENOPROTOOPT);
		len = sizeof(value);
		FAILS(getsockopt(sock.fd, unknown[i].level, unknown[i].name, &value, &len),
		      ENOPROTOOPT);
	}
	t_case("family %d: SOL_SOCKET works", family);
	len = sizeof(value);
	T_EQ(getsockopt(sock.fd, SOL_SOCKET, SO_TYPE, &value, &len), 0);
	T_EQ(value, SOCK_DGRAM);
	T_EQ(getsockopt(sock.fd, SOL_SOCKET, SO_PROTOCOL, &value, &len), 0);
	T_EQ(value, IPPROTO_HOMA);
	t_close(&sock);
}

static void test_ioctls(int family)
{
	char arg[256] = { 0 };
	struct t_sock sock;

	t_open_bare(&sock, family);
	t_case("family %d: unknown ioctls", family);
	FAILS(ioctl(sock.fd, _IOWR('h', 0x93, struct homa_info), arg), EINVAL);
	FAILS(ioctl(sock.fd, _IO('h', 0x8f)), EINVAL);
	FAILS(ioctl(sock.fd, _IO('h', 0)), EINVAL);
	FAILS(ioctl(sock.fd, _IOWR('h', 0x90, char[8]), arg), EINVAL);
	t_case("family %d: HOMAIOCFREEZE", family);
	T_EQ(ioctl(sock.fd, HOMAIOCFREEZE), 0);
	t_close(&sock);
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_generic", 30);
	for (i = 0; i < 2; i++) {
		test_calls(families[i]);
		test_options(families[i]);
		test_ioctls(families[i]);
	}
	return t_end();
}
