// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Remote hosts of a namespace (protocol §12).
 *
 * Found by address under RCU in a hash table whose entries hold one reference;
 * an entry with no other reference may be forgotten when there are many.
 *
 * Anybody can send packets with forged source addresses.  A host that has not
 * shown that it receives what we send is a stranger: it is forgotten with its
 * last RPC, and strangers fill at most half of the table.
 */
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/rhashtable.h>
#include <linux/siphash.h>
#include <net/ipv6.h>
#include "homa.h"

/* Hosts looked at per pass of the collector. */
#define GC_BATCH 512
#define GC_INTERVAL (HZ)

static int compare_key(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct homa_peer_key *key = arg->key;
	const struct homa_peer *peer = obj;

	return !ipv6_addr_equal(&peer->key.addr, &key->addr) ||
	       peer->key.scope != key->scope;
}

/* Of the hash; the same for all namespaces, so that it is found without one. */
static u32 hash_key[6] __read_mostly;

/*
 * The NH hash (RFC 4418), as for RPCs: who lacks the key cannot collide, and it
 * takes a third of the time of jhash(), with which each packet would begin.
 */
static u32 hash(const void *data, u32 len, u32 seed)
{
	const struct homa_peer_key *key = data;
	const u32 *a = (__force const u32 *)key->addr.s6_addr32;
	const u32 *k = hash_key;
	u64 h;

	h = (u64)(a[0] + k[0]) * (a[1] + k[1]) +
	    (u64)(a[2] + k[2]) * (a[3] + k[3]) +
	    (u64)(key->scope + k[4]) * k[5];
	return hash_64(h ^ seed, 32);
}

static const struct rhashtable_params peer_params = {
	.hashfn = hash,
	.obj_cmpfn = compare_key,
	.key_len = sizeof(struct homa_peer_key),
	.key_offset = offsetof(struct homa_peer, key),
	.head_offset = offsetof(struct homa_peer, node),
	.automatic_shrinking = true,
};

static void free_rcu_cb(struct rcu_head *head)
{
	struct homa_peer *peer = container_of(head, struct homa_peer, rcu);

	homa_route_free(rcu_dereference_protected(peer->route, 1));
	kfree(peer->more_acks);
	kfree(peer);
}

/* Forget a host if nobody but the table refers to it. */
static void forget(struct homa_net *hn, struct homa_peer *peer)
{
	/* From 1 to 0 in one step: nobody can take a reference in between. */
	if (!refcount_dec_if_one(&peer->refs))
		return;
	smp_acquire__after_ctrl_dep();	/* homa_peer_set_known() came before */
	rhashtable_remove_fast(&hn->peers, &peer->node, peer_params);
	atomic_dec(&hn->peer_count);
	if (!READ_ONCE(peer->known))
		atomic_dec(&hn->stranger_count);
	HOMA_INC(hn, peer_evictions);
	WRITE_ONCE(hn->rcu_used, true);
	call_rcu(&peer->rcu, free_rcu_cb);
}

/**
 * homa_peer_put() - drop a reference
 * @peer: host
 */
void homa_peer_put(struct homa_peer *peer)
{
	/* A known one stays in the table, or somebody took it out already. */
	if (likely(READ_ONCE(peer->known))) {
		if (refcount_dec_and_test(&peer->refs))
			call_rcu(&peer->rcu, free_rcu_cb);
		return;
	}
	rcu_read_lock();	/* without our reference it may go at once */
	if (refcount_dec_and_test(&peer->refs))
		call_rcu(&peer->rcu, free_rcu_cb);
	else if (!READ_ONCE(peer->known))
		forget(peer->hn, peer);
	rcu_read_unlock();
}

/**
 * homa_peer_set_known() - a host is no stranger (any more)
 * @peer: host, referenced
 */
