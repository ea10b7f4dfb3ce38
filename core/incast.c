// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Unscheduled bytes of responses, when many come at once.
 */
#include "incast.h"

#define HOMA_INCAST_DECAY 64

u32 homa_incast_peak(u32 peak, u32 outstanding)
{
	if (peak > outstanding)
		peak -= peak / HOMA_INCAST_DECAY + 1;
	return max(peak, outstanding);
}

u8 homa_incast_limit(const struct homa_config *cfg, u32 peak)
{
	u32 share;

	if (!cfg->incast_bytes || peak < 2)
		return 0;
	share = max(cfg->incast_bytes / peak, HOMA_INCAST_BYTES_MIN);
	if (share >= cfg->unsched_bytes ||
	    share > U8_MAX * HOMA_INCAST_UNIT_BYTES)
		return 0;
	return share / HOMA_INCAST_UNIT_BYTES;
}

u32 homa_incast_unsched(u8 limit, u32 seg, u32 unsched_bytes)
{
	u32 bytes = limit * HOMA_INCAST_UNIT_BYTES;

	if (!limit || bytes >= unsched_bytes)
		return unsched_bytes;
	/* The boundary is one between packets: no short one before it. */
	return bytes > seg ? bytes - bytes % seg : bytes;
}
