/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The receiver's scheduler: which incoming messages may send how much, at
 * which priority (protocol §5).
 *
 * The grantor keeps its own copy of all it ranks messages by, refreshed when
 * bytes arrive (homa_grantee_is_quiet() says when that may wait), so it never
 * looks at an RPC and needs only its own leaf lock.  Its commands are harmless
 * when they are carried out late or twice, because grants are absolute offsets.
 */
#ifndef HOMA_CORE_GRANT_H
#define HOMA_CORE_GRANT_H

#include "port.h"
#include "limits.h"
#include "config.h"

/**
 * struct homa_grant_peer - what the grantor knows of one sending host
 * @node: in homa_grantor.peers while @waiting is not empty
 * @waiting: this host's messages without a slot, best first
 * @num_active: its messages that hold a slot
 * @room: taken by its messages, with a slot or without
 *
 * Embedded in the shell's peer, which must outlive its messages.
 * All zero is a valid initial state (an empty tree is all zero).
 */
struct homa_grant_peer {
	struct rb_node node;
	struct rb_root_cached waiting;
	u32 num_active;
	u32 room;
};

enum homa_grantee_state {
	HOMA_GRANTEE_IDLE = 0,	/* not known to the grantor */
	HOMA_GRANTEE_WAITING,	/* in its peer's tree */
	HOMA_GRANTEE_ACTIVE,	/* holds a slot */
};

/**
 * struct homa_grantee - one incoming message as the grantor sees it
 * @node: in homa_grant_peer.waiting
 * @age: in homa_grantor.by_age, oldest first, while not fully granted
 * @peer: sending host
 * @birth_ns: arrival of the first packet
 * @length: message length in bytes
 * @remaining: bytes not received
 * @granted: offset granted so far
 * @rec_incoming: max(0, granted - received)
 * @room: what that takes of the room (core/room.h)
 * @state: enum homa_grantee_state
 * @slot: index in homa_grantor.active while ACTIVE
 * @needy: has window, but its host lacked room
 * @tuned: window that was found for it in bytes, 0 = none (homa_grantee_tune())
 * @quiet: bytes received below which nothing happens (homa_grantee_is_quiet());
 *	changes only with this message's own events
 *
 * All zero is the IDLE state.
 */
struct homa_grantee {
	struct rb_node node;
	struct list_head age;
	struct homa_grant_peer *peer;
	u64 birth_ns;
	u32 length;
	u32 remaining;
	u32 granted;
	u32 rec_incoming;
	u32 room;
	u8 state;
	u8 slot;
	bool needy;
	u32 tuned;
	u32 quiet;
};

/**
 * struct homa_grantor - all incoming messages that need grants
 * @active: messages that hold a slot, in [0, num_active)
 * @num_active: used slots
 * @peers: hosts with waiting messages, ordered by their best one
 * @by_age: messages not fully granted, oldest first
 * @fifo: message chosen for FIFO grants, or NULL
 * @fifo_due_ns: time of the next FIFO grant
 * @room_taken: by all messages
 */
struct homa_grantor {
	struct homa_grantee *active[HOMA_OVERCOMMIT_MAX];
	u32 num_active;
	struct rb_root_cached peers;
	struct list_head by_age;
	struct homa_grantee *fifo;
	u64 fifo_due_ns;
	u64 room_taken;
};

/**
 * struct homa_grant_cmd - send one GRANT
 * @g: message; take a reference to its RPC before the grantor lock is dropped
 * @offset: absolute offset to put in the packet, <= message length
 * @fifo_bytes: granted because the message is the oldest, else 0
 * @priority: level for the sender's scheduled packets
 * @short_of_room: its host's share of max_incoming allowed less than the window
 */
struct homa_grant_cmd {
	struct homa_grantee *g;
	u32 offset;
	u32 fifo_bytes;
	u8 priority;
	bool short_of_room;
};

