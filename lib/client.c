// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The client's side: start, wait, complete, cancel. */
#include <stdio.h>

#include "internal.h"
#include "large.h"

#define START_FLAGS (HOMA_PRIVATE | HOMA_NONBLOCK | HOMA_LARGE_REPLY)

/* May this be sent? Return: 0 or -errno. */
static int check(const struct homa *homa, const struct iovec *iov, int iov_count, uint32_t flags,
		 size_t *bytes)
{
	int ret = lh_usable(homa);

	if (!ret)
		ret = lh_iov_check(iov, iov_count, bytes);
	if (ret)
		return ret;
	if (flags & ~(uint32_t)START_FLAGS)
		return lh_fail(-EINVAL, "unknown flags");
	if (!homa->large && (*bytes > HOMA_RPC_BYTES || flags & HOMA_LARGE_REPLY))
		return lh_fail(-EMSGSIZE, "beyond 1,000,000 bytes homa_open() needs HOMA_LARGE");
	return 0;
}

/* Start an RPC. @end_ns limits the time to send it. */
static int start(struct homa *homa, const struct sockaddr *to, socklen_t to_bytes,
		 const struct iovec *iov, int iov_count, uint32_t flags, uint64_t cookie,
		 uint64_t end_ns, uint64_t *rpc)
{
	struct lh_slot *slot;
	size_t bytes;
	bool large;
	int ret = check(homa, iov, iov_count, flags, &bytes);

	if (ret)
		return ret;
	large = homa->large && (bytes > HOMA_RPC_BYTES || flags & HOMA_LARGE_REPLY ||
				lh_large_looks_framed(iov, iov_count));
	pthread_mutex_lock(&homa->lock);
	slot = lh_slot_get(homa);
	if (slot) {
		slot->is_private = flags & HOMA_PRIVATE;
		slot->cookie = cookie;
		*rpc = lh_slot_rpc(homa, slot);
	}
	pthread_mutex_unlock(&homa->lock);
	if (!slot)
		return lh_fail(-ENOMEM, "no memory for another RPC");
	if (large)
		return lh_large_start(homa, *rpc, to, to_bytes, iov, iov_count, bytes,
				      flags & HOMA_NONBLOCK, end_ns);
	return lh_slot_send(homa, *rpc, to, to_bytes, iov, iov_count, flags & HOMA_NONBLOCK,
			    end_ns);
}

int homa_startv(struct homa *homa, const struct sockaddr *to, socklen_t to_bytes,
		const struct iovec *iov, int iov_count, uint32_t flags, uint64_t cookie,
		uint64_t *rpc)
{
	uint64_t number;
	int ret;

	if (flags & HOMA_PRIVATE && !rpc)
		return lh_fail(-EINVAL, "a private RPC needs a place for its number");
	ret = start(homa, to, to_bytes, iov, iov_count, flags, cookie, LH_NEVER, &number);
	if (!ret && rpc)
		*rpc = number;
	return ret;
}

int homa_start(struct homa *homa, const struct sockaddr *to, socklen_t to_bytes, const void *data,
	       size_t bytes, uint32_t flags, uint64_t cookie, uint64_t *rpc)
{
	struct iovec piece = { .iov_base = (void *)data, .iov_len = bytes };

	return homa_startv(homa, to, to_bytes, &piece, 1, flags, cookie, rpc);
}

struct outcome {
	struct homa_msg *msg;
	int error;
};

/* For lh_wait(): the end of a certain RPC. */
static bool take_rpc(struct homa *homa, uint64_t rpc, void *out)
{
	struct lh_slot *slot = lh_slot_find(homa, rpc);
	struct outcome *outcome = out;

	if (slot->state == LH_CANCELLED)
		*outcome = (struct outcome){ .error = -ECANCELED };
	else if (slot->state == LH_DONE)
		*outcome = (struct outcome){ .msg = slot->msg, .error = slot->error };
	else
		return false;
	lh_slot_put(homa, slot);
	return true;
}

/* The end of a private RPC. @over: false if it goes on, and only the waiting has failed. */
static int wait_rpc(struct homa *homa, uint64_t rpc, uint64_t end_ns, struct homa_msg **response,
		    bool *over)
{
	struct outcome outcome;
	int ret;

	ret = lh_wait(homa, LH_WANT_RPC, rpc, end_ns, take_rpc, &outcome);
	*over = !ret;
	if (ret == -ENOENT)
		return lh_fail(ret, "no such RPC: it was never started, or its response was taken");
	if (ret == -EBUSY)
		return lh_fail(ret, "another thread waits for this RPC");
	if (ret)
		return ret;
	if (outcome.error == -ECANCELED)
		return lh_fail(-ECANCELED, "the RPC was cancelled");
	if (outcome.error)
		return lh_fail_rpc(outcome.error);
	*response = outcome.msg;
	return 0;
}

