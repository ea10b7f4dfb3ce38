// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Remote hosts of a namespace (protocol §12).
 *
 * Found by address under RCU in a hash table whose entries hold one reference;
 * an entry with no other reference may be forgotten when there are many.
 */
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/rhashtable.h>
#include "homa.h"

/* Hosts looked at per pass of the collector. */
#define GC_BATCH 512
#define GC_INTERVAL (HZ)

static const struct rhashtable_params peer_params = {
	.key_len = sizeof(struct homa_peer_key),
	.key_offset = offsetof(struct homa_peer, key),
	.head_offset = offsetof(struct homa_peer, node),
	.automatic_shrinking = true,
};

static void free_rcu_cb(struct rcu_head *head)
{
	struct homa_peer *peer = container_of(head, struct homa_peer, rcu);

	homa_route_free(rcu_dereference_protected(peer->route, 1));
	kfree(peer);
}

/**
 * homa_peer_put() - drop a reference
 * @peer: host
 */
void homa_peer_put(struct homa_peer *peer)
{
	if (refcount_dec_and_test(&peer->refs))
		call_rcu(&peer->rcu, free_rcu_cb);
}

/**
 * homa_peer_find() - a host that is already known
 * @hn: namespace
 * @key: its address
 *
 * Return: referenced, or NULL.
 */
struct homa_peer *homa_peer_find(struct homa_net *hn,
				 const struct homa_peer_key *key)
{
	struct homa_peer *peer;

	rcu_read_lock();
	peer = rhashtable_lookup(&hn->peers, key, peer_params);
	if (peer && !refcount_inc_not_zero(&peer->refs))
		peer = NULL;
	rcu_read_unlock();
	/* Without the test every look-up would write to the cache line. */
	if (peer && time_after(jiffies, READ_ONCE(peer->used)))
		WRITE_ONCE(peer->used, jiffies);
	return peer;
}

/**
 * homa_peer_get() - a host, remembered if it is new
 * @hn: namespace
 * @key: its address
 * @gfp: for the allocation
 *
 * Return: referenced, or ERR_PTR: -ENOMEM, -ENOBUFS if too many hosts are in
 * use.
 */
struct homa_peer *homa_peer_get(struct homa_net *hn,
				const struct homa_peer_key *key, gfp_t gfp)
{
	struct homa_peer *peer = homa_peer_find(hn, key);
	struct homa_peer *old;
	const struct homa_settings *s;
	u8 num_priorities;
	u32 threshold;
	u32 max;

	if (peer)
		return peer;

	rcu_read_lock();
	s = rcu_dereference(hn->settings);
	max = s->peer_max;
	threshold = s->peer_gc_threshold;
	num_priorities = s->core.num_priorities;
	rcu_read_unlock();
	if (atomic_read(&hn->peer_count) >= max) {
		mod_delayed_work(system_wq, &hn->peer_gc, 0);
		return ERR_PTR(-ENOBUFS);
	}

	peer = kzalloc(sizeof(*peer), gfp);
	if (!peer) {
		HOMA_INC(hn, peer_kmalloc_errors);
		return ERR_PTR(-ENOMEM);
	}
	peer->key = *key;
	peer->hn = hn;
	peer->secret = get_random_u64();
	peer->used = jiffies;
	peer->cutoffs_sent = jiffies - 1;
	refcount_set(&peer->refs, 2);	/* the table's and the caller's */
	spin_lock_init(&peer->lock);
	homa_prio_unknown(&peer->cutoffs, num_priorities);

	rcu_read_lock();
	do {
		old = rhashtable_lookup_get_insert_fast(&hn->peers,
							&peer->node,
							peer_params);
		if (IS_ERR_OR_NULL(old) || refcount_inc_not_zero(&old->refs))
			break;
		/* Being forgotten right now: finish that and try again. */
		rhashtable_remove_fast(&hn->peers, &old->node, peer_params);
	} while (true);
	rcu_read_unlock();
	if (old) {
		kfree(peer);
		return old;
	}
	HOMA_INC(hn, peer_allocs);
	if (atomic_inc_return(&hn->peer_count) > threshold)
		queue_delayed_work(system_wq, &hn->peer_gc, GC_INTERVAL);
	return peer;
}

/* Forget a host if nobody but the table refers to it. */
static bool forget(struct homa_net *hn, struct homa_peer *peer)
{
	/* From 1 to 0 in one step: nobody can take a reference in between. */
	if (!refcount_dec_if_one(&peer->refs))
		return false;
	rhashtable_remove_fast(&hn->peers, &peer->node, peer_params);
	atomic_dec(&hn->peer_count);
	HOMA_INC(hn, peer_evictions);
	WRITE_ONCE(hn->rcu_used, true);
	call_rcu(&peer->rcu, free_rcu_cb);
	return true;
}

