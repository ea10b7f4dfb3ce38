/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * libhoma - remote procedure calls over Homa
 *
 * A client sends a request message to a server and gets one response message.
 * This library opens the socket, owns the memory for incoming messages and
 * gives it back to the kernel, and brings every message to the thread that
 * waits for it. docs/programming.md is the guide, homa_open(3) the place to
 * start in the manual.
 *
 * Results: 0 or a positive value on success, -errno on failure;
 * homa_explain() says in words what was wrong.
 *
 * Threads: "any thread" functions may be called by any number of threads at
 * once, also on the same handle. Functions on a message may be called by one
 * thread at a time for each message. homa_close() needs the handle alone.
 *
 * Times: a timeout is in nanoseconds; 0 does not wait, HOMA_FOREVER waits.
 */
#ifndef HOMA_HOMA_H
#define HOMA_HOMA_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Longest message that is one RPC of the kernel; longer ones need HOMA_LARGE. */
#define HOMA_RPC_BYTES 1000000

/* A timeout that never ends. */
#define HOMA_FOREVER ((int64_t)-1)

/* Flags of homa_options. */
#define HOMA_LARGE 0x01		/* messages of any size, see homa_large(7) */

/* Flags of homa_start(), homa_callv() and homa_reply(). */
#define HOMA_PRIVATE 0x01	/* only homa_wait() gets the response */
#define HOMA_NONBLOCK 0x02	/* -EAGAIN instead of waiting for send memory */
#define HOMA_LARGE_REPLY 0x04	/* the response may be beyond HOMA_RPC_BYTES */

/* A socket and everything around it. */
struct homa;

/* A request or response that was received. */
struct homa_msg;

/**
 * struct homa_options - what homa_open() can be told; begin with HOMA_OPTIONS_INIT
 * @size:               sizeof(struct homa_options), so that it can grow
 * @flags:              0 or HOMA_LARGE
 * @region_bytes:       memory for incoming messages, 0 = 64 MiB (only what is used counts)
 * @large_memory_bytes: HOMA_LARGE: most memory for large messages, of which one host
 *                      gets half; 0 = 512 MiB
 * @large_expire_ns:    HOMA_LARGE: a transfer without progress ends after this, 0 = 10 s
 */
struct homa_options {
	uint32_t size;
	uint32_t flags;
	uint64_t region_bytes;
	uint64_t large_memory_bytes;
	uint64_t large_expire_ns;
};

#define HOMA_OPTIONS_INIT { sizeof(struct homa_options), 0, 0, 0, 0 }

/**
 * struct homa_completion - an asynchronous RPC that has ended
 * @rpc:      what homa_start() returned
 * @cookie:   what homa_start() was given
 * @response: the response, to be freed with homa_msg_free(); NULL after an error
 * @error:    0 or -errno
 * @reserved: 0
 */
struct homa_completion {
	uint64_t rpc;
	uint64_t cookie;
	struct homa_msg *response;
	int error;
	int reserved[5];
};

/* ---- the handle ---- */

/**
 * homa_open() - open a Homa socket with memory for incoming messages
 * @homa:    where the handle is returned
 * @family:  AF_INET, or AF_INET6 (reaches IPv4 as ::ffff:a.b.c.d)
 * @options: NULL, or more wishes
 *
 * Context: any thread.
 * Return: 0 or -errno.
 */
int homa_open(struct homa **homa, int family, const struct homa_options *options);

/**
 * homa_close() - close the socket; RPCs end, without notice to peers
 * @homa: the handle, NULL is ignored
 *
 * Messages that were not freed stay valid until they are.
 *
 * Context: no other thread uses the handle.
 */
void homa_close(struct homa *homa);

/**
 * homa_bind() - take a port, 1 to 32767, and accept requests
 * @homa:       the handle
 * @addr:       address and port; the wildcard address means all of this host
 * @addr_bytes: size of @addr
 *
 * Context: any thread, before messages are exchanged.
 * Return: 0 or -errno.
 */
int homa_bind(struct homa *homa, const struct sockaddr *addr, socklen_t addr_bytes);

/**
 * homa_port() - the port of the socket
 * @homa: the handle
 *
 * Context: any thread.
 * Return: the port in host byte order, or -errno.
 */
int homa_port(struct homa *homa);

/**
 * homa_fd() - a file descriptor to poll
 * @homa: the handle
 *
 * It is readable while homa_recv(), homa_complete() or homa_wait() may have something; call
 * them with timeout 0 until -EAGAIN. For poll(), select(), epoll and io_uring only. It belongs
 * to the handle.
 *
 * Context: any thread.
 * Return: the descriptor or -errno.
 */
int homa_fd(struct homa *homa);

/**
 * homa_socket() - the socket itself, for socket options and ioctls
 * @homa: the handle
 *
 * Nobody but the library may receive from it.
 *
 * Context: any thread.
 * Return: the descriptor.
 */
int homa_socket(struct homa *homa);

