// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * bench_load over Homa: one client socket, one socket per server. Threads that
 * share a socket wait in recvmsg(), or recvmmsg() if they are to take several
 * messages at a time; with more sockets than threads, in epoll.
 */
#include <err.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/homa.h>

#include "bench_load.h"

#define CLIENT_REGION_BYTES ((size_t)1024 * HOMA_BPAGE_SIZE)
/* Many servers need many regions; they are touched only where they are used. */
#define SERVER_REGION_BYTES ((size_t)256 * HOMA_BPAGE_SIZE)

struct server_socket {
	int fd;
	unsigned char *region;
	/* Of the last message, whose buffers the next call returns. With several
	 * threads in one socket each has its own.
	 */
	struct homa_recvmsg_args received;
};

/* Messages that a thread takes, or sends, with one call. */
struct batch {
	unsigned int max;
	struct mmsghdr in[LOAD_BATCH_MAX];
	struct homa_recvmsg_args received[LOAD_BATCH_MAX];
	struct bench_addr from[LOAD_BATCH_MAX];
	unsigned int num_out;
	struct mmsghdr out[LOAD_BATCH_MAX];
	struct homa_sendmsg_args args[LOAD_BATCH_MAX];
	struct iovec pieces[LOAD_BATCH_MAX];
};

struct server_thread {
	struct server_socket *socket;	/* the only one of all threads, or NULL */
	struct homa_recvmsg_args received;
	struct batch batch;
	int epoll_fd;			/* its own sockets */
};

static struct server_socket sockets[LOAD_SLOTS_MAX];

/* Receive a message, if there is one, and send it back. */
static void echo(struct server_socket *sock, struct homa_recvmsg_args *received, int flags)
{
	struct homa_sendmsg_args args = { 0 };
	struct bench_addr from;
	struct iovec piece;
	struct msghdr msg = {
		.msg_name = &from.sa,
		.msg_namelen = sizeof(from.sa),
		.msg_control = received,
		.msg_controllen = sizeof(*received),
	};
	ssize_t length;

	received->id = 0;
	length = recvmsg(sock->fd, &msg, flags);
	if (length < 0 && errno == EAGAIN)
		return;
	if (length < 0)
		err(1, "homa recvmsg(request)");
	piece.iov_base = sock->region + received->bpage_offsets[0];
	piece.iov_len = (size_t)length;
	args.id = received->id;
	msg = (struct msghdr) {
		.msg_name = &from.sa,
		.msg_namelen = msg.msg_namelen,
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &args,
	};
	if (sendmsg(sock->fd, &msg, 0) < 0)
		err(1, "homa sendmsg(response)");
}

/* Wait for a message; take those that are there. Return: how many, -1 after shutdown(). */
static int receive_batch(int fd, struct batch *b)
{
	unsigned int i;
	int n;

	for (i = 0; i < b->max; i++) {
		b->received[i].id = 0;
		b->in[i].msg_hdr = (struct msghdr) {
			.msg_name = &b->from[i].sa,
			.msg_namelen = sizeof(b->from[i].sa),
			.msg_control = &b->received[i],
			.msg_controllen = sizeof(b->received[i]),
		};
	}
	n = recvmmsg(fd, b->in, b->max, MSG_WAITFORONE, NULL);
	if (n < 0 && errno != ESHUTDOWN)
		err(1, "homa recvmmsg");
	return n;
}

/* One more message to send. */
static void add_to_batch(struct batch *b, uint64_t id, uint64_t cookie, const struct sockaddr *to,
			 socklen_t to_len, void *message, size_t bytes)
{
	unsigned int i = b->num_out++;

	b->args[i] = (struct homa_sendmsg_args) { .id = id, .completion_cookie = cookie };
	b->pieces[i] = (struct iovec) { .iov_base = message, .iov_len = bytes };
	b->out[i].msg_hdr = (struct msghdr) {
		.msg_name = (void *)to,
		.msg_namelen = to_len,
		.msg_iov = &b->pieces[i],
		.msg_iovlen = 1,
		.msg_control = &b->args[i],
	};
}

static void send_batch(int fd, struct batch *b)
{
	unsigned int sent = 0;
	int n;

	while (sent < b->num_out) {
		n = sendmmsg(fd, b->out + sent, b->num_out - sent, 0);
		if (n < 0)
			err(1, "homa sendmmsg");
		sent += (unsigned int)n;
	}
	b->num_out = 0;
}

static void echo_batch(struct server_socket *sock, struct batch *b)
{
	int n = receive_batch(sock->fd, b);
	int i;

	if (n < 0)
		err(1, "homa recvmmsg(requests)");
	for (i = 0; i < n; i++)
		add_to_batch(b, b->received[i].id, 0, (struct sockaddr *)&b->from[i].sa,
			     b->in[i].msg_hdr.msg_namelen,
			     sock->region + b->received[i].bpage_offsets[0], b->in[i].msg_len);
	send_batch(sock->fd, b);
}

static void *serve_thread(void *context)
{
	struct server_thread *me = context;
	struct epoll_event events[64];
	int i, n;

	while (me->socket && me->batch.max > 1)
		echo_batch(me->socket, &me->batch);
	while (me->socket)
		echo(me->socket, &me->received, 0);
	for (;;) {
		n = epoll_wait(me->epoll_fd, events, 64, -1);
		for (i = 0; i < n; i++) {
			struct server_socket *sock = events[i].data.ptr;

			echo(sock, &sock->received, MSG_DONTWAIT);
		}
	}
	return NULL;
}

