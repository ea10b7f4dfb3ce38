// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* A TCP connection and what carries its bytes to the other proxy. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "session.h"

/* Silence after which the other proxy is asked whether the session exists. */
#define PING_NS (20 * 1000000000ULL)

/* So long may a session be without memory to send. */
#define STUCK_NS (30 * 1000000000ULL)

/* A chunk between read() and homa_startv(), which copies it. */
static unsigned char chunk[FRAME_DATA_MAX];

uint64_t proxy_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* False: there is no memory now. */
static bool send_reply(struct homa_msg *request, enum frame_status status)
{
	unsigned char reply[FRAME_REPLY_BYTES];

	frame_reply_build(reply, status);
	if (homa_reply(request, reply, sizeof(reply), HOMA_NONBLOCK) == -EAGAIN)
		return false;
	homa_msg_free(request);
	return true;
}

void proxy_reply(struct proxy *proxy, struct homa_msg *request, enum frame_status status)
{
	struct late_reply *late;

	homa_msg_release(request);
	if (send_reply(request, status))
		return;
	late = malloc(sizeof(*late));
	if (!late) {
		/* The other proxy's request ends with its session. */
		homa_msg_free(request);
		return;
	}
	late->request = request;
	late->status = status;
	late->next = proxy->late;
	proxy->late = late;
}

void proxy_late_replies(struct proxy *proxy)
{
	struct late_reply *late;

	while ((late = proxy->late) && send_reply(late->request, late->status)) {
		proxy->late = late->next;
		free(late);
	}
}

void proxy_bury(struct proxy *proxy)
{
	struct session *session;

	while ((session = proxy->dead)) {
		proxy->dead = session->next_dead;
		free(session);
	}
}

static void make_key(struct session_key *key, uint64_t id, const struct sockaddr *peer)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)peer;
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)peer;

	memset(key, 0, sizeof(*key));
	key->id = id;
	if (peer->sa_family == AF_INET) {
		memcpy(&key->host, &in4->sin_addr, sizeof(in4->sin_addr));
		key->port = in4->sin_port;
	} else {
		key->host = in6->sin6_addr;
		key->port = in6->sin6_port;
	}
}

struct session *session_find(struct proxy *proxy, const struct homa_msg *msg, uint64_t id)
{
	struct session *session;
	struct session_key key;

	make_key(&key, id, homa_msg_peer(msg, NULL));
	HASH_FIND(hh, proxy->sessions, &key, sizeof(key), session);
	return session;
}

/* What is to be watched follows from the state; epoll is told of changes only. */
static void watch(struct session *session)
{
	struct epoll_event event = { .data.ptr = session };
	bool watched;

	if (session->dead)
		return;
	if (session->connecting || session->writing)
		event.events |= EPOLLOUT;
	if (session->established && !session->out_eof && !session->stash_bytes &&
	    session->data_rpcs < ORDER_WINDOW)
		event.events |= EPOLLIN;
	/* A connection that both sides have shut down reports that without end. */
	watched = event.events || !session->in_done;
	if (watched == session->watched && event.events == session->interest)
		return;
	if (watched)
		epoll_ctl(session->proxy->epoll_fd,
			  session->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, session->fd, &event);
	else
		epoll_ctl(session->proxy->epoll_fd, EPOLL_CTL_DEL, session->fd, NULL);
	session->watched = watched;
	session->interest = event.events;
}

