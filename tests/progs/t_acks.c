// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_acks - acks that arrive in packets for another socket
 *
 *    t_acks none         nothing keeps them from the socket of their RPC
 *    t_acks filter       a socket filter does
 *    t_acks device DEV   the socket is bound to a device that they do not come by
 *    t_acks address      to an address that they are not sent to
 *    t_acks policy       its IPsec policy takes nothing
 *    t_acks cgroup DIR   BPF of its control group, to be created in DIR
 *
 * Requests to two sockets are answered, then the policy comes into effect for the second. The
 * acks for it are sent to the first, in an ACK packet and with DATA. Packets go
 * over the loopback device.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/xfrm.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t.h"
#include "t_bpf.h"

#define PORT_FIRST 4000
#define PORT_SECOND 4001
#define IP_XFRM_POLICY_ 17	/* IP_XFRM_POLICY, not in libc's headers */
#define IPV6_XFRM_POLICY_ 35
#define ACKS 5			/* entries of an ACK packet, wire §6.9 */

static const char *what, *argument;
static struct t_sock first, second, client;

static void join_group(const char *dir)
{
	char path[300];
	int file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	file = open(path, O_WRONLY);
	if (file < 0 || write(file, "0", 1) != 1)
		t_die("%s", path);
	close(file);
}

