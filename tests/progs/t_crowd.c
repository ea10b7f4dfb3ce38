// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_crowd - many RPCs of one server in service at the same time
 *
 *    t_crowd -s s -c c -a 10.0.0.2 -n 20000 -g /tmp/go
 *        the server is in the network namespace s and has the address, the client
 *        is in c; when the server has received so many requests it prints
 *        "in service" and answers all of them once the file exists
 *
 * Contents of requests and responses are checked.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "t.h"

#define PORT 700
#define REQUEST_BYTES 40
#define RESPONSE_BYTES 24
#define IN_FLIGHT 64

struct job {
	uint64_t id;
	struct t_addr from;
};

static struct job *jobs;
static unsigned char *answered;

static bool receive_request(const struct t_sock *server, struct t_msg *msg, struct job *job)
{
	ssize_t length = t_recv(server, msg, 0, 0);

	job->id = msg->args.id;
	job->from = msg->from;
	return T_RET(length, REQUEST_BYTES) && T_OK(t_msg_is(server, msg, 7));
}

static bool respond(const struct t_sock *server, const struct job *job)
{
	struct homa_sendmsg_args args = { .id = job->id };
	unsigned char data[RESPONSE_BYTES];

	t_fill(data, sizeof(data), 9);
	return T_RET(t_sendmsg(server, &job->from, data, sizeof(data), &args, 0), 0);
}

static bool receive_response(const struct t_sock *client, struct t_msg *msg, unsigned int n)
{
	uint64_t number;

	if (!T_RET(t_recv(client, msg, 0, 0), RESPONSE_BYTES) || !T_OK(t_msg_is(client, msg, 9)))
		return false;
	number = msg->args.completion_cookie;
	if (!T_OK(number < n && !answered[number]))
		return false;
	answered[number] = 1;
	return true;
}

int main(int argc, char **argv)
{
	const char *server_ns = NULL, *client_ns = NULL, *address = NULL, *go = NULL;
	unsigned char data[REQUEST_BYTES];
	struct t_msg at_server = { .length = 0 }, at_client = { .length = 0 };
	struct t_sock server, client;
	unsigned int n = 0, i;
	struct t_addr to;
	int opt;

	while ((opt = getopt(argc, argv, "s:c:a:n:g:")) != -1) {
		switch (opt) {
		case 's':
			server_ns = optarg;
			break;
		case 'c':
			client_ns = optarg;
			break;
		case 'a':
			address = optarg;
			break;
		case 'n':
			n = (unsigned int)atoi(optarg);
			break;
		case 'g':
			go = optarg;
			break;
		default:
			argc = 0;
		}
	}
	if (optind != argc || !server_ns || !client_ns || !address || !go || !n)
		errx(2, "usage: t_crowd -s NS -c NS -a ADDRESS -n RPCS -g FILE");
	t_begin("t_crowd", 3000);
	jobs = calloc(n, sizeof(*jobs));
	answered = calloc(n, 1);
	if (!jobs || !answered)
		t_die("no memory");

	t_netns(server_ns);
	t_open(&server, AF_INET, PORT);
	t_netns(client_ns);
	t_open(&client, AF_INET, 0);
	to = t_addr(AF_INET, address, PORT);
	t_fill(data, sizeof(data), 7);

	t_case("%u requests are received, and not answered", n);
	for (i = 0; i < n; i++) {
		struct homa_sendmsg_args args = { .completion_cookie = i };

		if (!T_RET(t_sendmsg(&client, &to, data, sizeof(data), &args, 0), 0))
			return t_end();
		if (i >= IN_FLIGHT && !receive_request(&server, &at_server, &jobs[i - IN_FLIGHT]))
			return t_end();
	}
	for (i = n > IN_FLIGHT ? n - IN_FLIGHT : 0; i < n; i++)
		if (!receive_request(&server, &at_server, &jobs[i]))
			return t_end();
	printf("in service\n");
	fflush(stdout);
	while (access(go, F_OK))
		t_sleep_ms(20);

	t_case("all of them are answered");
	for (i = 0; i < n; i++) {
		if (!respond(&server, &jobs[i]))
			return t_end();
		if (i >= IN_FLIGHT && !receive_response(&client, &at_client, n))
			return t_end();
	}
	for (i = n > IN_FLIGHT ? n - IN_FLIGHT : 0; i < n; i++)
		if (!receive_response(&client, &at_client, n))
			return t_end();
	t_close(&server);
	t_close(&client);
	return t_end();
}
