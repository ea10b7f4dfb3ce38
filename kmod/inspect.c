// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Sockets and RPCs as homa_diag.ko shows them (diag.c).  It sees snapshots in
 * the structures of the user interface, and referenced sockets, nothing else.
 */
#include <linux/export.h>
#include <linux/sched.h>
#include <uapi/linux/homa_diag.h>
#include "homa.h"
#include "inspect.h"

/* Steps of a walk over RPCs between two looks whether others want the CPU. */
#define STEPS_PER_TURN 64

/**
 * homa_inspect_next() - walk over the sockets of a namespace
 * @net: namespace
 * @next: in: 0, or as left by the last call; out: where to go on
 *
 * Tells no socket twice that keeps its port.  Context: any.
 *
 * Return: the next socket, referenced, or NULL.
 */
struct sock *homa_inspect_next(struct net *net, u32 *next)
{
	struct homa_sock *hsk;
	struct sock *sk;

	rcu_read_lock();
	do {
		hsk = homa_port_next_rcu(homa_net(net), next);
		sk = hsk ? homa_sock_sk(hsk) : NULL;
		/* Without a reference left it is being freed. */
	} while (sk && !refcount_inc_not_zero(&sk->sk_refcnt));
	rcu_read_unlock();
	return sk;
}
EXPORT_SYMBOL_HOMA(homa_inspect_next);

/**
 * homa_inspect_find() - socket that owns a port
 * @net: namespace
 * @port: host order
 *
 * Context: any.  Return: the socket, referenced, or NULL.
 */
struct sock *homa_inspect_find(struct net *net, u16 port)
{
	struct homa_sock *hsk;
	struct sock *sk;

	rcu_read_lock();
	hsk = homa_port_find_rcu(homa_net(net), port);
	sk = hsk ? homa_sock_sk(hsk) : NULL;
	if (sk && !refcount_inc_not_zero(&sk->sk_refcnt))
		sk = NULL;
	rcu_read_unlock();
	return sk;
}
EXPORT_SYMBOL_HOMA(homa_inspect_find);

/**
 * homa_inspect_sock() - describe a socket
 * @sk: Homa socket, referenced
 * @info: filled
 */
void homa_inspect_sock(struct sock *sk, struct homa_diag_info *info)
{
	struct homa_sock *hsk = homa_sk(sk);
	struct homa_pool *pool = homa_sock_pool(hsk);
	u64 start;

	memset(info, 0, sizeof(*info));
	spin_lock_bh(&hsk->ready_lock);
	info->client_rpcs = hsk->num_clients;
	info->server_rpcs = hsk->num_rpcs - hsk->num_clients;
	info->ready = hsk->num_ready;
	spin_unlock_bh(&hsk->ready_lock);
	if (READ_ONCE(hsk->server))
		info->flags |= HOMA_DIAG_SERVER;
	rcu_read_lock();
	info->rpc_limit = rcu_dereference(hsk->hn->settings)->rpc_sock_max;
	rcu_read_unlock();
	info->rx_memory = sk_rmem_alloc_get(sk);
	info->tx_memory = atomic_long_read(&hsk->tx_mem);
	info->tx_limit = READ_ONCE(sk->sk_sndbuf);
	homa_pool_get_region(pool, &start, &info->region_bytes);
	info->region_free = homa_pool_avail_bytes(pool);
}
EXPORT_SYMBOL_HOMA(homa_inspect_sock);

static void describe_tx(const struct homa_rpc_core *c, struct homa_diag_rpc *out)
{
	if (!c->tx_started)
		return;
	out->flags |= HOMA_DIAG_RPC_TX;
	out->tx_length = c->tx_len;
	out->tx_sent = c->tx_next;
	out->tx_granted = c->tx_granted;
}

static void describe_rx(const struct homa_rpc_core *c, struct homa_diag_rpc *out)
{
	if (!c->rx_started)
		return;
	out->flags |= HOMA_DIAG_RPC_RX;
	out->rx_length = c->rx.length;
	out->rx_received = homa_reasm_received(&c->rx);
	out->rx_granted = c->rx_granted;
	out->rx_gaps = c->rx.num_gaps;
}

static void describe_locked(const struct homa_rpc *rpc,
			    struct homa_diag_rpc *out)
{
	const struct homa_rpc_core *c = &rpc->core;
	u64 now_ns = ktime_get_ns();

