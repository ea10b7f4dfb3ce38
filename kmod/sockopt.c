// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Socket options (uapi §4, §5; docs/socket-ops.md).
 *
 * Options of IP and IPv6 are handled by the generic code if they mean something
 * for Homa.  All others are refused: an option that is accepted has an effect.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include "homa.h"

/* Bytes a region must have beyond one bpage for each CPU (uapi §5). */
#define REGION_BYTES_MIN 2000000ULL
#define REGION_BYTES_MAX BIT_ULL(32)

/*
 * Where a region shall be: checked as far as it can be before it is used.  Finds
 * unwritable regions early, by writing to the beginning: the arguments, as is
 * documented for a new region, or with @keep what is there.
 */
static int get_region(struct homa_sock *hsk, sockptr_t optval,
		      unsigned int optlen, bool keep,
		      struct homa_rcvbuf_args *args)
{
	u64 length_min = (u64)nr_cpu_ids * HOMA_BPAGE_SIZE + REGION_BYTES_MIN;
	struct homa_rcvbuf_args begin;
	void __user *start;

	if (optlen != sizeof(*args))
		return -EINVAL;
	if (copy_from_sockptr(args, optval, sizeof(*args)))
		return -EFAULT;
	start = u64_to_user_ptr(args->start);
	begin = *args;
	if (args->start != (unsigned long)args->start ||
	    (keep && copy_from_user(&begin, start, sizeof(begin))) ||
	    copy_to_user(start, &begin, sizeof(begin)))
		return -EFAULT;
	if (!PAGE_ALIGNED(args->start) || args->length < length_min ||
	    args->length > REGION_BYTES_MAX) {
		homa_sock_explain(hsk, "receive region not page aligned, too small or above 4 GiB");
		return -EINVAL;
	}
	return access_ok(start, args->length) ? 0 : -EFAULT;
}

static int set_region(struct homa_sock *hsk, sockptr_t optval,
		      unsigned int optlen)
{
	struct sock *sk = homa_sock_sk(hsk);
	struct homa_rcvbuf_args args;
	struct homa_pool *pool;
	struct homa_rpc *next;
	struct homa_rpc *rpc;
	int err;

	err = get_region(hsk, optval, optlen, false, &args);
	if (err)
		return err;
	pool = homa_pool_new(hsk->hn, args.start, args.length);
	if (!pool)
		return -ENOMEM;
	lock_sock(sk);
	if (hsk->pool)
		err = -EINVAL;
	else
		smp_store_release(&hsk->pool, pool); /* homa_sock_pool() */
	release_sock(sk);
	if (err) {
		homa_sock_explain(hsk, "a region is set already: use SO_HOMA_RCVBUF_MOVE");
		homa_pool_forget_region(pool);
		homa_pool_delete(pool);
		return err;
	}

	/* Responses may have begun to arrive already (conformance C26). */
	for (rpc = homa_sock_next_rpc(hsk, NULL); rpc; rpc = next) {
		homa_rpc_lock(rpc);
		if (homa_rpc_alive(rpc) && rpc->core.rx_stalled)
			homa_pool_stall_locked(rpc, rpc->core.rx.length);
		homa_rpc_unlock(rpc);
		next = homa_sock_next_rpc(hsk, rpc);
		homa_rpc_put(rpc);
	}
	homa_pool_serve(hsk);
	return 0;
}

/* Another region takes the place of the one that there is. */
static int move_region(struct homa_sock *hsk, sockptr_t optval,
		       unsigned int optlen)
{
	struct sock *sk = homa_sock_sk(hsk);
	struct homa_rcvbuf_args args;
	int err;

	if (!homa_sock_pool(hsk)) {
		homa_sock_explain(hsk, "no receive region: set SO_HOMA_RCVBUF first");
		return -EINVAL;
	}
	err = get_region(hsk, optval, optlen, true, &args);
	if (err)
		return err;
	lock_sock(sk);
	err = homa_pool_replace(hsk->pool, args.start, args.length);
	release_sock(sk);
	if (err == -EINVAL)
		homa_sock_explain(hsk, "the new receive region is shorter than the old one");
	/* It may have room for who waits. */
	homa_pool_serve(hsk);
	return err;
}

