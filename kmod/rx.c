// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Packets in: checks, the socket, and DATA (wire §11, protocol §3).
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/filter.h>
#include <net/icmp.h>
#include <net/ipv6.h>
#include <net/xfrm.h>
#include "homa.h"
#include "trace.h"

/**
 * homa_rx_drop() - count a packet that was not used
 * @hn: namespace
 * @skb: packet; not consumed
 * @reason: why
 */
void homa_rx_drop(struct homa_net *hn, const struct sk_buff *skb,
		  enum homa_reason reason)
{
	this_cpu_inc(hn->mib->drops[reason]);
	trace_homa_drop(skb, reason);
}

/* The word that the kernel has for a reason, if it has one. */
static enum skb_drop_reason skb_reason(enum homa_reason reason)
{
	switch (reason) {
	case HOMA_REASON_TOO_SHORT:
		return SKB_DROP_REASON_PKT_TOO_SMALL;
	case HOMA_REASON_BAD_TYPE:
		return SKB_DROP_REASON_UNHANDLED_PROTO;
	case HOMA_REASON_NO_SOCKET:
	case HOMA_REASON_NOT_SERVER:
	case HOMA_REASON_WRONG_FAMILY:
		return SKB_DROP_REASON_NO_SOCKET;
	case HOMA_REASON_NO_BUFFER:
		return SKB_DROP_REASON_SOCKET_RCVBUFF;
	case HOMA_REASON_NO_MEMORY:
		return SKB_DROP_REASON_PROTO_MEM;
	case HOMA_REASON_POLICY:
		return SKB_DROP_REASON_XFRM_POLICY;
	case HOMA_REASON_FILTER:
		return SKB_DROP_REASON_SOCKET_FILTER;
	default:
		return SKB_DROP_REASON_NOT_SPECIFIED;
	}
}

static void drop(struct homa_net *hn, struct sk_buff *skb,
		 enum homa_reason reason)
{
	homa_rx_drop(hn, skb, reason);
	kfree_skb_reason(skb, skb_reason(reason));
}

/* One more packet with the same data, charged to the socket. */
static struct sk_buff *another(struct homa_sock *hsk, struct sk_buff *skb)
{
	struct sk_buff *clone;

	if (!homa_mem_rx_charge(hsk, skb->truesize))
		return NULL;
	clone = skb_clone(skb, GFP_ATOMIC);
	if (clone)
		homa_mem_rx_own(hsk, clone);
	else
		homa_mem_rx_uncharge(hsk, skb->truesize);
	return clone;
}

/*
 * Keep the new bytes of a packet, which is charged already; @skb is consumed if
 * anything was kept.  The RPC holds the socket for as long as it holds packets.
 */
static bool take(struct homa_rpc *rpc, struct sk_buff *skb,
		 const struct homa_hdr *hdr, u64 now_ns,
		 enum homa_reason *reason)
{
	u32 end = hdr->data.offset + hdr->data.len;
	u32 gaps = rpc->core.rx.num_gaps;
	u32 at = hdr->data.offset;
	bool taken = false;

	*reason = HOMA_REASON_DUPLICATE;
	while (at < end) {
		struct sk_buff *part = skb;
		struct homa_reasm_verdict v;
		struct homa_skb_cb *cb;

		/* A packet that fills several holes is kept once for each. */
		if (taken)
			part = another(rpc->hsk, skb);
		if (!part)
			break;	/* the rest will be asked for again */
		v = homa_rpc_take(&rpc->core, at, end, now_ns);
		if (v.code == HOMA_REASM_FULL)
			*reason = HOMA_REASON_GAPS_FULL;
		if (v.code != HOMA_REASM_KEEP && v.code != HOMA_REASM_PART) {
			if (taken)
				kfree_skb(part);
			break;
		}
		if (!taken)
			homa_mem_rx_own(rpc->hsk, part);
		cb = HOMA_SKB_CB(part);
		cb->start = v.start;
		cb->end = v.end;
		cb->data_offset = hdr->hdr_len + (v.start - hdr->data.offset);
		__skb_queue_tail(&rpc->rxq, part);
		taken = true;
		at = v.end;
	}
	if (rpc->core.rx.num_gaps > gaps)
		HOMA_INC(rpc->hn, gaps_created);
	return taken;
}