/**
 * homa_grantee_received() - bytes of a message that the grantor knows of
 * @g: message, in any state
 *
 * Return: 0 if it is IDLE.
 */
static inline u32 homa_grantee_received(const struct homa_grantee *g)
{
	return g->state == HOMA_GRANTEE_IDLE ? 0 : g->length - g->remaining;
}

/**
 * homa_grantee_is_quiet() - need not be told of these bytes
 * @g: message, in any state
 * @received: bytes received so far
 *
 * There is no GRANT for this message before more has come, unless another event
 * brings one.  The room that its bytes make for others is theirs a little later: a
 * sixteenth of its window, or of max_incoming, at most.  More is under way, so it is
 * never forgotten.  If another message takes its slot, its rank is as old as that.
 *
 * Return: homa_grantor_progress() may be left out.
 */
static inline bool homa_grantee_is_quiet(const struct homa_grantee *g,
					 u32 received)
{
	return received < g->quiet;
}

/**
 * homa_grantee_tune() - a window was found for a message
 * @g: message, in any state
 * @window: from homa_tune_window(), 0 = none
 *
 * Counts from the next event on.
 */
static inline void homa_grantee_tune(struct homa_grantee *g, u32 window)
{
	g->tuned = window;
}

/**
 * homa_grant_window_of() - window of a message that is the only one
 * @cfg: settings
 * @tuned: as for homa_grantee_tune()
 *
 * Return: bytes, > 0.
 */
u32 homa_grant_window_of(const struct homa_config *cfg, u32 tuned);

/** homa_grantor_init() - no messages */
void homa_grantor_init(struct homa_grantor *gr);

/**
 * homa_grantor_add() - a message needs grants and has buffers
 * @gr: grantor
 * @cfg: settings
 * @g: message in state IDLE (otherwise acts as homa_grantor_progress())
 * @peer: sending host
 * @length: message length, 1..HOMA_MSG_BYTES_MAX
 * @received: bytes received so far, <= length
 * @granted: offset announced as unscheduled, <= length; of what is beyond
 *	@received at most max_incoming / (max_overcommit + 1) is accounted, and
 *	no more than the host may have (core/room.h), so the first GRANTs may
 *	say nothing new (homa_rpc_granted() is false)
 * @birth_ns: arrival of the first packet
 * @now_ns: current time
 * @cmds: HOMA_GRANT_CMDS_MAX entries of room
 *
 * A message that is received in full or granted in full is not added.
 *
 * Return: number of commands.
 */
u32 homa_grantor_add(struct homa_grantor *gr, const struct homa_config *cfg,
		     struct homa_grantee *g, struct homa_grant_peer *peer,
		     u32 length, u32 received, u32 granted, u64 birth_ns,
		     u64 now_ns, struct homa_grant_cmd *cmds);

/**
 * homa_grantor_progress() - packets of a message arrived
 * @gr: grantor
 * @cfg: settings
 * @g: message; nothing happens in state IDLE
 * @received: bytes received so far; a smaller value than before is ignored
 * @now_ns: current time
 * @cmds: HOMA_GRANT_CMDS_MAX entries of room
 *
 * Removes the message when received reaches its length.
 *
 * Return: number of commands.
 */
u32 homa_grantor_progress(struct homa_grantor *gr,
			  const struct homa_config *cfg,
			  struct homa_grantee *g, u32 received, u64 now_ns,
			  struct homa_grant_cmd *cmds);

/**
 * homa_grantor_remove() - the RPC of a message ended
 * @gr: grantor
 * @cfg: settings
 * @g: message; nothing happens in state IDLE
 * @now_ns: current time
 * @cmds: HOMA_GRANT_CMDS_MAX entries of room; none refers to @g
 *
 * Return: number of commands for other messages.
 */
u32 homa_grantor_remove(struct homa_grantor *gr,
			const struct homa_config *cfg, struct homa_grantee *g,
			u64 now_ns, struct homa_grant_cmd *cmds);

#endif /* HOMA_CORE_GRANT_H */