/* From now on no packet may reach the second socket. */
static void forbid_filter(void)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { .len = 1, .filter = code };

	T_RET(setsockopt(second.fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
}

static void forbid_policy(void)
{
	bool v4 = second.family == AF_INET;
	struct xfrm_userpolicy_info policy = {
		.sel = { .family = (unsigned short)second.family },
		.lft = { .soft_byte_limit = XFRM_INF, .hard_byte_limit = XFRM_INF,
			 .soft_packet_limit = XFRM_INF, .hard_packet_limit = XFRM_INF },
		.dir = XFRM_POLICY_IN,
		.action = XFRM_POLICY_BLOCK,
	};

	T_RET(setsockopt(second.fd, v4 ? IPPROTO_IP : IPPROTO_IPV6,
			 v4 ? IP_XFRM_POLICY_ : IPV6_XFRM_POLICY_, &policy, sizeof(policy)), 0);
}

static void forbid_group(void)
{
	int group = open(argument, O_RDONLY | O_DIRECTORY);
	int program = bpf_load(BPF_PROG_TYPE_CGROUP_SKB, 0, BPF_CGROUP_INET_INGRESS, 0);

	if (group < 0)
		t_die("%s", argument);
	T_RET(bpf_attach(group, program, BPF_CGROUP_INET_INGRESS, BPF_PROG_ATTACH), 0);
	close(program);
	close(group);
}

static void forbid(void)
{
	struct t_addr other = t_addr(second.family,
				     second.family == AF_INET ? "10.0.0.1" : "fd00::1", PORT_SECOND);

	if (!strcmp(what, "filter"))
		forbid_filter();
	else if (!strcmp(what, "device"))
		T_RET(setsockopt(second.fd, SOL_SOCKET, SO_BINDTODEVICE, argument,
				 (socklen_t)strlen(argument)), 0);
	else if (!strcmp(what, "address"))
		T_RET(t_bind_addr(&second, &other), 0);
	else if (!strcmp(what, "policy"))
		forbid_policy();
	else if (!strcmp(what, "cgroup"))
		forbid_group();
}

static void open_sockets(int family)
{
	char parent[300], *slash;

	t_open(&first, family, PORT_FIRST);
	t_open(&client, family, 0);
	if (strcmp(what, "cgroup")) {
		t_open(&second, family, PORT_SECOND);
		return;
	}
	/* A socket belongs to the group that made it. */
	if (mkdir(argument, 0755))
		t_die("mkdir %s", argument);
	join_group(argument);
	t_open(&second, family, PORT_SECOND);
	snprintf(parent, sizeof(parent), "%s", argument);
	slash = strrchr(parent, '/');
	if (slash)
		*slash = '\0';
	join_group(parent);
}

static void close_sockets(void)
{
	t_close(&first);
	t_close(&second);
	t_close(&client);
	if (!strcmp(what, "cgroup") && rmdir(argument))
		t_die("rmdir %s", argument);
}

static uint32_t rpcs(const struct t_sock *sock)
{
	return t_info(sock).num_rpcs;
}

/* Acks that were kept from a socket. */
static uint64_t refused(void)
{
	return t_counter("refused_acks");
}

/* T_WAIT() asks once more at the end. */
static ssize_t receive(const struct t_sock *sock, struct t_msg *msg, uint64_t id)
{
	ssize_t ret = -EAGAIN;

	T_OK(T_WAIT(ret != -EAGAIN || (ret = t_recv(sock, msg, id, MSG_DONTWAIT)) != -EAGAIN, 5000));
	return ret;
}

/* The request that waits at @sock is answered. */
static void serve(const struct t_sock *sock)
{
	struct t_msg request = { 0 };

	T_RET(receive(sock, &request, 0), 100);
	T_RET(t_echo(sock, &request), 0);
}

static void take_response(uint64_t id)
{
	struct t_msg response = { 0 };

	T_RET(receive(&client, &response, id), 100);
}

static void check(int family, bool with_data)
{
	struct t_addr to_first = t_loopback(family, PORT_FIRST);
	struct t_addr to_second = t_loopback(family, PORT_SECOND);
	uint32_t acks = with_data ? 1 : ACKS, i;
	uint64_t ids[ACKS], id = 0, before;
	uint64_t began_ms = t_now_ms(), asked = t_counter("packets_sent_NEED_ACK");
	bool allowed = !strcmp(what, "none");

	t_case("%s, family %d, %s", what, family, with_data ? "DATA" : "ACK");
	open_sockets(family);
	before = refused();
	for (i = 0; i < acks; i++)
		ids[i] = t_request(&client, &to_second, 100, 1, HOMA_SENDMSG_PRIVATE);
	if (!with_data)
		id = t_request(&client, &to_first, 100, 1, HOMA_SENDMSG_PRIVATE);
	for (i = 0; i < acks; i++)
		serve(&second);
	if (!with_data)
		serve(&first);
	/* All responses are here before anybody acknowledges one. */
	for (i = 0; i < acks; i++)
		T_OK(T_WAIT(t_arrived(&client, ids[i]), 5000));
	T_EQ(rpcs(&second), acks);
	forbid();
	for (i = 0; i < acks; i++)
		take_response(ids[i]);
	T_EQ(rpcs(&second), acks);
	/* The sixth ack, or the next request, takes them to the other socket. */
	if (with_data) {
		id = t_request(&client, &to_first, 100, 1, HOMA_SENDMSG_PRIVATE);
		serve(&first);
	}
	take_response(id);
	if (!with_data)
		T_OK(T_WAIT(!rpcs(&first), 5000));
	T_OK(T_WAIT(allowed ? !rpcs(&second) : refused() > before, 5000));
	T_EQ(rpcs(&second), allowed ? 0 : acks);
	T_EQ(refused() - before, allowed ? 0 : acks);
	/* Nobody had to be asked for them; on a machine that is slow somebody may be. */
	if (t_now_ms() - began_ms < 500)
		T_EQ(t_counter("packets_sent_NEED_ACK") - asked, 0);
	close_sockets();
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = { "none", "filter", "device", "address", "policy", "cgroup" };
	static const int families[] = { AF_INET, AF_INET6 };
	unsigned int i;

	what = argc > 1 ? argv[1] : "";
	argument = argc > 2 ? argv[2] : NULL;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && strcmp(what, kinds[i]); i++)
		;
	if (i == sizeof(kinds) / sizeof(kinds[0]) ||
	    ((!strcmp(what, "device") || !strcmp(what, "cgroup")) && !argument))
		errx(2, "usage: t_acks none|filter|address|policy, t_acks device DEV, t_acks cgroup DIR");
	t_begin("t_acks", 50);
	/* No NEED_ACK: its answer is sent to the socket itself. */
	t_sysctl("net/homa/request_ack_ticks", "1000");
	for (i = 0; i < 2; i++) {
		check(families[i], false);
		check(families[i], true);
	}
	return t_end();
}
