// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_hooks - programs and policies that decide about the packets of a socket
 *
 *    t_hooks filter     classic BPF on the socket (SO_ATTACH_FILTER)
 *    t_hooks policy     IPsec policy of one socket (IP_XFRM_POLICY)
 *    t_hooks cgroup DIR BPF programs of the control group DIR, to be created
 *    t_hooks lsm        a security module (BPF) at socket_sock_rcv_skb
 *    t_hooks classify   one that is asked for the label of a socket's flow
 *    t_hooks calls      one at socket_sendmsg and socket_recvmsg, for HOMAIOCEXCHANGE
 *
 * Each is shown to stop RPCs, or those packets that it selects, and to let them
 * pass again; labels are only counted. Packets go over the loopback device.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/xfrm.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t.h"
#include "t_bpf.h"

#define PORT 4000
#define TYPE_OFFSET 11		/* wire §4: of the packet type */
#define TYPE_DATA 0x10
#define LENGTH_OFFSET 28	/* wire §6.1: of message_length */
#define IP_XFRM_POLICY_ 17	/* IP_XFRM_POLICY, not in libc's headers */

static struct t_sock server, client;

static void open_sockets(int family)
{
	t_open(&server, family, PORT);
	t_open(&client, family, 0);
}

static void close_sockets(void)
{
	t_close(&server);
	t_close(&client);
}

/* An RPC of @bytes: 0 if all went well, else the error that the client got. */
static int rpc(size_t bytes)
{
	struct t_addr addr = t_loopback(client.family, PORT);
	struct t_msg request = { 0 }, response = { 0 };
	uint64_t id = t_request(&client, &addr, bytes, 1, 0);
	int tries;
	ssize_t ret;

	/* Client and server are one thread, so neither may block. */
	for (tries = 0; tries < 2000; tries++) {
		ret = t_recv(&server, &request, 0, MSG_DONTWAIT);
		if (ret >= 0)
			T_RET(t_echo(&server, &request), 0);
		ret = t_recv(&client, &response, 0, MSG_DONTWAIT);
		if (ret != -EAGAIN) {
			T_EQ(response.args.id, id);
			if (ret >= 0) {
				T_RET(ret, bytes);
				T_OK(t_msg_is(&client, &response, 1));
			}
			t_release(&server, &request);
			t_release(&client, &response);
			return ret < 0 ? (int)ret : 0;
		}
		t_sleep_ms(1);
	}
	t_die("the RPC neither ends nor fails");
}

