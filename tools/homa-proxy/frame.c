// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Frames of the proxies: bytes to values and back. */
#include <endian.h>
#include <string.h>

#include "frame.h"

#define MAGIC "HPX1"
#define MAGIC_BYTES 4

void frame_build(unsigned char out[FRAME_BYTES], const struct frame *frame)
{
	uint64_t session = htobe64(frame->session);
	uint64_t offset = htobe64(frame->offset);

	memset(out, 0, FRAME_BYTES);
	memcpy(out, MAGIC, MAGIC_BYTES);
	out[4] = (unsigned char)frame->type;
	memcpy(out + 8, &session, sizeof(session));
	memcpy(out + 16, &offset, sizeof(offset));
}

bool frame_parse(struct frame *frame, const unsigned char *in, size_t bytes)
{
	uint64_t session, offset;

	if (bytes < FRAME_BYTES || bytes > FRAME_BYTES + FRAME_DATA_MAX || memcmp(in, MAGIC, MAGIC_BYTES) || in[5] || in[6] || in[7] ||
	    in[4] < FRAME_OPEN || in[4] >= FRAME_TYPES)
		return false;
	memcpy(&session, in + 8, sizeof(session));
	memcpy(&offset, in + 16, sizeof(offset));
	frame->type = in[4];
	frame->session = be64toh(session);
	frame->offset = be64toh(offset);
	if (frame->offset > INT64_MAX - bytes)
		return false;
	return (frame->type == FRAME_DATA) == (bytes > FRAME_BYTES);
}

void frame_reply_build(unsigned char out[FRAME_REPLY_BYTES], enum frame_status status)
{
	memset(out, 0, FRAME_REPLY_BYTES);
	memcpy(out, MAGIC, MAGIC_BYTES);
	out[4] = (unsigned char)status;
}

enum frame_status frame_reply_parse(const unsigned char *in, size_t bytes)
{
	if (bytes != FRAME_REPLY_BYTES || memcmp(in, MAGIC, MAGIC_BYTES) ||
	    in[4] >= FRAME_STATUSES)
		return FRAME_BAD;
	return in[4];
}

const char *frame_status_text(enum frame_status status)
{
	switch (status) {
	case FRAME_OK:
		return "ok";
	case FRAME_UNKNOWN:
		return "the other proxy does not know the session";
	case FRAME_REFUSED:
		return "the service behind the other proxy cannot be reached";
	case FRAME_BUSY:
		return "the other proxy has too many sessions";
	default:
		return "the other side does not speak as a proxy does";
	}
}
