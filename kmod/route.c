// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The way to a peer: a cached route that follows route changes.
 *
 * A peer caches one route, for sockets without properties that change routing.
 * Other sockets look theirs up each time.
 */
#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/dst.h>
#include <net/inet_dscp.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include "homa.h"

static struct dst_entry *lookup_v4(struct homa_sock *hsk,
				   struct homa_peer *peer,
				   struct in6_addr *saddr)
{
	struct sock *sk = homa_sock_sk(hsk);
	struct flowi4 fl4 = {
		.flowi4_oif = READ_ONCE(sk->sk_bound_dev_if),
		.flowi4_mark = READ_ONCE(sk->sk_mark),
		.flowi4_uid = sk->sk_uid,
		.flowi4_proto = IPPROTO_HOMA,
		.flowi4_scope = ip_sock_rt_scope(sk),
		.flowi4_flags = inet_sk_flowi_flags(sk),
		.daddr = peer->key.addr.s6_addr32[3],
		.fl4_sport = htons(hsk->port),
	};
	struct rtable *rt;

	if (ipv6_addr_v4mapped(saddr))
		fl4.saddr = saddr->s6_addr32[3];
	security_sk_classify_flow(sk, flowi4_to_flowi_common(&fl4));
	rt = ip_route_output_flow(sock_net(sk), &fl4, sk);
	if (IS_ERR(rt))
		return ERR_CAST(rt);
	/* As for UDP: broadcast and multicast are not for RPCs. */
	if (rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)) {
		ip_rt_put(rt);
		return ERR_PTR(-EACCES);
	}
	ipv6_addr_set_v4mapped(fl4.saddr, saddr);
	return &rt->dst;
}

static struct dst_entry *lookup_v6(struct homa_sock *hsk,
				   struct homa_peer *peer,
				   struct in6_addr *saddr)
{
	struct sock *sk = homa_sock_sk(hsk);
	struct flowi6 fl6 = {
		.flowi6_oif = peer->key.scope ?: READ_ONCE(sk->sk_bound_dev_if),
		.flowi6_mark = READ_ONCE(sk->sk_mark),
		.flowi6_uid = sk->sk_uid,
		.flowi6_proto = IPPROTO_HOMA,
		.daddr = peer->key.addr,
		.fl6_sport = htons(hsk->port),
	};
	struct dst_entry *dst;

	if (ipv6_addr_is_multicast(&fl6.daddr))
		return ERR_PTR(-EACCES);
	if (!ipv6_addr_any(saddr) && !ipv6_addr_v4mapped(saddr))
		fl6.saddr = *saddr;
	security_sk_classify_flow(sk, flowi6_to_flowi_common(&fl6));
	dst = ip6_dst_lookup_flow(sock_net(sk), sk, &fl6, NULL);
	if (!IS_ERR(dst))
		*saddr = fl6.saddr;
	return dst;
}

static struct dst_entry *lookup(struct homa_sock *hsk, struct homa_peer *peer,
				struct in6_addr *saddr)
{
	struct dst_entry *dst;

	if (ipv6_addr_v4mapped(&peer->key.addr))
		dst = lookup_v4(hsk, peer, saddr);
	else if (homa_sock_sk(hsk)->sk_family == AF_INET6)
		dst = lookup_v6(hsk, peer, saddr);
	else
		dst = ERR_PTR(-EAFNOSUPPORT);
	if (IS_ERR(dst))
		HOMA_INC(hsk->hn, peer_route_errors);
	return dst;
}

/* An IPsec policy of its own, which must not be evaded nor lent to others. */
static bool has_policy(const struct sock *sk)
{
#ifdef CONFIG_XFRM
	return rcu_access_pointer(sk->sk_policy[XFRM_POLICY_IN]) ||
	       rcu_access_pointer(sk->sk_policy[XFRM_POLICY_OUT]);
#else
	return false;
#endif
}

/* A socket whose properties do not change the route. */
static bool plain(const struct sock *sk)
{
	return !READ_ONCE(sk->sk_bound_dev_if) && !READ_ONCE(sk->sk_mark) &&
	       !inet_sk_flowi_flags(sk) && !sock_flag(sk, SOCK_LOCALROUTE) &&
	       !has_policy(sk);
}

static void free_rcu_cb(struct rcu_head *head)
{
	homa_route_free(container_of(head, struct homa_route, rcu));
}

/**
 * homa_route_free() - free a route that no reader can see any more
 * @route: may be NULL
 */
