// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_many - very many sockets and RPCs, left behind
 *
 *    t_many -n 500                 close everything in order
 *    t_many -n 500 -x              exit instead, with all of it open
 *
 * Each socket is a server and a client of the next one. Some requests are
 * answered, some received, some never looked at.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "t.h"

#define SOCKETS_MAX 2000

static struct t_sock socks[SOCKETS_MAX];

int main(int argc, char **argv)
{
	unsigned int n = 500, i, answered = 0;
	struct rlimit files = { .rlim_cur = SOCKETS_MAX + 50, .rlim_max = SOCKETS_MAX + 50 };
	bool just_exit = false;
	struct t_msg msg;
	int opt;

	while ((opt = getopt(argc, argv, "n:x")) != -1) {
		if (opt == 'n')
			n = (unsigned int)atoi(optarg);
		else if (opt == 'x')
			just_exit = true;
		else
			argc = 0;
	}
	if (optind != argc || n < 2 || n > SOCKETS_MAX)
		errx(2, "usage: t_many [-n SOCKETS] [-x]");
	t_begin("t_many", 60);
	if (setrlimit(RLIMIT_NOFILE, &files))
		t_die("RLIMIT_NOFILE");

	t_case("open %u sockets", n);
	for (i = 0; i < n; i++)
		t_open(&socks[i], i % 2 ? AF_INET6 : AF_INET, (uint16_t)(1000 + i));

	t_case("two requests from each to the next");
	for (i = 0; i < n; i++) {
		struct t_addr to = t_addr(socks[i].family, "127.0.0.1",
					  (uint16_t)(1000 + (i + 1) % n));

		t_request(&socks[i], &to, 1 + i * 7, i, 0);
		t_request(&socks[i], &to, 60000, i + 1, HOMA_SENDMSG_PRIVATE);
	}

	t_case("each third answers one");
	for (i = 0; i < n; i += 3) {
		uint64_t end_ms = t_now_ms() + 2000;
		ssize_t ret;

		memset(&msg, 0, sizeof(msg));
		do {
			ret = t_recv(&socks[i], &msg, 0, 0);
		} while (ret > 0 && !(msg.args.id & 1) && t_now_ms() < end_ms);
		if (!T_OK(ret > 0))
			break;
		T_RET(t_echo(&socks[i], &msg), 0);
		answered++;
	}
	T_OK(answered > 0);

	t_case("every socket knows its RPCs");
	for (i = 0; i < n; i++)
		T_OK(t_info(&socks[i]).num_rpcs > 0);
	if (just_exit) {
		int ret = t_end();

		fflush(stdout);
		_exit(ret);
	}
	t_case("close");
	for (i = 0; i < n; i++)
		t_close(&socks[i]);
	return t_end();
}
