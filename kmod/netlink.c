// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The generic-netlink family "homa" (netlink/homa.yaml): what a namespace
 * counts, holds and can be told.
 *
 * A dump does as much as fits into one message and goes on there when the
 * reader has room again, so that no lock is held for long and no reader holds
 * anything up.  What changes meanwhile may be missed or told twice.
 */
#include <linux/rhashtable.h>
#include <net/genetlink.h>
#include <uapi/linux/homa_netlink.h>
#include "homa.h"

static struct genl_family family;

static void *put_header(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &family, NLM_F_MULTI, cmd);
}

/* Close an entry, or take it back if it did not fit. */
static bool finish(struct sk_buff *skb, void *header, bool fits)
{
	if (fits)
		genlmsg_end(skb, header);
	else
		genlmsg_cancel(skb, header);
	return fits;
}

/* Result of a dump: entries so far; an entry that never fits is an error. */
static int dumped(const struct sk_buff *skb, bool fits)
{
	return fits || skb->len ? skb->len : -EMSGSIZE;
}

/* ---- counters ---- */

struct counter_ctx {
	u32 next;
};

static bool put_counter(struct sk_buff *skb, struct netlink_callback *cb,
			struct homa_net *hn, u32 i)
{
	void *header = put_header(skb, cb, HOMA_CMD_COUNTER_GET);
	char name[HOMA_MIB_NAME_MAX];

	if (!header)
		return false;
	homa_mib_name(i, name);
	return finish(skb, header,
		      !nla_put_string(skb, HOMA_A_COUNTER_NAME, name) &&
		      !nla_put_u64_64bit(skb, HOMA_A_COUNTER_VALUE,
					 homa_mib_sum(hn, i),
					 HOMA_A_COUNTER_PAD));
}

static int counter_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct homa_net *hn = homa_net(sock_net(skb->sk));
	struct counter_ctx *ctx = (void *)cb->ctx;
	bool fits = true;

	while (ctx->next < homa_mib_count()) {
		fits = put_counter(skb, cb, hn, ctx->next);
		if (!fits)
			break;
		ctx->next++;
	}
	return dumped(skb, fits);
}

/* ---- sockets ---- */

struct socket_ctx {
	u32 next;	/* see homa_port_next_rcu() */
};

static bool put_socket(struct sk_buff *skb, struct netlink_callback *cb,
		       struct homa_sock *hsk)
{
	void *header = put_header(skb, cb, HOMA_CMD_SOCKET_GET);
	struct homa_pool *pool = homa_sock_pool(hsk);
	struct sock *sk = homa_sock_sk(hsk);
	u64 start, length;
	uid_t uid;

	if (!header)
		return false;
	homa_pool_get_region(pool, &start, &length);
	uid = from_kuid_munged(sk_user_ns(NETLINK_CB(cb->skb).sk), sk->sk_uid);
	return finish(skb, header,
		      !nla_put_u16(skb, HOMA_A_SOCKET_PORT,
				   READ_ONCE(hsk->port)) &&
		      !nla_put_u16(skb, HOMA_A_SOCKET_FAMILY, sk->sk_family) &&
		      !nla_put_u8(skb, HOMA_A_SOCKET_SERVER,
				  READ_ONCE(hsk->server)) &&
		      !nla_put_u32(skb, HOMA_A_SOCKET_UID, uid) &&
		      !nla_put_u64_64bit(skb, HOMA_A_SOCKET_INODE,
					 sock_i_ino(sk),
					 HOMA_A_SOCKET_PAD) &&
		      !nla_put_u32(skb, HOMA_A_SOCKET_RPCS,
				   READ_ONCE(hsk->num_rpcs)) &&
		      !nla_put_u64_64bit(skb, HOMA_A_SOCKET_TX_BYTES,
					 atomic_long_read(&hsk->tx_mem),
					 HOMA_A_SOCKET_PAD) &&
		      !nla_put_u32(skb, HOMA_A_SOCKET_TX_LIMIT,
				   READ_ONCE(sk->sk_sndbuf)) &&
		      !nla_put_u32(skb, HOMA_A_SOCKET_RX_MEMORY,
				   sk_rmem_alloc_get(sk)) &&
		      !nla_put_u64_64bit(skb, HOMA_A_SOCKET_REGION_BYTES,
					 length, HOMA_A_SOCKET_PAD) &&
		      !nla_put_u64_64bit(skb, HOMA_A_SOCKET_REGION_FREE,
					 homa_pool_avail_bytes(pool),
					 HOMA_A_SOCKET_PAD));
}