void homa_route_free(struct homa_route *route)
{
	if (!route)
		return;
	dst_release(route->dst);
	homa_link_put(route->link);
	kfree(route);
}

static void release(struct homa_peer *peer, struct homa_route *old)
{
	if (!old)
		return;
	WRITE_ONCE(peer->hn->rcu_used, true);
	call_rcu(&old->rcu, free_rcu_cb);
}

static void replace(struct homa_peer *peer, struct homa_route *route)
{
	struct homa_route *old;

	spin_lock_bh(&peer->lock);
	old = rcu_replace_pointer(peer->route, route,
				  lockdep_is_held(&peer->lock));
	spin_unlock_bh(&peer->lock);
	release(peer, old);
}

/*
 * A cached route is no good any more.  It holds a device or the keys of IPsec, and
 * a new one need not come soon.
 */
static void drop_stale(struct homa_peer *peer, const struct homa_route *stale)
{
	struct homa_route *old = NULL;

	spin_lock_bh(&peer->lock);
	if (rcu_access_pointer(peer->route) == stale)
		old = rcu_replace_pointer(peer->route, NULL,
					  lockdep_is_held(&peer->lock));
	spin_unlock_bh(&peer->lock);
	release(peer, old);
}

/**
 * homa_route_drop() - forget the cached route of a peer
 * @peer: any; the next packet to it looks for a route
 *
 * Context: any; takes peer->lock.  The route is released after a grace period.
 */
void homa_route_drop(struct homa_peer *peer)
{
	if (rcu_access_pointer(peer->route))
		replace(peer, NULL);
}

/* Make @dst the peer's cached route.  Without memory nothing is cached. */
static void cache(struct homa_peer *peer, struct dst_entry *dst,
		  const struct in6_addr *saddr, kuid_t uid)
{
	struct homa_route *route;

	/* A route that is dead from its birth says what IPsec is waiting for. */
	if (peer->temp || READ_ONCE(dst->obsolete) > 0)
		return;
	route = kmalloc(sizeof(*route), GFP_ATOMIC);
	if (!route)
		return;
	dst_hold(dst);
	route->dst = dst;
	route->link = homa_link_get(peer->hn, dst->dev->ifindex);
	route->saddr = *saddr;
	route->uid = uid;
	route->cookie = 0;
	if (!ipv6_addr_v4mapped(&peer->key.addr))
		route->cookie = rt6_get_cookie(dst_rt6_info(dst));
	replace(peer, route);
}

/* Only rules can make a route depend on whose packet it is. */
static bool has_rules(const struct net *net)
{
#ifdef CONFIG_IP_MULTIPLE_TABLES
	if (READ_ONCE(net->ipv4.fib_has_custom_rules))
		return true;
#endif
#ifdef CONFIG_IPV6_MULTIPLE_TABLES
	if (READ_ONCE(net->ipv6.fib6_has_custom_rules))
		return true;
#endif
	return false;
}

static bool lendable(const struct homa_route *route, const struct sock *sk)
{
	return uid_eq(route->uid, sk->sk_uid) || !has_rules(sock_net(sk));
}

/* Can something else than the destination decide between two of our addresses? */
static bool asks_for_source(const struct net *net)
{
#ifdef CONFIG_XFRM
	if (READ_ONCE(net->xfrm.policy_count[XFRM_POLICY_OUT]))
		return true;
#endif
	return has_rules(net) || fib6_routes_require_src(net);
}

/*
 * A route serves any address of this host, of the family of the one that it prefers.
 * An address may have been taken from the host, so that is asked each time.
 */
static bool serves(const struct homa_route *route, struct net *net,
		   const struct in6_addr *saddr)
{
	bool v4 = ipv6_addr_v4mapped(saddr);

	if (ipv6_addr_equal(saddr, &route->saddr))
		return true;
	if (v4 != ipv6_addr_v4mapped(&route->saddr) || asks_for_source(net))
		return false;
	/* 127.0.0.1 and its like do not leave by a device, unless that allows it. */
	if (v4 && ipv4_is_loopback(saddr->s6_addr32[3]) &&
	    !(route->dst->dev->flags & IFF_LOOPBACK))
		return false;
	return v4 ? !!__ip_dev_find(net, saddr->s6_addr32[3], false) :
		    ipv6_chk_addr(net, saddr, NULL, 0);
}

static bool valid(const struct homa_route *route)
{
	return route && dst_check(route->dst, route->cookie);
}

