// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Pages that a socket keeps from its last long messages for the next ones
 * (docs/decisions/0030-spare-pages.md).
 *
 * A kernel that clears pages when they are allocated spends half as much on that
 * as on the copy of the message.  So pages that nobody else refers to any more
 * stay with the socket, a moment long: all of its messages overwrite them in
 * full before a byte of them is sent.
 */
#include <linux/mm.h>
#include "homa.h"

/* Unused for so long, spare pages are given back; twice that at most. */
#define KEEP_JIFFIES (HZ / 2)

/* What all sockets of the host may keep, if it is no more than a 64th of what
 * they may hold without pressure.
 */
#define HOST_SPARES_MIN 64

/* Blocks that sockets of the host keep. */
static atomic_t host_spares = ATOMIC_INIT(0);

static int host_spares_max(void)
{
	long blocks = READ_ONCE(homa_mem_limits[0]) >> (6 + HOMA_BLOCK_ORDER);

	return clamp_t(long, blocks, HOST_SPARES_MIN, INT_MAX / 2);
}

static void give_back(struct page **pages, u32 num)
{
	while (num)
		put_page(pages[--num]);
}

static struct homa_net *net_of(struct homa_spare *spare)
{
	return container_of(spare, struct homa_sock, spare)->hn;
}

/* Take all, to give them back. */
static u32 take_all_locked(struct homa_spare *spare, struct page **pages)
{
	u32 num = spare->num;

	lockdep_assert_held(&spare->lock);
	memcpy(pages, spare->pages, num * sizeof(*pages));
	spare->num = 0;
	atomic_sub(num, &host_spares);
	HOMA_ADD(net_of(spare), spare_blocks_freed, num);
	return num;
}

static void unused(struct work_struct *work)
{
	struct homa_spare *spare = container_of(to_delayed_work(work),
						struct homa_spare, work);
	struct page *pages[HOMA_SPARES_MAX];
	u32 num = 0;

	spin_lock_bh(&spare->lock);
	if (!spare->used)
		num = take_all_locked(spare, pages);
	else if (!spare->closed)
		queue_delayed_work(system_power_efficient_wq, &spare->work,
				   KEEP_JIFFIES);
	spare->used = false;
	spin_unlock_bh(&spare->lock);
	give_back(pages, num);
}

/**
 * homa_spare_init() - a socket without spare pages
 * @spare: to be initialised
 */
void homa_spare_init(struct homa_spare *spare)
{
	spin_lock_init(&spare->lock);
	spare->num = 0;
	spare->used = false;
	spare->closed = false;
	INIT_DEFERRABLE_WORK(&spare->work, unused);
}

/**
 * homa_spare_exit() - give spare pages back, and keep none any more; idempotent
 * @spare: a socket's
 *
 * Context: process.
 */
void homa_spare_exit(struct homa_spare *spare)
{
	struct page *pages[HOMA_SPARES_MAX];
	u32 num;

	spin_lock_bh(&spare->lock);
	spare->closed = true;
	num = take_all_locked(spare, pages);
	spin_unlock_bh(&spare->lock);
	give_back(pages, num);
	cancel_delayed_work_sync(&spare->work);
}

/**
 * homa_spare_take() - blocks of pages for a message
 * @spare: a socket's
 * @pages: filled in, one for each block; their contents are old messages
 * @max: how many are wanted, <= HOMA_SPARES_MAX
 *
 * Context: any; takes spare->lock.  Return: how many there were.
 */
u32 homa_spare_take(struct homa_spare *spare, struct page **pages, u32 max)
{
	u32 num;

	if (!READ_ONCE(spare->num))
		return 0;
	spin_lock_bh(&spare->lock);
	num = min(max, spare->num);
	spare->num -= num;
	memcpy(pages, &spare->pages[spare->num], num * sizeof(*pages));
	spare->used = true;
	spin_unlock_bh(&spare->lock);
	atomic_sub(num, &host_spares);
	HOMA_ADD(net_of(spare), spare_blocks_used, num);
	return num;
}

/* Can @page be used again?  Nobody can refer to it any more but through us. */
static bool reusable(const struct page *page)
{
	return page_ref_count(page) == 1 &&
	       compound_order((struct page *)page) == HOMA_BLOCK_ORDER &&
	       !page_is_pfmemalloc(page) && page_to_nid(page) == numa_mem_id();
}

/**
 * homa_spare_put() - blocks that a message does not need any more
 * @spare: a socket's
 * @frags: where they are; pages that packets still use are just released
 * @num: how many
 *
 * Context: any; takes spare->lock.
 */
void homa_spare_put(struct homa_spare *spare, struct homa_frag *frags, u32 num)
{
	int room = host_spares_max() - atomic_read(&host_spares);
	u32 kept = 0;
	u32 i;

	spin_lock_bh(&spare->lock);
	for (i = 0; i < num && !spare->closed && !homa_mem_pressure(); i++) {
		if (spare->num == HOMA_SPARES_MAX || (int)kept >= room)
			break;
		if (!reusable(frags[i].page))
			continue;
		spare->pages[spare->num++] = frags[i].page;
		frags[i].page = NULL;
		kept++;
	}
	if (kept) {
		atomic_add(kept, &host_spares);
		HOMA_ADD(net_of(spare), spare_blocks_kept, kept);
		if (!delayed_work_pending(&spare->work))
			queue_delayed_work(system_power_efficient_wq,
					   &spare->work, KEEP_JIFFIES);
	}
	spin_unlock_bh(&spare->lock);
	for (i = 0; i < num; i++)
		if (frags[i].page)
			put_page(frags[i].page);
}
