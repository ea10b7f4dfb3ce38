// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The queueing discipline "homa", for hosts that mix Homa with other traffic
 * (protocol §4.2, docs/decisions/0037-qdisc.md).
 *
 *	tc qdisc replace dev eth0 root homa
 *
 * or below mq, one for each transmit queue.  Short packets pass at once.  Others
 * wait here rather than in the device: those of Homa by the unsent bytes of
 * their message, all else in order of arrival.  Both share the link, whose state
 * is common to all queues of a device.
 *
 * Everything is serialised by the lock of the root queueing discipline, but for
 * that common state, one integer.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/tcp.h>
#include <net/pkt_sched.h>
#include "homa.h"

/* Messages that wait are told apart by hashes of so many values. */
#define FLOWS		256

/* Without a queue length of the device. */
#define LIMIT_DEFAULT	1000

/* Where the device is full but tells nobody when it is not. */
#define FULL_POLL_NS	10000u

/* Frame check, preamble and gap, which a packet's length does not have. */
#define LINK_BYTES	24

/* A list of packets in order. */
struct fifo {
	struct sk_buff *head;
	struct sk_buff *tail;
};

/**
 * struct cb - what is remembered of a packet while it waits
 * @left: Homa: unsent bytes of its message
 * @flow: hash of its message or flow
 */
struct cb {
	u32 left;
	u16 flow;
};

/**
 * struct flow - packets of a message; of several, if they hash alike
 * @srpt: in homa_qdisc.srpt while there are packets
 * @packets: they
 */
struct flow {
	struct homa_srpt_entry srpt;
	struct fifo packets;
};

/**
 * struct homa_qdisc - one queue
 * @link: of the device, referenced
 * @now: packets that are not held back
 * @other: packets of other protocols
 * @flows: packets of Homa by message, FLOWS of them
 * @srpt: order of @flows
 * @share: whose turn it is
 * @waiting: packets in @other by hash of their flow
 * @watchdog: wakes the device when the link has room again
 */
struct homa_qdisc {
	struct homa_link *link;
	struct fifo now;
	struct fifo other;
	struct flow *flows;
	struct homa_srpt srpt;
	struct homa_share share;
	u32 waiting[FLOWS];
	struct qdisc_watchdog watchdog;
};

static struct cb *cb_of(struct sk_buff *skb)
{
	return (struct cb *)qdisc_skb_cb(skb)->data;
}

static void fifo_add(struct fifo *f, struct sk_buff *skb)
{
	skb->next = NULL;
	if (f->head)
		f->tail->next = skb;
	else
		f->head = skb;
	f->tail = skb;
}

static struct sk_buff *fifo_take(struct fifo *f)
{
	struct sk_buff *skb = f->head;

	f->head = skb->next;
	skb_mark_not_on_list(skb);
	return skb;
}

/* ---- what a packet is ---- */

/* Protocol and offset of the transport header; 0 for what is not IP. */
static u8 transport(const struct sk_buff *skb, int *offset)
{
	union {
		struct iphdr v4;
		struct ipv6hdr v6;
	} buf;
	int at = skb_network_offset(skb);
	const struct ipv6hdr *v6;
	const struct iphdr *v4;

	switch (skb_protocol(skb, true)) {
	case htons(ETH_P_IP):
		v4 = skb_header_pointer(skb, at, sizeof(buf.v4), &buf);
		/* Behind a tag that is part of the packet it is something else. */
		if (!v4 || v4->version != 4 || v4->ihl < 5)
			return 0;
		*offset = at + 4 * v4->ihl;
		/* Later fragments have no transport header. */
		return v4->frag_off & htons(IP_OFFSET) ? 0 : v4->protocol;
	case htons(ETH_P_IPV6):
		v6 = skb_header_pointer(skb, at, sizeof(buf.v6), &buf);
		if (!v6 || v6->version != 6)
			return 0;
		*offset = at + sizeof(*v6);
		return v6->nexthdr;
	default:
		return 0;
	}
}

/* Is it a packet of Homa, and which? */
static bool parse_homa(const struct sk_buff *skb, int offset,
		       struct homa_hdr *hdr)
{
	u8 buf[HOMA_HDR_BYTES_MAX];
	u32 avail;
	u8 *at;

