// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Copying overlaps reception: a thread that sleeps in recvmsg() anyway copies what is
 * here of a long message while the rest arrives (docs/decisions/0091-overlap.md).
 *
 * The packets stay in rxq, and the message is delivered as any other is, when it is
 * complete; only that what was copied need not be copied again.  So it does not
 * matter who copied, who receives the message in the end, or whether anybody does.
 *
 * While a thread copies, homa_rpc.copying is set: the first packets of rxq and the
 * buffers are its own, whatever happens to the RPC, and it gives them back if the RPC
 * has ended meanwhile; a message that became complete is offered by it.
 */
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include "homa.h"

/*
 * Would another thread find a processor idle?  If work is what a message waits for,
 * and not a link, copying now saves nothing, and waking a thread is more work.
 */
static bool processor_idle(void)
{
	if (is_idle_task(current))
		return true;
	return num_online_cpus() > 1 && single_task_running();
}

/**
 * homa_early_offer_locked() - part of a message could be copied
 * @rpc: RPC with homa_early_due()
 * @todo: to be run after unlocking
 *
 * Context: softirq, RPC lock held; takes ready_lock.
 * Return: true if homa_early_wake() is to be called after unlocking.
 */
bool homa_early_offer_locked(struct homa_rpc *rpc, struct homa_todo *todo)
{
	struct homa_sock *hsk = rpc->hsk;

	lockdep_assert_held(&rpc->bucket->lock);
	/* Once for so many bytes, whoever is there to copy them. */
	rpc->early_offered = homa_reasm_received(&rpc->core.rx);
	if (rpc->copying || !processor_idle())
		return false;
	if (rpc->private) {
		if (rpc->waited && !todo->wake_private) {
			WRITE_ONCE(rpc->early_wanted, true);
			homa_rpc_hold(rpc);
			todo->wake_private = rpc;
		}
		return false;
	}
	spin_lock(&hsk->ready_lock);
	if (list_empty(&rpc->early_link))
		list_add_tail(&rpc->early_link, &hsk->early);
	spin_unlock(&hsk->ready_lock);
	return true;
}

/**
 * homa_early_wake() - have a thread copy that sleeps in recvmsg(), if there is one
 * @hsk: socket
 *
 * The event says to all others that it is not for them.
 * Context: no Homa lock held.
 */
void homa_early_wake(struct homa_sock *hsk)
{
	struct socket_wq *wq;

	rcu_read_lock();
	wq = rcu_dereference(homa_sock_sk(hsk)->sk_wq);	/* NULL after close() */
	if (skwq_has_sleeper(wq))
		wake_up_interruptible_poll(&wq->wait, HOMA_POLL_EARLY);
	rcu_read_unlock();
}

/*
 * From here to finish() packets and buffers of the RPC stay.
 * Return: the last packet that is here, or NULL if there is nothing to copy.
 */
static struct sk_buff *begin(struct homa_rpc *rpc, u32 room)
{
	struct sk_buff *last = NULL;

	homa_rpc_lock(rpc);
	WRITE_ONCE(rpc->early_wanted, false);
	if (homa_rpc_alive(rpc) && !rpc->core.error && !rpc->copying &&
	    !homa_rpc_rx_complete(&rpc->core) && rpc->core.rx.length > room)
		last = skb_peek_tail(&rpc->rxq);
	if (last)
		rpc->copying = true;
	homa_rpc_unlock(rpc);
	return last;
}

static void finish(struct homa_rpc *rpc, const struct homa_early *early)
{
	struct homa_todo todo;

	homa_todo_init(&todo);
	homa_rpc_lock(rpc);
	rpc->copying = false;
	rpc->early = *early;
	if (!homa_rpc_alive(rpc))
		homa_rpc_release_locked(rpc, &todo);
	else if (!rpc->private && homa_rpc_rx_complete(&rpc->core))
		homa_ready_add_locked(rpc, &todo);
	/* This thread looks itself, and hands on what it does not take. */
	todo.wake = NULL;
	homa_rpc_unlock(rpc);
	homa_todo_run(&todo);
}

