/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What the programs of the benchmark share. Errors end the program. */
#ifndef BENCH_UTIL_H
#define BENCH_UTIL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* A no-op that tests/bench/profile/plugin.c sees; @what is a character. */
#ifdef __x86_64__
#define BENCH_MARK(what)						\
	asm volatile(".byte 0x0f,0x1f,0x80,%c0,0x6d,0x6f,0x68" : : "i"(what) : "memory")
#else
#define BENCH_MARK(what) ((void)(what))
#endif

struct bench_addr {
	struct sockaddr_storage sa;
	socklen_t len;
};

/**
 * bench_now_ns() - CLOCK_MONOTONIC
 *
 * In a guest of qemu -icount shift=0 a nanosecond is one executed instruction.
 *
 * Return: nanoseconds.
 */
uint64_t bench_now_ns(void);

/**
 * bench_enter_netns() - move this process to a network namespace
 * @name: as given to "ip netns add"; NULL = stay
 */
void bench_enter_netns(const char *name);

/**
 * bench_pin() - stay on one processor; children inherit it
 * @cpu: number of the processor; negative = run anywhere
 */
void bench_pin(int cpu);

/**
 * bench_parse_addr() - a host's address
 * @addr: result
 * @text: IPv4 or IPv6 address
 * @port: in host order
 */
void bench_parse_addr(struct bench_addr *addr, const char *text, uint16_t port);

/**
 * bench_addr_step() - the address and port that are @step further
 * @addr: IPv4 or IPv6
 * @step: added to the last 32 bits of the address
 * @ports: added to the port
 *
 * Return: the address.
 */
struct bench_addr bench_addr_step(const struct bench_addr *addr, uint32_t step, uint16_t ports);

/**
 * bench_addr_any() - the wildcard address of the same family, with the same port
 * @addr: IPv4 or IPv6
 *
 * Return: the address.
 */
struct bench_addr bench_addr_any(const struct bench_addr *addr);

/**
 * bench_fork_server() - run a server in a process of its own until we end
 * @netns: its network namespace, NULL = ours
 * @serve: opens its sockets, writes a byte to @ready_fd, and serves for ever
 * @context: for @serve
 *
 * Return: its process id; it is ready.
 */
pid_t bench_fork_server(const char *netns, void (*serve)(const void *context, int ready_fd),
			const void *context);

/**
 * bench_ready() - tell bench_fork_server() that the server listens
 * @ready_fd: from it
 */
void bench_ready(int ready_fd);

/**
 * bench_homa_socket() - a Homa socket with a receive region
 * @family: AF_INET or AF_INET6
 * @bytes: of the region, a multiple of HOMA_BPAGE_SIZE
 * @region: its start is stored here
 *
 * Return: the socket.
 */
int bench_homa_socket(int family, size_t bytes, unsigned char **region);

#endif /* BENCH_UTIL_H */
