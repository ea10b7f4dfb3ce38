// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa_diag.ko: Homa sockets and their RPCs through sock_diag, in the way of
 * udp_diag (<linux/homa_diag.h>).  A module of its own, so that homa.ko does
 * not need inet_diag.ko (docs/decisions/0018-sock-diag.md).
 */
#include <linux/module.h>
#include <linux/sock_diag.h>
#include <net/inet_sock.h>
#include <net/tcp_states.h>
#include <uapi/linux/homa.h>
#include <uapi/linux/homa_diag.h>
#include "compat/diag.h"
#include "inspect.h"

/* RPCs for which there is room in the answer about one socket. */
#define RPCS_OF_ONE 32

/**
 * struct progress - where a dump goes on, in netlink_callback.ctx
 * @rpcs: its RPCs that were told of
 * @next: socket, see homa_inspect_next()
 * @cookie: the socket's, half of it, if it was told already, else 0
 */
struct progress {
	struct homa_inspect_at rpcs;
	u32 next;
	u32 cookie;
};

/* RPCs on their way into a message. */
struct rpc_list {
	struct sk_buff *skb;
	u32 count;
};

static bool put_rpc(const struct homa_diag_rpc *rpc, void *arg)
{
	struct rpc_list *list = arg;

	if (nla_put(list->skb, HOMA_DIAG_RPC, sizeof(*rpc), rpc))
		return false;
	list->count++;
	return true;
}

/*
 * As many RPCs as fit, from @at on, which is moved.  A
 * buffer is never larger than the attribute can be: 32 KiB.  Return: that is all.
 */
static bool put_rpcs(struct sk_buff *skb, struct sock *sk,
		     struct homa_inspect_at *at)
{
	struct nlattr *nest = nla_nest_start(skb, HOMA_DIAG_RPCS);
	struct rpc_list list = { .skb = skb };
	bool all;

	if (!nest)
		return false;
	all = homa_inspect_rpcs(sk, at, put_rpc, &list);
	if (list.count)
		nla_nest_end(skb, nest);
	else
		nla_nest_cancel(skb, nest);
	return all;
}

static void get_info(struct sock *sk, struct inet_diag_msg *r, void *info)
{
	struct homa_diag_info own;

	homa_inspect_sock(sk, &own);
	r->idiag_rqueue = own.rx_memory;
	r->idiag_wqueue = min_t(u64, own.tx_memory, U32_MAX);
	if (info)
		memcpy(info, &own, sizeof(own));
}

static bool put_memory(struct sk_buff *skb, struct sock *sk, int ext,
		       const struct inet_diag_msg *r)
{
	struct inet_diag_meminfo mem = {
		.idiag_rmem = r->idiag_rqueue,
		.idiag_wmem = r->idiag_wqueue,
		.idiag_fmem = READ_ONCE(sk->sk_forward_alloc),
		.idiag_tmem = sk_wmem_alloc_get(sk),
	};

	return (!(ext & (1 << (INET_DIAG_MEMINFO - 1))) ||
		!nla_put(skb, INET_DIAG_MEMINFO, sizeof(mem), &mem)) &&
	       (!(ext & (1 << (INET_DIAG_SKMEMINFO - 1))) ||
		!sock_diag_put_meminfo(sk, skb, INET_DIAG_SKMEMINFO));
}

/*
 * One message about a socket.  @at: its RPCs that earlier ones told of; moved.
 * @again: this is not the first one, so it is made for more RPCs only.
 * Return: 0, 1 = there are more RPCs, -EMSGSIZE = no room even for that.
 */
static int fill(struct sk_buff *skb, struct netlink_callback *cb,
		const struct inet_diag_req_v2 *req, struct sock *sk, u16 flags,
		struct homa_inspect_at *at, bool again)
{
	bool admin = netlink_net_capable(cb->skb, CAP_NET_ADMIN);
	u32 told_before = at->told;
	struct homa_diag_info info;
	struct inet_diag_msg *r;
	struct nlmsghdr *nlh;
	bool all = true;

