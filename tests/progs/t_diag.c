// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * sock_diag of Homa (homa_diag.ko): which sockets and RPCs are listed to whom,
 * and what is said about them.  Runs outside of the namespaces a and b of
 * api_diag.sh and enters them itself.
 *
 *    t_diag [-d]     -d: the kernel can destroy sockets
 *
 * Speaks netlink without a library, because guests run static programs.
 */
#include <arpa/inet.h>
#include <linux/homa_diag.h>
#include <linux/homa_netlink.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"

#ifndef SOCK_DESTROY
#define SOCK_DESTROY 21
#endif

#define ALL_STATES 0xfff
#define EXT(attr) (1 << ((attr) - 1))
#define EVERYTHING (EXT(INET_DIAG_MEMINFO) | EXT(INET_DIAG_INFO) | EXT(INET_DIAG_SKMEMINFO))

#define MANY_SOCKETS 300
#define MANY_RPCS 1200
#define RACE_ROUNDS 500
#define SEEN_MAX (MANY_SOCKETS + 20)

/* ---- what the kernel said ---- */

struct seen {
	struct inet_diag_msg msg;
	struct homa_diag_info info;
	struct inet_diag_meminfo mem;
	uint32_t skmem[9];
	uint32_t mark;
	bool has_info, has_mem, has_skmem, has_mark, has_rpcs;
};

static struct seen seen[SEEN_MAX];
static unsigned int num_seen;	/* sockets */
static unsigned int num_messages;
static unsigned int num_reads;
static struct homa_diag_rpc rpcs[2 * MANY_RPCS + 100];
static unsigned int num_rpcs;	/* of all sockets together */

static void take(void *to, size_t room, const struct nlattr *attr)
{
	size_t bytes = attr->nla_len - NLA_HDRLEN;

	memcpy(to, (const char *)attr + NLA_HDRLEN, bytes < room ? bytes : room);
}

#define FOR_EACH_ATTR(attr, start, end) \
	for (attr = (const void *)(start); (const char *)attr + NLA_HDRLEN <= (const char *)(end); \
	     attr = (const void *)((const char *)attr + NLA_ALIGN(attr->nla_len)))

static void note_rpcs(const struct nlattr *nest)
{
	const char *end = (const char *)nest + nest->nla_len;
	const struct nlattr *attr;

	FOR_EACH_ATTR(attr, (const char *)nest + NLA_HDRLEN, end) {
		T_EQ(attr->nla_type, HOMA_DIAG_RPC);
		T_EQ(attr->nla_len, NLA_HDRLEN + sizeof(rpcs[0]));
		if (num_rpcs == sizeof(rpcs) / sizeof(rpcs[0]))
			t_die("too many RPCs");
		take(&rpcs[num_rpcs++], sizeof(rpcs[0]), attr);
	}
}

static struct seen *entry_of(const struct inet_diag_msg *msg)
{
	struct seen *s = num_seen ? &seen[num_seen - 1] : NULL;

	/* A socket with many RPCs: messages in a row. */
	if (s && !memcmp(s->msg.id.idiag_cookie, msg->id.idiag_cookie, 8))
		return s;
	if (num_seen == SEEN_MAX)
		t_die("too many sockets");
	s = &seen[num_seen++];
	memset(s, 0, sizeof(*s));
	return s;
}

static void note(const struct nlmsghdr *hdr)
{
	const struct inet_diag_msg *msg = NLMSG_DATA(hdr);
	struct seen *s = entry_of(msg);
	const struct nlattr *attr;

	num_messages++;
	s->msg = *msg;
	FOR_EACH_ATTR(attr, msg + 1, (const char *)hdr + hdr->nlmsg_len) {
		switch (attr->nla_type & NLA_TYPE_MASK) {
		case INET_DIAG_INFO:
			T_EQ(attr->nla_len, NLA_HDRLEN + sizeof(s->info));
			take(&s->info, sizeof(s->info), attr);
			s->has_info = true;
			break;
		case INET_DIAG_MEMINFO:
			take(&s->mem, sizeof(s->mem), attr);
			s->has_mem = true;
			break;
		case INET_DIAG_SKMEMINFO:
			take(s->skmem, sizeof(s->skmem), attr);
			s->has_skmem = true;
			break;
		case INET_DIAG_MARK:
			take(&s->mark, sizeof(s->mark), attr);
			s->has_mark = true;
			break;
		case HOMA_DIAG_RPCS:
			s->has_rpcs = true;
			note_rpcs(attr);
			break;
		}
	}
}

