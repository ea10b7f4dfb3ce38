// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa_echo_client - send requests to homa_echo_server and check the responses
 *
 *    homa_echo_client 10.0.0.2                     10 round trips of 100 bytes
 *    homa_echo_client -p 99 fd00::2                over IPv6, to port 99
 *    homa_echo_client -s 1,1000,1000000 -n 5 10.0.0.2
 *                                                  5 round trips of each size
 *    homa_echo_client -6 10.0.0.2                  IPv4 packets, but through an
 *                                                  IPv6 socket (::ffff:10.0.0.2)
 *
 * Every request has different contents, and every byte of each response is
 * compared. Prints one line per size; the exit status is 0 if all were right.
 * This is the whole life of a Homa client:
 *
 *    socket  ->  give the kernel memory for incoming messages
 *    again and again: sendmsg a request, recvmsg its response
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <linux/homa.h>

/* Memory for incoming messages, 64 MiB. It has to be at least 64 KiB for each
 * CPU of the machine plus 2 MB; the kernel touches only what it uses.
 */
#define REGION_BYTES ((size_t)1024 * HOMA_BPAGE_SIZE)

struct client {
	int fd;
	unsigned char *region;
	struct sockaddr_storage server;
	socklen_t server_len;

	/* For recvmsg. Between calls it holds the buffers of the last message,
	 * which the next call gives back to the kernel.
	 */
	struct homa_recvmsg_args args;
};

/* Read an address. @want_v6 turns an IPv4 address into ::ffff:a.b.c.d. */
static void parse_server(struct client *client, const char *text, uint16_t port, bool want_v6)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&client->server;
	struct sockaddr_in *in4 = (struct sockaddr_in *)&client->server;
	char mapped[INET6_ADDRSTRLEN];

	if (!want_v6 && inet_pton(AF_INET, text, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		client->server_len = sizeof(*in4);
		return;
	}
	snprintf(mapped, sizeof(mapped), "%s%s", strchr(text, ':') ? "" : "::ffff:", text);
	if (inet_pton(AF_INET6, mapped, &in6->sin6_addr) != 1)
		errx(2, "%s is not an IPv4 or IPv6 address", text);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	client->server_len = sizeof(*in6);
}

/* Open the socket and give the kernel memory for incoming messages. */
static void open_client(struct client *client)
{
	struct homa_rcvbuf_args args = { .length = REGION_BYTES };

	client->fd = socket(client->server.ss_family, SOCK_DGRAM, IPPROTO_HOMA);
	if (client->fd < 0)
		err(1, "socket (is the module homa loaded?)");
	client->region = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (client->region == MAP_FAILED)
		err(1, "mmap");
	args.start = (uintptr_t)client->region;
	if (setsockopt(client->fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, &args, sizeof(args)))
		err(1, "setsockopt(SO_HOMA_RCVBUF)");
}

/* Send a request. Returns its id, by which we recognise the response. */
static uint64_t send_request(struct client *client, void *data, size_t length, uint64_t cookie)
{
	struct homa_sendmsg_args args = {
		.id = 0,			/* 0: a new request */
		.completion_cookie = cookie,	/* comes back with the response */
	};
	struct iovec piece = { .iov_base = data, .iov_len = length };
	struct msghdr msg = {
		.msg_name = &client->server,
		.msg_namelen = client->server_len,
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &args,
		.msg_controllen = 0,	/* Homa wants 0 here when it sends */
	};

	if (sendmsg(client->fd, &msg, 0) < 0)
		err(1, "sendmsg of a request of %zu bytes", length);
	return args.id;
}

/* Wait for a response, and give the buffers of the previous one back. Returns
 * its length, or -1 and errno: the request failed.
 */
static ssize_t receive_response(struct client *client)
{
	struct homa_recvmsg_args *args = &client->args;
	struct msghdr msg = {
		.msg_control = args,
		.msg_controllen = sizeof(*args),
	};

	args->id = 0;		/* 0: any message; we have only one request */
	args->reserved = 0;
	return recvmsg(client->fd, &msg, 0);
}

