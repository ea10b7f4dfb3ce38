// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Room for grants: arithmetic only.
 */
#include "room.h"

u32 homa_room_limit(const struct homa_config *cfg, u32 tuned)
{
	return cfg->max_incoming_set ? cfg->max_incoming :
				       max(cfg->max_incoming, 2 * tuned);
}

u32 homa_room_taken(const struct homa_config *cfg, u32 tuned, u32 bytes)
{
	u32 limit = homa_room_limit(cfg, tuned);

	if (limit == cfg->max_incoming)
		return bytes;
	return div_u64((u64)bytes * cfg->max_incoming + limit - 1, limit);
}

u32 homa_room_bytes(const struct homa_config *cfg, u32 tuned, u32 room)
{
	u32 limit = homa_room_limit(cfg, tuned);

	if (limit == cfg->max_incoming)
		return room;
	return div_u64((u64)room * limit, cfg->max_incoming);
}

u32 homa_room_share(const struct homa_config *cfg, u64 taken, u64 by_host)
{
	u32 half;

	if (taken + by_host >= cfg->max_incoming)
		return 0;
	half = (u32)(cfg->max_incoming - taken - by_host) / 2;
	/* The last byte of the room is somebody's, too. */
	return by_host ? half : max(half, 1u);
}
