/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The room of all grants that have not come: what bytes take of it, and how much
 * of it one host may have (docs/decisions/0086-room-for-each-host.md).
 *
 * Room is max_incoming units.  A byte takes one, or less where the window of its
 * message needs a higher limit: a full window takes half of the room at most, however
 * far away its sender is.
 */
#ifndef HOMA_CORE_ROOM_H
#define HOMA_CORE_ROOM_H

#include "port.h"
#include "config.h"

/**
 * homa_room_limit() - bytes that take all of the room
 * @cfg: settings
 * @tuned: window that was found for a message, 0 = none; 0..2^30
 *
 * Return: max_incoming, or two such windows if that is more and max_incoming was not set.
 */
u32 homa_room_limit(const struct homa_config *cfg, u32 tuned);

/**
 * homa_room_taken() - room that so many bytes of a message take
 * @cfg: settings
 * @tuned: as above
 * @bytes: granted and not received
 *
 * Return: at most @bytes; 0 only for 0.
 */
u32 homa_room_taken(const struct homa_config *cfg, u32 tuned, u32 bytes);

/**
 * homa_room_bytes() - bytes of a message for which there is room
 * @cfg: settings
 * @tuned: as above
 * @room: at most max_incoming
 *
 * Return: at least @room.  So many bytes more take at most @room more.
 */
u32 homa_room_bytes(const struct homa_config *cfg, u32 tuned, u32 room);

/**
 * homa_room_share() - how much more room one host may have
 * @cfg: settings
 * @taken: by all hosts
 * @by_host: by this one, which is a part of it
 *
 * A host never takes more than it leaves to others, but for the last byte.  So one
 * host has half of the room at most, and if several keep what they got, the next one has
 * half of the rest.
 *
 * Return: 0 if it has its share; never more than what is left.
 */
u32 homa_room_share(const struct homa_config *cfg, u64 taken, u64 by_host);

#endif /* HOMA_CORE_ROOM_H */
