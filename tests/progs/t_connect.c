// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * connect(): default destination, whose requests are admitted, addresses, and
 * AF_UNSPEC. Enters the namespaces c and s of api_connect.sh itself.
 */
#include <string.h>
#include <unistd.h>

#include "t.h"

#define PORT 99

static const char *const server_ip[] = { "10.0.0.2", "fd00::2" };
static const char *const client_ip[] = { "10.0.0.1", "fd00::1" };
static const char *const wild[] = { "0.0.0.0", "::" };

static struct t_sock server, client, other;

static int do_connect(const struct t_sock *sock, const struct t_addr *addr)
{
	return connect(sock->fd, (const struct sockaddr *)&addr->sa, addr->len) ? -errno : 0;
}

static int dissolve(const struct t_sock *sock)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	return connect(sock->fd, &none, sizeof(none)) ? -errno : 0;
}

static bool named(const struct t_sock *sock, bool peer, const char *ip, uint16_t port)
{
	struct t_addr want = t_addr(sock->family, ip, port);
	struct t_addr got = { .len = sizeof(got.sa) };
	int ret;

	if (peer)
		ret = getpeername(sock->fd, (struct sockaddr *)&got.sa, &got.len);
	else
		ret = getsockname(sock->fd, (struct sockaddr *)&got.sa, &got.len);
	return T_RET(ret ? -errno : 0, 0) && T_EQ(t_port(&got), port) &&
	       T_OK(t_same_host(&got, &want));
}

static void open_hosts(int family)
{
	t_netns("c");
	t_open(&client, family, 0);
	t_open(&other, family, 0);
	t_netns("s");
	t_open(&server, family, PORT);
}

static void close_hosts(void)
{
	t_close(&server);
	t_close(&client);
	t_close(&other);
}

/* A request without an address goes to the peer and comes back. */
static bool default_exchange(const struct t_sock *from, const struct t_sock *to)
{
	struct homa_sendmsg_args args = { .completion_cookie = 7 };
	struct t_msg request = { 0 }, response = { 0 };
	struct iovec piece = { "hello", 5 };
	struct msghdr msg = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &args };
	bool ok;

	ok = T_EQ(sendmsg(from->fd, &msg, 0), 0) &&
	     T_RET(t_recv(to, &request, 0, 0), 5);
	if (!ok)
		return false;
	T_RET(t_echo(to, &request), 0);
	ok = T_RET(t_recv(from, &response, 0, 0), 5) &&
	     T_EQ(response.args.completion_cookie, 7);
	t_release(to, &request);
	t_release(from, &response);
	return ok;
}

static void test_destination(int i)
{
	int family = i ? AF_INET6 : AF_INET;
	struct t_addr to = t_addr(family, server_ip[i], PORT);
	struct t_addr elsewhere = t_addr(family, client_ip[i], 0);
	struct homa_sendmsg_args args = { 0 };
	struct msghdr msg = { .msg_control = &args };
	struct iovec piece = { "x", 1 };
	struct t_addr name = { .len = sizeof(name.sa) };
	uint16_t port;

	open_hosts(family);
	port = t_local_port(&client);
	msg.msg_iov = &piece;
	msg.msg_iovlen = 1;

	t_case("family %d: not connected", family);
	T_EQ(sendmsg(client.fd, &msg, 0), -1);
	T_EQ(errno, EINVAL);

	t_case("family %d: the default destination", family);
	T_RET(do_connect(&client, &to), 0);
	T_OK(named(&client, true, server_ip[i], PORT));
	T_OK(named(&client, false, client_ip[i], port));
	T_OK(default_exchange(&client, &server));

	t_case("family %d: a destination that is named counts, its response comes", family);
	t_netns("c");
	T_RET(t_bind(&other, 100), 0);
	elsewhere = t_addr(family, client_ip[i], 100);
	T_OK(t_exchange(&client, &elsewhere, &other, 30000, NULL));

	t_case("family %d: another peer", family);
	T_RET(do_connect(&client, &elsewhere), 0);
	T_OK(named(&client, true, client_ip[i], 100));
	T_OK(default_exchange(&client, &other));

	t_case("family %d: the port can be bound, not another address", family);
	T_RET(t_bind(&client, 101), 0);
	T_OK(named(&client, false, client_ip[i], 101));
	to = t_addr(family, i ? "::1" : "127.0.0.1", 102);
	T_RET(t_bind_addr(&client, &to), -EINVAL);
	T_OK(named(&client, false, client_ip[i], 101));

	t_case("family %d: AF_UNSPEC dissolves it", family);
	T_RET(dissolve(&client), 0);
	T_EQ(getpeername(client.fd, (struct sockaddr *)&name.sa, &name.len), -1);
	T_EQ(errno, ENOTCONN);
	T_OK(named(&client, false, wild[i], 101));
	T_EQ(sendmsg(client.fd, &msg, 0), -1);
	T_EQ(errno, EINVAL);
	T_RET(dissolve(&client), 0);

	t_case("family %d: what was bound stays", family);
	T_RET(t_bind_addr(&client, &(struct t_addr){ 0 }), -EINVAL);
	to = t_addr(family, client_ip[i], 0);
	T_RET(t_bind_addr(&client, &to), 0);
	T_RET(do_connect(&client, &elsewhere), 0);
	T_RET(dissolve(&client), 0);
	T_OK(named(&client, false, client_ip[i], 101));
	close_hosts();
}