/**
 * homa_stop() - let homa_recv() and homa_serve() return -ESHUTDOWN and 0, for good
 * @homa: the handle
 *
 * Replies and calls that are under way go on.
 *
 * Context: any thread, and signal handlers.
 */
void homa_stop(struct homa *homa);

/**
 * homa_explain() - why the last function failed, in words
 *
 * The kernel's own explanation where it has one, else the library's.
 *
 * Context: any thread; each has its own text.
 * Return: a text, "" if there is nothing to say. It is valid until the thread's next call.
 */
const char *homa_explain(void);

/**
 * homa_address() - read "10.0.0.2:4000", "[fd00::2]:4000" or an address without port
 * @text:         numeric address; names are for getaddrinfo(3)
 * @default_port: port if @text has none
 * @family:       AF_INET6 maps an IPv4 address, AF_INET refuses IPv6; AF_UNSPEC takes both
 * @addr:         where the address is returned
 * @addr_bytes:   where its size is returned
 *
 * Context: any thread.
 * Return: 0 or -errno.
 */
int homa_address(const char *text, uint16_t default_port, int family,
		 struct sockaddr_storage *addr, socklen_t *addr_bytes);

/**
 * homa_version() - the version of the library
 *
 * Context: any thread.
 * Return: "MAJOR.MINOR.PATCH".
 */
const char *homa_version(void);

/* ---- client ---- */

/**
 * homa_call() - send a request and wait for the response
 * @homa:       the handle
 * @to:         the server
 * @to_bytes:   size of @to
 * @data:       the request
 * @bytes:      its length, 1 to HOMA_RPC_BYTES, or more with HOMA_LARGE
 * @timeout_ns: for all of it; afterwards the RPC is ended: -ETIME
 * @response:   where the response is returned
 *
 * Context: any thread.
 * Return: 0 or -errno.
 */
int homa_call(struct homa *homa, const struct sockaddr *to, socklen_t to_bytes, const void *data,
	      size_t bytes, int64_t timeout_ns, struct homa_msg **response);

/**
 * homa_callv() - homa_call() of a request in pieces
 * @homa:       the handle
 * @to:         the server
 * @to_bytes:   size of @to
 * @iov:        the pieces
 * @iov_count:  how many, at most 1000
 * @flags:      0 or HOMA_LARGE_REPLY
 * @timeout_ns: as for homa_call()
 * @response:   where the response is returned
 *
 * Context: any thread.
 * Return: 0 or -errno.
 */
int homa_callv(struct homa *homa, const struct sockaddr *to, socklen_t to_bytes,
	       const struct iovec *iov, int iov_count, uint32_t flags, int64_t timeout_ns,
	       struct homa_msg **response);

/**
 * homa_start() - send a request and do not wait
 * @homa:     the handle
 * @to:       the server
 * @to_bytes: size of @to
 * @data:     the request; beyond HOMA_RPC_BYTES it must stay until the RPC has ended
 * @bytes:    its length
 * @flags:    HOMA_PRIVATE, HOMA_NONBLOCK, HOMA_LARGE_REPLY
 * @cookie:   returned by homa_complete()
 * @rpc:      NULL, or where the number of the RPC is returned
 *
 * The response comes from homa_complete(), that of a private RPC from homa_wait().
 *
 * Context: any thread.
 * Return: 0 or -errno.
 */
int homa_start(struct homa *homa, const struct sockaddr *to, socklen_t to_bytes, const void *data,
	       size_t bytes, uint32_t flags, uint64_t cookie, uint64_t *rpc);

/**
 * homa_startv() - homa_start() of a request in pieces
 * @homa:      the handle
 * @to:        the server
 * @to_bytes:  size of @to
 * @iov:       the pieces
 * @iov_count: how many, at most 1000
 * @flags:     as for homa_start()
 * @cookie:    returned by homa_complete()
 * @rpc:       NULL, or where the number of the RPC is returned
 *
 * Context: any thread.
 * Return: 0 or -errno.
 */
int homa_startv(struct homa *homa, const struct sockaddr *to, socklen_t to_bytes,
		const struct iovec *iov, int iov_count, uint32_t flags, uint64_t cookie,
		uint64_t *rpc);

/**
 * homa_complete() - the next RPC that has ended and is not private
 * @homa:       the handle
 * @timeout_ns: how long to wait; then -EAGAIN
 * @completion: what has ended, and how
 *
 * Context: any thread.
 * Return: 0 (an error of the RPC is in @completion) or -errno.
 */
int homa_complete(struct homa *homa, int64_t timeout_ns, struct homa_completion *completion);

/**
 * homa_wait() - the response of a private RPC
 * @homa:       the handle
 * @rpc:        which, from homa_start() with HOMA_PRIVATE
 * @timeout_ns: how long to wait; then -EAGAIN, and the RPC goes on
 * @response:   where the response is returned
 *
 * Context: any thread; one at a time for each RPC.
 * Return: 0 or -errno.
 */