static int socket_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct homa_net *hn = homa_net(sock_net(skb->sk));
	struct socket_ctx *ctx = (void *)cb->ctx;
	struct homa_sock *hsk;
	bool fits = true;
	u32 next;

	rcu_read_lock();
	for (;;) {
		next = ctx->next;
		hsk = homa_port_next_rcu(hn, &next);
		if (!hsk)
			break;
		fits = put_socket(skb, cb, hsk);
		if (!fits)
			break;
		ctx->next = next;
	}
	rcu_read_unlock();
	return dumped(skb, fits);
}

/* ---- RPCs ---- */

struct rpc_ctx {
	u32 bucket;
	u32 skip;	/* RPCs of it that were told already */
	u16 port;	/* 0 = all */
};

static const struct nla_policy rpc_policy[HOMA_A_RPC_PORT + 1] = {
	[HOMA_A_RPC_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
};

static int rpc_start(struct netlink_callback *cb)
{
	const struct genl_dumpit_info *info = genl_dumpit_info(cb);
	struct rpc_ctx *ctx = (void *)cb->ctx;
	struct nlattr **attrs = homa_genl_dump_attrs(info);

	memset(ctx, 0, sizeof(*ctx));
	if (attrs && attrs[HOMA_A_RPC_PORT])
		ctx->port = nla_get_u16(attrs[HOMA_A_RPC_PORT]);
	return 0;
}

static bool put_rpc_tx(struct sk_buff *skb, const struct homa_rpc_core *c)
{
	return !c->tx_started ||
	       (!nla_put_u32(skb, HOMA_A_RPC_TX_LENGTH, c->tx_len) &&
		!nla_put_u32(skb, HOMA_A_RPC_TX_SENT, c->tx_next) &&
		!nla_put_u32(skb, HOMA_A_RPC_TX_GRANTED, c->tx_granted));
}

static bool put_rpc_rx(struct sk_buff *skb, const struct homa_rpc_core *c)
{
	return !c->rx_started ||
	       (!nla_put_u32(skb, HOMA_A_RPC_RX_LENGTH, c->rx.length) &&
		!nla_put_u32(skb, HOMA_A_RPC_RX_RECEIVED,
			     homa_reasm_received(&c->rx)) &&
		!nla_put_u32(skb, HOMA_A_RPC_RX_GRANTED, c->rx_granted) &&
		!nla_put_u32(skb, HOMA_A_RPC_RX_GAPS, c->rx.num_gaps));
}

/* What the RPC waits for, as far as the numbers of bytes do not tell. */
static bool put_rpc_wait(struct sk_buff *skb, const struct homa_rpc *rpc,
			 u64 now_ns)
{
	const struct homa_rpc_core *c = &rpc->core;

	return !nla_put_u64_64bit(skb, HOMA_A_RPC_SILENT_NS,
				  homa_rpc_silent_ns(rpc, now_ns),
				  HOMA_A_RPC_PAD) &&
	       !nla_put_u16(skb, HOMA_A_RPC_RESENDS, c->resend_rounds) &&
	       !nla_put_u8(skb, HOMA_A_RPC_PACED, !!rpc->deferred_to);
}

static bool put_rpc_locked(struct sk_buff *skb, struct netlink_callback *cb,
			   const struct homa_rpc *rpc)
{
	void *header = put_header(skb, cb, HOMA_CMD_RPC_GET);
	const struct homa_rpc_core *c = &rpc->core;
	u64 now_ns = ktime_get_ns();

	lockdep_assert_held(&rpc->bucket->lock);
	if (!header)
		return false;
	return finish(skb, header,
		      !nla_put_u64_64bit(skb, HOMA_A_RPC_ID, c->id,
					 HOMA_A_RPC_PAD) &&
		      !nla_put_u16(skb, HOMA_A_RPC_PORT, rpc->sport) &&
		      !nla_put_in6_addr(skb, HOMA_A_RPC_PEER,
					&rpc->peer->key.addr) &&
		      !nla_put_u16(skb, HOMA_A_RPC_PEER_PORT, rpc->dport) &&
		      !nla_put_u8(skb, HOMA_A_RPC_STATE, c->state) &&
		      !nla_put_u8(skb, HOMA_A_RPC_PRIVATE, rpc->private) &&
		      !nla_put_u8(skb, HOMA_A_RPC_STALLED, c->rx_stalled) &&
		      !nla_put_u64_64bit(skb, HOMA_A_RPC_AGE_NS,
					 now_ns - rpc->birth_ns,
					 HOMA_A_RPC_PAD) &&
		      (!c->error ||
		       !nla_put_u32(skb, HOMA_A_RPC_ERROR, c->error)) &&
		      put_rpc_tx(skb, c) && put_rpc_rx(skb, c) &&
		      put_rpc_wait(skb, rpc, now_ns));
}

static bool dump_bucket(struct sk_buff *skb, struct netlink_callback *cb,
			struct homa_bucket *bucket)
{
	struct rpc_ctx *ctx = (void *)cb->ctx;
	struct homa_rpc *rpc;
	bool fits = true;
	u32 at = 0;

	if (hlist_empty(&bucket->rpcs))
		return true;	/* unlocked peek: that was so a moment ago */
	homa_bucket_lock(bucket);
	hlist_for_each_entry(rpc, &bucket->rpcs, hash) {
		if (at++ < ctx->skip)
			continue;
		if (!ctx->port || ctx->port == rpc->sport)
			fits = put_rpc_locked(skb, cb, rpc);
		if (!fits)
			break;
		ctx->skip = at;
	}
	homa_bucket_unlock(bucket);
	return fits;
}

static int rpc_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct homa_net *hn = homa_net(sock_net(skb->sk));
	struct rpc_ctx *ctx = (void *)cb->ctx;
	struct homa_tables *t;
	bool fits = true;

	/* Pairs with homa_net_setup_tables(). */
	t = smp_load_acquire(&hn->tables);
	while (t && ctx->bucket < HOMA_RPC_BUCKETS) {
		fits = dump_bucket(skb, cb, &t->buckets[ctx->bucket]);
		if (!fits)
			break;
		ctx->bucket++;
		ctx->skip = 0;
	}
	return dumped(skb, fits);
}

