// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * bench_load - what a short RPC costs when many are under way
 *
 *    bench_load -P homa -n 64 -t 4 -S s -C c 10.0.0.2
 *        64 RPCs at a time, from one socket with four threads to one socket
 *        with four threads
 *    bench_load -P tcp -n 64 -t 4 -S s -C c 10.0.0.2
 *        the same over 64 connections, which the threads divide between them
 *    bench_load -P homa -n 64 -t 4 -b 16 -S s -C c 10.0.0.2
 *        up to 16 messages with one system call, recvmmsg() and sendmmsg()
 *    bench_load -P exchange -n 64 -t 4 -b 16 -S s -C c 10.0.0.2
 *        up to 16 messages out and 16 in with one system call, HOMAIOCEXCHANGE
 *    bench_load -P homa -n 64 -s 64 10.1.0.1
 *        to 64 servers, 10.1.0.1 to 10.1.0.64
 *
 * Closed loop: as soon as a response is there its slot sends the next request.
 * The figure is the time for all RPCs, divided by their number. The first eight
 * bytes of each response are compared with the request.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_load.h"

static const struct load_proto *const protos[] = { &load_homa, &load_exchange, &load_tcp };

bool load_next(struct load *load)
{
	return __atomic_fetch_add(&load->started, 1, __ATOMIC_RELAXED) < load->warmup + load->rpcs;
}

bool load_count(struct load *load)
{
	uint64_t n = __atomic_add_fetch(&load->counted, 1, __ATOMIC_RELAXED);

	if (n == load->warmup) {
		load->start_ns = bench_now_ns();
		if (load->mark)
			BENCH_MARK('b');
	}
	if (n != load->warmup + load->rpcs)
		return false;
	if (load->mark)
		BENCH_MARK('e');
	load->end_ns = bench_now_ns();
	if (load->mark)
		BENCH_MARK('w');
	return true;
}

void load_stamp(unsigned char *message, size_t bytes, uint32_t slot, uint32_t seq)
{
	uint32_t words[2] = { slot, seq };

	memset(message + sizeof(words), (int)slot, bytes - sizeof(words));
	memcpy(message, words, sizeof(words));
}

void load_check(const unsigned char *message, size_t bytes, uint32_t slot, uint32_t seq)
{
	uint32_t words[2] = { slot, seq };

	if (memcmp(message, words, sizeof(words)) || message[bytes - 1] != (unsigned char)slot)
		errx(1, "slot %u got a response that is not its own", slot);
}

void load_threads(unsigned int threads, void *(*function)(void *), void *contexts, size_t size,
		  pthread_t *ids)
{
	unsigned int i;

	for (i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, function, (char *)contexts + i * size))
			errx(1, "cannot create a thread");
}

static void usage(void)
{
	fprintf(stderr,
		"usage: bench_load [options] ADDRESS\n"
		"  -P PROTO   homa, exchange (HOMAIOCEXCHANGE) or tcp (default homa)\n"
		"  -n COUNT   RPCs under way at a time (default 64)\n"
		"  -t COUNT   threads of the client, and of the server (default 1)\n"
		"  -s COUNT   servers, at ADDRESS and those that follow (default 1)\n"
		"  -b COUNT   homa: messages with one call of recvmmsg() or sendmmsg(), with one\n"
		"             server (default 1: recvmsg() and sendmsg()); exchange: out, and in,\n"
		"             with one call\n"
		"  -l BYTES   of a request, and of a response (default 100)\n"
		"  -r COUNT   timed RPCs (default 10000)\n"
		"  -w COUNT   RPCs before them (default 1000)\n"
		"  -S NETNS   network namespace of the servers\n"
		"  -C NETNS   network namespace of the client\n"
		"  -p PORT    of the first server; the others have those that follow (default 4001)\n"
		"  -c CPU     run everything on this processor\n"
		"  -m         mark the timed RPCs for ./dev profile\n"
		"  -L LABEL   \"work\" in the result, a line of JSON\n");
	exit(2);
}

static unsigned int number(const char *text, unsigned int max)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < 1 || value > (long)max)
		errx(2, "%s is not a number from 1 to %u", text, max);
	return (unsigned int)value;
}

int main(int argc, char **argv)
{
	const char *client_netns = NULL, *server_netns = NULL, *label = "";
	const struct load_proto *proto = &load_homa;
	uint16_t port = 4001;
	struct load load = {
		.servers = 1, .threads = 1, .slots = 64, .batch = 1, .bytes = 100,
		.warmup = 1000, .rpcs = 10000,
	};
	uint64_t elapsed_ns;
	int cpu = -1;
	pid_t server;
	size_t i;
	int opt;

	while ((opt = getopt(argc, argv, "P:n:t:s:b:l:r:w:S:C:p:c:mL:")) != -1) {
		switch (opt) {
		case 'P':
			proto = NULL;
			for (i = 0; i < sizeof(protos) / sizeof(protos[0]); i++)
				if (!strcmp(optarg, protos[i]->name))
					proto = protos[i];
			break;
		case 'n':
			load.slots = number(optarg, LOAD_SLOTS_MAX);
			break;
		case 't':
			load.threads = number(optarg, LOAD_THREADS_MAX);
			break;
		case 's':
			load.servers = number(optarg, LOAD_SLOTS_MAX);
			break;
		case 'b':
			load.batch = number(optarg, LOAD_BATCH_MAX);
			break;
		case 'l':
			load.bytes = number(optarg, LOAD_BYTES_MAX);
			break;
		case 'r':
			load.rpcs = number(optarg, 100000000);
			break;
		case 'w':
			load.warmup = number(optarg, 100000000);
			break;
		case 'S':
			server_netns = optarg;
			break;
		case 'C':
			client_netns = optarg;
			break;
		case 'p':
			port = (uint16_t)number(optarg, 32767);
			break;
		case 'c':
			cpu = atoi(optarg);
			break;
		case 'm':
			load.mark = true;
			break;
		case 'L':
			label = optarg;
			break;
		default:
			usage();
		}
	}
	if (optind != argc - 1 || !proto || load.bytes < 9 || load.slots < load.threads ||
	    (proto == &load_homa && load.batch > 1 && load.servers > 1))
		usage();
	bench_parse_addr(&load.addr, argv[optind], port);

	bench_pin(cpu);
	server = bench_fork_server(server_netns, proto->serve, &load);
	bench_enter_netns(client_netns);
	proto->run(&load);
	elapsed_ns = load.end_ns - load.start_ns;
	printf("{\"work\":\"%s\",\"proto\":\"%s\",\"bytes\":%zu,\"outstanding\":%u,\"threads\":%u,"
	       "\"servers\":%u,\"rounds\":%llu,\"per_rpc_ns\":%llu}\n", label, proto->name, load.bytes,
	       load.slots, load.threads, load.servers, (unsigned long long)load.rpcs,
	       (unsigned long long)(elapsed_ns / load.rpcs));
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return 0;
}
