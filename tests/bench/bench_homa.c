// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* bench_rtt over Homa: one RPC per round trip. */
#include <err.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

#include <linux/homa.h>

#include "bench_rtt.h"

#define REGION_BYTES ((size_t)1024 * HOMA_BPAGE_SIZE)

/* One socket per process, so one region and one set of buffers in our hands. */
static unsigned char *region;
static struct homa_recvmsg_args received;

static int homa_listen(const struct bench_addr *addr)
{
	int fd = bench_homa_socket(addr->sa.ss_family, REGION_BYTES, &region);

	if (bind(fd, (const struct sockaddr *)&addr->sa, addr->len))
		err(1, "homa bind");
	return fd;
}

static ssize_t receive(int fd, struct bench_addr *from)
{
	struct msghdr msg = {
		.msg_name = from ? &from->sa : NULL,
		.msg_namelen = from ? sizeof(from->sa) : 0,
		.msg_control = &received,
		.msg_controllen = sizeof(received),
	};
	ssize_t length;

	received.id = 0;
	length = recvmsg(fd, &msg, 0);
	if (length < 0)
		err(1, "homa recvmsg");
	if (from)
		from->len = msg.msg_namelen;
	return length;
}

static void homa_serve(int fd)
{
	for (;;) {
		struct homa_sendmsg_args args = { 0 };
		struct iovec pieces[HOMA_MAX_BPAGES];
		struct bench_addr from;
		struct msghdr msg = {
			.msg_name = &from.sa,
			.msg_iov = pieces,
			.msg_control = &args,
		};
		size_t left = bench_answer((size_t)receive(fd, &from));
		uint32_t i;

		for (i = 0; left; i++) {
			pieces[i].iov_base = region + received.bpage_offsets[i];
			pieces[i].iov_len = left < HOMA_BPAGE_SIZE ? left : HOMA_BPAGE_SIZE;
			left -= pieces[i].iov_len;
		}
		args.id = received.id;
		msg.msg_namelen = from.len;
		msg.msg_iovlen = i;
		if (sendmsg(fd, &msg, 0) < 0)
			err(1, "homa sendmsg(response)");
	}
}

static int homa_connect(const struct bench_addr *addr)
{
	return bench_homa_socket(addr->sa.ss_family, REGION_BYTES, &region);
}

static int homa_round(int fd, const struct bench_addr *addr, const void *out, size_t bytes)
{
	struct homa_sendmsg_args args = { 0 };
	struct iovec piece = { .iov_base = (void *)out, .iov_len = bytes };
	struct msghdr msg = {
		.msg_name = (void *)&addr->sa,
		.msg_namelen = addr->len,
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &args,
	};
	ssize_t length;

	if (sendmsg(fd, &msg, 0) < 0)
		err(1, "homa sendmsg(request)");
	length = receive(fd, NULL);
	if ((size_t)length != bench_answer(bytes) || received.id != args.id)
		errx(1, "homa: response of %zd bytes to RPC %llu, expected %zu bytes to %llu",
		     length, (unsigned long long)received.id, bench_answer(bytes),
		     (unsigned long long)args.id);
	return 0;
}

static bool homa_check(const void *out, size_t bytes)
{
	const unsigned char *expected = out;
	uint32_t i;

	bytes = bench_answer(bytes);
	for (i = 0; i < received.num_bpages; i++) {
		size_t piece = bytes < HOMA_BPAGE_SIZE ? bytes : HOMA_BPAGE_SIZE;

		if (memcmp(region + received.bpage_offsets[i], expected, piece))
			return false;
		expected += piece;
		bytes -= piece;
	}
	return bytes == 0;
}

const struct bench_proto bench_homa = {
	.name = "homa",
	.bytes_min = 1,
	.bytes_max = HOMA_MAX_MESSAGE_LENGTH,
	.listen = homa_listen,
	.serve = homa_serve,
	.connect = homa_connect,
	.round = homa_round,
	.check = homa_check,
};