/* ---- requests ---- */

/* A filter of S_GE and S_LE: the local port is in a range. */
struct filter {
	struct nlattr attr;
	struct inet_diag_bc_op op[4];
};

static struct {
	struct nlmsghdr hdr;
	struct inet_diag_req_v2 req;
	struct filter filter;
} request;

static void begin(int cmd, int flags, int family)
{
	memset(&request, 0, sizeof(request));
	request.hdr.nlmsg_len = NLMSG_LENGTH(sizeof(request.req));
	request.hdr.nlmsg_type = (uint16_t)cmd;
	request.hdr.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	request.req.sdiag_family = (uint8_t)family;
	request.req.sdiag_protocol = IPPROTO_HOMA;
	request.req.idiag_states = ALL_STATES;
	request.req.idiag_ext = EVERYTHING;
	request.req.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	request.req.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
}

static void filter_ports(uint16_t low, uint16_t high)
{
	struct filter *f = &request.filter;

	f->attr.nla_type = INET_DIAG_REQ_BYTECODE;
	f->attr.nla_len = sizeof(*f);
	/* An operation is followed by its operand; "no" leads past the end. */
	f->op[0] = (struct inet_diag_bc_op){ INET_DIAG_BC_S_GE, 8, 20 };
	f->op[1].no = low;
	f->op[2] = (struct inet_diag_bc_op){ INET_DIAG_BC_S_LE, 8, 12 };
	f->op[3].no = high;
	request.hdr.nlmsg_len += sizeof(*f);
}

/*
 * Send the request from the namespace that we are in, note what comes.  0 or
 * -errno.  @piece: read with so much room; less makes the kernel use smaller
 * buffers, too.
 */
static int ask_in_pieces(size_t piece)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	static _Alignas(8) char answer[65536];
	int ret = 1;

	num_seen = 0;
	num_messages = 0;
	num_reads = 0;
	num_rpcs = 0;
	if (fd < 0 || send(fd, &request, request.hdr.nlmsg_len, 0) < 0)
		t_die("netlink");
	while (ret == 1) {
		const struct nlmsghdr *hdr = (const void *)answer;
		ssize_t got = recv(fd, answer, piece, 0);

		if (got < 0)
			t_die("recv");
		num_reads++;
		for (; ret == 1 && NLMSG_OK(hdr, (uint32_t)got); hdr = NLMSG_NEXT(hdr, got)) {
			if (hdr->nlmsg_type == NLMSG_DONE || hdr->nlmsg_type == NLMSG_ERROR)
				ret = *(const int *)NLMSG_DATA(hdr);
			else
				note(hdr);
			if (!(hdr->nlmsg_flags & NLM_F_MULTI) && ret == 1)
				ret = 0;
		}
	}
	close(fd);
	return ret;
}

static int ask(void)
{
	return ask_in_pieces(65536);
}

/* All sockets of a family in this namespace. */
static void list(int family)
{
	begin(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, family);
	T_RET(ask(), 0);
}

static uint64_t cookie_of(const struct t_sock *sock)
{
	socklen_t len = sizeof(uint64_t);
	uint64_t cookie = 0;

	if (getsockopt(sock->fd, SOL_SOCKET, SO_COOKIE, &cookie, &len))
		t_die("SO_COOKIE");
	return cookie;
}

/* What was said about a socket; NULL = nothing. */
static const struct seen *find(const struct t_sock *sock)
{
	uint64_t cookie = cookie_of(sock);
	unsigned int i;

	for (i = 0; i < num_seen; i++)
		if (seen[i].msg.id.idiag_cookie[0] == (uint32_t)cookie &&
		    seen[i].msg.id.idiag_cookie[1] == cookie >> 32)
			return &seen[i];
	return NULL;
}