/* Requests of 77 bytes are not wanted: the filter sees the Homa header. */
static void check_filter(int family)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, TYPE_OFFSET),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TYPE_DATA, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, LENGTH_OFFSET),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 77, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	/* Would cut packets to 30 bytes: less than their headers. */
	struct sock_filter cut[] = { BPF_STMT(BPF_RET | BPF_K, 30) };
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	t_case("socket filter, family %d", family);
	open_sockets(family);
	T_RET(rpc(77), 0);
	T_RET(setsockopt(server.fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	T_RET(rpc(77), -ETIMEDOUT);
	T_RET(rpc(78), 0);
	T_RET(rpc(200000), 0);
	program.len = 1;
	program.filter = cut;
	T_RET(setsockopt(server.fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	T_RET(rpc(5000), 0);
	T_RET(setsockopt(server.fd, SOL_SOCKET, SO_DETACH_FILTER, &program, sizeof(program)), 0);
	T_RET(rpc(77), 0);
	close_sockets();
}

/* A policy of one socket concerns no other, though routes are shared. */
static void check_policy(void)
{
	struct xfrm_userpolicy_info policy = {
		.sel = { .family = AF_INET },
		.lft = { .soft_byte_limit = XFRM_INF, .hard_byte_limit = XFRM_INF,
			 .soft_packet_limit = XFRM_INF, .hard_packet_limit = XFRM_INF },
		.dir = XFRM_POLICY_OUT,
		.action = XFRM_POLICY_BLOCK,
	};
	static const char data[100];
	struct homa_sendmsg_args args = { 0 };
	struct t_addr addr = t_loopback(AF_INET, PORT);
	struct t_sock other;

	t_case("policy of a socket");
	open_sockets(AF_INET);
	t_open(&other, AF_INET, 0);
	T_RET(rpc(100), 0);
	T_RET(setsockopt(other.fd, IPPROTO_IP, IP_XFRM_POLICY_, &policy, sizeof(policy)), 0);
	T_RET(t_sendmsg(&other, &addr, data, sizeof(data), &args, 0), -EPERM);
	T_RET(rpc(100), 0);
	T_RET(t_sendmsg(&other, &addr, data, sizeof(data), &args, 0), -EPERM);
	t_close(&other);
	T_RET(rpc(100), 0);
	close_sockets();
}

static void check_direction(int group, enum bpf_attach_type direction)
{
	int program = bpf_load(BPF_PROG_TYPE_CGROUP_SKB, 0, direction, 0);

	T_RET(rpc(50000), 0);
	T_RET(bpf_attach(group, program, direction, BPF_PROG_ATTACH), 0);
	T_RET(rpc(100), -ETIMEDOUT);
	T_RET(bpf_attach(group, program, direction, BPF_PROG_DETACH), 0);
	T_RET(rpc(50000), 0);
	close(program);
}

/* A program that forbids bind() or connect(). */
static void check_addresses(int group, int family)
{
	bool v4 = family == AF_INET;
	enum bpf_attach_type bind_type = v4 ? BPF_CGROUP_INET4_BIND : BPF_CGROUP_INET6_BIND;
	enum bpf_attach_type connect_type = v4 ? BPF_CGROUP_INET4_CONNECT :
						 BPF_CGROUP_INET6_CONNECT;
	struct t_addr addr = t_loopback(family, PORT);
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int program;

	open_sockets(family);
	program = bpf_load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, 0, (uint32_t)bind_type, 0);
	T_RET(bpf_attach(group, program, bind_type, BPF_PROG_ATTACH), 0);
	T_RET(t_bind(&client, PORT + 1), -EPERM);
	T_RET(rpc(100), 0);
	T_RET(bpf_attach(group, program, bind_type, BPF_PROG_DETACH), 0);
	T_RET(t_bind(&client, PORT + 1), 0);
	close(program);

	program = bpf_load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, 0, (uint32_t)connect_type, 0);
	T_RET(bpf_attach(group, program, connect_type, BPF_PROG_ATTACH), 0);
	T_EQ(connect(client.fd, (struct sockaddr *)&addr.sa, addr.len), -1);
	T_EQ(errno, EPERM);
	T_EQ(getpeername(client.fd, (struct sockaddr *)&peer, &len), -1);
	T_EQ(errno, ENOTCONN);
	T_RET(bpf_attach(group, program, connect_type, BPF_PROG_DETACH), 0);
	T_EQ(connect(client.fd, (struct sockaddr *)&addr.sa, addr.len), 0);
	T_RET(rpc(100), 0);
	close(program);
	close_sockets();
}

/* What a control group may not receive, or send, its sockets do not. */
static void check_cgroup(const char *dir, int family)
{
	char path[300];
	int group, file;

	t_case("control group, family %d", family);
	if (mkdir(dir, 0755) && errno != EEXIST)
		t_die("mkdir %s", dir);
	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	file = open(path, O_WRONLY);
	if (file < 0 || write(file, "0", 1) != 1)
		t_die("%s", path);
	close(file);
	group = open(dir, O_RDONLY | O_DIRECTORY);
	if (group < 0)
		t_die("%s", dir);
	/* A socket belongs to the group that made it. */
	open_sockets(family);
	check_direction(group, BPF_CGROUP_INET_INGRESS);
	check_direction(group, BPF_CGROUP_INET_EGRESS);
	close_sockets();
	check_addresses(group, family);
	close(group);
}

/* Bytes behind a record of this kind in the kernel's type information. */
static size_t btf_extra(uint32_t info)
{
	size_t n = BTF_INFO_VLEN(info);

	switch (BTF_INFO_KIND(info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
	case BTF_KIND_ENUM64:
		return n * 12;
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		return n * 8;
	default:
		return 0;
	}
}

/* Number of a function in the type information of the running kernel. */
static uint32_t btf_function(const char *name)
{
	FILE *file = fopen("/sys/kernel/btf/vmlinux", "r");
	const struct btf_header *header;
	const unsigned char *at, *end;
	const char *strings;
	unsigned char *all;
	size_t bytes;
	uint32_t id;

	all = malloc(32 << 20);
	if (!file || !all)
		t_die("no type information");
	bytes = fread(all, 1, 32 << 20, file);
	fclose(file);
	header = (const void *)all;
	if (bytes < sizeof(*header) || header->magic != BTF_MAGIC)
		t_die("type information of another kind");
	strings = (const char *)all + header->hdr_len + header->str_off;
	at = all + header->hdr_len + header->type_off;
	end = at + header->type_len;
	for (id = 1; at < end; id++) {
		const struct btf_type *type = (const void *)at;

		if (BTF_INFO_KIND(type->info) == BTF_KIND_FUNC &&
		    !strcmp(strings + type->name_off, name)) {
			free(all);
			return id;
		}
		at += sizeof(*type) + btf_extra(type->info);
	}
	t_die("the kernel has no %s", name);
}

/* A security module that lets no socket receive anything. */
static void check_lsm(int family)
{
	union bpf_attr attr = { 0 };
	int program, link;

	t_case("security module, family %d", family);
	program = bpf_load(BPF_PROG_TYPE_LSM, -EPERM, BPF_LSM_MAC,
			   btf_function("bpf_lsm_socket_sock_rcv_skb"));
	open_sockets(family);
	T_RET(rpc(50000), 0);
	attr.raw_tracepoint.prog_fd = (uint32_t)program;
	link = sys_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
	if (link < 0)
		t_die("the program cannot be attached");
	T_RET(rpc(100), -ETIMEDOUT);
	close(link);
	T_RET(rpc(50000), 0);
	close(program);
	close_sockets();
}

/* A map with one number; and a program that counts there how often it is asked. */
static int make_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1,
	};
	int fd = sys_bpf(BPF_MAP_CREATE, &attr);

	if (fd < 0)
		t_die("BPF_MAP_CREATE");
	return fd;
}

