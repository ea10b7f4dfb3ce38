// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Server RPCs of strangers, oldest first: who has to make room when hosts or
 * RPCs become too many (docs/memory.md).
 */
#include "homa.h"

/*
 * RPCs looked at to find one that can go; when a host's place is wanted, so many
 * of them to find one that is the host's last.
 */
#define EVICT_SCAN 16
#define EVICT_SCAN_LAST 12

/**
 * homa_evict_add_locked() - a server RPC begins
 * @rpc: fresh RPC; nothing happens if its client is known
 *
 * Context: RPC lock held; takes evict_lock.
 */
void homa_evict_add_locked(struct homa_rpc *rpc)
{
	struct homa_net *hn = rpc->hn;

	lockdep_assert_held(&rpc->bucket->lock);
	if (READ_ONCE(rpc->peer->known))
		return;
	spin_lock(&hn->evict_lock);
	list_add_tail(&rpc->evict_link, &hn->evictable);
	list_add_tail(&rpc->evict_sock_link, &rpc->hsk->evictable);
	spin_unlock(&hn->evict_lock);
}

/**
 * homa_evict_remove_locked() - an RPC ends, or is safe from now on
 * @rpc: RPC; need not have been added
 *
 * Context: RPC lock held; takes evict_lock.
 */
void homa_evict_remove_locked(struct homa_rpc *rpc)
{
	struct homa_net *hn = rpc->hn;

	lockdep_assert_held(&rpc->bucket->lock);
	/* Only the holder of the RPC lock links it. */
	if (list_empty(&rpc->evict_link))
		return;
	spin_lock(&hn->evict_lock);
	list_del_init(&rpc->evict_link);
	list_del_init(&rpc->evict_sock_link);
	spin_unlock(&hn->evict_lock);
}

/* The oldest one, referenced; it goes to the end of both queues. */
static struct homa_rpc *oldest(struct homa_net *hn, struct homa_sock *hsk)
{
	struct homa_rpc *rpc;

	spin_lock_bh(&hn->evict_lock);
	if (hsk)
		rpc = list_first_entry_or_null(&hsk->evictable, struct homa_rpc,
					       evict_sock_link);
	else
		rpc = list_first_entry_or_null(&hn->evictable, struct homa_rpc,
					       evict_link);
	if (rpc) {
		homa_rpc_hold(rpc);	/* linked, so alive */
		list_move_tail(&rpc->evict_link, &hn->evictable);
		list_move_tail(&rpc->evict_sock_link, &rpc->hsk->evictable);
	}
	spin_unlock_bh(&hn->evict_lock);
	return rpc;
}

/* What the application works on, or what is being sent, is left alone. */
static bool can_go(const struct homa_rpc *rpc)
{
	return rpc->core.state == HOMA_RPC_INCOMING ||
	       homa_rpc_answered(&rpc->core);
}

/* Its end makes its host be forgotten. */
static bool is_last(const struct homa_rpc *rpc)
{
	return atomic_read(&rpc->peer->server_rpcs) == 1;
}

/**
 * homa_evict() - make room for a new request
 * @hn: namespace
 * @hsk: socket that has to have fewer RPCs; NULL = any
 * @host: there has to be one host less
 *
 * Ends the oldest RPC that is not half done, of a client that never showed that
 * it hears us.  Should that client be real, an answered RPC loses no more than
 * if the response had been given up for want of an ack, only earlier; a request
 * that the application has not taken yet is sent again.  For a host's place the
 * oldest are passed over whose hosts have others: nothing would be gained.  If all
 * that are looked at have, one of them goes: the next time it may be the last.
 *
 * Context: softirq, no Homa lock held.  Return: true if there was one.
 */
bool homa_evict(struct homa_net *hn, struct homa_sock *hsk, bool host)
{
	struct homa_todo todo;
	struct homa_rpc *rpc;
	bool done = false;
	u32 i;

	for (i = 0; i < EVICT_SCAN && !done; i++) {
		rpc = oldest(hn, hsk);
		if (!rpc)
			break;
		homa_todo_init(&todo);
		homa_rpc_lock(rpc);
		if (READ_ONCE(rpc->peer->known)) {
			homa_evict_remove_locked(rpc);
		} else if (homa_rpc_alive(rpc) && can_go(rpc) &&
			   (!host || i >= EVICT_SCAN_LAST || is_last(rpc))) {
			HOMA_INC(hn, rpc_evictions);
			homa_rpc_end_locked(rpc, HOMA_END_EVICTED, &todo);
			done = true;
		}
		homa_rpc_unlock(rpc);
		homa_todo_run(&todo);
		homa_rpc_put(rpc);
	}
	return done;
}
