// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa_echo_server - answer every Homa request with a copy of itself
 *
 *    homa_echo_server                  serve IPv4 and IPv6 clients on port 4000
 *    homa_echo_server -p 99 -4         on port 99, IPv4 only
 *    homa_echo_server -n 10            leave after ten requests
 *
 * Try it with homa_echo_client. This is the whole life of a Homa server:
 *
 *    socket  ->  bind  ->  give the kernel memory for incoming messages
 *    again and again: recvmsg a request, sendmsg the response
 *
 * There are no connections and no per-client state; one socket and one thread
 * can serve any number of clients.
 */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/homa.h>

/* Memory for incoming messages, 64 MiB. It has to be at least 64 KiB for each
 * CPU of the machine plus 2 MB; the kernel touches only what it uses.
 */
#define REGION_BYTES ((size_t)1024 * HOMA_BPAGE_SIZE)

/* A socket that accepts requests on @port. An AF_INET6 socket serves IPv4
 * clients too: their addresses look like ::ffff:10.0.0.1.
 */
static int open_server(int family, uint16_t port)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd;

	fd = socket(family, SOCK_DGRAM, IPPROTO_HOMA);
	if (fd < 0)
		err(1, "socket (is the module homa loaded?)");

	/* Homa ignores the address; binding to a port makes it a server. */
	if (family == AF_INET ? bind(fd, (struct sockaddr *)&in4, sizeof(in4)) :
				bind(fd, (struct sockaddr *)&in6, sizeof(in6)))
		err(1, "bind to port %u", port);
	return fd;
}

/* Give the kernel the memory in which it puts incoming messages. */
static unsigned char *set_region(int fd)
{
	struct homa_rcvbuf_args args = { .length = REGION_BYTES };
	void *region;

	region = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (region == MAP_FAILED)
		err(1, "mmap");
	args.start = (uintptr_t)region;
	if (setsockopt(fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, &args, sizeof(args)))
		err(1, "setsockopt(SO_HOMA_RCVBUF)");
	return region;
}

/* Wait for a request. Returns its length, or -1 and errno.
 *
 * @args says which buffers of the previous message are given back, and then
 * where the new message is.
 */
static ssize_t receive(int fd, struct homa_recvmsg_args *args,
		       struct sockaddr_storage *peer, socklen_t *peer_len)
{
	struct msghdr msg = {
		.msg_name = peer,
		.msg_namelen = sizeof(*peer),
		.msg_control = args,
		.msg_controllen = sizeof(*args),
	};
	ssize_t length;

	args->id = 0;		/* 0: any message */
	args->reserved = 0;
	length = recvmsg(fd, &msg, 0);
	*peer_len = msg.msg_namelen;
	return length;
}

/* Send the message that @args describes back to where it came from.
 *
 * The message need not be copied together: it lies in up to 16 pieces of the
 * region, each up to 64 KiB long, and sendmsg takes a list of pieces.
 */
static void respond(int fd, unsigned char *region, size_t length,
		    const struct homa_recvmsg_args *args,
		    struct sockaddr_storage *peer, socklen_t peer_len)
{
	struct homa_sendmsg_args send_args = { .id = args->id };
	struct iovec pieces[HOMA_MAX_BPAGES];
	struct msghdr msg = {
		.msg_name = peer,
		.msg_namelen = peer_len,
		.msg_iov = pieces,
		.msg_control = &send_args,
		.msg_controllen = 0,	/* Homa wants 0 here when it sends */
	};
	uint32_t i;

	for (i = 0; i < args->num_bpages; i++) {
		size_t bytes = length < HOMA_BPAGE_SIZE ? length : HOMA_BPAGE_SIZE;

		pieces[i].iov_base = region + args->bpage_offsets[i];
		pieces[i].iov_len = bytes;
		length -= bytes;
	}
	msg.msg_iovlen = args->num_bpages;

	/* If the client has given up by now, this succeeds all the same. */
	if (sendmsg(fd, &msg, 0) < 0)
		warn("sendmsg of the response to request %llu",
		     (unsigned long long)args->id);
}

static void usage(void)
{
	fprintf(stderr, "usage: homa_echo_server [-4] [-p PORT] [-n REQUESTS]\n"
		"  -4           IPv4 only (otherwise both IPv4 and IPv6)\n"
		"  -p PORT      port to serve, 1-%d (default 4000)\n"
		"  -n REQUESTS  leave after so many requests (default: serve for ever)\n",
		HOMA_MIN_DEFAULT_PORT - 1);
	exit(2);
}

int main(int argc, char **argv)
{
	struct homa_recvmsg_args args = { 0 };
	unsigned long requests_max = 0;
	unsigned long requests = 0;
	unsigned long long bytes = 0;
	struct sockaddr_storage peer;
	unsigned char *region;
	int family = AF_INET6;
	socklen_t peer_len;
	long port = 4000;
	ssize_t length;
	int fd, opt;

	while ((opt = getopt(argc, argv, "4p:n:")) != -1) {
		switch (opt) {
		case '4':
			family = AF_INET;
			break;
		case 'p':
			port = atol(optarg);
			break;
		case 'n':
			requests_max = strtoul(optarg, NULL, 10);
			break;
		default:
			usage();
		}
	}
	if (optind != argc || port < 1 || port >= HOMA_MIN_DEFAULT_PORT)
		usage();

	fd = open_server(family, (uint16_t)port);
	region = set_region(fd);
	printf("homa_echo_server: ready on port %ld\n", port);
	fflush(stdout);

	while (!requests_max || requests < requests_max) {
		length = receive(fd, &args, &peer, &peer_len);
		if (length < 0) {
			/* A signal; also SIGCONT, after Ctrl-Z or a debugger. The
			 * buffers were given back all the same.
			 */
			if (errno == EINTR) {
				args.num_bpages = 0;
				continue;
			}
			/* With an id it concerns that RPC, which is gone;
			 * without one it concerns us.
			 */
			if (!args.id)
				err(1, "recvmsg");
			warn("request %llu", (unsigned long long)args.id);
			args.num_bpages = 0;
			continue;
		}
		respond(fd, region, (size_t)length, &args, &peer, peer_len);
		requests++;
		bytes += (size_t)length;
		/* The buffers stay listed in args: the next recvmsg gives
		 * them back to the kernel.
		 */
	}

	printf("homa_echo_server: answered %lu requests, %llu bytes\n", requests, bytes);
	close(fd);
	return 0;
}
