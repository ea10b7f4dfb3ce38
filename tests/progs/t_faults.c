// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_faults - every allocation fails once
 *
 *    t_faults calls      in the calls of the API, one after the other
 *    t_faults rpcs       in whole RPCs: in the calls, and in what packets do
 *
 * Needs a kernel with fault injection, and root, a route that makes fd01::/64
 * local, homa_diag.ko, and a device v0 that may have a queueing discipline. In calls the n-th allocation (or access to user memory) of the calling
 * thread fails, for n = 1, 2, ... until a call needs fewer. In softirqs, where
 * allocations have no thread, S bytes of those that cannot wait succeed and then one
 * fails; S is chosen so that each fails once.
 * A call fails cleanly and can be repeated; a request that was accepted is
 * answered, because what fails later is like a lost packet. Leaks, and
 * complaints of the kernel, are seen by the runner of the tests.
 */
#include <err.h>
#include <fcntl.h>
#include <time.h>
#include <linux/errqueue.h>
#include <linux/genetlink.h>
#include <linux/homa_netlink.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "t.h"
#include "t_fault.h"

#define PORT 4000
#define UNSCHED_BYTES "/proc/sys/net/homa/unsched_bytes"
#define FAULTS_MAX 3000
#define SPACE_OFF 1000000000u	/* so much that none fails */
#define MANY_FDS 40		/* more than poll() has room for on its stack */

/* ---- calls ---- */

struct world {
	struct t_sock server, client;
	struct t_addr addr;
	struct t_msg request, response;
	uint64_t id;
	size_t bytes;
	uint64_t other_id;	/* a second request that is under way, or 0 */
	uint32_t flags;		/* of the request */
	int value, value_before;	/* of net.homa.unsched_bytes */
};

static unsigned char body[HOMA_MAX_MESSAGE_LENGTH];

/* Another host each time, so that it is new to the kernel. */
static struct t_addr next_host(int family)
{
	static unsigned int host;
	char text[32];

	host++;
	if (family == AF_INET6) {
		snprintf(text, sizeof(text), "fd01::%x", host);
		return t_addr(AF_INET6, text, PORT);
	}
	snprintf(text, sizeof(text), "127.%u.%u.%u", 1 + (host >> 16), host >> 8 & 255, host & 255);
	return t_addr(AF_INET, text, PORT);
}

static void make_world(struct world *w, int family, size_t bytes)
{
	memset(w, 0, sizeof(*w));
	t_open(&w->server, family, PORT);
	t_open(&w->client, family, 0);
	w->bytes = bytes;
	w->addr = next_host(family);
}

static void end_world(struct world *w)
{
	t_close(&w->server);
	t_close(&w->client);
}

static int send_request(struct world *w)
{
	struct homa_sendmsg_args args = { .completion_cookie = 9, .flags = w->flags };
	int ret = t_sendmsg(&w->client, &w->addr, body, w->bytes, &args, 0);

	w->id = ret ? 0 : args.id;
	return ret;
}

/* From pages of ours, and there is one notification for it, or none if it fails. */
static int call_zerocopy(struct world *w)
{
	struct homa_sendmsg_args args = { .completion_cookie = 9 };
	int ret = t_sendmsg(&w->client, &w->addr, body, w->bytes, &args, MSG_ZEROCOPY);

	w->id = ret ? 0 : args.id;
	return ret;
}

static int receive(const struct t_sock *sock, struct t_msg *msg, uint64_t id)
{
	ssize_t ret = t_recv(sock, msg, id, MSG_DONTWAIT);

	return ret < 0 ? (int)ret : 0;
}

