// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * GRO: packets of a message become a large buffer as they arrive
 * (docs/decisions/0031-gro.md).
 */
#include <linux/delay.h>
#include <linux/percpu.h>
#include <net/gro.h>
#include "homa.h"
#include "compat/gro.h"

/*
 * Do the IPv4 headers @a, of a buffer of @count packets, and @b, of one more,
 * differ only in what is made anew when the buffer is cut?  An identification
 * either counts up or stays the same, which *@fixed_id remembers.
 */
static bool ip_follows(const struct iphdr *a, const struct iphdr *b, u16 count,
		       bool *fixed_id)
{
	u16 step = ntohs(b->id) - ntohs(a->id);

	if (count == 1)
		*fixed_id = !step && a->frag_off & htons(IP_DF);
	return a->ttl == b->ttl && a->tos == b->tos &&
	       a->frag_off == b->frag_off && step == (*fixed_id ? 0 : count);
}

static bool ipv6_follows(const struct ipv6hdr *a, const struct ipv6hdr *b)
{
	return !memcmp(a, b, offsetof(struct ipv6hdr, payload_len)) &&
	       a->hop_limit == b->hop_limit;
}

/* The held packet that has the beginning of the same message, or NULL. */
static struct sk_buff *find(struct list_head *head, const u8 *buf)
{
	struct sk_buff *p;

	list_for_each_entry(p, head, list) {
		if (!NAPI_GRO_CB(p)->same_flow)
			continue;
		if (homa_wire_same_message(skb_transport_header(p), buf))
			return p;
		NAPI_GRO_CB(p)->same_flow = 0;
	}
	return NULL;
}

/*
 * Would a packet with the headers @buf and @hdr be cut out of @p, and not another?
 * @gso_type: what @p has to have for that, beside the protocol
 */
static bool follows(struct sk_buff *p, const u8 *buf,
		    const struct homa_hdr *hdr, u32 ip_len, u32 *gso_type)
{
	u32 seg = skb_shinfo(p)->gso_size;
	const u8 *first = skb_transport_header(p);
	u16 count = NAPI_GRO_CB(p)->count;
	struct homa_hdr first_hdr;
	bool fixed_id;

	if (NAPI_GRO_CB(p)->flush || hdr->data.len > seg ||
	    skb_gro_len(p) != count * seg ||
	    homa_wire_parse(&first_hdr, first, HOMA_DATA_HDR_BYTES,
			    HOMA_DATA_HDR_BYTES + seg) != HOMA_REASON_NONE ||
	    !homa_wire_follows(first, buf, first_hdr.data.offset + count * seg))
		return false;
	*gso_type = 0;
	if (ip_len == sizeof(struct ipv6hdr))
		return ipv6_follows((const void *)(first - ip_len),
				    (const void *)(buf - ip_len));
	fixed_id = skb_shinfo(p)->gso_type & SKB_GSO_TCP_FIXEDID;
	if (!ip_follows((const void *)(first - ip_len),
			(const void *)(buf - ip_len), count, &fixed_id))
		return false;
	if (fixed_id)
		*gso_type = SKB_GSO_TCP_FIXEDID;
	return true;
}

/* Buffers made here that GRO still holds, by CPU; only the sum means anything. */
static DEFINE_PER_CPU(int, held);

/* No more are made. */
static bool stopped;

/* Longest wait for them: devices that went away have dropped theirs untold. */
#define HELD_MS_MAX 1000

/* Packets of a buffer that no link has cut are smaller than this. */
#define BYTES_MAX 65536u

/*
 * Make the bytes of @skb behind its header a part of @p.  (skb_gro_receive() does
 * this for protocols in the kernel itself; it is not exported.)
 * Return: false if that is impossible; nothing has changed then.
 */