void homa_peer_set_known(struct homa_peer *peer)
{
	if (!READ_ONCE(peer->known) && !xchg(&peer->known, true))
		atomic_dec(&peer->hn->stranger_count);
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

/* Above this the collector runs from time to time. */
static u32 many(const struct homa_settings *s)
{
	return min(s->peer_gc_threshold, s->peer_max - s->peer_max / 4);
}

/* May another host be remembered? */
static bool room(struct homa_net *hn, bool stranger)
{
	u32 max;

	rcu_read_lock();
	max = rcu_dereference(hn->settings)->peer_max;
	rcu_read_unlock();
	if (atomic_read(&hn->peer_count) >= max)
		return false;
	return !stranger || atomic_read(&hn->stranger_count) < max / 2;
}

/**
 * homa_peer_secret() - homa_peer.secret of a host
 * @hn: namespace
 * @key: its address
 *
 * Return: the same each time, whether the host is remembered or not.
 */
u64 homa_peer_secret(const struct homa_net *hn, const struct homa_peer_key *key)
{
	return siphash(key, sizeof(*key), &hn->peer_secret);
}

/* A host that nobody else can see yet. */
static struct homa_peer *new_peer(struct homa_sock *hsk,
				  const struct homa_peer_key *key, gfp_t gfp)
{
	struct homa_net *hn = hsk->hn;
	struct mem_cgroup *memcg;
	struct homa_peer *peer;
	u8 num_priorities;

	/* More would double the memory of a host. */
	if (IS_ENABLED(CONFIG_64BIT) && !IS_ENABLED(CONFIG_DEBUG_SPINLOCK))
		BUILD_BUG_ON(sizeof(*peer) > 256);
	if (gfpflags_allow_blocking(gfp)) {
		peer = kzalloc(sizeof(*peer), gfp | __GFP_ACCOUNT);
	} else {
		memcg = homa_mem_account(hsk);
		peer = kzalloc(sizeof(*peer), gfp | __GFP_ACCOUNT);
		homa_mem_unaccount(memcg);
	}
	if (!peer) {
		HOMA_INC(hn, peer_kmalloc_errors);
		return NULL;
	}
	rcu_read_lock();
	num_priorities = rcu_dereference(hn->settings)->core.num_priorities;
	rcu_read_unlock();
	peer->key = *key;
	peer->hn = hn;
	peer->secret = homa_peer_secret(hn, key);
	peer->used = jiffies;
	peer->cutoffs_sent = jiffies - 1;
	refcount_set(&peer->refs, 2);	/* the table's and the caller's */
	spin_lock_init(&peer->lock);
	homa_prio_unknown(&peer->cutoffs, num_priorities);
	return peer;
}

static void count_new(struct homa_net *hn, bool stranger)
{
	bool collect;

	HOMA_INC(hn, peer_allocs);
	if (stranger)
		atomic_inc(&hn->stranger_count);
	rcu_read_lock();
	collect = atomic_inc_return(&hn->peer_count) >
		  many(rcu_dereference(hn->settings));
	rcu_read_unlock();
	if (collect)
		queue_delayed_work(system_power_efficient_wq, &hn->peer_gc, GC_INTERVAL);
}

/**
 * homa_peer_get() - a host, remembered if it is new
 * @hsk: socket that deals with it; its memory cgroup pays
 * @key: its address
 * @gfp: for the allocation; one that may sleep says that a process sends to
 *	the host, so that it is no stranger
 *
 * Return: referenced, or ERR_PTR: -ENOMEM, -ENOBUFS if too many hosts are in
 * use.
 */
struct homa_peer *homa_peer_get(struct homa_sock *hsk,
				const struct homa_peer_key *key, gfp_t gfp)
{
	bool stranger = !gfpflags_allow_blocking(gfp);
	struct homa_net *hn = hsk->hn;
	struct homa_peer *peer = homa_peer_find(hn, key);
	struct homa_peer *old;

	if (peer) {
		if (!stranger)
			homa_peer_set_known(peer);
		return peer;
	}

	if (!room(hn, stranger)) {
		/* Only hosts that are no strangers are worth the wait. */
		if (!stranger) {
			mod_delayed_work(system_power_efficient_wq, &hn->peer_gc, 0);
			flush_delayed_work(&hn->peer_gc);
		}
		if (stranger || !room(hn, stranger)) {
			HOMA_INC(hn, peer_limit);
			return ERR_PTR(-ENOBUFS);
		}
	}
	peer = new_peer(hsk, key, gfp);
	if (!peer)
		return ERR_PTR(-ENOMEM);
	peer->known = !stranger;
	/* Counted before anybody can forget it. */
	count_new(hn, stranger);

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
	if (!old)
		return peer;

	atomic_dec(&hn->peer_count);
	if (stranger)
		atomic_dec(&hn->stranger_count);
	kfree(peer);
	if (!IS_ERR(old) && !stranger)
		homa_peer_set_known(old);
	return old;
}

/**
 * homa_peer_temp() - a host that need not be remembered
 * @hsk: socket that deals with it
 * @key: its address
 *
 * For an answer to a packet that belongs to nothing here: whoever sends lots of
 * them, with whatever addresses, leaves nothing behind.
 *
 * Context: any.  Return: referenced, or NULL.
 */
struct homa_peer *homa_peer_temp(struct homa_sock *hsk,
				 const struct homa_peer_key *key)
{
	struct homa_peer *peer = homa_peer_find(hsk->hn, key);

	if (peer)
		return peer;
	peer = new_peer(hsk, key, GFP_NOWAIT | __GFP_NOWARN);
	if (!peer)
		return NULL;
	peer->temp = true;
	peer->known = true;	/* homa_peer_put() just frees it */
	refcount_set(&peer->refs, 1);
	WRITE_ONCE(hsk->hn->rcu_used, true);
	return peer;
}

/*
 * How long a host must have been idle to be forgotten now, and how many may
 * stay in any case.  Return: false if there are no more than that.
 */
static bool idle_limit(struct homa_net *hn, unsigned long *idle, u32 *floor)
{
	u32 count = atomic_read(&hn->peer_count);
	const struct homa_settings *s;

	rcu_read_lock();
	s = rcu_dereference(hn->settings);
	/* The last quarter is for hosts that were used lately. */
	*floor = s->peer_max - s->peer_max / 4;
	if (count >= s->peer_max) {
		*idle = 0;	/* whoever has no RPC now makes room */
	} else if (count > *floor) {
		*idle = s->peer_idle_secs * HZ;
	} else {
		*floor = s->peer_gc_threshold;
		*idle = max(s->peer_idle_secs, s->peer_idle_max_secs) * HZ;
	}
	rcu_read_unlock();
	return count > *floor;
}

static void gc_work(struct work_struct *work)
{
	struct homa_net *hn = container_of(work, struct homa_net,
					   peer_gc.work);
	struct rhashtable_iter iter;
	struct homa_peer *peer;
	unsigned long idle;
	u32 budget;
	u32 floor;

	if (!idle_limit(hn, &idle, &floor))
		return;
	/* Some more than there are: a table that is resized yields errors. */
	budget = atomic_read(&hn->peer_count) + GC_BATCH;
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

	if (idle_limit(hn, &idle, &floor))
		queue_delayed_work(system_power_efficient_wq, &hn->peer_gc, GC_INTERVAL);
}

/**
 * homa_peers_init() - no hosts known
 * @hn: namespace
 *
 * Return: 0 or a negative errno.
 */
int homa_peers_init(struct homa_net *hn)
{
	get_random_bytes(&hn->peer_secret, sizeof(hn->peer_secret));
	get_random_once(hash_key, sizeof(hash_key));
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
 * homa_peers_drop_routes() - let go of what routes refer to
 * @hn: namespace without sockets, so nobody looks up routes any more
 *
 * The devices of a namespace go before its other parts.  Most routes give up
 * their device then, but one that IPsec made may keep the loopback device.
 *
 * Context: process.
 */
void homa_peers_drop_routes(struct homa_net *hn)
{
	struct rhashtable_iter iter;
	struct homa_peer *peer;
	u32 walked = 0;

	rhashtable_walk_enter(&hn->peers, &iter);
	rhashtable_walk_start(&iter);
	while ((peer = rhashtable_walk_next(&iter)) != NULL) {
		/* A table that was resized is walked again from its start. */
		if (IS_ERR(peer))
			continue;
		homa_route_drop(peer);
		if (!(++walked % GC_BATCH)) {
			rhashtable_walk_stop(&iter);
			cond_resched();
			rhashtable_walk_start(&iter);
		}
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
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
 * homa_peer_cutoffs_due() - may CUTOFFS be sent to this host now?
 * @peer: host
 *
 * At most once per jiffy (protocol §3).  Return: true if so; counted as sent.
 */
bool homa_peer_cutoffs_due(struct homa_peer *peer)
{
	u32 now = jiffies;

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