/* Carry the RPC on until the client has its response. */
static int finish(struct world *w)
{
	int ret, tries;

	for (tries = 0; tries < 3000; tries++) {
		ret = receive(&w->server, &w->request, 0);
		if (!ret) {
			T_RET(w->request.length, w->bytes);
			T_OK(t_msg_is(&w->server, &w->request, 9));
			/* A response that fails ends the RPC; then it comes again. */
			t_echo(&w->server, &w->request);
		}
		ret = receive(&w->client, &w->response, w->flags ? w->id : 0);
		if (!ret) {
			T_OK(w->response.args.id == w->id || w->response.args.id == w->other_id);
			T_RET(w->response.length, w->bytes);
			T_OK(t_msg_is(&w->client, &w->response, 9));
			if (!w->other_id)
				return 0;
			/* The other one is left. */
			if (w->response.args.id == w->id)
				w->id = w->other_id;
			w->other_id = 0;
		}
		if (ret && ret != -EAGAIN)
			return ret;
		t_sleep_ms(1);
	}
	return -ETIME;
}

static int call_socket(struct world *w)
{
	int fd = socket(w->client.family, SOCK_DGRAM, IPPROTO_HOMA);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int call_region(struct world *w)
{
	struct homa_rcvbuf_args args = {
		.start = (uintptr_t)w->server.region, .length = w->server.region_bytes,
	};
	int fd = socket(w->client.family, SOCK_DGRAM, IPPROTO_HOMA);
	int ret;

	if (fd < 0)
		return -errno;
	ret = setsockopt(fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, &args, sizeof(args)) ? -errno : 0;
	close(fd);
	return ret;
}

/* To where it is already: all is made anew, and RPCs go on. */
static int call_move_region(struct world *w)
{
	struct homa_rcvbuf_args args = {
		.start = (uintptr_t)w->server.region, .length = w->server.region_bytes,
	};

	return setsockopt(w->server.fd, IPPROTO_HOMA, SO_HOMA_RCVBUF_MOVE, &args,
			  sizeof(args)) ? -errno : 0;
}

static int call_metrics(struct world *w)
{
	int fd = open("/proc/net/homa_metrics", O_RDONLY | O_CLOEXEC), ret;
	char text[4096];

	(void)w;
	if (fd < 0)
		return -errno;
	do {
		ret = (int)read(fd, text, sizeof(text));
	} while (ret > 0);
	ret = ret < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static int call_bind(struct world *w)
{
	struct t_sock sock = { .family = w->client.family };
	int ret;

	sock.fd = socket(sock.family, SOCK_DGRAM, IPPROTO_HOMA);
	if (sock.fd < 0)
		return -errno;
	ret = t_bind(&sock, PORT + 1);
	close(sock.fd);
	return ret;
}

static int call_info(struct world *w)
{
	struct homa_rpc_info rpcs[4];
	struct homa_info info = { .rpc_info = (uintptr_t)rpcs, .rpc_info_length = sizeof(rpcs) };

	return ioctl(w->client.fd, HOMAIOCINFO, &info) ? -errno : 0;
}

static int call_abort(struct world *w)
{
	return t_abort(&w->client, 0, 0);
}

static int call_receive(struct world *w)
{
	return receive(&w->server, &w->request, 0);
}

static int call_respond(struct world *w)
{
	return t_echo(&w->server, &w->request);
}

static int call_connect(struct world *w)
{
	return connect(w->client.fd, (struct sockaddr *)&w->addr.sa, w->addr.len) ? -errno : 0;
}

static int call_poll(struct world *w)
{
	struct pollfd fds[MANY_FDS];
	unsigned int i;

	for (i = 0; i < MANY_FDS; i++)
		fds[i] = (struct pollfd){ .fd = w->server.fd, .events = POLLIN };
	return poll(fds, MANY_FDS, 0) < 0 ? -errno : 0;
}

/* Two requests in one call. The world goes on with the last one that was accepted. */
static int call_sendmmsg(struct world *w)
{
	struct homa_sendmsg_args args[2] = { { .completion_cookie = 9 },
					     { .completion_cookie = 9 } };
	struct iovec piece = { body, w->bytes };
	struct mmsghdr msgs[2];
	int i, n;

	for (i = 0; i < 2; i++)
		msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &w->addr.sa, .msg_namelen = w->addr.len,
			.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &args[i],
		};
	n = sendmmsg(w->client.fd, msgs, 2, 0);
	if (n < 0)
		return -errno;
	w->id = args[0].id;
	w->other_id = n == 2 ? args[1].id : 0;
	return 0;
}

static int exchange(const struct t_sock *sock, struct homa_exchange *args)
{
	return ioctl(sock->fd, HOMAIOCEXCHANGE, args) ? -errno : 0;
}

static struct homa_send to_server(const struct world *w)
{
	struct homa_send send = {
		.completion_cookie = 9, .data = (uintptr_t)body, .length = (uint32_t)w->bytes,
	};

	memcpy(&send.to, &w->addr.sa, w->addr.len);
	return send;
}

/* Two requests in one call. The world goes on with those that have an id: they were sent. */
static int call_exchange_send(struct world *w)
{
	struct homa_send sends[2] = { to_server(w), to_server(w) };
	struct homa_exchange args = { .sends = (uintptr_t)sends, .num_sends = 2 };
	int ret = exchange(&w->client, &args);

	w->id = sends[0].id;
	w->other_id = sends[1].id;
	if (ret && w->id)
		T_EQ(args.num_sends, 1);
	return w->id ? 0 : ret;
}

/* A call, but for the wait. */
static int call_exchange_call(struct world *w)
{
	struct homa_send send = to_server(w);
	struct homa_recv recv = { 0 };
	struct homa_exchange args = {
		.sends = (uintptr_t)&send, .recvs = (uintptr_t)&recv, .num_sends = 1, .num_recvs = 1,
		.flags = HOMA_EXCHANGE_CALL,
	};
	int ret = exchange(&w->client, &args);

	T_OK(ret);
	w->id = send.id;
	/* If the wait has failed, the request is under way. */
	return w->id ? 0 : ret;
}

static int exchange_receive(struct world *w, void *data, size_t room)
{
	struct homa_recv recv = { .data = (uintptr_t)data, .room = (uint32_t)room };
	struct homa_exchange args = { .recvs = (uintptr_t)&recv, .num_recvs = 1 };
	int ret = exchange(&w->server, &args);

	if (ret)
		return ret;
	w->request.args.id = recv.id;
	w->request.args.num_bpages = recv.num_bpages;
	memcpy(w->request.args.bpage_offsets, recv.bpage_offsets, sizeof(recv.bpage_offsets));
	w->request.length = recv.length;
	memcpy(&w->request.from.sa, &recv.from, sizeof(recv.from));
	w->request.from.len = w->addr.len;
	return 0;
}

static int call_exchange_receive(struct world *w)
{
	return exchange_receive(w, NULL, 0);
}

/* Without buffers of the region; the answer is made of the same bytes. */
static int call_exchange_receive_data(struct world *w)
{
	static unsigned char data[sizeof(body)];
	int ret = exchange_receive(w, data, sizeof(data));

	if (!ret) {
		T_EQ(w->request.args.num_bpages, 0);
		T_EQ(w->request.length, w->bytes);
		T_OK(!memcmp(data, body, w->bytes));
	}
	return ret;
}

static int call_exchange_respond(struct world *w)
{
	struct homa_send send = to_server(w);
	struct homa_exchange args = { .sends = (uintptr_t)&send, .num_sends = 1 };

	send.id = w->request.args.id;
	send.completion_cookie = 0;
	memcpy(&send.to, &w->request.from.sa, w->request.from.len);
	return exchange(&w->server, &args);
}

static int call_receive_private(struct world *w)
{
	return receive(&w->client, &w->response, w->id);
}

/* ---- settings, and what netlink tells ---- */

static int get_unsched_bytes(void)
{
	FILE *file = fopen(UNSCHED_BYTES, "r");
	int value;

	if (!file || fscanf(file, "%d", &value) != 1)
		t_die(UNSCHED_BYTES);
	fclose(file);
	return value;
}

static int call_sysctl(struct world *w)
{
	int fd = open(UNSCHED_BYTES, O_WRONLY | O_CLOEXEC), ret;
	char text[16];

	if (fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "%d", w->value);
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static struct request {
	struct nlmsghdr hdr;
	struct genlmsghdr genl;
	char attrs[100];
} __attribute__((aligned(4))) request;

static void add_attr(uint16_t type, const void *data, size_t bytes)
{
	struct nlattr attr = { .nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + bytes) };
	char *at = (char *)&request + request.hdr.nlmsg_len;

	memcpy(at, &attr, sizeof(attr));
	memcpy(at + NLA_HDRLEN, data, bytes);
	request.hdr.nlmsg_len += (uint32_t)NLA_ALIGN(attr.nla_len);
}

static void begin_request(uint16_t type, uint16_t flags, uint8_t cmd)
{
	memset(&request, 0, sizeof(request));
	request.hdr.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	request.hdr.nlmsg_type = type;
	request.hdr.nlmsg_flags = NLM_F_REQUEST | flags;
	request.genl.cmd = cmd;
	request.genl.version = 1;
}

/* Send the request; 0 or -errno. @answers: messages but for the last, or NULL. */
static int netlink(int protocol, unsigned int *answers)
{
	struct timeval limit = { .tv_sec = 1 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), ret = 1;
	static char answer[65536];
	struct nlmsghdr *hdr;
	ssize_t got;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    send(fd, &request, request.hdr.nlmsg_len, 0) < 0)
		ret = -errno;
	while (ret > 0) {
		got = recv(fd, answer, sizeof(answer), 0);
		if (got < 0)
			ret = -errno;
		for (hdr = (void *)answer; got > 0 && NLMSG_OK(hdr, (uint32_t)got);
		     hdr = NLMSG_NEXT(hdr, got)) {
			if (hdr->nlmsg_type == NLMSG_DONE || hdr->nlmsg_type == NLMSG_ERROR)
				ret = *(int *)NLMSG_DATA(hdr);
			else if (answers)
				++*answers;
		}
	}
	close(fd);
	return ret;
}

