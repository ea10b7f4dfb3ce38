/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Helpers of the guest test programs: checks, and Homa calls in short form.
 *
 * A program is a list of cases. A check that fails prints where and what, and
 * the program goes on; t_end() makes the exit status of it. Trouble that makes
 * going on senseless ends the program with t_die(). A program that hangs is
 * ended by t_begin()'s guard, which names the case.
 *
 * Calls that can fail return 0 or a length, or -errno.
 */
#ifndef T_H
#define T_H

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <linux/homa.h>

/* ---- checks ---- */

/* Start the program; end it with a failure after @guard_s seconds. */
void t_begin(const char *name, unsigned int guard_s);

/* Name the case that the following checks belong to. */
void t_case(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print the verdict; returns the exit status. */
int t_end(void);

void t_die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

bool t_check(const char *file, int line, const char *text, bool ok);
bool t_equal(const char *file, int line, const char *text, long long got, long long want);
bool t_result(const char *file, int line, const char *text, long long got, long long want);

/* T_OK: a condition. T_EQ: a number. T_RET: a result, where errors have names. */
#define T_OK(cond) t_check(__FILE__, __LINE__, #cond, (cond))
#define T_EQ(got, want) t_equal(__FILE__, __LINE__, #got, (long long)(got), (long long)(want))
#define T_RET(got, want) t_result(__FILE__, __LINE__, #got, (got), (want))

/* ---- time, random numbers, contents ---- */

uint64_t t_now_ms(void);
void t_sleep_ms(unsigned int ms);

/* Wait until @cond is true, at most @ms; false if it did not become so. */
#define T_WAIT(cond, ms) \
	({ \
		uint64_t end_ms_ = t_now_ms() + (ms); \
		while (!(cond) && t_now_ms() < end_ms_) \
			t_sleep_ms(1); \
		(cond); \
	})

/* A repeatable sequence; the state must not be 0. */
uint32_t t_random(uint32_t *state);

/* Contents that depend on @seed and on the position. */
void t_fill(unsigned char *data, size_t bytes, uint32_t seed);

/* ---- packets made by hand ---- */

void t_put16(unsigned char *at, uint16_t value);	/* big-endian */
void t_put32(unsigned char *at, uint32_t value);

/* The internet checksum: add up @data, beginning with @sum (of an even number of
 * bytes), and make a header field of the sum.
 */
uint32_t t_sum(uint32_t sum, const void *data, size_t bytes);
uint16_t t_checksum(uint32_t sum);

/* ---- Homa ---- */

struct t_addr {
	struct sockaddr_storage sa;
	socklen_t len;
};

/* "10.0.0.1" or "fd00::1"; with @family AF_INET6 the former is mapped. */
struct t_addr t_addr(int family, const char *ip, uint16_t port);

/* The loopback address of @family. */
struct t_addr t_loopback(int family, uint16_t port);

bool t_same_host(const struct t_addr *left, const struct t_addr *right);
uint16_t t_port(const struct t_addr *addr);

#define T_REGION_BYTES ((size_t)512 * HOMA_BPAGE_SIZE)

struct t_sock {
	int fd;
	int family;
	unsigned char *region;	/* NULL = not set */
	size_t region_bytes;
};

/* A socket with a receive region; @port 0 = client only. Ends the program if
 * that fails.
 */
void t_open(struct t_sock *sock, int family, uint16_t port);
void t_open_bare(struct t_sock *sock, int family);	/* without region */
int t_set_region(struct t_sock *sock, size_t bytes);
int t_bind(const struct t_sock *sock, uint16_t port);
void t_close(struct t_sock *sock);
uint16_t t_local_port(const struct t_sock *sock);

/* bind() with all arguments: 0 or -errno. */
int t_bind_addr(const struct t_sock *sock, const struct t_addr *addr);

/* Open the following sockets in the network namespace @name ("ip netns"). */
void t_netns(const char *name);

/* Give @addr the scope (device) of a link-local address. */
struct t_addr t_scoped(struct t_addr addr, const char *device);

/* setsockopt() of an int: 0 or -errno; getsockopt() of an int: value or -errno. */
int t_setopt(const struct t_sock *sock, int level, int name, int value);
int t_getopt(const struct t_sock *sock, int level, int name);

/* Write @value to /proc/sys/@path; ends the program if that fails. */
void t_sysctl(const char *path, const char *value);

/* Smallest region that the kernel accepts on this machine. */
size_t t_region_min(void);

/* sendmsg with all arguments. */
int t_sendmsg(const struct t_sock *sock, const struct t_addr *to, const void *data, size_t bytes,
	      struct homa_sendmsg_args *args, int flags);

/* A new request with contents t_fill(@seed); the cookie is @seed too. Returns
 * its id; ends the program if that fails.
 */
uint64_t t_request(const struct t_sock *sock, const struct t_addr *to, size_t bytes,
		   uint32_t seed, uint32_t flags);

/* A received message, and between calls the buffers to give back. */
struct t_msg {
	struct homa_recvmsg_args args;
	struct t_addr from;
	ssize_t length;
};

/* Receive (giving msg's buffers back): @id 0 = any. Returns length or -errno. */
ssize_t t_recv(const struct t_sock *sock, struct t_msg *msg, uint64_t id, int flags);

/* Only give msg's buffers back. A message that arrives ends the program. */
void t_release(const struct t_sock *sock, struct t_msg *msg);

/* Does the message consist of t_fill(@seed)? */
bool t_msg_is(const struct t_sock *sock, const struct t_msg *msg, uint32_t seed);

/* Respond with a copy of the request. Returns sendmsg's result. */
int t_echo(const struct t_sock *sock, const struct t_msg *msg);

/* Respond with @bytes of t_fill(@seed). */
int t_respond(const struct t_sock *sock, const struct t_msg *msg, size_t bytes, uint32_t seed);

/* A request of @bytes from @client to @to arrives at @server and is answered;
 * @request (may be NULL) keeps what was received. Checks contents.
 */
bool t_exchange(const struct t_sock *client, const struct t_addr *to,
		const struct t_sock *server, size_t bytes, struct t_msg *request);

/* A request from @client to @to is refused by ICMP: its error. */
int t_refused(const struct t_sock *client, const struct t_addr *to);

/* HOMAIOCINFO without and with an array. Ends the program if that fails. */
struct homa_info t_info(const struct t_sock *sock);
uint32_t t_rpcs(const struct t_sock *sock, struct homa_rpc_info *rpcs, uint32_t max);

int t_abort(const struct t_sock *sock, uint64_t id, int error);

/* Is there a complete message, not yet received? (HOMA_RPC_RX_READY or an
 * RX_COPY with nothing missing)
 */
bool t_arrived(const struct t_sock *sock, uint64_t id);

/* A counter of this thread's network namespace, of all CPUs; 0 if there is none. */
uint64_t t_counter(const char *which);

/* Messages of MSG_ZEROCOPY with one notification: one, or several in a row. */
struct t_note {
	uint32_t low, high;
	bool copied;
};

/* The next notification: 0 or -errno. */
int t_notified(const struct t_sock *sock, struct t_note *note);

#endif /* T_H */