static void test_filter(int i)
{
	int family = i ? AF_INET6 : AF_INET;
	struct t_addr to = t_addr(family, server_ip[i], PORT);
	struct t_addr admitted;

	t_case("family %d: requests of the peer only", family);
	open_hosts(family);
	admitted = t_addr(family, client_ip[i], t_local_port(&client));
	T_RET(do_connect(&server, &admitted), 0);
	T_OK(t_exchange(&client, &to, &server, 100000, NULL));
	T_RET(t_refused(&other, &to), -ENOTCONN);
	T_OK(t_exchange(&client, &to, &server, 10, NULL));

	t_case("family %d: requests of everybody again", family);
	T_RET(dissolve(&server), 0);
	T_OK(t_exchange(&other, &to, &server, 10, NULL));
	T_OK(t_exchange(&client, &to, &server, 10, NULL));
	close_hosts();
}

static void test_errors(int i)
{
	int family = i ? AF_INET6 : AF_INET;
	struct t_addr to = t_addr(family, server_ip[i], PORT);
	struct t_addr strange = t_addr(i ? AF_INET : AF_INET6, server_ip[!i], PORT);
	struct t_addr none;

	t_case("family %d: errors", family);
	open_hosts(family);
	T_EQ(connect(client.fd, (struct sockaddr *)&to.sa, i ? 20 : 12), -1);
	T_EQ(errno, EINVAL);
	if (!i)
		T_RET(do_connect(&client, &strange), -EAFNOSUPPORT);
	none = t_addr(family, i ? "2001:db8::1" : "192.0.2.1", PORT);
	T_RET(do_connect(&client, &none), -ENETUNREACH);
	none.len = sizeof(none.sa);
	T_EQ(getpeername(client.fd, (struct sockaddr *)&none.sa, &none.len), -1);
	T_EQ(errno, ENOTCONN);
	if (!i) {
		none = t_addr(family, "10.0.0.255", PORT);
		T_RET(do_connect(&client, &none), -EACCES);
	} else {
		none = t_addr(family, "fe80::2", PORT);
		T_RET(do_connect(&client, &none), -EINVAL);
	}
	T_OK(t_exchange(&client, &to, &server, 10, NULL));
	close_hosts();
}

/* AF_INET6 sockets connected to an IPv4 host and to a link-local address. */
static void test_six(void)
{
	struct t_addr mapped = t_addr(AF_INET6, server_ip[0], PORT);
	struct t_addr six = t_addr(AF_INET6, server_ip[1], PORT);
	struct t_addr local = t_addr(AF_INET6, "fe80::2", PORT);
	struct homa_sendmsg_args args = { 0 };
	struct t_addr from;

	t_case("connected to a v4-mapped address");
	open_hosts(AF_INET6);
	T_RET(do_connect(&client, &mapped), 0);
	T_OK(named(&client, true, server_ip[0], PORT));
	T_OK(default_exchange(&client, &server));
	T_RET(t_sendmsg(&client, &six, "x", 1, &args, 0), -ENETUNREACH);
	T_RET(dissolve(&client), 0);
	T_OK(t_exchange(&client, &six, &server, 10, NULL));

	t_case("admitting a v4-mapped address");
	from = t_addr(AF_INET6, client_ip[0], t_local_port(&client));
	T_RET(do_connect(&server, &from), 0);
	T_OK(t_exchange(&client, &mapped, &server, 10, NULL));
	T_RET(t_refused(&other, &mapped), -ENOTCONN);
	T_RET(t_refused(&client, &six), -ENOTCONN);
	T_RET(dissolve(&server), 0);

	t_case("connected to a link-local address");
	t_netns("c");
	local = t_scoped(local, "c0");
	T_RET(do_connect(&client, &local), 0);
	T_OK(default_exchange(&client, &server));
	T_RET(dissolve(&client), 0);
	T_OK(t_exchange(&client, &six, &server, 10, NULL));
	close_hosts();
}

int main(void)
{
	int i;

	t_begin("t_connect", 50);
	for (i = 0; i < 2; i++) {
		test_destination(i);
		test_filter(i);
		test_errors(i);
	}
	test_six();
	return t_end();
}
