// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The receive region of a socket: who owns which part of it (uapi §8,
 * protocol §10).
 *
 * The region is an array of 64 KiB bpages.  Whole bpages belong to one
 * message; the ends of messages share a bpage, the "open" one, from which
 * pieces are cut front to back until it is full.  A bpage with an end in it is
 * free again when all its pieces were returned.  Pieces begin at multiples of
 * PIECE_BYTES, so that one bit for each such place can tell which of them the
 * application owns: nothing else is taken back.
 *
 * Messages that find no room wait, shortest first; their data is dropped and
 * asked for again once there is room.
 */
#include <linux/mm.h>
#include <linux/rbtree.h>
#include <linux/uio.h>
#include "homa.h"

#define NO_BPAGE U32_MAX
#define PIECE_BYTES 64

/* Of homa_pool.owned, for each bpage. */
#define OWNED_BYTES (HOMA_BPAGE_SIZE / PIECE_BYTES / BITS_PER_BYTE)

/* Kernel memory allowed for packets: eight bytes per byte of the region.
 * Messages are let in as far as the region has room for them, so packets that
 * carry at least an eighth of their memory never meet this limit.
 */
#define MEMORY_PER_BYTE_SHIFT 3

/**
 * struct homa_pool - ownership of a receive region
 * @hn: namespace, for counters
 * @region: RCU; where it is; replaced under lock_sock() and @lock
 * @lock: L3; guards the rest
 * @num_bpages: whole bpages in the region; it only grows
 * @num_free: entries in @free
 * @open: bpage that pieces are cut from, or NO_BPAGE
 * @open_used: bytes cut from it
 * @waiting: RPCs without buffers, by message length, then age
 * @refs: owners of each bpage: messages and returned-by-user entries, plus one
 *	while it is the open one
 * @owned: one bit for each PIECE_BYTES; set where a buffer begins that the
 *	application has
 * @free: stack of free bpages, lowest index on top at first, so that small
 *	work loads touch little memory
 */
struct homa_pool {
	struct homa_net *hn;
	struct homa_region __rcu *region;
	spinlock_t lock;	/* L3 */
	u32 num_bpages;
	u32 num_free;
	u32 open;
	u32 open_used;
	struct rb_root_cached waiting;
	u32 *refs;
	unsigned long *owned;
	u32 *free;
};

/* What there is of each bpage, by itself: it has to grow with the region. */
struct arrays {
	u32 *refs;
	unsigned long *owned;
	u32 *free;
};

static void arrays_free(struct arrays *a)
{
	kvfree(a->refs);
	kvfree(a->owned);
	kvfree(a->free);
}

static bool arrays_alloc(struct arrays *a, u32 num_bpages)
{
	a->refs = kvcalloc(num_bpages, sizeof(*a->refs), GFP_KERNEL_ACCOUNT);
	a->free = kvmalloc_array(num_bpages, sizeof(*a->free),
				 GFP_KERNEL_ACCOUNT);
	a->owned = kvcalloc(num_bpages, OWNED_BYTES, GFP_KERNEL_ACCOUNT);
	if (a->refs && a->free && a->owned)
		return true;
	arrays_free(a);
	return false;
}

/* Bpages from @first on are free, the lowest on top. */
static void add_free(u32 *free, u32 first, u32 num_bpages)
{
	u32 i;

	for (i = 0; i < num_bpages - first; i++)
		free[i] = num_bpages - 1 - i;
}

/**
 * homa_pool_new() - ownership of a new region: all free
 * @hn: namespace of its socket
 * @start: user address, page aligned
 * @length: bytes; rounded down to bpages
 *
 * Context: process.  Return: the pool, or NULL without memory.
 */
struct homa_pool *homa_pool_new(struct homa_net *hn, u64 start, u64 length)
{
	struct homa_region *region;
	struct homa_pool *pool;
	struct arrays a;

