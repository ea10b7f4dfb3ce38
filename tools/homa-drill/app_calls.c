// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * app_calls.c - the socket calls of the application side
 *
 * Plain use of the interface in <linux/homa.h>: what a program would do,
 * with every result handed to the script.
 */
#include "app.h"

#include <errno.h>
#include <linux/homa.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "link.h"
#include "pkt.h"

/** Requests whose address is remembered for the reply. */
#define PEERS_MAX	512

/** Buffers that a script can hold. */
#define BPAGES_MAX	4096

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

struct sock {
	int fd;
	bool used;
	uint8_t *region;
	size_t region_len;
	uint32_t given[2 * BPAGES_MAX];	/* to be returned with the next call */
	int num_given;
	uint32_t kept[BPAGES_MAX];	/* until the script says release */
	int num_kept;
	struct {
		uint64_t id;
		union address addr;
	} peer[PEERS_MAX];
	int num_peers;
};

static struct sock socks[APP_SOCKETS_MAX];

static socklen_t make_address(int ip_version, unsigned int host, uint16_t port,
			      union address *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (ip_version == 4) {
		addr->in.sin_family = AF_INET;
		addr->in.sin_port = htons(port);
		drill_host_addr(4, host, (uint8_t *)&addr->in.sin_addr);
		return sizeof(addr->in);
	}
	addr->in6.sin6_family = AF_INET6;
	addr->in6.sin6_port = htons(port);
	drill_host_addr(6, host, (uint8_t *)&addr->in6.sin6_addr);
	return sizeof(addr->in6);
}

/* All addresses of this host: a port alone is what scripts bind. */
static socklen_t make_wildcard(int ip_version, uint16_t port, union address *addr)
{
	socklen_t len = make_address(ip_version, 0, port, addr);

	if (ip_version == 4)
		addr->in.sin_addr.s_addr = htonl(INADDR_ANY);
	else
		addr->in6.sin6_addr = in6addr_any;
	return len;
}

static void do_socket(const struct app_request *req, struct app_answer *ans,
		      struct sock *s)
{
	int family = req->ip_version == 4 ? AF_INET : AF_INET6;
	struct homa_rcvbuf_args args = { 0 };
	union address addr = { 0 };
	socklen_t len = sizeof(addr);

	memset(s, 0, sizeof(*s));
	s->fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_HOMA);
	if (s->fd < 0)
		goto fail;
	s->used = true;
	if (req->sndbuf && setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF,
				      &req->sndbuf, sizeof(req->sndbuf)))
		goto fail;
	if (req->region) {
		s->region = mmap(NULL, req->region, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (s->region == MAP_FAILED)
			goto fail;
		s->region_len = req->region;
		args.start = (uintptr_t)s->region;
		args.length = req->region;
		if (setsockopt(s->fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, &args,
			       sizeof(args)))
			goto fail;
	}
	if (req->port) {
		len = make_wildcard(req->ip_version, req->port, &addr);
		if (bind(s->fd, &addr.sa, len))
			goto fail;
	}
	len = sizeof(addr);
	if (getsockname(s->fd, &addr.sa, &len))
		goto fail;
	ans->port = ntohs(family == AF_INET ? addr.in.sin_port :
					      addr.in6.sin6_port);
	return;
fail:
	ans->err = errno;
}

static void do_bind(const struct app_request *req, struct app_answer *ans,
		    struct sock *s)
{
	union address addr;
	socklen_t len;

	len = make_wildcard(req->ip_version, req->port, &addr);
	if (bind(s->fd, &addr.sa, len))
		ans->err = errno;
}

static void do_send(const struct app_request *req, struct app_answer *ans,
		    struct sock *s)
{
	struct homa_sendmsg_args args = {
		.id = req->op == APP_REPLY ? req->id : 0,
		.completion_cookie = req->cookie,
		.flags = req->is_private ? HOMA_SENDMSG_PRIVATE : 0,
	};
	uint8_t *data = malloc(req->len ? req->len : 1);
	struct iovec iov = { data, req->len };
	union address addr;
	struct msghdr msg = {
		.msg_name = &addr,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &args,
	};
	uint32_t i;
	int k;

	if (!data) {
		ans->err = ENOMEM;
		return;
	}
	for (i = 0; i < req->len; i++)
		data[i] = drill_pattern(req->seed, i);
	msg.msg_namelen = make_address(req->ip_version, req->host, req->port,
				       &addr);
	if (req->op == APP_REPLY && req->host == APP_HOST_DEFAULT) {
		for (k = 0; k < s->num_peers && k < PEERS_MAX; k++)
			if (s->peer[k].id == req->id)
				addr = s->peer[k].addr;
	}
	if (sendmsg(s->fd, &msg, 0))
		ans->err = errno;
	ans->id = args.id;
	free(data);
}

