// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_churn - sockets that come and go at any moment, with RPCs under way
 *
 *    t_churn -s 5 127.0.0.1               for five seconds, in this host
 *    t_churn -s 5 -p 4000 10.0.0.1 10.0.0.2
 *        towards both hosts; run it in both at the same time
 *
 * Processes open sockets, send requests of all lengths to each other's ports,
 * receive and answer some, and then close, shut down, or are killed in the
 * middle of a call. RPCs may fail; nothing may hang, crash or leak, which the
 * runner of the tests sees. At last a fresh RPC must work (local addresses).
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"

#define PROCESSES 6
#define SOCKETS 3

static const char *hosts[8];
static unsigned int hosts_count;
static uint16_t base_port = 4000;
static int family = AF_INET;
static uint32_t seed = 1;

static size_t any_length(uint32_t *random)
{
	return 1 + t_random(random) % (1000000 >> t_random(random) % 20);
}

static void send_some(const struct t_sock *sock, uint32_t *random)
{
	static unsigned char body[HOMA_MAX_MESSAGE_LENGTH];
	unsigned int n = t_random(random) % 8;

	while (n--) {
		struct homa_sendmsg_args args = { .flags = t_random(random) % 4 == 0 };
		struct t_addr addr = t_addr(family, hosts[t_random(random) % hosts_count],
					    (uint16_t)(base_port + t_random(random) %
						       (PROCESSES * SOCKETS)));

		t_sendmsg(sock, &addr, body, any_length(random), &args, MSG_DONTWAIT);
	}
}

static void receive_some(const struct t_sock *sock, uint32_t *random)
{
	unsigned int n = t_random(random) % 8;
	struct t_msg msg = { 0 };

	while (n--) {
		ssize_t ret = t_recv(sock, &msg, 0, MSG_DONTWAIT);

		if (ret == -EAGAIN)
			t_sleep_ms(1);
		if (ret > 0 && msg.args.id & 1 && t_random(random) % 8)
			t_echo(sock, &msg);
	}
}

/* One process: its sockets live through a random history, again and again. */
static void churn(unsigned int number, uint32_t random)
{
	struct t_sock socks[SOCKETS];
	unsigned int i, steps;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		for (i = 0; i < SOCKETS; i++) {
			t_open(&socks[i], family, 0);
			/* The predecessor may not be gone yet: no server then. */
			if (t_random(&random) % 4)
				t_bind(&socks[i], (uint16_t)(base_port + number * SOCKETS + i));
		}
		for (steps = t_random(&random) % 12; steps; steps--) {
			struct t_sock *sock = &socks[t_random(&random) % SOCKETS];

			if (t_random(&random) % 2)
				send_some(sock, &random);
			else
				receive_some(sock, &random);
			if (t_random(&random) % 16 == 0)
				t_abort(sock, 0, (int)(t_random(&random) % 2) * EIO);
		}
		for (i = 0; i < SOCKETS; i++) {
			if (t_random(&random) % 4 == 0)
				shutdown(socks[i].fd, SHUT_RDWR);
			t_close(&socks[i]);
		}
		/* Sometimes wait in a call, to be killed there. */
		if (t_random(&random) % 8 == 0) {
			struct t_msg msg = { 0 };

			t_open(&socks[0], family, 0);
			send_some(&socks[0], &random);
			for (steps = t_random(&random) % 4; steps; steps--)
				t_recv(&socks[0], &msg, 0, 0);
			t_close(&socks[0]);
		}
		/* Where time is virtual, it passes only when all sleep. */
		t_sleep_ms(2 + t_random(&random) % 20);
	}
}

static pid_t start(unsigned int number, uint32_t random)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		alarm(0);
		churn(number, random);
	}
	return pid;
}

static void end(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	T_OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* The host is in order: an RPC to ourselves works. */
static void check_alive(void)
{
	struct t_msg request = { 0 }, response = { 0 };
	struct t_addr addr = t_loopback(family, (uint16_t)(base_port + 1000));
	struct t_sock server, client;

	t_case("an RPC afterwards");
	t_open(&server, family, (uint16_t)(base_port + 1000));
	t_open(&client, family, 0);
	t_request(&client, &addr, 300000, 1, 0);
	T_RET(t_recv(&server, &request, 0, 0), 300000);
	T_RET(t_echo(&server, &request), 0);
	T_RET(t_recv(&client, &response, 0, 0), 300000);
	T_OK(t_msg_is(&client, &response, 1));
	t_close(&server);
	t_close(&client);
}

int main(int argc, char **argv)
{
	unsigned int seconds = 5, i;
	pid_t pids[PROCESSES];
	uint64_t end_ms;
	int opt;

	while ((opt = getopt(argc, argv, "s:p:r:")) != -1) {
		switch (opt) {
		case 's':
			seconds = (unsigned int)atoi(optarg);
			break;
		case 'p':
			base_port = (uint16_t)atoi(optarg);
			break;
		case 'r':
			seed = (uint32_t)atoi(optarg) * 2 + 1;
			break;
		default:
			errx(2, "usage: t_churn [-s SECONDS] [-p PORT] [-r SEED] ADDRESS...");
		}
	}
	for (; optind < argc && hosts_count < 8; optind++) {
		hosts[hosts_count++] = argv[optind];
		if (strchr(argv[optind], ':'))
			family = AF_INET6;
	}
	if (!hosts_count)
		errx(2, "usage: t_churn [-s SECONDS] [-p PORT] [-r SEED] ADDRESS...");

	t_begin("t_churn", seconds * 3 + 20);
	t_case("churn");
	end_ms = t_now_ms() + seconds * 1000;
	for (i = 0; i < PROCESSES; i++)
		pids[i] = start(i, t_random(&seed));
	while (t_now_ms() < end_ms) {
		t_sleep_ms(20 + t_random(&seed) % 200);
		i = t_random(&seed) % PROCESSES;
		end(pids[i]);
		pids[i] = start(i, t_random(&seed));
	}
	for (i = 0; i < PROCESSES; i++)
		end(pids[i]);
	check_alive();
	return t_end();
}
