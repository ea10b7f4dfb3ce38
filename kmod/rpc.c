// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Life of an RPC in the kernel: made, found, ended, freed.
 *
 * An RPC is alive while it is in its bucket; being alive is worth one
 * reference, so whatever links it elsewhere (socket, timer wheel, grantor,
 * pacer, pool) needs none: homa_rpc_end_locked() unlinks it from all of them
 * before that reference goes.
 */
#include <linux/hash.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include "homa.h"
#include "trace.h"

/* For what a request that came needs. */
#define GFP_REQUEST (GFP_NOWAIT | __GFP_NOWARN)

static struct kmem_cache *rpc_cache __ro_after_init;

/* What homa_rpc_end_locked() and homa_rpc_free() bring back to this state. */
static void construct(void *obj)
{
	struct homa_rpc *rpc = obj;

	INIT_HLIST_NODE(&rpc->hash);
	INIT_LIST_HEAD(&rpc->sock_link);
	INIT_LIST_HEAD(&rpc->ready_link);
	INIT_LIST_HEAD(&rpc->early_link);
	INIT_LIST_HEAD(&rpc->young_link);
	INIT_LIST_HEAD(&rpc->wheel_link);
	INIT_LIST_HEAD(&rpc->evict_link);
	INIT_LIST_HEAD(&rpc->evict_sock_link);
	RB_CLEAR_NODE(&rpc->stall_node);
	init_waitqueue_head(&rpc->wait);
	__skb_queue_head_init(&rpc->rxq);
	/* All zero is idle, and what the core leaves behind is idle, too. */
	memset(&rpc->grantee, 0, sizeof(rpc->grantee));
	memset(&rpc->srpt, 0, sizeof(rpc->srpt));
}

/**
 * homa_rpc_cache_init() - prepare for homa_rpc_alloc()
 *
 * Return: 0 or -ENOMEM.
 */
int homa_rpc_cache_init(void)
{
	rpc_cache = kmem_cache_create("homa_rpc", sizeof(struct homa_rpc), 0,
				      SLAB_ACCOUNT, construct);
	return rpc_cache ? 0 : -ENOMEM;
}

/** homa_rpc_cache_exit() - the reverse; complains if an RPC is left */
void homa_rpc_cache_exit(void)
{
	kmem_cache_destroy(rpc_cache);
}

/* Two words of the NH hash (RFC 4418): who lacks the key cannot collide. */
static u64 nh(const u32 *key, u32 a, u32 b)
{
	return (u64)(a + key[0]) * (b + key[1]);
}

/*
 * Ids of clients are unique in the namespace; those of servers only together
 * with the client's address.
 */
static struct homa_bucket *bucket_of(struct homa_net *hn, u64 id,
				     const struct in6_addr *addr)
{
	const u32 *key = hn->hash_key;
	u64 h;

	h = nh(key, (u32)id, (u32)(id >> 32));
	if (!homa_id_is_client(id)) {
		const u32 *a = (__force const u32 *)addr->s6_addr32;

		h += nh(key + 2, a[0], a[1]) + nh(key + 4, a[2], a[3]);
	}
	/* Ids in sequence differ by a constant; break that up. */
	return &hn->tables->buckets[hash_64(h ^ (h >> 32),
					    HOMA_RPC_BUCKETS_SHIFT)];
}

/*
 * Names a request for the memory of finished ones (dedup.h).  Requests of one
 * host and port never share a key; those of different hosts do by chance only,
 * because a stranger cannot know @secret.
 */
static u64 dedup_key(u64 secret, u64 id, u16 dport)
{
	return id ^ secret ^ (dport * GOLDEN_RATIO_64);
}

/**
 * homa_rpc_new_id() - id for a new client RPC
 * @hn: namespace
 *
 * Return: even, not 0 (which means "no ack" in packets).
 */
u64 homa_rpc_new_id(struct homa_net *hn)
{
	u64 id;

	do {
		id = atomic64_add_return(2, &hn->next_id);
	} while (!id);
	return id;
}

