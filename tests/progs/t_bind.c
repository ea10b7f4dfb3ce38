// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* socket(), bind(), SO_HOMA_SERVER: uapi §2, §3, §4, row by row. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"

static int server_flag(const struct t_sock *sock)
{
	socklen_t len = sizeof(int);
	int value = -1;

	if (getsockopt(sock->fd, IPPROTO_HOMA, SO_HOMA_SERVER, &value, &len))
		t_die("getsockopt(SO_HOMA_SERVER)");
	T_EQ(len, sizeof(int));
	return value;
}

static int set_server_flag(const struct t_sock *sock, int value)
{
	return setsockopt(sock->fd, IPPROTO_HOMA, SO_HOMA_SERVER, &value, sizeof(value)) ?
		-errno : 0;
}

static int bind_raw(const struct t_sock *sock, const struct t_addr *addr, socklen_t len)
{
	return bind(sock->fd, (const struct sockaddr *)&addr->sa, len) ? -errno : 0;
}

static void test_socket(int family)
{
	struct t_addr name = { .len = sizeof(name.sa) };
	struct t_sock one, two;
	struct t_addr any;
	int fd;

	t_case("family %d: a new socket", family);
	t_open_bare(&one, family);
	t_open_bare(&two, family);
	T_OK(!getsockname(one.fd, (struct sockaddr *)&name.sa, &name.len));
	any = t_addr(family, family == AF_INET ? "0.0.0.0" : "::", 0);
	T_EQ(name.len, any.len);
	T_EQ(name.sa.ss_family, family);
	T_OK(t_same_host(&name, &any));
	T_OK(t_local_port(&one) >= HOMA_MIN_DEFAULT_PORT);
	T_OK(t_local_port(&two) >= HOMA_MIN_DEFAULT_PORT);
	T_OK(t_local_port(&one) != t_local_port(&two));
	T_EQ(server_flag(&one), 0);
	t_close(&one);
	t_close(&two);

	t_case("family %d: socket types", family);
	fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_HOMA);
	T_OK(fd >= 0);
	close(fd);
	T_EQ(socket(family, SOCK_STREAM, IPPROTO_HOMA), -1);
	T_OK(errno == ESOCKTNOSUPPORT || errno == EPROTONOSUPPORT);
}

static void test_unprivileged(void)
{
	int status;
	pid_t pid;

	t_case("an unprivileged process");
	pid = fork();
	if (!pid) {
		struct t_sock sock;

		if (setgid(65534) || setuid(65534))
			t_die("setuid");
		t_open(&sock, AF_INET, 0);
		t_close(&sock);
		t_open(&sock, AF_INET6, 5000);
		_exit(0);
	}
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(status, 0);
}

static void test_bad_addresses(int family)
{
	struct t_addr addr = t_loopback(family, 99);
	struct t_addr other = t_loopback(family == AF_INET ? AF_INET6 : AF_INET, 99);
	struct t_sock sock;
	uint16_t port;

	t_case("family %d: bad addresses", family);
	t_open_bare(&sock, family);
	port = t_local_port(&sock);
	T_RET(bind_raw(&sock, &other, sizeof(other.sa)), -EAFNOSUPPORT);
	other.sa.ss_family = AF_UNIX;
	T_RET(bind_raw(&sock, &other, sizeof(other.sa)), -EAFNOSUPPORT);
	T_RET(bind_raw(&sock, &addr, addr.len - 1), -EINVAL);
	T_RET(bind_raw(&sock, &addr, 2), -EINVAL);
	T_EQ(t_local_port(&sock), port);
	T_EQ(server_flag(&sock), 0);
	T_RET(bind_raw(&sock, &addr, sizeof(addr.sa)), 0);
	T_EQ(t_local_port(&sock), 99);
	t_close(&sock);
}

