// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * MSG_ZEROCOPY: packets refer to the pages of the application, which is told on
 * the error queue when it may use them again (docs/decisions/0032-zerocopy.md).
 *
 * The kernel counts who uses the pages: the message, until its RPC has ended, and
 * each packet.  The last one to let go queues the notification.
 */
#include <linux/mm.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include "homa.h"

/* Pages asked for at a time. */
#define PAGES_BATCH 16

/* Begin a notification; its number is the next one of the socket. */
static struct ubuf_info *begin(struct homa_sock *hsk, u32 bytes)
{
	struct ubuf_info *uarg;

	uarg = homa_compat_zerocopy_alloc(homa_sock_sk(hsk), bytes);
	if (!uarg)
		homa_sock_explain(hsk, "RLIMIT_MEMLOCK or net.core.optmem_max is reached");
	return uarg;
}

/* Where bytes have to be mapped to be read they are copied at once. */
static bool possible(const struct iov_iter *iter)
{
	return !IS_ENABLED(CONFIG_HIGHMEM) && user_backed_iter(iter);
}

/* Room for the runs of a message.  Return: false if there is none. */
static bool frags_room(struct homa_msgout *out, const struct iov_iter *iter,
		       u32 len)
{
	/* Each piece may begin and end inside a page. */
	u32 max = len / PAGE_SIZE + 2 * max(iter->nr_segs, 1UL);
	struct homa_frag *frags = out->inline_frags;

	if (max <= HOMA_INLINE_FRAGS)
		max = HOMA_INLINE_FRAGS;
	else
		frags = kmalloc_array(max, sizeof(*frags),
				      GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!frags)
		return false;
	out->frags = frags;
	out->max_frags = max;
	return true;
}

static int refer(struct homa_msgout *out, struct iov_iter *iter, u32 len)
{
	struct page *pages[PAGES_BATCH];
	u32 done = 0;

	while (done < len) {
		size_t offset;
		ssize_t bytes;
		u32 i;

		bytes = iov_iter_get_pages2(iter, pages, len - done,
					    PAGES_BATCH, &offset);
		if (bytes <= 0)
			return -EFAULT;
		for (i = 0; bytes; i++) {
			struct homa_frag *frag = &out->frags[out->num_frags++];

			frag->page = pages[i];
			frag->page_offset = offset;
			frag->start = done;
			frag->bytes = min_t(u32, bytes, PAGE_SIZE - offset);
			done += frag->bytes;
			bytes -= frag->bytes;
			offset = 0;
		}
	}
	return 0;
}

/* Make a message of pages of the application; @out has room for all runs. */
static int fill_by_reference(struct homa_rpc *rpc, struct iov_iter *iter, u32 len,
			     u32 extra)
{
	struct homa_msgout *out = &rpc->msgout;
	int err;

	if (!homa_mem_tx_charge(rpc->hsk, len + extra)) {
		if (out->frags != out->inline_frags)
			kfree(out->frags);
		out->frags = NULL;
		return -ENOMEM;
	}
	out->charged = len + extra;
	err = refer(out, iter, len);
	if (err)
		homa_msgout_free(rpc->hsk, out);
	return err;
}

/**
 * homa_zerocopy_fill() - homa_msgout_fill() for MSG_ZEROCOPY
 * @rpc: RPC without outgoing message; nobody else uses its msgout
 * @iter: where the bytes are
 * @len: 1..HOMA_MSG_BYTES_MAX
 * @extra: bytes to charge for what is kept with the message
 *
 * The message consists of pages of the application.  A short one is copied, and so
 * is one where references are not possible; the notification says so.
 *
 * Context: process.
 * Return: 0, or -EFAULT, -ENOMEM, or -ENOBUFS if too much is under way: then there is
 * no message, and no notification will come.
 */
int homa_zerocopy_fill(struct homa_rpc *rpc, struct iov_iter *iter, u32 len,
		       u32 extra)
{
	struct homa_msgout *out = &rpc->msgout;
	struct ubuf_info *uarg;
	bool refers;
	int err;

	refers = len > HOMA_TINY_BYTES && possible(iter);
	/* What is copied pins nothing. */
	uarg = begin(rpc->hsk, refers ? len : 0);
	if (!uarg)
		return -ENOBUFS;
	if (refers && frags_room(out, iter, len)) {
		err = fill_by_reference(rpc, iter, len, extra);
	} else {
		uarg_to_msgzc(uarg)->zerocopy = 0;
		err = homa_msgout_fill(rpc, iter, len, extra);
	}
	out->uarg = uarg;
	if (err)
		homa_zerocopy_abort(out);
	return err;
}

/**
 * homa_zerocopy_abort() - a message is not sent: the call fails
 * @out: message, nothing of which was sent; or none
 *
 * Gives the number of the notification back; none will come.
 */
void homa_zerocopy_abort(struct homa_msgout *out)
{
	struct ubuf_info *uarg = out->uarg;

	if (!uarg)
		return;
	out->uarg = NULL;
	net_zcopy_put_abort(uarg, true);
}

/**
 * homa_zerocopy_skip() - a message with MSG_ZEROCOPY needs no sending after all
 * @hsk: socket
 *
 * The call succeeds, so the application counts it: it gets a notification.
 *
 * Context: process.  Return: 0 or -ENOBUFS.
 */
int homa_zerocopy_skip(struct homa_sock *hsk)
{
	struct ubuf_info *uarg = begin(hsk, 0);

	if (!uarg)
		return -ENOBUFS;
	net_zcopy_put(uarg);
	return 0;
}
