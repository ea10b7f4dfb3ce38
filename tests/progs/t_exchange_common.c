// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* HOMAIOCEXCHANGE in short form. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "t_exchange.h"

void x_begin(struct x *x)
{
	/* What the kernel does not write is seen. */
	memset(x, 0x5a, sizeof(*x));
	memset(&x->args, 0, sizeof(x->args));
	x->args.sends = (uintptr_t)x->out;
	x->args.recvs = (uintptr_t)x->in;
	x->args.returns = (uintptr_t)x->returns;
	x->args.timeout_ns = -1;
}

struct homa_send *x_send(struct x *x, const struct t_addr *to, uint64_t id, const void *data,
			 size_t bytes, uint64_t cookie)
{
	struct homa_send *send = &x->out[x->args.num_sends++];

	if (x->args.num_sends > X_MAX)
		t_die("too many messages");
	memset(send, 0, sizeof(*send));
	send->id = id;
	send->completion_cookie = cookie;
	send->data = (uintptr_t)data;
	send->length = (uint32_t)bytes;
	if (to)
		memcpy(&send->to, &to->sa, to->len);
	return send;
}

struct homa_send *x_answer(struct x *x, const struct homa_recv *request, const void *data,
			   size_t bytes)
{
	struct homa_send *send = x_send(x, NULL, request->id, data, bytes, 0);

	send->to = request->from;
	return send;
}

struct homa_recv *x_room(struct x *x, void *data, size_t bytes)
{
	struct homa_recv *message = &x->in[x->args.num_recvs++];

	if (x->args.num_recvs > X_MAX)
		t_die("too many messages");
	memset(message, 0x5a, sizeof(*message));
	message->reserved = 0;
	message->data = (uintptr_t)data;
	message->room = (uint32_t)bytes;
	return message;
}

void x_return(struct x *x, const struct homa_recv *message)
{
	uint32_t i;

	for (i = 0; i < message->num_bpages; i++) {
		if (x->args.num_returns == X_RETURNS_MAX)
			t_die("too many buffers");
		x->returns[x->args.num_returns++] = message->bpage_offsets[i];
	}
}

int x_call(const struct t_sock *sock, struct x *x)
{
	return ioctl(sock->fd, HOMAIOCEXCHANGE, &x->args) ? -errno : 0;
}

int x_release(const struct t_sock *sock, const struct homa_recv *message)
{
	static __thread struct x x;

	x_begin(&x);
	x_return(&x, message);
	return x_call(sock, &x);
}

bool x_is(const struct t_sock *sock, const struct homa_recv *message, uint32_t seed)
{
	struct t_msg msg = { .length = message->length };
	unsigned char *data;
	bool same;

	if (message->error || !message->length)
		return false;
	if (message->num_bpages) {
		if (message->num_bpages > HOMA_MAX_BPAGES)
			return false;
		msg.args.num_bpages = message->num_bpages;
		memcpy(msg.args.bpage_offsets, message->bpage_offsets,
		       message->num_bpages * sizeof(message->bpage_offsets[0]));
		return t_msg_is(sock, &msg, seed);
	}
	if (message->length > message->room)
		return false;
	data = malloc(message->length);
	if (!data)
		t_die("malloc");
	t_fill(data, message->length, seed);
	same = !memcmp((void *)(uintptr_t)message->data, data, message->length);
	free(data);
	return same;
}

struct t_addr x_from(const struct homa_recv *message)
{
	struct t_addr from = {
		.len = message->from.sa.sa_family == AF_INET ? sizeof(struct sockaddr_in) :
							       sizeof(struct sockaddr_in6),
	};

	memcpy(&from.sa, &message->from, sizeof(message->from));
	return from;
}

bool x_arrived(const struct t_sock *sock, unsigned int num)
{
	struct homa_rpc_info rpcs[X_MAX];
	uint32_t i, n = t_rpcs(sock, rpcs, X_MAX), whole = 0;

	for (i = 0; i < n && i < X_MAX; i++)
		whole += rpcs[i].rx_length > 0 && !rpcs[i].rx_remaining;
	return whole >= num;
}

static unsigned char *second_page(int prot)
{
	unsigned char *pages = mmap(NULL, 2 * X_PAGE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || mprotect(pages + X_PAGE, X_PAGE, prot))
		t_die("mmap");
	return pages + X_PAGE;
}

unsigned char *x_hole(void)
{
	return second_page(PROT_NONE);
}

unsigned char *x_constant(void)
{
	return second_page(PROT_READ);
}