static struct session *session_new(struct proxy *proxy, int fd, uint64_t id,
				   const struct sockaddr *peer, socklen_t peer_bytes)
{
	struct session *session = calloc(1, sizeof(*session));
	struct epoll_event event = { 0 };
	int on = 1;

	if (!session)
		return NULL;
	event.data.ptr = session;
	if (epoll_ctl(proxy->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
		free(session);
		return NULL;
	}
	/* What one side does not delay the other does not, either. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	session->proxy = proxy;
	session->fd = fd;
	session->watched = true;
	session->heard_ns = proxy_now_ns();
	memcpy(&session->peer, peer, peer_bytes);
	session->peer_bytes = peer_bytes;
	make_key(&session->key, id, peer);
	HASH_ADD(hh, proxy->sessions, key, sizeof(session->key), session);
	proxy->opened++;
	return session;
}

static void session_end(struct session *session)
{
	struct proxy *proxy = session->proxy;
	unsigned int i;

	for (i = 0; i < SESSION_RPCS; i++)
		if (session->rpcs[i].type)
			homa_cancel(proxy->homa, session->rpcs[i].rpc);
	if (session->open_request)
		proxy_reply(proxy, session->open_request, FRAME_REFUSED);
	if (session->writing)
		proxy_reply(proxy, session->writing, FRAME_UNKNOWN);
	for (i = 0; i < session->in.count; i++)
		proxy_reply(proxy, session->in.held[i].what, FRAME_UNKNOWN);
	close(session->fd);
	free(session->stash);
	HASH_DEL(proxy->sessions, session);
	session->dead = true;
	session->next_dead = proxy->dead;
	proxy->dead = session;
}

/* Both streams have ended, and both sides know. */
static bool finished(struct session *session)
{
	if (!session->out_done || !session->in_done)
		return false;
	if (session->proxy->verbose)
		fprintf(stderr, "session %016llx: ended, %llu bytes out, %llu in\n",
			(unsigned long long)session->key.id,
			(unsigned long long)session->out_offset,
			(unsigned long long)session->in.next);
	session_end(session);
	return true;
}

/* Memory comes back; a host that cannot be reached, or may not, does not by itself. */
static bool is_passing(int err)
{
	return err == -EAGAIN || err == -ENOMEM || err == -ENOBUFS;
}

/* Send a frame. -EAGAIN: there is no memory for it now, or no slot; other errors stay. */
static int transmit(struct session *session, enum frame_type type, uint64_t offset,
		    const void *data, size_t bytes)
{
	struct frame frame = { .type = type, .session = session->key.id, .offset = offset };
	unsigned char header[FRAME_BYTES];
	struct iovec iov[2] = {
		{ .iov_base = header, .iov_len = sizeof(header) },
		{ .iov_base = (void *)data, .iov_len = bytes },
	};
	struct session_rpc *rpc = NULL;
	unsigned int i;
	int ret;

	for (i = 0; i < SESSION_RPCS && !rpc; i++)
		if (!session->rpcs[i].type)
			rpc = &session->rpcs[i];
	if (!rpc)
		return -EAGAIN;
	frame_build(header, &frame);
	rpc->session = session;
	ret = homa_startv(session->proxy->homa, (struct sockaddr *)&session->peer,
			  session->peer_bytes, iov, bytes ? 2 : 1, HOMA_NONBLOCK, (uintptr_t)rpc,
			  &rpc->rpc);
	if (!ret) {
		session->stuck_ns = 0;
		rpc->type = type;
		if (type == FRAME_DATA)
			session->data_rpcs++;
		return 0;
	}
	if (!is_passing(ret))
		return ret;
	if (!session->stuck_ns)
		session->stuck_ns = proxy_now_ns();
	return -EAGAIN;
}

void session_fail(struct session *session, bool tell, const char *why)
{
	struct linger now = { .l_onoff = 1 };
	struct frame frame = { .type = FRAME_RESET, .session = session->key.id };
	unsigned char header[FRAME_BYTES];

	if (session->proxy->verbose)
		fprintf(stderr, "session %016llx: %s\n", (unsigned long long)session->key.id, why);
	session->proxy->failed++;
	if (tell) {
		/* Nobody waits for the answer; without it, PING finds out. */
		frame_build(header, &frame);
		homa_start(session->proxy->homa, (struct sockaddr *)&session->peer,
			   session->peer_bytes, header, sizeof(header), HOMA_NONBLOCK, 0, NULL);
	}
	setsockopt(session->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	session_end(session);
}

/* Did a frame fail for good?  Then the session has ended. */
static bool failed(struct session *session, int ret)
{
	if (!ret || ret == -EAGAIN)
		return false;
	session_fail(session, false, homa_explain());
	return true;
}

/* Connection to Homa: read while there is something, and room on the way. */
static void pump_out(struct session *session)
{
	int ret;

	while (session->established && !session->out_eof && !session->stash_bytes &&
	       session->data_rpcs < ORDER_WINDOW) {
		ssize_t got = recv(session->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (got < 0) {
			session_fail(session, true, strerror(errno));
			return;
		}
		if (got == 0) {
			session->out_eof = true;
			break;
		}
		ret = transmit(session, FRAME_DATA, session->out_offset, chunk, (size_t)got);
		if (failed(session, ret))
			return;
		if (ret) {
			session->stash = malloc((size_t)got);
			if (!session->stash) {
				session_fail(session, true, "no memory");
				return;
			}
			memcpy(session->stash, chunk, (size_t)got);
			session->stash_bytes = (size_t)got;
		}
		session->out_offset += (uint64_t)got;
		/* The connection has given all that it had. */
		if ((size_t)got < sizeof(chunk))
			break;
	}
	if (session->out_eof && !session->stash_bytes && !session->out_end_sent) {
		ret = transmit(session, FRAME_END, session->out_offset, NULL, 0);
		if (failed(session, ret))
			return;
		session->out_end_sent = !ret;
	}
	watch(session);
}

/* What had to wait for memory. */
static void retry(struct session *session)
{
	int ret = 0;

	if (session->stash_bytes)
		ret = transmit(session, FRAME_DATA, session->out_offset - session->stash_bytes,
			       session->stash, session->stash_bytes);
	if (failed(session, ret))
		return;
	if (!ret) {
		free(session->stash);
		session->stash = NULL;
		session->stash_bytes = 0;
	}
	pump_out(session);
}

/* Write what is left of session->writing; false if it is not all, or on error. */
static bool write_on(struct session *session)
{
	size_t skip = FRAME_BYTES + session->written;
	const struct iovec *pieces;
	struct iovec rest[16];
	struct msghdr msg = { .msg_iov = rest };
	int i, count = homa_msg_iov(session->writing, &pieces);
	ssize_t put;

	for (i = 0; i < count && msg.msg_iovlen < 16; i++) {
		if (skip >= pieces[i].iov_len) {
			skip -= pieces[i].iov_len;
			continue;
		}
		rest[msg.msg_iovlen].iov_base = (char *)pieces[i].iov_base + skip;
		rest[msg.msg_iovlen++].iov_len = pieces[i].iov_len - skip;
		skip = 0;
	}
	put = sendmsg(session->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (put < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	errno = EAGAIN;
	if (put > 0)
		session->written += (size_t)put;
	return session->written == homa_msg_length(session->writing) - FRAME_BYTES;
}

/* Homa to the connection: write what is in order. */
static void pump_in(struct session *session)
{
	struct order_item item;

	while (!session->connecting) {
		if (session->writing) {
			if (!write_on(session)) {
				if (errno != EAGAIN) {
					session_fail(session, true, strerror(errno));
					return;
				}
				break;
			}
			proxy_reply(session->proxy, session->writing, FRAME_OK);
			session->writing = NULL;
		}
		if (!order_take(&session->in, &item))
			break;
		if (!item.bytes) {
			shutdown(session->fd, SHUT_WR);
			proxy_reply(session->proxy, item.what, FRAME_OK);
			session->in_done = true;
			break;
		}
		session->writing = item.what;
		session->written = 0;
	}
	if (!finished(session))
		watch(session);
}

void session_accepted(struct proxy *proxy, int fd, const struct sockaddr_storage *peer,
		      socklen_t peer_bytes)
{
	struct session *session = NULL;
	uint64_t id;

	if (HASH_COUNT(proxy->sessions) < proxy->max_sessions &&
	    getrandom(&id, sizeof(id), 0) == sizeof(id))
		session = session_new(proxy, fd, id, (const struct sockaddr *)peer, peer_bytes);
	if (!session) {
		fprintf(stderr, "homa-proxy: a connection is refused: %s\n",
			HASH_COUNT(proxy->sessions) < proxy->max_sessions ? strerror(errno) :
			"too many sessions (see --max-sessions)");
		close(fd);
		return;
	}
	if (transmit(session, FRAME_OPEN, 0, NULL, 0))
		session_fail(session, false, homa_explain());
}

void session_requested(struct proxy *proxy, struct homa_msg *request, const struct frame *frame,
		       const struct sockaddr_storage *service, socklen_t service_bytes)
{
	struct session *session;
	const struct sockaddr *peer;
	socklen_t peer_bytes;
	int fd;

	if (session_find(proxy, request, frame->session)) {
		proxy_reply(proxy, request, FRAME_BAD);
		return;
	}
	if (HASH_COUNT(proxy->sessions) >= proxy->max_sessions) {
		proxy_reply(proxy, request, FRAME_BUSY);
		return;
	}
	fd = socket(service->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		proxy_reply(proxy, request, FRAME_BUSY);
		return;
	}
	if (connect(fd, (const struct sockaddr *)service, service_bytes) && errno != EINPROGRESS) {
		close(fd);
		proxy_reply(proxy, request, FRAME_REFUSED);
		return;
	}
	peer = homa_msg_peer(request, &peer_bytes);
	session = session_new(proxy, fd, frame->session, peer, peer_bytes);
	if (!session) {
		close(fd);
		proxy_reply(proxy, request, FRAME_BUSY);
		return;
	}
	homa_msg_release(request);
	session->open_request = request;
	session->connecting = true;
	watch(session);
}

static void connected(struct session *session)
{
	socklen_t bytes = sizeof(int);
	int error = 0;

	if (getsockopt(session->fd, SOL_SOCKET, SO_ERROR, &error, &bytes) || error) {
		/* The answer to the OPEN says it: REFUSED. */
		session_fail(session, false, strerror(error));
		return;
	}
	session->connecting = false;
	session->established = true;
	proxy_reply(session->proxy, session->open_request, FRAME_OK);
	session->open_request = NULL;
	pump_out(session);
}

void session_frame(struct session *session, struct homa_msg *request, const struct frame *frame)
{
	struct order_item item = {
		.offset = frame->offset,
		.bytes = homa_msg_length(request) - FRAME_BYTES,
		.what = request,
	};

	session->heard_ns = proxy_now_ns();
	switch (frame->type) {
	case FRAME_DATA:
	case FRAME_END:
		if (!order_add(&session->in, &item)) {
			proxy_reply(session->proxy, request, FRAME_BAD);
			session_fail(session, true, "frames contradict each other");
			return;
		}
		pump_in(session);
		break;
	case FRAME_RESET:
		proxy_reply(session->proxy, request, FRAME_OK);
		session_fail(session, false, "reset by the other side");
		break;
	case FRAME_PING:
		proxy_reply(session->proxy, request, FRAME_OK);
		break;
	default:
		proxy_reply(session->proxy, request, FRAME_BAD);
		break;
	}
}

static enum frame_status status_of(const struct homa_completion *completion)
{
	unsigned char reply[FRAME_REPLY_BYTES];

	if (homa_msg_copy(completion->response, 0, reply, sizeof(reply)) != sizeof(reply))
		return FRAME_BAD;
	return frame_reply_parse(reply, homa_msg_length(completion->response));
}

void session_completed(struct session_rpc *rpc, const struct homa_completion *completion)
{
	struct session *session = rpc->session;
	enum frame_type type = rpc->type;
	enum frame_status status;

	rpc->type = 0;
	if (type == FRAME_DATA)
		session->data_rpcs--;
	if (completion->error) {
		session_fail(session, false, strerror(-completion->error));
		return;
	}
	status = status_of(completion);
	if (status != FRAME_OK) {
		session_fail(session, false, frame_status_text(status));
		return;
	}
	session->heard_ns = proxy_now_ns();
	if (type == FRAME_OPEN)
		session->established = true;
	if (type == FRAME_END) {
		session->out_done = true;
		if (finished(session))
			return;
	}
	retry(session);
}

void session_events(struct session *session, uint32_t events)
{
	if (session->dead)
		return;
	if (session->connecting) {
		connected(session);
		return;
	}
	if (events & EPOLLERR) {
		/* Also while nothing is read: the peer has reset the connection. */
		session_fail(session, true, "the connection was reset");
		return;
	}
	if (events & EPOLLOUT && session->writing)
		pump_in(session);
	if (events & (EPOLLIN | EPOLLHUP) && !session->dead)
		pump_out(session);
}

void session_tick(struct session *session, uint64_t now_ns)
{
	bool waits = session->stash_bytes || (session->out_eof && !session->out_end_sent);
	bool ping = session->established && now_ns - session->heard_ns > PING_NS;
	unsigned int i;

	/* What could not be sent may not be needed any more. */
	if (!waits && !ping)
		session->stuck_ns = 0;
	if (session->stuck_ns && now_ns - session->stuck_ns > STUCK_NS) {
		session_fail(session, false, "there was no memory to send for half a minute");
		return;
	}
	if (ping) {
		for (i = 0; i < SESSION_RPCS; i++)
			if (session->rpcs[i].type == FRAME_PING)
				break;
		if (i == SESSION_RPCS && failed(session, transmit(session, FRAME_PING, 0, NULL, 0)))
			return;
	}
	if (waits)
		retry(session);
}
