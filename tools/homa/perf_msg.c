// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * perf_msg.c - make and check the contents of messages
 */
#include <string.h>

#include "perf_msg.h"
#include "perf_rng.h"

/* The pattern begins at one of so many places. */
#define SHIFTS		4096
/* Of each STRIDE bytes so many are compared, and what is at both ends: reading all
 * of it would cost as much as receiving it.
 */
#define STRIDE		1024
#define LOOK		64

static uint8_t pattern[PERF_BYTES_MAX + SHIFTS];

/**
 * perf_msg_init() - make the pattern; before everything else, once
 */
void perf_msg_init(void)
{
	uint64_t state = 1, word;
	size_t i;

	for (i = 0; i + sizeof(word) <= sizeof(pattern); i += sizeof(word)) {
		word = perf_rng_mix(&state);
		memcpy(pattern + i, &word, sizeof(word));
	}
}

static const uint8_t *pattern_of(uint64_t number)
{
	return pattern + (number * 0x9e3779b97f4a7c15 >> 52);
}

static void make_head(const struct perf_msg *msg, uint8_t head[PERF_HEAD_BYTES])
{
	int i;

	head[0] = msg->kind;
	for (i = 1; i < PERF_HEAD_BYTES; i++)
		head[i] = (uint8_t)(msg->number >> 8 * (i - 1));
}

/**
 * perf_msg_iov() - the bytes of a message
 * @msg: message
 * @head: memory for its beginning
 * @skip: bytes of it that are not wanted any more, less than its length
 * @iov: pieces; nothing else is copied
 *
 * Return: number of pieces.
 */
int perf_msg_iov(const struct perf_msg *msg, uint8_t head[PERF_HEAD_BYTES], size_t skip,
		 struct iovec iov[PERF_IOVS])
{
	size_t head_bytes = msg->bytes < PERF_HEAD_BYTES ? msg->bytes : PERF_HEAD_BYTES;
	int n = 0;

	make_head(msg, head);
	if (skip < head_bytes) {
		iov[n].iov_base = head + skip;
		iov[n++].iov_len = head_bytes - skip;
		skip = head_bytes;
	}
	if (skip < msg->bytes) {
		iov[n].iov_base = (void *)(pattern_of(msg->number) + skip);
		iov[n++].iov_len = msg->bytes - skip;
	}
	return n;
}

/**
 * perf_msg_read() - what a message claims to be
 * @msg: result
 * @head: its first PERF_HEAD_BYTES, or all of it
 * @bytes: its length
 *
 * The number of a message shorter than its head is not known in full; what is missing is 0.
 *
 * Return: true if it is a request of this kind.
 */
bool perf_msg_read(struct perf_msg *msg, const void *head, size_t bytes)
{
	const uint8_t *p = head;
	size_t i;

	msg->kind = p[0];
	msg->bytes = (uint32_t)bytes;
	msg->number = 0;
	for (i = 1; i < PERF_HEAD_BYTES && i < bytes; i++)
		msg->number |= (uint64_t)p[i] << 8 * (i - 1);
	return msg->kind == PERF_ECHO || msg->kind == PERF_SINK;
}

/**
 * perf_msg_same() - is this part of a message right?
 * @msg: what it has to be
 * @offset: where the part begins
 * @data: the part
 * @bytes: its length
 *
 * The head and both ends of the part are compared, and a sixteenth of what is between.
 *
 * Return: true if nothing wrong was found.
 */
bool perf_msg_same(const struct perf_msg *msg, size_t offset, const void *data, size_t bytes)
{
	const uint8_t *p = data, *want = pattern_of(msg->number);
	size_t at = 0;

	if (bytes > msg->bytes || offset > msg->bytes - bytes)
		return false;
	if (offset < PERF_HEAD_BYTES) {
		uint8_t head[PERF_HEAD_BYTES];

		make_head(msg, head);
		at = PERF_HEAD_BYTES - offset;
		if (at > bytes)
			at = bytes;
		if (memcmp(p, head + offset, at))
			return false;
	}
	for (; at < bytes; at += STRIDE) {
		size_t look = bytes - at < LOOK ? bytes - at : LOOK;

		if (memcmp(p + at, want + offset + at, look))
			return false;
	}
	if (bytes > PERF_HEAD_BYTES + LOOK)
		return !memcmp(p + bytes - LOOK, want + offset + bytes - LOOK, LOOK);
	return true;
}

/**
 * perf_msg_answer_bytes() - length of the answer to a message
 * @msg: request
 *
 * Return: bytes.
 */
uint32_t perf_msg_answer_bytes(const struct perf_msg *msg)
{
	if (msg->kind == PERF_SINK && msg->bytes > PERF_HEAD_BYTES)
		return PERF_HEAD_BYTES;
	return msg->bytes;
}
