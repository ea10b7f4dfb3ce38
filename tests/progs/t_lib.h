/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A server inside of the test programs of libhoma. The first byte of a request
 * tells what it does:
 *
 *    'e'  echo                          'd'  echo later, by another thread
 *    'n'  never answer                  'k'  keep the request until t_serve_stop()
 *    'r'  release the contents, then answer "released"
 *    's'  answer with as many bytes as the four that follow say (host order)
 */
#ifndef T_LIB_H
#define T_LIB_H

#include <homa/homa.h>
#include <pthread.h>

#include "t.h"

#define T_PORT 99
#define T_SECOND_NS 1000000000LL

struct t_server {
	struct homa *homa;
	pthread_t thread;
	unsigned int threads;
	int result;
	unsigned int delay_ms;
	unsigned int never;	/* requests that were not answered */
	unsigned int kept;
	struct homa_msg *keep[1024];
};

/* Serve on @port in the background. Ends the program if that fails. */
void t_serve(struct t_server *server, int family, uint16_t port, unsigned int threads,
	     const struct homa_options *options);

/* End it; its result has to be 0. The handle is closed. */
void t_serve_stop(struct t_server *server);

struct homa *t_homa(int family, const struct homa_options *options);

/* A request: @op, then t_fill(@seed). */
void t_lib_fill(unsigned char *data, size_t bytes, char op, uint32_t seed);

/* Are these the contents of @msg? */
bool t_lib_is(const struct homa_msg *msg, const void *data, size_t bytes);

/* An echo of @bytes with @flags for homa_callv(): 0 or -errno; checks the contents. */
int t_lib_echo(struct homa *homa, const struct t_addr *to, size_t bytes, char op, uint32_t seed,
	       uint32_t flags, int64_t timeout_ns);

/* As small as a receive region may be: two long messages and a bit. */
uint64_t t_lib_small_region(void);

/* Let the send buffer have a megabyte. False: it is no socket, but what stands for one in a
 * test without the module, and takes any amount.
 */
bool t_lib_limit_sends(struct homa *homa);

/* Free bytes of the receive region, as the kernel sees it. */
uint64_t t_lib_avail(struct homa *homa);

/* How often libhoma has waited in HOMAIOCEXCHANGE. With HOMA_TEST_NO_EXCHANGE in the environment
 * the kernel does not know it.
 */
extern unsigned int t_lib_exchanges;

/* RPCs of the socket, as the kernel sees them. */
uint32_t t_lib_num_rpcs(struct homa *homa);

#define T_SA(addr) ((const struct sockaddr *)&(addr)->sa)

#endif /* T_LIB_H */