/* Ask about one socket, by port and cookie. */
static void name(const struct t_sock *sock, int cmd)
{
	uint64_t cookie = cookie_of(sock);

	begin(cmd, cmd == SOCK_DESTROY ? NLM_F_ACK : 0, sock->family);
	request.req.id.idiag_sport = htons(t_local_port(sock));
	request.req.id.idiag_cookie[0] = (uint32_t)cookie;
	request.req.id.idiag_cookie[1] = (uint32_t)(cookie >> 32);
}

static const struct seen *look(const struct t_sock *sock)
{
	name(sock, SOCK_DIAG_BY_FAMILY);
	if (!T_RET(ask(), 0) || !T_EQ(num_seen, 1))
		t_die("a socket is not found");
	return &seen[0];
}

/* ---- sockets ---- */

/* As ls -l /proc/self/fd shows it. */
static uint32_t inode_of(const struct t_sock *sock)
{
	char path[40], text[40];
	unsigned int inode;
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", sock->fd);
	got = readlink(path, text, sizeof(text) - 1);
	text[got < 0 ? 0 : got] = 0;
	if (sscanf(text, "socket:[%u]", &inode) != 1)
		t_die("%s is '%s'", path, text);
	return inode;
}

static void check_names(const struct t_sock *sock, const struct seen *s, int state,
			const char *local, uint16_t port, const char *remote, uint16_t remote_port)
{
	uint32_t addr[4] = { 0 };
	size_t bytes = sock->family == AF_INET ? 4 : 16;

	if (!T_OK(s))
		return;
	T_EQ(s->msg.idiag_family, sock->family);
	T_EQ(s->msg.idiag_state, state);
	T_EQ(ntohs(s->msg.id.idiag_sport), port);
	T_EQ(ntohs(s->msg.id.idiag_dport), remote_port);
	T_EQ(inet_pton(sock->family, local, addr), 1);
	T_OK(!memcmp(s->msg.id.idiag_src, addr, bytes));
	T_EQ(inet_pton(sock->family, remote, addr), 1);
	T_OK(!memcmp(s->msg.id.idiag_dst, addr, bytes));
	T_EQ(s->msg.idiag_inode, inode_of(sock));
	T_EQ(s->msg.idiag_uid, getuid());
}

static void connect_to(const struct t_sock *sock, const struct t_addr *to)
{
	T_EQ(connect(sock->fd, (const struct sockaddr *)&to->sa, to->len), 0);
}