/* The number of the family "homa", from the description of it. */
static uint16_t family_id(void)
{
	static uint16_t id;
	int fd;
	char answer[4096], *at = answer + NLMSG_HDRLEN + GENL_HDRLEN;
	ssize_t got;

	if (id)
		return id;
	begin_request(GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	add_attr(CTRL_ATTR_FAMILY_NAME, HOMA_FAMILY_NAME, sizeof(HOMA_FAMILY_NAME));
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0 || send(fd, &request, request.hdr.nlmsg_len, 0) < 0)
		t_die("netlink");
	got = recv(fd, answer, sizeof(answer), 0);
	for (; at < answer + got; at += NLA_ALIGN(((struct nlattr *)at)->nla_len))
		if (((struct nlattr *)at)->nla_type == CTRL_ATTR_FAMILY_ID)
			memcpy(&id, at + NLA_HDRLEN, sizeof(id));
	close(fd);
	if (!id)
		t_die("no family " HOMA_FAMILY_NAME);
	return id;
}

static int dump(uint8_t cmd)
{
	unsigned int answers = 0;
	int ret;

	begin_request(family_id(), NLM_F_DUMP, cmd);
	ret = netlink(NETLINK_GENERIC, &answers);
	/* There is at least one of each. */
	return !ret && !answers ? -ENODATA : ret;
}