static void test_ports(int family)
{
	struct t_sock one, two, other_family;
	uint16_t port;

	t_open_bare(&one, family);
	t_open_bare(&two, family);
	t_open_bare(&other_family, family == AF_INET ? AF_INET6 : AF_INET);

	t_case("family %d: port 0 changes nothing", family);
	port = t_local_port(&one);
	T_RET(t_bind(&one, 0), 0);
	T_EQ(t_local_port(&one), port);
	T_EQ(server_flag(&one), 0);

	t_case("family %d: automatic ports cannot be bound", family);
	T_RET(t_bind(&one, HOMA_MIN_DEFAULT_PORT), -EINVAL);
	T_RET(t_bind(&one, 65535), -EINVAL);
	T_EQ(t_local_port(&one), port);
	T_EQ(server_flag(&one), 0);

	t_case("family %d: bind makes a server", family);
	T_RET(t_bind(&one, 99), 0);
	T_EQ(t_local_port(&one), 99);
	T_EQ(server_flag(&one), 1);

	t_case("family %d: a port has one owner", family);
	port = t_local_port(&two);
	T_RET(t_bind(&two, 99), -EADDRINUSE);
	T_EQ(t_local_port(&two), port);
	T_EQ(server_flag(&two), 0);
	T_RET(t_bind(&other_family, 99), -EADDRINUSE);

	t_case("family %d: binding to the own port changes nothing", family);
	T_RET(set_server_flag(&one, 0), 0);
	T_RET(t_bind(&one, 99), 0);
	T_EQ(t_local_port(&one), 99);
	T_EQ(server_flag(&one), 0);

	t_case("family %d: port 0 after a bind", family);
	T_RET(t_bind(&one, 0), 0);
	T_EQ(t_local_port(&one), 99);

	t_case("family %d: binding again abandons the old port", family);
	T_RET(t_bind(&one, 100), 0);
	T_EQ(t_local_port(&one), 100);
	T_EQ(server_flag(&one), 1);
	T_RET(t_bind(&two, 99), 0);
	T_RET(t_bind(&other_family, 100), -EADDRINUSE);

	t_case("family %d: lowest and highest port", family);
	T_RET(t_bind(&one, 1), 0);
	T_EQ(t_local_port(&one), 1);
	T_RET(t_bind(&one, HOMA_MIN_DEFAULT_PORT - 1), 0);
	T_EQ(t_local_port(&one), HOMA_MIN_DEFAULT_PORT - 1);

	t_case("family %d: close frees the port", family);
	t_close(&two);
	T_RET(t_bind(&one, 99), 0);

	t_case("family %d: a socket that was shut down", family);
	T_OK(!shutdown(one.fd, SHUT_RDWR));
	T_RET(t_bind(&one, 98), -ESHUTDOWN);
	T_RET(t_bind(&one, 0), 0);
	T_RET(t_bind(&other_family, 99), 0);
	t_close(&one);
	t_close(&other_family);
}

static void test_server_option(int family)
{
	char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct t_sock sock;
	socklen_t len;
	int value = 1;

	t_case("family %d: SO_HOMA_SERVER", family);
	t_open_bare(&sock, family);
	T_RET(set_server_flag(&sock, 7), 0);
	T_EQ(server_flag(&sock), 1);
	T_RET(set_server_flag(&sock, 0), 0);
	T_EQ(server_flag(&sock), 0);

	T_EQ(setsockopt(sock.fd, IPPROTO_HOMA, SO_HOMA_SERVER, &value, 3), -1);
	T_RET(-errno, -EINVAL);
	T_EQ(setsockopt(sock.fd, IPPROTO_HOMA, SO_HOMA_SERVER, &value, 8), -1);
	T_RET(-errno, -EINVAL);
	T_EQ(setsockopt(sock.fd, IPPROTO_HOMA, SO_HOMA_SERVER, page, 4), -1);
	T_RET(-errno, -EFAULT);
	T_EQ(server_flag(&sock), 0);

	len = 3;
	T_EQ(getsockopt(sock.fd, IPPROTO_HOMA, SO_HOMA_SERVER, &value, &len), -1);
	T_RET(-errno, -EINVAL);
	len = 4;
	T_EQ(getsockopt(sock.fd, IPPROTO_HOMA, SO_HOMA_SERVER, page, &len), -1);
	T_RET(-errno, -EFAULT);
	T_EQ(getsockopt(sock.fd, IPPROTO_HOMA, SO_HOMA_SERVER, &value, (socklen_t *)page), -1);
	T_RET(-errno, -EFAULT);
	t_close(&sock);
}

/* Whoever is not a server refuses requests: the client is told. */
static void test_server_flag_effect(int family)
{
	struct t_msg request = { 0 }, response = { 0 };
	struct t_sock server, client;
	struct t_addr addr = t_loopback(family, 99);
	uint64_t id;

	t_open(&server, family, 99);
	t_open(&client, family, 0);

	t_case("family %d: SO_HOMA_SERVER 0 refuses requests", family);
	T_RET(set_server_flag(&server, 0), 0);
	id = t_request(&client, &addr, 100, 1, 0);
	T_RET(t_recv(&client, &response, 0, 0), -ENOTCONN);
	T_EQ(response.args.id, id);

	t_case("family %d: SO_HOMA_SERVER 1 accepts requests", family);
	T_RET(set_server_flag(&server, 1), 0);
	t_request(&client, &addr, 100, 2, 0);
	T_RET(t_recv(&server, &request, 0, 0), 100);
	T_RET(t_echo(&server, &request), 0);
	T_RET(t_recv(&client, &response, 0, 0), 100);

	t_case("family %d: an automatic port serves too", family);
	T_RET(set_server_flag(&client, 1), 0);
	addr = t_loopback(family, t_local_port(&client));
	t_request(&server, &addr, 100, 3, 0);
	T_RET(t_recv(&client, &request, 0, 0), 100);
	T_RET(t_echo(&client, &request), 0);
	T_RET(t_recv(&server, &response, 0, 0), 100);
	t_close(&server);
	t_close(&client);
}

int main(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int i;

	t_begin("t_bind", 50);
	for (i = 0; i < 2; i++) {
		test_socket(families[i]);
		test_bad_addresses(families[i]);
		test_ports(families[i]);
		test_server_option(families[i]);
		test_server_flag_effect(families[i]);
	}
	test_unprivileged();
	return t_end();
}
