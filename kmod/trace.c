// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The bodies of the tracepoints (trace.h).  In a kernel without tracepoints nobody
 * calls the functions here.
 */
#include "homa.h"

/* Where a packet's bytes lie in their message, if its type says so. */
static u32 __maybe_unused homa_trace_offset(const struct homa_hdr *hdr)
{
	switch (hdr->type) {
	case HOMA_DATA:
		return hdr->data.offset;
	case HOMA_GRANT:
		return hdr->grant.offset;
	case HOMA_RESEND:
		return hdr->resend.offset;
	default:
		return 0;
	}
}

static u32 __maybe_unused homa_trace_bytes(const struct homa_hdr *hdr)
{
	switch (hdr->type) {
	case HOMA_DATA:
		return hdr->data.len;
	case HOMA_RESEND:
		return hdr->resend.length;
	case HOMA_ACK:
		return hdr->ack.num;
	default:
		return 0;
	}
}

static u32 __maybe_unused homa_trace_msg_len(const struct homa_hdr *hdr)
{
	return hdr->type == HOMA_DATA ? hdr->data.msg_len : 0;
}

#define CREATE_TRACE_POINTS
#include "trace.h"
