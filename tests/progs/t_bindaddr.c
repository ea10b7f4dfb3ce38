// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * bind() to an address: who receives what, and from where is sent; which
 * addresses and ports are allowed. Runs outside of the namespaces c and s of
 * api_bindaddr.sh and enters them itself.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"

#define PORT 99

/* Addresses of host s: two of each family. */
static const char *const one[] = { "10.0.0.2", "fd00::2" };
static const char *const two[] = { "10.0.0.22", "fd00::22" };
static const char *const foreign[] = { "10.0.0.77", "fd00::77" };
static const char *const wild[] = { "0.0.0.0", "::" };
static const int families[] = { AF_INET, AF_INET6 };

static struct t_sock server, client;

static struct t_addr name_of(const struct t_sock *sock)
{
	struct t_addr name = { .len = sizeof(name.sa) };

	if (getsockname(sock->fd, (struct sockaddr *)&name.sa, &name.len))
		t_die("getsockname");
	return name;
}

static void open_hosts(int server_family, int client_family)
{
	t_netns("s");
	t_open(&server, server_family, 0);
	t_netns("c");
	t_open(&client, client_family, 0);
	t_netns("s");
}

static void close_hosts(void)
{
	t_close(&server);
	t_close(&client);
}

static void test_receives_there(int i)
{
	int family = families[i];
	struct t_addr first = t_addr(family, one[i], PORT);
	struct t_addr second = t_addr(family, two[i], PORT);
	struct t_addr any = t_addr(family, wild[i], PORT);
	struct t_sock other;
	struct t_addr name;

	t_case("family %d: a bound socket receives at its address only", family);
	open_hosts(family, family);
	T_RET(t_bind_addr(&server, &first), 0);
	name = name_of(&server);
	T_OK(t_same_host(&name, &first));
	T_EQ(t_port(&name), PORT);
	T_OK(t_exchange(&client, &first, &server, 5000, NULL));
	T_RET(t_refused(&client, &second), -ENOTCONN);

	t_case("family %d: a port has one owner, whatever the address", family);
	t_open_bare(&other, family);
	T_RET(t_bind_addr(&other, &second), -EADDRINUSE);
	name = name_of(&other);
	T_OK(t_port(&name) >= HOMA_MIN_DEFAULT_PORT);
	any = t_addr(family, wild[i], 0);
	T_OK(t_same_host(&name, &any));
	t_close(&other);

	t_case("family %d: the address can be changed", family);
	T_RET(t_bind_addr(&server, &second), 0);
	T_OK(t_exchange(&client, &second, &server, 5000, NULL));
	T_RET(t_refused(&client, &first), -ENOTCONN);

	t_case("family %d: port 0 and no address change nothing", family);
	T_RET(t_bind_addr(&server, &any), 0);
	name = name_of(&server);
	T_OK(t_same_host(&name, &second));

	t_case("family %d: and taken back", family);
	any = t_addr(family, wild[i], PORT);
	T_RET(t_bind_addr(&server, &any), 0);
	name = name_of(&server);
	T_OK(t_same_host(&name, &any));
	T_OK(t_exchange(&client, &first, &server, 100, NULL));
	T_OK(t_exchange(&client, &second, &server, 100, NULL));
	close_hosts();
}

static void test_sends_from(int i)
{
	int family = families[i];
	struct t_addr second = t_addr(family, two[i], 0);
	struct t_addr to = t_addr(family, i ? "fd00::1" : "10.0.0.1", PORT);
	struct t_msg request = { 0 };
	uint16_t port;

	t_case("family %d: requests come from the address; port 0 leaves the port", family);
	open_hosts(family, family);
	port = t_local_port(&server);
	T_RET(t_bind_addr(&server, &second), 0);
	T_EQ(t_local_port(&server), port);
	T_EQ(t_getopt(&server, IPPROTO_HOMA, SO_HOMA_SERVER), 0);
	t_netns("c");
	T_RET(t_bind(&client, PORT), 0);
	T_OK(t_exchange(&server, &to, &client, 200000, &request));
	T_OK(t_same_host(&request.from, &second));

	t_case("family %d: others are not led to use it", family);
	t_close(&server);
	t_netns("s");
	t_open(&server, family, 0);
	second = t_addr(family, one[i], 0);
	T_OK(t_exchange(&server, &to, &client, 100, &request));
	T_OK(t_same_host(&request.from, &second));
	close_hosts();
}

