// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Bytes of an outgoing message: copied once from the application into pages,
 * then only referenced by the packets that carry them, however often.  A short
 * message is copied into the RPC, and from there into each packet.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/uio.h>
#include "homa.h"

/* From this length on messages get blocks of their own, at least half full. */
#define BLOCKS_BYTES_MIN (HOMA_BLOCK_BYTES / 2)

/* Room for one more run, of a message of which @left bytes are missing. */
static struct homa_frag *frag_room(struct homa_msgout *out, u32 left)
{
	struct homa_frag *frags;
	u32 max;

	if (out->num_frags < out->max_frags)
		return &out->frags[out->num_frags];
	if (out->blocks && out->frags == out->inline_frags)
		max = out->num_frags + DIV_ROUND_UP(left, HOMA_BLOCK_BYTES);
	else	/* If all pages to come are single ones, and the first is begun. */
		max = out->num_frags + left / PAGE_SIZE + 2;
	frags = kmalloc_array(max, sizeof(*frags), GFP_KERNEL_ACCOUNT);
	if (!frags)
		return NULL;
	memcpy(frags, out->frags, out->num_frags * sizeof(*frags));
	if (out->frags != out->inline_frags)
		kfree(out->frags);
	out->frags = frags;
	out->max_frags = max;
	return &out->frags[out->num_frags];
}

/* Copy the next @n bytes of a message to a page, which gets one more reference. */
static int add_run(struct homa_msgout *out, struct page *page, u32 offset,
		   struct iov_iter *iter, u32 done, u32 n)
{
	struct homa_frag *frag = &out->frags[out->num_frags];

	/* Allocated with GFP_KERNEL, so mapped; not always one page. */
	if (copy_from_iter(page_address(page) + offset, n, iter) != n)
		return -EFAULT;
	get_page(page);
	frag->page = page;
	frag->page_offset = offset;
	frag->start = done;
	frag->bytes = n;
	out->num_frags++;
	return 0;
}

/*
 * Copy a long message to blocks, as long as there are any.
 * Return: bytes copied, or -EFAULT.
 */
static int fill_blocks(struct homa_sock *hsk, struct homa_msgout *out,
		       struct iov_iter *iter, u32 len)
{
	struct page *spare[HOMA_SPARES_MAX];
	u32 num = homa_spare_take(&hsk->spare, spare,
				  DIV_ROUND_UP(len, HOMA_BLOCK_BYTES));
	struct page *page;
	u32 done = 0;
	int err = 0;
	u32 n;

	while (done < len && !err && frag_room(out, len - done)) {
		page = num ? spare[--num] :
			     alloc_pages(GFP_KERNEL_ACCOUNT | __GFP_COMP |
					 __GFP_NOWARN | __GFP_NORETRY,
					 HOMA_BLOCK_ORDER);
		if (!page)
			break;
		n = min(len - done, HOMA_BLOCK_BYTES);
		err = add_run(out, page, 0, iter, done, n);
		put_page(page);
		done += n;
	}
	while (num)
		put_page(spare[--num]);
	return err ?: done;
}

/* Copy the rest of a message to what the thread has for short ones. */
static int fill_rest(struct homa_msgout *out, struct iov_iter *iter, u32 done,
		     u32 len)
{
	struct page_frag *pfrag = &current->task_frag;
	int err;
	u32 n;

	while (done < len) {
		/* A whole page at least, so that the number of runs is bounded
		 * by the number of pages and the first piece.
		 */
		if (!frag_room(out, len - done) ||
		    !skb_page_frag_refill(min_t(u32, len - done, PAGE_SIZE),
					  pfrag, GFP_KERNEL_ACCOUNT))
			return -ENOMEM;
		n = min_t(u32, len - done, pfrag->size - pfrag->offset);
		err = add_run(out, pfrag->page, pfrag->offset, iter, done, n);
		if (err)
			return err;
		pfrag->offset += n;
		done += n;
	}
	return 0;
}