static int use(struct dst_entry *dst, struct homa_way *way)
{
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	way->dst = dst;
	way->held = true;
	return 0;
}

/**
 * homa_route_rcu() - a route to a peer
 * @hsk: socket whose properties count
 * @peer: destination
 * @saddr: in: source address wanted, unspecified = any; out: the one in use
 * @way: filled on success; with @way->held the caller owns a reference
 *
 * Context: rcu_read_lock(), may be softirq; @way is good until it ends.  Takes
 * peer->lock.
 *
 * Return: 0, or the routing errno.
 */
int homa_route_rcu(struct homa_sock *hsk, struct homa_peer *peer,
		   struct in6_addr *saddr, struct homa_way *way)
{
	const struct homa_route *route = rcu_dereference(peer->route);
	struct in6_addr preferred = in6addr_any;
	struct dst_entry *dst;

	if (!plain(homa_sock_sk(hsk)))
		return use(lookup(hsk, peer, saddr), way);

	if (valid(route)) {
		if (!lendable(route, homa_sock_sk(hsk)))
			return use(lookup(hsk, peer, saddr), way);
		if (ipv6_addr_any(saddr))
			*saddr = route->saddr;
		if (serves(route, sock_net(homa_sock_sk(hsk)), saddr)) {
			/* Freed after a grace period at the earliest. */
			way->dst = route->dst;
			way->held = false;
			return 0;
		}
		/* Keep it, because most RPCs use the address that it prefers. */
		return use(lookup(hsk, peer, saddr), way);
	}

	if (route)
		drop_stale(peer, route);
	/* Cached is what the route prefers, not what one socket wants. */
	dst = lookup(hsk, peer, &preferred);
	if (!IS_ERR(dst)) {
		HOMA_INC(hsk->hn, peer_dst_refreshes);
		cache(peer, dst, &preferred, homa_sock_sk(hsk)->sk_uid);
		if (ipv6_addr_any(saddr))
			*saddr = preferred;
		if (ipv6_addr_equal(saddr, &preferred))
			return use(dst, way);
		dst_release(dst);
	} else if (ipv6_addr_any(saddr)) {
		return use(dst, way);
	}
	return use(lookup(hsk, peer, saddr), way);
}

/**
 * homa_route_unresolved() - is the link-layer address on the way to a peer missing?
 * @rpc: whose peer; with its saddr
 *
 * The neighbour tables ask for it, once in a second (net.ipv4.neigh.*), while packets
 * wait.  Then they send them, or answer with ICMP errors.
 *
 * Context: any, no Homa lock held.  Return: false if there is no route, too.
 */
bool homa_route_unresolved(struct homa_rpc *rpc)
{
	const struct in6_addr *addr = &rpc->peer->key.addr;
	struct in6_addr saddr = rpc->saddr;
	bool unresolved = false;
	struct neighbour *neigh;
	struct homa_way way;

	rcu_read_lock();
	if (!homa_route_rcu(rpc->hsk, rpc->peer, &saddr, &way)) {
		neigh = dst_neigh_lookup(way.dst, ipv6_addr_v4mapped(addr) ?
					 (const void *)&addr->s6_addr32[3] : addr);
		if (neigh) {
			unresolved = READ_ONCE(neigh->nud_state) &
				     NUD_INCOMPLETE;
			neigh_release(neigh);
		}
		homa_route_put(&way);
	}
	rcu_read_unlock();
	return unresolved;
}

/**
 * homa_route_way() - a route to a peer, and what fits in its packets
 * @rpc: whose peer, and whose saddr as for homa_route_rcu()
 * @way: filled on success, as by homa_route_rcu()
 *
 * Context: rcu_read_lock().  Return: message bytes per packet, > 0; or a negative
 * errno: routing errors, -EINVAL if the MTU leaves no room (uapi §6).
 */
int homa_route_way(struct homa_rpc *rpc, struct homa_way *way)
{
	u32 seg;
	int err;

	err = homa_route_rcu(rpc->hsk, rpc->peer, &rpc->saddr, way);
	if (err)
		return err;
	seg = homa_route_fits(way, ipv6_addr_v4mapped(&rpc->peer->key.addr));
	/* Whatever pages the message lies in, a packet has frags enough. */
	seg = min_t(u32, seg, (MAX_SKB_FRAGS - 2) * PAGE_SIZE);
	if (seg)
		return seg;
	homa_route_put(way);
	return -EINVAL;
}