	lockdep_assert_held(&rpc->bucket->lock);
	memset(out, 0, sizeof(*out));
	out->id = c->id;
	out->age_ns = now_ns - rpc->birth_ns;
	memcpy(out->peer, &rpc->peer->key.addr, sizeof(out->peer));
	out->peer_scope = rpc->peer->key.scope;
	out->peer_port = htons(rpc->dport);
	out->state = c->state;
	out->error = c->error;
	out->silent_ns = homa_rpc_silent_ns(rpc, now_ns);
	out->resends = c->resend_rounds;
	if (rpc->deferred_to)
		out->flags |= HOMA_DIAG_RPC_PACED;
	if (rpc->private)
		out->flags |= HOMA_DIAG_RPC_PRIVATE;
	if (c->rx_stalled)
		out->flags |= HOMA_DIAG_RPC_STALLED;
	describe_tx(c, out);
	describe_rx(c, out);
}

/* The RPC that a walk stopped at, referenced; NULL if it has ended. */
static struct homa_rpc *last_told(struct homa_sock *hsk,
				  const struct homa_inspect_at *at)
{
	struct homa_peer_key key = { .addr = at->peer, .scope = at->scope };
	struct homa_rpc *rpc;

	rpc = homa_rpc_find(hsk, at->id, &key, at->port);
	if (!rpc)
		return NULL;
	homa_rpc_hold(rpc);
	homa_rpc_unlock(rpc);
	return rpc;
}

static void remember(struct homa_inspect_at *at, const struct homa_rpc *rpc)
{
	at->id = rpc->core.id;
	at->peer = rpc->peer->key.addr;
	at->scope = rpc->peer->key.scope;
	at->port = rpc->dport;
	at->told++;
}

/* Takes the reference to @rpc; returns one to its successor, or NULL. */
static struct homa_rpc *following(struct homa_sock *hsk, struct homa_rpc *rpc)
{
	struct homa_rpc *next = homa_sock_next_rpc(hsk, rpc);

	homa_rpc_put(rpc);
	return next;
}

/*
 * Where a walk goes on, referenced.  The RPC where it stopped says where that is;
 * only if it has ended as many have to be counted as were told of.
 */
static struct homa_rpc *resume(struct homa_sock *hsk,
			       const struct homa_inspect_at *at)
{
	struct homa_rpc *rpc;
	u32 step;

	if (!at->told)
		return homa_sock_next_rpc(hsk, NULL);
	rpc = last_told(hsk, at);
	if (rpc)
		return following(hsk, rpc);
	if (at->told >= READ_ONCE(hsk->num_rpcs))
		return NULL;
	rpc = homa_sock_next_rpc(hsk, NULL);
	for (step = 0; rpc && step < at->told; step++) {
		rpc = following(hsk, rpc);
		if (!(step % STEPS_PER_TURN))
			cond_resched();
	}
	return rpc;
}

/**
 * homa_inspect_rpcs() - describe the RPCs of a socket, oldest first
 * @sk: Homa socket, referenced
 * @at: where to begin; counted on.  All zero: at the first
 * @tell: called for each without a lock; false ends the walk, and does not
 *	count as told
 * @arg: for @tell
 *
 * An RPC that ends at the wrong moment starts the walk again.  So it also ends
 * after as many steps as there were RPCs.
 *
 * Context: process, may sleep.  Return: true when there are no more.
 */
bool homa_inspect_rpcs(struct sock *sk, struct homa_inspect_at *at,
		       bool (*tell)(const struct homa_diag_rpc *rpc, void *arg),
		       void *arg)
{
	struct homa_sock *hsk = homa_sk(sk);
	u32 left = READ_ONCE(hsk->num_rpcs);
	struct homa_diag_rpc out;
	struct homa_rpc *rpc;
	bool alive;

	rpc = resume(hsk, at);
	while (rpc) {
		homa_rpc_lock(rpc);
		alive = homa_rpc_alive(rpc);
		describe_locked(rpc, &out);
		homa_rpc_unlock(rpc);
		if (alive) {
			if (!tell(&out, arg)) {
				homa_rpc_put(rpc);
				return false;
			}
			remember(at, rpc);
		}
		if (!left--) {
			homa_rpc_put(rpc);
			break;
		}
		rpc = following(hsk, rpc);
		if (!(left % STEPS_PER_TURN))
			cond_resched();
	}
	return true;
}
EXPORT_SYMBOL_HOMA(homa_inspect_rpcs);