/**
 * homa_rpc_alloc() - memory for an RPC that is not linked anywhere yet
 * @hsk: socket; a reference is taken, which fails if it is being freed
 * @peer: remote host; the caller's reference goes to the RPC, or is dropped
 * @id: own id
 * @dport: remote port
 * @gfp: for the allocation
 *
 * The caller sets birth_ns.
 *
 * Return: the RPC with one reference, or NULL.
 */
struct homa_rpc *homa_rpc_alloc(struct homa_sock *hsk, struct homa_peer *peer,
				u64 id, u16 dport, gfp_t gfp)
{
	struct homa_rpc *rpc = kmem_cache_alloc(rpc_cache, gfp);

	if (!rpc)
		goto put;
	if (!refcount_inc_not_zero(&homa_sock_sk(hsk)->sk_refcnt)) {
		kmem_cache_free(rpc_cache, rpc);
		goto put;
	}
	memset((u8 *)rpc + offsetof(struct homa_rpc, bucket), 0,
	       offsetof(struct homa_rpc, core.rx.gaps) -
	       offsetof(struct homa_rpc, bucket));
	refcount_set(&rpc->refs, 1);
	rpc->peer = peer;
	rpc->hsk = hsk;
	rpc->hn = hsk->hn;
	rpc->sport = READ_ONCE(hsk->port);
	rpc->dport = dport;
	rpc->bucket = bucket_of(rpc->hn, id, &peer->key.addr);
	atomic_inc(&rpc->hn->rpc_count);
	return rpc;
put:
	homa_peer_put(peer);
	return NULL;
}

/**
 * homa_rpc_free() - the last reference is gone
 * @rpc: RPC; use homa_rpc_put()
 */
void homa_rpc_free(struct homa_rpc *rpc)
{
	struct homa_sock *hsk = rpc->hsk;

	HOMA_INC(rpc->hn, reaper_calls);
	if (!skb_queue_empty(&rpc->rxq))
		__skb_queue_purge(&rpc->rxq);
	if (rpc->rx_charged)
		homa_mem_rx_uncharge(hsk, sizeof(*rpc));
	homa_msgout_free(hsk, &rpc->msgout);
	homa_peer_put(rpc->peer);
	atomic_dec(&rpc->hn->rpc_count);
	kmem_cache_free(rpc_cache, rpc);
	sock_put(homa_sock_sk(hsk));
}

/**
 * homa_rpc_insert_locked() - make an RPC findable
 * @rpc: fresh RPC, its core initialised
 *
 * Context: RPC lock held.  Return: 0; -ESHUTDOWN if the socket takes no more
 * RPCs.
 */
int homa_rpc_insert_locked(struct homa_rpc *rpc)
{
	struct homa_sock *hsk = rpc->hsk;
	int err = 0;

	lockdep_assert_held(&rpc->bucket->lock);
	spin_lock(&hsk->ready_lock);
	if (hsk->shutdown) {
		err = -ESHUTDOWN;
	} else {
		list_add_tail(&rpc->sock_link, &hsk->rpcs);
		WRITE_ONCE(hsk->num_rpcs, hsk->num_rpcs + 1);
		if (homa_rpc_is_client(&rpc->core)) {
			WRITE_ONCE(hsk->num_clients, hsk->num_clients + 1);
			hsk->peak_clients = homa_incast_peak(hsk->peak_clients,
							     hsk->num_clients);
		}
	}
	spin_unlock(&hsk->ready_lock);
	if (err)
		return err;
	hlist_add_head(&rpc->hash, &rpc->bucket->rpcs);
	if (!homa_rpc_is_client(&rpc->core)) {
		atomic_inc(&rpc->peer->server_rpcs);
		homa_evict_add_locked(rpc);
	}
	trace_homa_rpc_start(rpc);
	return 0;
}

/**
 * homa_rpc_find_client() - a client RPC, as the application names it
 * @hsk: its socket
 * @id: even id
 *
 * Return: the RPC with its lock held, or NULL with none.
 */
