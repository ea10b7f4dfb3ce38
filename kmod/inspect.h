/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What homa.ko exports: for homa_diag.ko (diag.c), in the symbol namespace HOMA.
 */
#ifndef HOMA_INSPECT_H
#define HOMA_INSPECT_H

#include <linux/in6.h>
#include <linux/types.h>

/**
 * struct homa_inspect_at - where a walk over the RPCs of a socket goes on
 * @id: of the RPC that was told of last
 * @peer: its other host
 * @scope: the scope of that address
 * @port: its other port
 * @told: how many were told of; 0: from the beginning
 */
struct homa_inspect_at {
	u64 id;
	struct in6_addr peer;
	u32 scope;
	u32 told;
	u16 port;
};

struct homa_diag_info;
struct homa_diag_rpc;
struct net;
struct sock;

struct sock *homa_inspect_next(struct net *net, u32 *next);
struct sock *homa_inspect_find(struct net *net, u16 port);
void homa_inspect_sock(struct sock *sk, struct homa_diag_info *info);
bool homa_inspect_rpcs(struct sock *sk, struct homa_inspect_at *at,
		       bool (*tell)(const struct homa_diag_rpc *rpc, void *arg),
		       void *arg);

#endif /* HOMA_INSPECT_H */