static int call_counters(struct world *w) { (void)w; return dump(HOMA_CMD_COUNTER_GET); }
static int call_sockets(struct world *w) { (void)w; return dump(HOMA_CMD_SOCKET_GET); }
static int call_rpcs(struct world *w) { (void)w; return dump(HOMA_CMD_RPC_GET); }
static int call_peers(struct world *w) { (void)w; return dump(HOMA_CMD_PEER_GET); }
static int call_params(struct world *w) { (void)w; return dump(HOMA_CMD_PARAM_GET); }

static int call_param_set(struct world *w)
{
	begin_request(family_id(), NLM_F_ACK, HOMA_CMD_PARAM_SET);
	add_attr(HOMA_A_PARAM_NAME, "unsched_bytes", 14);
	add_attr(HOMA_A_PARAM_VALUE, &w->value, sizeof(w->value));
	return netlink(NETLINK_GENERIC, NULL);
}

/* A request of another kind: with @bytes of what it is about behind the header. */
static void begin_other(uint16_t type, uint16_t flags, const void *body, uint32_t bytes)
{
	memset(&request, 0, sizeof(request));
	request.hdr.nlmsg_len = NLMSG_LENGTH(bytes);
	request.hdr.nlmsg_type = type;
	request.hdr.nlmsg_flags = NLM_F_REQUEST | flags;
	memcpy(NLMSG_DATA(&request.hdr), body, bytes);
}

