/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What is in the messages of homa ping, serve and perf, whatever carries them:
 *
 *	byte 0		what is wanted: enum perf_kind
 *	bytes 1 to 8	a number, little-endian
 *	the rest	a fixed pattern, from a place that the number gives
 *
 * A short message has the beginning of that.  An echo is the same bytes.  The answer
 * to PERF_SINK is its first bytes, at most PERF_HEAD_BYTES.  Who finds wrong bytes in
 * a request answers PERF_WRONG.
 */
#ifndef HOMA_TOOL_PERF_MSG_H
#define HOMA_TOOL_PERF_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define PERF_HEAD_BYTES		9
#define PERF_BYTES_MAX		1000000

/**
 * enum perf_kind - first byte of a message
 * @PERF_ECHO: send it back
 * @PERF_SINK: send its beginning back
 * @PERF_WRONG: an answer: the request had wrong bytes
 */
enum perf_kind {
	PERF_ECHO = 0xe1,
	PERF_SINK = 0x51,
	PERF_WRONG = 0xff,
};

/**
 * struct perf_msg - a message
 * @number: different in each message
 * @bytes: length
 * @kind: enum perf_kind
 */
struct perf_msg {
	uint64_t number;
	uint32_t bytes;
	uint8_t kind;
};

/** Pieces of a message in memory. */
#define PERF_IOVS	2

void perf_msg_init(void);
int perf_msg_iov(const struct perf_msg *msg, uint8_t head[PERF_HEAD_BYTES], size_t skip,
		 struct iovec iov[PERF_IOVS]);
bool perf_msg_read(struct perf_msg *msg, const void *head, size_t bytes);
bool perf_msg_same(const struct perf_msg *msg, size_t offset, const void *data, size_t bytes);
uint32_t perf_msg_answer_bytes(const struct perf_msg *msg);

#endif /* HOMA_TOOL_PERF_MSG_H */
