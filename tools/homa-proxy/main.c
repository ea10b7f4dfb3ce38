// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa-proxy - carry TCP connections over Homa
 *
 *    server$ homa-proxy --serve 7000 --connect 127.0.0.1:6379
 *    client$ homa-proxy --listen 127.0.0.1:6379 --to 10.0.0.2:7000
 *    client$ redis-cli                    (talks to the redis of the server)
 *
 * The proxy of the client's host takes connections and asks that of the server's
 * host to make one to the service for each of them. From then on both are alike:
 * each sends what it reads from its connection as requests to the other.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <linux/homa.h>

#include "../homa/cmd.h"
#include "../homa/message.h"
#include "../homa/opts.h"
#include "session.h"

#define EVENTS_MAX 64
/* What all sessions can have under way towards us. */
#define REGION_PER_SESSION ((uint64_t)ORDER_WINDOW * 2 * 65536)
#define REGION_MIN ((uint64_t)64 << 20)
#define REGION_MAX ((uint64_t)4 << 30)

struct settings {
	const char *listen;
	const char *to;
	const char *serve;
	const char *connect;
	uint64_t max_sessions;
	bool verbose;
};

struct address {
	struct sockaddr_storage sa;
	socklen_t bytes;
};

static const struct opt options[] = {
	OPT_TEXT("listen", 'l', struct settings, listen, "ADDRESS:PORT",
		 "take TCP connections here ..."),
	OPT_TEXT("to", 't', struct settings, to, "HOST:PORT",
		 "... and carry them to the proxy there"),
	OPT_TEXT("serve", 's', struct settings, serve, "PORT",
		 "serve other proxies on this Homa port ..."),
	OPT_TEXT("connect", 'c', struct settings, connect, "HOST:PORT",
		 "... and connect to the TCP service there"),
	OPT_COUNT("max-sessions", 'n', struct settings, max_sessions, 1, 8192,
		  "connections at a time"),
	OPT_FLAG("verbose", 'v', struct settings, verbose, "report the end of each connection"),
	{ 0 }
};

static const struct opt_spec spec = {
	.about = "Carry TCP connections over Homa, between two of these.",
	.more = "server$ homa-proxy --serve 7000 --connect 127.0.0.1:6379\n"
		"client$ homa-proxy --listen 127.0.0.1:6379 --to 10.0.0.2:7000\n",
	.opts = options,
};

/* What epoll tells, apart from sessions. */
static char event_homa, event_listener, event_timer, event_signal;

static bool resolve(const char *text, struct address *address)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	char host[256] = "";
	struct addrinfo *found;
	const char *port;
	int error;

	port = strrchr(text, ':');
	if (!port || (size_t)(port - text) >= sizeof(host)) {
		complain("'%s' is not HOST:PORT", text);
		hint("10.0.0.2:7000, [fd00::2]:7000 or name:7000");
		return false;
	}
	memcpy(host, text, (size_t)(port - text));
	if (host[0] == '[' && port > text && port[-1] == ']') {
		host[port - text - 1] = '\0';
		memmove(host, host + 1, strlen(host));
	}
	error = getaddrinfo(host[0] ? host : NULL, port + 1, &hints, &found);
	if (error) {
		complain("%s: %s", text, gai_strerror(error));
		return false;
	}
	memcpy(&address->sa, found->ai_addr, found->ai_addrlen);
	address->bytes = found->ai_addrlen;
	freeaddrinfo(found);
	return true;
}

static bool add(int epoll_fd, int fd, void *tag)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = tag };

	if (fd >= 0 && !epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
		return true;
	complain("cannot watch for events: %s", strerror(errno));
	return false;
}

static int open_listener(const struct address *address)
{
	int on = 1;
	int fd = socket(address->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (const struct sockaddr *)&address->sa, address->bytes) || listen(fd, 1024)) {
		complain("cannot listen: %s", strerror(errno));
		return -1;
	}
	return fd;
}

/* The Homa socket: bound to --serve, or, for what the other side sends, to any port. */
static bool open_homa(struct proxy *proxy, const struct settings *set, int family)
{
	struct homa_options wishes = HOMA_OPTIONS_INIT;
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	char *end;
	long port;
	int on = 1;
	int error;

	wishes.region_bytes = set->max_sessions * REGION_PER_SESSION;
	if (wishes.region_bytes < REGION_MIN)
		wishes.region_bytes = REGION_MIN;
	if (wishes.region_bytes > REGION_MAX)
		wishes.region_bytes = REGION_MAX;
	error = homa_open(&proxy->homa, family, &wishes);
	if (error) {
		complain("no Homa socket: %s", homa_explain());
		hint("is the module loaded? modprobe homa");
		return false;
	}
	if (!set->serve) {
		if (setsockopt(homa_socket(proxy->homa), IPPROTO_HOMA, SO_HOMA_SERVER, &on,
			       sizeof(on))) {
			complain("SO_HOMA_SERVER: %s", strerror(errno));
			return false;
		}
		return true;
	}
	port = strtol(set->serve, &end, 10);
	if (*end || port < 1 || port > 32767) {
		complain("--serve %s: a Homa port is a number from 1 to 32767", set->serve);
		return false;
	}
	any.sin6_port = htons((uint16_t)port);
	error = homa_bind(proxy->homa, (struct sockaddr *)&any, sizeof(any));
	if (error) {
		complain("cannot have Homa port %ld: %s", port, homa_explain());
		return false;
	}
	return true;
}