struct homa_rpc *homa_rpc_find_client(struct homa_sock *hsk, u64 id)
{
	struct homa_bucket *bucket;
	struct homa_rpc *rpc;

	if (!homa_id_is_client(id))
		return NULL;
	bucket = bucket_of(hsk->hn, id, NULL);
	homa_bucket_lock(bucket);
	hlist_for_each_entry(rpc, &bucket->rpcs, hash) {
		if (rpc->core.id == id && rpc->hsk == hsk)
			return rpc;
	}
	homa_bucket_unlock(bucket);
	return NULL;
}

static struct homa_rpc *find_in(struct homa_bucket *bucket,
				const struct homa_sock *hsk, u64 id,
				const struct homa_peer_key *key, u32 dport,
				bool any_port)
{
	struct homa_rpc *rpc;

	lockdep_assert_held(&bucket->lock);
	hlist_for_each_entry(rpc, &bucket->rpcs, hash) {
		if (rpc->core.id == id && rpc->hsk == hsk &&
		    (any_port || rpc->dport == dport) &&
		    ipv6_addr_equal(&rpc->peer->key.addr, &key->addr) &&
		    (!key->scope || key->scope == rpc->peer->key.scope))
			return rpc;
	}
	return NULL;
}

/**
 * homa_rpc_find() - the RPC that a packet belongs to
 * @hsk: receiving socket
 * @id: our id
 * @key: sender of the packet; scope 0 = any
 * @dport: sender's port
 *
 * The sender has to be the peer of the RPC, for client RPCs too
 * (conformance H1).
 *
 * Return: the RPC with its lock held, or NULL with none.
 */
struct homa_rpc *homa_rpc_find(struct homa_sock *hsk, u64 id,
			       const struct homa_peer_key *key, u16 dport)
{
	struct homa_bucket *bucket = bucket_of(hsk->hn, id, &key->addr);
	struct homa_rpc *rpc;

	homa_bucket_lock(bucket);
	rpc = find_in(bucket, hsk, id, key, dport, false);
	if (!rpc)
		homa_bucket_unlock(bucket);
	return rpc;
}

/**
 * homa_rpc_find_server() - a server RPC by client address only
 * @hsk: its socket
 * @id: odd id
 * @key: client's host; scope 0 = any
 *
 * For acks, which do not name the client's port (wire §6.9), and for responses,
 * where the port given does not count (uapi §6).
 *
 * Return: the RPC with its lock held, or NULL with none.
 */
struct homa_rpc *homa_rpc_find_server(struct homa_sock *hsk, u64 id,
				      const struct homa_peer_key *key)
{
	struct homa_bucket *bucket;
	struct homa_rpc *rpc;

	if (homa_id_is_client(id))
		return NULL;
	bucket = bucket_of(hsk->hn, id, &key->addr);
	homa_bucket_lock(bucket);
	rpc = find_in(bucket, hsk, id, key, 0, true);
	if (!rpc)
		homa_bucket_unlock(bucket);
	return rpc;
}

/* Consumes the caller's reference to @peer. */
static struct homa_rpc *new_server(struct homa_sock *hsk, u64 id,
				   struct homa_peer *peer,
				   const struct in6_addr *saddr, u16 dport,
				   u64 now_ns)
{
	struct homa_rpc *rpc;

	if (!homa_mem_rx_charge(hsk, sizeof(*rpc))) {
		homa_peer_put(peer);
		return NULL;
	}
	rpc = homa_rpc_alloc(hsk, peer, id, dport, GFP_REQUEST);
	if (!rpc) {
		homa_mem_rx_uncharge(hsk, sizeof(*rpc));
		return NULL;
	}
	rpc->rx_charged = true;
	rpc->saddr = *saddr;
	rpc->birth_ns = now_ns;
	homa_rpc_init_server(&rpc->core, id, now_ns);
	return rpc;
}

/*
 * Was a request executed?  A copy of it is a sign of more to come, from a client
 * that was told RPC_UNKNOWN and begins again: it is remembered from now on.
 */