int homa_wait(struct homa *homa, uint64_t rpc, int64_t timeout_ns, struct homa_msg **response);

/**
 * homa_cancel() - end an RPC; nothing will be heard of it
 * @homa: the handle
 * @rpc:  which
 *
 * The server is not told, and may have executed the request.
 *
 * Context: any thread. A thread in homa_wait() for it gets -ECANCELED.
 * Return: 0, or -ENOENT: no such RPC, or its response was already returned.
 */
int homa_cancel(struct homa *homa, uint64_t rpc);

/* ---- server ---- */

/**
 * homa_recv() - the next request
 * @homa:       the handle
 * @timeout_ns: how long to wait; then -EAGAIN
 * @request:    where it is returned; answer it with homa_reply(), then homa_msg_free()
 *
 * Context: any thread.
 * Return: 0 or -errno.
 */
int homa_recv(struct homa *homa, int64_t timeout_ns, struct homa_msg **request);

/**
 * homa_reply() - answer a request
 * @request: from homa_recv(), by any thread, at any time
 * @data:    the response
 * @bytes:   its length, at least 1
 * @flags:   0 or HOMA_NONBLOCK
 *
 * The request is still to be freed. If the send buffer is full this waits, for 5 seconds at most;
 * after -EAGAIN the request can be answered again.
 *
 * Context: any thread; one at a time for each request.
 * Return: 0 (also if the client has given up) or -errno.
 */
int homa_reply(struct homa_msg *request, const void *data, size_t bytes, uint32_t flags);

/**
 * homa_replyv() - homa_reply() of a response in pieces
 * @request:   from homa_recv()
 * @iov:       the pieces
 * @iov_count: how many, at most 1000
 * @flags:     0 or HOMA_NONBLOCK
 *
 * Context: any thread; one at a time for each request.
 * Return: 0 or -errno.
 */
int homa_replyv(struct homa_msg *request, const struct iovec *iov, int iov_count, uint32_t flags);

/**
 * typedef homa_handler - what homa_serve() calls for each request
 * @request: to be answered and freed, now or later, here or in another thread
 * @arg:     as given to homa_serve()
 */
typedef void (*homa_handler)(struct homa_msg *request, void *arg);

/**
 * homa_serve() - receive requests in several threads until homa_stop()
 * @homa:    the handle
 * @threads: how many, the calling one included
 * @handler: called for each request
 * @arg:     passed to @handler
 *
 * Context: any thread.
 * Return: 0 after homa_stop(), or -errno. All other threads have ended then.
 */
int homa_serve(struct homa *homa, unsigned int threads, homa_handler handler, void *arg);

/* ---- messages ---- */

/**
 * homa_msg_length() - bytes of a message
 * @msg: the message
 *
 * Context: any thread.
 * Return: its length.
 */
size_t homa_msg_length(const struct homa_msg *msg);

/**
 * homa_msg_data() - the message, if it lies in one piece
 * @msg: the message
 *
 * Messages up to 65536 bytes always do, and so do those beyond HOMA_RPC_BYTES. The memory is
 * writable, and yours until homa_msg_free() or homa_msg_release().
 *
 * Context: any thread.
 * Return: its first byte, or NULL: use homa_msg_iov() or homa_msg_copy().
 */
void *homa_msg_data(const struct homa_msg *msg);

/**
 * homa_msg_iov() - the pieces of a message
 * @msg: the message
 * @iov: where the address of the array is returned
 *
 * Context: any thread.
 * Return: the number of pieces, at least 1; 0 after homa_msg_release().
 */
int homa_msg_iov(const struct homa_msg *msg, const struct iovec **iov);

/**
 * homa_msg_copy() - copy out of a message
 * @msg:    the message
 * @offset: first byte
 * @to:     where to
 * @bytes:  how many at most
 *
 * Context: any thread.
 * Return: bytes copied; less than @bytes at the end of the message.
 */
size_t homa_msg_copy(const struct homa_msg *msg, size_t offset, void *to, size_t bytes);

/**
 * homa_msg_peer() - who sent it
 * @msg:        the message
 * @addr_bytes: NULL, or where the size of the address is returned
 *
 * Context: any thread.
 * Return: the address, valid as long as the message.
 */
const struct sockaddr *homa_msg_peer(const struct homa_msg *msg, socklen_t *addr_bytes);

/**
 * homa_msg_release() - give the memory of the contents back early
 * @msg: a request, which can still be answered
 *
 * Context: any thread; nobody uses the contents any more.
 */
void homa_msg_release(struct homa_msg *msg);

/**
 * homa_msg_free() - give a message back
 * @msg: the message, NULL is ignored
 *
 * A request that was not answered stays in the kernel, and its client waits.
 *
 * Context: any thread; nobody uses the message any more.
 */
void homa_msg_free(struct homa_msg *msg);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif /* HOMA_HOMA_H */