int homa_wait(struct homa *homa, uint64_t rpc, int64_t timeout_ns, struct homa_msg **response)
{
	struct lh_slot *slot;
	bool shared, over;
	int ret = lh_usable(homa);

	if (ret)
		return ret;
	pthread_mutex_lock(&homa->lock);
	slot = lh_slot_find(homa, rpc);
	shared = slot && !slot->is_private;
	pthread_mutex_unlock(&homa->lock);
	if (shared)
		return lh_fail(-EINVAL, "only private RPCs are waited for; homa_complete() returns this one");
	return wait_rpc(homa, rpc, lh_end_ns(timeout_ns), response, &over);
}

int homa_callv(struct homa *homa, const struct sockaddr *to, socklen_t to_bytes,
	       const struct iovec *iov, int iov_count, uint32_t flags, int64_t timeout_ns,
	       struct homa_msg **response)
{
	uint64_t rpc, end_ns = lh_end_ns(timeout_ns);
	char why[HOMA_ERROR_MSG_SIZE];
	size_t bytes;
	bool over;
	int ret;

	if (flags & ~(uint32_t)HOMA_LARGE_REPLY)
		return lh_fail(-EINVAL, "unknown flags");
	if (!end_ns)
		return lh_fail(-EINVAL, "a call takes time: the timeout is not 0");
	if (lh_call_suits(homa, to, to_bytes, timeout_ns)) {
		ret = check(homa, iov, iov_count, flags, &bytes);
		if (!ret)
			ret = lh_call(homa, to, to_bytes, iov, iov_count, bytes, end_ns, response);
		return ret;
	}
	ret = start(homa, to, to_bytes, iov, iov_count, flags | HOMA_PRIVATE, 0, end_ns, &rpc);
	if (ret)
		return ret;
	ret = wait_rpc(homa, rpc, end_ns, response, &over);
	if (over)
		return ret;
	/* Nobody else knows its number, and the caller's message is his again. */
	snprintf(why, sizeof(why), "%s", homa_explain());
	if (homa_cancel(homa, rpc))
		return lh_fail(-ECANCELED, "the RPC was cancelled");
	if (ret == -EAGAIN)
		return lh_fail(-ETIME, "no response came in time; the RPC was ended");
	return lh_fail(ret, why);
}

int homa_call(struct homa *homa, const struct sockaddr *to, socklen_t to_bytes, const void *data,
	      size_t bytes, int64_t timeout_ns, struct homa_msg **response)
{
	struct iovec piece = { .iov_base = (void *)data, .iov_len = bytes };

	return homa_callv(homa, to, to_bytes, &piece, 1, 0, timeout_ns, response);
}

/* For lh_wait(): the oldest completion. */
static bool take_completion(struct homa *homa, uint64_t rpc, void *out)
{
	struct lh_slot *slot = lh_slot_take_done(homa);
	struct homa_completion *completion = out;

	(void)rpc;
	if (!slot)
		return false;
	*completion = (struct homa_completion){
		.rpc = lh_slot_rpc(homa, slot), .cookie = slot->cookie,
		.response = slot->msg, .error = slot->error,
	};
	lh_slot_put(homa, slot);
	return true;
}

int homa_complete(struct homa *homa, int64_t timeout_ns, struct homa_completion *completion)
{
	int ret = lh_usable(homa);

	if (!ret)
		ret = lh_wait(homa, LH_WANT_COMPLETION, 0, lh_end_ns(timeout_ns), take_completion,
			      completion);
	if (!ret && completion->error)
		lh_fail_rpc(completion->error);
	return ret;
}

/* Take a slot out of the list of completions. */
static void unlink_done(struct homa *homa, const struct lh_slot *slot)
{
	uint32_t number = (uint32_t)(slot - homa->slots) + 1;
	uint32_t *at = &homa->done_head, before = 0;

	while (*at && *at != number) {
		before = *at;
		at = &homa->slots[*at - 1].next;
	}
	if (!*at)
		return;
	*at = slot->next;
	if (homa->done_tail == number)
		homa->done_tail = before;
}

int homa_cancel(struct homa *homa, uint64_t rpc)
{
	struct lh_transfer *transfer = NULL;
	struct homa_msg *unwanted = NULL;
	uint64_t kernel_id = 0;
	struct lh_slot *slot;
	int ret = lh_usable(homa);

	if (ret)
		return ret;
	pthread_mutex_lock(&homa->lock);
	slot = lh_slot_find(homa, rpc);
	if (!slot || slot->is_part || slot->state == LH_SENDING || slot->state == LH_CANCELLED) {
		pthread_mutex_unlock(&homa->lock);
		return lh_fail(-ENOENT, "no such RPC: it was never started, or its response was taken");
	}
	if (slot->state == LH_DONE) {
		unwanted = slot->msg;
		if (!slot->is_private)
			unlink_done(homa, slot);
	} else {
		kernel_id = slot->kernel_id;
		transfer = slot->transfer;
		if (transfer)
			transfer->refs++;
	}
	if (slot->waiter) {
		slot->state = LH_CANCELLED;
		lh_wake_waiter(homa, slot->waiter);
	} else {
		lh_slot_put(homa, slot);
	}
	lh_ready(homa);
	pthread_mutex_unlock(&homa->lock);
	if (transfer)
		lh_large_cancel(homa, transfer);
	else if (kernel_id)
		lh_abort(homa, kernel_id);
	homa_msg_free(unwanted);
	return 0;
}