static int set_server(struct homa_sock *hsk, sockptr_t optval,
		      unsigned int optlen)
{
	int on;

	if (optlen != sizeof(on))
		return -EINVAL;
	if (copy_from_sockptr(&on, optval, sizeof(on)))
		return -EFAULT;
	WRITE_ONCE(hsk->server, on != 0);
	return 0;
}

static int set_homa(struct homa_sock *hsk, int optname, sockptr_t optval,
		    unsigned int optlen)
{
	switch (optname) {
	case SO_HOMA_RCVBUF:
		return set_region(hsk, optval, optlen);
	case SO_HOMA_RCVBUF_MOVE:
		return move_region(hsk, optval, optlen);
	case SO_HOMA_SERVER:
		return set_server(hsk, optval, optlen);
	default:
		return -ENOPROTOOPT;
	}
}

/* Results of these would travel in control messages, or these come with the
 * message to be sent; Homa's control pointer has another use.
 */
static bool needs_control(int optname)
{
	switch (optname) {
	case SO_TIMESTAMP_OLD:
	case SO_TIMESTAMP_NEW:
	case SO_TIMESTAMPNS_OLD:
	case SO_TIMESTAMPNS_NEW:
	case SO_TIMESTAMPING_OLD:
	case SO_TIMESTAMPING_NEW:
	case SO_TXTIME:
	case SO_RXQ_OVFL:
	case SO_RCVMARK:
		return true;
	default:
		return false;
	}
}

/* The generic code offers it to TCP and UDP only. */
static int set_zerocopy(struct sock *sk, sockptr_t optval, unsigned int optlen)
{
	int on;

	if (optlen < sizeof(on))
		return -EINVAL;
	if (copy_from_sockptr(&on, optval, sizeof(on)))
		return -EFAULT;
	if (on < 0 || on > 1)
		return -EINVAL;
	lock_sock(sk);
	sock_valbool_flag(sk, SOCK_ZEROCOPY, on);
	release_sock(sk);
	return 0;
}

/* Homa cuts its packets to the path MTU and lets nobody fragment them (wire
 * §1): of the ways to discover the MTU there is one.
 */
static int check_pmtudisc(sockptr_t optval, unsigned int optlen, int only)
{
	u8 byte;
	int val;

	if (optlen >= sizeof(val)) {
		if (copy_from_sockptr(&val, optval, sizeof(val)))
			return -EFAULT;
	} else {
		if (!optlen)
			return -EINVAL;
		if (copy_from_sockptr(&byte, optval, sizeof(byte)))
			return -EFAULT;
		val = byte;
	}
	return val == only ? 0 : -EINVAL;
}

static int set_ip(struct sock *sk, int optname, sockptr_t optval,
		  unsigned int optlen)
{
	switch (optname) {
	case IP_MTU_DISCOVER:
		return check_pmtudisc(optval, optlen, IP_PMTUDISC_DO);
	case IP_TTL:
	case IP_FREEBIND:
	case IP_TRANSPARENT:
	case IP_IPSEC_POLICY:
	case IP_XFRM_POLICY:
		return ip_setsockopt(sk, SOL_IP, optname, optval, optlen);
	default:
		return -ENOPROTOOPT;
	}
}

/* The generic code refuses it once there is a port, and there always is one. */
static int set_v6only(struct sock *sk, sockptr_t optval, unsigned int optlen)
{
	int err = -EINVAL;
	int on;

	if (optlen < sizeof(on))
		return -EINVAL;
	if (copy_from_sockptr(&on, optval, sizeof(on)))
		return -EFAULT;
	lock_sock(sk);
	if (sk->sk_state == TCP_CLOSE &&
	    !(sk->sk_userlocks & (SOCK_BINDADDR_LOCK | SOCK_BINDPORT_LOCK))) {
		sk->sk_ipv6only = on != 0;
		err = 0;
	}
	release_sock(sk);
	return err;
}

