/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * libhoma: what its files share. Everything in here begins with lh_ and is not
 * exported.
 *
 * One mutex (homa.lock) guards the state of a handle. It is never held during a
 * system call that sends, receives or waits.
 *
 * Any thread may receive from the socket at any time, and gets whatever the
 * kernel has next. So each message is routed to whom it belongs (route.c): a
 * queue of requests, a queue of completions, or the slot of one RPC. Of the
 * threads that wait, one polls the socket for all of them (wait.c).
 */
#ifndef LH_INTERNAL_H
#define LH_INTERNAL_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <homa/homa.h>
#include <linux/homa.h>

/* The kernel takes 1024; a frame may come before them. */
#define LH_IOV_MAX 1000

/* Responses of this size need no buffer in the region. */
#define LH_SMALL_BYTES ((HOMA_MAX_BPAGES - 1) * sizeof(struct iovec))

struct lh_large;		/* of a handle, large.c */
struct lh_transfer;		/* one outgoing large RPC, large_client.c */
struct lh_incoming;		/* one large RPC at the server, large_server.c */

/**
 * struct homa_msg - a received message
 * @homa:        where it came from
 * @next:        in a queue, or in the cache of unused ones
 * @id:          of the kernel; odd = a request
 * @length:      bytes
 * @num_bpages:  entries of @bpages that have to be given back
 * @iov_count:   entries of @iov
 * @is_request:  can be answered
 * @answered:    was answered
 * @memory:      contents that are not in the region (large messages)
 * @memory_bytes: size of @memory
 * @incoming:    a large RPC of ours: how to answer it
 * @in_share:    @memory counts for the host of @incoming
 * @framed:      the client understands framed responses
 * @peer:        the sender
 * @peer_bytes:  size of @peer
 * @bpages:      buffers
 * @iov:         the contents
 * @small:       a short response, where only the first of @iov is used
 */
struct homa_msg {
	struct homa *homa;
	struct homa_msg *next;
	uint64_t id;
	size_t length;
	uint32_t num_bpages;
	int iov_count;
	bool is_request;
	bool in_share;
	bool framed;
	atomic_bool answered;
	void *memory;
	size_t memory_bytes;
	struct lh_incoming *incoming;
	struct sockaddr_storage peer;
	socklen_t peer_bytes;
	uint32_t bpages[HOMA_MAX_BPAGES];
	union {
		struct iovec iov[HOMA_MAX_BPAGES];
		struct {
			struct iovec only;
			unsigned char small[LH_SMALL_BYTES];
		};
	};
};

struct lh_queue {
	struct homa_msg *head;
	struct homa_msg **tail;
};

enum lh_slot_state { LH_FREE, LH_SENDING, LH_WAITING, LH_DONE, LH_CANCELLED };

/**
 * struct lh_slot - one RPC of ours
 * @generation: makes the numbers of RPCs in the same slot different
 * @state:      see above
 * @is_private: only homa_wait() gets it
 * @next:       in the list of free slots, or of completions; index + 1, 0 = end
 * @kernel_id:  valid from LH_WAITING on; 0 = no RPC of the kernel (a large one)
 * @cookie:     of the user
 * @error:      LH_DONE: 0 or -errno
 * @msg:        LH_DONE: the response
 * @waiter:     the thread in homa_wait()
 * @transfer:   the large RPC that this is, or belongs to
 * @is_part:    a request of the protocol of @transfer, not the large RPC itself
 */
struct lh_slot {
	uint32_t generation;
	enum lh_slot_state state;
	bool is_private;
	bool is_part;
	uint32_t next;
	uint64_t kernel_id;
	uint64_t cookie;
	int error;
	struct homa_msg *msg;
	struct lh_waiter *waiter;
	struct lh_transfer *transfer;
};

enum lh_want { LH_WANT_REQUEST, LH_WANT_COMPLETION, LH_WANT_RPC };

/* A thread that waits. */
struct lh_waiter {
	struct lh_waiter *next;
	enum lh_want want;
	bool woken;
	bool queued;
	bool sleeps;			/* @cond is in use */
	pthread_cond_t cond;
};

#define LH_PENDING_MAX 64
#define LH_CACHE_MAX 64

struct homa {
	int fd;
	int family;
	pthread_mutex_t lock;
	atomic_bool stopped;
	bool closed;			/* waits for the last message */
	bool can_exchange;		/* the kernel has HOMAIOCEXCHANGE */
	unsigned char *alive;		/* a page that a forked child sees empty */

	/* The receive region, and buffers that go back with the next call. */
	unsigned char *region;
	size_t region_bytes;
	uint32_t num_pending;
	uint32_t pending[LH_PENDING_MAX];
	atomic_size_t held_bytes;	/* of whole bpages, by the application */
	uint32_t num_msgs;		/* that are not free */
	struct homa_msg *cache;
	uint32_t num_cached;

	struct lh_queue requests;
	struct lh_slot *slots;
	uint32_t num_slots;
	uint32_t free_slot;		/* index + 1 */
	uint32_t done_head;		/* completions, index + 1 */
	uint32_t done_tail;