static bool was_executed(struct homa_bucket *bucket, u64 key, u64 now_ns)
{
	lockdep_assert_held(&bucket->lock);
	if (!homa_dedup_seen(&bucket->dedup, key, now_ns))
		return false;
	homa_dedup_add(&bucket->dedup, key, now_ns);
	return true;
}

/*
 * Is a request known already, or was it executed?
 * Return: its RPC, locked; or NULL, with a reason if it was executed.
 */
static struct homa_rpc *find_request(struct homa_sock *hsk, u64 id,
				     const struct homa_peer_key *key,
				     u64 secret, u16 dport, u64 now_ns,
				     enum homa_reason *reason)
{
	struct homa_bucket *bucket = bucket_of(hsk->hn, id, &key->addr);
	struct homa_rpc *rpc;

	homa_bucket_lock(bucket);
	rpc = find_in(bucket, hsk, id, key, dport, false);
	if (rpc)
		return rpc;	/* it was not the first packet */
	if (was_executed(bucket, dedup_key(secret, id, dport), now_ns))
		*reason = HOMA_REASON_FINISHED_RPC;
	homa_bucket_unlock(bucket);
	return NULL;
}

/*
 * Link a fresh server RPC, unless another CPU was faster.
 * Return: the RPC to use, locked (perhaps another one), or NULL with a reason.
 */
static struct homa_rpc *insert_server(struct homa_rpc *fresh, u64 id,
				      enum homa_reason *reason)
{
	struct homa_bucket *bucket = fresh->bucket;
	struct homa_peer *peer = fresh->peer;
	struct homa_rpc *rpc;

	homa_bucket_lock(bucket);
	rpc = find_in(bucket, fresh->hsk, id, &peer->key, fresh->dport,
		      false);
	if (rpc)
		return rpc;
	if (was_executed(bucket, dedup_key(peer->secret, id, fresh->dport),
			 fresh->birth_ns))
		*reason = HOMA_REASON_FINISHED_RPC;
	else if (!homa_rpc_insert_locked(fresh))
		return fresh;
	homa_bucket_unlock(bucket);
	return NULL;
}

/**
 * homa_rpc_limit() - has the namespace as many RPCs as it may have?
 * @hsk: socket that wants another one
 */
bool homa_rpc_limit(struct homa_sock *hsk)
{
	bool limit;

	rcu_read_lock();
	limit = atomic_read(&hsk->hn->rpc_count) >=
		rcu_dereference(hsk->hn->settings)->rpc_net_max;
	rcu_read_unlock();
	return limit;
}

/*
 * May a request of a host become an RPC?  One host gets at most as many as are
 * left for the others: alone half of all, and each of n hosts one in n + 1.
 * Exact up to one RPC for each CPU.  Context: rcu_read_lock().
 */
static bool may_accept(struct homa_sock *hsk, struct homa_peer *peer)
{
	const struct homa_settings *s = rcu_dereference(hsk->hn->settings);
	u32 num = READ_ONCE(hsk->num_rpcs);

	return num + atomic_read(&peer->server_rpcs) < s->rpc_sock_max &&
	       atomic_read(&hsk->hn->rpc_count) < s->rpc_net_max;
}

/* Is it the socket or the namespace that is full, not one host's share? */
static bool full(struct homa_sock *hsk, struct homa_sock **of)
{
	const struct homa_settings *s = rcu_dereference(hsk->hn->settings);

	*of = NULL;
	if (atomic_read(&hsk->hn->rpc_count) >= s->rpc_net_max)
		return true;
	*of = hsk;
	return READ_ONCE(hsk->num_rpcs) >= s->rpc_sock_max;
}

/*
 * The host of a request that may become an RPC, referenced, or NULL.
 * Consumes the caller's reference to @peer, which is NULL for a host that is not
 * remembered.
 */