static void homa_serve(const void *context, int ready_fd)
{
	static struct server_thread threads[LOAD_THREADS_MAX];
	const struct load *load = context;
	pthread_t ids[LOAD_THREADS_MAX];
	unsigned int i;

	for (i = 0; i < load->threads; i++) {
		threads[i].socket = load->servers == 1 ? &sockets[0] : NULL;
		threads[i].batch.max = load->batch;
		threads[i].epoll_fd = epoll_create1(0);
		if (threads[i].epoll_fd < 0)
			err(1, "epoll_create1");
	}
	for (i = 0; i < load->servers; i++) {
		struct bench_addr addr = bench_addr_step(&load->addr, i, (uint16_t)i);
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &sockets[i] };

		sockets[i].fd = bench_homa_socket(addr.sa.ss_family, SERVER_REGION_BYTES,
						  &sockets[i].region);
		if (bind(sockets[i].fd, (struct sockaddr *)&addr.sa, addr.len))
			err(1, "homa bind");
		if (load->servers > 1 &&
		    epoll_ctl(threads[i % load->threads].epoll_fd, EPOLL_CTL_ADD, sockets[i].fd,
			      &event))
			err(1, "epoll_ctl");
	}
	bench_ready(ready_fd);
	load_threads(load->threads, serve_thread, threads, sizeof(threads[0]), ids);
	pthread_join(ids[0], NULL);
}

struct client {
	struct load *load;
	int fd;
	unsigned char *region;
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool is_done;
	/* Of each slot, which is one thread's at any time. */
	uint32_t seq[LOAD_SLOTS_MAX];
	struct bench_addr servers[LOAD_SLOTS_MAX];
};

static void request(struct client *client, uint32_t slot)
{
	struct homa_sendmsg_args args = { .completion_cookie = slot + 1 };
	const struct bench_addr *server = &client->servers[slot % client->load->servers];
	unsigned char message[LOAD_BYTES_MAX];
	struct iovec piece = { .iov_base = message, .iov_len = client->load->bytes };
	struct msghdr msg = {
		.msg_name = (void *)&server->sa,
		.msg_namelen = server->len,
		.msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = &args,
	};

	load_stamp(message, client->load->bytes, slot, ++client->seq[slot]);
	if (sendmsg(client->fd, &msg, 0) < 0)
		err(1, "homa sendmsg(request)");
}

/* A response came. Return: its slot, which sends another request, or -1. */
static int response(struct client *client, const struct homa_recvmsg_args *received, size_t bytes)
{
	uint32_t slot = (uint32_t)received->completion_cookie - 1;
	struct load *load = client->load;

	if (bytes != load->bytes || slot >= load->slots)
		errx(1, "homa: a response of %zu bytes to slot %u", bytes, slot);
	load_check(client->region + received->bpage_offsets[0], load->bytes, slot,
		   client->seq[slot]);
	if (load_count(load)) {
		pthread_mutex_lock(&client->lock);
		client->is_done = true;
		pthread_cond_signal(&client->done);
		pthread_mutex_unlock(&client->lock);
		return -1;
	}
	return load_next(load) ? (int)slot : -1;
}

/* The same as client_thread(), several messages at a time. */
static void *client_batch_thread(void *context)
{
	static __thread unsigned char messages[LOAD_BATCH_MAX][LOAD_BYTES_MAX];
	static __thread struct batch batch;
	struct client *client = context;
	struct load *load = client->load;
	int i, n;

	batch.max = load->batch;
	while ((n = receive_batch(client->fd, &batch)) >= 0) {
		for (i = 0; i < n; i++) {
			int slot = response(client, &batch.received[i], batch.in[i].msg_len);
			const struct bench_addr *server;

			if (slot < 0)
				continue;
			server = &client->servers[(uint32_t)slot % load->servers];
			load_stamp(messages[i], load->bytes, (uint32_t)slot, ++client->seq[slot]);
			add_to_batch(&batch, 0, (uint64_t)slot + 1,
				     (const struct sockaddr *)&server->sa, server->len,
				     messages[i], load->bytes);
		}
		send_batch(client->fd, &batch);
	}
	return NULL;
}

static void *client_thread(void *context)
{
	struct client *client = context;
	struct homa_recvmsg_args received = { 0 };

	for (;;) {
		struct msghdr msg = {
			.msg_control = &received,
			.msg_controllen = sizeof(received),
		};
		ssize_t length;
		int slot;

		received.id = 0;
		length = recvmsg(client->fd, &msg, 0);
		if (length < 0 && errno == ESHUTDOWN)
			return NULL;
		if (length < 0)
			err(1, "homa recvmsg(response)");
		slot = response(client, &received, (size_t)length);
		if (slot >= 0)
			request(client, (uint32_t)slot);
	}
}

static void homa_run(struct load *load)
{
	static struct client client = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.done = PTHREAD_COND_INITIALIZER,
	};
	pthread_t ids[LOAD_THREADS_MAX];
	unsigned int i;

	client.load = load;
	client.fd = bench_homa_socket(load->addr.sa.ss_family, CLIENT_REGION_BYTES,
				      &client.region);
	for (i = 0; i < load->servers; i++)
		client.servers[i] = bench_addr_step(&load->addr, i, (uint16_t)i);
	/* All threads have the same context. */
	load_threads(load->threads, load->batch > 1 ? client_batch_thread : client_thread, &client,
		     0, ids);
	for (i = 0; i < load->slots && load_next(load); i++)
		request(&client, i);
	pthread_mutex_lock(&client.lock);
	while (!client.is_done)
		pthread_cond_wait(&client.done, &client.lock);
	pthread_mutex_unlock(&client.lock);
	/* The threads still wait for responses. */
	shutdown(client.fd, SHUT_RDWR);
	for (i = 0; i < load->threads; i++)
		pthread_join(ids[i], NULL);
}

const struct load_proto load_homa = {
	.name = "homa",
	.serve = homa_serve,
	.run = homa_run,
};
