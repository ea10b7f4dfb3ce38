// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_stream - TCP connections whose two streams are checked byte by byte
 *
 *    t_stream serve 9000 OUT IN COUNT        COUNT connections, one after the other
 *                                            accepted, all served at once
 *    t_stream call 127.0.0.1 8000 OUT IN COUNT   COUNT connections at once
 *    t_stream hang serve 9000                takes a connection, reads nothing
 *
 * Each side sends OUT bytes, then ends its stream, and expects IN bytes and the end
 * of the other's. The bytes follow from their offset and the side.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE_BYTES 65536

static unsigned char byte_at(uint64_t offset, unsigned char side)
{
	return (unsigned char)((offset * 2654435761u >> 11) + side);
}

/* Returns what is wrong, or NULL. */
static const char *exchange(int fd, uint64_t out_bytes, unsigned char out_side, uint64_t in_bytes,
			    unsigned char in_side)
{
	static unsigned char piece[PIECE_BYTES];
	uint64_t sent = 0, got = 0;
	bool sending = true, receiving = true;
	ssize_t n;
	size_t i;

	while (sending || receiving) {
		struct pollfd poller = {
			.fd = fd,
			.events = (short)((sending ? POLLOUT : 0) | (receiving ? POLLIN : 0)),
		};

		if (poll(&poller, 1, -1) < 0)
			return "poll";
		if (sending && poller.revents & POLLOUT) {
			size_t bytes = sizeof(piece);

			if (bytes > out_bytes - sent)
				bytes = out_bytes - sent;
			for (i = 0; i < bytes; i++)
				piece[i] = byte_at(sent + i, out_side);
			n = bytes ? send(fd, piece, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
			if (n < 0 && errno != EAGAIN)
				return strerror(errno);
			if (n > 0)
				sent += (uint64_t)n;
			if (sent == out_bytes) {
				shutdown(fd, SHUT_WR);
				sending = false;
			}
		}
		if (!receiving && poller.revents & (POLLHUP | POLLERR))
			return "reset";
		if (!receiving || !(poller.revents & (POLLIN | POLLHUP | POLLERR)))
			continue;
		n = recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN)
			return strerror(errno);
		for (i = 0; n > 0 && i < (size_t)n; i++)
			if (piece[i] != byte_at(got + i, in_side))
				return "a byte is wrong";
		if (n > 0)
			got += (uint64_t)n;
		if (n == 0 && got != in_bytes)
			return "the stream ended too early, or too late";
		receiving = n != 0;
	}
	return NULL;
}

static int children(unsigned int count)
{
	unsigned int failed = 0;
	int status;

	while (count--) {
		if (wait(&status) < 0)
			err(1, "wait");
		failed += !WIFEXITED(status) || WEXITSTATUS(status);
	}
	if (failed)
		printf("%u connections failed\n", failed);
	return failed != 0;
}

static void child(int fd, uint64_t out, unsigned char out_side, uint64_t in, unsigned char in_side)
{
	const char *wrong;

	if (fork())
		return;
	wrong = exchange(fd, out, out_side, in, in_side);
	if (wrong)
		printf("%s: %s\n", out_side == 'c' ? "client" : "server", wrong);
	fflush(stdout);
	_exit(wrong != NULL);
}

static int listener(const char *port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 100))
		err(1, "listen on %s", port);
	printf("listening\n");
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	unsigned int count, i;
	int fd, conn;

	if (argc == 4 && !strcmp(argv[1], "hang")) {
		fd = listener(argv[3]);
		if (accept(fd, NULL, NULL) < 0)
			err(1, "accept");
		printf("connected\n");
		fflush(stdout);
		pause();
	}
	if (argc == 6 && !strcmp(argv[1], "serve")) {
		count = (unsigned int)atoi(argv[5]);
		fd = listener(argv[2]);
		for (i = 0; i < count; i++) {
			conn = accept(fd, NULL, NULL);
			if (conn < 0)
				err(1, "accept");
			child(conn, strtoull(argv[3], NULL, 10), 's', strtoull(argv[4], NULL, 10),
			      'c');
			close(conn);
		}
		return children(count);
	}
	if (argc == 7 && !strcmp(argv[1], "call")) {
		struct sockaddr_in addr = {
			.sin_family = AF_INET,
			.sin_port = htons((uint16_t)atoi(argv[3])),
		};

		count = (unsigned int)atoi(argv[6]);
		if (inet_pton(AF_INET, argv[2], &addr.sin_addr) != 1)
			errx(2, "bad address %s", argv[2]);
		for (i = 0; i < count; i++) {
			fd = socket(AF_INET, SOCK_STREAM, 0);
			if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
				err(1, "connect");
			child(fd, strtoull(argv[4], NULL, 10), 'c', strtoull(argv[5], NULL, 10),
			      's');
			close(fd);
		}
		return children(count);
	}
	errx(2, "usage: see the head of t_stream.c");
}
