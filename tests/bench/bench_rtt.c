// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * bench_rtt - time round trips of Homa, UDP or TCP
 *
 *    bench_rtt -P homa -l 100,20000 127.0.0.1
 *    bench_rtt -P tcp -S s -C c -l 500000 -r 50 10.0.0.2
 *               server in the network namespace s, client in c
 *
 * Closed loop: the client sends L bytes, the server sends the same L bytes back,
 * or the first of them (-a), the client starts the next round. The time of a round
 * is from before the send call until the whole answer is in the client's memory.
 * Rounds before that (-w) warm the caches up and are not counted; in these every
 * byte of the answers is compared.
 *
 * With -c both processes share one processor: a round is then the path through
 * both of them, without the wake-up of an idle processor, which costs the same
 * for each protocol but comes and goes with the scheduler's choice.
 *
 * Times are of CLOCK_MONOTONIC. In a guest of qemu -icount shift=0 a
 * nanosecond is one executed instruction, so these are then instruction counts.
 */
#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_rtt.h"

#define LOST_MAX 10

struct settings {
	const struct bench_proto *proto;
	struct bench_addr addr;		/* of the server */
	const char *client_netns;	/* NULL = where we are */
	const char *server_netns;
	const char *label;
	const char *sizes;
	size_t answer_bytes;		/* 0 = as long as the message */
	unsigned int rounds;
	unsigned int warmup;
	uint16_t port;
	int cpu;			/* both processes run there; -1 = anywhere */
	bool json;
	bool mark;
};

static const struct bench_proto *const protos[] = {
	&bench_homa, &bench_exchange, &bench_lib, &bench_udp, &bench_tcp,
};

static unsigned char out[BENCH_BYTES_MAX];
static size_t answer_bytes;

size_t bench_answer(size_t bytes)
{
	return answer_bytes && answer_bytes < bytes ? answer_bytes : bytes;
}

static void serve(const void *context, int ready_fd)
{
	const struct settings *set = context;
	struct bench_addr any = bench_addr_any(&set->addr);
	int fd = set->proto->listen(&any);

	bench_ready(ready_fd);
	set->proto->serve(fd);
}