	if (offset < 0 || skb->len <= offset)
		return false;
	avail = min_t(u32, skb->len - offset, sizeof(buf));
	at = skb_header_pointer(skb, offset, avail, buf);
	return at && homa_wire_parse(hdr, at, avail, skb->len - offset) ==
		     HOMA_REASON_NONE;
}

static bool is_bare_ack(const struct sk_buff *skb, int offset)
{
	const struct tcphdr *tcp;
	struct tcphdr buf;

	tcp = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	return tcp && tcp->ack && !tcp->syn && !tcp->fin && !tcp->rst &&
	       skb->len <= offset + 4 * tcp->doff;
}

static u32 flow_of_homa(const struct homa_hdr *hdr)
{
	return hash_64(hdr->sender_id ^ ((u64)hdr->sport << 48) ^ hdr->dport,
		       ilog2(FLOWS));
}

/* ---- in ---- */

static void enqueue_homa(struct homa_qdisc *q, struct sk_buff *skb)
{
	struct flow *flow = &q->flows[cb_of(skb)->flow];

	fifo_add(&flow->packets, skb);
	/* Does nothing if it is there. */
	homa_srpt_add(&q->srpt, &flow->srpt, cb_of(skb)->left, ktime_get_ns());
}

static int enqueue_one(struct Qdisc *sch, struct sk_buff *skb,
		       const struct homa_settings *s, struct sk_buff **to_free)
{
	struct homa_qdisc *q = qdisc_priv(sch);
	enum homa_share_class class;
	struct homa_hdr hdr;
	int offset = 0;
	bool is_homa;
	u8 proto;

	if (unlikely(sch->q.qlen >= sch->limit))
		return qdisc_drop(skb, sch, to_free);

	proto = transport(skb, &offset);
	is_homa = proto == IPPROTO_HOMA && parse_homa(skb, offset, &hdr);
	qdisc_cb_private_validate(skb, sizeof(struct cb));
	if (is_homa) {
		cb_of(skb)->flow = flow_of_homa(&hdr);
		cb_of(skb)->left = hdr.data.msg_len - hdr.data.offset;
		class = homa_share_class_homa(&hdr, s->core.defer_min_bytes);
	} else {
		cb_of(skb)->flow = skb_get_hash(skb) % FLOWS;
		class = homa_share_class_other(skb->len, proto == IPPROTO_TCP &&
					       is_bare_ack(skb, offset),
					       q->waiting[cb_of(skb)->flow],
					       s->core.defer_min_bytes);
	}
	switch (class) {
	case HOMA_SHARE_NOW:
		fifo_add(&q->now, skb);
		break;
	case HOMA_SHARE_HOMA:
		enqueue_homa(q, skb);
		break;
	case HOMA_SHARE_OTHER:
		fifo_add(&q->other, skb);
		q->waiting[cb_of(skb)->flow]++;
		break;
	}
	sch->q.qlen++;
	qdisc_qstats_backlog_inc(sch, skb);
	return NET_XMIT_SUCCESS;
}

/* Cut a large buffer; @skb is consumed. */
static int enqueue_parts(struct Qdisc *sch, struct sk_buff *skb,
			 const struct homa_settings *s,
			 struct sk_buff **to_free)
{
	u32 before = qdisc_pkt_len(skb);
	struct sk_buff *part, *next;
	u32 num = 0, bytes = 0;

	part = skb_gso_segment(skb, netif_skb_features(skb) & ~NETIF_F_GSO_MASK);
	if (IS_ERR_OR_NULL(part))
		return qdisc_drop(skb, sch, to_free);
	for (; part; part = next) {
		next = part->next;
		skb_mark_not_on_list(part);
		qdisc_skb_cb(part)->pkt_len = part->len;
		if (enqueue_one(sch, part, s, to_free) == NET_XMIT_SUCCESS) {
			num++;
			bytes += part->len;
		}
	}
	if (num)
		/* Those above counted one packet with all its bytes. */
		qdisc_tree_reduce_backlog(sch, 1 - num, before - bytes);
	if (!num) {
		kfree_skb_reason(skb, SKB_DROP_REASON_QDISC_DROP);
		return NET_XMIT_DROP;
	}
	consume_skb(skb);
	return NET_XMIT_SUCCESS;
}

