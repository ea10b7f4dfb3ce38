// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Control packets in: everything but DATA (protocol §1.3).
 */
#include "homa.h"

/* Where the packet in question came from. */
struct origin {
	struct homa_sock *hsk;
	struct sk_buff *skb;
	struct homa_peer_key key;	/* the sender */
	struct in6_addr daddr;	/* us */
	const struct homa_hdr *hdr;
	u64 id;			/* our name of the RPC */
};

/* Answer for an RPC that does not exist here (wire §5, last paragraph). */
static void reflect(const struct origin *o, struct homa_hdr *answer)
{
	struct homa_addr to = {
		.saddr = o->daddr,
		.sport = o->hdr->dport,
		.dport = o->hdr->sport,
	};

	to.peer = homa_peer_temp(o->hsk, &o->key);
	if (!to.peer)
		return;
	answer->sender_id = o->id;
	if (answer->type == HOMA_ACK)
		answer->ack.num = homa_peer_take_acks(to.peer,
						      answer->ack.acks,
						      HOMA_ACKS_MAX);
	homa_tx_control(o->hsk, &to, answer);
	homa_peer_put(to.peer);
}

static void rx_unknown_rpc(const struct origin *o)
{
	struct homa_hdr answer = {};

	homa_rx_drop(o->hsk->hn, o->skb, HOMA_REASON_UNKNOWN_RPC);
	switch (o->hdr->type) {
	case HOMA_RESEND:
		answer.type = HOMA_RPC_UNKNOWN;
		reflect(o, &answer);
		break;
	case HOMA_NEED_ACK:
		/* Only a client can have finished an RPC. */
		if (!homa_id_is_client(o->id))
			break;
		answer.type = HOMA_ACK;
		reflect(o, &answer);
		break;
	default:
		HOMA_INC(o->hsk->hn, unknown_rpcs);
		break;
	}
}

static void rx_cutoffs(const struct origin *o)
{
	struct homa_peer *peer;

	/* A host we never sent to has nothing to tell us. */
	peer = homa_peer_find(o->hsk->hn, &o->key);
	if (!peer)
		return;
	homa_peer_set_cutoffs(peer, o->hdr);
	homa_peer_put(peer);
}

static void rx_ack(const struct origin *o)
{
	const struct homa_ack *acks = o->hdr->ack.acks;
	struct homa_sock *hsk = o->hsk;
	u32 i;

	homa_ack_rx(hsk, &o->key, o->hdr->sender_id);
	for (i = 0; i < o->hdr->ack.num; i++) {
		/* A socket that may get the packet is asked once in a row. */
		if (!i || !hsk ||
		    acks[i].server_port != acks[i - 1].server_port)
			hsk = homa_ack_sock(o->hsk, o->skb, o->hdr, &o->key,
					    &o->daddr, &acks[i]);
		if (hsk)
			homa_ack_rx(hsk, &o->key, acks[i].client_id);
	}
}

static void send_ack(struct homa_rpc *rpc)
{
	struct homa_hdr hdr = { .type = HOMA_ACK };

	hdr.ack.num = homa_peer_take_acks(rpc->peer, hdr.ack.acks,
					  HOMA_ACKS_MAX);
	homa_tx_rpc_control(rpc, &hdr);
}

/* One packet of an existing RPC: what does core say? */
static struct homa_rpc_verdict ask_core(struct homa_rpc *rpc,
					const struct homa_hdr *hdr)
{
	struct homa_rpc_verdict none = {};
	u64 now_ns = ktime_get_ns();

	switch (hdr->type) {
	case HOMA_GRANT:
		homa_tune_rtt(rpc->peer,
			      homa_rpc_time_grant(&rpc->core,
						  hdr->grant.offset, now_ns),
			      now_ns);
		return homa_rpc_grant(&rpc->core, hdr->grant.offset,
				      hdr->grant.priority, now_ns);
	case HOMA_RESEND:
		return homa_rpc_resend(&rpc->core, hdr->resend.offset,
				       hdr->resend.length, hdr->resend.all,
				       now_ns);
	case HOMA_BUSY:
		homa_rpc_busy(&rpc->core, now_ns);
		return none;
	case HOMA_RPC_UNKNOWN:
		return homa_rpc_unknown(&rpc->core, now_ns);
	case HOMA_NEED_ACK:
		return homa_rpc_need_ack(&rpc->core);
	default:
		return none;
	}
}

