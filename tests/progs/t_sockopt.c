// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Socket options beyond SO_HOMA_*: each has an effect or is refused. Enters the
 * namespaces c and s of api_sockopt.sh itself; it also made there:
 *
 *	device c1/s1, 10.0.1.1 and .2, fd01::1 and ::2
 *	c: packets with mark 5 are prohibited (but with the argument "norules"),
 *	priority 1:3 leads to a hole, 10.7.0.0/24 to 10.0.0.2
 */
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "t.h"

#define PORT 99

static const int families[] = { AF_INET, AF_INET6 };
static const char *const server_ip[] = { "10.0.0.2", "fd00::2" };
static const char *const second_ip[] = { "10.0.1.2", "fd01::2" };
static const char *const foreign[] = { "10.0.0.77", "fd00::77" };

static struct t_sock server, client;

static void open_hosts(int family)
{
	t_netns("s");
	t_open(&server, family, PORT);
	t_netns("c");
	t_open(&client, family, 0);
}

static void close_hosts(void)
{
	t_close(&server);
	t_close(&client);
}

/* ---- what is in packets ---- */

/* The first Homa packet that host c sends after this call. */
static int sniff_start(int family)
{
	struct sockaddr_ll where = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(family == AF_INET ? ETH_P_IP : ETH_P_IPV6),
	};
	struct timeval limit = { .tv_sec = 5 };
	int fd;

	t_netns("s");
	where.sll_ifindex = (int)if_nametoindex("s0");
	fd = socket(AF_PACKET, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&where, sizeof(where)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		t_die("packet socket");
	t_netns("c");
	return fd;
}

static void sniff(int fd, int family, unsigned char *header)
{
	struct sockaddr_ll from;
	socklen_t len;
	ssize_t n;

	do {
		len = sizeof(from);
		n = recvfrom(fd, header, 60, 0, (struct sockaddr *)&from, &len);
		if (n < 0)
			t_die("no packet");
	} while (from.sll_pkttype == PACKET_OUTGOING ||
		 header[family == AF_INET ? 9 : 6] != IPPROTO_HOMA);
	close(fd);
}

static void test_ttl(int i)
{
	int family = families[i];
	int level = i ? IPPROTO_IPV6 : IPPROTO_IP;
	int name = i ? IPV6_UNICAST_HOPS : IP_TTL;
	struct t_addr to = t_addr(family, server_ip[i], PORT);
	struct t_addr mapped = t_addr(AF_INET6, server_ip[0], PORT);
	unsigned char header[60];
	int fd;

	t_case("family %d: TTL, hop limit", family);
	open_hosts(family);
	T_EQ(t_getopt(&client, level, name), 64);
	T_RET(t_setopt(&client, level, name, 7), 0);
	T_EQ(t_getopt(&client, level, name), 7);
	fd = sniff_start(family);
	T_OK(t_exchange(&client, &to, &server, 100, NULL));
	sniff(fd, family, header);
	T_EQ(header[i ? 7 : 8], 7);

	t_case("family %d: levels belong to packets", family);
	if (i) {
		T_RET(t_setopt(&client, IPPROTO_IP, IP_TTL, 9), 0);
		fd = sniff_start(AF_INET);
		T_OK(t_exchange(&client, &mapped, &server, 100, NULL));
		sniff(fd, AF_INET, header);
		T_EQ(header[8], 9);
	} else {
		T_RET(t_setopt(&client, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9), -ENOPROTOOPT);
		T_RET(t_getopt(&client, IPPROTO_IPV6, IPV6_UNICAST_HOPS), -ENOPROTOOPT);
	}
	close_hosts();
}

static void test_mtu(int i)
{
	struct t_addr to = t_addr(families[i], server_ip[i], PORT);
	int level = i ? IPPROTO_IPV6 : IPPROTO_IP;
	int discover = i ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER;

	t_case("family %d: MTU discovery", families[i]);
	open_hosts(families[i]);
	T_EQ(t_getopt(&client, level, discover), IP_PMTUDISC_DO);
	T_RET(t_setopt(&client, level, discover, IP_PMTUDISC_DO), 0);
	T_RET(t_setopt(&client, level, discover, IP_PMTUDISC_DONT), -EINVAL);
	T_RET(t_setopt(&client, level, discover, IP_PMTUDISC_PROBE), -EINVAL);
	T_EQ(t_getopt(&client, level, discover), IP_PMTUDISC_DO);
	T_RET(t_getopt(&client, level, i ? IPV6_MTU : IP_MTU), -ENOTCONN);
	T_EQ(connect(client.fd, (struct sockaddr *)&to.sa, to.len), 0);
	T_RET(t_getopt(&client, level, i ? IPV6_MTU : IP_MTU), 1500);
	close_hosts();
}

