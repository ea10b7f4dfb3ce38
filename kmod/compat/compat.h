/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Older kernels, adapted to the newest one.
 *
 * The module is written for the newest kernel it supports; whatever an older
 * one lacks is supplied here under its new name.  This is the only directory
 * with kernel version tests.
 */
#ifndef HOMA_COMPAT_H
#define HOMA_COMPAT_H

#include <linux/bpf-cgroup.h>
#include <linux/hrtimer.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/sysctl.h>
#include <linux/version.h>
#include <net/inet_common.h>
#include <net/ip.h>
#include <net/net_namespace.h>
#include <net/route.h>
#include <net/sock.h>
/* Split off <linux/netdevice.h> in 6.5. */
#ifndef HOMA_HAVE_GSO_IN_NETDEVICE_H
#include <net/gso.h>
#endif
/* Split off <net/sock.h> in 6.10. */
#ifndef HOMA_HAVE_MEMORY_IN_SOCK_H
#include <net/proto_memory.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "Homa needs Linux 6.1 or newer"
#endif

/* hrtimer_setup() came with 6.13. */
#ifndef HOMA_HAVE_HRTIMER_SETUP
static inline void
homa_compat_hrtimer_setup(struct hrtimer *timer,
			  enum hrtimer_restart (*function)(struct hrtimer *),
			  clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}

#define hrtimer_setup homa_compat_hrtimer_setup
#endif

/*
 * Sized sysctl tables came with 6.6; before, a table ends with an empty entry.
 * HOMA_SYSCTL_SENTINEL is that entry's count.
 */
#ifdef HOMA_HAVE_SIZED_SYSCTL
#define HOMA_SYSCTL_SENTINEL 0
#else
#define HOMA_SYSCTL_SENTINEL 1
static inline struct ctl_table_header *
homa_compat_register_sysctl(struct net *net, const char *path,
			    struct ctl_table *table, size_t size)
{
	return register_net_sysctl(net, path, table);
}

#define register_net_sysctl_sz homa_compat_register_sysctl
#endif

/* From 6.11 on the table given to handlers is const. */
#ifdef HOMA_HAVE_CONST_CTL_TABLE
#define HOMA_CTL_TABLE const struct ctl_table
#else
#define HOMA_CTL_TABLE struct ctl_table
#endif

/* Since 6.6 a protocol says where its sockets keep their IPv6 part; before,
 * it was taken to be the last member.
 */
#ifdef HOMA_HAVE_IPV6_PINFO_OFFSET
#define HOMA_PINFO_OFFSET(type, member) \
	.ipv6_pinfo_offset = offsetof(type, member),
#else
#define HOMA_PINFO_OFFSET(type, member)
#endif

/* Attributes of a generic-netlink dump's request; NULL without. */
#ifdef HOMA_HAVE_GENL_INFO_DUMP
#define homa_genl_dump_attrs(dumpit_info) ((dumpit_info)->info.attrs)
#else
#define homa_genl_dump_attrs(dumpit_info) ((dumpit_info)->attrs)
#endif

/* What homa_diag.ko uses. The name of a symbol namespace is a string since 6.13. */
#ifdef HOMA_HAVE_NAMESPACE_STRING
#define EXPORT_SYMBOL_HOMA(symbol) EXPORT_SYMBOL_NS_GPL(symbol, "HOMA")
#else
#define EXPORT_SYMBOL_HOMA(symbol) EXPORT_SYMBOL_NS_GPL(symbol, HOMA)
#endif

/* Before 6.12 the bytes of each packet were in memory that the host can read. */
#ifndef HOMA_HAVE_FRAGS_READABLE
#define skb_frags_readable homa_compat_frags_readable
static inline bool homa_compat_frags_readable(const struct sk_buff *skb)
{
	return true;
}
#endif

/* An address from user space, of the length given beside it. */
#ifndef HOMA_HAVE_SOCKADDR_UNSIZED
#define sockaddr_unsized sockaddr
#endif

/* The length of the sender's address goes into msg_namelen; older kernels
 * want it in an argument, from where they copy it to msg_namelen.
 */
#ifdef HOMA_HAVE_RECVMSG_ADDR_LEN
int homa_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags);

static inline int homa_compat_recvmsg(struct sock *sk, struct msghdr *msg,
				      size_t len, int flags, int *addr_len)
{
	int ret = homa_recvmsg(sk, msg, len, flags);

	*addr_len = msg->msg_namelen;
	return ret;
}

#define HOMA_PROTO_RECVMSG homa_compat_recvmsg
#else
#define HOMA_PROTO_RECVMSG homa_recvmsg
#endif

