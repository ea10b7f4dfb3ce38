// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Decisions of the homa queueing discipline (protocol §4.2).
 */
#include "share.h"

enum homa_share_class homa_share_class_homa(const struct homa_hdr *hdr,
					    u32 defer_min_bytes)
{
	if (hdr->type != HOMA_DATA || hdr->data.msg_len <= defer_min_bytes)
		return HOMA_SHARE_NOW;
	return HOMA_SHARE_HOMA;
}

enum homa_share_class homa_share_class_other(u32 bytes, bool bare_ack,
					     bool flow_waits,
					     u32 defer_min_bytes)
{
	if (bare_ack || (bytes <= defer_min_bytes && !flow_waits))
		return HOMA_SHARE_NOW;
	return HOMA_SHARE_OTHER;
}

enum homa_share_class homa_share_next(struct homa_share *s, bool homa,
				      bool other)
{
	if (homa && other)
		return s->credit > 0 ? HOMA_SHARE_HOMA : HOMA_SHARE_OTHER;
	if (homa) {
		s->credit = 1;
		return HOMA_SHARE_HOMA;
	}
	s->credit = 0;
	return other ? HOMA_SHARE_OTHER : HOMA_SHARE_NOW;
}

void homa_share_sent(struct homa_share *s, enum homa_share_class class,
		     u32 bytes, u32 percent)
{
	percent = min(percent, 100u);
	if (class == HOMA_SHARE_HOMA)
		s->credit -= (s64)bytes * (100 - percent);
	else if (class == HOMA_SHARE_OTHER)
		s->credit += (s64)bytes * percent;
}

u32 homa_share_wire_ns(u32 bytes, u32 link_mbps, u32 percent)
{
	u64 ns = div_u64((u64)bytes * 800000 + link_mbps - 1, link_mbps);

	ns = div_u64(ns, clamp(percent, 1u, 100u));
	return clamp_t(u64, ns, 1, U32_MAX);
}