/* ---- hosts ---- */

struct peer_ctx {
	struct rhashtable_iter *iter;
};

static int peer_start(struct netlink_callback *cb)
{
	struct homa_net *hn = homa_net(sock_net(cb->skb->sk));
	struct peer_ctx *ctx = (void *)cb->ctx;

	ctx->iter = kmalloc(sizeof(*ctx->iter), GFP_KERNEL);
	if (!ctx->iter)
		return -ENOMEM;
	rhashtable_walk_enter(&hn->peers, ctx->iter);
	return 0;
}

static int peer_done(struct netlink_callback *cb)
{
	struct peer_ctx *ctx = (void *)cb->ctx;

	rhashtable_walk_exit(ctx->iter);
	kfree(ctx->iter);
	return 0;
}

/* MTU of the route in use, 0 without one. */
static u32 route_mtu(struct homa_peer *peer)
{
	struct homa_route *route;
	u32 mtu = 0;

	rcu_read_lock();
	route = rcu_dereference(peer->route);
	if (route)
		mtu = dst_mtu(route->dst);
	rcu_read_unlock();
	return mtu;
}

static bool put_tuned(struct sk_buff *skb, struct homa_peer *peer)
{
	struct homa_tuned t;

	homa_tune_get(peer, &t);
	return (!t.known ||
		(!nla_put_u32(skb, HOMA_A_PEER_RTT_NS, t.rtt.smooth_ns) &&
		 !nla_put_u32(skb, HOMA_A_PEER_RTT_DEV_NS, t.rtt.dev_ns) &&
		 !nla_put_u32(skb, HOMA_A_PEER_RTT_MIN_NS, t.rtt.min_ns))) &&
	       !nla_put_u32(skb, HOMA_A_PEER_UNSCHED_BYTES, t.unsched_bytes) &&
	       !nla_put_u32(skb, HOMA_A_PEER_WINDOW, t.window);
}

