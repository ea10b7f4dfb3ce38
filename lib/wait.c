// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Waiting. Of all threads that wait on a handle one, the poller, polls the
 * socket; it receives and routes what comes, and when it has what it wants
 * another waiter becomes the poller. The others sleep until something was
 * routed to them. Nobody sleeps inside recvmsg(), so nobody has to be got out
 * of there when another thread received what he waits for.
 */
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "large.h"

/**
 * lh_now_ns() - the time
 *
 * Return: nanoseconds since some moment in the past.
 */
uint64_t lh_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/**
 * lh_end_ns() - when a timeout ends
 * @timeout_ns: 0 or more, or below 0: never
 *
 * Return: the moment; 0 = do not wait.
 */
uint64_t lh_end_ns(int64_t timeout_ns)
{
	if (timeout_ns < 0)
		return LH_NEVER;
	return timeout_ns ? lh_now_ns() + (uint64_t)timeout_ns : 0;
}

/* Nanoseconds that are left, as ppoll() wants them. NULL = for ever. */
static struct timespec *left(uint64_t end_ns, struct timespec *time)
{
	uint64_t now_ns, left_ns;

	if (end_ns == LH_NEVER)
		return NULL;
	now_ns = lh_now_ns();
	left_ns = end_ns > now_ns ? end_ns - now_ns : 0;
	time->tv_sec = (time_t)(left_ns / 1000000000);
	time->tv_nsec = (long)(left_ns % 1000000000);
	return time;
}

/**
 * lh_tell() - make an eventfd readable
 * @fd: the eventfd
 *
 * Context: signal handlers, too.
 */
void lh_tell(int fd)
{
	uint64_t one = 1;
	ssize_t ret;

	/* It fails only if the counter is full, and then it has been told. */
	ret = write(fd, &one, sizeof(one));
	(void)ret;
}

/* The eventfd @fd was heard. */
static void hear(int fd)
{
	uint64_t count;
	ssize_t ret;

	ret = read(fd, &count, sizeof(count));
	(void)ret;
}

/**
 * lh_ready() - let homa_fd() show whether the queues have something
 * @homa: the handle, locked
 */
void lh_ready(struct homa *homa)
{
	bool ready;

	if (homa->epoll_fd < 0)
		return;
	ready = homa->requests.head || homa->done_head || homa->stopped ||
		(homa->large && homa->large->num_stalled);
	if (ready == homa->ready_set)
		return;
	homa->ready_set = ready;
	if (ready)
		lh_tell(homa->ready_fd);
	else
		hear(homa->ready_fd);
}

/**
 * lh_wake_waiter() - wake a thread that waits
 * @homa:   the handle, locked
 * @waiter: the thread
 */
void lh_wake_waiter(struct homa *homa, struct lh_waiter *waiter)
{
	waiter->woken = true;
	if (waiter == homa->poller)
		lh_tell(homa->wake_fd);
	else if (waiter->sleeps)
		pthread_cond_signal(&waiter->cond);
}

/**
 * lh_wake() - something came for whoever wants such
 * @homa: the handle, locked
 * @want: what came
 *
 * A waiter that was woken before takes what it was woken for, so each thing wakes another.
 */
void lh_wake(struct homa *homa, enum lh_want want)
{
	struct lh_waiter *waiter;

	for (waiter = homa->waiters; waiter; waiter = waiter->next) {
		if (waiter->want == want && !waiter->woken) {
			lh_wake_waiter(homa, waiter);
			break;
		}
	}
	lh_ready(homa);
}

static void add_waiter(struct homa *homa, struct lh_waiter *waiter)
{
	struct lh_waiter **at = &homa->waiters;

	while (*at)
		at = &(*at)->next;
	waiter->next = NULL;
	*at = waiter;
	waiter->queued = true;
}

static void remove_waiter(struct homa *homa, struct lh_waiter *waiter)
{
	struct lh_waiter **at = &homa->waiters;

	while (*at != waiter)
		at = &(*at)->next;
	*at = waiter->next;
	if (waiter->sleeps)
		pthread_cond_destroy(&waiter->cond);
}

/* homa_stop() reached the poller, which tells the others. */
static void wake_stopped(struct homa *homa)
{
	struct lh_waiter *waiter;

	for (waiter = homa->waiters; waiter; waiter = waiter->next)
		if (waiter->want == LH_WANT_REQUEST)
			lh_wake_waiter(homa, waiter);
}

/* Let a waiter that sleeps poll, if nobody does. Those that were woken are about to look
 * themselves, and so is the caller: a signal to them would be lost.
 */
static void pass_on(struct homa *homa)
{
	struct lh_waiter *waiter = homa->waiters;

	if (homa->poller)
		return;
	while (waiter && waiter->woken)
		waiter = waiter->next;
	if (waiter && waiter->sleeps)
		pthread_cond_signal(&waiter->cond);
}

/* Bring a message to whom it belongs, and return with the lock. A long one may have to be
 * copied, and a bare frame makes us send a chunk: another thread polls meanwhile. For other
 * short ones waking that thread would cost more.
 */
static void route(struct homa *homa, struct lh_received *received)
{
	if (received->msg && (received->msg->length > HOMA_BPAGE_SIZE ||
			      (homa->large && received->msg->length == LH_FRAME_BYTES))) {
		pthread_mutex_lock(&homa->lock);
		pass_on(homa);
		pthread_mutex_unlock(&homa->lock);
	}
	lh_route(homa, received);
}