	/* Waiting. */
	struct lh_waiter *waiters;	/* oldest first */
	struct lh_waiter *poller;	/* the one that polls */
	int wake_fd;			/* eventfd: wakes the poller */
	int epoll_fd;			/* homa_fd(), -1 = nobody asked */
	int ready_fd;			/* eventfd in epoll_fd: queues are not empty */
	bool ready_set;

	struct lh_large *large;		/* NULL without HOMA_LARGE */
};

/* What the kernel had next. */
struct lh_received {
	struct homa_msg *msg;		/* NULL: an RPC failed */
	uint64_t id;
	uint64_t cookie;
	int error;
};

/* explain.c: each returns @err, so that callers can return it. */
int lh_fail(int err, const char *why);
int lh_fail_errno(struct homa *homa);		/* a system call on the socket failed */
int lh_fail_rpc(int err);			/* an RPC ended with this error */
int lh_usable(const struct homa *homa);		/* not in a forked child, not closed */

/* kernel.c: the system calls. */
int lh_sendmsg(struct homa *homa, const struct sockaddr *to, socklen_t to_bytes,
	       const struct iovec *iov, int iov_count, struct homa_sendmsg_args *args, int flags);
int lh_receive(struct homa *homa, struct lh_received *received);	/* unlocks */
void lh_msg_fill(struct homa_msg *msg, uint64_t id, size_t length, const uint32_t *bpages,
		 uint32_t num_bpages);
void lh_give_back(struct homa *homa, const uint32_t *bpages, uint32_t num);
int lh_abort(struct homa *homa, uint64_t id);

/* exchange.c */
void lh_exchange_init(struct homa *homa);
bool lh_exchange_suits(const struct homa *homa, const struct sockaddr *to, socklen_t to_bytes,
		       const struct iovec *iov, int iov_count);
int lh_exchange_send(struct homa *homa, const struct sockaddr *to, const struct iovec *iov,
		     struct homa_sendmsg_args *args, bool wait);
bool lh_call_suits(const struct homa *homa, const struct sockaddr *to, socklen_t to_bytes,
		   int64_t timeout_ns);
int lh_call(struct homa *homa, const struct sockaddr *to, socklen_t to_bytes,
	    const struct iovec *iov, int iov_count, size_t bytes, uint64_t end_ns,
	    struct homa_msg **response);

/* msg.c */
uint32_t lh_take_pending(struct homa *homa, uint32_t *returns, uint32_t max);	/* lock held */
struct homa_msg *lh_msg_get(struct homa *homa, uint32_t *returns, uint32_t max,
			    uint32_t *num);		/* lock held; may be NULL */
void lh_msg_put(struct homa_msg *msg);			/* unused, without contents */
void lh_msg_set_memory(struct homa_msg *msg, void *memory, size_t bytes);
void lh_queue_init(struct lh_queue *queue);
void lh_queue_add(struct lh_queue *queue, struct homa_msg *msg);
struct homa_msg *lh_queue_take(struct lh_queue *queue);
void lh_free_region(struct homa *homa);

/* slots.c: with the lock held, but for lh_slot_send() */
struct lh_slot *lh_slot_get(struct homa *homa);		/* may be NULL */
void lh_slot_put(struct homa *homa, struct lh_slot *slot);
uint64_t lh_slot_rpc(const struct homa *homa, const struct lh_slot *slot);
struct lh_slot *lh_slot_find(const struct homa *homa, uint64_t rpc);
void lh_slot_done(struct homa *homa, struct lh_slot *slot, struct homa_msg *msg, int error);
struct lh_slot *lh_slot_take_done(struct homa *homa);
int lh_slot_send(struct homa *homa, uint64_t rpc, const struct sockaddr *to, socklen_t to_bytes,
		 const struct iovec *iov, int iov_count, bool nonblock, uint64_t end_ns);

/* wait.c */
uint64_t lh_now_ns(void);
uint64_t lh_end_ns(int64_t timeout_ns);
#define LH_NEVER UINT64_MAX
int lh_wait(struct homa *homa, enum lh_want want, uint64_t rpc, uint64_t end_ns,
	    bool (*take)(struct homa *homa, uint64_t rpc, void *out), void *out);
void lh_wake(struct homa *homa, enum lh_want want);		/* lock held */
void lh_wake_waiter(struct homa *homa, struct lh_waiter *waiter);	/* lock held */
void lh_ready(struct homa *homa);				/* lock held */
void lh_tell(int fd);
int lh_wait_writable(struct homa *homa, uint64_t end_ns);

/* route.c */
void lh_route(struct homa *homa, struct lh_received *received);	/* returns locked */

/* server.c */
#define LH_REPLY_WAIT_NS 5000000000ULL
int lh_send_reply(struct homa_msg *request, const struct iovec *iov, int iov_count,
		  bool nonblock);

/* iov.c */
int lh_iov_check(const struct iovec *iov, int iov_count, size_t *bytes);
int lh_iov_slice(const struct iovec *iov, int iov_count, size_t offset, size_t bytes,
		 struct iovec *out, int out_max);

#endif /* LH_INTERNAL_H */