static void gc_work(struct work_struct *work)
{
	struct homa_net *hn = container_of(work, struct homa_net,
					   peer_gc.work);
	const struct homa_settings *s;
	struct rhashtable_iter iter;
	struct homa_peer *peer;
	unsigned long idle;
	u32 threshold;
	u32 budget;
	u32 count;
	u32 floor;
	u32 max;

	count = atomic_read(&hn->peer_count);
	rcu_read_lock();
	s = rcu_dereference(hn->settings);
	max = s->peer_max;
	threshold = s->peer_gc_threshold;
	idle = s->peer_idle_max_secs * HZ;
	/* The last quarter is for hosts that were used lately. */
	if (count > max - max / 4)
		idle = min_t(unsigned long, idle, s->peer_idle_secs * HZ);
	rcu_read_unlock();

	/* Full: whoever has no RPC now makes room. */
	floor = threshold;
	if (count >= max) {
		idle = 0;
		floor = 0;
	}
	budget = max(GC_BATCH, max);

	rhashtable_walk_enter(&hn->peers, &iter);
	rhashtable_walk_start(&iter);
	while (budget-- && atomic_read(&hn->peer_count) > floor &&
	       (peer = rhashtable_walk_next(&iter)) != NULL) {
		if (IS_ERR(peer))
			continue;	/* the table was resized */
		if (time_after_eq(jiffies, READ_ONCE(peer->used) + idle))
			forget(hn, peer);
		if (!(budget % GC_BATCH)) {
			rhashtable_walk_stop(&iter);
			cond_resched();
			rhashtable_walk_start(&iter);
		}
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);

	if (atomic_read(&hn->peer_count) > threshold)
		queue_delayed_work(system_wq, &hn->peer_gc, GC_INTERVAL);
}

/**
 * homa_peers_init() - no hosts known
 * @hn: namespace
 *
 * Return: 0 or a negative errno.
 */
int homa_peers_init(struct homa_net *hn)
{
	INIT_DELAYED_WORK(&hn->peer_gc, gc_work);
	return rhashtable_init(&hn->peers, &peer_params);
}

static void free_at_exit(void *ptr, void *arg)
{
	struct homa_peer *peer = ptr;

	WARN_ON_ONCE(refcount_read(&peer->refs) != 1);
	/* No reader is left, and the route must go before its namespace. */
	free_rcu_cb(&peer->rcu);
}

/**
 * homa_peers_exit() - forget all hosts
 * @hn: namespace without RPCs
 */
void homa_peers_exit(struct homa_net *hn)
{
	cancel_delayed_work_sync(&hn->peer_gc);
	rhashtable_free_and_destroy(&hn->peers, free_at_exit, NULL);
	if (hn->rcu_used)
		rcu_barrier();
}

/**
 * homa_peer_add_ack() - remember that an RPC is finished (protocol §8)
 * @peer: server's host
 * @ack: the RPC
 * @full: room for HOMA_ACKS_MAX acks
 *
 * Return: 0 if it was stored; otherwise the list was full: number of acks
 * moved to @full, to be sent at once in an ACK packet whose header names @ack.
 */
u32 homa_peer_add_ack(struct homa_peer *peer, const struct homa_ack *ack,
		      struct homa_ack *full)
{
	u32 num = 0;

	spin_lock_bh(&peer->lock);
	if (peer->num_acks < HOMA_ACKS_MAX) {
		peer->acks[peer->num_acks++] = *ack;
	} else {
		num = peer->num_acks;
		memcpy(full, peer->acks, sizeof(peer->acks));
		WRITE_ONCE(peer->num_acks, 0);
	}
	spin_unlock_bh(&peer->lock);
	return num;
}

/**
 * homa_peer_take_acks() - acks to put in a packet, latest first
 * @peer: destination
 * @acks: filled
 * @max: room
 *
 * Return: number of acks taken.
 */
u32 homa_peer_take_acks(struct homa_peer *peer, struct homa_ack *acks, u32 max)
{
	u32 num = 0;

	/* Unlocked peek: an ack that is missed rides on the next packet. */
	if (!READ_ONCE(peer->num_acks))
		return 0;
	spin_lock_bh(&peer->lock);
	while (num < max && peer->num_acks)
		acks[num++] = peer->acks[--peer->num_acks];
	spin_unlock_bh(&peer->lock);
	return num;
}

/**
 * homa_peer_cutoffs_due() - may CUTOFFS be sent to this host now?
 * @peer: host
 *
 * At most once per jiffy (protocol §3).  Return: true if so; counted as sent.
 */
bool homa_peer_cutoffs_due(struct homa_peer *peer)
{
	unsigned long now = jiffies;

	if (READ_ONCE(peer->cutoffs_sent) == now)
		return false;
	WRITE_ONCE(peer->cutoffs_sent, now);
	return true;
}

/**
 * homa_peer_set_cutoffs() - CUTOFFS arrived from this host
 * @peer: host
 * @hdr: parsed packet
 */
void homa_peer_set_cutoffs(struct homa_peer *peer, const struct homa_hdr *hdr)
{
	spin_lock_bh(&peer->lock);
	memcpy(peer->cutoffs.max_len, hdr->cutoffs.cutoffs,
	       sizeof(peer->cutoffs.max_len));
	/* Entry 0 takes every message (wire §6.6). */
	peer->cutoffs.max_len[0] = S32_MAX;
	peer->cutoffs.version = hdr->cutoffs.version;
	spin_unlock_bh(&peer->lock);
}
