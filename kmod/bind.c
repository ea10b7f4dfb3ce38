// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The addresses of a socket: bind and connect (uapi §2.1, §3).
 *
 * As for UDP: a socket bound to an address receives only what was sent to it
 * and sends from it; connect() sets the default destination and shuts out the
 * requests of everybody else.  They are kept where the generic code keeps
 * them, so getsockname(), getpeername() and socket lists find them:
 *
 *	local	AF_INET: inet_rcv_saddr, inet_saddr
 *		AF_INET6: sk_v6_rcv_saddr, inet6_sk()->saddr, and both of the
 *		above if the address is v4-mapped
 *	remote	AF_INET: inet_daddr; AF_INET6: sk_v6_daddr; both: inet_dport
 *
 * All change under lock_sock() and are read without a lock, like UDP's: a packet
 * that arrives during the call may see half of a new IPv6 address, match
 * nothing, and be repeated by its sender.
 */
#include <linux/bpf-cgroup.h>
#include <linux/capability.h>
#include <net/addrconf.h>
#include <net/inet_common.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/transp_v6.h>
#include <net/udp.h>
#include "homa.h"

/**
 * struct target - what bind() is to do
 * @addr: local address, v4-mapped for IPv4; unspecified: any
 * @port: host order; 0: leave it
 * @scope: device of a link-local address, or 0
 * @flags: BIND_*, from cgroup BPF
 */
struct target {
	struct in6_addr addr;
	u16 port;
	int scope;
	u32 flags;
};

/* ::ffff:0.0.0.0 */
static bool is_mapped_any(const struct in6_addr *addr)
{
	return ipv6_addr_v4mapped(addr) && !addr->s6_addr32[3];
}

static bool is_any(const struct in6_addr *addr)
{
	return ipv6_addr_any(addr) || is_mapped_any(addr);
}

/* Of a socket whatever its family; "any" is ::ffff:0.0.0.0 for AF_INET. */
static struct in6_addr local_addr(struct sock *sk)
{
	struct in6_addr addr;

	if (sk->sk_family == AF_INET6)
		return sk->sk_v6_rcv_saddr;
	ipv6_addr_set_v4mapped(inet_sk(sk)->inet_rcv_saddr, &addr);
	return addr;
}

/* ---- bind ---- */

static int parse(struct sock *sk, const struct sockaddr_unsized *addr, int len,
		 struct target *t)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;

	t->scope = 0;
	if (len < (int)sizeof(addr->sa_family))
		return -EINVAL;
	if (addr->sa_family != sk->sk_family)
		return -EAFNOSUPPORT;
	if (sk->sk_family == AF_INET) {
		if (len < (int)sizeof(*in))
			return -EINVAL;
		ipv6_addr_set_v4mapped(in->sin_addr.s_addr, &t->addr);
		t->port = ntohs(in->sin_port);
		return 0;
	}
	if (len < (int)sizeof(*in6))
		return -EINVAL;
	t->addr = in6->sin6_addr;
	t->port = ntohs(in6->sin6_port);
	if (__ipv6_addr_needs_scope_id(__ipv6_addr_type(&t->addr)))
		t->scope = in6->sin6_scope_id;
	return 0;
}

static int check_v4(struct sock *sk, __be32 addr, struct net_device *dev)
{
	struct net *net = sock_net(sk);
	unsigned int type = inet_addr_type_dev_table(net, dev, addr);

	/* Packets to groups are not for RPCs. */
	if (type == RTN_MULTICAST || type == RTN_BROADCAST ||
	    !inet_addr_valid_or_nonlocal(net, inet_sk(sk), addr, type))
		return -EADDRNOTAVAIL;
	return 0;
}

static int check_v6(struct sock *sk, const struct in6_addr *addr,
		    struct net_device *dev)
{
	struct net *net = sock_net(sk);

	if (__ipv6_addr_needs_scope_id(__ipv6_addr_type(addr)) && !dev)
		return -EINVAL;
	if (ipv6_addr_is_multicast(addr) ||
	    (!ipv6_can_nonlocal_bind(net, inet_sk(sk)) &&
	     !ipv6_chk_addr(net, addr, dev, 0)))
		return -EADDRNOTAVAIL;
	return 0;
}