/*
 * What a packet does not need while it waits for its reader, who may come late: it
 * would hold routes, IPsec states and the socket of a sender on this machine.
 */
static void strip(struct sk_buff *skb)
{
	skb_dst_drop(skb);
	skb_ext_reset(skb);
	skb_orphan(skb);
}

static void count_start(const struct homa_rpc *rpc)
{
	trace_homa_rpc_incoming(rpc);
	if (homa_rpc_is_client(&rpc->core)) {
		HOMA_INC(rpc->hn, responses_received);
		HOMA_INC(rpc->hn, client_responses_started);
		HOMA_ADD(rpc->hn, client_response_bytes_started,
			 rpc->core.rx.length);
	} else {
		HOMA_INC(rpc->hn, requests_received);
		HOMA_ADD(rpc->hn, server_request_bytes_started,
			 rpc->core.rx.length);
	}
}

static void count_complete(const struct homa_rpc *rpc)
{
	u32 length = rpc->core.rx.length;

	trace_homa_rpc_complete(rpc);
	homa_sizes_count(rpc->hn, length, rpc->core.rx_incoming);
	if (homa_rpc_is_client(&rpc->core)) {
		HOMA_INC(rpc->hn, client_responses_done);
		HOMA_ADD(rpc->hn, client_response_bytes_done, length);
	}
}

/* First packet of a message: find a place for it, or wait for one. */
static void place(struct homa_rpc *rpc, u64 now_ns, struct homa_todo *todo)
{
	bool ok = homa_pool_alloc_locked(rpc, rpc->core.rx.length);

	count_start(rpc);
	homa_rpc_buffers(&rpc->core, ok, now_ns);
	if (!ok) {
		HOMA_INC(rpc->hn, buffer_alloc_failures);
		trace_homa_rpc_stall(rpc);
		homa_pool_stall_locked(rpc, rpc->core.rx.length);
		/* Buffers that came back before it was linked woke nobody. */
		todo->serve = rpc->hsk;
	}
	/* Even if this packet is not kept, the message has to end some time. */
	homa_timer_start_locked(rpc);
}

static noinline void send_cutoffs(struct homa_rpc *rpc)
{
	struct homa_hdr hdr = { .type = HOMA_CUTOFFS };
	const struct homa_settings *s;

	rcu_read_lock();
	s = rcu_dereference(rpc->hn->settings);
	memcpy(hdr.cutoffs.cutoffs, s->cutoffs.max_len,
	       sizeof(hdr.cutoffs.cutoffs));
	hdr.cutoffs.version = s->cutoffs.version;
	rcu_read_unlock();
	homa_tx_rpc_control(rpc, &hdr);
}

static bool cutoffs_stale(struct homa_rpc *rpc, u16 version)
{
	u16 ours = rcu_dereference(rpc->hn->settings)->cutoffs.version;

	return version != ours && homa_peer_cutoffs_due(rpc->peer);
}

/* Find or make the RPC of a DATA packet; locked, or NULL with a reason. */
static struct homa_rpc *data_rpc(struct homa_sock *hsk,
				 const struct homa_hdr *hdr,
				 const struct homa_peer_key *key,
				 const struct in6_addr *daddr, u64 now_ns,
				 enum homa_reason *reason)
{
	u64 id = homa_wire_local_id(hdr->sender_id);
	struct homa_rpc *rpc;

