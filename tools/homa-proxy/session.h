/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A TCP connection and what carries its bytes to the other proxy. Two streams:
 * out, from the connection to Homa, and in, the other way.
 *
 * The proxy is one thread; nothing here waits.
 */
#ifndef HOMA_PROXY_SESSION_H
#define HOMA_PROXY_SESSION_H

#include <netinet/in.h>
#include <sys/epoll.h>
#include <uthash.h>

#include <homa/homa.h>

#include "frame.h"
#include "order.h"

/* Requests of a session that are under way: DATA and END, and a PING or an OPEN. */
#define SESSION_RPCS (ORDER_WINDOW + 2)

struct proxy;

/* Who is meant by a frame; padding is zero, because it is hashed as bytes. */
struct session_key {
	uint64_t id;
	struct in6_addr host;
	uint16_t port;
	uint16_t zero[3];
};

/**
 * struct session_rpc - a request of ours that is under way
 * @session: whose
 * @rpc: its number, for homa_cancel()
 * @type: of the frame; 0 = free
 */
struct session_rpc {
	struct session *session;
	uint64_t rpc;
	unsigned int type;
};

/**
 * struct session - see above
 * @key: by which frames find it
 * @hh: in proxy.sessions
 * @proxy: whose it is
 * @dead: ended; the memory stays until nobody can have a pointer to it
 * @next_dead: in proxy.dead
 * @peer: the other proxy
 * @peer_bytes: size of @peer
 * @fd: the TCP connection
 * @interest: what epoll was told
 * @watched: epoll knows the connection
 * @connecting: the connection to the service is not there yet
 * @established: both connections are there
 * @open_request: of the other proxy, answered when the service is connected
 * @rpcs: requests under way
 * @data_rpcs: how many of them are DATA
 * @out_offset: bytes sent as DATA
 * @out_eof: the connection has no more
 * @out_end_sent: the END is under way, or answered
 * @out_done: the other side has passed the end on
 * @stash: a chunk that there was no memory to send
 * @stash_bytes: its length, 0 = none
 * @stuck_ns: since when there is no memory to send; 0 = there is
 * @in: order of the frames
 * @writing: the DATA request that is being written to the connection
 * @written: bytes of it that are
 * @in_done: the end was passed on to the connection
 * @heard_ns: when the other proxy was last heard of
 */
struct session {
	struct session_key key;
	UT_hash_handle hh;
	struct proxy *proxy;
	bool dead;
	struct session *next_dead;
	struct sockaddr_storage peer;
	socklen_t peer_bytes;

	int fd;
	uint32_t interest;
	bool watched;
	bool connecting;
	bool established;
	struct homa_msg *open_request;
	struct session_rpc rpcs[SESSION_RPCS];
	unsigned int data_rpcs;

	uint64_t out_offset;
	bool out_eof;
	bool out_end_sent;
	bool out_done;
	unsigned char *stash;
	size_t stash_bytes;
	uint64_t stuck_ns;

	struct order in;
	struct homa_msg *writing;
	size_t written;
	bool in_done;
	uint64_t heard_ns;
};

struct late_reply {
	struct late_reply *next;
	struct homa_msg *request;
	enum frame_status status;
};

/**
 * struct proxy - one process
 * @homa: the socket for all sessions
 * @epoll_fd: of all connections; their events point to the session
 * @sessions: by key
 * @dead: sessions that have ended since proxy_bury()
 * @late: replies that there was no memory to send
 * @max_sessions: no more than that
 * @opened: how many there were
 * @failed: how many of them ended abnormally
 * @verbose: report each of them
 */
struct proxy {
	struct homa *homa;
	int epoll_fd;
	struct session *sessions;
	struct session *dead;
	struct late_reply *late;
	unsigned int max_sessions;
	uint64_t opened;
	uint64_t failed;
	bool verbose;
};

/**
 * session_accepted() - a client connected: ask the other proxy for the service
 * @proxy: this one
 * @fd: the connection; closed here if that is impossible
 * @peer: the other proxy
 * @peer_bytes: size of @peer
 */
void session_accepted(struct proxy *proxy, int fd, const struct sockaddr_storage *peer,
		      socklen_t peer_bytes);

/**
 * session_requested() - another proxy has a client: connect to the service
 * @proxy: this one
 * @request: the OPEN; answered later
 * @frame: what it says
 * @service: address of the service
 * @service_bytes: size of @service
 */
void session_requested(struct proxy *proxy, struct homa_msg *request, const struct frame *frame,
		       const struct sockaddr_storage *service, socklen_t service_bytes);

/**
 * session_find() - whose is a frame?
 * @proxy: this one
 * @msg: the request
 * @id: session in it
 *
 * Return: the session, or NULL. A frame from elsewhere finds nothing.
 */
struct session *session_find(struct proxy *proxy, const struct homa_msg *msg, uint64_t id);

/**
 * session_frame() - another proxy says something
 * @session: to whom
 * @request: the message, taken over
 * @frame: what it says; not FRAME_OPEN
 */
void session_frame(struct session *session, struct homa_msg *request, const struct frame *frame);

/**
 * session_completed() - a request of ours was answered
 * @rpc: which
 * @completion: how; its response is freed by the caller
 */
void session_completed(struct session_rpc *rpc, const struct homa_completion *completion);

/**
 * session_events() - something happened to the connection
 * @session: whose
 * @events: of epoll
 */
void session_events(struct session *session, uint32_t events);

/**
 * session_tick() - once a second or so
 * @session: any
 * @now_ns: CLOCK_MONOTONIC
 */
void session_tick(struct session *session, uint64_t now_ns);

/**
 * session_fail() - end it, both connections are reset
 * @session: dead afterwards
 * @tell: tell the other proxy
 * @why: for the log
 */
void session_fail(struct session *session, bool tell, const char *why);

/**
 * proxy_now_ns() - CLOCK_MONOTONIC
 *
 * Return: nanoseconds.
 */
uint64_t proxy_now_ns(void);

/**
 * proxy_reply() - answer a request and free it
 * @proxy: this one
 * @request: of another proxy
 * @status: how it went
 */
void proxy_reply(struct proxy *proxy, struct homa_msg *request, enum frame_status status);

/**
 * proxy_late_replies() - send what had to wait for memory
 * @proxy: this one
 */
void proxy_late_replies(struct proxy *proxy);

/**
 * proxy_bury() - free the sessions that have ended
 * @proxy: this one; no event of theirs is in anybody's hands
 */
void proxy_bury(struct proxy *proxy);

#endif /* HOMA_PROXY_SESSION_H */