static uint64_t count_in(int map)
{
	uint32_t key = 0;
	uint64_t value = 0;
	union bpf_attr attr = { 0 };

	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)&value;
	if (sys_bpf(BPF_MAP_LOOKUP_ELEM, &attr))
		t_die("BPF_MAP_LOOKUP_ELEM");
	return value;
}

#define INSN(op, dst, src, offset, value) \
	{ .code = (op), .dst_reg = (dst), .src_reg = (src), .off = (offset), .imm = (value) }

/* The group of our process, by which the program knows it (process ids belong to namespaces). */
#define GROUP 4711

/* A program that counts in @map how often our process asks, and says @verdict. Others may. */
static int load_verdict(int map, uint32_t btf_id, int verdict)
{
	struct bpf_insn code[] = {
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_get_current_uid_gid),
		INSN(BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_0, 0, 0, 32),
		INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_0, 0, 11, GROUP),
		INSN(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, 0),
		INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map),
		INSN(0, 0, 0, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 2, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, 1),
		INSN(BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_0, BPF_REG_1, 0, BPF_ADD),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, verdict),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};

	return bpf_load_code(BPF_PROG_TYPE_LSM, code, sizeof(code) / sizeof(code[0]), BPF_LSM_MAC,
			     btf_id);
}