/* Is the address one of ours (or need not be, ip_nonlocal_bind and friends)? */
static int check_addr(struct sock *sk, const struct target *t)
{
	int ifindex = t->scope ?: sk->sk_bound_dev_if;
	struct net_device *dev = NULL;
	int err = 0;

	if (is_any(&t->addr))
		return ipv6_addr_v4mapped(&t->addr) &&
		       sk->sk_family == AF_INET6 && ipv6_only_sock(sk) ?
		       -EINVAL : 0;
	if (t->scope && !sk_dev_equal_l3scope(sk, t->scope))
		return -EINVAL;
	rcu_read_lock();
	if (ifindex)
		dev = dev_get_by_index_rcu(sock_net(sk), ifindex);
	if (ifindex && !dev)
		err = -ENODEV;
	else if (!ipv6_addr_v4mapped(&t->addr))
		err = check_v6(sk, &t->addr, dev);
	else if (sk->sk_family == AF_INET6 && ipv6_only_sock(sk))
		err = -EINVAL;
	else
		err = check_v4(sk, t->addr.s6_addr32[3], dev);
	rcu_read_unlock();
	return err;
}

/* The reference lets everybody bind low ports (conformance H14). */
static bool port_allowed(struct homa_sock *hsk, const struct target *t)
{
	struct net *net = sock_net(homa_sock_sk(hsk));
	bool privileged;

	rcu_read_lock();
	privileged = rcu_dereference(hsk->hn->settings)->privileged_ports;
	rcu_read_unlock();
	return !t->port || t->port == hsk->port || !privileged ||
	       t->flags & BIND_NO_CAP_NET_BIND_SERVICE ||
	       !inet_port_requires_bind_service(net, t->port) ||
	       ns_capable(net->user_ns, CAP_NET_BIND_SERVICE);
}

/**
 * homa_bind_set_addr() - set the local address of a socket
 * @sk: socket, lock_sock() held
 * @addr: v4-mapped for IPv4; unspecified: any
 */
void homa_bind_set_addr(struct sock *sk, const struct in6_addr *addr)
{
	struct inet_sock *inet = inet_sk(sk);
	__be32 v4 = ipv6_addr_v4mapped(addr) ? addr->s6_addr32[3] : 0;

	inet->inet_saddr = v4;
	WRITE_ONCE(inet->inet_rcv_saddr, v4);
	if (sk->sk_family == AF_INET6) {
		sk->sk_v6_rcv_saddr = *addr;
		inet6_sk(sk)->saddr = *addr;
	}
	/* disconnect() leaves what was bound. */
	if (is_any(addr))
		sk->sk_userlocks &= ~SOCK_BINDADDR_LOCK;
	else
		sk->sk_userlocks |= SOCK_BINDADDR_LOCK;
}

static int bind_locked(struct homa_sock *hsk, const struct target *t)
{
	struct sock *sk = homa_sock_sk(hsk);
	struct in6_addr now = local_addr(sk);
	const struct in6_addr *addr = &t->addr;
	int err;

	if (hsk->shutdown)
		return -ESHUTDOWN;
	/* The route of a connected socket depends on its address. */
	if (sk->sk_state == TCP_ESTABLISHED) {
		if (!is_any(addr) && !ipv6_addr_equal(addr, &now))
			return -EINVAL;
		addr = NULL;
	}
	err = check_addr(sk, t);
	if (err == -EADDRNOTAVAIL)
		homa_sock_explain(hsk, "the address is not one of this host");
	if (err)
		return err;
	if (!port_allowed(hsk, t)) {
		homa_sock_explain(hsk, "no CAP_NET_BIND_SERVICE; see net.homa.privileged_ports");
		return -EACCES;
	}
	err = homa_port_bind(hsk, t->port ?: hsk->port, addr);
	if (err == -EADDRINUSE)
		homa_sock_explain(hsk, "another socket owns the port");
	if (err < 0)
		return err;
	if (t->scope)
		WRITE_ONCE(sk->sk_bound_dev_if, t->scope);
	if (t->port)
		sk->sk_userlocks |= SOCK_BINDPORT_LOCK;
	if (!err)
		WRITE_ONCE(hsk->server, true);
	return 0;
}