/* Poll for everybody; the lock is released meanwhile. */
static void poll_socket(struct homa *homa, struct lh_waiter *waiter, uint64_t end_ns)
{
	struct pollfd fds[2] = {
		{ .fd = homa->fd, .events = POLLIN },
		{ .fd = homa->wake_fd, .events = POLLIN },
	};
	uint64_t work_ns = homa->large ? lh_large_next_ns(homa) : LH_NEVER;
	struct timespec time;

	if (homa->large && homa->large->late)
		fds[0].events |= POLLOUT;
	homa->poller = waiter;
	pthread_mutex_unlock(&homa->lock);
	ppoll(fds, 2, left(end_ns < work_ns ? end_ns : work_ns, &time), NULL);
	if (homa->large)
		lh_large_work(homa);
	pthread_mutex_lock(&homa->lock);
	if (fds[1].revents)
		hear(homa->wake_fd);
	homa->poller = NULL;
}

/* Sleep until somebody wakes us; the lock is released meanwhile. */
static void sleep_until(struct homa *homa, struct lh_waiter *waiter, uint64_t end_ns)
{
	struct timespec end = {
		.tv_sec = (time_t)(end_ns / 1000000000),
		.tv_nsec = (long)(end_ns % 1000000000),
	};
	pthread_condattr_t attr;

	/* Many waiters only ever poll. */
	if (!waiter->sleeps) {
		pthread_condattr_init(&attr);
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		pthread_cond_init(&waiter->cond, &attr);
		pthread_condattr_destroy(&attr);
		waiter->sleeps = true;
	}
	if (end_ns == LH_NEVER)
		pthread_cond_wait(&waiter->cond, &homa->lock);
	else
		pthread_cond_timedwait(&waiter->cond, &homa->lock, &end);
}

/* Is the waiter the one in homa_wait() for @rpc? It tells the slot. */
static int enter_slot(struct homa *homa, uint64_t rpc, struct lh_waiter *waiter)
{
	struct lh_slot *slot = lh_slot_find(homa, rpc);

	if (!slot || slot->state == LH_CANCELLED)
		return -ENOENT;
	if (slot->waiter)
		return -EBUSY;
	slot->waiter = waiter;
	return 0;
}

static void leave_slot(struct homa *homa, uint64_t rpc, struct lh_waiter *waiter)
{
	struct lh_slot *slot = lh_slot_find(homa, rpc);

	if (slot && slot->waiter == waiter)
		slot->waiter = NULL;
}

/**
 * lh_wait() - wait until there is something to take
 * @homa:   the handle, not locked
 * @want:   what
 * @rpc:    LH_WANT_RPC: of which RPC
 * @end_ns: until when; 0 = do not wait
 * @take:   takes it, with the lock held, and tells whether there was something
 * @out:    passed to @take
 *
 * Return: 0, or -EAGAIN, -ESHUTDOWN (homa_stop(), for requests), -ENOENT and -EBUSY (for RPCs),
 * or an error of the socket.
 */
int lh_wait(struct homa *homa, enum lh_want want, uint64_t rpc, uint64_t end_ns,
	    bool (*take)(struct homa *homa, uint64_t rpc, void *out), void *out)
{
	struct lh_waiter waiter = { .want = want };
	struct lh_received received;
	bool look = !end_ns;
	int ret = 0;

	pthread_mutex_lock(&homa->lock);
	if (want == LH_WANT_RPC)
		ret = enter_slot(homa, rpc, &waiter);
	while (!ret) {
		waiter.woken = false;
		if (take(homa, rpc, out)) {
			lh_ready(homa);
			break;
		}
		if (want == LH_WANT_REQUEST && homa->stopped) {
			ret = -ESHUTDOWN;
			break;
		}
		/* While we look ourselves, what others route to us needs no waking. */
		if (look) {
			waiter.woken = true;
			ret = lh_receive(homa, &received);
			if (!ret) {
				route(homa, &received);
			} else {
				if (!end_ns)
					lh_large_work(homa);
				pthread_mutex_lock(&homa->lock);
			}
			if (ret == -EAGAIN && end_ns) {
				look = false;
				ret = 0;
			}
			/* Others may have so much that a look never ends. */
			if (!ret && end_ns && end_ns != LH_NEVER && lh_now_ns() >= end_ns)
				look = false;
			/* Another thread may have received ours meanwhile. */
			if (ret && take(homa, rpc, out)) {
				lh_ready(homa);
				ret = 0;
				break;
			}
			continue;
		}
		if (end_ns != LH_NEVER && lh_now_ns() >= end_ns) {
			ret = -EAGAIN;
			break;
		}
		if (!waiter.queued)
			add_waiter(homa, &waiter);
		if (homa->poller) {
			sleep_until(homa, &waiter, end_ns);
		} else {
			poll_socket(homa, &waiter, end_ns);
			if (homa->stopped)
				wake_stopped(homa);
			look = true;
		}
	}
	if (waiter.queued)
		remove_waiter(homa, &waiter);
	if (want == LH_WANT_RPC && ret != -EBUSY)
		leave_slot(homa, rpc, &waiter);
	pass_on(homa);
	pthread_mutex_unlock(&homa->lock);
	return ret;
}

/**
 * lh_wait_writable() - wait until there is room for outgoing messages
 * @homa:   the handle
 * @end_ns: until when
 *
 * Return: 0, or -ETIME.
 */
int lh_wait_writable(struct homa *homa, uint64_t end_ns)
{
	struct pollfd pfd = { .fd = homa->fd, .events = POLLOUT };
	struct timespec time;

	if (end_ns != LH_NEVER && lh_now_ns() >= end_ns)
		return lh_fail(-ETIME, "the time was over before the request could be sent");
	ppoll(&pfd, 1, left(end_ns, &time), NULL);
	return 0;
}