static int load_counter(int map, uint32_t btf_id)
{
	struct bpf_insn code[] = {
		INSN(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, 0),
		INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map),
		INSN(0, 0, 0, 0, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 2, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, 1),
		INSN(BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_0, BPF_REG_1, 0, BPF_ADD),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};

	return bpf_load_code(BPF_PROG_TYPE_LSM, code, sizeof(code) / sizeof(code[0]), BPF_LSM_MAC,
			     btf_id);
}

/* Whenever a route is looked up, a security module may label the flow. */
static void check_classify(int family)
{
	union bpf_attr attr = { 0 };
	int map = make_map(), program, link, one = 1;
	uint64_t before;

	t_case("classification of flows, family %d", family);
	program = load_counter(map, btf_function("bpf_lsm_sk_getsecid"));
	open_sockets(family);
	T_RET(rpc(100), 0);
	attr.raw_tracepoint.prog_fd = (uint32_t)program;
	link = sys_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
	if (link < 0)
		t_die("the program cannot be attached");
	/* The route of the host is cached, and nothing else asks for labels. */
	T_RET(rpc(100), 0);
	T_EQ(count_in(map), 0);
	/* A socket with a mark has routes of its own. */
	T_RET(setsockopt(client.fd, SOL_SOCKET, SO_MARK, &one, sizeof(one)), 0);
	T_RET(rpc(100), 0);
	T_OK(count_in(map) > 0);
	close(link);
	before = count_in(map);
	T_RET(rpc(100), 0);
	T_EQ(count_in(map), before);
	close(program);
	close(map);
	close_sockets();
}

/* ---- the calls of a socket ---- */

/* Attach a security module at @hook that counts in @map; close() of the result detaches it. */
static int attach_verdict(const char *hook, int map, int verdict)
{
	union bpf_attr attr = { 0 };
	int program = load_verdict(map, btf_function(hook), verdict), link;

	attr.raw_tracepoint.prog_fd = (uint32_t)program;
	link = sys_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
	if (link < 0)
		t_die("the program cannot be attached");
	close(program);
	return link;
}

#define MESSAGES 6

static struct homa_exchange exchange_args;

/* Requests to the ports PORT + @ports[i] ('-': where connect() said), then receive up to @max. */
static int exchange(const struct t_sock *sock, const char *ports, uint32_t max)
{
	static char data[100], rooms[MESSAGES][100];
	struct homa_send out[MESSAGES] = { 0 };
	struct homa_recv in[MESSAGES] = { 0 };
	uint32_t i;

	exchange_args = (struct homa_exchange){
		.sends = (uintptr_t)out, .recvs = (uintptr_t)in, .num_sends = strlen(ports),
		.num_recvs = max,
	};
	for (i = 0; i < MESSAGES; i++) {
		if (i < exchange_args.num_sends && ports[i] != '-') {
			struct t_addr to = t_loopback(sock->family, (uint16_t)(PORT + ports[i] - '0'));

			memcpy(&out[i].to, &to.sa, to.len);
		}
		out[i].data = (uintptr_t)data;
		out[i].length = sizeof(data);
		in[i].data = (uintptr_t)rooms[i];
		in[i].room = sizeof(rooms[0]);
	}
	return ioctl(sock->fd, HOMAIOCEXCHANGE, &exchange_args) ? -errno : 0;
}

