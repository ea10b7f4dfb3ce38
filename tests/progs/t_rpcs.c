// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_rpcs - traffic: many RPCs at once from one socket to several echo servers
 *
 *    t_rpcs -n 500 -k 20 -l 1-100000 10.0.0.2/4000 10.0.0.3/4000
 *        500 RPCs, 20 at a time, of 1 to 100,000 bytes, to two servers in turn
 *    t_rpcs -u -g 5 10.0.0.2/4000
 *        until it gets SIGTERM, and 5 ms pass after each response; those that are
 *        under way then are waited for
 *    t_rpcs -u -B 8,600000 10.0.0.2/4000
 *        the same in bursts of 8 RPCs, with a pause of up to 600 s after each
 *    t_rpcs -b 4000 -n 100 10.0.0.2/4000
 *        the socket serves too, on port 4000, and goes on doing so when its own
 *        RPCs are done, until it is killed
 *
 * Checks id, cookie, server address, length and every byte of each response.
 */
#include <err.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "t.h"

#define SERVERS_MAX 64
#define LENGTHS_MAX 64
#define SLOTS_MAX 1000

struct slot {
	uint64_t id;		/* 0 = free */
	uint32_t seed;
	size_t bytes;
	int server;
};

static struct t_sock sock;
static struct t_addr servers[SERVERS_MAX];
static int servers_count;
static struct slot slots[SLOTS_MAX];
static size_t lengths[LENGTHS_MAX];
static unsigned int lengths_count;	/* 0 = random between the first two */
static uint32_t random_state = 1;
static unsigned int sent, done, failed, errors, served;
static unsigned long long bytes_done;
static bool tolerant;
static unsigned int burst, burst_pause_ms;	/* 0 = no bursts */
static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static size_t next_length(void)
{
	uint32_t low, high;

	if (lengths_count)
		return lengths[sent % lengths_count];
	/* As many short ones as long ones: first the number of bits. */
	low = (uint32_t)lengths[0];
	high = (uint32_t)lengths[1];
	high >>= t_random(&random_state) % 20;
	if (high <= low)
		return low;
	return low + t_random(&random_state) % (high - low + 1);
}

static void parse_lengths(char *text)
{
	char *item;

	if (strchr(text, '-')) {
		if (sscanf(text, "%zu-%zu", &lengths[0], &lengths[1]) != 2)
			errx(2, "bad lengths %s", text);
		return;
	}
	for (item = strtok(text, ","); item && lengths_count < LENGTHS_MAX;
	     item = strtok(NULL, ","))
		lengths[lengths_count++] = strtoul(item, NULL, 10);
}

static void fail(const struct slot *slot, const char *what)
{
	fprintf(stderr, "t_rpcs: RPC %llu of %zu bytes to server %d: %s\n",
		(unsigned long long)slot->id, slot->bytes, slot->server, what);
	failed++;
}

/* A response, or the end without one, of the RPC in args.id. */
static void finish(const struct t_msg *msg, ssize_t ret)
{
	uint64_t cookie = msg->args.completion_cookie;
	struct slot *slot;

	if (cookie >= SLOTS_MAX || slots[cookie].id != msg->args.id)
		errx(1, "t_rpcs: result of an unknown RPC %llu, cookie %llu",
		     (unsigned long long)msg->args.id, (unsigned long long)cookie);
	slot = &slots[cookie];
	if (ret < 0) {
		errors++;
		if (!tolerant)
			fail(slot, strerror((int)-ret));
	} else if ((size_t)ret != slot->bytes) {
		fail(slot, "response of a different length");
	} else if (!t_msg_is(&sock, msg, slot->seed)) {
		fail(slot, "response of different contents");
	} else if (!t_same_host(&msg->from, &servers[slot->server]) ||
		   t_port(&msg->from) != t_port(&servers[slot->server])) {
		fail(slot, "response from a different server");
	}
	if (ret > 0)
		bytes_done += (size_t)ret;
	slot->id = 0;
	done++;
}

/* Receive a message and do what it calls for; false if there was none. */
static bool receive(struct t_msg *msg, uint64_t id, int flags)
{
	ssize_t ret = t_recv(&sock, msg, id, flags);
	int error;

	if (ret == -EAGAIN)
		return false;
	if (ret < 0 && !msg->args.id)
		errx(1, "t_rpcs: recvmsg: %s", strerror((int)-ret));
	if (!(msg->args.id & 1)) {
		finish(msg, ret);
		return true;
	}
	error = ret < 0 ? (int)ret : t_echo(&sock, msg);
	if (error && !tolerant)
		errx(1, "t_rpcs: serving a request: %s", strerror(-error));
	served++;
	return true;
}

/* Wait for a private response, and serve meanwhile: the server may be waiting
 * for us in the same way.
 */
static void receive_private(struct t_msg *msg, uint64_t id)
{
	static struct t_msg other;

	while (!receive(msg, id, MSG_DONTWAIT))
		if (!receive(&other, 0, MSG_DONTWAIT))
			t_sleep_ms(1);
}

static void send_one(uint64_t cookie, uint32_t flags)
{
	struct homa_sendmsg_args args = { .completion_cookie = cookie, .flags = flags };
	struct slot *slot = &slots[cookie];
	unsigned char *data;
	int ret;

	slot->bytes = next_length();
	slot->server = (int)(sent % (unsigned int)servers_count);
	slot->seed = t_random(&random_state);
	data = malloc(slot->bytes);
	if (!data)
		err(1, "malloc");
	t_fill(data, slot->bytes, slot->seed);
	ret = t_sendmsg(&sock, &servers[slot->server], data, slot->bytes, &args, 0);
	free(data);
	sent++;
	if (ret) {
		if (!tolerant)
			errx(1, "t_rpcs: sendmsg: %s", strerror(-ret));
		errors++;
		done++;
		t_sleep_ms(1);
		return;
	}
	slot->id = args.id;
}

