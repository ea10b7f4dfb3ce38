// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Bytes of an outgoing message: copied once from the application into pages,
 * then only referenced by the packets that carry them, however often.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/uio.h>
#include "homa.h"

/* Runs that a message can need if all pages are single ones. */
#define FRAGS_MAX (HOMA_MAX_MESSAGE_LENGTH / PAGE_SIZE + 2)

static struct homa_frag *frag_room(struct homa_msgout *out, u32 len)
{
	if (out->num_frags < HOMA_INLINE_FRAGS &&
	    out->frags == out->inline_frags)
		return &out->frags[out->num_frags];
	if (out->frags == out->inline_frags) {
		struct homa_frag *frags;

		frags = kmalloc_array(min_t(u32, len / PAGE_SIZE + 3,
					    FRAGS_MAX + 1),
				      sizeof(*frags), GFP_KERNEL_ACCOUNT);
		if (!frags)
			return NULL;
		memcpy(frags, out->inline_frags, sizeof(out->inline_frags));
		out->frags = frags;
	}
	return &out->frags[out->num_frags];
}

/**
 * homa_msgout_fill() - copy a message from the application
 * @hsk: socket that is charged for it
 * @out: empty message
 * @iter: where the bytes are
 * @len: 1..HOMA_MSG_BYTES_MAX
 * @extra: bytes to charge for what is kept with the message
 *
 * Context: process.  Return: 0, -EFAULT or -ENOMEM; then @out holds nothing.
 */
int homa_msgout_fill(struct homa_sock *hsk, struct homa_msgout *out,
		     struct iov_iter *iter, u32 len, u32 extra)
{
	struct page_frag *pfrag = &current->task_frag;
	u32 done = 0;
	int err;

	if (!homa_mem_tx_charge(hsk, len + extra)) {
		homa_sock_explain(hsk, "sockets hold as much memory as net.homa.homa_mem allows");
		return -ENOMEM;
	}
	out->frags = out->inline_frags;
	out->num_frags = 0;
	out->charged = len + extra;

	while (done < len) {
		struct homa_frag *frag = frag_room(out, len);
		u32 n;

		err = -ENOMEM;
		if (!frag)
			goto fail;
		/* A whole page at least, so that the number of runs is bounded
		 * by the number of pages and the first piece.
		 */
		if (!skb_page_frag_refill(min_t(u32, len - done, PAGE_SIZE),
					  pfrag, GFP_KERNEL_ACCOUNT))
			goto fail;
		n = min_t(u32, len - done, pfrag->size - pfrag->offset);
		err = -EFAULT;
		if (copy_page_from_iter(pfrag->page, pfrag->offset, n,
					iter) != n)
			goto fail;
		get_page(pfrag->page);
		frag->page = pfrag->page;
		frag->page_offset = pfrag->offset;
		frag->start = done;
		frag->bytes = n;
		out->num_frags++;
		pfrag->offset += n;
		done += n;
	}
	return 0;

fail:
	homa_msgout_free(hsk, out);
	return err;
}

/**
 * homa_msgout_free() - release a message; idempotent
 * @hsk: socket that was charged
 * @out: message; packets in flight keep their pages
 */
void homa_msgout_free(struct homa_sock *hsk, struct homa_msgout *out)
{
	u32 i;

	if (!out->frags)
		return;
	for (i = 0; i < out->num_frags; i++)
		put_page(out->frags[i].page);
	if (out->frags != out->inline_frags)
		kfree(out->frags);
	out->frags = NULL;
	out->num_frags = 0;
	homa_sock_uncharge(hsk, out->charged);
}

/* Index of the run that holds message byte @offset. */
static u32 find_frag(const struct homa_msgout *out, u32 offset)
{
	u32 high = out->num_frags;
	u32 low = 0;

	while (high - low > 1) {
		u32 mid = (low + high) / 2;

		if (out->frags[mid].start <= offset)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/**
 * homa_msgout_copy() - put a part of the message in a packet's linear part
 * @out: filled message
 * @skb: packet with room behind its header
 * @start: first byte
 * @end: one more than the last
 *
 * For short parts, where a copy is cheaper than a reference to a page here and
 * its use at the receiver.  Context: any; the RPC is referenced.
 */
void homa_msgout_copy(const struct homa_msgout *out, struct sk_buff *skb,
		      u32 start, u32 end)
{
	u32 i = find_frag(out, start);

	for (; start < end; i++) {
		const struct homa_frag *frag = &out->frags[i];
		u32 skip = start - frag->start;
		u32 n = min(end - start, frag->bytes - skip);

		/* Allocated with GFP_KERNEL, so mapped; not always one page. */
		memcpy(skb_put(skb, n), page_address(frag->page) +
		       frag->page_offset + skip, n);
		start += n;
	}
}

/**
 * homa_msgout_reach() - how far a packet can reach
 * @out: filled message
 * @start: first byte of the packet
 *
 * Return: first byte that would need one piece of memory too many, or U32_MAX.
 */
u32 homa_msgout_reach(const struct homa_msgout *out, u32 start)
{
	u32 i = find_frag(out, start) + MAX_SKB_FRAGS;

	return i < out->num_frags ? out->frags[i].start : U32_MAX;
}

/**
 * homa_msgout_attach() - make a packet carry a part of the message
 * @out: filled message
 * @skb: packet with headers only
 * @start: first byte
 * @end: one more than the last, > @start
 *
 * Context: any; the RPC is referenced.
 * Return: 0, or -EMSGSIZE if the part lies in more pieces than a packet takes.
 */
int homa_msgout_attach(const struct homa_msgout *out, struct sk_buff *skb,
		       u32 start, u32 end)
{
	u32 i = find_frag(out, start);
	u32 nr = 0;

	/* Whoever wants to write to the data (IPsec) has to copy it first: it
	 * will be sent again from the same pages.
	 */
	skb_shinfo(skb)->flags |= SKBFL_SHARED_FRAG;
	for (; start < end; i++) {
		const struct homa_frag *frag = &out->frags[i];
		u32 skip = start - frag->start;
		u32 n = min(end - start, frag->bytes - skip);

		if (nr >= MAX_SKB_FRAGS)
			return -EMSGSIZE;
		get_page(frag->page);
		skb_fill_page_desc(skb, nr++, frag->page,
				   frag->page_offset + skip, n);
		skb->len += n;
		skb->data_len += n;
		skb->truesize += n;
		start += n;
	}
	return 0;
}