/**
 * homa_bind() - bind() (uapi §3)
 * @sock: socket
 * @addr: address and port
 * @addr_len: its length
 *
 * Context: process.  Return: 0 or a negative errno.
 */
int homa_bind(struct socket *sock, struct sockaddr_unsized *addr, int addr_len)
{
	struct sock *sk = sock->sk;
	struct homa_sock *hsk = homa_sk(sk);
	struct target t = {};
	int err;

	err = parse(sk, addr, addr_len, &t);
	if (err)
		return err;
	/* A BPF program may change the address. */
	err = homa_compat_bpf_bind(sk, addr, &addr_len, &t.flags);
	if (!err)
		err = parse(sk, addr, addr_len, &t);
	if (err)
		return err;
	if (!t.port && (ipv6_addr_any(&t.addr) ||
			(sk->sk_family == AF_INET && is_any(&t.addr))))
		return 0;
	if (t.port >= HOMA_MIN_DEFAULT_PORT) {
		homa_sock_explain(hsk, "ports from 32768 on cannot be bound");
		return -EINVAL;
	}
	lock_sock(sk);
	err = bind_locked(hsk, &t);
	release_sock(sk);
	return err;
}

/* ---- connect ---- */

/**
 * homa_bind_pre_connect() - let cgroup BPF see an address for connect()
 * @sk: socket
 * @addr: address; may be changed
 * @addr_len: its length
 *
 * Return: 0 or a negative errno.
 */
int homa_bind_pre_connect(struct sock *sk, struct sockaddr_unsized *addr,
			  int addr_len)
{
	int len_min = sk->sk_family == AF_INET ? sizeof(struct sockaddr_in) :
						 SIN6_LEN_RFC2133;

	if (addr_len < len_min)
		return -EINVAL;
	return homa_compat_bpf_connect(sk, addr, &addr_len);
}

/**
 * homa_bind_connect6() - connect() of an AF_INET6 socket
 * @sk: socket
 * @addr: remote address
 * @addr_len: its length
 *
 * Context: process.  Return: 0 or a negative errno.
 */
int homa_bind_connect6(struct sock *sk, struct sockaddr_unsized *addr,
		       int addr_len)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
	struct in6_addr saddr;
	int err;

	if (addr->sa_family == AF_INET6 && addr_len >= SIN6_LEN_RFC2133 &&
	    !ipv6_addr_any(&in6->sin6_addr)) {
		err = homa_bind_source(sk, &in6->sin6_addr, &saddr);
		if (err)
			return err;
	}
	return ip6_datagram_connect(sk, addr, addr_len);
}

/**
 * homa_bind_disconnect() - connect() with AF_UNSPEC: dissolve the association
 * @sk: socket
 * @flags: unused
 *
 * As for UDP this also ends SO_BINDTODEVICE.  The port stays.
 *
 * Context: process.  Return: 0.
 */
int homa_bind_disconnect(struct sock *sk, int flags)
{
	struct inet_sock *inet = inet_sk(sk);

	lock_sock(sk);
	sk->sk_state = TCP_CLOSE;
	inet->inet_daddr = 0;
	inet->inet_dport = 0;
	WRITE_ONCE(sk->sk_bound_dev_if, 0);
	if (sk->sk_family == AF_INET6)
		sk->sk_v6_daddr = in6addr_any;
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK))
		inet_reset_saddr(sk);
	sk_dst_reset(sk);
	release_sock(sk);
	return 0;
}

/**
 * homa_bind_peer() - the peer that connect() set
 * @sk: socket
 * @key: filled; its scope is that of the socket
 * @port: filled, host order
 *
 * Return: false if the socket is not connected.
 */
bool homa_bind_peer(struct sock *sk, struct homa_peer_key *key, u16 *port)
{
	const struct inet_sock *inet = inet_sk(sk);

	if (READ_ONCE(sk->sk_state) != TCP_ESTABLISHED)
		return false;
	memset(key, 0, sizeof(*key));
	if (sk->sk_family == AF_INET6)
		key->addr = sk->sk_v6_daddr;
	else
		ipv6_addr_set_v4mapped(READ_ONCE(inet->inet_daddr),
				       &key->addr);
	if (ipv6_addr_type(&key->addr) & IPV6_ADDR_LINKLOCAL)
		key->scope = READ_ONCE(sk->sk_bound_dev_if);
	*port = ntohs(READ_ONCE(inet->inet_dport));
	return true;
}