static int compare_u64(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* Every round has different contents: TCP's length word, then a stamp. */
static void stamp(size_t bytes, uint32_t round)
{
	uint32_t words[2] = { htonl((uint32_t)bytes), round };

	memcpy(out, words, bytes < sizeof(words) ? bytes : sizeof(words));
}

static void report(const struct settings *set, size_t bytes, uint64_t *rtt_ns, unsigned int lost)
{
	unsigned int n = set->rounds;
	uint64_t median, p99, min;

	qsort(rtt_ns, n, sizeof(*rtt_ns), compare_u64);
	min = rtt_ns[0];
	median = rtt_ns[n / 2];
	p99 = rtt_ns[(n * 99 + 99) / 100 - 1];
	if (set->json)
		printf("{\"work\":\"%s\",\"proto\":\"%s\",\"bytes\":%zu,\"answer_bytes\":%zu,"
		       "\"rounds\":%u,\"median_ns\":%llu,\"p99_ns\":%llu,\"min_ns\":%llu,"
		       "\"lost\":%u}\n",
		       set->label, set->proto->name, bytes, bench_answer(bytes), n,
		       (unsigned long long)median, (unsigned long long)p99,
		       (unsigned long long)min, lost);
	else
		printf("%-8s %7zu bytes: median %.1f us, p99 %.1f us, min %.1f us"
		       " (%u rounds, %u lost)\n", set->proto->name, bytes,
		       (double)median / 1000, (double)p99 / 1000, (double)min / 1000, n, lost);
	fflush(stdout);
}

static void measure(const struct settings *set, int fd, size_t bytes)
{
	uint32_t total = set->warmup + set->rounds;
	unsigned int lost = 0;
	uint64_t *rtt_ns;
	uint32_t i;

	rtt_ns = malloc(set->rounds * sizeof(*rtt_ns));
	if (!rtt_ns)
		err(1, "malloc");
	for (i = 0; i < total;) {
		uint64_t start_ns, end_ns;

		stamp(bytes, i + lost);
		start_ns = bench_now_ns();
		if (set->mark && i >= set->warmup)
			BENCH_MARK('b');
		if (set->proto->round(fd, &set->addr, out, bytes)) {
			if (++lost > LOST_MAX)
				errx(1, "%s, %zu bytes: more than %d answers are missing",
				     set->proto->name, bytes, LOST_MAX);
			continue;
		}
		if (set->mark)
			BENCH_MARK('e');
		end_ns = bench_now_ns();
		if (i < set->warmup && !set->proto->check(out, bytes))
			errx(1, "%s, %zu bytes: the answer differs from what was sent",
			     set->proto->name, bytes);
		if (i >= set->warmup)
			rtt_ns[i - set->warmup] = end_ns - start_ns;
		i++;
	}
	if (set->mark)
		BENCH_MARK('w');
	report(set, bytes, rtt_ns, lost);
	free(rtt_ns);
}

static void usage(void)
{
	fprintf(stderr,
		"usage: bench_rtt [options] ADDRESS\n"
		"  -P PROTO   homa, exchange (HOMAIOCEXCHANGE), libhoma, udp or tcp (default homa)\n"
		"  -l SIZES   bytes of a message, separated by commas (default 100)\n"
		"  -a BYTES   length of the answers (default: that of the message)\n"
		"  -r ROUNDS  timed round trips of each size (default 1000)\n"
		"  -w ROUNDS  warm-up before them (default 100)\n"
		"  -S NETNS   network namespace of the server\n"
		"  -C NETNS   network namespace of the client\n"
		"  -p PORT    port of the server (default 4001)\n"
		"  -c CPU     run client and server on this processor\n"
		"  -j         one line of JSON per size; times in nanoseconds\n"
		"  -m         mark rounds for ./dev profile\n"
		"  -L LABEL   \"work\" in the JSON\n"
		"Sizes that the protocol cannot carry are left out.\n");
	exit(2);
}

static void parse_args(struct settings *set, int argc, char **argv)
{
	size_t i;
	int opt;

	while ((opt = getopt(argc, argv, "P:l:a:r:w:S:C:p:c:jmL:")) != -1) {
		switch (opt) {
		case 'P':
			set->proto = NULL;
			for (i = 0; i < sizeof(protos) / sizeof(protos[0]); i++)
				if (!strcmp(optarg, protos[i]->name))
					set->proto = protos[i];
			break;
		case 'l':
			set->sizes = optarg;
			break;
		case 'a':
			set->answer_bytes = (size_t)atol(optarg);
			break;
		case 'r':
			set->rounds = (unsigned int)atol(optarg);
			break;
		case 'w':
			set->warmup = (unsigned int)atol(optarg);
			break;
		case 'S':
			set->server_netns = optarg;
			break;
		case 'C':
			set->client_netns = optarg;
			break;
		case 'p':
			set->port = (uint16_t)atol(optarg);
			break;
		case 'c':
			set->cpu = atoi(optarg);
			break;
		case 'j':
			set->json = true;
			break;
		case 'm':
			set->mark = true;
			break;
		case 'L':
			set->label = optarg;
			break;
		default:
			usage();
		}
	}
	if (optind != argc - 1 || !set->proto || !set->port || !set->rounds ||
	    set->rounds > 1000000 || set->warmup > 1000000 ||
	    (set->answer_bytes && set->answer_bytes < set->proto->bytes_min))
		usage();
	bench_parse_addr(&set->addr, argv[optind], set->port);
}

int main(int argc, char **argv)
{
	struct settings set = {
		.proto = &bench_homa,
		.label = "",
		.sizes = "100",
		.rounds = 1000,
		.warmup = 100,
		.port = 4001,
		.cpu = -1,
	};
	const char *size;
	pid_t server;
	char *next;
	size_t i;
	int fd;

	parse_args(&set, argc, argv);
	for (i = 0; i < sizeof(out); i++)
		out[i] = (unsigned char)(i * 2654435761u >> 13);

	answer_bytes = set.answer_bytes;
	bench_pin(set.cpu);
	server = bench_fork_server(set.server_netns, serve, &set);
	bench_enter_netns(set.client_netns);
	fd = set.proto->connect(&set.addr);
	for (size = set.sizes; *size; size = next + (*next == ',')) {
		long bytes = strtol(size, &next, 10);

		if (next == size || (*next && *next != ','))
			usage();
		if (bytes >= (long)set.proto->bytes_min && bytes <= (long)set.proto->bytes_max)
			measure(&set, fd, (size_t)bytes);
	}

	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return 0;
}
