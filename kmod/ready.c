// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * RPCs that have something for the application, and threads that wait for
 * them (uapi §7, protocol §14).
 *
 * An RPC is offered when its message is complete or it has failed: poll()
 * never announces what recvmsg() could not deliver.
 */
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include "homa.h"

/**
 * homa_ready_add_locked() - offer an RPC to the application
 * @rpc: complete or failed; may have been offered before
 * @todo: to be run after unlocking: wakes who waits
 *
 * Context: RPC lock held; takes ready_lock.
 */
void homa_ready_add_locked(struct homa_rpc *rpc, struct homa_todo *todo)
{
	struct homa_sock *hsk = rpc->hsk;

	lockdep_assert_held(&rpc->bucket->lock);
	if (rpc->private) {
		if (rpc->waited && !todo->wake_private) {
			homa_rpc_hold(rpc);
			todo->wake_private = rpc;
		}
		return;
	}
	spin_lock(&hsk->ready_lock);
	if (list_empty(&rpc->ready_link)) {
		list_add_tail(&rpc->ready_link, &hsk->ready);
		hsk->num_ready++;
		todo->wake = hsk;
	}
	spin_unlock(&hsk->ready_lock);
}

/**
 * homa_ready_pending() - is there something for recvmsg() with id 0?
 * @hsk: socket
 *
 * Return: a hint; exact for a caller that was woken after it was added.
 */
bool homa_ready_pending(struct homa_sock *hsk)
{
	return !list_empty_careful(&hsk->ready);
}

/*
 * Each RPC that becomes ready wakes one of the threads that sleep in recvmsg(), and
 * these sleep only while none is ready: no other wake-up is for them, but the one to
 * copy part of a message.
 */
static int wake_reader(struct wait_queue_entry *wait, unsigned int mode,
		       int sync, void *key)
{
	if (key && !(key_to_poll(key) & (EPOLLRDBAND | EPOLLERR | EPOLLHUP |
					 HOMA_POLL_EARLY)))
		return 0;
	return autoremove_wake_function(wait, mode, sync, key);
}

/*
 * One wake-up may have stood for several RPCs with edge-triggered epoll: tell it
 * again.  The event says that it is not for wake_reader().
 */
static void remind_pollers(struct homa_sock *hsk)
{
	struct socket_wq *wq;

	rcu_read_lock();
	wq = rcu_dereference(homa_sock_sk(hsk)->sk_wq);
	if (skwq_has_sleeper(wq))
		wake_up_interruptible_sync_poll(&wq->wait,
						EPOLLIN | EPOLLRDNORM);
	rcu_read_unlock();
}

/* Oldest ready RPC, unlinked and referenced. */
static struct homa_rpc *pop(struct homa_sock *hsk)
{
	struct homa_rpc *rpc;
	bool more = false;

	if (!homa_ready_pending(hsk))
		return NULL;
	spin_lock_bh(&hsk->ready_lock);
	rpc = list_first_entry_or_null(&hsk->ready, struct homa_rpc,
				       ready_link);
	if (rpc) {
		homa_rpc_hold(rpc);	/* linked, so alive */
		list_del_init(&rpc->ready_link);
		hsk->num_ready--;
		more = !list_empty(&hsk->ready);
	}
	spin_unlock_bh(&hsk->ready_lock);
	if (more)
		remind_pollers(hsk);
	return rpc;
}

/*
 * Polling: to look for a message for a while before sleeping.  It takes less time
 * if one comes soon, and a CPU for nothing otherwise.  So a socket polls only when
 * nobody else wants the CPU, and after so many sleeps in a row, with an idle CPU,
 * that polling would have made unnecessary.  Once in vain, and that starts again.
 */
#define POLL_CREDIT 4

/* Looks for a message between two looks at the clock. */
#define POLL_LOOKS 32