static bool put_peer(struct sk_buff *skb, struct netlink_callback *cb,
		     struct homa_peer *peer)
{
	unsigned long idle = jiffies - READ_ONCE(peer->used);
	void *header = put_header(skb, cb, HOMA_CMD_PEER_GET);
	u32 mtu = route_mtu(peer);
	struct homa_cutoffs cutoffs;
	bool fits;
	u8 acks;
	u32 i;

	if (!header)
		return false;
	spin_lock_bh(&peer->lock);
	cutoffs = peer->cutoffs;
	acks = peer->num_acks;
	spin_unlock_bh(&peer->lock);
	/* Looked up this very moment by another CPU. */
	if ((long)idle < 0)
		idle = 0;
	fits = !nla_put_in6_addr(skb, HOMA_A_PEER_ADDRESS, &peer->key.addr) &&
	       !nla_put_u32(skb, HOMA_A_PEER_SCOPE, peer->key.scope) &&
	       !nla_put_u64_64bit(skb, HOMA_A_PEER_IDLE_MS,
				  jiffies_to_msecs(idle), HOMA_A_PEER_PAD) &&
	       !nla_put_u8(skb, HOMA_A_PEER_PENDING_ACKS, acks) &&
	       !nla_put_u16(skb, HOMA_A_PEER_CUTOFF_VERSION, cutoffs.version);
	for (i = 0; fits && i < HOMA_PRIORITIES_MAX; i++)
		fits = !nla_put_u32(skb, HOMA_A_PEER_CUTOFFS,
				    cutoffs.max_len[i]);
	fits = fits && !nla_put_u32(skb, HOMA_A_PEER_SERVER_RPCS,
				    atomic_read(&peer->server_rpcs)) &&
	       (!mtu || !nla_put_u32(skb, HOMA_A_PEER_MTU, mtu)) &&
	       put_tuned(skb, peer);
	return finish(skb, header, fits);
}

static int peer_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct peer_ctx *ctx = (void *)cb->ctx;
	struct homa_peer *peer;
	bool fits = true;

	rhashtable_walk_start(ctx->iter);
	peer = rhashtable_walk_peek(ctx->iter);
	while (peer) {
		/* An error is -EAGAIN: the table was resized, go on. */
		if (!IS_ERR(peer)) {
			fits = put_peer(skb, cb, peer);
			if (!fits)
				break;
		}
		peer = rhashtable_walk_next(ctx->iter);
	}
	rhashtable_walk_stop(ctx->iter);
	return dumped(skb, fits);
}

/* ---- parameters ---- */

struct param_ctx {
	u32 next;
};

static const struct nla_policy param_get_policy[HOMA_A_PARAM_NAME + 1] = {
	[HOMA_A_PARAM_NAME] = { .type = NLA_NUL_STRING, .len = 31 },
};

static const struct nla_policy param_set_policy[HOMA_A_PARAM_VALUE + 1] = {
	[HOMA_A_PARAM_NAME] = { .type = NLA_NUL_STRING, .len = 31 },
	[HOMA_A_PARAM_VALUE] = { .type = NLA_S32 },
};

static bool put_param(struct sk_buff *skb, void *header,
		      const struct homa_param *p)
{
	bool fits;
	u32 i;

	if (!header)
		return false;
	fits = !nla_put_string(skb, HOMA_A_PARAM_NAME, p->name);
	for (i = 0; fits && i < p->count; i++)
		fits = !nla_put_s32(skb, HOMA_A_PARAM_VALUE, p->values[i]);
	if (fits && p->read_only)
		fits = !nla_put_flag(skb, HOMA_A_PARAM_READ_ONLY);
	else if (fits)
		fits = !nla_put_s32(skb, HOMA_A_PARAM_MIN_VALUE, p->min) &&
		       !nla_put_s32(skb, HOMA_A_PARAM_MAX_VALUE, p->max);
	return finish(skb, header, fits);
}

static int param_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct homa_net *hn = homa_net(sock_net(skb->sk));
	struct param_ctx *ctx = (void *)cb->ctx;
	struct homa_param p;
	bool fits = true;

	while (homa_param_get(hn, ctx->next, &p)) {
		fits = put_param(skb, put_header(skb, cb, HOMA_CMD_PARAM_GET),
				 &p);
		if (!fits)
			break;
		ctx->next++;
	}
	return dumped(skb, fits);
}

