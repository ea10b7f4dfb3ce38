// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * bench_idle - kernel memory for a peer that is known and does nothing
 *
 *    bench_idle -P homa -n 4000 -S s -C c 10.1.0.1
 *        one RPC from one socket to each of 4,000 addresses that namespace s
 *        answers for ("ip route add local 10.1.0.0/16 dev lo")
 *    bench_idle -P tcp -n 4000 -S s -C c 10.1.0.1
 *        one connection to each of them, and one exchange over it
 *
 * The figure is the growth of the slab allocator's memory, divided by the number
 * of peers. A TCP connection has two ends, both in this kernel, and each is a peer
 * of the other: theirs is half. With Homa only the client learns of many peers.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/homa.h>

#include "bench_util.h"

#define MESSAGE_BYTES 100
#define REGION_BYTES ((size_t)256 * HOMA_BPAGE_SIZE)
/* So that acks are sent, RPCs forgotten, and RCU's grace periods over. */
#define SETTLE_S 3

static struct bench_addr addr;
static unsigned int peers = 4000;

static long slab_kb(void)
{
	char line[128];
	long kb = -1;
	FILE *f;

	/* Caches of names and files are not what is measured. */
	f = fopen("/proc/sys/vm/drop_caches", "w");
	if (f) {
		fputs("2\n", f);
		fclose(f);
	}
	f = fopen("/proc/meminfo", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Slab: %ld kB", &kb) == 1)
			break;
	if (kb < 0)
		errx(1, "no \"Slab:\" in /proc/meminfo");
	fclose(f);
	return kb;
}

static void homa_serve(const void *context, int ready_fd)
{
	struct bench_addr any = bench_addr_any(&addr);
	struct homa_recvmsg_args received = { 0 };
	unsigned char *region;
	int fd;

	(void)context;
	fd = bench_homa_socket(any.sa.ss_family, REGION_BYTES, &region);
	if (bind(fd, (struct sockaddr *)&any.sa, any.len))
		err(1, "homa bind");
	bench_ready(ready_fd);
	for (;;) {
		struct homa_sendmsg_args args = { 0 };
		struct bench_addr from;
		struct iovec piece = { .iov_len = MESSAGE_BYTES };
		struct msghdr msg = {
			.msg_name = &from.sa,
			.msg_namelen = sizeof(from.sa),
			.msg_iov = &piece,
			.msg_iovlen = 1,
			.msg_control = &received,
			.msg_controllen = sizeof(received),
		};

		received.id = 0;
		if (recvmsg(fd, &msg, 0) != MESSAGE_BYTES)
			err(1, "homa recvmsg(request)");
		piece.iov_base = region + received.bpage_offsets[0];
		args.id = received.id;
		msg.msg_control = &args;
		msg.msg_controllen = 0;
		if (sendmsg(fd, &msg, 0) < 0)
			err(1, "homa sendmsg(response)");
	}
}

static void homa_meet(void)
{
	unsigned char message[MESSAGE_BYTES] = { 0 };
	struct homa_recvmsg_args received = { 0 };
	unsigned char *region;
	unsigned int i;
	int fd;

	fd = bench_homa_socket(addr.sa.ss_family, REGION_BYTES, &region);
	for (i = 0; i < peers; i++) {
		struct bench_addr to = bench_addr_step(&addr, i, 0);
		struct homa_sendmsg_args args = { 0 };
		struct iovec piece = { .iov_base = message, .iov_len = sizeof(message) };
		struct msghdr msg = {
			.msg_name = &to.sa,
			.msg_namelen = to.len,
			.msg_iov = &piece,
			.msg_iovlen = 1,
			.msg_control = &args,
		};

		if (sendmsg(fd, &msg, 0) < 0)
			err(1, "homa sendmsg(request)");
		msg = (struct msghdr) {
			.msg_control = &received,
			.msg_controllen = sizeof(received),
		};
		received.id = 0;
		if (recvmsg(fd, &msg, 0) != MESSAGE_BYTES)
			err(1, "homa recvmsg(response)");
	}
}

static void tcp_serve(const void *context, int ready_fd)
{
	struct bench_addr any = bench_addr_any(&addr);
	unsigned char message[MESSAGE_BYTES];
	int on = 1;
	int fd;

	(void)context;
	fd = socket(any.sa.ss_family, SOCK_STREAM, 0);
	if (fd < 0)
		err(1, "tcp socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		err(1, "SO_REUSEADDR");
	if (bind(fd, (struct sockaddr *)&any.sa, any.len) || listen(fd, 16))
		err(1, "tcp listen");
	bench_ready(ready_fd);
	for (;;) {
		int conn = accept(fd, NULL, NULL);

		if (conn < 0)
			err(1, "accept");
		if (recv(conn, message, sizeof(message), MSG_WAITALL) != MESSAGE_BYTES ||
		    send(conn, message, sizeof(message), 0) != MESSAGE_BYTES)
			err(1, "tcp server");
	}
}

static void tcp_meet(void)
{
	unsigned char message[MESSAGE_BYTES] = { 0 };
	unsigned int i;

	for (i = 0; i < peers; i++) {
		struct bench_addr to = bench_addr_step(&addr, i, 0);
		int fd = socket(to.sa.ss_family, SOCK_STREAM, 0);

		if (fd < 0 || connect(fd, (struct sockaddr *)&to.sa, to.len))
			err(1, "tcp connect");
		if (send(fd, message, sizeof(message), 0) != MESSAGE_BYTES ||
		    recv(fd, message, sizeof(message), MSG_WAITALL) != MESSAGE_BYTES)
			err(1, "tcp client");
	}
}

static void usage(void)
{
	fprintf(stderr, "usage: bench_idle [-P homa|tcp] [-n PEERS] [-S NETNS] [-C NETNS] ADDRESS\n");
	exit(2);
}

int main(int argc, char **argv)
{
	const char *client_netns = NULL, *server_netns = NULL, *proto = "homa";
	struct rlimit files;
	long before_kb, after_kb;
	pid_t server;
	bool tcp;
	int opt;

	while ((opt = getopt(argc, argv, "P:n:S:C:")) != -1) {
		switch (opt) {
		case 'P':
			proto = optarg;
			break;
		case 'n':
			peers = (unsigned int)atoi(optarg);
			break;
		case 'S':
			server_netns = optarg;
			break;
		case 'C':
			client_netns = optarg;
			break;
		default:
			usage();
		}
	}
	tcp = !strcmp(proto, "tcp");
	if (optind != argc - 1 || (!tcp && strcmp(proto, "homa")) || peers < 100 || peers > 60000)
		usage();
	bench_parse_addr(&addr, argv[optind], 4001);
	files.rlim_cur = peers + 100;
	files.rlim_max = files.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &files))
		err(1, "RLIMIT_NOFILE");

	server = bench_fork_server(server_netns, tcp ? tcp_serve : homa_serve, NULL);
	bench_enter_netns(client_netns);
	sleep(SETTLE_S);
	before_kb = slab_kb();
	if (tcp)
		tcp_meet();
	else
		homa_meet();
	sleep(SETTLE_S);
	after_kb = slab_kb();
	printf("{\"work\":\"idle peer\",\"proto\":\"%s\",\"peers\":%u,\"bytes_per_peer\":%ld}\n", proto,
	       peers, (after_kb - before_kb) * 1024 / (long)peers / (tcp ? 2 : 1));
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	return 0;
}