	pool = kzalloc(sizeof(*pool), GFP_KERNEL_ACCOUNT);
	if (!pool)
		return NULL;
	pool->hn = hn;
	pool->num_bpages = length >> HOMA_BPAGE_SHIFT;
	if (!arrays_alloc(&a, pool->num_bpages))
		goto free_pool;
	region = homa_region_new(start);
	if (!region)
		goto free_arrays;
	RCU_INIT_POINTER(pool->region, region);
	spin_lock_init(&pool->lock);
	pool->open = NO_BPAGE;
	pool->waiting = RB_ROOT_CACHED;
	pool->num_free = pool->num_bpages;
	pool->refs = a.refs;
	pool->owned = a.owned;
	pool->free = a.free;
	add_free(pool->free, 0, pool->num_bpages);
	return pool;

free_arrays:
	arrays_free(&a);
free_pool:
	kfree(pool);
	return NULL;
}

/**
 * homa_pool_replace() - the region is somewhere else, and perhaps larger
 * @pool: pool
 * @start: user address, page aligned
 * @length: bytes; rounded down to bpages
 *
 * Offsets stay what they are, of buffers that the application has, too.
 *
 * Context: process, lock_sock() held; may sleep.
 * Return: 0; -EINVAL if it would be shorter; -ENOMEM.
 */
int homa_pool_replace(struct homa_pool *pool, u64 start, u64 length)
{
	u32 num_bpages = length >> HOMA_BPAGE_SHIFT;
	u32 before = pool->num_bpages;
	struct homa_region *region;
	struct homa_region *old;
	struct arrays a;

	if (num_bpages < before)
		return -EINVAL;
	if (!arrays_alloc(&a, num_bpages))
		return -ENOMEM;
	region = homa_region_new(start);
	if (!region) {
		arrays_free(&a);
		return -ENOMEM;
	}
	add_free(a.free, before, num_bpages);

	spin_lock_bh(&pool->lock);
	memcpy(a.refs, pool->refs, before * sizeof(*a.refs));
	memcpy(a.owned, pool->owned, before * OWNED_BYTES);
	memcpy(a.free + num_bpages - before, pool->free,
	       pool->num_free * sizeof(*a.free));
	swap(pool->refs, a.refs);
	swap(pool->owned, a.owned);
	swap(pool->free, a.free);
	pool->num_free += num_bpages - before;
	WRITE_ONCE(pool->num_bpages, num_bpages);
	old = rcu_replace_pointer(pool->region, region,
				  lockdep_is_held(&pool->lock));
	spin_unlock_bh(&pool->lock);

	arrays_free(&a);
	synchronize_rcu();
	homa_region_free(old);
	return 0;
}

/**
 * homa_pool_forget_region() - no process uses the socket any more
 * @pool: may be NULL
 *
 * Context: process.
 */
void homa_pool_forget_region(struct homa_pool *pool)
{
	struct homa_region *region;

	if (!pool)
		return;
	/* Those who only tell of it, homa_pool_get_region(), hold the lock. */
	spin_lock_bh(&pool->lock);
	region = rcu_replace_pointer(pool->region, NULL,
				     lockdep_is_held(&pool->lock));
	spin_unlock_bh(&pool->lock);
	homa_region_free(region);
}

/**
 * homa_pool_delete() - free a pool that no RPC uses
 * @pool: may be NULL; its region was forgotten
 *
 * Context: any.
 */
void homa_pool_delete(struct homa_pool *pool)
{
	struct arrays a;

	if (!pool)
		return;
	a.refs = pool->refs;
	a.owned = pool->owned;
	a.free = pool->free;
	arrays_free(&a);
	kfree(pool);
}

/**
 * homa_pool_get_region() - what the region is
 * @pool: may be NULL
 * @start: user address, 0 without a pool
 * @length: bytes, rounded down to bpages
 */
void homa_pool_get_region(struct homa_pool *pool, u64 *start, u64 *length)
{
	const struct homa_region *region;

	*start = 0;
	*length = 0;
	if (!pool)
		return;
	spin_lock_bh(&pool->lock);
	region = rcu_dereference_protected(pool->region,
					   lockdep_is_held(&pool->lock));
	/* The socket of a snapshot may have been closed. */
	if (region)
		*start = homa_region_where(region);
	*length = (u64)pool->num_bpages << HOMA_BPAGE_SHIFT;
	spin_unlock_bh(&pool->lock);
}

/**
 * homa_pool_start() - where the region is, for the calling process
 * @pool: pool
 * @start: user address
 *
 * Context: a system call on the socket.
 * Return: 0, or -EPERM if it is not for the memory of this process.
 */
