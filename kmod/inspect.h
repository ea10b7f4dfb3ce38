/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What homa.ko exports: for homa_diag.ko (diag.c), in the symbol namespace HOMA.
 */
#ifndef HOMA_INSPECT_H
#define HOMA_INSPECT_H

#include <linux/types.h>

struct homa_diag_info;
struct homa_diag_rpc;
struct net;
struct sock;

struct sock *homa_inspect_next(struct net *net, u32 *next);
struct sock *homa_inspect_find(struct net *net, u16 port);
void homa_inspect_sock(struct sock *sk, struct homa_diag_info *info);
bool homa_inspect_rpcs(struct sock *sk, u32 skip,
		       bool (*tell)(const struct homa_diag_rpc *rpc, void *arg),
		       void *arg);

#endif /* HOMA_INSPECT_H */
