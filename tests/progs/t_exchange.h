/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* HOMAIOCEXCHANGE in short form, for t_exchange*.c. */
#ifndef T_EXCHANGE_H
#define T_EXCHANGE_H

#include "t.h"

#define X_MAX 64		/* messages out, and in, with one call */
#define X_RETURNS_MAX 128

/* The arguments of a call; x_begin() first. */
struct x {
	struct homa_exchange args;
	struct homa_send out[X_MAX];
	struct homa_recv in[X_MAX];
	uint32_t returns[X_RETURNS_MAX];
};

/* Nothing out, nothing in, wait for ever. */
void x_begin(struct x *x);

/* One more message out: a request of the @bytes at @data, or with @id a response.
 * The cookie of a request is @cookie.
 */
struct homa_send *x_send(struct x *x, const struct t_addr *to, uint64_t id, const void *data,
			 size_t bytes, uint64_t cookie);

/* The response to a message that was received. */
struct homa_send *x_answer(struct x *x, const struct homa_recv *request, const void *data,
			   size_t bytes);

/* Room for one more message; NULL and 0 = into the region. */
struct homa_recv *x_room(struct x *x, void *data, size_t bytes);

/* Give the buffers of a message back with the next call. */
void x_return(struct x *x, const struct homa_recv *message);

/* The call: 0 or -errno. */
int x_call(const struct t_sock *sock, struct x *x);

/* Only give buffers back: 0 or -errno. */
int x_release(const struct t_sock *sock, const struct homa_recv *message);

/* Does the message consist of t_fill(@seed), in data or in the region? */
bool x_is(const struct t_sock *sock, const struct homa_recv *message, uint32_t seed);

/* Have @num messages arrived at @sock, counting those that the application has? */
bool x_arrived(const struct t_sock *sock, unsigned int num);

/* Its sender. */
struct t_addr x_from(const struct homa_recv *message);

/* A page that is not there, and one that cannot be written, each after a page that can. */
unsigned char *x_hole(void);
unsigned char *x_constant(void);
#define X_PAGE 4096

#endif /* T_EXCHANGE_H */