int homa_pool_start(const struct homa_pool *pool, u64 *start)
{
	int err;

	rcu_read_lock();
	err = homa_region_start(rcu_dereference(pool->region), start);
	rcu_read_unlock();
	return err;
}

/**
 * homa_pool_own() - the region, if it was set for the memory of the calling process
 * @pool: pool
 * @start: user address
 *
 * Context: a system call on the socket.
 * Return: what tells this region from all others, or 0.
 */
u64 homa_pool_own(const struct homa_pool *pool, u64 *start)
{
	const struct homa_region *region;
	u64 id;

	rcu_read_lock();
	region = rcu_dereference(pool->region);
	id = homa_region_own(region);
	*start = homa_region_where(region);
	rcu_read_unlock();
	return id;
}

static void put_locked(struct homa_pool *pool, u32 bpage)
{
	lockdep_assert_held(&pool->lock);
	/* Only the pool itself still uses the open one: it is free, too. */
	if (--pool->refs[bpage] == 1 && bpage == pool->open) {
		pool->open = NO_BPAGE;
		pool->refs[bpage] = 0;
		HOMA_INC(pool->hn, bpage_reuses);
	}
	if (!pool->refs[bpage])
		pool->free[pool->num_free++] = bpage;
}

static u32 get_locked(struct homa_pool *pool)
{
	u32 bpage = pool->free[--pool->num_free];

	lockdep_assert_held(&pool->lock);
	pool->refs[bpage] = 1;
	return bpage;
}

/* Room for a piece of @bytes: may need one more free bpage. */
static bool open_fits_locked(struct homa_pool *pool, u32 bytes)
{
	lockdep_assert_held(&pool->lock);
	return pool->open != NO_BPAGE &&
	       pool->open_used + bytes <= HOMA_BPAGE_SIZE;
}

/* Free bpages that a message takes. */
static u32 bpages_needed_locked(struct homa_pool *pool, u32 length)
{
	u32 rest = length & (HOMA_BPAGE_SIZE - 1);

	return (length >> HOMA_BPAGE_SHIFT) +
	       (rest && !open_fits_locked(pool, rest));
}

/**
 * homa_pool_alloc_locked() - buffers for an incoming message
 * @rpc: RPC whose bpages are to be filled in
 * @length: message length, 1..HOMA_MSG_BYTES_MAX
 *
 * Context: RPC lock held; takes pool->lock.
 * Return: false if there is no region or not enough room; nothing is taken.
 */
bool homa_pool_alloc_locked(struct homa_rpc *rpc, u32 length)
{
	struct homa_pool *pool = homa_sock_pool(rpc->hsk);
	u32 whole = length >> HOMA_BPAGE_SHIFT;
	u32 rest = length & (HOMA_BPAGE_SIZE - 1);
	bool ok = false;
	u32 i;

	lockdep_assert_held(&rpc->bucket->lock);
	if (!pool)
		return false;

	spin_lock(&pool->lock);
	if (bpages_needed_locked(pool, length) > pool->num_free)
		goto out;

	for (i = 0; i < whole; i++)
		rpc->bpages[i] = get_locked(pool) << HOMA_BPAGE_SHIFT;
	if (rest && !open_fits_locked(pool, rest)) {
		/* The full one belongs to its pieces alone from now on. */
		if (pool->open != NO_BPAGE)
			pool->refs[pool->open]--;
		pool->open = get_locked(pool);
		pool->open_used = 0;
	}
	if (rest) {
		rpc->bpages[i++] = (pool->open << HOMA_BPAGE_SHIFT) +
				   pool->open_used;
		pool->refs[pool->open]++;
		pool->open_used += ALIGN(rest, PIECE_BYTES);
	}
	rpc->num_bpages = i;
	ok = true;
out:
	spin_unlock(&pool->lock);
	return ok;
}

/**
 * homa_pool_free() - a message will not be delivered: take its buffers back
 * @pool: pool
 * @offsets: as allocated
 * @count: how many
 */