	if (homa_id_is_client(id)) {
		*reason = HOMA_REASON_UNKNOWN_RPC;
		return homa_rpc_find(hsk, id, key, hdr->sport);
	}
	if (!homa_sock_pool(hsk)) {
		*reason = HOMA_REASON_NO_BUFFER;
		HOMA_INC(hsk->hn, server_cant_create_rpcs);
		return NULL;
	}
	/* The first packet of a request, most likely; look before otherwise. */
	if (hdr->data.offset || hdr->data.retransmit) {
		rpc = homa_rpc_find(hsk, id, key, hdr->sport);
		if (rpc)
			return rpc;
	}
	rpc = homa_rpc_open_server(hsk, id, key, daddr, hdr->sport, now_ns,
				   reason);
	if (!rpc && *reason == HOMA_REASON_NO_MEMORY)
		HOMA_INC(hsk->hn, server_cant_create_rpcs);
	return rpc;
}

/*
 * The usual case: a packet with all of a message that is still to begin, for which
 * there is room.  Otherwise nothing happens, and false is returned.
 */
static bool take_whole(struct homa_rpc *rpc, struct sk_buff *skb,
		       const struct homa_hdr *hdr, u64 now_ns)
{
	struct homa_sock *hsk = rpc->hsk;
	struct homa_skb_cb *cb;

	if (!homa_rpc_wants_whole(&rpc->core) || !homa_sock_pool(hsk) ||
	    !homa_pool_memory_ok(hsk) ||
	    !homa_pool_alloc_locked(rpc, hdr->data.msg_len))
		return false;
	homa_rpc_take_whole(&rpc->core, hdr->data.msg_len, hdr->data.incoming,
			    now_ns);
	if (!homa_rpc_is_client(&rpc->core))
		homa_rpc_limit_response(&rpc->core, hdr->data.response_limit);
	count_start(rpc);
	strip(skb);
	homa_mem_rx_own(hsk, skb);
	cb = HOMA_SKB_CB(skb);
	cb->start = 0;
	cb->end = hdr->data.msg_len;
	cb->data_offset = hdr->hdr_len;
	__skb_queue_tail(&rpc->rxq, skb);
	return true;
}

