// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_mem - make sockets hold memory, for as long as a test wants
 *
 *    t_mem serve GO                    a server on port 4000 that reads nothing
 *                                      until the file GO exists; then it checks
 *                                      each request and answers with one byte
 *    t_mem call ADDRESS COUNT BYTES    send so many requests, without waiting for
 *                                      room; print "sent N" or "sent N ERROR";
 *                                      wait for the responses of those sent
 *    t_mem hosts PREFIX COUNT          one request to each of PREFIX.0.1,
 *                                      PREFIX.0.2 ... that nobody will answer
 *
 * Exit status 0: every message that was sent arrived unharmed.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t.h"

#define PORT 4000
#define SEED 7

static int serve(const char *go)
{
	struct t_msg msg = {};
	struct t_sock sock;
	ssize_t ret;

	t_open(&sock, AF_INET, PORT);
	printf("ready\n");
	fflush(stdout);
	while (access(go, F_OK))
		t_sleep_ms(20);
	for (;;) {
		ret = t_recv(&sock, &msg, 0, 0);
		if (ret < 0)
			errx(1, "recvmsg: %s", strerror((int)-ret));
		if (!t_msg_is(&sock, &msg, SEED))
			errx(1, "a request of %zd bytes is damaged", ret);
		ret = t_respond(&sock, &msg, 1, SEED);
		if (ret)
			errx(1, "sendmsg: %s", strerror((int)-ret));
	}
}

static int call(const char *ip, unsigned int count, size_t bytes)
{
	struct t_addr to = t_addr(AF_INET, ip, PORT);
	unsigned char *data = malloc(bytes);
	unsigned int sent, done;
	struct t_msg msg = {};
	struct t_sock sock;
	int ret = 0;

	if (!data)
		err(1, "malloc");
	t_fill(data, bytes, SEED);
	t_open(&sock, AF_INET, 0);
	for (sent = 0; sent < count; sent++) {
		struct homa_sendmsg_args args = { .completion_cookie = SEED };

		ret = t_sendmsg(&sock, &to, data, bytes, &args, MSG_DONTWAIT);
		if (ret)
			break;
	}
	printf("sent %u%s%s\n", sent, ret ? " " : "", ret ? strerrorname_np(-ret) : "");
	fflush(stdout);
	for (done = 0; done < sent; done++) {
		ssize_t got = t_recv(&sock, &msg, 0, 0);

		if (got < 0)
			errx(1, "response %u: %s", done + 1, strerror((int)-got));
		if (!t_msg_is(&sock, &msg, SEED))
			errx(1, "a response is damaged");
	}
	return 0;
}

static int hosts(const char *prefix, unsigned int count)
{
	struct t_sock sock;
	unsigned int i;
	char ip[32];

	t_open(&sock, AF_INET, 0);
	for (i = 1; i <= count; i++) {
		struct homa_sendmsg_args args = { .completion_cookie = SEED };
		struct t_addr to;
		int ret;

		snprintf(ip, sizeof(ip), "%s.%u.%u", prefix, i >> 8, i & 255);
		to = t_addr(AF_INET, ip, PORT);
		ret = t_sendmsg(&sock, &to, "x", 1, &args, 0);
		if (ret)
			errx(1, "%s: %s", ip, strerror(-ret));
	}
	return 0;
}

int main(int argc, char **argv)
{
	t_begin("t_mem", 600);
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "call"))
		return call(argv[2], strtoul(argv[3], NULL, 0), strtoul(argv[4], NULL, 0));
	if (argc == 4 && !strcmp(argv[1], "hosts"))
		return hosts(argv[2], strtoul(argv[3], NULL, 0));
	errx(2, "usage: t_mem serve GO | call ADDRESS COUNT BYTES | hosts PREFIX COUNT");
}