static void test_not_ours(int i)
{
	int family = families[i];
	struct t_addr addr = t_addr(family, foreign[i], PORT);
	struct t_addr name;
	uint16_t port;

	t_case("family %d: addresses of others", family);
	t_netns("s");
	t_open_bare(&server, family);
	port = t_local_port(&server);
	T_RET(t_bind_addr(&server, &addr), -EADDRNOTAVAIL);
	addr = t_addr(family, i ? "ff02::1" : "224.0.0.1", PORT);
	T_RET(t_bind_addr(&server, &addr), i ? -EINVAL : -EADDRNOTAVAIL);
	addr = t_addr(family, i ? "ff0e::1" : "10.0.0.255", PORT);
	T_RET(t_bind_addr(&server, &addr), -EADDRNOTAVAIL);
	name = name_of(&server);
	T_EQ(t_port(&name), port);
	addr = t_addr(family, wild[i], 0);
	T_OK(t_same_host(&name, &addr));
	T_EQ(t_getopt(&server, IPPROTO_HOMA, SO_HOMA_SERVER), 0);

	t_case("family %d: allowed by ip_nonlocal_bind", family);
	addr = t_addr(family, foreign[i], PORT);
	t_sysctl(i ? "net/ipv6/ip_nonlocal_bind" : "net/ipv4/ip_nonlocal_bind", "1");
	T_RET(t_bind_addr(&server, &addr), 0);
	t_sysctl(i ? "net/ipv6/ip_nonlocal_bind" : "net/ipv4/ip_nonlocal_bind", "0");
	name = name_of(&server);
	T_OK(t_same_host(&name, &addr));
	t_close(&server);
}

/* AF_INET6 sockets with IPv4 addresses. */
static void test_mapped(void)
{
	struct t_addr first = t_addr(AF_INET6, one[0], PORT);
	struct t_addr second = t_addr(AF_INET6, two[0], PORT);
	struct t_addr six = t_addr(AF_INET6, one[1], PORT);
	struct t_addr six_host = t_addr(AF_INET6, "fd00::1", 0);
	struct t_addr any = t_addr(AF_INET6, "0.0.0.0", PORT);
	struct t_addr to = t_addr(AF_INET, one[0], PORT);
	struct homa_sendmsg_args args = { 0 };
	struct t_msg request = { 0 };

	t_case("v4-mapped address: IPv4 only, and only there");
	open_hosts(AF_INET6, AF_INET6);
	T_RET(t_bind_addr(&server, &first), 0);
	T_OK(t_exchange(&client, &first, &server, 100, &request));
	T_RET(t_refused(&client, &second), -ENOTCONN);
	T_RET(t_refused(&client, &six), -ENOTCONN);
	T_RET(t_sendmsg(&server, &six_host, "x", 1, &args, 0), -EINVAL);
	six_host = t_addr(AF_INET6, "fd00::1", PORT);
	T_RET(t_sendmsg(&server, &six_host, "x", 1, &args, 0), -ENETUNREACH);

	t_case("mapped wildcard: IPv4 only");
	T_RET(t_bind_addr(&server, &any), 0);
	T_OK(t_exchange(&client, &first, &server, 100, NULL));
	T_OK(t_exchange(&client, &second, &server, 100, NULL));
	T_RET(t_refused(&client, &six), -ENOTCONN);

	t_case("IPv6 address: IPv6 only");
	T_RET(t_bind_addr(&server, &six), 0);
	T_OK(t_exchange(&client, &six, &server, 100, NULL));
	T_RET(t_refused(&client, &first), -ENOTCONN);
	T_RET(t_sendmsg(&server, &first, "x", 1, &args, 0), -ENETUNREACH);
	close_hosts();

	t_case("an IPv4 client and a socket bound to a mapped address");
	open_hosts(AF_INET6, AF_INET);
	T_RET(t_bind_addr(&server, &first), 0);
	T_OK(t_exchange(&client, &to, &server, 100, NULL));
	close_hosts();
}