/* ---- what the addresses mean for packets ---- */

/**
 * homa_bind_source() - source address for what a socket sends
 * @sk: socket
 * @daddr: destination
 * @saddr: filled; unspecified: the route chooses
 *
 * Return: 0, or -ENETUNREACH if the socket's address, or IPV6_V6ONLY, leaves
 * no way to a host of that IP version.
 */
int homa_bind_source(struct sock *sk, const struct in6_addr *daddr,
		     struct in6_addr *saddr)
{
	bool v4 = ipv6_addr_v4mapped(daddr);
	const struct in6_addr *own;
	__be32 own_v4;

	*saddr = in6addr_any;
	if (sk->sk_family == AF_INET) {
		own_v4 = READ_ONCE(inet_sk(sk)->inet_saddr);
		if (own_v4)
			ipv6_addr_set_v4mapped(own_v4, saddr);
		return 0;
	}
	own = &inet6_sk(sk)->saddr;
	if ((v4 && ipv6_only_sock(sk)) ||
	    (!ipv6_addr_any(own) && ipv6_addr_v4mapped(own) != v4))
		return -ENETUNREACH;
	if (!is_any(own))
		*saddr = *own;
	return 0;
}

/**
 * homa_bind_owns() - can packets to an address be for a socket?
 * @hsk: socket
 * @addr: destination of a packet, v4-mapped for IPv4
 */
bool homa_bind_owns(struct homa_sock *hsk, const struct in6_addr *addr)
{
	const struct sock *sk = homa_sock_sk(hsk);
	bool v4 = ipv6_addr_v4mapped(addr);
	const struct in6_addr *own;
	__be32 own_v4;

	/* A socket for IPv4 knows no IPv6 addresses (conformance H4). */
	if (sk->sk_family == AF_INET) {
		own_v4 = READ_ONCE(hsk->inet.inet_rcv_saddr);
		return v4 && (!own_v4 || own_v4 == addr->s6_addr32[3]);
	}
	if (v4 && ipv6_only_sock(sk))
		return false;
	own = &sk->sk_v6_rcv_saddr;
	if (ipv6_addr_any(own))
		return true;
	if (is_mapped_any(own))
		return v4;
	return ipv6_addr_equal(own, addr);
}

/**
 * homa_bind_hears() - is a received packet for a socket?
 * @hsk: socket that owns the destination port
 * @skb: packet, with its route
 * @daddr: its destination
 *
 * Return: true unless the socket is bound to another address or device.
 */
bool homa_bind_hears(struct homa_sock *hsk, const struct sk_buff *skb,
		     const struct in6_addr *daddr)
{
	bool v4 = skb->protocol == htons(ETH_P_IP);
	struct sock *sk = homa_sock_sk(hsk);
	int bound = READ_ONCE(sk->sk_bound_dev_if);
	int sdif = v4 ? inet_sdif(skb) : inet6_sdif(skb);

	if (!homa_bind_owns(hsk, daddr))
		return false;
	if (!bound && !sdif)
		return true;
	return udp_sk_bound_dev_eq(sock_net(sk), bound,
				   v4 ? inet_iif(skb) : inet6_iif(skb), sdif);
}

/**
 * homa_bind_admits() - may a client send requests to a socket?
 * @hsk: socket
 * @addr: client's host
 * @port: client's port
 *
 * Responses are not concerned: whoever sends a request elsewhere by naming the
 * destination wants its response.
 *
 * Return: false if the socket is connected to somebody else.
 */
bool homa_bind_admits(struct homa_sock *hsk, const struct in6_addr *addr,
		      u16 port)
{
	struct homa_peer_key peer;
	u16 peer_port;

	if (likely(READ_ONCE(homa_sock_sk(hsk)->sk_state) != TCP_ESTABLISHED) ||
	    !homa_bind_peer(homa_sock_sk(hsk), &peer, &peer_port))
		return true;
	return peer_port == port && ipv6_addr_equal(&peer.addr, addr);
}