/* @acked: socket of the RPC that the packet acknowledges, or NULL. */
static void rx_data(struct homa_sock *hsk, struct sk_buff *skb,
		    const struct homa_hdr *hdr,
		    const struct homa_peer_key *key,
		    const struct in6_addr *daddr, struct homa_sock *acked)
{
	/* Silence does not matter to a message that is complete at once. */
	bool whole = hdr->data.len == hdr->data.msg_len;
	u64 now_ns = whole ? ktime_get_coarse_ns() : ktime_get_ns();
	enum homa_reason reason = HOMA_REASON_NONE;
	struct homa_net *hn = hsk->hn;
	struct homa_rpc_verdict v;
	struct homa_rpc *cutoffs = NULL;
	struct homa_todo todo __uninitialized;
	struct homa_rpc *rpc;
	u64 rtt_ns = 0;
	bool taken = false;
	bool early = false;

	/* Without memory for it the packet is as good as lost on its way. */
	if (!homa_mem_rx_charge(hsk, skb->truesize)) {
		drop(hn, skb, HOMA_REASON_NO_MEMORY);
		return;
	}
	rpc = data_rpc(hsk, hdr, key, daddr, now_ns, &reason);
	if (!rpc) {
		if (reason == HOMA_REASON_UNKNOWN_RPC)
			HOMA_INC(hn, unknown_rpcs);
		goto drop;
	}

	homa_todo_init(&todo);
	if (whole) {
		taken = take_whole(rpc, skb, hdr, now_ns);
		if (taken)
			goto took;
		now_ns = ktime_get_ns();
	}
	v = homa_rpc_data(&rpc->core, hdr->data.msg_len, hdr->data.incoming,
			  now_ns);
	reason = v.reason;
	if (v.actions & HOMA_ACT_ALLOC) {
		if (!homa_rpc_is_client(&rpc->core))
			homa_rpc_limit_response(&rpc->core,
						hdr->data.response_limit);
		place(rpc, now_ns, &todo);
	}
	if (v.actions & HOMA_ACT_TAKE) {
		if (rpc->core.rx_stalled) {
			reason = HOMA_REASON_NO_BUFFER;
		} else if (!homa_pool_memory_ok(hsk)) {
			reason = HOMA_REASON_NO_MEMORY;
		} else {
			strip(skb);
			taken = take(rpc, skb, hdr, now_ns, &reason);
			if (taken)
				rtt_ns = homa_rpc_time_data(&rpc->core,
							    hdr->data.offset,
							    hdr->data.retransmit,
							    now_ns);
		}
	}
	if (reason == HOMA_REASON_NO_BUFFER)
		HOMA_ADD(hn, dropped_data_no_bufs, hdr->data.len);
	if (rtt_ns)
		homa_tune_rtt(rpc->peer, rtt_ns, now_ns);

took:
	if (taken) {
		if (hdr->data.retransmit)
			HOMA_INC(hn, resent_packets_used);
		if (homa_rpc_rx_complete(&rpc->core)) {
			count_complete(rpc);
			/* Who copies offers it when it is done. */
			if (likely(!rpc->copying))
				homa_ready_add_locked(rpc, &todo);
		} else {
			homa_timer_start_locked(rpc);
			if (homa_early_due(&rpc->core.rx, rpc->early_offered))
				early = homa_early_offer_locked(rpc, &todo);
		}
		if (rpc->grantee.state != HOMA_GRANTEE_IDLE ||
		    homa_rpc_needs_grants(&rpc->core))
			homa_grant_update_locked(rpc, &todo);
		if (cutoffs_stale(rpc, hdr->data.cutoff_version)) {
			homa_rpc_hold(rpc);
			cutoffs = rpc;
		}
	}
	homa_rpc_unlock(rpc);

	homa_todo_run(&todo);
	if (early)
		homa_early_wake(hsk);
	if (cutoffs) {
		send_cutoffs(cutoffs);
		homa_rpc_put(cutoffs);
	}
	if (acked)
		homa_ack_rx(acked, key, hdr->data.ack.client_id);
	if (taken)
		return;
	if (reason != HOMA_REASON_DUPLICATE)
		goto drop;
	if (hdr->data.retransmit)
		HOMA_INC(hn, resent_discards);
	else
		HOMA_INC(hn, packet_discards);
drop:
	homa_mem_rx_uncharge(hsk, skb->truesize);
	drop(hn, skb, reason);
}

/* Tell the sender that nobody listens (wire §11 step 4). */
static void send_unreachable(struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	else
		icmpv6_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH, 0);
}

static bool policy_ok(struct sock *sk, struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return xfrm4_policy_check(sk, XFRM_POLICY_IN, skb);
	return xfrm6_policy_check(sk, XFRM_POLICY_IN, skb);
}

/**
 * homa_rx_permit() - ask what decides about the packets of a socket
 * @hsk: socket
 * @skb: packet; its header is contiguous
 *
 * IPsec policies, security modules, BPF of control groups, socket filters.
 *
 * Context: softirq, rcu_read_lock(), no Homa lock held.
 * Return: HOMA_REASON_NONE, or why the socket must not get it.
 */
enum homa_reason homa_rx_permit(struct homa_sock *hsk, struct sk_buff *skb)
{
	if (!policy_ok(homa_sock_sk(hsk), skb))
		return HOMA_REASON_POLICY;
	/* A filter must not cut headers. */
	if (sk_filter_trim_cap(homa_sock_sk(hsk), skb, skb->len))
		return HOMA_REASON_FILTER;
	return HOMA_REASON_NONE;
}

/*
 * Make the header contiguous; return how many bytes of the packet are.  DATA
 * often has its header alone in the linear part: message bytes stay in pages.
 */
static u32 linear_bytes(struct sk_buff *skb)
{
	u32 want = min_t(u32, skb->len, HOMA_HDR_BYTES_MAX);

	if (skb_headlen(skb) >= HOMA_DATA_HDR_BYTES &&
	    homa_wire_peek_type(skb->data) == HOMA_DATA)
		return min(want, skb_headlen(skb));
	return pskb_may_pull(skb, want) ? want : 0;
}