static void test_list(void)
{
	struct t_addr bound4 = t_addr(AF_INET, "127.0.0.9", 700);
	struct t_addr bound6 = t_addr(AF_INET6, "::1", 701);
	struct t_addr to4 = t_addr(AF_INET, "127.0.0.7", 44);
	struct t_addr to6 = t_addr(AF_INET6, "::1", 66);
	struct t_sock plain4, plain6, server4, server6, there;
	unsigned int low, high;
	const struct seen *s;

	t_netns("b");
	t_open(&there, AF_INET, 700);
	t_netns("a");
	t_open_bare(&plain4, AF_INET);
	t_open_bare(&plain6, AF_INET6);
	t_open(&server4, AF_INET, 0);
	T_RET(t_bind_addr(&server4, &bound4), 0);
	T_RET(t_setopt(&server4, SOL_SOCKET, SO_MARK, 77), 0);
	t_open(&server6, AF_INET6, 0);
	T_RET(t_bind_addr(&server6, &bound6), 0);
	T_RET(t_setopt(&server6, SOL_SOCKET, SO_BINDTOIFINDEX, (int)if_nametoindex("lo")), 0);
	connect_to(&server4, &to4);
	connect_to(&server6, &to6);

	t_case("IPv4: each socket of the namespace, with what it is");
	list(AF_INET);
	T_EQ(num_seen, 2);
	check_names(&plain4, find(&plain4), TCP_CLOSE, "0.0.0.0", t_local_port(&plain4),
		    "0.0.0.0", 0);
	check_names(&server4, find(&server4), TCP_ESTABLISHED, "127.0.0.9", 700, "127.0.0.7", 44);
	s = find(&server4);
	T_OK(s->has_info && s->has_mem && s->has_skmem && s->has_mark && !s->has_rpcs);
	T_EQ(s->mark, 77);
	T_EQ(s->skmem[SK_MEMINFO_SNDBUF], t_getopt(&server4, SOL_SOCKET, SO_SNDBUF));
	T_EQ(s->info.tx_limit, t_getopt(&server4, SOL_SOCKET, SO_SNDBUF));
	T_EQ(s->info.rpc_limit, 12345);	/* set by api_diag.sh */
	T_EQ(s->info.flags, HOMA_DIAG_SERVER);
	T_EQ(s->info.region_bytes, T_REGION_BYTES);
	T_EQ(s->info.region_free, T_REGION_BYTES);
	T_EQ(s->info.client_rpcs + s->info.server_rpcs + s->info.ready, 0);
	T_EQ(find(&plain4)->info.flags, 0);
	T_EQ(find(&plain4)->info.region_bytes, 0);

	t_case("IPv6: the same");
	list(AF_INET6);
	T_EQ(num_seen, 2);
	check_names(&plain6, find(&plain6), TCP_CLOSE, "::", t_local_port(&plain6), "::", 0);
	check_names(&server6, find(&server6), TCP_ESTABLISHED, "::1", 701, "::1", 66);
	T_EQ(find(&server6)->msg.id.idiag_if, if_nametoindex("lo"));

	t_case("only attributes that were asked for");
	begin(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, AF_INET);
	request.req.idiag_ext = 0;
	T_RET(ask(), 0);
	T_EQ(num_seen, 2);
	T_OK(!seen[0].has_info && !seen[0].has_mem && !seen[0].has_skmem && !seen[0].has_rpcs);

	t_case("filters: states, ports, ranges of ports");
	begin(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, AF_INET);
	request.req.idiag_states = 1 << TCP_ESTABLISHED;
	T_RET(ask(), 0);
	T_OK(num_seen == 1 && find(&server4));
	request.req.idiag_states = 1 << TCP_CLOSE;
	T_RET(ask(), 0);
	T_OK(num_seen == 1 && find(&plain4));
	begin(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, AF_INET6);
	request.req.id.idiag_sport = htons(701);
	T_RET(ask(), 0);
	T_OK(num_seen == 1 && find(&server6));
	request.req.id.idiag_dport = htons(67);
	T_RET(ask(), 0);
	T_EQ(num_seen, 0);
	for (low = 699; low <= 701; low++) {
		for (high = 699; high <= 701; high++) {
			begin(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, AF_INET);
			filter_ports((uint16_t)low, (uint16_t)high);
			T_RET(ask(), 0);
			T_EQ(num_seen, low <= 700 && high >= 700);
		}
	}

	t_case("another namespace has its own");
	t_netns("b");
	list(AF_INET);
	T_OK(num_seen == 1 && find(&there));
	list(AF_INET6);
	T_EQ(num_seen, 0);

	t_case("closed sockets are gone");
	t_netns("a");
	t_close(&plain4);
	t_close(&server4);
	t_close(&plain6);
	t_close(&server6);
	list(AF_INET);
	T_EQ(num_seen, 0);
	list(AF_INET6);
	T_EQ(num_seen, 0);
	t_close(&there);
}

static void test_one(void)
{
	struct t_addr bound = t_addr(AF_INET6, "::1", 702);
	struct t_sock sock;

	t_netns("a");
	t_open(&sock, AF_INET6, 0);
	T_RET(t_bind_addr(&sock, &bound), 0);

	t_case("one socket: by port and cookie, by port alone, by all of its names");
	check_names(&sock, look(&sock), TCP_CLOSE, "::1", 702, "::", 0);
	request.req.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	request.req.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	T_RET(ask(), 0);
	T_OK(num_seen == 1 && find(&sock));
	request.req.id = seen[0].msg.id;
	T_RET(ask(), 0);
	T_OK(num_seen == 1 && find(&sock));

	t_case("one socket: another cookie");
	request.req.id.idiag_cookie[0]++;
	T_RET(ask(), -ESTALE);

	t_case("one socket: another port, address, device or family");
	name(&sock, SOCK_DIAG_BY_FAMILY);
	request.req.id.idiag_sport = htons(703);
	T_RET(ask(), -ENOENT);
	name(&sock, SOCK_DIAG_BY_FAMILY);
	request.req.id.idiag_dport = htons(1);
	T_RET(ask(), -ENOENT);
	name(&sock, SOCK_DIAG_BY_FAMILY);
	request.req.id.idiag_src[3] = htonl(2);
	T_RET(ask(), -ENOENT);
	name(&sock, SOCK_DIAG_BY_FAMILY);
	request.req.id.idiag_dst[3] = htonl(1);
	T_RET(ask(), -ENOENT);
	name(&sock, SOCK_DIAG_BY_FAMILY);
	request.req.id.idiag_if = 1;
	T_RET(ask(), -ENOENT);
	name(&sock, SOCK_DIAG_BY_FAMILY);
	request.req.sdiag_family = AF_INET;
	T_RET(ask(), -ENOENT);

	t_case("one socket: not from another namespace");
	t_netns("b");
	name(&sock, SOCK_DIAG_BY_FAMILY);
	T_RET(ask(), -ENOENT);
	t_netns("a");
	t_close(&sock);
}