static bool join(struct sk_buff *p, struct sk_buff *skb)
{
	struct sk_buff *last = NAPI_GRO_CB(p)->last;
	struct skb_shared_info *from = skb_shinfo(skb);
	struct skb_shared_info *to = skb_shinfo(last);
	u32 skip = skb_gro_offset(skb);
	u32 len = skb_gro_len(skb);
	u32 moved;

	/* Bytes in the memory of a device have no business with others. */
	if (!skb_frags_readable(p) || !skb_frags_readable(skb))
		return false;
	/* A fragment with headers alone would be an empty one. */
	if (skip > skb_headlen(skb) &&
	    skb_frag_size(&from->frags[0]) <= skip - skb_headlen(skb))
		return false;
	if (p->pp_recycle != skb->pp_recycle || skb_zcopy(p) || skb_zcopy(skb) ||
	    skb_has_frag_list(skb) || skb_headlen(skb) > skip + len ||
	    p->len + len >= min(BYTES_MAX, READ_ONCE(p->dev->gro_max_size)))
		return false;
	/* It has arrived; one buffer could not be charged to two sockets. */
	skb_orphan(p);
	skb_orphan(skb);
	/* Headers may be in the first fragment. */
	if (skip > skb_headlen(skb)) {
		u32 eat = skip - skb_headlen(skb);

		skb_frag_off_add(&from->frags[0], eat);
		skb_frag_size_sub(&from->frags[0], eat);
		skb->data_len -= eat;
		skb->len -= eat;
		skip = skb_headlen(skb);
	}
	if (skip == skb_headlen(skb) && from->nr_frags &&
	    to->nr_frags + from->nr_frags <= MAX_SKB_FRAGS) {
		memcpy(&to->frags[to->nr_frags], from->frags,
		       from->nr_frags * sizeof(from->frags[0]));
		to->nr_frags += from->nr_frags;
		from->nr_frags = 0;
		moved = skb->truesize - SKB_TRUESIZE(skb_end_offset(skb));
		skb->truesize -= moved;
		skb->len -= skb->data_len;
		skb->data_len = 0;
		NAPI_GRO_CB(skb)->free = NAPI_GRO_FREE;
	} else {
		moved = skb->truesize;
		__skb_pull(skb, skip);
		if (last == p)
			skb_shinfo(p)->frag_list = skb;
		else
			last->next = skb;
		NAPI_GRO_CB(p)->last = skb;
		__skb_header_release(skb);
		last = p;
	}
	skb_shinfo(last)->flags |= from->flags & SKBFL_SHARED_FRAG;
	skb_shinfo(p)->flags |= from->flags & SKBFL_SHARED_FRAG;
	if (last != p) {
		last->data_len += len;
		last->truesize += moved;
		last->len += len;
	}
	p->data_len += len;
	p->truesize += moved;
	p->len += len;
	if (NAPI_GRO_CB(p)->count++ == 1)
		this_cpu_inc(held);
	NAPI_GRO_CB(skb)->same_flow = 1;
	return true;
}

/*
 * Join packets of a message to one large buffer, if cutting it gives the very same
 * packets again: a router or bridge may have to do that.  All others go on as they
 * are.  Behind a tunnel, too; but only for protocols with this function does GRO
 * find the transport header anew there, and the stack looks at it for the length
 * of a large buffer's header.
 */
static struct sk_buff *receive(struct list_head *head, struct sk_buff *skb,
			       u32 ip_len)
{
	u32 off = skb_gro_offset(skb);
	struct sk_buff *p = NULL;
	struct homa_hdr hdr;
	const u8 *buf;
	u32 gso_type;
	bool last;

	if (NAPI_GRO_CB(skb)->flush || NAPI_GRO_CB(skb)->encap_mark ||
	    skb_is_gso(skb) || homa_gro_ip_len(skb) != ip_len ||
	    READ_ONCE(stopped))
		goto flush;
	buf = skb_gro_header(skb, off + HOMA_DATA_HDR_BYTES, off);
	/* Most packets of short RPCs end here. */
	if (!buf || !homa_wire_is_part(buf, skb_gro_len(skb)))
		goto flush;
	if (homa_wire_parse(&hdr, buf, HOMA_DATA_HDR_BYTES,
			    skb_gro_len(skb)) != HOMA_REASON_NONE)
		goto flush;

	p = find(head, buf);
	last = hdr.data.offset + hdr.data.len == hdr.data.msg_len;
	skb_gro_pull(skb, HOMA_DATA_HDR_BYTES);
	if (p && follows(p, buf, &hdr, ip_len, &gso_type) && join(p, skb)) {
		skb_shinfo(p)->gso_type = gso_type;
		/* Behind a shorter packet none can follow. */
		return last || hdr.data.len < skb_shinfo(p)->gso_size ? p :
								       NULL;
	}
	/* Only one that more can follow is worth waiting. */
	if (!last && homa_wire_may_lead(buf))
		return p;
flush:
	NAPI_GRO_CB(skb)->flush = 1;
	return p;
}

/**
 * homa_gro_receive() - a packet over IPv4 passes GRO
 * @head: packets that are held
 * @skb: packet
 *
 * Context: softirq, rcu_read_lock().
 * Return: held packet that has to go on now, or NULL.
 */
struct sk_buff *homa_gro_receive(struct list_head *head, struct sk_buff *skb)
{
	return receive(head, skb, sizeof(struct iphdr));
}

/* homa_gro_receive6() - the same for IPv6 */
struct sk_buff *homa_gro_receive6(struct list_head *head, struct sk_buff *skb)
{
	return receive(head, skb, sizeof(struct ipv6hdr));
}

/* homa_gro_completed() - GRO does not hold a joined buffer any more */
void homa_gro_completed(void)
{
	this_cpu_dec(held);
}

/**
 * homa_gro_stop() - join no more packets, and wait for buffers that GRO holds
 *
 * A buffer that it lets go after our functions are gone is a warning of the kernel.
 * Context: process.
 */
void homa_gro_stop(void)
{
	u32 ms;
	int cpu;
	int sum;

	WRITE_ONCE(stopped, true);
	synchronize_net();
	for (ms = 0; ms < HELD_MS_MAX; ms += 20) {
		sum = 0;
		for_each_possible_cpu(cpu)
			sum += READ_ONCE(*per_cpu_ptr(&held, cpu));
		if (!sum)
			return;
		msleep(20);
	}
}
