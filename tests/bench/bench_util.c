// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* What the programs of the benchmark share. */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/homa.h>

#include "bench_util.h"

uint64_t bench_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void bench_enter_netns(const char *name)
{
	char path[256];
	int fd;

	if (!name)
		return;
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		snprintf(path, sizeof(path), "/var/run/netns/%s", name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "network namespace %s", name);
	close(fd);
}

void bench_pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "processor %d", cpu);
}

void bench_parse_addr(struct bench_addr *addr, const char *text, uint16_t port)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&addr->sa;
	struct sockaddr_in *in4 = (struct sockaddr_in *)&addr->sa;

	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, text, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		addr->len = sizeof(*in4);
	} else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		addr->len = sizeof(*in6);
	} else {
		errx(2, "%s is not an IPv4 or IPv6 address", text);
	}
}

static void add_u32(void *field, uint32_t step)
{
	uint32_t value;

	memcpy(&value, field, sizeof(value));
	value = htonl(ntohl(value) + step);
	memcpy(field, &value, sizeof(value));
}

struct bench_addr bench_addr_step(const struct bench_addr *addr, uint32_t step, uint16_t ports)
{
	struct bench_addr next = *addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&next.sa;
	struct sockaddr_in *in4 = (struct sockaddr_in *)&next.sa;

	if (addr->sa.ss_family == AF_INET) {
		add_u32(&in4->sin_addr, step);
		in4->sin_port = htons(ntohs(in4->sin_port) + ports);
	} else {
		add_u32(&in6->sin6_addr.s6_addr[12], step);
		in6->sin6_port = htons(ntohs(in6->sin6_port) + ports);
	}
	return next;
}

struct bench_addr bench_addr_any(const struct bench_addr *addr)
{
	struct bench_addr any = *addr;

	if (any.sa.ss_family == AF_INET)
		((struct sockaddr_in *)&any.sa)->sin_addr.s_addr = htonl(INADDR_ANY);
	else
		((struct sockaddr_in6 *)&any.sa)->sin6_addr = in6addr_any;
	return any;
}

void bench_ready(int ready_fd)
{
	if (write(ready_fd, "", 1) != 1)
		err(1, "server");
	close(ready_fd);
}

pid_t bench_fork_server(const char *netns, void (*serve)(const void *context, int ready_fd),
			const void *context)
{
	int ready[2];
	pid_t pid;
	char byte;

	if (pipe(ready))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		bench_enter_netns(netns);
		serve(context, ready[1]);
		_exit(1);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		errx(1, "the server did not start");
	close(ready[0]);
	return pid;
}

int bench_homa_socket(int family, size_t bytes, unsigned char **region)
{
	struct homa_rcvbuf_args args = { .length = bytes };
	int fd;

	fd = socket(family, SOCK_DGRAM, IPPROTO_HOMA);
	if (fd < 0)
		err(1, "homa socket");
	*region = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (*region == MAP_FAILED)
		err(1, "mmap");
	args.start = (uintptr_t)*region;
	if (setsockopt(fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, &args, sizeof(args)))
		err(1, "SO_HOMA_RCVBUF");
	return fd;
}