/* ---- RPCs ---- */

static bool is_loopback(const struct homa_diag_rpc *rpc)
{
	struct in6_addr mapped;

	inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped);
	return !memcmp(rpc->peer, &mapped, sizeof(mapped));
}

static void test_rpc(void)
{
	struct t_addr to = t_loopback(AF_INET, 710);
	struct t_sock client, server;
	struct t_msg in = { 0 }, out = { 0 };
	const struct seen *s;
	uint64_t id;

	t_netns("a");
	t_open(&server, AF_INET, 710);
	t_open(&client, AF_INET, 0);

	t_case("an RPC whose request nobody has read");
	id = t_request(&client, &to, 100000, 3, 0);
	T_OK(T_WAIT(t_arrived(&server, id ^ 1), 2000));
	s = look(&server);
	T_EQ(s->info.server_rpcs, 1);
	T_EQ(s->info.client_rpcs, 0);
	T_EQ(s->info.ready, 1);
	T_OK(s->msg.idiag_rqueue >= 100000);
	T_EQ(s->msg.idiag_rqueue, s->info.rx_memory);
	T_EQ(s->msg.idiag_rqueue, s->mem.idiag_rmem);
	T_OK(s->info.region_free <= T_REGION_BYTES - 100000 &&
	     s->info.region_free > T_REGION_BYTES - 100000 - HOMA_BPAGE_SIZE);
	T_EQ(num_rpcs, 1);
	T_EQ(rpcs[0].id, id ^ 1);
	T_OK(is_loopback(&rpcs[0]));
	T_EQ(ntohs(rpcs[0].peer_port), t_local_port(&client));
	T_EQ(rpcs[0].state, HOMA_RPC_STATE_INCOMING);
	T_EQ(rpcs[0].flags, HOMA_DIAG_RPC_RX);
	T_EQ(rpcs[0].rx_length, 100000);
	T_EQ(rpcs[0].rx_received, 100000);
	T_EQ(rpcs[0].rx_gaps, 0);
	T_EQ(rpcs[0].error, 0);
	T_OK(rpcs[0].age_ns < 10000000000ULL);
	T_OK(rpcs[0].silent_ns <= rpcs[0].age_ns);
	T_EQ(rpcs[0].resends, 0);
	T_EQ(rpcs[0].reserved, 0);

	s = look(&client);
	T_EQ(s->info.client_rpcs, 1);
	T_EQ(s->info.server_rpcs, 0);
	T_EQ(s->info.ready, 0);
	T_OK(s->msg.idiag_wqueue >= 100000);
	T_EQ(s->msg.idiag_wqueue, s->info.tx_memory);
	T_EQ(num_rpcs, 1);
	T_EQ(rpcs[0].id, id);
	T_EQ(ntohs(rpcs[0].peer_port), 710);
	T_EQ(rpcs[0].state, HOMA_RPC_STATE_OUTGOING);
	T_EQ(rpcs[0].flags, HOMA_DIAG_RPC_TX);
	T_EQ(rpcs[0].tx_length, 100000);
	T_EQ(rpcs[0].tx_sent, 100000);
	T_EQ(rpcs[0].tx_granted, 100000);

	t_case("the request is in service");
	T_RET(t_recv(&server, &in, 0, 0), 100000);
	s = look(&server);
	T_EQ(s->info.ready, 0);
	T_EQ(s->info.server_rpcs, 1);
	T_EQ(rpcs[0].state, HOMA_RPC_STATE_IN_SERVICE);
	T_OK(s->msg.idiag_rqueue < 100000);

	t_case("the response is there");
	T_RET(t_respond(&server, &in, 30000, 4), 0);
	T_OK(T_WAIT(t_arrived(&client, id), 2000));
	s = look(&client);
	T_EQ(s->info.ready, 1);
	T_OK(s->msg.idiag_rqueue >= 30000);
	T_EQ(rpcs[0].state, HOMA_RPC_STATE_INCOMING);
	T_EQ(rpcs[0].flags, HOMA_DIAG_RPC_TX | HOMA_DIAG_RPC_RX);
	T_EQ(rpcs[0].rx_length, 30000);
	T_EQ(rpcs[0].rx_received, 30000);

	t_case("all is over");
	T_RET(t_recv(&client, &out, 0, 0), 30000);
	T_OK(T_WAIT(t_info(&server).num_rpcs == 0, 5000));
	s = look(&client);
	T_EQ(s->info.client_rpcs + s->info.server_rpcs + s->info.ready, 0);
	T_EQ(s->msg.idiag_rqueue, 0);
	T_EQ(s->msg.idiag_wqueue, 0);
	T_OK(!s->has_rpcs);
	s = look(&server);
	T_EQ(s->info.client_rpcs + s->info.server_rpcs + s->info.ready, 0);
	t_close(&client);
	t_close(&server);
}