static u32 poll_usecs(struct homa_sock *hsk)
{
	u32 usecs;

	rcu_read_lock();
	usecs = rcu_dereference(hsk->hn->settings)->poll_usecs;
	rcu_read_unlock();
	return usecs;
}

/* Looks for at most @timeo jiffies: a caller that may wait less does not wait more. */
static struct homa_rpc *poll_ready(struct homa_sock *hsk, long timeo)
{
	u32 most = jiffies_to_usecs(min_t(long, timeo, HZ));
	u32 usecs = min(poll_usecs(hsk), most);
	struct homa_rpc *rpc = NULL;
	u64 before_ns;
	u64 until_ns;
	u64 now_ns;
	u32 i;

	if (!usecs)
		return NULL;
	now_ns = ktime_get_ns();
	until_ns = now_ns + (u64)usecs * NSEC_PER_USEC;
	do {
		for (i = 0; i < POLL_LOOKS && !rpc; i++) {
			if (!single_task_running() || need_resched() ||
			    signal_pending(current) || READ_ONCE(hsk->shutdown))
				return NULL;
			cpu_relax();
			rpc = pop(hsk);
		}
		before_ns = now_ns;
		now_ns = ktime_get_ns();
		/* In computed time a clock that is waited for stands still. */
	} while (!rpc && now_ns < until_ns && now_ns != before_ns);
	if (!rpc)
		WRITE_ONCE(hsk->poll_credit, 0);
	return rpc;
}

/* Would polling have found the message for which a thread slept? */
static void learn(struct homa_sock *hsk, bool alone, u64 cycles)
{
	u8 credit = READ_ONCE(hsk->poll_credit);

	if (!alone ||
	    cycles >= div_u64(poll_usecs(hsk) * homa_cycles_khz(), 1000))
		credit = 0;
	else if (credit < POLL_CREDIT)
		credit++;
	WRITE_ONCE(hsk->poll_credit, credit);
}

static void count_wait(struct homa_net *hn, bool slept)
{
	if (slept) {
		HOMA_INC(hn, wait_block);
		HOMA_INC(hn, handoffs_thread_waiting);
	} else {
		HOMA_INC(hn, wait_none);
	}
}

/**
 * homa_ready_wait() - next RPC for a receiver that names none
 * @hsk: socket
 * @room: the receiver has room of its own for messages of up to so many bytes
 * @timeo: jiffies to wait; 0 = not
 *
 * Context: process.  Return: referenced, unlinked from the ready list; or
 * ERR_PTR: -EAGAIN, -EINTR, -ESHUTDOWN.
 */
struct homa_rpc *homa_ready_wait(struct homa_sock *hsk, u32 room, long timeo)
{
	struct sock *sk = homa_sock_sk(hsk);
	DEFINE_WAIT_FUNC(wait, wake_reader);
	struct homa_rpc *rpc;
	bool balanced = false;
	bool slept = false;
	bool again;
	bool alone;
	int err = 0;
	u64 cycles;
	u64 began;