void homa_pool_free(struct homa_pool *pool, const u32 *offsets, u32 count)
{
	u32 i;

	spin_lock_bh(&pool->lock);
	for (i = 0; i < count; i++)
		put_locked(pool, offsets[i] >> HOMA_BPAGE_SHIFT);
	spin_unlock_bh(&pool->lock);
}

/**
 * homa_pool_deliver() - the application gets buffers
 * @pool: pool
 * @offsets: as allocated
 * @count: how many
 *
 * Before it knows of them; afterwards it may return them.
 */
void homa_pool_deliver(struct homa_pool *pool, const u32 *offsets, u32 count)
{
	u32 i;

	/* The lock keeps the bitmap from being replaced. */
	spin_lock_bh(&pool->lock);
	for (i = 0; i < count; i++)
		__set_bit(offsets[i] / PIECE_BYTES, pool->owned);
	spin_unlock_bh(&pool->lock);
}

/**
 * homa_pool_return() - the application gives buffers back (uapi §7, §8)
 * @pool: pool
 * @offsets: as delivered, but not to be trusted
 * @count: how many
 *
 * Return: how many were returned: those before the first that is not a buffer which the
 * application has.
 */
u32 homa_pool_return(struct homa_pool *pool, const u32 *offsets, u32 count)
{
	u32 i;

	spin_lock_bh(&pool->lock);
	for (i = 0; i < count; i++) {
		u32 bpage = offsets[i] >> HOMA_BPAGE_SHIFT;

		if (bpage >= pool->num_bpages || offsets[i] % PIECE_BYTES ||
		    !__test_and_clear_bit(offsets[i] / PIECE_BYTES,
					  pool->owned))
			break;
		put_locked(pool, bpage);
	}
	spin_unlock_bh(&pool->lock);
	return i;
}

/**
 * homa_pool_avail_bytes() - free space of the region (protocol §10)
 * @pool: may be NULL
 *
 * Return: whole free bpages and the rest of the open one.
 */
u64 homa_pool_avail_bytes(struct homa_pool *pool)
{
	u64 bytes;

	if (!pool)
		return 0;
	spin_lock_bh(&pool->lock);
	bytes = (u64)pool->num_free << HOMA_BPAGE_SHIFT;
	if (pool->open != NO_BPAGE)
		bytes += HOMA_BPAGE_SIZE - pool->open_used;
	spin_unlock_bh(&pool->lock);
	return bytes;
}

/**
 * homa_pool_memory_ok() - may the socket hold another packet?
 * @hsk: socket with a pool
 *
 * The pool bounds message bytes; tiny packets need much more memory than the
 * bytes that they carry.  A packet that is refused will be asked for again.
 * SO_RCVBUF can raise the limit.  It cannot lower it: half-arrived messages
 * could fill a small buffer, so that none would ever be complete.
 *
 * Context: any.  Return: false above the limit.
 */
bool homa_pool_memory_ok(struct homa_sock *hsk)
{
	u64 limit = (u64)READ_ONCE(homa_sock_pool(hsk)->num_bpages) <<
		    (HOMA_BPAGE_SHIFT + MEMORY_PER_BYTE_SHIFT);
	struct sock *sk = homa_sock_sk(hsk);

	limit = max_t(u64, limit, READ_ONCE(sk->sk_rcvbuf));
	/* RPCs are charged, too, but have a limit of their own. */
	return atomic_read(&sk->sk_rmem_alloc) <=
	       min_t(u64, limit, INT_MAX / 2) +
	       READ_ONCE(hsk->num_rpcs) * sizeof(struct homa_rpc);
}

static bool waits_before(const struct homa_rpc *a, const struct homa_rpc *b)
{
	if (a->stall_len != b->stall_len)
		return a->stall_len < b->stall_len;
	return a->birth_ns < b->birth_ns;
}

/**
 * homa_pool_stall_locked() - no room: wait for it
 * @rpc: RPC with a message that got no buffers
 * @length: message length
 *
 * Context: RPC lock held; takes pool->lock.  Without a region the RPC waits
 * for homa_sockopt_set() to walk over the socket's RPCs.
 */