/* Has this thread something better to do? */
static bool called_away(struct homa_rpc *rpc)
{
	return signal_pending(current) || READ_ONCE(rpc->hsk->shutdown) ||
	       (!rpc->private && homa_ready_pending(rpc->hsk));
}

/*
 * Nothing else changes the list up to @last.  An error is not reported: whoever
 * delivers the message will meet it again.
 */
static void copy_packets(struct homa_rpc *rpc, struct sk_buff *last, u64 start,
			 struct homa_early *early)
{
	struct sk_buff *skb = early->last;
	u32 before = early->bytes;

	while (skb != last && !called_away(rpc)) {
		skb = skb ? skb->next : skb_peek(&rpc->rxq);
		if (homa_pool_copy_packet(start, skb, rpc->bpages))
			break;
		early->last = skb;
		early->bytes += HOMA_SKB_CB(skb)->end - HOMA_SKB_CB(skb)->start;
	}
	HOMA_INC(rpc->hn, early_copies);
	HOMA_ADD(rpc->hn, early_copy_bytes, early->bytes - before);
}

/**
 * homa_early_copy() - copy what is here of an incoming message
 * @rpc: RPC, referenced
 * @room: messages of up to so many bytes will not be put into the region
 *
 * Only for the memory that the region was set for: then the message is there, and not
 * in the memory of a process that does not receive it in the end.
 *
 * Context: process, in recvmsg(); no locks.
 */
void homa_early_copy(struct homa_rpc *rpc, u32 room)
{
	struct homa_early early;
	struct sk_buff *last;
	u64 start;
	u64 region;

	last = begin(rpc, room);
	if (!last)
		return;
	/* Nobody changes it but who copies. */
	early = rpc->early;
	region = homa_pool_own(rpc->hsk->pool, &start);
	if (region) {
		if (early.region != region) {
			HOMA_ADD(rpc->hn, early_copy_again, early.bytes);
			early = (struct homa_early){ .region = region };
		}
		copy_packets(rpc, last, start, &early);
	}
	finish(rpc, &early);
}

/* Oldest RPC with something to copy, unlinked and referenced. */
static struct homa_rpc *pop(struct homa_sock *hsk)
{
	struct homa_rpc *rpc;

	spin_lock_bh(&hsk->ready_lock);
	rpc = list_first_entry_or_null(&hsk->early, struct homa_rpc, early_link);
	if (rpc) {
		homa_rpc_hold(rpc);	/* linked, so alive */
		list_del_init(&rpc->early_link);
	}
	spin_unlock_bh(&hsk->ready_lock);
	return rpc;
}

/**
 * homa_early_left() - how long a thread may still wait that has copied
 * @timeo: jiffies that it could wait when it began
 * @began: jiffies then
 */
long homa_early_left(long timeo, unsigned long began)
{
	if (timeo == MAX_SCHEDULE_TIMEOUT)
		return timeo;
	return max_t(long, timeo - (long)(jiffies - began), 0);
}

/**
 * homa_early_run() - copy until there is something to receive, or nothing to copy
 * @hsk: socket
 * @room: as for homa_early_copy()
 * @timeo: jiffies that the thread may wait
 *
 * Context: process, in recvmsg(), about to sleep; no locks.
 * Return: what is left of @timeo.
 */
long homa_early_run(struct homa_sock *hsk, u32 room, long timeo)
{
	unsigned long began = jiffies;
	struct homa_rpc *rpc;
	u64 start;

	/* What this process must not copy is left for one that may. */
	if (!homa_pool_own(hsk->pool, &start))
		return timeo;
	while (!homa_ready_pending(hsk) && !signal_pending(current) &&
	       homa_early_left(timeo, began)) {
		rpc = pop(hsk);
		if (!rpc)
			break;
		homa_early_copy(rpc, room);
		homa_rpc_put(rpc);
		cond_resched();
	}
	return homa_early_left(timeo, began);
}