static int homa_qdisc_enqueue(struct sk_buff *skb, struct Qdisc *sch,
			      struct sk_buff **to_free)
{
	struct homa_qdisc *q = qdisc_priv(sch);
	const struct homa_settings *s;

	/* Softirqs are disabled: this is a read-side section. */
	s = rcu_dereference_bh(q->link->hn->settings);
	/* Homa's own buffers fit the link, but not those that GRO has made. */
	if (skb_is_gso(skb) &&
	    homa_pace_burst_bytes(homa_link_mbps(q->link, &s->core),
				  max(s->core.max_nic_backlog_ns,
				      HOMA_PACE_BURST_NS)) <
	    skb->len / 2)
		return enqueue_parts(sch, skb, s, to_free);
	return enqueue_one(sch, skb, s, to_free);
}

/* ---- out ---- */

/* Bytes that the driver has and has not reported as sent. */
static u32 nic_bytes(const struct Qdisc *sch)
{
#ifdef CONFIG_BQL
	const struct dql *dql = &sch->dev_queue->dql;
	s32 has = READ_ONCE(dql->num_queued) - READ_ONCE(dql->num_completed);

	return max(has, 0);
#else
	return 0;
#endif
}

/*
 * May something that was held back go now?  If not, the device will be woken.
 * Return: true if so; what goes has to be accounted.
 */
static bool room(struct Qdisc *sch, struct homa_qdisc *q,
		 const struct homa_settings *s, u64 now_ns)
{
	u64 idle_ns = atomic64_read(&q->link->qdisc_idle_ns);
	u64 limit = div_u64((u64)s->max_nic_queue_usecs *
			    homa_link_mbps(q->link, &s->core), 8);

	if (idle_ns > now_ns && idle_ns - now_ns > s->core.max_nic_backlog_ns) {
		qdisc_qstats_overlimit(sch);
		qdisc_watchdog_schedule_ns(&q->watchdog, idle_ns -
					   s->core.max_nic_backlog_ns);
		return false;
	}
	if (nic_bytes(sch) > limit) {
		qdisc_qstats_overlimit(sch);
		qdisc_watchdog_schedule_ns(&q->watchdog, now_ns + FULL_POLL_NS);
		return false;
	}
	return true;
}

static void account(struct homa_qdisc *q, const struct homa_settings *s,
		    struct sk_buff *skb, u64 now_ns)
{
	u32 packets = max_t(u32, skb_shinfo(skb)->gso_segs, 1);
	u32 wire_ns = homa_share_wire_ns(qdisc_pkt_len(skb) +
					 packets * LINK_BYTES,
					 homa_link_mbps(q->link, &s->core),
					 s->max_link_usage);
	s64 old = atomic64_read(&q->link->qdisc_idle_ns);
	struct homa_pace_verdict v;

	do {
		v = homa_pace_try(old, now_ns, wire_ns, 0, true);
	} while (!atomic64_try_cmpxchg(&q->link->qdisc_idle_ns, &old,
				       v.idle_until_ns));
}

/* The message whose turn it is gives its next packet. */
static struct sk_buff *take_homa(struct homa_qdisc *q,
				 const struct homa_settings *s, u64 now_ns)
{
	struct homa_srpt_verdict v;
	struct sk_buff *skb;
	struct flow *flow;

	v = homa_srpt_next(&q->srpt, &s->core, now_ns, now_ns);
	flow = container_of(v.entry, struct flow, srpt);
	skb = fifo_take(&flow->packets);
	homa_srpt_remove(&q->srpt, &flow->srpt);
	if (flow->packets.head)
		homa_srpt_add(&q->srpt, &flow->srpt,
			      cb_of(flow->packets.head)->left,
			      flow->srpt.birth_ns);
	return skb;
}