/* ---- routing ---- */

static int send_one(const struct t_addr *to)
{
	struct homa_sendmsg_args args = { 0 };
	int ret = t_sendmsg(&client, to, "x", 1, &args, 0);

	if (!ret)
		T_RET(t_abort(&client, args.id, 0), 0);
	return ret;
}

static void test_mark(int i)
{
	struct t_addr to = t_addr(families[i], server_ip[i], PORT);

	t_case("family %d: SO_MARK", families[i]);
	open_hosts(families[i]);
	T_OK(t_exchange(&client, &to, &server, 10, NULL));
	T_RET(t_setopt(&client, SOL_SOCKET, SO_MARK, 5), 0);
	T_RET(send_one(&to), -EACCES);
	T_RET(t_setopt(&client, SOL_SOCKET, SO_MARK, 6), 0);
	T_OK(t_exchange(&client, &to, &server, 10, NULL));
	close_hosts();
}

static void test_priority(int i)
{
	struct t_addr to = t_addr(families[i], server_ip[i], PORT);
	struct t_msg answer = { 0 };

	t_case("family %d: SO_PRIORITY", families[i]);
	open_hosts(families[i]);
	T_OK(t_exchange(&client, &to, &server, 10, NULL));
	T_RET(t_setopt(&client, SOL_SOCKET, SO_PRIORITY, 0x10003), 0);
	t_request(&client, &to, 10, 1, 0);
	T_RET(t_recv(&client, &answer, 0, 0), -ETIMEDOUT);
	T_RET(t_setopt(&client, SOL_SOCKET, SO_PRIORITY, 0), 0);
	T_OK(t_exchange(&client, &to, &server, 10, NULL));
	close_hosts();
}

static int bind_device(const struct t_sock *sock, const char *name)
{
	return setsockopt(sock->fd, SOL_SOCKET, SO_BINDTODEVICE, name,
			  (socklen_t)strlen(name)) ? -errno : 0;
}

static void test_device(int i)
{
	struct t_addr first = t_addr(families[i], server_ip[i], PORT);
	struct t_addr second = t_addr(families[i], second_ip[i], PORT);

	t_case("family %d: SO_BINDTODEVICE of a receiver", families[i]);
	open_hosts(families[i]);
	t_netns("s");
	T_RET(bind_device(&server, "s1"), 0);
	T_OK(t_exchange(&client, &second, &server, 100000, NULL));
	T_RET(t_refused(&client, &first), -ENOTCONN);
	T_RET(bind_device(&server, ""), 0);
	T_OK(t_exchange(&client, &first, &server, 10, NULL));

	t_case("family %d: SO_BINDTODEVICE of a sender", families[i]);
	t_netns("c");
	T_RET(bind_device(&client, "c1"), 0);
	T_OK(t_exchange(&client, &second, &server, 100000, NULL));
	/* With a device IPv4 takes every host to be on its link. */
	T_RET(bind_device(&client, "lo"), 0);
	T_RET(send_one(&second), i ? -ENETUNREACH : 0);
	T_RET(bind_device(&client, "nosuch"), -ENODEV);
	close_hosts();
}

static void test_foreign(int i)
{
	int level = i ? IPPROTO_IPV6 : IPPROTO_IP;
	struct t_addr to = t_addr(families[i], server_ip[i], PORT);
	struct t_addr addr = t_addr(families[i], foreign[i], 0);
	struct t_msg request = { 0 };

	t_case("family %d: freebind", families[i]);
	open_hosts(families[i]);
	T_RET(t_bind_addr(&client, &addr), -EADDRNOTAVAIL);
	T_RET(t_setopt(&client, level, i ? IPV6_FREEBIND : IP_FREEBIND, 1), 0);
	T_RET(t_getopt(&client, level, i ? IPV6_FREEBIND : IP_FREEBIND), 1);
	T_RET(t_bind_addr(&client, &addr), 0);

	t_case("family %d: transparent", families[i]);
	t_close(&client);
	t_open(&client, families[i], 0);
	T_RET(t_setopt(&client, level, i ? IPV6_TRANSPARENT : IP_TRANSPARENT, 1), 0);
	T_RET(t_getopt(&client, level, i ? IPV6_TRANSPARENT : IP_TRANSPARENT), 1);
	T_RET(t_bind_addr(&client, &addr), 0);
	t_request(&client, &to, 1000, 3, 0);
	T_RET(t_recv(&server, &request, 0, 0), 1000);
	T_OK(t_same_host(&request.from, &addr));
	close_hosts();
}

