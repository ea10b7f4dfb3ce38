// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Finished RPCs that a server's host has not been told of (protocol §8).
 *
 * The list is as long as an ACK packet takes.  For whoever sends a request for each
 * response that it gets, several at a time, it may be longer: each request takes
 * one along, and no packet is needed only for them.  But no more than the socket has
 * RPCs under way, whoever they go to: with the last response of a burst no more is left
 * than with single calls.
 */
#include <linux/slab.h>
#include "homa.h"

/* What fits in 256 bytes; a host that is not so busy does without. */
#define MORE_ACKS 25u

struct homa_more_acks {
	u64 ids[MORE_ACKS];
	u16 ports[MORE_ACKS];
};

static void put_locked(struct homa_peer *peer, u32 i, const struct homa_ack *ack)
{
	lockdep_assert_held(&peer->lock);
	if (i < HOMA_ACKS_MAX) {
		peer->ack_ids[i] = ack->client_id;
		peer->ack_ports[i] = ack->server_port;
	} else {
		peer->more_acks->ids[i - HOMA_ACKS_MAX] = ack->client_id;
		peer->more_acks->ports[i - HOMA_ACKS_MAX] = ack->server_port;
	}
}

static void get_locked(const struct homa_peer *peer, u32 i, struct homa_ack *ack)
{
	lockdep_assert_held(&peer->lock);
	if (i < HOMA_ACKS_MAX) {
		ack->client_id = peer->ack_ids[i];
		ack->server_port = peer->ack_ports[i];
	} else {
		ack->client_id = peer->more_acks->ids[i - HOMA_ACKS_MAX];
		ack->server_port = peer->more_acks->ports[i - HOMA_ACKS_MAX];
	}
}

static bool add(struct homa_peer *peer, const struct homa_ack *ack, u32 more)
{
	u32 max = HOMA_ACKS_MAX;
	bool room;

	spin_lock_bh(&peer->lock);
	if (peer->more_acks)
		max += min(more, MORE_ACKS);
	room = peer->num_acks < max;
	if (room) {
		put_locked(peer, peer->num_acks, ack);
		WRITE_ONCE(peer->num_acks, peer->num_acks + 1);
	}
	spin_unlock_bh(&peer->lock);
	return room;
}

/* Room for more.  Return: false if there is none, or was. */
static noinline bool extend(struct homa_peer *peer)
{
	struct homa_more_acks *more;

	if (READ_ONCE(peer->more_acks))
		return false;
	more = kmalloc(sizeof(*more), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!more)
		return false;
	spin_lock_bh(&peer->lock);
	if (!peer->more_acks) {
		WRITE_ONCE(peer->more_acks, more);
		more = NULL;
	}
	spin_unlock_bh(&peer->lock);
	kfree(more);
	return true;
}

/**
 * homa_peer_add_ack() - remember that an RPC is finished
 * @peer: server's host
 * @ack: the RPC
 * @more: how many requests may follow soon that take one along
 *
 * Context: process, no Homa lock held.
 * Return: true if it was stored; otherwise the list is full and is to be sent
 * at once in an ACK packet whose header names @ack.
 */
bool homa_peer_add_ack(struct homa_peer *peer, const struct homa_ack *ack, u32 more)
{
	BUILD_BUG_ON(sizeof(struct homa_more_acks) > 256);

	return add(peer, ack, more) || (more && extend(peer) && add(peer, ack, more));
}

/**
 * homa_peer_take_acks() - acks to put in a packet, latest first
 * @peer: destination
 * @acks: filled
 * @max: room
 *
 * Context: any, no Homa lock held.
 * Return: number of acks taken.
 */
u32 homa_peer_take_acks(struct homa_peer *peer, struct homa_ack *acks, u32 max)
{
	struct homa_more_acks *unused = NULL;
	u32 num = 0;

	/* Unlocked peek: an ack that is missed rides on the next packet. */
	if (!READ_ONCE(peer->num_acks))
		return 0;
	spin_lock_bh(&peer->lock);
	while (num < max && num < peer->num_acks) {
		get_locked(peer, peer->num_acks - 1 - num, &acks[num]);
		num++;
	}
	WRITE_ONCE(peer->num_acks, peer->num_acks - num);
	/* Those that no request took along: the host is not busy any more. */
	if (max > 1 && !peer->num_acks) {
		unused = peer->more_acks;
		WRITE_ONCE(peer->more_acks, NULL);
	}
	spin_unlock_bh(&peer->lock);
	if (unlikely(unused))
		kfree(unused);
	return num;
}