/* The hooks are asked as the system calls ask them, and what they say counts. */
static void check_calls(int family)
{
	struct t_addr addr = t_loopback(family, PORT);
	struct homa_sendmsg_args args = { 0 };
	int sends = make_map(), recvs = make_map(), link, link2;
	struct t_msg msg = { 0 };
	struct t_sock other;

	t_case("security module, calls of family %d, asked", family);
	T_RET(setregid(GROUP, (gid_t)-1), 0);
	open_sockets(family);
	t_open(&other, family, PORT + 1);
	link = attach_verdict("bpf_lsm_socket_sendmsg", sends, 0);
	link2 = attach_verdict("bpf_lsm_socket_recvmsg", recvs, 0);
	/* Once for each destination that is not the one before. */
	T_RET(exchange(&client, "0", 0), 0);
	T_EQ(count_in(sends), 1);
	T_RET(exchange(&client, "00000", 0), 0);
	T_EQ(count_in(sends), 2);
	T_RET(exchange(&client, "001101", 0), 0);
	T_EQ(count_in(sends), 6);
	T_EQ(count_in(recvs), 0);
	/* Once for all that is received. */
	T_OK(T_WAIT(t_info(&server).num_rpcs == 9, 2000));
	t_sleep_ms(20);
	T_RET(exchange(&server, "", 4), 0);
	T_EQ(exchange_args.num_recvs, 4);
	T_EQ(count_in(recvs), 1);
	T_RET(exchange(&server, "", 4), 0);
	T_EQ(count_in(recvs), 2);
	T_RET(exchange(&other, "", 0), 0);
	T_EQ(count_in(recvs), 2);
	T_EQ(count_in(sends), 6);
	/* connect() may change that at any time. */
	T_EQ(connect(client.fd, (struct sockaddr *)&addr.sa, addr.len), 0);
	T_RET(exchange(&client, "---", 0), 0);
	T_EQ(count_in(sends), 9);
	close(link);
	close(link2);

	t_case("security module, calls of family %d, sending is refused", family);
	T_RET(t_abort(&client, 0, 0), 0);
	link = attach_verdict("bpf_lsm_socket_sendmsg", sends, -EPERM);
	T_RET(t_sendmsg(&client, &addr, "x", 1, &args, 0), -EPERM);
	T_RET(exchange(&client, "000", 1), -EPERM);
	T_EQ(exchange_args.num_sends, 0);
	T_EQ(exchange_args.num_recvs, 0);
	T_EQ(t_info(&client).num_rpcs, 0);
	T_RET(exchange(&other, "", 1), 0);
	T_EQ(exchange_args.num_recvs, 1);
	close(link);
	T_RET(exchange(&client, "000", 0), 0);

	t_case("security module, calls of family %d, receiving is refused", family);
	T_RET(t_abort(&client, 0, 0), 0);
	link = attach_verdict("bpf_lsm_socket_recvmsg", recvs, -EACCES);
	T_RET(t_recv(&other, &msg, 0, MSG_DONTWAIT), -EACCES);
	T_RET(exchange(&other, "00", 1), -EACCES);
	T_EQ(exchange_args.num_sends, 2);
	T_EQ(exchange_args.num_recvs, 0);
	T_EQ(t_info(&other).num_rpcs, 3 + 2);
	close(link);
	T_RET(exchange(&other, "", 1), 0);
	T_EQ(exchange_args.num_recvs, 1);
	t_close(&other);
	close(sends);
	close(recvs);
	close_sockets();
}

int main(int argc, char **argv)
{
	static const int families[] = { AF_INET, AF_INET6 };
	const char *what = argc > 1 ? argv[1] : "";
	unsigned int i;

	t_begin("t_hooks", 50);
	if (!strcmp(what, "policy")) {
		check_policy();
		return t_end();
	}
	for (i = 0; i < 2; i++) {
		if (!strcmp(what, "filter"))
			check_filter(families[i]);
		else if (!strcmp(what, "cgroup") && argc > 2)
			check_cgroup(argv[2], families[i]);
		else if (!strcmp(what, "lsm"))
			check_lsm(families[i]);
		else if (!strcmp(what, "classify"))
			check_classify(families[i]);
		else if (!strcmp(what, "calls"))
			check_calls(families[i]);
		else
			errx(2, "usage: t_hooks filter|policy|lsm|classify|calls, t_hooks cgroup DIR");
	}
	return t_end();
}