static void test_v6only(void)
{
	struct t_addr mapped = t_addr(AF_INET6, server_ip[0], PORT);
	struct t_addr six = t_addr(AF_INET6, server_ip[1], PORT);
	struct t_addr any4 = t_addr(AF_INET6, "0.0.0.0", PORT);

	t_case("IPV6_V6ONLY");
	open_hosts(AF_INET6);
	T_EQ(t_getopt(&client, IPPROTO_IPV6, IPV6_V6ONLY), 0);
	T_RET(t_setopt(&server, IPPROTO_IPV6, IPV6_V6ONLY, 1), -EINVAL);
	t_close(&server);
	t_netns("s");
	t_open(&server, AF_INET6, 0);
	T_RET(t_setopt(&server, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
	T_EQ(t_getopt(&server, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	T_RET(t_bind_addr(&server, &any4), -EINVAL);
	T_RET(t_bind(&server, PORT), 0);
	T_OK(t_exchange(&client, &six, &server, 10, NULL));
	T_RET(t_refused(&client, &mapped), -ENOTCONN);
	t_netns("c");
	T_RET(t_setopt(&client, IPPROTO_IPV6, IPV6_V6ONLY, 1), 0);
	T_RET(send_one(&mapped), -ENETUNREACH);
	T_EQ(connect(client.fd, (struct sockaddr *)&mapped.sa, mapped.len), -1);
	T_EQ(errno, ENETUNREACH);
	T_OK(t_exchange(&client, &six, &server, 10, NULL));
	close_hosts();
}

static void test_dontroute(void)
{
	struct t_addr gateway = t_addr(AF_INET, "10.7.0.1", PORT);
	struct t_addr near = t_addr(AF_INET, server_ip[0], PORT);

	t_case("SO_DONTROUTE: hosts behind a gateway cannot be reached");
	open_hosts(AF_INET);
	T_RET(send_one(&gateway), 0);
	T_RET(t_setopt(&client, SOL_SOCKET, SO_DONTROUTE, 1), 0);
	T_RET(send_one(&gateway), -ENETUNREACH);
	T_OK(t_exchange(&client, &near, &server, 10, NULL));
	T_RET(t_setopt(&client, SOL_SOCKET, SO_DONTROUTE, 0), 0);
	T_RET(send_one(&gateway), 0);
	close_hosts();
}

/* ---- what was set can be read ---- */

static void test_readback(int i)
{
	const struct {
		int level, name, value, expected;
	} options[] = {
		{ IPPROTO_HOMA, SO_HOMA_SERVER, 1, 1 },
		{ IPPROTO_HOMA, SO_HOMA_SERVER, 0, 0 },
		/* The kernel doubles sizes. */
		{ SOL_SOCKET, SO_SNDBUF, 50000, 100000 },
		{ SOL_SOCKET, SO_RCVBUF, 60000, 120000 },
		{ SOL_SOCKET, SO_MARK, 7, 7 },
		{ SOL_SOCKET, SO_PRIORITY, 5, 5 },
		{ SOL_SOCKET, SO_DONTROUTE, 1, 1 },
		{ SOL_SOCKET, SO_ZEROCOPY, 1, 1 },
		{ SOL_SOCKET, SO_BINDTOIFINDEX, (int)if_nametoindex("c1"),
		  (int)if_nametoindex("c1") },
		{ SOL_SOCKET, SO_LOCK_FILTER, 1, 1 },
		{ IPPROTO_IP, IP_TTL, 33, 33 },
		{ IPPROTO_IP, IP_FREEBIND, 1, 1 },
		{ IPPROTO_IP, IP_TRANSPARENT, 1, 1 },
		{ IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_PMTUDISC_DO },
		{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, 44, 44 },
		{ IPPROTO_IPV6, IPV6_FREEBIND, 1, 1 },
		{ IPPROTO_IPV6, IPV6_TRANSPARENT, 1, 1 },
		{ IPPROTO_IPV6, IPV6_V6ONLY, 1, 1 },
		{ IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 0, 0 },
		{ IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 1, 1 },
		{ IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO, IPV6_PMTUDISC_DO },
	};
	struct sock_filter all[] = { BPF_STMT(BPF_RET | BPF_K, 0xffffffff) };
	struct sock_fprog program = { .len = 1, .filter = all };
	size_t n;

	open_hosts(families[i]);
	for (n = 0; n < sizeof(options) / sizeof(options[0]); n++) {
		if (options[n].level == IPPROTO_IPV6 && !i)
			continue;
		t_case("family %d: option %d of level %d can be set and read", families[i],
		       options[n].name, options[n].level);
		T_RET(t_setopt(&client, options[n].level, options[n].name, options[n].value), 0);
		T_RET(t_getopt(&client, options[n].level, options[n].name), options[n].expected);
	}
	t_case("family %d: SO_LOCK_FILTER", families[i]);
	T_EQ(setsockopt(client.fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), -1);
	T_EQ(errno, EPERM);
	close_hosts();
}

/* ---- time ---- */

static void test_timeouts(int i)
{
	struct timeval limit = { .tv_usec = 200000 }, got = { 0 };
	struct t_msg msg = { 0 };
	socklen_t len = sizeof(got);
	uint64_t start, ms;

	t_case("family %d: SO_RCVTIMEO", families[i]);
	open_hosts(families[i]);
	T_EQ(setsockopt(client.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	T_EQ(getsockopt(client.fd, SOL_SOCKET, SO_RCVTIMEO, &got, &len), 0);
	T_EQ(got.tv_usec, 200000);
	start = t_now_ms();
	T_RET(t_recv(&client, &msg, 0, 0), -EAGAIN);
	ms = t_now_ms() - start;
	T_OK(ms >= 199 && ms < 2000);
	start = t_now_ms();
	T_RET(t_recv(&client, &msg, 0, MSG_DONTWAIT), -EAGAIN);
	T_OK(t_now_ms() - start < 199);
	close_hosts();
}

static void test_stamps(int i)
{
	static const int refused[] = {
		SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMPING, SO_TXTIME, SO_RXQ_OVFL,
		SO_RCVMARK,
	};
	struct t_addr to = t_addr(families[i], server_ip[i], PORT);
	struct timeval stamp, now;
	int value = 1;
	size_t n;

	open_hosts(families[i]);
	for (n = 0; n < sizeof(refused) / sizeof(refused[0]); n++) {
		t_case("family %d: SOL_SOCKET option %d is refused", families[i], refused[n]);
		T_EQ(setsockopt(server.fd, SOL_SOCKET, refused[n], &value, sizeof(value)), -1);
		T_EQ(errno, EOPNOTSUPP);
	}
	t_case("family %d: SIOCGSTAMP", families[i]);
	T_EQ(ioctl(server.fd, SIOCGSTAMP, &stamp), -1);
	T_EQ(errno, ENOENT);
	T_OK(t_exchange(&client, &to, &server, 50000, NULL));
	T_EQ(ioctl(server.fd, SIOCGSTAMP, &stamp), 0);
	gettimeofday(&now, NULL);
	T_OK(now.tv_sec - stamp.tv_sec <= 2);
	T_OK(now.tv_sec > stamp.tv_sec ||
	     (now.tv_sec == stamp.tv_sec && now.tv_usec >= stamp.tv_usec));
	/* It is the arrival's, not the call's. */
	t_sleep_ms(1500);
	T_EQ(ioctl(server.fd, SIOCGSTAMP, &now), 0);
	T_EQ(now.tv_sec, stamp.tv_sec);
	T_EQ(now.tv_usec, stamp.tv_usec);
	close_hosts();
}

static void test_error(int i)
{
	struct t_addr nobody = t_addr(families[i], server_ip[i], 4711);

	t_case("family %d: SO_ERROR knows nothing of RPCs", families[i]);
	open_hosts(families[i]);
	T_RET(t_refused(&client, &nobody), -ENOTCONN);
	T_EQ(t_getopt(&client, SOL_SOCKET, SO_ERROR), 0);
	close_hosts();
}

int main(int argc, char **argv)
{
	bool rules = !(argc > 1 && !strcmp(argv[1], "norules"));
	int i;

	t_begin("t_sockopt", 50);
	for (i = 0; i < 2; i++) {
		test_ttl(i);
		test_mtu(i);
		if (rules)
			test_mark(i);
		test_priority(i);
		test_device(i);
		test_foreign(i);
		test_readback(i);
		test_timeouts(i);
		test_stamps(i);
		test_error(i);
	}
	test_dontroute();
	test_v6only();
	return t_end();
}