	nlh = nlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			cb->nlh->nlmsg_type, sizeof(*r), flags);
	if (!nlh)
		return -EMSGSIZE;
	r = nlmsg_data(nlh);
	memset(r, 0, sizeof(*r));
	inet_diag_msg_common_fill(r, sk);
	r->idiag_state = READ_ONCE(sk->sk_state);
	get_info(sk, r, &info);
	if (inet_diag_msg_attrs_fill(sk, skb, r, req->idiag_ext,
				     sk_user_ns(NETLINK_CB(cb->skb).sk),
				     admin) ||
	    !put_memory(skb, sk, req->idiag_ext, r))
		goto cancel;
	if (req->idiag_ext & (1 << (INET_DIAG_INFO - 1))) {
		if (nla_put_64bit(skb, INET_DIAG_INFO, sizeof(info), &info,
				  INET_DIAG_PAD))
			goto cancel;
		if (admin)
			all = put_rpcs(skb, sk, at);
	}
	if (again && at->told == told_before) {
		nlmsg_cancel(skb, nlh);
		return all ? 0 : -EMSGSIZE;
	}
	nlmsg_end(skb, nlh);
	return !all;

cancel:
	nlmsg_cancel(skb, nlh);
	return -EMSGSIZE;
}

static bool wanted(const struct inet_diag_req_v2 *req, struct sock *sk,
		   const struct inet_diag_dump_data *data)
{
	struct inet_sock *inet = inet_sk(sk);

	return req->idiag_states & (1 << READ_ONCE(sk->sk_state)) &&
	       (req->sdiag_family == AF_UNSPEC ||
		req->sdiag_family == sk->sk_family) &&
	       (!req->id.idiag_sport ||
		req->id.idiag_sport == inet->inet_sport) &&
	       (!req->id.idiag_dport ||
		req->id.idiag_dport == inet->inet_dport) &&
	       homa_diag_passes(data, sk);
}

/*
 * Each socket is looked at with a reference only, so no lock is held for longer
 * than it takes to copy one RPC.
 */
static void dump(struct sk_buff *skb, struct netlink_callback *cb,
		 const struct inet_diag_req_v2 *req)
{
	struct progress *at = (void *)cb->ctx;
	u32 cookie[2];
	struct sock *sk;
	bool again;
	u32 next;
	int more;

	for (;;) {
		next = at->next;
		sk = homa_inspect_next(sock_net(cb->skb->sk), &next);
		if (!sk)
			break;
		sock_diag_save_cookie(sk, cookie);
		cookie[0] = cookie[0] ?: 1;
		again = cookie[0] == at->cookie;
		if (!again)
			memset(&at->rpcs, 0, sizeof(at->rpcs));
		more = 0;
		if (wanted(req, sk, cb->data))
			more = fill(skb, cb, req, sk, NLM_F_MULTI, &at->rpcs,
				    again);
		sock_put(sk);
		if (more < 0)
			break;
		if (more) {
			at->cookie = cookie[0];
			continue;
		}
		at->next = next;
	}
}

/* Is the socket what a request names?  What is zero there is not compared. */
static bool named(const struct inet_diag_req_v2 *req, struct sock *sk)
{
	const struct inet_diag_sockid *id = &req->id;
	struct inet_diag_msg own;
	u32 words = sk->sk_family == AF_INET ? 1 : 4;
	u32 bytes = words * sizeof(id->idiag_src[0]);

	memset(&own, 0, sizeof(own));
	inet_diag_msg_common_fill(&own, sk);
	return req->sdiag_family == sk->sk_family &&
	       (!id->idiag_dport || id->idiag_dport == own.id.idiag_dport) &&
	       (!id->idiag_if || id->idiag_if == own.id.idiag_if) &&
	       (!memchr_inv(id->idiag_src, 0, bytes) ||
		!memcmp(id->idiag_src, own.id.idiag_src, bytes)) &&
	       (!memchr_inv(id->idiag_dst, 0, bytes) ||
		!memcmp(id->idiag_dst, own.id.idiag_dst, bytes));
}