	rpc = pop(hsk);
	if (rpc) {
		HOMA_INC(hsk->hn, wait_none);
		return rpc;
	}
	if (READ_ONCE(hsk->poll_credit) >= POLL_CREDIT && timeo) {
		began = homa_cycles();
		rpc = poll_ready(hsk, timeo);
		HOMA_ADD(hsk->hn, poll_cycles, homa_cycles_since(began));
		if (rpc) {
			HOMA_INC(hsk->hn, wait_fast);
			return rpc;
		}
	}
	for (;;) {
		if (unlikely(!list_empty_careful(&hsk->early)) && timeo)
			timeo = homa_early_run(hsk, room, timeo);
		prepare_to_wait_exclusive(sk_sleep(sk), &wait,
					  TASK_INTERRUPTIBLE);
		/* A message wins against whatever else happened. */
		rpc = pop(hsk);
		if (rpc)
			break;
		if (READ_ONCE(hsk->shutdown))
			err = -ESHUTDOWN;
		else if (!timeo)
			err = -EAGAIN;
		else if (signal_pending(current))
			err = -EINTR;
		if (err)
			break;
		alone = single_task_running();
		began = homa_cycles();
		timeo = schedule_timeout(timeo);
		cycles = homa_cycles_since(began);
		HOMA_ADD(hsk->hn, blocked_cycles, cycles);
		again = slept;
		slept = true;
		/* Not queued any more: woken once, for one RPC. */
		balanced = list_empty_careful(&wait.entry);
		/* Usually that is it: no need to queue up again for a look. */
		rpc = pop(hsk);
		/* Waking up to copy says nothing about when messages come. */
		if ((alone || READ_ONCE(hsk->poll_credit)) && !again &&
		    (rpc || list_empty_careful(&hsk->early)))
			learn(hsk, alone, cycles);
		if (rpc)
			break;
		balanced = false;
	}
	finish_wait(sk_sleep(sk), &wait);
	/*
	 * While queued, a wake-up for another RPC may have come to us although
	 * we leave, with a message or without: hand it on.
	 */
	if (!balanced && homa_ready_pending(hsk))
		sk->sk_data_ready(sk);
	if (rpc)
		count_wait(hsk->hn, slept);
	return rpc ?: ERR_PTR(err);
}

static bool private_done(struct homa_rpc *rpc)
{
	bool done;

	homa_rpc_lock(rpc);
	done = !homa_rpc_alive(rpc) || rpc->core.error ||
	       homa_rpc_rx_complete(&rpc->core);
	homa_rpc_unlock(rpc);
	return done;
}

/* Return: as wait_event_interruptible_timeout(). */
static long wait_private(struct homa_rpc *rpc, u32 room, long timeo)
{
	unsigned long began = jiffies;
	long rest = timeo;
	long left;

	for (;;) {
		left = wait_event_interruptible_timeout(rpc->wait,
							private_done(rpc) ||
							(rest && READ_ONCE(rpc->early_wanted)),
							rest);
		if (left <= 0 || !rest || !READ_ONCE(rpc->early_wanted))
			return left;
		homa_early_copy(rpc, room);
		rest = homa_early_left(timeo, began);
	}
}

/**
 * homa_ready_wait_private() - wait for a private RPC
 * @hsk: socket
 * @id: client id
 * @room: as for homa_ready_wait()
 * @timeo: jiffies to wait; 0 = not
 *
 * Context: process.  Return: referenced; or ERR_PTR: -ENOENT (no such client
 * RPC), -EINVAL (not private, or another thread waits for it), -EAGAIN,
 * -EINTR.
 */
struct homa_rpc *homa_ready_wait_private(struct homa_sock *hsk, u64 id, u32 room,
					 long timeo)
{
	struct homa_rpc *rpc;
	long left = 0;
	int err = 0;
	bool done;
	u64 began;

	rpc = homa_rpc_find_client(hsk, id);
	if (!rpc)
		return ERR_PTR(-ENOENT);
	if (!rpc->private || rpc->waited) {
		homa_rpc_unlock(rpc);
		return ERR_PTR(-EINVAL);
	}
	rpc->waited = true;
	done = rpc->core.error || homa_rpc_rx_complete(&rpc->core);
	homa_rpc_hold(rpc);
	homa_rpc_unlock(rpc);

	began = homa_cycles();
	left = wait_private(rpc, room, timeo);
	if (!done)
		HOMA_ADD(hsk->hn, blocked_cycles, homa_cycles_since(began));
	homa_rpc_lock(rpc);
	rpc->waited = false;
	homa_rpc_unlock(rpc);
	/* As above, a message wins. */
	if (left <= 0 && !private_done(rpc))
		err = left < 0 ? -EINTR : -EAGAIN;
	if (err) {
		homa_rpc_put(rpc);
		return ERR_PTR(err);
	}
	count_wait(hsk->hn, !done);
	return rpc;
}
