// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa_exchange - an RPC with one system call on each side, without a library
 *
 *    homa_exchange serve             greet everybody who calls, on port 4000
 *    homa_exchange fd00::2 Ada       call the server on that host
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <linux/homa.h>

#define PORT 4000
#define REGION_BYTES (64 << 20)

/* A socket with a receive region: there messages are until the program takes them. */
static int open_socket(void)
{
	void *memory = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct homa_rcvbuf_args region = { .start = (uintptr_t)memory, .length = REGION_BYTES };
	int fd = socket(AF_INET6, SOCK_DGRAM, IPPROTO_HOMA);

	if (memory == MAP_FAILED || fd < 0 ||
	    setsockopt(fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, &region, sizeof(region))) {
		perror("a socket of Homa");
		exit(2);
	}
	return fd;
}

static int serve(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	char name[64], text[80];
	struct homa_recv request = { .data = (uintptr_t)name, .room = sizeof(name) };
	struct homa_send response = { .data = (uintptr_t)text };
	struct homa_exchange args = { .timeout_ns = -1 };
	int fd = open_socket();

	if (bind(fd, (struct sockaddr *)&any, sizeof(any))) {
		perror("bind");
		return 2;
	}
	printf("ready\n");
	fflush(stdout);
	args.sends = (uintptr_t)&response;
	args.recvs = (uintptr_t)&request;
	args.returns = (uintptr_t)request.bpage_offsets;
	for (;;) {
		/* The last response out, the next request in. */
		args.num_recvs = 1;
		if (ioctl(fd, HOMAIOCEXCHANGE, &args)) {
			perror("HOMAIOCEXCHANGE");
			args.num_sends = 0;
			args.num_returns = 0;
			continue;
		}
		/* A longer one is in the region, and its buffers go back. */
		if (request.num_bpages)
			response.length = (uint32_t)sprintf(text, "That is no name.");
		else
			response.length = (uint32_t)sprintf(text, "Hello, %.*s!",
							    (int)request.length, name);
		response.id = request.id;
		response.to = request.from;
		args.num_sends = 1;
		args.num_returns = request.num_bpages;
	}
}

static int ask(const char *address, const char *name)
{
	struct sockaddr_in6 server = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	char text[80];
	struct homa_send request = { .data = (uintptr_t)name, .length = (uint32_t)strlen(name) };
	struct homa_recv response = { .data = (uintptr_t)text, .room = sizeof(text) };
	struct homa_exchange args = {
		.sends = (uintptr_t)&request,
		.recvs = (uintptr_t)&response,
		.num_sends = 1,
		.num_recvs = 1,
		.flags = HOMA_EXCHANGE_CALL,
		.timeout_ns = 1000000000,
	};
	struct homa_abort_args end = { 0 };
	int fd = open_socket();

	if (inet_pton(AF_INET6, address, &server.sin6_addr) != 1) {
		fprintf(stderr, "%s is no IPv6 address; ::ffff:10.0.0.2 is IPv4\n", address);
		return 2;
	}
	memcpy(&request.to, &server, sizeof(server));
	if (ioctl(fd, HOMAIOCEXCHANGE, &args)) {
		perror(errno == EAGAIN ? "no answer in a second" : "HOMAIOCEXCHANGE");
		/* A request that was sent is still under way. */
		end.id = request.id;
		if (args.num_sends)
			ioctl(fd, HOMAIOCABORT, &end);
		return 1;
	}
	if (response.error || response.num_bpages) {
		fprintf(stderr, "%s: %s\n", address, response.error ? strerror(response.error) :
							      "the answer is too long");
		return 1;
	}
	printf("%.*s\n", (int)response.length, text);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "serve"))
		return serve();
	if (argc == 3)
		return ask(argv[1], argv[2]);
	fprintf(stderr, "usage: homa_exchange serve, homa_exchange ADDRESS NAME\n");
	return 2;
}