/* Carry out a verdict.  No lock held; @rpc referenced. */
static void act(struct homa_rpc *rpc, const struct homa_rpc_verdict *v,
		const struct sk_buff *skb, const struct homa_hdr *hdr)
{
	struct homa_hdr busy = { .type = HOMA_BUSY };
	struct homa_config cfg;
	u8 top;

	if (!v->actions)
		return;
	homa_config_get(rpc->hn, &cfg);
	top = cfg.num_priorities - 1;
	if (v->actions & HOMA_ACT_DROP)
		homa_rx_drop(rpc->hn, skb, v->reason);
	if (v->actions & HOMA_ACT_RETRANSMIT) {
		u8 priority = hdr->type == HOMA_RESEND ?
			      min(hdr->resend.priority, top) :
			      homa_tx_unsched_priority(rpc);

		homa_tx_retransmit(rpc, v->start, v->end, priority);
	}
	if (v->actions & HOMA_ACT_XMIT)
		homa_tx_xmit(rpc);
	if (v->actions & HOMA_ACT_BUSY)
		homa_tx_rpc_control(rpc, &busy);
	if (v->actions & HOMA_ACT_RESENDS)
		homa_tx_resends(rpc, top);
	if (v->actions & HOMA_ACT_ACK)
		send_ack(rpc);
}

static void rx_rpc(struct homa_rpc *rpc, const struct sk_buff *skb,
		   const struct homa_hdr *hdr)
{
	struct homa_rpc_verdict v;
	struct homa_todo todo;

	homa_todo_init(&todo);
	homa_rpc_hold(rpc);
	v = ask_core(rpc, hdr);
	if (v.actions & HOMA_ACT_END) {
		HOMA_INC(rpc->hn, server_rpcs_unknown);
		homa_rpc_end_locked(rpc, HOMA_END_UNKNOWN, &todo);
	} else if (v.actions & HOMA_ACT_TIMEOUT) {
		homa_rpc_timeout_locked(rpc, &todo);
	}
	homa_rpc_unlock(rpc);
	if (hdr->type == HOMA_NEED_ACK && !(v.actions & HOMA_ACT_ACK))
		HOMA_INC(rpc->hn, ignored_need_acks);
	homa_todo_run(&todo);
	act(rpc, &v, skb, hdr);
	homa_rpc_put(rpc);
}

/**
 * homa_rx_control() - a control packet that passed all checks of homa_rx()
 * @hsk: receiving socket
 * @skb: packet; not consumed
 * @hdr: its parsed header, not DATA and not FREEZE
 *
 * Context: softirq, rcu_read_lock(), no Homa lock held.
 */
void homa_rx_control(struct homa_sock *hsk, struct sk_buff *skb,
		     const struct homa_hdr *hdr)
{
	struct origin o = {
		.hsk = hsk,
		.skb = skb,
		.hdr = hdr,
		.id = homa_wire_local_id(hdr->sender_id),
	};
	struct homa_rpc *rpc;

	homa_addr_from_skb(skb, &o.key.addr, &o.daddr);
	o.key.scope = homa_addr_scope(skb, &o.key.addr);

	if (hdr->type == HOMA_ACK) {
		rx_ack(&o);
		return;
	}
	if (hdr->type == HOMA_CUTOFFS) {
		rx_cutoffs(&o);
		return;
	}
	rpc = homa_rpc_find(hsk, o.id, &o.key, hdr->sport);
	if (rpc)
		rx_rpc(rpc, skb, hdr);
	else
		rx_unknown_rpc(&o);
}