static int call_sock_diag(struct world *w)
{
	const struct inet_diag_req_v2 what = {
		.sdiag_family = (uint8_t)w->client.family, .sdiag_protocol = IPPROTO_HOMA,
		.idiag_ext = 1 << (INET_DIAG_INFO - 1), .idiag_states = ~0u,
	};
	unsigned int answers = 0;
	int ret;

	begin_other(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &what, sizeof(what));
	ret = netlink(NETLINK_SOCK_DIAG, &answers);
	return !ret && !answers ? -ENODATA : ret;
}

static int qdisc_ifindex;

static int change_qdisc(uint16_t type, uint16_t flags)
{
	const struct tcmsg what = {
		.tcm_ifindex = qdisc_ifindex, .tcm_parent = TC_H_ROOT,
		.tcm_handle = 0x10000,
	};

	begin_other(type, flags | NLM_F_ACK, &what, sizeof(what));
	add_attr(TCA_KIND, "homa", sizeof("homa"));
	return netlink(NETLINK_ROUTE, NULL);
}

static int call_qdisc(struct world *w)
{
	(void)w;
	return change_qdisc(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE);
}

/* ---- sweeps ---- */

static bool receives(int (*call)(struct world *w))
{
	return call == call_receive || call == call_exchange_receive ||
	       call == call_exchange_receive_data;
}

static bool responds(int (*call)(struct world *w))
{
	return call == call_respond || call == call_exchange_respond;
}

/* How the RPC goes on after @call returned @ret. */
static void check_after(struct world *w, int (*call)(struct world *w), int ret)
{
	int again;

	if (call == call_zerocopy) {
		struct pollfd error = { .fd = w->client.fd };
		struct t_note note = { 0 };

		/* What failed has no number. */
		if (ret)
			T_RET(call_zerocopy(w), 0);
		T_RET(finish(w), 0);
		T_EQ(poll(&error, 1, 1000), 1);
		T_RET(t_notified(&w->client, &note), 0);
		T_EQ(note.low, 0);
		T_EQ(note.high, 0);
		T_RET(t_notified(&w->client, &note), -EAGAIN);
	} else if (call == send_request || call == call_sendmmsg || call == call_exchange_send ||
		   call == call_exchange_call) {
		/* What was not accepted can be tried again. */
		if ((call == call_sendmmsg || call == call_exchange_send) && !ret && !w->other_id) {
			w->other_id = w->id;
			ret = -EAGAIN;
		}
		if (ret)
			T_RET(send_request(w), 0);
		T_RET(finish(w), 0);
	} else if (receives(call) || responds(call)) {
		if (responds(call) ? ret == -EFAULT : !ret)
			t_respond(&w->server, &w->request, w->bytes, 9);
		ret = ret ? finish(w) : T_RET(finish(w), 0);
		/*
		 * A request that did not reach the application, or a response that
		 * could not be made, ends the RPC (decision 0009).  If the system
		 * call fails behind our back, the server has the request and does
		 * not know it: the client waits for as long as the server lives.
		 */
		T_OK(ret >= 0 || ret == -ETIMEDOUT || (receives(call) && ret == -ETIME));
	} else if (call == call_receive_private) {
		T_OK(ret || t_msg_is(&w->client, &w->response, 9));
		/* It is given out once; it is gone, too, if that failed behind our back. */
		again = receive(&w->client, &w->response, w->id);
		T_OK(again == -EINVAL || (ret && !again));
		T_OK(again || t_msg_is(&w->client, &w->response, 9));
	} else if (call == call_move_region) {
		T_RET(send_request(w), 0);
		T_RET(finish(w), 0);
	} else if (call == call_qdisc) {
		/* If it failed, perhaps only the answer was lost. */
		change_qdisc(RTM_DELQDISC, 0);
		T_RET(call_qdisc(w), 0);
		T_RET(change_qdisc(RTM_DELQDISC, 0), 0);
	} else if (call == call_connect && ret) {
		T_RET(call_connect(w), 0);
	} else if (call == call_sysctl) {
		T_EQ(get_unsched_bytes(), ret ? w->value_before : w->value);
	} else if (call == call_param_set) {
		/* Only the answer may be lost. */
		T_OK(get_unsched_bytes() == w->value ||
		     (ret && get_unsched_bytes() == w->value_before));
	}
}