/* What recvmsg() with MSG_ERRQUEUE does for IPv4 and IPv6. */
static inline int homa_compat_recv_error(struct sock *sk, struct msghdr *msg,
					 size_t len)
{
#ifdef HOMA_HAVE_RECVMSG_ADDR_LEN
	return inet_recv_error(sk, msg, len, &msg->msg_namelen);
#else
	return inet_recv_error(sk, msg, len);
#endif
}

/* Something that counts users of an application's pages; NULL: too many. */
static inline struct ubuf_info *homa_compat_zerocopy_alloc(struct sock *sk,
							   size_t bytes)
{
#ifdef HOMA_HAVE_ZEROCOPY_DEVMEM
	return msg_zerocopy_realloc(sk, bytes, NULL, false);
#else
	return msg_zerocopy_realloc(sk, bytes, NULL);
#endif
}

/*
 * Let setsockopt() ask us about SOL_SOCKET, too.  Before 6.6 that was for MPTCP
 * only: there the options that Homa refuses are accepted without effect.
 */
static inline void homa_compat_custom_sockopt(struct socket *sock)
{
#ifdef HOMA_HAVE_CUSTOM_SOCKOPT
	set_bit(SOCK_CUSTOM_SOCKOPT, &sock->flags);
#endif
}

/* Since 6.7 a BPF program may change the length of an address, too. */
#ifndef HOMA_HAVE_BPF_ADDR_LEN
#define HOMA_BPF_BIND(sk, addr, len, type, flags) \
	BPF_CGROUP_RUN_PROG_INET_BIND_LOCK(sk, addr, type, flags)
#define HOMA_BPF_CONNECT4(sk, addr, len) \
	BPF_CGROUP_RUN_PROG_INET4_CONNECT_LOCK(sk, addr)
#define HOMA_BPF_CONNECT6(sk, addr, len) \
	BPF_CGROUP_RUN_PROG_INET6_CONNECT_LOCK(sk, addr)
#else
#define HOMA_BPF_BIND BPF_CGROUP_RUN_PROG_INET_BIND_LOCK
#define HOMA_BPF_CONNECT4 BPF_CGROUP_RUN_PROG_INET4_CONNECT_LOCK
#define HOMA_BPF_CONNECT6 BPF_CGROUP_RUN_PROG_INET6_CONNECT_LOCK
#endif

/* What cgroup BPF says about bind(). */
static inline int homa_compat_bpf_bind(struct sock *sk,
				       struct sockaddr_unsized *addr,
				       int *len, u32 *flags)
{
	/* The type has to be a constant. */
	if (sk->sk_family == AF_INET)
		return HOMA_BPF_BIND(sk, addr, len, CGROUP_INET4_BIND, flags);
	return HOMA_BPF_BIND(sk, addr, len, CGROUP_INET6_BIND, flags);
}

/* What cgroup BPF says about connect(). */
static inline int homa_compat_bpf_connect(struct sock *sk,
					  struct sockaddr_unsized *addr,
					  int *len)
{
	if (sk->sk_family == AF_INET)
		return HOMA_BPF_CONNECT4(sk, addr, len);
	return HOMA_BPF_CONNECT6(sk, addr, len);
}

/* Newer kernels keep ipv4_sk_update_pmtu() from modules. The same by the
 * operation of a route: @skb's data is the quoted header.
 */
#ifndef HOMA_HAVE_SK_UPDATE_PMTU
static inline void homa_compat_sk_update_pmtu(struct sk_buff *skb,
					      struct sock *sk, u32 mtu)
{
	const struct iphdr *quoted = (const struct iphdr *)skb->data;
	struct flowi4 fl4 = {
		.flowi4_oif = sk->sk_bound_dev_if,
		.flowi4_mark = READ_ONCE(sk->sk_mark),
		.flowi4_uid = sk->sk_uid,
		.flowi4_proto = sk->sk_protocol,
		.flowi4_scope = RT_SCOPE_UNIVERSE,
		.daddr = quoted->daddr,
		.saddr = quoted->saddr,
	};
	int outer = skb_network_offset(skb);
	struct rtable *rt;

	if (!ip_sk_accept_pmtu(sk))
		return;
	rt = ip_route_output_key(sock_net(sk), &fl4);
	if (IS_ERR(rt))
		return;
	/* The operation takes the addresses from the network header, all
	 * else from the socket.
	 */
	skb_reset_network_header(skb);
	rt->dst.ops->update_pmtu(&rt->dst, sk, skb, mtu, false);
	skb_set_network_header(skb, outer);
	ip_rt_put(rt);
}

#define ipv4_sk_update_pmtu homa_compat_sk_update_pmtu
#endif

#endif /* HOMA_COMPAT_H */