static struct homa_peer *accept_from(struct homa_sock *hsk,
				     struct homa_peer *peer,
				     const struct homa_peer_key *key)
{
	struct homa_sock *of;

	if (!peer)
		peer = homa_peer_get(hsk, key, GFP_REQUEST);
	if (peer == ERR_PTR(-ENOBUFS) && homa_evict(hsk->hn, NULL, true))
		peer = homa_peer_get(hsk, key, GFP_REQUEST);
	if (IS_ERR(peer))
		return NULL;
	if (may_accept(hsk, peer))
		return peer;
	/* Who has used up its own share does not push others out. */
	if (full(hsk, &of) && homa_evict(hsk->hn, of, false) && may_accept(hsk, peer))
		return peer;
	HOMA_INC(hsk->hn, rpc_limit);
	homa_peer_put(peer);
	return NULL;
}

/**
 * homa_rpc_open_server() - the RPC that a request's packet belongs to
 * @hsk: server socket with a receive region
 * @id: odd id
 * @key: client's host
 * @saddr: our address, as the client knows it
 * @dport: client's port
 * @now_ns: current time
 * @reason: why not, if NULL is returned
 *
 * Makes the RPC if it is new and not one that was executed before
 * (protocol §9).  Only then is a host remembered or does anybody make room.
 * Context: softirq, rcu_read_lock().
 *
 * Return: the RPC with its lock held, or NULL with none.
 */
struct homa_rpc *homa_rpc_open_server(struct homa_sock *hsk, u64 id,
				      const struct homa_peer_key *key,
				      const struct in6_addr *saddr, u16 dport,
				      u64 now_ns, enum homa_reason *reason)
{
	struct homa_peer *peer;
	struct homa_rpc *fresh;
	struct homa_rpc *rpc;

	*reason = HOMA_REASON_NONE;
	peer = homa_peer_find(hsk->hn, key);
	/* A host would be remembered, or room made: not for a copy. */
	if (!peer || !may_accept(hsk, peer)) {
		rpc = find_request(hsk, id, key, homa_peer_secret(hsk->hn, key),
				   dport, now_ns, reason);
		if (rpc || *reason != HOMA_REASON_NONE) {
			if (peer)
				homa_peer_put(peer);
			return rpc;
		}
	}

	/* Nothing is allocated under a lock, so the look-up comes after it. */
	*reason = HOMA_REASON_NO_MEMORY;
	peer = accept_from(hsk, peer, key);
	if (!peer)
		return NULL;
	fresh = new_server(hsk, id, peer, saddr, dport, now_ns);
	if (!fresh)
		return NULL;
	rpc = insert_server(fresh, id, reason);
	if (rpc == fresh)
		HOMA_INC(hsk->hn, server_requests_started);
	else
		homa_rpc_put(fresh);
	return rpc;
}

static void unlink_sock_locked(struct homa_rpc *rpc)
{
	struct homa_sock *hsk = rpc->hsk;

	lockdep_assert_held(&rpc->bucket->lock);
	spin_lock(&hsk->ready_lock);
	if (!list_empty(&rpc->sock_link)) {
		list_del_init(&rpc->sock_link);
		WRITE_ONCE(hsk->num_rpcs, hsk->num_rpcs - 1);
		if (homa_rpc_is_client(&rpc->core))
			WRITE_ONCE(hsk->num_clients, hsk->num_clients - 1);
		else
			atomic_dec(&rpc->peer->server_rpcs);
	}
	if (!list_empty(&rpc->ready_link)) {
		list_del_init(&rpc->ready_link);
		hsk->num_ready--;
	}
	if (!list_empty(&rpc->early_link))
		list_del_init(&rpc->early_link);
	spin_unlock(&hsk->ready_lock);
}

/**
 * homa_rpc_release_locked() - give back what a dead RPC has of its incoming message
 * @rpc: dead RPC
 * @todo: to be run after unlocking
 *
 * Context: RPC lock held; takes pool->lock.
 */