/* Copy a message into pages. */
static int fill_pages(struct homa_sock *hsk, struct homa_msgout *out,
		      struct iov_iter *iter, u32 len)
{
	int done = 0;

	out->frags = out->inline_frags;
	out->num_frags = 0;
	out->max_frags = HOMA_INLINE_FRAGS;
	out->blocks = len >= BLOCKS_BYTES_MIN;
	if (out->blocks)
		done = fill_blocks(hsk, out, iter, len);
	return done < 0 ? done : fill_rest(out, iter, done, len);
}

/**
 * homa_msgout_fill() - copy a message from the application
 * @rpc: RPC without outgoing message; nobody else uses its msgout
 * @iter: where the bytes are
 * @len: 1..HOMA_MSG_BYTES_MAX
 * @extra: bytes to charge for what is kept with the message
 *
 * Context: process.  Return: 0, -EFAULT or -ENOMEM; then there is no message.
 */
int homa_msgout_fill(struct homa_rpc *rpc, struct iov_iter *iter, u32 len,
		     u32 extra)
{
	struct homa_msgout *out = &rpc->msgout;
	struct homa_sock *hsk = rpc->hsk;
	int err = 0;

	if (!homa_mem_tx_charge(hsk, len + extra))
		return -ENOMEM;
	out->charged = len + extra;
	if (len <= HOMA_TINY_BYTES) {
		out->tiny = rpc->tiny;
		/* The length was checked above, more cheaply than by usercopy. */
		if (_copy_from_iter(rpc->tiny, len, iter) != len)
			err = -EFAULT;
	} else {
		err = fill_pages(hsk, out, iter, len);
	}
	if (err)
		homa_msgout_free(hsk, out);
	return err;
}

static void free_pages_of(struct homa_sock *hsk, struct homa_msgout *out)
{
	u32 i;

	if (out->blocks)
		homa_spare_put(&hsk->spare, out->frags, out->num_frags);
	else
		for (i = 0; i < out->num_frags; i++)
			put_page(out->frags[i].page);
	if (out->frags != out->inline_frags)
		kfree(out->frags);
	out->num_frags = 0;
}

/**
 * homa_msgout_free() - release a message; idempotent
 * @hsk: socket that was charged
 * @out: message; packets in flight keep their pages
 */
void homa_msgout_free(struct homa_sock *hsk, struct homa_msgout *out)
{
	if (!out->charged)
		return;
	if (out->frags)
		free_pages_of(hsk, out);
	/* Here the application may get its notification. */
	if (unlikely(out->uarg)) {
		net_zcopy_put(out->uarg);
		out->uarg = NULL;
	}
	homa_sock_uncharge(hsk, out->charged);
	out->charged = 0;
	/* A response may be filled in once more. */
	out->tiny = NULL;
	out->frags = NULL;
	out->blocks = false;
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
 * @to: room in the packet
 * @start: first byte
 * @end: one more than the last
 *
 * For short parts, where a copy is cheaper than a reference to a page here and
 * its use at the receiver.  Context: any; the RPC is referenced.
 */
void homa_msgout_copy(const struct homa_msgout *out, u8 *to, u32 start,
		      u32 end)
{
	u32 i;

	if (out->tiny) {
		memcpy(to, out->tiny + start, end - start);
		return;
	}
	for (i = find_frag(out, start); start < end; i++) {
		const struct homa_frag *frag = &out->frags[i];
		u32 skip = start - frag->start;
		u32 n = min(end - start, frag->bytes - skip);

		/* Mapped for ever; not always one page. */
		memcpy(to, page_address(frag->page) + frag->page_offset + skip,
		       n);
		to += n;
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
	/* Whoever keeps the packet for longer on this host copies it first. */
	skb_zcopy_set(skb, out->uarg, NULL);
	return 0;
}
