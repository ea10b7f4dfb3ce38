/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What two proxies say to each other: every frame is a request of an RPC, and its
 * response says how it went. All numbers are big-endian.
 *
 *	 0  4  magic "HPX1"
 *	 4  1  type
 *	 5  3  zero
 *	 8  8  session: a random number, chosen by the proxy that took the connection
 *	16  8  offset of the first byte in the stream of the sender
 *	24     bytes of the stream (DATA only)
 *
 * A response is the magic, a status, and three bytes of zero.
 */
#ifndef HOMA_PROXY_FRAME_H
#define HOMA_PROXY_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_BYTES 24
#define FRAME_REPLY_BYTES 8
/* Bytes of the stream in a DATA frame: with its header it fills two pages of the receive region. */
#define FRAME_DATA_MAX (2 * 65536 - FRAME_BYTES)

/**
 * enum frame_type - what a frame is about
 * @FRAME_OPEN: a connection was accepted: make one to the service. Answered when
 *	that is connected
 * @FRAME_DATA: bytes; answered when they were written to the other connection
 * @FRAME_END: the sender's stream ends at the offset; answered when it was passed on
 * @FRAME_RESET: the session is over, abnormally
 * @FRAME_PING: does the session still exist?
 */
enum frame_type {
	FRAME_OPEN = 1,
	FRAME_DATA,
	FRAME_END,
	FRAME_RESET,
	FRAME_PING,
	FRAME_TYPES
};

/**
 * enum frame_status - how it went
 * @FRAME_OK: done
 * @FRAME_UNKNOWN: there is no such session
 * @FRAME_REFUSED: the service cannot be reached
 * @FRAME_BUSY: too many sessions
 * @FRAME_BAD: not a frame, or one that contradicts those before it
 */
enum frame_status {
	FRAME_OK,
	FRAME_UNKNOWN,
	FRAME_REFUSED,
	FRAME_BUSY,
	FRAME_BAD,
	FRAME_STATUSES
};

struct frame {
	enum frame_type type;
	uint64_t session;
	uint64_t offset;
};

/**
 * frame_build() - the first bytes of a request
 * @out: the header
 * @frame: what it says
 */
void frame_build(unsigned char out[FRAME_BYTES], const struct frame *frame);

/**
 * frame_parse() - read a request
 * @frame: what it says
 * @in: the first FRAME_BYTES of the message
 * @bytes: length of the whole message
 *
 * Return: false if that is no frame. Only DATA has bytes behind the header, and it
 * has at least one; no stream is longer than 2^63 bytes.
 */
bool frame_parse(struct frame *frame, const unsigned char *in, size_t bytes);

/**
 * frame_reply_build() - a response
 * @out: the message
 * @status: what it says
 */
void frame_reply_build(unsigned char out[FRAME_REPLY_BYTES], enum frame_status status);

/**
 * frame_reply_parse() - read a response
 * @in: the message
 * @bytes: its length
 *
 * Return: what it says; FRAME_BAD if it is not a response of a proxy.
 */
enum frame_status frame_reply_parse(const unsigned char *in, size_t bytes);

/**
 * frame_status_text() - a status in words
 * @status: which
 *
 * Return: the text.
 */
const char *frame_status_text(enum frame_status status);

#endif /* HOMA_PROXY_FRAME_H */