/* Where bytes lie, and what they are (uapi §8). */
static void check_message(const struct app_request *req,
			  struct app_answer *ans, const struct sock *s,
			  const struct homa_recvmsg_args *args)
{
	uint32_t pages = (ans->len + HOMA_BPAGE_SIZE - 1) >> HOMA_BPAGE_SHIFT;
	uint32_t i, left, offset;
	uint8_t want, got;

	if (args->num_bpages != pages) {
		snprintf(ans->wrong, sizeof(ans->wrong),
			 "%u buffers for %u bytes", args->num_bpages, ans->len);
		return;
	}
	for (i = 0; i < pages; i++) {
		left = ans->len - (i << HOMA_BPAGE_SHIFT);
		offset = args->bpage_offsets[i] & (HOMA_BPAGE_SIZE - 1);
		if (left > HOMA_BPAGE_SIZE)
			left = HOMA_BPAGE_SIZE;
		if (offset + left > HOMA_BPAGE_SIZE ||
		    (size_t)args->bpage_offsets[i] + left > s->region_len) {
			snprintf(ans->wrong, sizeof(ans->wrong),
				 "buffer %u (offset %u, %u bytes) crosses a bpage or leaves the region",
				 i, args->bpage_offsets[i], left);
			return;
		}
	}
	for (i = 0; i < ans->len && !req->any_data; i++) {
		got = s->region[args->bpage_offsets[i >> HOMA_BPAGE_SHIFT] +
				(i & (HOMA_BPAGE_SIZE - 1))];
		want = drill_pattern(req->seed, i);
		if (got != want) {
			snprintf(ans->wrong, sizeof(ans->wrong),
				 "byte %u of %u is 0x%02x instead of 0x%02x",
				 i, ans->len, got, want);
			return;
		}
	}
}

static void remember_peer(struct sock *s, uint64_t id,
			  const union address *addr)
{
	int k = s->num_peers++ % PEERS_MAX;

	s->peer[k].id = id;
	s->peer[k].addr = *addr;
}

static void hold_buffers(struct sock *s, bool keep,
			 const struct homa_recvmsg_args *args)
{
	uint32_t *list = keep ? s->kept : s->given;
	int *count = keep ? &s->num_kept : &s->num_given;
	uint32_t i;

	for (i = 0; i < args->num_bpages && i < HOMA_MAX_BPAGES; i++)
		if (*count < BPAGES_MAX)
			list[(*count)++] = args->bpage_offsets[i];
}

