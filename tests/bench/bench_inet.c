// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * bench_rtt over UDP and TCP, the yardsticks.
 *
 * UDP: a message is one datagram (IP fragments it when it is longer than the
 * MTU). TCP: one connection without Nagle's delay; a message begins with its
 * own length in four bytes, which count as part of the message, so that all
 * protocols carry the same number of bytes.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "bench_rtt.h"

#define UDP_BYTES_MAX 65507
#define TCP_HEADER_BYTES 4

unsigned char bench_in[BENCH_BYTES_MAX];

static int open_bound(const struct bench_addr *addr, int type)
{
	int fd = socket(addr->sa.ss_family, type, 0);
	int on = 1;

	if (fd < 0)
		err(1, "socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		err(1, "SO_REUSEADDR");
	if (bind(fd, (const struct sockaddr *)&addr->sa, addr->len))
		err(1, "bind");
	return fd;
}

static int open_connected(const struct bench_addr *addr, int type)
{
	int fd = socket(addr->sa.ss_family, type, 0);

	if (fd < 0)
		err(1, "socket");
	if (connect(fd, (const struct sockaddr *)&addr->sa, addr->len))
		err(1, "connect");
	return fd;
}

static bool udp_check(const void *out, size_t bytes)
{
	return !memcmp(bench_in, out, bench_answer(bytes));
}

static int udp_listen(const struct bench_addr *addr)
{
	return open_bound(addr, SOCK_DGRAM);
}

static void udp_serve(int fd)
{
	for (;;) {
		struct bench_addr from = { .len = sizeof(from.sa) };
		ssize_t bytes;

		bytes = recvfrom(fd, bench_in, sizeof(bench_in), 0,
				 (struct sockaddr *)&from.sa, &from.len);
		if (bytes < 0)
			err(1, "udp recvfrom");
		if (sendto(fd, bench_in, bench_answer((size_t)bytes), 0,
			   (struct sockaddr *)&from.sa, from.len) < 0)
			err(1, "udp sendto");
	}
}

static int udp_connect(const struct bench_addr *addr)
{
	struct timeval second = { .tv_sec = 1 };
	int fd = open_connected(addr, SOCK_DGRAM);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second)))
		err(1, "SO_RCVTIMEO");
	return fd;
}

static int udp_round(int fd, const struct bench_addr *addr, const void *out, size_t bytes)
{
	ssize_t got;

	(void)addr;
	if (send(fd, out, bytes, 0) < 0)
		err(1, "udp send");
	do {
		got = recv(fd, bench_in, sizeof(bench_in), 0);
		if (got < 0 && errno == EAGAIN)
			return 1;
		if (got < 0)
			err(1, "udp recv");
		/* A late answer to an earlier round that was given up has a
		 * different stamp in its first bytes.
		 */
	} while ((size_t)got != bench_answer(bytes) ||
		 memcmp(bench_in, out, got < 8 ? (size_t)got : 8));
	return 0;
}

static int tcp_listen(const struct bench_addr *addr)
{
	int fd = open_bound(addr, SOCK_STREAM);

	if (listen(fd, 16))
		err(1, "listen");
	return fd;
}

static void no_delay(int fd)
{
	int on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		err(1, "TCP_NODELAY");
}

/* Read one message. Returns its length, 0 = the peer closed the connection. */
static size_t tcp_read(int fd)
{
	size_t have = 0, want = TCP_HEADER_BYTES;
	uint32_t header;
	ssize_t got;

	while (have < want) {
		/* No second message is on its way, so reading more than is
		 * known to be wanted reads only this one.
		 */
		got = recv(fd, bench_in + have, sizeof(bench_in) - have, 0);
		if (got < 0)
			err(1, "tcp recv");
		if (got == 0)
			return 0;
		have += (size_t)got;
		if (have >= TCP_HEADER_BYTES) {
			memcpy(&header, bench_in, sizeof(header));
			want = ntohl(header);
		}
	}
	if (have != want || want < TCP_HEADER_BYTES)
		errx(1, "tcp: %zu bytes, expected %zu", have, want);
	return want;
}

static void tcp_write(int fd, const unsigned char *data, size_t bytes)
{
	ssize_t sent;

	while (bytes) {
		sent = send(fd, data, bytes, MSG_NOSIGNAL);
		if (sent < 0)
			err(1, "tcp send");
		data += sent;
		bytes -= (size_t)sent;
	}
}

static void tcp_serve(int fd)
{
	uint32_t header;
	size_t bytes;
	int conn;

	for (;;) {
		conn = accept(fd, NULL, NULL);
		if (conn < 0)
			err(1, "accept");
		no_delay(conn);
		while ((bytes = tcp_read(conn))) {
			bytes = bench_answer(bytes);
			header = htonl((uint32_t)bytes);
			memcpy(bench_in, &header, sizeof(header));
			tcp_write(conn, bench_in, bytes);
		}
		close(conn);
	}
}

static int tcp_connect(const struct bench_addr *addr)
{
	int fd = open_connected(addr, SOCK_STREAM);

	no_delay(fd);
	return fd;
}

static int tcp_round(int fd, const struct bench_addr *addr, const void *out, size_t bytes)
{
	(void)addr;
	tcp_write(fd, out, bytes);
	if (tcp_read(fd) != bench_answer(bytes))
		errx(1, "tcp: answer of the wrong length");
	return 0;
}

/* The length word is the answer's own, and was compared already. */
static bool tcp_check(const void *out, size_t bytes)
{
	return !memcmp(bench_in + TCP_HEADER_BYTES, (const unsigned char *)out + TCP_HEADER_BYTES,
		       bench_answer(bytes) - TCP_HEADER_BYTES);
}

const struct bench_proto bench_udp = {
	.name = "udp",
	.bytes_min = 1,
	.bytes_max = UDP_BYTES_MAX,
	.listen = udp_listen,
	.serve = udp_serve,
	.connect = udp_connect,
	.round = udp_round,
	.check = udp_check,
};

const struct bench_proto bench_tcp = {
	.name = "tcp",
	.bytes_min = TCP_HEADER_BYTES,
	.bytes_max = BENCH_BYTES_MAX,
	.listen = tcp_listen,
	.serve = tcp_serve,
	.connect = tcp_connect,
	.round = tcp_round,
	.check = tcp_check,
};
