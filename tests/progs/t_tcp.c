// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_tcp - TCP as anybody else uses it, and how many packets that took
 *
 *    t_tcp -c c -s s -i s0 -n 2000000 10.0.0.2
 *        2,000,000 bytes from namespace c to the host 10.0.0.2, which is s, with
 *        device s0, and an answer of as many bytes
 *
 * Compares every byte. Prints what was counted in s: packets that came through s0,
 * merged by GRO already; and since s exists what TCP received (likewise merged),
 * sent, sent again, and found to be bad.
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"

#define PORT 5000

static size_t bytes = 1000000;
static unsigned char *sent, *received;

/* Sees the TCP packets of one family. */
static int open_tap(const char *device, int family)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, family == AF_INET ? 9 : 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 100),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = { .len = 4, .filter = code };
	struct sockaddr_ll where = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(family == AF_INET ? ETH_P_IP : ETH_P_IPV6),
		.sll_ifindex = (int)if_nametoindex(device),
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM, 0);

	if (fd < 0 || !where.sll_ifindex ||
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) ||
	    bind(fd, (struct sockaddr *)&where, sizeof(where)))
		t_die("packet socket on %s", device);
	return fd;
}

/* Packets since the tap was opened; that nobody read them does not matter. */
static unsigned int count_of(int tap)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);

	if (getsockopt(tap, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		t_die("PACKET_STATISTICS");
	return stats.tp_packets;
}

/* A counter of TCP in /proc/net/snmp of this namespace. */
static unsigned long tcp_counter(const char *name)
{
	char names[1024], values[1024], *n, *v, *n_state, *v_state;
	/* Not /proc/net: that is the one of the first thread's namespace. */
	FILE *file = fopen("/proc/thread-self/net/snmp", "r");
	unsigned long value = 0;
	bool found = false;

	if (!file)
		t_die("/proc/net/snmp");
	while (!found && fgets(names, sizeof(names), file) &&
	       fgets(values, sizeof(values), file)) {
		if (strncmp(names, "Tcp:", 4))
			continue;
		n = strtok_r(names, " \n", &n_state);
		v = strtok_r(values, " \n", &v_state);
		while (n && v && strcmp(n, name)) {
			n = strtok_r(NULL, " \n", &n_state);
			v = strtok_r(NULL, " \n", &v_state);
		}
		found = n && v;
		value = found ? strtoul(v, NULL, 10) : 0;
	}
	fclose(file);
	if (!found)
		t_die("no TCP counter %s", name);
	return value;
}

static void put(int fd, uint32_t seed)
{
	size_t done = 0;
	ssize_t n;

	t_fill(sent, bytes, seed);
	for (; done < bytes; done += (size_t)n) {
		n = write(fd, sent + done, bytes - done);
		if (n <= 0)
			t_die("write");
	}
}

static bool get(int fd, uint32_t seed)
{
	size_t done = 0;
	ssize_t n;

	for (; done < bytes; done += (size_t)n) {
		n = read(fd, received + done, bytes - done);
		if (n <= 0)
			t_die("read, after %zu bytes", done);
	}
	t_fill(sent, bytes, seed);
	return !memcmp(sent, received, bytes);
}

static int client(const struct t_addr *addr)
{
	int fd = socket(addr->sa.ss_family, SOCK_STREAM, 0);
	char end;
	bool ok;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&addr->sa, addr->len))
		t_die("connect");
	put(fd, 1);
	ok = get(fd, 2);
	shutdown(fd, SHUT_WR);
	ok = ok && read(fd, &end, 1) == 0;
	close(fd);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *from = NULL, *to = NULL, *device = NULL;
	int opt, family, listener, fd, tap, status, on = 1;
	struct t_addr addr;
	char end;
	pid_t pid;

	while ((opt = getopt(argc, argv, "c:s:i:n:")) != -1) {
		if (opt == 'c')
			from = optarg;
		else if (opt == 's')
			to = optarg;
		else if (opt == 'i')
			device = optarg;
		else if (opt == 'n')
			bytes = strtoul(optarg, NULL, 10);
	}
	if (!from || !to || !device || !bytes || optind + 1 != argc)
		errx(2, "usage: t_tcp -c NS -s NS -i DEVICE [-n BYTES] HOST");
	t_begin("t_tcp", 0);
	family = strchr(argv[optind], ':') ? AF_INET6 : AF_INET;
	t_case("TCP to %s", argv[optind]);
	addr = t_addr(family, argv[optind], PORT);
	sent = malloc(bytes);
	received = malloc(bytes);
	if (!sent || !received)
		t_die("malloc");

	t_netns(to);
	listener = socket(family, SOCK_STREAM, 0);
	if (listener < 0 ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(listener, (struct sockaddr *)&addr.sa, addr.len) || listen(listener, 1))
		t_die("listen");
	tap = open_tap(device, family);
	pid = fork();
	if (pid < 0)
		t_die("fork");
	if (!pid) {
		t_netns(from);
		_exit(client(&addr));
	}
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		t_die("accept");
	T_OK(get(fd, 1));
	put(fd, 2);
	/* All of it is acknowledged when the other end has closed. */
	T_EQ(read(fd, &end, 1), 0);
	close(fd);
	T_OK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status));

	printf("COUNTED %s: %u packets, received %lu, sent %lu, again %lu, bad %lu\n",
	       argv[optind], count_of(tap), tcp_counter("InSegs"), tcp_counter("OutSegs"),
	       tcp_counter("RetransSegs"), tcp_counter("InErrs"));
	return t_end();
}
