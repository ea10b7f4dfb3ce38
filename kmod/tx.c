// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Packets out: builds them and gives them to IP.
 */
#include <linux/ipv6.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>
#include "homa.h"
#include "trace.h"

/* Message bytes that a packet carries as a copy rather than by reference. */
#define COPY_BYTES_MAX 256

static bool is_v4(const struct homa_peer *peer)
{
	return ipv6_addr_v4mapped(&peer->key.addr);
}

/* An empty packet with room in front for what @dst will put there. */
static struct sk_buff *new_packet(struct homa_sock *hsk, struct dst_entry *dst,
				  u32 bytes)
{
	/* ip6_xmit() wants room for a jumbogram option in any case. */
	u32 room = LL_RESERVED_SPACE(dst->dev) + dst->header_len +
		   sizeof(struct ipv6hdr) + 8;
	struct sock *sk = homa_sock_sk(hsk);
	struct sk_buff *skb;

	skb = alloc_skb(room + bytes, GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_reserve(skb, room);
	skb_reset_transport_header(skb);
	skb->sk = sk;
	skb->destructor = sock_wfree;
	return skb;
}

/*
 * Give a packet to IP; consumes @skb and @way.
 * Context: rcu_read_lock(); no Homa lock held.
 */
static int xmit(struct homa_sock *hsk, struct homa_peer *peer,
		const struct in6_addr *saddr, const struct homa_way *way,
		struct sk_buff *skb, u8 priority)
{
	const struct homa_settings *s = rcu_dereference(hsk->hn->settings);
	u8 tos = homa_wire_tos(s->priority_map[priority]);
	struct sock *sk = homa_sock_sk(hsk);
	struct flowi fl;
	int err;

	/* The destructor is set; now that the size is final, charge it. */
	refcount_add(skb->truesize, &sk->sk_wmem_alloc);
	if (way->held)
		skb_dst_set(skb, way->dst);
	else
		skb_dst_set_noref(skb, way->dst);
	if (is_v4(peer)) {
		/* Of a routed packet's flow only the addresses are used. */
		fl.u.ip4.saddr = saddr->s6_addr32[3];
		fl.u.ip4.daddr = peer->key.addr.s6_addr32[3];
		err = __ip_queue_xmit(sk, skb, &fl, tos);
		return net_xmit_eval(err);
	}
	memset(&fl, 0, sizeof(fl));
	skb->protocol = htons(ETH_P_IPV6);
	fl.u.ip6.saddr = *saddr;
	fl.u.ip6.daddr = peer->key.addr;
	fl.u.ip6.flowi6_proto = IPPROTO_HOMA;
	fl.u.ip6.flowi6_oif = way->dst->dev->ifindex;
	err = ip6_xmit(sk, skb, &fl.u.ip6, READ_ONCE(sk->sk_mark), NULL, tos,
		       READ_ONCE(sk->sk_priority));
	return net_xmit_eval(err);
}

/* Undo new_packet(): nothing was charged yet. */
static void abandon(struct sk_buff *skb)
{
	skb->destructor = NULL;
	skb->sk = NULL;
	kfree_skb(skb);
}

static void send_hdr(struct homa_sock *hsk, struct homa_peer *peer,
		     struct in6_addr *saddr, const struct homa_hdr *hdr)
{
	struct homa_net *hn = hsk->hn;
	struct homa_way way;
	struct sk_buff *skb;
	u8 priority;

	BUILD_BUG_ON(HOMA_CNT_packets_sent_ACK - HOMA_CNT_packets_sent_DATA !=
		     HOMA_ACK - HOMA_DATA);

	rcu_read_lock();
	if (homa_route_rcu(hsk, peer, saddr, &way))
		goto error;
	skb = new_packet(hsk, way.dst, HOMA_HDR_BYTES_MAX);
	if (!skb) {
		homa_route_put(&way);
		goto error;
	}
	skb_put(skb, homa_wire_build(skb->data, hdr));
	priority = rcu_dereference(hn->settings)->core.num_priorities - 1;
	this_cpu_inc(hn->mib->value[HOMA_CNT_packets_sent_DATA + hdr->type -
				    HOMA_DATA]);
	trace_homa_tx(peer, saddr, hdr, 0, priority);
	if (xmit(hsk, peer, saddr, &way, skb, priority))
		goto error;
	rcu_read_unlock();
	return;
error:
	HOMA_INC(hn, control_xmit_errors);
	rcu_read_unlock();
}

/**
 * homa_tx_control() - send a control packet that belongs to no RPC here
 * @hsk: socket that the packet in question was sent to; may be closing
 * @to: where to
 * @hdr: type, sender_id and the type's part filled in
 *
 * Context: softirq, rcu_read_lock(); no Homa lock held.
 */
void homa_tx_control(struct homa_sock *hsk, const struct homa_addr *to,
		     struct homa_hdr *hdr)
{
	struct in6_addr saddr = to->saddr;

	/* The packet will be charged to the socket. */
	if (!refcount_inc_not_zero(&homa_sock_sk(hsk)->sk_refcnt))
		return;
	hdr->sport = to->sport;
	hdr->dport = to->dport;
	send_hdr(hsk, to->peer, &saddr, hdr);
	sock_put(homa_sock_sk(hsk));
}

/**
 * homa_tx_rpc_control() - send a control packet of an RPC
 * @rpc: RPC, referenced
 * @hdr: type and the type's part filled in
 *
 * Context: no Homa lock held.
 */
void homa_tx_rpc_control(struct homa_rpc *rpc, struct homa_hdr *hdr)
{
	struct in6_addr saddr = rpc->saddr;

	hdr->sport = rpc->sport;
	hdr->dport = rpc->dport;
	hdr->sender_id = rpc->core.id;
	send_hdr(rpc->hsk, rpc->peer, &saddr, hdr);
}

/**
 * homa_tx_resends() - ask for what is missing of an incoming message
 * @rpc: RPC, referenced
 * @priority: level that the retransmitted data should use
 *
 * Context: no Homa lock held; takes the RPC lock.
 */
void homa_tx_resends(struct homa_rpc *rpc, u8 priority)
{
	struct homa_tx_range ranges[HOMA_RESENDS_PER_ROUND];
	struct homa_hdr hdr;
	u32 from = 0;
	u32 num = 0;
	u32 i;

	homa_rpc_lock(rpc);
	while (num < ARRAY_SIZE(ranges) && homa_rpc_alive(rpc) &&
	       homa_rpc_resend_range(&rpc->core, from, &ranges[num]))
		from = ranges[num++].end;
	homa_rpc_unlock(rpc);

	for (i = 0; i < num; i++) {
		trace_homa_resend(rpc, ranges[i].start, ranges[i].end);
		memset(&hdr, 0, sizeof(hdr));
		hdr.type = HOMA_RESEND;
		hdr.resend.offset = ranges[i].start;
		hdr.resend.all = ranges[i].end == U32_MAX;
		hdr.resend.length = ranges[i].end - ranges[i].start;
		hdr.resend.priority = priority;
		homa_tx_rpc_control(rpc, &hdr);
	}
}

/**
 * homa_tx_unsched_priority() - level for a message's unscheduled data
 * @rpc: RPC with an outgoing message
 *
 * Without a lock: while a new table arrives, levels may come from a mixture of
 * both; that is a level, too.
 *
 * Context: softirqs disabled.
 * Return: level from the table that the peer published (wire §9).
 */
u8 homa_tx_unsched_priority(struct homa_rpc *rpc)
{
	const struct homa_cutoffs *cutoffs = &rpc->peer->cutoffs;
	u8 num;

	num = rcu_dereference_bh(rpc->hn->settings)->core.num_priorities;
	if (READ_ONCE(cutoffs->version))
		return homa_prio_unsched(cutoffs, rpc->core.tx_len, num);
	return min(num - 1, 6);
}

/*
 * Does a packet carry its bytes as a copy?  Short ones do, and one whose bytes an
 * application has scattered over more pieces of memory than a packet can refer to.
 */
static bool as_copy(const struct homa_rpc *rpc, u32 start, u32 end, u32 seg)
{
	if (end - start <= COPY_BYTES_MAX)
		return true;
	return unlikely(rpc->msgout.uarg) && end - start <= seg &&
	       homa_msgout_reach(&rpc->msgout, start) < end;
}

/*
 * Build and send one DATA packet that fits the path, or a large buffer of packets
 * with @seg message bytes each.
 */
static int send_data(struct homa_rpc *rpc, const struct homa_way *way,
		     const struct in6_addr *saddr, u32 start, u32 end, u32 seg,
		     u8 priority, bool retransmit, u32 incoming)
{
	u32 linear = as_copy(rpc, start, end, seg) ? end - start : 0;
	struct homa_net *hn = rpc->hn;
	struct homa_hdr hdr __uninitialized;
	struct sk_buff *skb;
	u32 packets = 1;
	u8 *header;

	hdr.type = HOMA_DATA;
	hdr.sport = rpc->sport;
	hdr.dport = rpc->dport;
	hdr.sender_id = rpc->core.id;
	hdr.data.offset = start;
	hdr.data.msg_len = rpc->core.tx_len;
	hdr.data.incoming = incoming;
	hdr.data.retransmit = retransmit;
	hdr.data.response_limit = homa_rpc_is_client(&rpc->core) ?
				  rpc->core.response_limit : 0;
	hdr.data.cutoff_version = READ_ONCE(rpc->peer->cutoffs.version);
	hdr.data.ack.client_id = 0;
	hdr.data.ack.server_port = 0;
	skb = new_packet(rpc->hsk, way->dst, HOMA_DATA_HDR_BYTES + linear);
	if (!skb)
		goto error;
	homa_peer_take_acks(rpc->peer, &hdr.data.ack, 1);
	header = skb_put(skb, HOMA_DATA_HDR_BYTES + linear);
	homa_wire_build_data(header, &hdr);
	if (linear) {
		homa_msgout_copy(&rpc->msgout, header + HOMA_DATA_HDR_BYTES,
				 start, end);
	} else if (homa_msgout_attach(&rpc->msgout, skb, start, end)) {
		abandon(skb);
		goto error;
	}
	if (end - start > seg) {
		homa_gso_prepare(skb, seg, end - start, is_v4(rpc->peer));
		packets = skb_shinfo(skb)->gso_segs;
	}
	if (rpc->core.tx_len > seg)
		homa_link_charge(rpc, skb);
	HOMA_ADD(hn, packets_sent_DATA, packets);
	this_cpu_add(hn->mib->priority_packets[priority], packets);
	this_cpu_add(hn->mib->priority_bytes[priority], end - start);
	trace_homa_tx(rpc->peer, saddr, &hdr, end - start, priority);
	return xmit(rpc->hsk, rpc->peer, saddr, way, skb, priority);

error:
	homa_route_put(way);
	return -ENOBUFS;
}

/*
 * How much of a range goes next.  A packet that has become too large for the path
 * is sent in pieces, which a receiver finds inside one hole (wire §7.4).
 */
static u32 next_bytes(const struct homa_rpc *rpc, const struct dst_entry *dst,
		      u32 fits, u32 start, u32 end)
{
	struct homa_tx_range packet = homa_rpc_segment(&rpc->core, start);
	u32 seg = rpc->core.tx_seg;
	u32 room;

	if (fits < seg || start != packet.start || end <= packet.end)
		return min3(end, packet.end, start + fits) - start;
	room = min(homa_msgout_reach(&rpc->msgout, start) - start,
		   homa_gso_bytes(dst, seg));
	return min(end - start, max(room / seg, 1u) * seg);
}

/**
 * homa_tx_range() - send original packets of a message
 * @rpc: RPC, referenced
 * @start: first byte
 * @end: one more than the last
 * @priority: level
 * @retransmit: they were sent before
 * @incoming: what to announce (wire §6.1)
 *
 * As few buffers as the way to the peer allows.  Errors are recovered like loss.
 *
 * Context: no Homa lock held.
 */
void homa_tx_range(struct homa_rpc *rpc, u32 start, u32 end, u8 priority,
		   bool retransmit, u32 incoming)
{
	struct in6_addr saddr = rpc->saddr;

	rcu_read_lock();
	while (start < end) {
		struct homa_way way;
		u32 fits;
		u32 n;

		if (homa_route_rcu(rpc->hsk, rpc->peer, &saddr, &way))
			goto error;
		fits = homa_route_fits(&way, is_v4(rpc->peer));
		if (!fits) {
			homa_route_put(&way);
			goto error;
		}
		n = next_bytes(rpc, way.dst, fits, start, end);
		if (send_data(rpc, &way, &saddr, start, start + n,
			      rpc->core.tx_seg, priority, retransmit, incoming))
			goto error;
		start += n;
	}
	rcu_read_unlock();
	return;
error:
	HOMA_INC(rpc->hn, data_xmit_errors);
	rcu_read_unlock();
}

static bool has_more(const struct homa_rpc *rpc)
{
	struct homa_tx_range r = homa_rpc_tx_next(&rpc->core);

	return r.start != r.end;
}

/**
 * homa_tx_xmit_unlock() - send what may be sent of an outgoing message
 * @rpc: RPC, referenced; need not have anything to send
 * @now_ns: current time
 *
 * Context: process or softirq; RPC lock held on entry, released on return.
 */
void homa_tx_xmit_unlock(struct homa_rpc *rpc, u64 now_ns)
{
	u8 unsched_priority;
	bool first = true;

	while (homa_rpc_alive(rpc) && has_more(rpc)) {
		struct homa_tx_range r;
		u8 priority;
		bool more;

		r = homa_sched_try_locked(rpc, now_ns);
		if (r.start == r.end)
			break;
		if (r.start < rpc->core.tx_unsched) {
			if (first)
				unsched_priority = homa_tx_unsched_priority(rpc);
			first = false;
			priority = unsched_priority;
		} else {
			priority = rpc->core.tx_prio;
		}
		homa_rpc_tx_sent(&rpc->core, r.end, now_ns);
		homa_timer_start_locked(rpc);
		more = has_more(rpc);
		homa_rpc_unlock(rpc);
		homa_tx_range(rpc, r.start, r.end, priority, false,
			      rpc->core.tx_unsched);
		/* Whoever permits more from now on sends it, too. */
		if (!more)
			return;
		now_ns = ktime_get_ns();
		homa_rpc_lock(rpc);
	}
	homa_rpc_unlock(rpc);
}

/**
 * homa_tx_first_unlock() - begin to send a message
 * @rpc: RPC, referenced, nothing of whose outgoing message has been sent
 * @way: from homa_route_way(); consumed
 * @now_ns: current time
 *
 * Context: process, softirqs may be disabled; rcu_read_lock(); RPC lock held on entry,
 * released on return.
 */
void homa_tx_first_unlock(struct homa_rpc *rpc, const struct homa_way *way,
			  u64 now_ns)
{
	const struct homa_settings *s;
	u8 priority;

	s = rcu_dereference(rpc->hn->settings);
	if (!homa_rpc_tx_whole(&rpc->core, &s->core)) {
		homa_route_put(way);
		homa_tx_xmit_unlock(rpc, now_ns);
		return;
	}
	/* One packet that is not held back. */
	homa_sched_account(rpc, rpc->core.tx_len + HOMA_DATA_HDR_BYTES + 40,
			   now_ns);
	priority = homa_tx_unsched_priority(rpc);
	homa_rpc_tx_sent(&rpc->core, rpc->core.tx_len, now_ns);
	homa_timer_start_locked(rpc);
	homa_rpc_unlock(rpc);
	if (send_data(rpc, way, &rpc->saddr, 0, rpc->core.tx_len,
		      rpc->core.tx_seg, priority, false, rpc->core.tx_len))
		HOMA_INC(rpc->hn, data_xmit_errors);
}

/**
 * homa_tx_xmit() - send what may be sent of an outgoing message
 * @rpc: RPC, referenced
 *
 * Context: process or softirq, no Homa lock held; takes the RPC lock.
 */
void homa_tx_xmit(struct homa_rpc *rpc)
{
	homa_rpc_lock(rpc);
	homa_tx_xmit_unlock(rpc, ktime_get_ns());
}

/**
 * homa_tx_retransmit() - send again what overlaps a range (protocol §7.3)
 * @rpc: RPC, referenced
 * @start: first byte
 * @end: one more than the last
 * @priority: level
 *
 * Whole original packets, not held back by pacing.  Context: no Homa lock.
 */
void homa_tx_retransmit(struct homa_rpc *rpc, u32 start, u32 end, u8 priority)
{
	struct homa_tx_range r;
	u32 at = start;

	while (at < end) {
		/* Boundaries are constant, no lock is needed to know them. */
		r = homa_rpc_segment(&rpc->core, at);
		HOMA_INC(rpc->hn, resent_packets);
		local_bh_disable();
		homa_sched_account(rpc, r.end - r.start +
				   HOMA_DATA_HDR_BYTES + 40, ktime_get_ns());
		local_bh_enable();
		homa_tx_range(rpc, r.start, r.end, priority, true, end);
		at = r.end;
	}
}
