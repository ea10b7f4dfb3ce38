// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * bench_rtt over libhoma: what bench_homa.c does with bare sockets, with
 * homa_call() and homa_recv() instead.
 */
#include <err.h>
#include <string.h>

#include <homa/homa.h>

#include "bench_rtt.h"

/* One handle per process. */
static struct homa *homa;
static struct homa_msg *response;

static int lib_open(const struct bench_addr *addr)
{
	if (homa_open(&homa, addr->sa.ss_family, NULL))
		errx(1, "homa_open: %s", homa_explain());
	return homa_socket(homa);
}

static int lib_listen(const struct bench_addr *addr)
{
	int fd = lib_open(addr);

	if (homa_bind(homa, (const struct sockaddr *)&addr->sa, addr->len))
		errx(1, "homa_bind: %s", homa_explain());
	return fd;
}

static void lib_serve(int fd)
{
	const struct iovec *pieces;
	struct homa_msg *request;
	struct iovec piece;
	int count;

	(void)fd;
	while (!homa_recv(homa, HOMA_FOREVER, &request)) {
		count = homa_msg_iov(request, &pieces);
		/* A short answer is in the first piece. */
		if (bench_answer(homa_msg_length(request)) != homa_msg_length(request)) {
			piece = pieces[0];
			piece.iov_len = bench_answer(homa_msg_length(request));
			pieces = &piece;
			count = 1;
		}
		if (homa_replyv(request, pieces, count, 0))
			errx(1, "homa_replyv: %s", homa_explain());
		homa_msg_free(request);
	}
	errx(1, "homa_recv: %s", homa_explain());
}

static int lib_round(int fd, const struct bench_addr *addr, const void *out, size_t bytes)
{
	(void)fd;
	homa_msg_free(response);
	if (homa_call(homa, (const struct sockaddr *)&addr->sa, addr->len, out, bytes,
		      HOMA_FOREVER, &response))
		errx(1, "homa_call: %s", homa_explain());
	if (homa_msg_length(response) != bench_answer(bytes))
		errx(1, "a response of %zu bytes", homa_msg_length(response));
	return 0;
}

static bool lib_check(const void *out, size_t bytes)
{
	const unsigned char *expected = out;
	const struct iovec *pieces;
	int i, count = homa_msg_iov(response, &pieces);

	bytes = bench_answer(bytes);
	for (i = 0; i < count; i++) {
		if (pieces[i].iov_len > bytes || memcmp(pieces[i].iov_base, expected, pieces[i].iov_len))
			return false;
		expected += pieces[i].iov_len;
		bytes -= pieces[i].iov_len;
	}
	return bytes == 0;
}

const struct bench_proto bench_lib = {
	.name = "libhoma",
	.bytes_min = 1,
	.bytes_max = HOMA_RPC_BYTES,
	.listen = lib_listen,
	.serve = lib_serve,
	.connect = lib_open,
	.round = lib_round,
	.check = lib_check,
};