void homa_rpc_release_locked(struct homa_rpc *rpc, struct homa_todo *todo)
{
	lockdep_assert_held(&rpc->bucket->lock);
	/* A thread writes to these buffers: it will do this when it is done. */
	if (unlikely(rpc->copying))
		return;
	if (rpc->num_bpages) {
		homa_pool_free(rpc->hsk->pool, rpc->bpages, rpc->num_bpages);
		rpc->num_bpages = 0;
		todo->serve = rpc->hsk;
	}
	if (!skb_queue_empty(&rpc->rxq)) {
		HOMA_ADD(rpc->hn, reaper_dead_skbs, skb_queue_len(&rpc->rxq));
		skb_queue_splice_tail_init(&rpc->rxq, &todo->free);
	}
}

/**
 * homa_rpc_end_locked() - end an RPC, for whatever reason
 * @rpc: RPC; nothing happens if it is dead
 * @why: the reason, for tracing
 * @todo: to be run after unlocking; drops the reference of being alive
 *
 * Context: RPC lock held.
 */
void homa_rpc_end_locked(struct homa_rpc *rpc, enum homa_end why,
			 struct homa_todo *todo)
{
	lockdep_assert_held(&rpc->bucket->lock);
	if (!homa_rpc_end(&rpc->core))
		return;
	trace_homa_rpc_end(rpc, why);

	hlist_del_init(&rpc->hash);
	if (!list_empty(&rpc->young_link))
		list_del_init(&rpc->young_link);
	if (rpc->core.delivered && !homa_rpc_is_client(&rpc->core))
		homa_dedup_add(&rpc->bucket->dedup,
			       dedup_key(rpc->peer->secret, rpc->core.id,
					 rpc->dport),
			       ktime_get_coarse_ns());
	unlink_sock_locked(rpc);
	homa_evict_remove_locked(rpc);
	/* A short RPC is in none of these. */
	if (!list_empty_careful(&rpc->wheel_link))
		homa_timer_disarm_locked(rpc);
	if (rpc->deferred_to)
		homa_sched_remove_locked(rpc);
	if (rpc->grantee.state != HOMA_GRANTEE_IDLE)
		homa_grant_remove_locked(rpc, todo);
	if (!RB_EMPTY_NODE(&rpc->stall_node))
		homa_pool_unstall_locked(rpc);
	homa_rpc_release_locked(rpc, todo);
	if (rpc->waited) {
		homa_rpc_hold(rpc);
		todo->wake_private = rpc;
	}
	todo->put = rpc;
}

/**
 * homa_rpc_fail_locked() - an RPC cannot succeed any more
 * @rpc: RPC
 * @error: positive errno
 * @todo: to be run after unlocking
 *
 * Clients are told by recvmsg(); server RPCs just end (protocol §1.1, §1.2).
 * Context: RPC lock held.
 */
void homa_rpc_fail_locked(struct homa_rpc *rpc, int error,
			  struct homa_todo *todo)
{
	struct homa_rpc_verdict v;

	lockdep_assert_held(&rpc->bucket->lock);
	v = homa_rpc_fail(&rpc->core, error);
	if (v.actions & HOMA_ACT_END) {
		HOMA_INC(rpc->hn, server_rpc_discards);
		homa_rpc_end_locked(rpc, HOMA_END_ERROR, todo);
	} else if (v.actions & HOMA_ACT_REPORT) {
		trace_homa_rpc_fail(rpc);
		homa_timer_disarm_locked(rpc);
		homa_sched_remove_locked(rpc);
		homa_grant_remove_locked(rpc, todo);
		homa_pool_unstall_locked(rpc);
		homa_ready_add_locked(rpc, todo);
	}
}

/**
 * homa_rpc_timeout_locked() - the peer was silent, or forgot the RPC, for too long
 * @rpc: RPC
 * @todo: to be run after unlocking
 *
 * Context: RPC lock held.
 */
void homa_rpc_timeout_locked(struct homa_rpc *rpc, struct homa_todo *todo)
{
	HOMA_INC(rpc->hn, rpc_timeouts);
	trace_homa_rpc_timeout(rpc);
	homa_rpc_fail_locked(rpc, ETIMEDOUT, todo);
}