/* The parameter that a request names. */
static int named_param(struct homa_net *hn, struct genl_info *info,
		       struct homa_param *p)
{
	struct nlattr *name = info->attrs[HOMA_A_PARAM_NAME];
	u32 i;

	if (GENL_REQ_ATTR_CHECK(info, HOMA_A_PARAM_NAME))
		return -EINVAL;
	for (i = 0; homa_param_get(hn, i, p); i++)
		if (!nla_strcmp(name, p->name))
			return i;
	NL_SET_ERR_MSG_ATTR(info->extack, name, "no such parameter");
	return -ENOENT;
}

static int param_get(struct sk_buff *request, struct genl_info *info)
{
	struct homa_net *hn = homa_net(genl_info_net(info));
	struct homa_param p;
	struct sk_buff *skb;
	void *header;
	int ret;

	ret = named_param(hn, info, &p);
	if (ret < 0)
		return ret;
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	header = genlmsg_put_reply(skb, info, &family, 0, HOMA_CMD_PARAM_GET);
	if (put_param(skb, header, &p))
		return genlmsg_reply(skb, info);
	nlmsg_free(skb);
	return -EMSGSIZE;
}

static int param_set(struct sk_buff *request, struct genl_info *info)
{
	struct homa_net *hn = homa_net(genl_info_net(info));
	struct homa_param p;
	struct nlattr *attr;
	u32 count = 0;
	int index;
	int err;
	int rem;

	index = named_param(hn, info, &p);
	if (index < 0)
		return index;
	if (p.read_only) {
		NL_SET_ERR_MSG(info->extack, "parameter is derived from others");
		return -EPERM;
	}
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != HOMA_A_PARAM_VALUE)
			continue;
		if (count == p.count) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr, "too many values");
			return -EINVAL;
		}
		p.values[count] = nla_get_s32(attr);
		if (p.values[count] < p.min || p.values[count] > p.max) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr, "out of range");
			return -ERANGE;
		}
		count++;
	}
	if (count != p.count) {
		NL_SET_ERR_MSG(info->extack, "too few values");
		return -EINVAL;
	}
	err = homa_param_set(hn, index, p.values);
	if (err == -EINVAL)
		NL_SET_ERR_MSG(info->extack, "value contradicts another parameter");
	return err;
}

static const struct genl_ops ops[] = {
	{
		.cmd = HOMA_CMD_COUNTER_GET,
		.dumpit = counter_dump,
	}, {
		.cmd = HOMA_CMD_SOCKET_GET,
		.dumpit = socket_dump,
	}, {
		.cmd = HOMA_CMD_RPC_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = rpc_policy,
		.maxattr = HOMA_A_RPC_PORT,
		.start = rpc_start,
		.dumpit = rpc_dump,
	}, {
		.cmd = HOMA_CMD_PEER_GET,
		.flags = GENL_UNS_ADMIN_PERM,
		.start = peer_start,
		.dumpit = peer_dump,
		.done = peer_done,
	}, {
		.cmd = HOMA_CMD_PARAM_GET,
		.policy = param_get_policy,
		.maxattr = HOMA_A_PARAM_NAME,
		.doit = param_get,
		.dumpit = param_dump,
	}, {
		.cmd = HOMA_CMD_PARAM_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.policy = param_set_policy,
		.maxattr = HOMA_A_PARAM_VALUE,
		.doit = param_set,
	},
};

static struct genl_family family __ro_after_init = {
	.name = HOMA_FAMILY_NAME,
	.version = HOMA_FAMILY_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.resv_start_op = HOMA_CMD_COUNTER_GET,
};

/**
 * homa_netlink_init() - offer the family
 *
 * Return: 0 or a negative errno.
 */
int __init homa_netlink_init(void)
{
	BUILD_BUG_ON(sizeof(struct rpc_ctx) >
		     sizeof_field(struct netlink_callback, ctx));
	return genl_register_family(&family);
}

/** homa_netlink_exit() - the reverse; waits for requests being served */
void homa_netlink_exit(void)
{
	genl_unregister_family(&family);
}