/* The socket that a packet is for; NULL with a reason. */
static struct homa_sock *find_sock(struct homa_net *hn,
				   const struct sk_buff *skb,
				   const struct homa_hdr *hdr,
				   const struct in6_addr *saddr,
				   const struct in6_addr *daddr,
				   enum homa_reason *reason)
{
	struct homa_sock *hsk;

	*reason = HOMA_REASON_NO_SOCKET;
	hsk = homa_port_find_rcu(hn, hdr->dport);
	if (!hsk)
		return NULL;
	if (!homa_bind_hears(hsk, skb, daddr))
		return NULL;
	if (!homa_id_is_client(hdr->sender_id))
		return hsk;
	if (!homa_bind_admits(hsk, saddr, hdr->sport))
		return NULL;
	if (READ_ONCE(hsk->server))
		return hsk;
	*reason = HOMA_REASON_NOT_SERVER;
	return NULL;
}

static void rx(struct homa_net *hn, struct sk_buff *skb)
{
	struct homa_hdr hdr __uninitialized;
	struct homa_peer_key key;
	struct homa_sock *acked;
	enum homa_reason reason;
	struct homa_sock *hsk;
	struct in6_addr daddr;
	u32 avail;

	/* Broadcast and multicast are not for RPCs. */
	reason = HOMA_REASON_IGNORED;
	if (skb->pkt_type != PACKET_HOST)
		goto drop;
	/* Bytes in the memory of a device cannot be given to a reader. */
	if (unlikely(!skb_frags_readable(skb)))
		goto drop;
	avail = linear_bytes(skb);
	reason = homa_wire_parse(&hdr, skb->data, avail, skb->len);
	if (reason != HOMA_REASON_NONE) {
		if (reason == HOMA_REASON_BAD_TYPE)
			HOMA_INC(hn, unknown_packet_types);
		else
			HOMA_INC(hn, short_packets);
		goto drop;
	}
	this_cpu_add(hn->mib->value[HOMA_CNT_packets_rcvd_DATA + hdr.type -
				    HOMA_DATA],
		     max_t(u32, skb_shinfo(skb)->gso_segs, 1));
	trace_homa_rx(skb, &hdr);

	/* A stranger must not stop our tracing (conformance H13). */
	reason = HOMA_REASON_IGNORED;
	if (hdr.type == HOMA_FREEZE)
		goto drop;

	homa_addr_from_skb(skb, &key.addr, &daddr);
	key.scope = homa_addr_scope(skb, &key.addr);
	hsk = find_sock(hn, skb, &hdr, &key.addr, &daddr, &reason);
	if (!hsk) {
		if (policy_ok(NULL, skb))
			send_unreachable(skb);
		goto drop;
	}

	reason = homa_rx_permit(hsk, skb);
	if (reason != HOMA_REASON_NONE)
		goto drop;

	if (hdr.type == HOMA_DATA) {
		/* Now: later the packet belongs to whoever reads the message. */
		acked = homa_ack_sock(hsk, skb, &hdr, &key, &daddr,
				      &hdr.data.ack);
		nf_reset_ct(skb);
		rx_data(hsk, skb, &hdr, &key, &daddr, acked);
		return;
	}
	homa_rx_control(hsk, skb, &hdr);
	consume_skb(skb);
	return;

drop:
	drop(hn, skb, reason);
}

/**
 * homa_rx() - a packet for IP protocol 146
 * @skb: packet, data at the Homa header, trimmed to the IP length; consumed
 *
 * Context: softirq, rcu_read_lock().  Return: 0.
 */
int homa_rx(struct sk_buff *skb)
{
	struct homa_net *hn = homa_net(dev_net(skb->dev));
	u64 began = homa_cycles();

	rx(hn, skb);
	HOMA_ADD(hn, softirq_cycles, homa_cycles_since(began));
	return 0;
}
