/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Ways out: links, pacing, the queueing discipline.  Included by homa.h.
 */
#ifndef HOMA_KMOD_LINK_H
#define HOMA_KMOD_LINK_H

/* ---- sched.c: pacing ---- */
void homa_sched_init(struct homa_link *link);
void homa_sched_exit(struct homa_link *link);
struct homa_tx_range homa_sched_try_locked(struct homa_rpc *rpc, u64 now_ns);
void homa_sched_account(struct homa_rpc *rpc, u32 bytes, u64 now_ns);
void homa_sched_remove_locked(struct homa_rpc *rpc);
void homa_sched_drained(struct homa_link *link, u32 bytes);

/* ---- qdisc.c: the queueing discipline ---- */
#ifdef CONFIG_NET_SCHED
int homa_qdisc_register(void);
void homa_qdisc_unregister(void);
#else
static inline int homa_qdisc_register(void)
{
	return 0;
}

static inline void homa_qdisc_unregister(void) { }
#endif

/* ---- link.c: devices as ways out ---- */
struct homa_link *homa_link_get(struct homa_net *hn, int ifindex);
void homa_link_put(struct homa_link *link);
struct homa_link *homa_link_rcu(const struct homa_rpc *rpc);
u32 homa_link_mbps(const struct homa_link *link, const struct homa_config *cfg);
bool homa_link_is_paced(const struct homa_link *link,
			const struct homa_settings *s);
bool homa_link_backlogged(const struct homa_link *link);
void homa_link_charge(const struct homa_rpc *rpc, struct sk_buff *skb);
void homa_link_pass_charge(struct sk_buff *from, struct sk_buff *to);
void homa_link_sock_exit(struct homa_sock *hsk);
void homa_links_init(struct homa_net *hn);
void homa_links_exit(struct homa_net *hn);
int homa_link_notifier_init(void);
void homa_link_notifier_exit(void);

#endif /* HOMA_KMOD_LINK_H */
