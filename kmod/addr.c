// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Socket addresses to host keys and back.  Inside, every address is an IPv6
 * address; IPv4 is v4-mapped (uapi §12).
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ipv6.h>
#include "homa.h"

/* "Any" as destination is this host. */
static void set_v4(__be32 addr, struct in6_addr *out)
{
	ipv6_addr_set_v4mapped(addr ?: htonl(INADDR_LOOPBACK), out);
}

/**
 * homa_addr_from_user() - destination given to sendmsg (uapi §6)
 * @sk: socket
 * @msg: with msg_name in kernel memory; NULL: what connect() set
 * @key: filled; a link-local address may lack its scope
 * @port: filled, host order
 *
 * Return: 0, -EINVAL (missing or too short), -EAFNOSUPPORT.
 */
int homa_addr_from_user(struct sock *sk, const struct msghdr *msg,
			struct homa_peer_key *key, u16 *port)
{
	const struct sockaddr_in6 *in6 = msg->msg_name;
	const struct sockaddr_in *in = msg->msg_name;

	if (!in)
		return homa_bind_peer(sk, key, port) ? 0 : -EINVAL;
	if (msg->msg_namelen < (int)sizeof(in->sin_family))
		return -EINVAL;
	if (in->sin_family != sk->sk_family)
		return -EAFNOSUPPORT;
	memset(key, 0, sizeof(*key));
	if (in->sin_family == AF_INET) {
		if (msg->msg_namelen < (int)sizeof(*in))
			return -EINVAL;
		set_v4(in->sin_addr.s_addr, &key->addr);
		*port = ntohs(in->sin_port);
		return 0;
	}
	if (msg->msg_namelen < (int)sizeof(*in6))
		return -EINVAL;
	key->addr = in6->sin6_addr;
	if (ipv6_addr_any(&key->addr))
		key->addr = in6addr_loopback;
	else if (ipv6_addr_v4mapped(&key->addr))
		set_v4(key->addr.s6_addr32[3], &key->addr);
	if (ipv6_addr_type(&key->addr) & IPV6_ADDR_LINKLOCAL)
		key->scope = in6->sin6_scope_id ?: READ_ONCE(sk->sk_bound_dev_if);
	*port = ntohs(in6->sin6_port);
	return 0;
}

/**
 * homa_addr_to_sockaddr() - source address for recvmsg
 * @sk: socket; decides the family
 * @key: host
 * @port: host order
 * @out: room for struct sockaddr_in6
 *
 * Members without meaning are 0 (conformance C30).
 *
 * Return: length of the address.
 */
int homa_addr_to_sockaddr(const struct sock *sk,
			  const struct homa_peer_key *key, u16 port,
			  struct sockaddr *out)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
	struct sockaddr_in *in = (struct sockaddr_in *)out;

	if (sk->sk_family == AF_INET) {
		memset(in, 0, sizeof(*in));
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		in->sin_addr.s_addr = key->addr.s6_addr32[3];
		return sizeof(*in);
	}
	memset(in6, 0, sizeof(*in6));
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	in6->sin6_addr = key->addr;
	in6->sin6_scope_id = key->scope;
	return sizeof(*in6);
}

/**
 * homa_addr_from_skb() - addresses of a received packet
 * @skb: with its network header set
 * @saddr: the sender
 * @daddr: us
 */
void homa_addr_from_skb(const struct sk_buff *skb, struct in6_addr *saddr,
			struct in6_addr *daddr)
{
	if (skb->protocol == htons(ETH_P_IP)) {
		ipv6_addr_set_v4mapped(ip_hdr(skb)->saddr, saddr);
		ipv6_addr_set_v4mapped(ip_hdr(skb)->daddr, daddr);
	} else {
		*saddr = ipv6_hdr(skb)->saddr;
		*daddr = ipv6_hdr(skb)->daddr;
	}
}

/**
 * homa_addr_scope() - scope of an address in a received packet
 * @skb: packet, with its network header and route set
 * @addr: the address
 *
 * Return: receiving interface if the address is link-local, else 0.
 */
u32 homa_addr_scope(const struct sk_buff *skb, const struct in6_addr *addr)
{
	if (skb->protocol != htons(ETH_P_IPV6) ||
	    !(ipv6_addr_type(addr) & IPV6_ADDR_LINKLOCAL))
		return 0;
	return inet6_iif(skb);
}