/* The RPC with this id in the last answer, or NULL. */
static const struct homa_diag_rpc *rpc_of(uint64_t id)
{
	unsigned int i;

	for (i = 0; i < num_rpcs; i++)
		if (rpcs[i].id == id)
			return &rpcs[i];
	return NULL;
}

static bool is_stalled(const struct t_sock *server, uint64_t id)
{
	const struct homa_diag_rpc *rpc;

	look(server);
	rpc = rpc_of(id);
	return rpc && rpc->flags & HOMA_DIAG_RPC_STALLED;
}

static void test_stalled(void)
{
	struct t_addr to = t_loopback(AF_INET6, 711);
	const struct homa_diag_rpc *rpc;
	struct t_sock client, server;
	unsigned int requests = 0;
	uint64_t id;

	t_netns("a");
	t_open_bare(&server, AF_INET6);
	T_RET(t_bind(&server, 711), 0);
	T_RET(t_set_region(&server, t_region_min()), 0);
	t_open(&client, AF_INET6, 0);

	t_case("a private RPC whose server has no room");
	/* Messages that fill the region, each until all of it is there. */
	do {
		id = t_request(&client, &to, 1000000, 5, HOMA_SENDMSG_PRIVATE);
		requests++;
		T_OK(T_WAIT(t_arrived(&server, id ^ 1) || is_stalled(&server, id ^ 1), 5000));
	} while (t_arrived(&server, id ^ 1) && requests < 20);
	look(&server);
	T_EQ(num_rpcs, requests);
	T_EQ(seen[0].info.ready, requests - 1);
	rpc = rpc_of(id ^ 1);
	if (!T_OK(rpc))
		t_die("no such RPC");
	T_EQ(rpc->flags, HOMA_DIAG_RPC_RX | HOMA_DIAG_RPC_STALLED);
	T_EQ(rpc->rx_length, 1000000);
	T_EQ(rpc->rx_received, 0);
	look(&client);
	rpc = rpc_of(id);
	if (!T_OK(rpc))
		t_die("no such RPC");
	T_EQ(rpc->flags, HOMA_DIAG_RPC_TX | HOMA_DIAG_RPC_PRIVATE);
	T_EQ(rpc->tx_length, 1000000);
	T_OK(rpc->tx_granted < 1000000);
	T_OK(rpc->tx_sent > 0 && rpc->tx_sent < 1000000);

	t_case("a failed RPC has its error");
	T_RET(t_abort(&client, id, ECANCELED), 0);
	look(&client);
	rpc = rpc_of(id);
	T_EQ(rpc ? rpc->error : 0, ECANCELED);
	t_close(&client);
	t_close(&server);
}