/* The socket that a request names, referenced, or ERR_PTR. */
static struct sock *find(const struct sk_buff *request,
			 const struct inet_diag_req_v2 *req)
{
	struct sock *sk;
	int err = -ENOENT;

	if (req->sdiag_family != AF_INET && req->sdiag_family != AF_INET6)
		return ERR_PTR(-EINVAL);
	sk = homa_inspect_find(sock_net(request->sk),
			       ntohs(req->id.idiag_sport));
	if (!sk)
		return ERR_PTR(err);
	if (named(req, sk))
		err = sock_diag_check_cookie(sk, req->id.idiag_cookie);
	if (!err)
		return sk;
	sock_put(sk);
	return ERR_PTR(err);
}

static int dump_one(struct netlink_callback *cb,
		    const struct inet_diag_req_v2 *req)
{
	size_t bytes = nla_total_size(sizeof(struct inet_diag_msg)) +
		       inet_diag_msg_attrs_size() +
		       nla_total_size(sizeof(struct inet_diag_meminfo)) +
		       nla_total_size(SK_MEMINFO_VARS * sizeof(u32)) +
		       nla_total_size_64bit(sizeof(struct homa_diag_info)) +
		       nla_total_size(0) +
		       RPCS_OF_ONE * nla_total_size(sizeof(struct homa_diag_rpc));
	struct net *net = sock_net(cb->skb->sk);
	struct sk_buff *reply;
	struct sock *sk;
	struct homa_inspect_at at = {};
	int err;

	sk = find(cb->skb, req);
	if (IS_ERR(sk))
		return PTR_ERR(sk);
	reply = nlmsg_new(bytes, GFP_KERNEL);
	err = reply ? fill(reply, cb, req, sk, 0, &at, false) : -ENOMEM;
	sock_put(sk);
	if (err < 0) {
		WARN_ON_ONCE(err == -EMSGSIZE);
		kfree_skb(reply);
		return err;
	}
	return nlmsg_unicast(net->diag_nlsk, reply, NETLINK_CB(cb->skb).portid);
}

#ifdef CONFIG_INET_DIAG_DESTROY
static int destroy(struct sk_buff *request, const struct inet_diag_req_v2 *req)
{
	struct sock *sk = find(request, req);
	int err;

	if (IS_ERR(sk))
		return PTR_ERR(sk);
	err = sock_diag_destroy(sk, ECONNABORTED);
	sock_put(sk);
	return err;
}
#endif

static const struct inet_diag_handler handler = {
	HOMA_DIAG_OWNER
	.dump = dump,
	.dump_one = dump_one,
	.idiag_get_info = get_info,
	.idiag_type = IPPROTO_HOMA,
	.idiag_info_size = sizeof(struct homa_diag_info),
#ifdef CONFIG_INET_DIAG_DESTROY
	.destroy = destroy,
#endif
};

static int __init homa_diag_init(void)
{
	BUILD_BUG_ON(sizeof(struct progress) >
		     sizeof_field(struct netlink_callback, ctx));
	/* They may grow, but not shrink or differ between ABIs. */
	BUILD_BUG_ON(sizeof(struct homa_diag_info) != 56);
	BUILD_BUG_ON(sizeof(struct homa_diag_rpc) != 88);
	return inet_diag_register(&handler);
}

static void __exit homa_diag_exit(void)
{
	inet_diag_unregister(&handler);
}

module_init(homa_diag_init);
module_exit(homa_diag_exit);

MODULE_LICENSE("Dual BSD/GPL");
MODULE_DESCRIPTION("Homa sockets and RPCs through sock_diag");
MODULE_VERSION("0.1.0");
MODULE_INFO(import_ns, "HOMA");
/* AF_INET stands for both families; 146 is IPPROTO_HOMA. */
MODULE_ALIAS_NET_PF_PROTO_TYPE(PF_NETLINK, NETLINK_SOCK_DIAG, 2-146);
