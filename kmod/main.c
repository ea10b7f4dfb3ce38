// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Registration of IPPROTO_HOMA with IPv4, IPv6 and the socket layer.
 */
#include <linux/module.h>
#include <net/inet_common.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/protocol.h>
#include <net/transp_v6.h>
#include <net/udp.h>
#include "homa.h"

struct proto homa_prot = {
	.name = "HOMA",
	.owner = THIS_MODULE,
	.close = homa_sock_close,
	.pre_connect = homa_bind_pre_connect,
	.connect = ip4_datagram_connect,
	.disconnect = homa_bind_disconnect,
	.init = homa_sock_init,
	.setsockopt = homa_sockopt_set,
	.getsockopt = homa_sockopt_get,
	.sendmsg = homa_sendmsg,
	.recvmsg = HOMA_PROTO_RECVMSG,
	.unhash = homa_sock_unhash,
	.diag_destroy = homa_sock_destroy,
	.obj_size = sizeof(struct homa_sock),
	.no_autobind = true,
};

struct proto homav6_prot = {
	.name = "HOMAv6",
	.owner = THIS_MODULE,
	.close = homa_sock_close,
	.pre_connect = homa_bind_pre_connect,
	.connect = homa_bind_connect6,
	.disconnect = homa_bind_disconnect,
	.init = homa_sock_init,
	.setsockopt = homa_sockopt_set,
	.getsockopt = homa_sockopt_get,
	.sendmsg = homa_sendmsg,
	.recvmsg = HOMA_PROTO_RECVMSG,
	.unhash = homa_sock_unhash,
	.diag_destroy = homa_sock_destroy,
	.obj_size = sizeof(struct homa6_sock),
	HOMA_PINFO_OFFSET(struct homa6_sock, inet6)
	.no_autobind = true,
};

/* Those of AF_INET but for three members. */
static struct proto_ops homa_inet6_ops __ro_after_init;

static const struct net_protocol homa_protocol = {
	.handler = homa_rx,
	.err_handler = homa_icmp_err_v4,
	.no_policy = 1,		/* homa_rx() checks per socket */
};

static const struct inet6_protocol homav6_protocol = {
	.handler = homa_rx,
	.err_handler = homa_icmp_err_v6,
	.flags = INET6_PROTO_NOPOLICY | INET6_PROTO_FINAL,
};

static struct inet_protosw homa_protosw = {
	.type = SOCK_DGRAM,
	.protocol = IPPROTO_HOMA,
	.prot = &homa_prot,
	.ops = &homa_inet_ops,
	.flags = INET_PROTOSW_REUSE,
};

static struct inet_protosw homav6_protosw = {
	.type = SOCK_DGRAM,
	.protocol = IPPROTO_HOMA,
	.prot = &homav6_prot,
	.ops = &homa_inet6_ops,
	.flags = INET_PROTOSW_REUSE,
};

static int __init homa_init(void)
{
	int err;

	BUILD_BUG_ON(sizeof(struct homa_skb_cb) >
		     sizeof_field(struct sk_buff, cb));
	BUILD_BUG_ON(HOMA_MSG_BYTES_MAX != HOMA_MAX_MESSAGE_LENGTH);
	BUILD_BUG_ON(offsetof(struct homa_sock, inet));
	BUILD_BUG_ON(offsetof(struct homa6_sock, homa));

	homa_inet6_ops = homa_inet_ops;
	homa_inet6_ops.family = PF_INET6;
	homa_inet6_ops.release = inet6_release;
	homa_inet6_ops.getname = inet6_getname;

	err = homa_mem_init();
	if (err)
		return err;
	err = homa_rpc_cache_init();
	if (err)
		goto err_mem;
	err = homa_netns_init();
	if (err)
		goto err_cache;
	err = homa_link_notifier_init();
	if (err)
		goto err_netns;
	err = homa_qdisc_register();
	if (err)
		goto err_notifier;
	err = homa_netlink_init();
	if (err)
		goto err_qdisc;
	err = proto_register(&homa_prot, 1);
	if (err)
		goto err_netlink;
	err = proto_register(&homav6_prot, 1);
	if (err)
		goto err_proto;
	err = homa_offload_init();
	if (err)
		goto err_protov6;
	err = inet_add_protocol(&homa_protocol, IPPROTO_HOMA);
	if (err)
		goto err_offload;
	err = inet6_add_protocol(&homav6_protocol, IPPROTO_HOMA);
	if (err)
		goto err_inet;
	/* Last: from here on there can be sockets. */
	err = inet6_register_protosw(&homav6_protosw);
	if (err)
		goto err_inet6;
	inet_register_protosw(&homa_protosw);
	return 0;

err_inet6:
	inet6_del_protocol(&homav6_protocol, IPPROTO_HOMA);
err_inet:
	inet_del_protocol(&homa_protocol, IPPROTO_HOMA);
err_offload:
	homa_offload_exit();
err_protov6:
	proto_unregister(&homav6_prot);
err_proto:
	proto_unregister(&homa_prot);
err_netlink:
	homa_netlink_exit();
err_qdisc:
	homa_qdisc_unregister();
err_notifier:
	homa_link_notifier_exit();
err_netns:
	homa_netns_exit();
err_cache:
	homa_rpc_cache_exit();
err_mem:
	homa_mem_exit();
	return err;
}

static void __exit homa_exit(void)
{
	homa_netlink_exit();
	/* Each socket holds the module, so there is none. */
	inet_unregister_protosw(&homa_protosw);
	inet6_unregister_protosw(&homav6_protosw);
	inet6_del_protocol(&homav6_protocol, IPPROTO_HOMA);
	inet_del_protocol(&homa_protocol, IPPROTO_HOMA);
	homa_offload_exit();
	/* Sockets are freed after a grace period and use the caches. */
	rcu_barrier();
	homa_qdisc_unregister();
	homa_link_notifier_exit();
	homa_netns_exit();
	proto_unregister(&homav6_prot);
	proto_unregister(&homa_prot);
	homa_rpc_cache_exit();
	homa_mem_exit();
}

module_init(homa_init);
module_exit(homa_exit);

MODULE_LICENSE("Dual BSD/GPL");
MODULE_DESCRIPTION("Homa: low-latency RPC transport for data centres");
MODULE_VERSION("0.1.0");
/* socket(AF_INET or AF_INET6, SOCK_DGRAM, IPPROTO_HOMA) loads the module. */
MODULE_ALIAS("net-pf-2-proto-146-type-2");
MODULE_ALIAS("net-pf-10-proto-146-type-2");
/* So does tc; older kernels ask for the second. */
MODULE_ALIAS("net-sch-homa");
MODULE_ALIAS("sch_homa");