static void test_link_local(void)
{
	struct t_addr plain = t_addr(AF_INET6, "fe80::2", PORT);
	struct homa_sendmsg_args args = { 0 };
	struct t_addr addr, from, wrong;
	struct t_msg request = { 0 };

	open_hosts(AF_INET6, AF_INET6);
	t_case("link-local addresses want a scope");
	T_RET(t_bind_addr(&server, &plain), -EINVAL);
	T_RET(t_sendmsg(&client, &plain, "x", 1, &args, 0), -EINVAL);
	addr = t_scoped(plain, "s0");
	wrong = t_scoped(plain, "lo");
	T_RET(t_bind_addr(&server, &wrong), -EADDRNOTAVAIL);
	T_RET(t_bind_addr(&server, &addr), 0);

	t_case("link-local RPCs");
	t_netns("c");
	addr = t_scoped(plain, "c0");
	T_OK(t_exchange(&client, &addr, &server, 100000, &request));
	from = t_addr(AF_INET6, "fe80::1", 0);
	T_OK(t_same_host(&request.from, &from));
	t_netns("s");
	addr = t_scoped(plain, "s0");
	T_EQ(((struct sockaddr_in6 *)&request.from.sa)->sin6_scope_id,
	     ((struct sockaddr_in6 *)&addr.sa)->sin6_scope_id);

	t_case("a client bound to a link-local address needs no other scope");
	t_netns("c");
	from = t_scoped(from, "c0");
	T_RET(t_bind_addr(&client, &from), 0);
	T_OK(t_exchange(&client, &plain, &server, 100, NULL));
	close_hosts();
}

/* Low ports, in a process without privileges. */
static void unprivileged(const struct t_sock *bound)
{
	struct t_sock sock;

	t_case("unprivileged: low ports");
	if (setgid(65534) || setuid(65534))
		t_die("setuid");
	t_open_bare(&sock, AF_INET);
	T_RET(t_bind(&sock, 1), -EACCES);
	T_RET(t_bind(&sock, 1023), -EACCES);
	T_EQ(t_getopt(&sock, IPPROTO_HOMA, SO_HOMA_SERVER), 0);
	T_RET(t_bind(&sock, 1024), 0);
	T_RET(t_bind(&sock, 1023), -EACCES);
	T_EQ(t_local_port(&sock), 1024);
	t_case("unprivileged: a low port that is bound already");
	T_RET(t_bind(bound, PORT), 0);
	t_close(&sock);
	t_open_bare(&sock, AF_INET6);
	T_RET(t_bind(&sock, 1023), -EACCES);
	t_close(&sock);
}

static void still_unprivileged(void)
{
	struct t_sock sock;

	if (setgid(65534) || setuid(65534))
		t_die("setuid");
	t_open_bare(&sock, AF_INET6);
	T_RET(t_bind(&sock, 1), 0);
	t_close(&sock);
}

static void in_child(void (*body)(const struct t_sock *sock), void (*simple)(void),
		     const struct t_sock *sock)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		if (body)
			body(sock);
		else
			simple();
		_exit(t_end());
	}
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(status, 0);
}

static void test_low_ports(void)
{
	t_netns("s");
	t_open(&server, AF_INET, PORT);
	in_child(unprivileged, NULL, &server);
	t_case("net.homa.privileged_ports 0: as the reference");
	t_sysctl("net/homa/privileged_ports", "0");
	in_child(NULL, still_unprivileged, NULL);
	t_sysctl("net/homa/privileged_ports", "1");
	t_case("net.ipv4.ip_unprivileged_port_start counts, too");
	t_sysctl("net/ipv4/ip_unprivileged_port_start", "0");
	in_child(NULL, still_unprivileged, NULL);
	t_sysctl("net/ipv4/ip_unprivileged_port_start", "1024");
	t_close(&server);
}

/* 127.0.0.1 does not leave the host, though there is a cached route to the other one. */
static void test_loopback(void)
{
	struct t_addr to = t_addr(AF_INET, one[0], PORT);
	struct t_addr loopback = t_loopback(AF_INET, 0);

	t_case("a socket of 127.0.0.1 reaches no other host");
	open_hosts(AF_INET, AF_INET);
	T_RET(t_bind(&server, PORT), 0);
	T_OK(t_exchange(&client, &to, &server, 100, NULL));
	t_close(&client);
	t_netns("c");
	t_open(&client, AF_INET, 0);
	T_RET(t_bind_addr(&client, &loopback), 0);
	T_RET(t_sendmsg(&client, &to, "x", 1, &(struct homa_sendmsg_args){ 0 }, 0), -EINVAL);
	t_netns("s");
	close_hosts();
}

int main(void)
{
	int i;

	t_begin("t_bindaddr", 50);
	for (i = 0; i < 2; i++) {
		test_receives_there(i);
		test_sends_from(i);
		test_not_ours(i);
	}
	test_mapped();
	test_loopback();
	test_link_local();
	test_low_ports();
	return t_end();
}