/* Compare the message that was received last with @expected. */
static bool same(const struct client *client, const unsigned char *expected, size_t length)
{
	uint32_t i;

	for (i = 0; i < client->args.num_bpages; i++) {
		size_t bytes = length < HOMA_BPAGE_SIZE ? length : HOMA_BPAGE_SIZE;

		if (memcmp(client->region + client->args.bpage_offsets[i], expected, bytes))
			return false;
		expected += bytes;
		length -= bytes;
	}
	return length == 0;
}

/* Contents that differ from message to message and from byte to byte. */
static void fill(unsigned char *data, size_t length, uint32_t seed)
{
	uint32_t word = seed * 2654435761u + 1;
	size_t i;

	for (i = 0; i < length; i++) {
		word = word * 1664525 + 1013904223;
		data[i] = word >> 24;
	}
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int compare_u64(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* @count round trips of @length bytes, one after the other. */
static bool run_size(struct client *client, size_t length, unsigned int count)
{
	static uint32_t seed;
	uint64_t id, *rtt_ns;
	unsigned char *data;
	unsigned int i;
	ssize_t got;

	data = malloc(length);
	rtt_ns = malloc(count * sizeof(*rtt_ns));
	if (!data || !rtt_ns)
		err(1, "malloc");

	for (i = 0; i < count; i++) {
		uint64_t start_ns;

		fill(data, length, ++seed);
		start_ns = now_ns();
		id = send_request(client, data, length, seed);
		got = receive_response(client);
		rtt_ns[i] = now_ns() - start_ns;

		if (got < 0) {
			warn("%8zu bytes: RPC %u of %u failed", length, i + 1, count);
			break;
		}
		if (client->args.id != id || client->args.completion_cookie != seed) {
			warnx("%8zu bytes: a response to a different request", length);
			break;
		}
		if ((size_t)got != length || !same(client, data, length)) {
			warnx("%8zu bytes: RPC %u of %u: response (%zd bytes) differs from request",
			      length, i + 1, count, got);
			break;
		}
	}

	if (i == count) {
		qsort(rtt_ns, count, sizeof(*rtt_ns), compare_u64);
		printf("%8zu bytes: %u RPCs ok, median round trip %.1f us\n",
		       length, count, (double)rtt_ns[count / 2] / 1000);
		fflush(stdout);
	}
	free(data);
	free(rtt_ns);
	return i == count;
}

static void usage(void)
{
	fprintf(stderr, "usage: homa_echo_client [-6] [-p PORT] [-s SIZE,...] [-n COUNT] ADDRESS\n"
		"  -6         use an IPv6 socket even for an IPv4 address\n"
		"  -p PORT    port of the server (default 4000)\n"
		"  -s SIZES   message lengths, 1-%d, separated by commas (default 100)\n"
		"  -n COUNT   round trips of each length (default 10)\n",
		HOMA_MAX_MESSAGE_LENGTH);
	exit(2);
}

int main(int argc, char **argv)
{
	struct client client = { .fd = -1 };
	const char *sizes = "100";
	bool want_v6 = false;
	long port = 4000;
	long count = 10;
	bool ok = true;
	char *next;
	int opt;

	while ((opt = getopt(argc, argv, "6p:s:n:")) != -1) {
		switch (opt) {
		case '6':
			want_v6 = true;
			break;
		case 'p':
			port = atol(optarg);
			break;
		case 's':
			sizes = optarg;
			break;
		case 'n':
			count = atol(optarg);
			break;
		default:
			usage();
		}
	}
	if (optind != argc - 1 || port < 1 || port > 65535 || count < 1 || count > 10000000)
		usage();

	parse_server(&client, argv[optind], (uint16_t)port, want_v6);
	open_client(&client);

	for (; ok && *sizes; sizes = next + (*next == ',')) {
		long length = strtol(sizes, &next, 10);

		if (next == sizes || (*next && *next != ',') ||
		    length < 1 || length > HOMA_MAX_MESSAGE_LENGTH)
			usage();
		ok = run_size(&client, (size_t)length, (unsigned int)count);
	}

	close(client.fd);
	return ok ? 0 : 1;
}