static int set_ipv6(struct sock *sk, int optname, sockptr_t optval,
		    unsigned int optlen)
{
	switch (optname) {
	case IPV6_V6ONLY:
		return set_v6only(sk, optval, optlen);
	case IPV6_MTU_DISCOVER:
		return check_pmtudisc(optval, optlen, IPV6_PMTUDISC_DO);
	case IPV6_UNICAST_HOPS:
	case IPV6_FREEBIND:
	case IPV6_TRANSPARENT:
	case IPV6_IPSEC_POLICY:
	case IPV6_XFRM_POLICY:
	case IPV6_AUTOFLOWLABEL:
		return ipv6_setsockopt(sk, SOL_IPV6, optname, optval, optlen);
	default:
		return -ENOPROTOOPT;
	}
}

/**
 * homa_sockopt_set() - setsockopt()
 * @sk: socket
 * @level: which table @optname is from
 * @optname: which option
 * @optval: value
 * @optlen: its length
 *
 * SOL_SOCKET comes here, too (SOCK_CUSTOM_SOCKOPT), for the few of its options
 * that are refused, and for SO_ZEROCOPY.
 *
 * Context: process.  Return: 0 or a negative errno.
 */
int homa_sockopt_set(struct sock *sk, int level, int optname, sockptr_t optval,
		     unsigned int optlen)
{
	switch (level) {
	case IPPROTO_HOMA:
		return set_homa(homa_sk(sk), optname, optval, optlen);
	case SOL_SOCKET:
		if (needs_control(optname))
			return -EOPNOTSUPP;
		if (optname == SO_ZEROCOPY)
			return set_zerocopy(sk, optval, optlen);
		return sock_setsockopt(sk->sk_socket, level, optname, optval,
				       optlen);
	case SOL_IP:
		return set_ip(sk, optname, optval, optlen);
	case SOL_IPV6:
		if (sk->sk_family == AF_INET6)
			return set_ipv6(sk, optname, optval, optlen);
		return -ENOPROTOOPT;
	default:
		return -ENOPROTOOPT;
	}
}

static int get_homa(struct homa_sock *hsk, int optname, char __user *optval,
		    int __user *optlen)
{
	struct homa_rcvbuf_args args = {};
	const void *value;
	int size;
	int len;
	int on;

	if (get_user(len, optlen))
		return -EFAULT;
	switch (optname) {
	case SO_HOMA_RCVBUF:
	case SO_HOMA_RCVBUF_MOVE:
		homa_pool_get_region(homa_sock_pool(hsk), &args.start,
				     &args.length);
		value = &args;
		size = sizeof(args);
		break;
	case SO_HOMA_SERVER:
		on = READ_ONCE(hsk->server);
		value = &on;
		size = sizeof(on);
		break;
	default:
		return -ENOPROTOOPT;
	}
	if (len < size)
		return -EINVAL;
	if (copy_to_user(optval, value, size) || put_user(size, optlen))
		return -EFAULT;
	return 0;
}

static bool known_ip(int optname)
{
	switch (optname) {
	case IP_MTU:
	case IP_MTU_DISCOVER:
	case IP_TTL:
	case IP_FREEBIND:
	case IP_TRANSPARENT:
		return true;
	default:
		return false;
	}
}

static bool known_ipv6(int optname)
{
	switch (optname) {
	case IPV6_V6ONLY:
	case IPV6_MTU:
	case IPV6_MTU_DISCOVER:
	case IPV6_UNICAST_HOPS:
	case IPV6_FREEBIND:
	case IPV6_TRANSPARENT:
	case IPV6_AUTOFLOWLABEL:
		return true;
	default:
		return false;
	}
}

/**
 * homa_sockopt_get() - getsockopt() but SOL_SOCKET
 * @sk: socket
 * @level: which table @optname is from
 * @optname: which option
 * @optval: user buffer
 * @optlen: its size; set to the length of the value
 *
 * Context: process.  Return: 0 or a negative errno.
 */
int homa_sockopt_get(struct sock *sk, int level, int optname,
		     char __user *optval, int __user *optlen)
{
	if (level == IPPROTO_HOMA)
		return get_homa(homa_sk(sk), optname, optval, optlen);
	if (level == SOL_IP && known_ip(optname))
		return ip_getsockopt(sk, level, optname, optval, optlen);
	if (level == SOL_IPV6 && sk->sk_family == AF_INET6 &&
	    known_ipv6(optname))
		return ipv6_getsockopt(sk, level, optname, optval, optlen);
	return -ENOPROTOOPT;
}
