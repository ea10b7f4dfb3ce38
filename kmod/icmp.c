// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * ICMP errors in (protocol §7.5): believed only in their own namespace and
 * only if they quote a packet of an RPC that exists.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include "homa.h"

/* Where the common header has what tells one of our packets from an invention. */
#define QUOTED_PORTS 0
#define QUOTED_ID (HOMA_COMMON_HDR_BYTES - sizeof(__be64))

/* What an error says: errno, and whether it concerns one port only. */
struct icmp_meaning {
	int error;	/* 0 = nothing for us */
	bool port;
};

static struct icmp_meaning meaning_v4(u8 type, u8 code)
{
	struct icmp_meaning m = {};

	if (type != ICMP_DEST_UNREACH)
		return m;
	switch (code) {
	case ICMP_PORT_UNREACH:
		m.error = ENOTCONN;
		m.port = true;
		break;
	case ICMP_PROT_UNREACH:
		m.error = EPROTONOSUPPORT;
		break;
	case ICMP_FRAG_NEEDED:
		break;
	default:
		m.error = EHOSTUNREACH;
		break;
	}
	return m;
}

static struct icmp_meaning meaning_v6(u8 type, u8 code)
{
	struct icmp_meaning m = {};

	if (type == ICMPV6_DEST_UNREACH) {
		m.error = EHOSTUNREACH;
		if (code == ICMPV6_PORT_UNREACH) {
			m.error = ENOTCONN;
			m.port = true;
		}
	} else if (type == ICMPV6_PARAMPROB && code == ICMPV6_UNK_NEXTHDR) {
		m.error = EPROTONOSUPPORT;
	}
	return m;
}

/*
 * Does the quote name an RPC of ours, in both addresses, both ports and the id?
 * RFC 792 promises only eight bytes, which hold the ports.  These are easily
 * guessed, so a quote without the id is not believed; what RFC 1812 demands of
 * routers is long enough.
 */
static bool quote_matches(struct homa_sock *hsk, u64 id,
			  const struct in6_addr *us,
			  const struct homa_peer_key *peer, u16 dport)
{
	struct homa_rpc *rpc = homa_rpc_find(hsk, id, peer, dport);
	bool match;

	if (!rpc)
		return false;
	/* With the first error about it all was done that there is to do. */
	match = ipv6_addr_equal(&rpc->saddr, us) && !rpc->core.error;
	homa_rpc_unlock(rpc);
	return match;
}

/* The socket that sent the quoted packet, if its RPC still exists. */
static struct homa_sock *quoted_sock(struct homa_net *hn, struct sk_buff *skb,
				     u32 offset, const struct in6_addr *us,
				     const struct homa_peer_key *peer,
				     u16 *dport, u64 *id)
{
	struct homa_sock *hsk;
	__be16 ports[2];
	__be64 be_id;

	if (skb_copy_bits(skb, offset + QUOTED_PORTS, ports, sizeof(ports)) ||
	    skb_copy_bits(skb, offset + QUOTED_ID, &be_id, sizeof(be_id)))
		return NULL;
	*dport = ntohs(ports[1]);
	*id = be64_to_cpu(be_id);
	hsk = homa_port_find_rcu(hn, ntohs(ports[0]));
	if (!hsk || !quote_matches(hsk, *id, us, peer, *dport))
		return NULL;
	return hsk;
}

/*
 * Our own requests to the host (and port) fail with the quoted one.  Of those
 * that we serve only the quoted one ends: how many there are is up to others,
 * who must not make us walk over all of them with each packet.
 */
static void fail(struct homa_sock *hsk, u64 id,
		 const struct homa_peer_key *peer, u16 dport,
		 struct icmp_meaning m)
{
	struct homa_todo todo;
	struct homa_rpc *rpc;

	if (homa_id_is_client(id)) {
		/* In softirq it has to end, however RPCs come and go. */
		homa_sock_fail_rpcs(hsk, &peer->addr, m.port ? dport : 0, true,
				    m.error, READ_ONCE(hsk->num_rpcs));
		return;
	}
	rpc = homa_rpc_find(hsk, id, peer, dport);
	if (!rpc)
		return;
	homa_todo_init(&todo);
	homa_rpc_fail_locked(rpc, m.error, &todo);
	homa_rpc_unlock(rpc);
	homa_todo_run(&todo);
}

static struct homa_sock *handle(struct sk_buff *skb, u32 offset,
				const struct in6_addr *us,
				const struct in6_addr *peer,
				struct icmp_meaning m)
{
	struct homa_net *hn = homa_net(dev_net(skb->dev));
	/* Of a link-local host only its own link may speak. */
	const struct homa_peer_key key = {
		.addr = *peer,
		.scope = homa_addr_scope(skb, peer),
	};
	struct homa_sock *hsk;
	u16 dport = 0;
	u64 id = 0;

	hsk = quoted_sock(hn, skb, offset, us, &key, &dport, &id);
	if (!hsk) {
		HOMA_INC(hn, icmp_ignored);
		return NULL;
	}
	HOMA_INC(hn, icmp_errors);
	if (m.error)
		fail(hsk, id, &key, dport, m);
	return hsk;
}

/**
 * homa_icmp_err_v4() - ICMP error about a packet we sent
 * @skb: data at the quoted IPv4 header
 * @info: MTU for "fragmentation needed"
 *
 * Context: softirq, rcu_read_lock().  Return: 0 if it was about one of ours.
 */
int homa_icmp_err_v4(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	u8 type = icmp_hdr(skb)->type;
	u8 code = icmp_hdr(skb)->code;
	struct in6_addr us, peer;
	struct homa_sock *hsk;

	ipv6_addr_set_v4mapped(iph->saddr, &us);
	ipv6_addr_set_v4mapped(iph->daddr, &peer);
	hsk = handle(skb, iph->ihl * 4, &us, &peer, meaning_v4(type, code));
	if (!hsk)
		return -ENOENT;
	/* As the socket's packets are routed: its mark and device count. */
	if (type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED)
		ipv4_sk_update_pmtu(skb, homa_sock_sk(hsk), info);
	return 0;
}

/**
 * homa_icmp_err_v6() - ICMPv6 error about a packet we sent
 * @skb: data at the quoted IPv6 header
 * @opt: unused
 * @type: ICMPv6 type
 * @code: ICMPv6 code
 * @offset: of the quoted Homa header
 * @info: MTU for "packet too big", network order
 *
 * Context: softirq, rcu_read_lock().  Return: 0 if it was about one of ours.
 */
int homa_icmp_err_v6(struct sk_buff *skb, struct inet6_skb_parm *opt, u8 type,
		     u8 code, int offset, __be32 info)
{
	const struct ipv6hdr *hdr = (const struct ipv6hdr *)skb->data;
	struct homa_sock *hsk;
	struct sock *sk;
	int oif;

	hsk = handle(skb, offset, &hdr->saddr, &hdr->daddr,
		     meaning_v6(type, code));
	if (!hsk)
		return -ENOENT;
	if (type != ICMPV6_PKT_TOOBIG)
		return 0;
	/* Like homa_route_rcu(); the way to a link-local host is its link. */
	sk = homa_sock_sk(hsk);
	oif = homa_addr_scope(skb, &hdr->daddr) ?: sk->sk_bound_dev_if;
	ip6_update_pmtu(skb, dev_net(skb->dev), info, oif,
			READ_ONCE(sk->sk_mark), sk->sk_uid);
	return 0;
}