static void take_given(struct sock *s, struct homa_recvmsg_args *args)
{
	args->num_bpages = 0;
	while (s->num_given && args->num_bpages < HOMA_MAX_BPAGES)
		args->bpage_offsets[args->num_bpages++] =
			s->given[--s->num_given];
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Interrupt a blocking call at the deadline, and every ms from then on. */
static void set_alarm(int64_t deadline_ns)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = { .it_interval.tv_usec = 1000 };
	int64_t left_us = (deadline_ns - now_ns()) / 1000 + 1;

	sigaction(SIGALRM, &action, NULL);
	if (left_us < 1)
		left_us = 1;
	timer.it_value.tv_sec = left_us / 1000000;
	timer.it_value.tv_usec = left_us % 1000000;
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void stop_alarm(void)
{
	const struct itimerval never = { 0 };

	setitimer(ITIMER_REAL, &never, NULL);
}

/*
 * One receive. Shared waits poll; private RPCs never show up in poll(), so
 * waiting for one blocks, with an alarm.
 */
static ssize_t receive(const struct app_request *req, struct sock *s,
		       struct homa_recvmsg_args *args, union address *addr)
{
	const struct timespec pause = { 0, 100000 };
	struct msghdr msg = { .msg_control = args };
	struct pollfd pfd = { .fd = s->fd, .events = POLLIN };
	struct timespec ts;
	int64_t left_ns;
	int rounds = 0;
	ssize_t n;

	for (;;) {
		memset(args, 0, sizeof(*args));
		take_given(s, args);
		args->id = req->is_private ? req->id : 0;
		msg.msg_name = addr;
		msg.msg_namelen = sizeof(*addr);
		msg.msg_controllen = sizeof(*args);
		if (req->is_private)
			set_alarm(req->deadline_ns);
		n = recvmsg(s->fd, &msg, req->is_private ? 0 : MSG_DONTWAIT);
		if (req->is_private)
			stop_alarm();
		if (n >= 0 || (errno != EAGAIN && errno != EINTR))
			return n;
		left_ns = req->deadline_ns - now_ns();
		if (left_ns <= 0) {
			errno = EAGAIN;
			return -1;
		}
		if (req->is_private)
			continue;
		/* Readable may precede complete (uapi §10): do not spin. */
		if (++rounds > 3)
			nanosleep(&pause, NULL);
		ts.tv_sec = left_ns / 1000000000;
		ts.tv_nsec = left_ns % 1000000000;
		ppoll(&pfd, 1, &ts, NULL);
	}
}

static void do_recv(const struct app_request *req, struct app_answer *ans,
		    struct sock *s)
{
	struct homa_recvmsg_args args;
	union address addr = { 0 };
	ssize_t n;

	n = receive(req, s, &args, &addr);
	if (n < 0)
		ans->err = errno;
	ans->id = args.id;
	ans->cookie = args.completion_cookie;
	if (n < 0)
		return;
	ans->len = (uint32_t)n;
	if (addr.sa.sa_family == AF_INET) {
		ans->port = ntohs(addr.in.sin_port);
		ans->host = drill_host_number(4, (void *)&addr.in.sin_addr);
	} else {
		ans->port = ntohs(addr.in6.sin6_port);
		ans->host = drill_host_number(6, (void *)&addr.in6.sin6_addr);
	}
	check_message(req, ans, s, &args);
	hold_buffers(s, req->keep, &args);
	if (ans->id & 1)
		remember_peer(s, ans->id, &addr);
}

/*
 * Give all kept buffers back without receiving anything: waiting for a
 * private RPC that does not exist fails after the buffers were taken
 * (uapi §7).
 */
static void do_release(struct app_answer *ans, struct sock *s)
{
	struct homa_recvmsg_args args;
	struct msghdr msg = { .msg_control = &args };

	while (s->num_kept)
		s->given[s->num_given++] = s->kept[--s->num_kept];
	while (s->num_given) {
		memset(&args, 0, sizeof(args));
		take_given(s, &args);
		args.id = ~1ull;
		msg.msg_controllen = sizeof(args);
		if (recvmsg(s->fd, &msg, MSG_DONTWAIT) >= 0 ||
		    errno != EINVAL) {
			ans->err = errno ? errno : EPROTO;
			return;
		}
	}
}

static void do_abort(const struct app_request *req, struct app_answer *ans,
		     struct sock *s)
{
	struct homa_abort_args args = { .id = req->id, .error = req->error };

	if (ioctl(s->fd, HOMAIOCABORT, &args))
		ans->err = errno;
}

static void do_info(struct app_answer *ans, struct sock *s)
{
	struct homa_info info = { 0 };

	if (ioctl(s->fd, HOMAIOCINFO, &info)) {
		ans->err = errno;
		return;
	}
	ans->num_rpcs = info.num_rpcs;
	ans->avail = info.bpool_avail_bytes;
}

/**
 * app_do() - carry out one request of the script, in the child
 * @request: what to do
 * @answer: zeroed; what came of it
 */
void app_do(const struct app_request *request, struct app_answer *answer)
{
	struct pollfd pfd = { .events = POLLIN | POLLOUT };
	struct sock *s = &socks[request->sock];
	int on = request->on;

	if (request->op != APP_SOCKET && !s->used) {
		answer->err = EBADF;
		return;
	}
	switch (request->op) {
	case APP_SOCKET:
		do_socket(request, answer, s);
		break;
	case APP_BIND:
		do_bind(request, answer, s);
		break;
	case APP_SERVER:
		if (setsockopt(s->fd, IPPROTO_HOMA, SO_HOMA_SERVER, &on,
			       sizeof(on)))
			answer->err = errno;
		break;
	case APP_SEND:
	case APP_REPLY:
		do_send(request, answer, s);
		break;
	case APP_RECV:
		do_recv(request, answer, s);
		break;
	case APP_RELEASE:
		do_release(answer, s);
		break;
	case APP_ABORT:
		do_abort(request, answer, s);
		break;
	case APP_SHUTDOWN:
		if (shutdown(s->fd, SHUT_RDWR))
			answer->err = errno;
		break;
	case APP_CLOSE:
		if (close(s->fd))
			answer->err = errno;
		s->used = false;
		break;
	case APP_INFO:
		do_info(answer, s);
		break;
	case APP_POLL:
		pfd.fd = s->fd;
		if (poll(&pfd, 1, 0) < 0)
			answer->err = errno;
		answer->ready = pfd.revents;
		break;
	}
}