static int by_id(const void *left, const void *right)
{
	const struct homa_diag_rpc *l = left, *r = right;

	return l->id < r->id ? -1 : l->id > r->id;
}

static void test_many(void)
{
	static struct t_sock sock[MANY_SOCKETS];
	struct t_addr to = t_loopback(AF_INET, 712);
	struct t_sock server, client;
	struct t_sock *small = &sock[0];
	unsigned int i, bad = 0;

	t_netns("a");
	t_case("many sockets: each once, in several pieces");
	for (i = 0; i < MANY_SOCKETS; i++)
		t_open_bare(&sock[i], AF_INET);
	begin(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, AF_INET);
	T_RET(ask_in_pieces(4096), 0);
	T_EQ(num_seen, MANY_SOCKETS);
	T_OK(num_reads > 10);
	for (i = 0; i < MANY_SOCKETS; i++)
		bad += !find(&sock[i]);
	T_EQ(bad, 0);
	for (i = 0; i < MANY_SOCKETS; i++)
		t_close(&sock[i]);

	t_case("many RPCs: each once, in several messages");
	t_open(&server, AF_INET, 712);
	t_open(&client, AF_INET, 0);
	t_open_bare(small, AF_INET);
	for (i = 0; i < MANY_RPCS; i++)
		t_request(&client, &to, 50, i, 0);
	T_OK(T_WAIT(t_info(&server).num_rpcs == MANY_RPCS, 5000));
	begin(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, AF_INET);
	T_RET(ask_in_pieces(4096), 0);
	T_EQ(num_seen, 3);
	T_EQ(num_rpcs, 2 * MANY_RPCS);
	T_OK(num_reads > 40 && num_messages > 40);
	T_OK(find(&client) && find(&server) && find(small));
	T_EQ(find(&client)->info.client_rpcs, MANY_RPCS);
	T_EQ(find(&server)->info.server_rpcs, MANY_RPCS);
	t_case("many RPCs of one of the sockets");
	request.req.id.idiag_sport = htons(t_local_port(&client));
	T_RET(ask(), 0);
	T_EQ(num_seen, 1);
	T_EQ(num_rpcs, MANY_RPCS);
	qsort(rpcs, num_rpcs, sizeof(rpcs[0]), by_id);
	for (i = 0, bad = 0; i < num_rpcs; i++)
		bad += rpcs[i].id & 1 || (i && rpcs[i].id == rpcs[i - 1].id);
	T_EQ(bad, 0);

	t_case("many RPCs: an answer about one socket has the oldest");
	look(&client);
	T_EQ(num_messages, 1);
	T_EQ(seen[0].info.client_rpcs, MANY_RPCS);
	T_OK(num_rpcs >= 32 && num_rpcs < 100);
	t_close(small);
	t_close(&client);
	t_close(&server);
}

/* ---- who may ask ---- */

static void destroy_unprivileged(const struct t_sock *sock, bool can_destroy)
{
	name(sock, SOCK_DESTROY);
	T_RET(ask(), can_destroy ? -EPERM : -EOPNOTSUPP);
}

static void test_unprivileged(bool can_destroy)
{
	struct t_addr to = t_loopback(AF_INET, 713);
	struct t_sock client, server;
	const struct seen *s;
	int status;

	t_netns("a");
	t_open(&server, AF_INET, 713);
	t_open(&client, AF_INET, 0);
	t_request(&client, &to, 50, 1, 0);
	t_case("without CAP_NET_ADMIN: sockets, but neither RPCs nor marks");
	fflush(stdout);
	if (!fork()) {
		if (setuid(65534))
			t_die("setuid");
		list(AF_INET);
		T_EQ(num_seen, 2);
		s = find(&client);
		T_OK(s && s->has_info && !s->has_mark && !s->has_rpcs);
		T_EQ(num_rpcs, 0);
		T_EQ(s->info.client_rpcs, 1);
		look(&client);
		T_EQ(num_rpcs, 0);
		destroy_unprivileged(&client, can_destroy);
		exit(t_end());
	}
	if (wait(&status) < 0)
		t_die("wait");
	T_EQ(status, 0);
	look(&client);
	T_EQ(num_rpcs, 1);
	t_close(&client);
	t_close(&server);
}