/* A signal ends it. */
static void pause_ms(unsigned int ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	if (!stopped)
		nanosleep(&time, NULL);
}

static void run(unsigned int total, unsigned int at_once, unsigned int private_percent,
		unsigned int gap_ms)
{
	struct t_msg msg = { 0 }, private = { 0 };
	uint64_t last_ms = t_now_ms();
	unsigned int longest_ms = 0, limit = burst ? burst : total;
	unsigned int i;

	while (done < total && !(stopped && done == sent)) {
		for (i = 0; i < at_once && sent < limit && !stopped; i++) {
			if (slots[i].id)
				continue;
			if (t_random(&random_state) % 100 >= private_percent) {
				send_one(i, 0);
				continue;
			}
			send_one(i, HOMA_SENDMSG_PRIVATE);
			if (slots[i].id)
				receive_private(&private, slots[i].id);
		}
		if (sent > done)
			receive(&msg, 0, 0);
		if (gap_ms)
			t_sleep_ms(gap_ms);
		if (t_now_ms() - last_ms > longest_ms)
			longest_ms = (unsigned int)(t_now_ms() - last_ms);
		if (burst && done == limit) {
			pause_ms(t_random(&random_state) % burst_pause_ms);
			limit += burst;
		}
		last_ms = t_now_ms();
	}
	printf("t_rpcs: %u RPCs, %llu bytes each way, %u failed\n", done, bytes_done, failed);
	if (stopped)
		printf("t_rpcs: at most %u ms without a result\n", longest_ms);
	if (tolerant)
		printf("t_rpcs: %u RPCs ended with an error\n", errors);
	fflush(stdout);
}

static void serve_for_ever(void)
{
	struct t_msg msg = { 0 };

	alarm(0);
	for (;;)
		receive(&msg, 0, 0);
}

static void usage(void)
{
	fprintf(stderr, "usage: t_rpcs [options] ADDRESS/PORT...\n"
		"  -6         IPv6 socket even for IPv4 addresses\n"
		"  -b PORT    serve too\n"
		"  -n COUNT   RPCs (default 100)\n"
		"  -k COUNT   at a time (default 10)\n"
		"  -l LENGTHS 1,2,3 or 1-1000 (default 1-20000)\n"
		"  -P PERCENT private RPCs (default 0)\n"
		"  -r SEED    of random numbers\n"
		"  -t SECONDS to end by itself, as a failure (default 50)\n"
		"  -u         until SIGTERM, however many\n"
		"  -g MS      pause after each response (default 0)\n"
		"  -B N,MS    bursts of N, and a random pause of less than MS after each\n"
		"  -w FILE    open the socket, then wait until FILE exists\n"
		"  -E         failing RPCs do not matter\n");
	exit(2);
}

int main(int argc, char **argv)
{
	unsigned int total = 100, at_once = 10, private_percent = 0, guard_s = 50, gap_ms = 0;
	/* Calls go on: what is under way is still to be received. */
	struct sigaction action = { .sa_handler = stop, .sa_flags = SA_RESTART };
	const char *start_file = NULL;
	int family = AF_INET;
	uint16_t port = 0;
	int opt, i;

	lengths[0] = 1;
	lengths[1] = 20000;
	while ((opt = getopt(argc, argv, "6b:n:k:l:P:r:t:w:Eug:B:")) != -1) {
		switch (opt) {
		case '6':
			family = AF_INET6;
			break;
		case 'b':
			port = (uint16_t)atoi(optarg);
			break;
		case 'n':
			total = (unsigned int)atoi(optarg);
			break;
		case 'k':
			at_once = (unsigned int)atoi(optarg);
			break;
		case 'l':
			parse_lengths(optarg);
			break;
		case 'P':
			private_percent = (unsigned int)atoi(optarg);
			break;
		case 'r':
			random_state = (uint32_t)atoi(optarg) * 2 + 1;
			break;
		case 't':
			guard_s = (unsigned int)atoi(optarg);
			break;
		case 'w':
			start_file = optarg;
			break;
		case 'u':
			total = UINT_MAX;
			guard_s = 0;
			sigaction(SIGTERM, &action, NULL);
			break;
		case 'g':
			gap_ms = (unsigned int)atoi(optarg);
			break;
		case 'B':
			if (sscanf(optarg, "%u,%u", &burst, &burst_pause_ms) != 2 || !burst ||
			    !burst_pause_ms)
				usage();
			break;
		case 'E':
			tolerant = true;
			break;
		default:
			usage();
		}
	}
	servers_count = argc - optind;
	if (servers_count < 1 || servers_count > SERVERS_MAX || !at_once || at_once > SLOTS_MAX)
		usage();
	for (i = optind; i < argc; i++)
		if (strchr(argv[i], ':'))
			family = AF_INET6;
	t_begin("t_rpcs", guard_s);
	t_case("%s", argv[optind]);
	for (i = 0; i < servers_count; i++) {
		char *slash = strchr(argv[optind + i], '/');

		if (!slash)
			usage();
		*slash = 0;
		servers[i] = t_addr(family, argv[optind + i], (uint16_t)atoi(slash + 1));
	}
	t_open(&sock, family, port);
	if (start_file) {
		printf("t_rpcs: ready\n");
		while (access(start_file, F_OK))
			t_sleep_ms(10);
	}
	run(total, at_once, private_percent, gap_ms);
	if (port)
		serve_for_ever();
	t_close(&sock);
	return failed ? 1 : 0;
}