/* What there is before the call; each includes those before it. */
enum stage { NOTHING, REQUEST_ARRIVED, REQUEST_RECEIVED, RESPONSE_ARRIVED };

static void sweep(const char *name, int (*call)(struct world *w), int family, size_t bytes,
		  enum stage stage)
{
	unsigned int n, before = t_fault_count();
	struct world w;
	bool done;
	int ret;

	for (n = 1, done = false; !done && n < FAULTS_MAX; n++) {
		t_case("%s, family %d, fault %u", name, family, n);
		make_world(&w, family, bytes);
		if (call == call_zerocopy)
			T_RET(t_setopt(&w.client, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
		w.flags = call == call_receive_private || call == call_exchange_call ?
			  HOMA_SENDMSG_PRIVATE : 0;
		w.value_before = get_unsched_bytes();
		w.value = w.value_before == 30000 ? 40000 : 30000;
		if (stage >= REQUEST_ARRIVED) {
			T_RET(send_request(&w), 0);
			T_OK(T_WAIT(t_arrived(&w.server, 0), 200));
		}
		if (stage >= REQUEST_RECEIVED)
			T_RET(receive(&w.server, &w.request, 0), 0);
		if (stage >= RESPONSE_ARRIVED) {
			T_RET(t_echo(&w.server, &w.request), 0);
			T_OK(T_WAIT(t_arrived(&w.client, w.id), 200));
		}
		t_fault_nth(n);
		ret = call(&w);
		done = t_fault_left();
		if (ret)
			T_OK(!done && t_fault_clean(ret));
		check_after(&w, call, ret);
		end_world(&w);
	}
	T_OK(done);
	printf("%s, family %d: %u faults\n", name, family, t_fault_count() - before);
}

static void check_calls(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	unsigned int i;

	family_id();
	qdisc_ifindex = (int)if_nametoindex("v0");
	for (i = 0; i < 2; i++) {
		int family = families[i];

		sweep("socket", call_socket, family, 1, NOTHING);
		sweep("SO_HOMA_RCVBUF", call_region, family, 1, NOTHING);
		sweep("SO_HOMA_RCVBUF_MOVE", call_move_region, family, 20000, NOTHING);
		sweep("bind", call_bind, family, 1, NOTHING);
		sweep("connect", call_connect, family, 1, NOTHING);
		sweep("sendmsg, 1 byte", send_request, family, 1, NOTHING);
		sweep("sendmsg, 20000 bytes", send_request, family, 20000, NOTHING);
		sweep("sendmsg, zerocopy, 1 byte", call_zerocopy, family, 1, NOTHING);
		sweep("sendmsg, zerocopy, 20000 bytes", call_zerocopy, family, 20000, NOTHING);
		sweep("sendmmsg", call_sendmmsg, family, 3000, NOTHING);
		sweep("poll", call_poll, family, 100, REQUEST_ARRIVED);
		sweep("recvmsg", call_receive, family, 20000, REQUEST_ARRIVED);
		sweep("response of 1 byte", call_respond, family, 1, REQUEST_RECEIVED);
		sweep("response of 20000 bytes", call_respond, family, 20000, REQUEST_RECEIVED);
		sweep("exchange: two requests", call_exchange_send, family, 3000, NOTHING);
		sweep("exchange: call", call_exchange_call, family, 20000, NOTHING);
		sweep("exchange: receive", call_exchange_receive, family, 20000, REQUEST_ARRIVED);
		sweep("exchange: receive, without buffers", call_exchange_receive_data, family,
		      20000, REQUEST_ARRIVED);
		sweep("exchange: response", call_exchange_respond, family, 20000,
		      REQUEST_RECEIVED);
		sweep("recvmsg, private", call_receive_private, family, 20000, RESPONSE_ARRIVED);
		sweep("sock_diag", call_sock_diag, family, 100, REQUEST_ARRIVED);
	}
	sweep("HOMAIOCINFO", call_info, AF_INET, 100, REQUEST_ARRIVED);
	sweep("HOMAIOCABORT", call_abort, AF_INET, 100, REQUEST_ARRIVED);
	sweep("sysctl", call_sysctl, AF_INET, 1, NOTHING);
	sweep("homa_metrics", call_metrics, AF_INET, 1, NOTHING);
	sweep("queueing discipline", call_qdisc, AF_INET, 1, NOTHING);
	sweep("counter-get", call_counters, AF_INET, 1, NOTHING);
	sweep("socket-get", call_sockets, AF_INET, 1, NOTHING);
	sweep("rpc-get", call_rpcs, AF_INET, 100, REQUEST_ARRIVED);
	sweep("peer-get", call_peers, AF_INET, 100, REQUEST_ARRIVED);
	sweep("param-get", call_params, AF_INET, 1, NOTHING);
	sweep("param-set", call_param_set, AF_INET, 1, NOTHING);
}

/* ---- RPCs ---- */

/* One RPC, with the allocation failing that ends @space bytes behind the first. */
static bool try_rpc(const char *kind, int family, size_t bytes, unsigned int space,
		    unsigned int *passed)
{
	struct world w;
	bool hit;
	int ret;

	make_world(&w, family, bytes);
	t_fault_arm(kind, space);
	ret = send_request(&w);
	if (ret)
		T_OK(t_fault_clean(ret));
	else
		T_RET(finish(&w), 0);
	hit = t_fault_disarm(kind, space, passed);
	if (ret) {
		T_OK(hit);
		T_RET(send_request(&w), 0);
		T_RET(finish(&w), 0);
	}
	end_world(&w);
	return hit;
}

/*
 * From the last allocation to the first: if after S bytes one fails that begins at
 * P, then after P bytes the one before it does.
 */
static unsigned int check_softirq(const char *kind, int family, size_t bytes)
{
	unsigned int space, passed, before = t_fault_count();

	t_case("RPC of %zu bytes, family %d, %s: none fails", bytes, family, kind);
	T_OK(!try_rpc(kind, family, bytes, SPACE_OFF, &space));
	for (; space; space = passed) {
		t_case("RPC of %zu bytes, family %d, %s after %u", bytes, family, kind, space);
		if (!try_rpc(kind, family, bytes, space, &passed))
			/* It took a little less this time. */
			T_OK(passed < space);
	}
	printf("RPC of %zu bytes, family %d, %s: %u faults\n", bytes, family, kind,
	       t_fault_count() - before);
	return t_fault_count() - before;
}

static void check_rpcs(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		T_OK(check_softirq("failslab", families[i], 100));
		T_OK(check_softirq("failslab", families[i], 20000));
		/*
		 * Without waiting, pages are allocated only when slabs or page fragments
		 * have run out, which what ran before decides: there may be none, and
		 * then it says so.
		 */
		check_softirq("fail_page_alloc", families[i], 20000);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	t_begin("t_faults", 0);
	t_fill(body, sizeof(body), 9);
	t_fault_prepare();
	if (!strcmp(what, "calls"))
		check_calls();
	else if (!strcmp(what, "rpcs"))
		check_rpcs();
	else
		errx(2, "usage: t_faults calls|rpcs");
	return t_end();
}