static void watch_listener(const struct proxy *proxy, int listener, bool on)
{
	struct epoll_event event = { .events = on ? EPOLLIN : 0, .data.ptr = &event_listener };

	epoll_ctl(proxy->epoll_fd, EPOLL_CTL_MOD, listener, &event);
}

static void take_connections(struct proxy *proxy, int listener, const struct address *to)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		session_accepted(proxy, fd, &to->sa, to->bytes);
	/* They wait in the kernel, and epoll would tell of them without end: until tick(). */
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		watch_listener(proxy, listener, false);
}

/* A descriptor for each session, as far as we may; more than most shells give. */
static void want_descriptors(uint64_t sessions)
{
	struct rlimit files;
	rlim_t wanted = sessions + 64;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= wanted)
		return;
	files.rlim_cur = wanted < files.rlim_max ? wanted : files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

static void take_request(struct proxy *proxy, struct homa_msg *request,
			 const struct address *service)
{
	unsigned char header[FRAME_BYTES];
	struct session *session;
	struct frame frame;

	if (homa_msg_copy(request, 0, header, sizeof(header)) != sizeof(header) ||
	    !frame_parse(&frame, header, homa_msg_length(request))) {
		proxy_reply(proxy, request, FRAME_BAD);
		return;
	}
	if (frame.type == FRAME_OPEN) {
		if (service->bytes)
			session_requested(proxy, request, &frame, &service->sa, service->bytes);
		else
			proxy_reply(proxy, request, FRAME_REFUSED);
		return;
	}
	session = session_find(proxy, request, frame.session);
	if (session)
		session_frame(session, request, &frame);
	else
		proxy_reply(proxy, request, FRAME_UNKNOWN);
}

static void take_messages(struct proxy *proxy, const struct address *service)
{
	struct homa_completion completion;
	struct homa_msg *request;

	while (!homa_complete(proxy->homa, 0, &completion)) {
		if (completion.cookie)
			session_completed((struct session_rpc *)(uintptr_t)completion.cookie,
					  &completion);
		homa_msg_free(completion.response);
	}
	while (!homa_recv(proxy->homa, 0, &request))
		take_request(proxy, request, service);
	proxy_late_replies(proxy);
}

static void tick(struct proxy *proxy, int timer, int listener)
{
	struct session *session, *next;
	uint64_t expirations;

	if (read(timer, &expirations, sizeof(expirations)) < 0)
		return;
	HASH_ITER(hh, proxy->sessions, session, next)
		session_tick(session, proxy_now_ns());
	if (listener >= 0)
		watch_listener(proxy, listener, true);
	proxy_late_replies(proxy);
}

static void run(struct proxy *proxy, int listener, int timer, const struct address *to,
		const struct address *service)
{
	struct epoll_event events[EVENTS_MAX];
	int i, n;

	for (;;) {
		n = epoll_wait(proxy->epoll_fd, events, EVENTS_MAX, -1);
		for (i = 0; i < n; i++) {
			void *what = events[i].data.ptr;

			if (what == &event_signal)
				return;
			else if (what == &event_homa)
				take_messages(proxy, service);
			else if (what == &event_listener)
				take_connections(proxy, listener, to);
			else if (what == &event_timer)
				tick(proxy, timer, listener);
			else
				session_events(what, events[i].events);
		}
		proxy_bury(proxy);
	}
}

int main(int argc, char **argv)
{
	struct itimerspec second = { .it_interval.tv_sec = 1, .it_value.tv_sec = 1 };
	struct settings set = { .max_sessions = 512 };
	struct address local = { 0 }, to = { 0 }, service = { 0 };
	struct session *session, *next;
	struct proxy proxy = { 0 };
	int listener = -1, timer, first;
	sigset_t signals;

	message_prefix("homa-proxy");
	opts_parse(&spec, argc, argv, &set, &first);
	if (!set.listen != !set.to || !set.serve != !set.connect || !set.listen == !set.serve) {
		complain("it takes either --listen and --to, or --serve and --connect");
		hint("homa-proxy --help");
		return TOOL_USAGE;
	}
	want_descriptors(set.max_sessions);
	proxy.max_sessions = (unsigned int)set.max_sessions;
	proxy.verbose = set.verbose;
	if (set.listen && (!resolve(set.listen, &local) || !resolve(set.to, &to)))
		return TOOL_USAGE;
	if (set.serve && !resolve(set.connect, &service))
		return TOOL_USAGE;
	if (!open_homa(&proxy, &set, set.serve ? AF_INET6 : to.sa.ss_family))
		return TOOL_FAILED;
	if (set.listen) {
		listener = open_listener(&local);
		if (listener < 0)
			return TOOL_FAILED;
	}

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	timerfd_settime(timer, 0, &second, NULL);
	proxy.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!add(proxy.epoll_fd, homa_fd(proxy.homa), &event_homa) ||
	    !add(proxy.epoll_fd, timer, &event_timer) ||
	    !add(proxy.epoll_fd, signalfd(-1, &signals, SFD_CLOEXEC), &event_signal) ||
	    (listener >= 0 && !add(proxy.epoll_fd, listener, &event_listener)))
		return TOOL_FAILED;
	fprintf(stderr, "homa-proxy: ready\n");
	run(&proxy, listener, timer, &to, &service);
	HASH_ITER(hh, proxy.sessions, session, next)
		session_fail(session, true, "the proxy ends");
	proxy_bury(&proxy);
	fprintf(stderr, "homa-proxy: %llu connections, %llu of them failed\n",
		(unsigned long long)proxy.opened, (unsigned long long)proxy.failed);
	homa_close(proxy.homa);
	return TOOL_OK;
}