static void test_destroy(bool can_destroy)
{
	struct t_addr to = t_loopback(AF_INET, 714);
	struct t_sock client, server, again;
	struct t_msg answer = { 0 };
	struct pollfd poll_fd;

	t_netns("a");
	t_open(&server, AF_INET, 714);
	t_open(&client, AF_INET, 0);
	t_request(&client, &to, 50, 1, 0);
	T_OK(T_WAIT(t_info(&server).num_rpcs == 1, 2000));
	if (!can_destroy) {
		t_case("this kernel cannot destroy sockets");
		name(&server, SOCK_DESTROY);
		T_RET(ask(), -EOPNOTSUPP);
		T_EQ(t_info(&server).num_rpcs, 1);
		t_close(&server);
		t_close(&client);
		return;
	}
	t_case("the wrong socket is not destroyed");
	name(&server, SOCK_DESTROY);
	request.req.id.idiag_cookie[0]++;
	T_RET(ask(), -ESTALE);
	t_netns("b");
	name(&server, SOCK_DESTROY);
	T_RET(ask(), -ENOENT);
	t_netns("a");
	T_EQ(t_info(&server).num_rpcs, 1);

	t_case("a destroyed socket is as after shutdown()");
	name(&server, SOCK_DESTROY);
	T_RET(ask(), 0);
	T_RET(t_recv(&server, &answer, 0, MSG_DONTWAIT), -ESHUTDOWN);
	poll_fd = (struct pollfd){ .fd = server.fd, .events = POLLIN };
	T_EQ(poll(&poll_fd, 1, 0), 1);
	T_EQ(poll_fd.revents, POLLIN);
	list(AF_INET);
	T_OK(num_seen == 1 && find(&client));

	t_case("its client hears of it, and its port is free");
	T_RET(t_recv(&client, &answer, 0, 0), -ENOTCONN);
	t_open(&again, AF_INET, 714);
	T_OK(t_exchange(&client, &to, &again, 500, NULL));
	t_close(&again);
	t_close(&server);
	t_close(&client);
}

/* Sockets of the last list that are in it twice, with the same port. */
static unsigned int repeated(void)
{
	unsigned int i, j, count = 0;

	for (i = 0; i < num_seen; i++)
		for (j = 0; j < i; j++)
			count += !memcmp(&seen[i].msg.id, &seen[j].msg.id, sizeof(seen[i].msg.id));
	return count;
}

/* The runner looks for what the kernel says to this.  There is one socket at a time, but a
 * list is made while they come and go: it may have several, or one before and after
 * bind(), each with another cookie or port.
 */
static void test_race(bool can_destroy)
{
	unsigned int i, wrong = 0;
	struct t_sock sock;
	int status, ret;

	t_netns("a");
	t_case("sockets are listed and destroyed while they are closed");
	fflush(stdout);
	if (!fork()) {
		for (i = 0; i < RACE_ROUNDS; i++) {
			t_open_bare(&sock, AF_INET);
			T_RET(t_bind(&sock, 715), 0);
			sched_yield();
			t_close(&sock);
		}
		exit(t_end());
	}
	for (i = 0; i < RACE_ROUNDS; i++) {
		list(AF_INET);
		wrong += repeated();
		begin(can_destroy ? SOCK_DESTROY : SOCK_DIAG_BY_FAMILY,
		      can_destroy ? NLM_F_ACK : 0, AF_INET);
		request.req.id.idiag_sport = htons(715);
		ret = ask();
		wrong += ret && ret != -ENOENT;
		sched_yield();
	}
	T_EQ(wrong, 0);
	if (wait(&status) < 0)
		t_die("wait");
	T_EQ(status, 0);
	list(AF_INET);
	T_EQ(num_seen, 0);
}

int main(int argc, char **argv)
{
	bool can_destroy = argc > 1 && !strcmp(argv[1], "-d");

	t_begin("t_diag", 60);
	test_list();
	test_one();
	test_rpc();
	test_stalled();
	test_many();
	test_unprivileged(can_destroy);
	test_destroy(can_destroy);
	test_race(can_destroy);
	return t_end();
}
