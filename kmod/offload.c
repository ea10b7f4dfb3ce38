// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Large buffers: many packets of a message in one sk_buff, cut as late as
 * possible (docs/decisions/0020-large-buffers.md), and made of packets as they
 * arrive (docs/decisions/0031-gro.md).
 *
 * Between hosts on one machine (veth, bridge, macvlan ...) such a buffer is
 * never cut, and the receiver takes it as one packet.  Before any other device
 * the stack calls homa_gso_segment().
 */
#include <net/gro.h>
#include <net/protocol.h>
#include "homa.h"

/*
 * No device cuts packets of protocol 146.  A type is offered to a device only if
 * it claims all of its bits: TCP and SCTP together are claimed by devices that
 * hand buffers on as they are, and by no hardware.  The TCP bit makes the stack
 * read the length of the header from where TCP has it, and so have we (wire §4).
 */
#define GSO_TYPE_V4 (SKB_GSO_TCPV4 | SKB_GSO_SCTP)
#define GSO_TYPE_V6 (SKB_GSO_TCPV6 | SKB_GSO_SCTP)

/**
 * homa_gso_bytes() - message bytes that one buffer can carry
 * @dst: route
 * @seg: message bytes in a packet
 *
 * Return: at least @seg; @seg if the device wants no large buffers.
 */
u32 homa_gso_bytes(const struct dst_entry *dst, u32 seg)
{
	const struct net_device *dev = dst->dev;
	u32 packets;
	u32 bytes;

	if (!(dev->features & NETIF_F_GSO) || !(dev->features & NETIF_F_SG))
		return seg;
	bytes = min_t(u32, READ_ONCE(dev->gso_max_size), GSO_LEGACY_MAX_SIZE);
	if (bytes <= MAX_HEADER + HOMA_DATA_HDR_BYTES + seg)
		return seg;
	bytes -= MAX_HEADER + HOMA_DATA_HDR_BYTES;
	packets = min_t(u32, bytes / seg, READ_ONCE(dev->gso_max_segs));
	return max(packets, 1u) * seg;
}

/**
 * homa_gso_prepare() - tell the stack that a packet is a large buffer
 * @skb: packet with DATA header and all of its bytes
 * @seg: message bytes per packet to be cut
 * @bytes: message bytes in @skb, more than @seg
 * @v4: for IPv4
 */
void homa_gso_prepare(struct sk_buff *skb, u32 seg, u32 bytes, bool v4)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	shinfo->gso_size = seg;
	shinfo->gso_segs = DIV_ROUND_UP(bytes, seg);
	shinfo->gso_type = v4 ? GSO_TYPE_V4 : GSO_TYPE_V6;
	/* There is no checksum to be finished in the pieces. */
	skb->ip_summed = CHECKSUM_UNNECESSARY;
}

/*
 * Cut a large buffer into packets.  Context: any.
 * Return: the packets; NULL if the device takes the buffer as it is.
 */
static struct sk_buff *homa_gso_segment(struct sk_buff *skb,
					netdev_features_t features)
{
	u32 seg = skb_shinfo(skb)->gso_size;
	enum homa_reason reason;
	struct sk_buff *segs;
	struct sk_buff *part;
	struct homa_hdr hdr;
	u32 offset;

	if (!(skb_shinfo(skb)->gso_type & SKB_GSO_SCTP) ||
	    !pskb_may_pull(skb, HOMA_DATA_HDR_BYTES))
		return ERR_PTR(-EINVAL);
	reason = homa_wire_parse(&hdr, skb->data, HOMA_DATA_HDR_BYTES,
				 skb->len);
	if (reason != HOMA_REASON_NONE || hdr.type != HOMA_DATA ||
	    hdr.hdr_len != HOMA_DATA_HDR_BYTES)
		return ERR_PTR(-EINVAL);
	/* Tunnels that the buffer has left took that away. */
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	if (skb_gso_ok(skb, features | NETIF_F_GSO_ROBUST)) {
		/* Only its sender is not trusted: count for ourselves. */
		skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(hdr.data.len, seg);
		return NULL;
	}

	__skb_pull(skb, HOMA_DATA_HDR_BYTES);
	/*
	 * As if the device did checksums: none is computed.  But a tunnel that
	 * has one in its own header needs the sum of each packet.
	 */
	if (skb->encap_hdr_csum)
		features &= ~NETIF_F_CSUM_MASK;
	else
		features |= NETIF_F_HW_CSUM;
	/*
	 * Single packets: for a device that takes large buffers but no lists
	 * skb_segment() would make smaller buffers of what GRO joined.
	 */
	features &= ~NETIF_F_GSO_MASK;
	segs = skb_segment(skb, features);
	if (IS_ERR_OR_NULL(segs))
		return segs;
	homa_link_pass_charge(skb, segs->prev);
	offset = hdr.data.offset;
	for (part = segs->next; part; part = part->next) {
		offset += seg;
		homa_wire_continue(skb_transport_header(part), offset);
	}
	return segs;
}

/* GRO joined packets to a large buffer. */
static int gro_complete(struct sk_buff *skb, u32 gso_type)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	homa_gro_completed();
	shinfo->gso_segs = NAPI_GRO_CB(skb)->count;
	shinfo->gso_type |= gso_type;
	/* What a device knows of the sum of the first packet is void. */
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->csum_level = 0;
	return 0;
}

static int homa_gro_complete(struct sk_buff *skb, int thoff)
{
	return gro_complete(skb, GSO_TYPE_V4);
}

static int homa_gro_complete6(struct sk_buff *skb, int thoff)
{
	return gro_complete(skb, GSO_TYPE_V6);
}

static const struct net_offload homa_offload = {
	.callbacks = {
		.gso_segment = homa_gso_segment,
		.gro_receive = homa_gro_receive,
		.gro_complete = homa_gro_complete,
	},
};

static const struct net_offload homa_offload6 = {
	.callbacks = {
		.gso_segment = homa_gso_segment,
		.gro_receive = homa_gro_receive6,
		.gro_complete = homa_gro_complete6,
	},
};

/**
 * homa_offload_init() - offer the stack to cut our buffers
 *
 * Return: 0, or -EBUSY if somebody else has protocol 146.
 */
int homa_offload_init(void)
{
	int err = inet_add_offload(&homa_offload, IPPROTO_HOMA);

	if (err)
		return -EBUSY;
	err = inet6_add_offload(&homa_offload6, IPPROTO_HOMA);
	if (err) {
		inet_del_offload(&homa_offload, IPPROTO_HOMA);
		return -EBUSY;
	}
	return 0;
}

/** homa_offload_exit() - the reverse; buffers under way may be dropped */
void homa_offload_exit(void)
{
	homa_gro_stop();
	inet6_del_offload(&homa_offload6, IPPROTO_HOMA);
	inet_del_offload(&homa_offload, IPPROTO_HOMA);
}
