// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * bench_rtt over Homa with HOMAIOCEXCHANGE: the client's round trip is one system
 * call, and so is what the server does for a request: the response to the last
 * one out, the next one in. Messages of any length are copied to one buffer, since
 * what is sent has to be in one piece.
 */
#include <err.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/homa.h>

#include "bench_rtt.h"

#define REGION_BYTES ((size_t)1024 * HOMA_BPAGE_SIZE)

static int exchange_open(const struct bench_addr *addr)
{
	unsigned char *region;

	return bench_homa_socket(addr->sa.ss_family, REGION_BYTES, &region);
}

static int exchange_listen(const struct bench_addr *addr)
{
	int fd = exchange_open(addr);

	if (bind(fd, (const struct sockaddr *)&addr->sa, addr->len))
		err(1, "homa bind");
	return fd;
}

static void exchange_serve(int fd)
{
	struct homa_recv request = { .data = (uintptr_t)bench_in, .room = sizeof(bench_in) };
	struct homa_send response = { .data = (uintptr_t)bench_in };
	struct homa_exchange args = {
		.sends = (uintptr_t)&response,
		.recvs = (uintptr_t)&request,
		.timeout_ns = -1,
		.num_recvs = 1,
	};

	for (;;) {
		if (ioctl(fd, HOMAIOCEXCHANGE, &args))
			err(1, "HOMAIOCEXCHANGE(response, request)");
		if (args.num_recvs != 1 || request.error)
			errx(1, "exchange: %u requests, error %d", args.num_recvs, request.error);
		response.id = request.id;
		response.to = request.from;
		response.length = (uint32_t)bench_answer(request.length);
		args.num_sends = 1;
	}
}

static int exchange_round(int fd, const struct bench_addr *addr, const void *out, size_t bytes)
{
	struct homa_send request = { .data = (uintptr_t)out, .length = (uint32_t)bytes };
	struct homa_recv response = { .data = (uintptr_t)bench_in, .room = sizeof(bench_in) };
	struct homa_exchange args = {
		.sends = (uintptr_t)&request,
		.recvs = (uintptr_t)&response,
		.timeout_ns = -1,
		.num_sends = 1,
		.num_recvs = 1,
		.flags = HOMA_EXCHANGE_CALL,
	};

	memcpy(&request.to, &addr->sa, addr->len);
	if (ioctl(fd, HOMAIOCEXCHANGE, &args))
		err(1, "HOMAIOCEXCHANGE(request)");
	if (response.error || response.length != bench_answer(bytes) || response.id != request.id)
		errx(1, "exchange: response of %u bytes to RPC %llu, error %d, expected %zu bytes to"
		     " %llu", response.length, (unsigned long long)response.id, response.error,
		     bench_answer(bytes), (unsigned long long)request.id);
	return 0;
}

static bool exchange_check(const void *out, size_t bytes)
{
	return !memcmp(bench_in, out, bench_answer(bytes));
}

const struct bench_proto bench_exchange = {
	.name = "exchange",
	.bytes_min = 1,
	.bytes_max = HOMA_MAX_MESSAGE_LENGTH,
	.listen = exchange_listen,
	.serve = exchange_serve,
	.connect = exchange_open,
	.round = exchange_round,
	.check = exchange_check,
};