static struct sk_buff *take_deferred(struct Qdisc *sch, struct homa_qdisc *q,
				     const struct homa_settings *s, u64 now_ns)
{
	enum homa_share_class class;
	struct sk_buff *skb;

	class = homa_share_next(&q->share, q->srpt.count, q->other.head);
	if (class == HOMA_SHARE_NOW || !room(sch, q, s, now_ns))
		return NULL;
	if (class == HOMA_SHARE_HOMA) {
		skb = take_homa(q, s, now_ns);
	} else {
		skb = fifo_take(&q->other);
		q->waiting[cb_of(skb)->flow]--;
		HOMA_ADD(q->link->hn, pacer_tcp_bytes, qdisc_pkt_len(skb));
	}
	homa_share_sent(&q->share, class, qdisc_pkt_len(skb), s->homa_share);
	return skb;
}

static struct sk_buff *homa_qdisc_dequeue(struct Qdisc *sch)
{
	struct homa_qdisc *q = qdisc_priv(sch);
	const struct homa_settings *s;
	u64 now_ns = ktime_get_ns();
	struct sk_buff *skb;

	s = rcu_dereference_bh(q->link->hn->settings);
	skb = q->now.head ? fifo_take(&q->now) :
			    take_deferred(sch, q, s, now_ns);
	if (!skb)
		return NULL;
	account(q, s, skb, now_ns);
	sch->q.qlen--;
	qdisc_qstats_backlog_dec(sch, skb);
	qdisc_bstats_update(sch, skb);
	return skb;
}

/* ---- life ---- */

static void purge(struct fifo *f)
{
	rtnl_kfree_skbs(f->head, f->tail);
	f->head = NULL;
}

static void homa_qdisc_reset(struct Qdisc *sch)
{
	struct homa_qdisc *q = qdisc_priv(sch);
	u32 i;

	purge(&q->now);
	purge(&q->other);
	for (i = 0; q->flows && i < FLOWS; i++) {
		homa_srpt_remove(&q->srpt, &q->flows[i].srpt);
		purge(&q->flows[i].packets);
	}
	memset(q->waiting, 0, sizeof(q->waiting));
	qdisc_watchdog_cancel(&q->watchdog);
}

static int homa_qdisc_init(struct Qdisc *sch, struct nlattr *opt,
			   struct netlink_ext_ack *extack)
{
	struct homa_qdisc *q = qdisc_priv(sch);
	struct net_device *dev = qdisc_dev(sch);

	/* First: destroy() is called in any case. */
	qdisc_watchdog_init(&q->watchdog, sch);
	homa_srpt_init(&q->srpt);
	if (opt) {
		NL_SET_ERR_MSG(extack, "homa has no options: see net.homa.homa_share in homa(7)");
		return -EINVAL;
	}
	q->flows = kvcalloc(FLOWS, sizeof(*q->flows), GFP_KERNEL_ACCOUNT);
	if (!q->flows)
		return -ENOMEM;
	rcu_read_lock();
	q->link = homa_link_get(homa_net(dev_net(dev)), dev->ifindex);
	rcu_read_unlock();
	sch->limit = dev->tx_queue_len ?: LIMIT_DEFAULT;
	return 0;
}

static void homa_qdisc_destroy(struct Qdisc *sch)
{
	struct homa_qdisc *q = qdisc_priv(sch);

	qdisc_watchdog_cancel(&q->watchdog);
	kvfree(q->flows);
	if (q->link)
		homa_link_put(q->link);
}

static struct Qdisc_ops homa_qdisc_ops __read_mostly = {
	.id = "homa",
	.priv_size = sizeof(struct homa_qdisc),
	.enqueue = homa_qdisc_enqueue,
	.dequeue = homa_qdisc_dequeue,
	.peek = qdisc_peek_dequeued,
	.init = homa_qdisc_init,
	.reset = homa_qdisc_reset,
	.destroy = homa_qdisc_destroy,
	.owner = THIS_MODULE,
};

/**
 * homa_qdisc_register() - let tc know the queueing discipline
 *
 * Return: 0 or a negative errno.
 */
int homa_qdisc_register(void)
{
	return register_qdisc(&homa_qdisc_ops);
}

/** homa_qdisc_unregister() - the reverse; none is in use, or we were not here */
void homa_qdisc_unregister(void)
{
	unregister_qdisc(&homa_qdisc_ops);
}