void homa_pool_stall_locked(struct homa_rpc *rpc, u32 length)
{
	struct homa_pool *pool = homa_sock_pool(rpc->hsk);
	struct rb_node *parent = NULL;
	struct rb_node **link;
	bool leftmost = true;

	lockdep_assert_held(&rpc->bucket->lock);
	if (!pool || !RB_EMPTY_NODE(&rpc->stall_node))
		return;
	rpc->stall_len = length;
	spin_lock(&pool->lock);
	link = &pool->waiting.rb_root.rb_node;
	while (*link) {
		parent = *link;
		if (waits_before(rpc, rb_entry(parent, struct homa_rpc,
					       stall_node))) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	rb_link_node(&rpc->stall_node, parent, link);
	rb_insert_color_cached(&rpc->stall_node, &pool->waiting, leftmost);
	spin_unlock(&pool->lock);
}

/**
 * homa_pool_unstall_locked() - stop waiting
 * @rpc: RPC; need not be waiting
 *
 * Context: RPC lock held; takes pool->lock.
 */
void homa_pool_unstall_locked(struct homa_rpc *rpc)
{
	struct homa_pool *pool = homa_sock_pool(rpc->hsk);

	lockdep_assert_held(&rpc->bucket->lock);
	/* Only the holder of the RPC lock links it. */
	if (!pool || RB_EMPTY_NODE(&rpc->stall_node))
		return;
	spin_lock(&pool->lock);
	if (!RB_EMPTY_NODE(&rpc->stall_node)) {
		rb_erase_cached(&rpc->stall_node, &pool->waiting);
		RB_CLEAR_NODE(&rpc->stall_node);
	}
	spin_unlock(&pool->lock);
}

/* First waiting RPC whose message would fit now, unlinked and referenced. */
static struct homa_rpc *next_served(struct homa_pool *pool)
{
	struct homa_rpc *rpc = NULL;
	struct rb_node *node;

	spin_lock_bh(&pool->lock);
	node = rb_first_cached(&pool->waiting);
	if (node) {
		rpc = rb_entry(node, struct homa_rpc, stall_node);
		if (bpages_needed_locked(pool, rpc->stall_len) >
		    pool->num_free) {
			rpc = NULL;
		} else {
			/* Linked means alive means referenced. */
			homa_rpc_hold(rpc);
			/* Who looks without the lock sees the reference first. */
			smp_mb__after_atomic();
			rb_erase_cached(node, &pool->waiting);
			RB_CLEAR_NODE(node);
		}
	}
	spin_unlock_bh(&pool->lock);
	return rpc;
}

/**
 * homa_pool_serve() - buffers became free: give them to who waits
 * @hsk: socket; need not have a pool yet
 *
 * Context: no locks held.  Sends RESEND for each message that got room
 * (protocol §10).
 */
void homa_pool_serve(struct homa_sock *hsk)
{
	struct homa_pool *pool = homa_sock_pool(hsk);
	struct homa_rpc_verdict v;
	struct homa_config cfg;
	struct homa_rpc *rpc;
	u8 priority;

	if (!pool || RB_EMPTY_ROOT(&pool->waiting.rb_root))
		return;	/* unlocked peek; whoever frees next looks again */

	homa_config_get(hsk->hn, &cfg);
	priority = cfg.num_priorities > 2 ? cfg.num_priorities - 2 : 0;
	while ((rpc = next_served(pool)) != NULL) {
		v.actions = 0;
		homa_rpc_lock(rpc);
		if (homa_rpc_alive(rpc) && !rpc->core.error &&
		    rpc->core.rx_stalled) {
			/* Another message may have been faster; then the next
			 * look finds that nothing fits any more.
			 */
			if (homa_pool_alloc_locked(rpc, rpc->core.rx.length)) {
				v = homa_rpc_buffers(&rpc->core, true,
						     ktime_get_ns());
				homa_timer_start_locked(rpc);
			} else {
				homa_pool_stall_locked(rpc,
						       rpc->core.rx.length);
			}
		}
		homa_rpc_unlock(rpc);
		if (v.actions & HOMA_ACT_RESENDS)
			homa_tx_resends(rpc, priority);
		homa_rpc_put(rpc);
	}
}

/* Copy @bytes at @offset of @skb to the application. */
static noinline int copy_pages(const struct sk_buff *skb, u32 offset,
			       void __user *to, u32 bytes)
{
	struct iov_iter iter;
	struct iovec iov = {
		.iov_base = to,
		.iov_len = bytes,
	};

	if (!access_ok(to, bytes))
		return -EFAULT;
	iov_iter_init(&iter, ITER_DEST, &iov, 1, bytes);
	return skb_copy_datagram_iter(skb, offset, &iter, bytes);
}

static inline int copy_piece(const struct sk_buff *skb, u32 offset,
			     void __user *to, u32 bytes)
{
	/* A short message: no need for the general way. */
	if (offset + bytes <= skb_headlen(skb))
		return copy_to_user(to, skb->data + offset, bytes) ?
		       -EFAULT : 0;
	return copy_pages(skb, offset, to, bytes);
}

/* Put the bytes of a packet where they belong. */
static inline int copy_packet(u64 start, struct sk_buff *skb, const u32 *bpages)
{
	const struct homa_skb_cb *cb = HOMA_SKB_CB(skb);
	u32 offset = cb->data_offset;
	u32 bytes = cb->end - cb->start;
	u32 at = cb->start;

	while (bytes) {
		u32 in_bpage = at & (HOMA_BPAGE_SIZE - 1);
		u32 n = min(bytes, HOMA_BPAGE_SIZE - in_bpage);
		u64 to = start + bpages[at >> HOMA_BPAGE_SHIFT] +
			 in_bpage;

		if (copy_piece(skb, offset, u64_to_user_ptr(to), n))
			return -EFAULT;
		offset += n;
		bytes -= n;
		at += n;
	}
	return 0;
}

/**
 * homa_pool_copy_packet() - put the bytes of a packet where they belong
 * @start: address of the region
 * @skb: packet of a homa_rpc.rxq
 * @bpages: buffers of its message
 *
 * Context: process; no locks.  Return: 0 or -EFAULT.
 */
int homa_pool_copy_packet(u64 start, struct sk_buff *skb, const u32 *bpages)
{
	return copy_packet(start, skb, bpages);
}

/*
 * Part of a message was copied before: drop those packets, if the region still is the
 * one that it was copied to, and in the memory of this process.
 */
static int skip_early(struct homa_pool *pool, struct sk_buff_head *packets,
		      const struct homa_early *early, u64 *start)
{
	struct sk_buff *skb;
	bool more = true;

	/* One look at the region: it may be replaced at any moment. */
	if (homa_pool_own(pool, start) != early->region) {
		HOMA_ADD(pool->hn, early_copy_again, early->bytes);
		return homa_pool_start(pool, start);
	}
	while (more && (skb = __skb_dequeue(packets)) != NULL) {
		more = skb != early->last;
		consume_skb(skb);
	}
	return 0;
}

/**
 * homa_pool_copy() - put a message where the application expects it
 * @pool: pool
 * @packets: its packets; consumed
 * @bpages: its buffers
 * @early: what of it was copied before
 *
 * Context: process, in the address space of the region; no locks.
 * Return: 0; -EFAULT if part of the region is not writable; -EPERM if it has
 * become one that is not for this process.
 */
int homa_pool_copy(struct homa_pool *pool, struct sk_buff_head *packets,
		   const u32 *bpages, const struct homa_early *early)
{
	struct sk_buff *skb;
	u64 start;
	int err;

	if (likely(!early->last))
		err = homa_pool_start(pool, &start);
	else
		err = skip_early(pool, packets, early, &start);
	while ((skb = __skb_dequeue(packets)) != NULL) {
		if (!err)
			err = copy_packet(start, skb, bpages);
		consume_skb(skb);
	}
	return err;
}

/**
 * homa_pool_copy_to() - put a message somewhere else than in the region
 * @packets: its packets; consumed
 * @to: where the application wants it
 *
 * Context: process.  Return: 0 or -EFAULT.
 */
int homa_pool_copy_to(struct sk_buff_head *packets, void __user *to)
{
	struct sk_buff *skb;
	int err = 0;

	while ((skb = __skb_dequeue(packets)) != NULL) {
		const struct homa_skb_cb *cb = HOMA_SKB_CB(skb);

		if (!err)
			err = copy_piece(skb, cb->data_offset, to + cb->start,
					 cb->end - cb->start);
		consume_skb(skb);
	}
	return err;
}
