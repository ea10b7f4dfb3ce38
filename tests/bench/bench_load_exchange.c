// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * bench_load over Homa with HOMAIOCEXCHANGE: one client socket, one socket per
 * server. A thread sends what it has and takes what is there with one call, which
 * also waits; a server thread with several sockets waits in epoll.
 */
#include <err.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <linux/homa.h>

#include "bench_load.h"

#define CLIENT_REGION_BYTES ((size_t)1024 * HOMA_BPAGE_SIZE)
/* Many servers need many regions; they are touched only where they are used. */
#define SERVER_REGION_BYTES ((size_t)256 * HOMA_BPAGE_SIZE)

/* What a thread exchanges with one call. */
struct batch {
	struct homa_exchange args;
	unsigned int max;
	unsigned int num_out;		/* to be sent with the next call */
	struct homa_send out[LOAD_BATCH_MAX];
	struct homa_recv in[LOAD_BATCH_MAX];
	/* Messages are sent before others are received: these may have the same place. */
	unsigned char messages[LOAD_BATCH_MAX][LOAD_BYTES_MAX];
};

struct server_thread {
	int fd;				/* the only socket of all threads, or -1 */
	struct batch batch;
	int epoll_fd;			/* its own sockets */
};

static void batch_init(struct batch *b, unsigned int max)
{
	unsigned int i;

	b->max = max;
	b->args.sends = (uintptr_t)b->out;
	b->args.recvs = (uintptr_t)b->in;
	for (i = 0; i < max; i++) {
		b->in[i].data = (uintptr_t)b->messages[i];
		b->in[i].room = sizeof(b->messages[i]);
	}
}

/*
 * Send what there is, and take up to @max messages. Return: how many came, -1 when
 * none did: errno is EAGAIN or ESHUTDOWN.
 */
static int exchange(int fd, struct batch *b, unsigned int max, long long timeout_ns)
{
	b->args.num_sends = b->num_out;
	b->args.num_recvs = max;
	b->args.timeout_ns = timeout_ns;
	if (ioctl(fd, HOMAIOCEXCHANGE, &b->args)) {
		if (b->args.num_sends != b->num_out || (errno != EAGAIN && errno != ESHUTDOWN))
			err(1, "HOMAIOCEXCHANGE: %u of %u messages were sent", b->args.num_sends,
			    b->num_out);
		b->num_out = 0;
		return -1;
	}
	b->num_out = 0;
	return (int)b->args.num_recvs;
}

/* One more message to send. */
static struct homa_send *add(struct batch *b, const void *message, size_t bytes)
{
	struct homa_send *send = &b->out[b->num_out++];

	send->id = 0;
	send->completion_cookie = 0;
	send->data = (uintptr_t)message;
	send->length = (uint32_t)bytes;
	return send;
}

/* The responses to the requests that came. */
static void answer(struct batch *b, int num)
{
	int i;

	for (i = 0; i < num; i++) {
		struct homa_send *send = add(b, b->messages[i], b->in[i].length);

		if (b->in[i].num_bpages || b->in[i].error)
			errx(1, "exchange: a request of %u bytes, error %d", b->in[i].length,
			     b->in[i].error);
		send->id = b->in[i].id;
		send->to = b->in[i].from;
	}
}

static void *serve_thread(void *context)
{
	struct server_thread *me = context;
	struct batch *b = &me->batch;
	struct epoll_event events[64];
	int i, n;

	while (me->fd >= 0) {
		n = exchange(me->fd, b, b->max, -1);
		if (n < 0)
			err(1, "HOMAIOCEXCHANGE(requests)");
		answer(b, n);
	}
	for (;;) {
		n = epoll_wait(me->epoll_fd, events, 64, -1);
		for (i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			int num;

			/* Another time only if there may be more. */
			do {
				num = exchange(fd, b, b->max, 0);
				answer(b, num);
			} while (num == (int)b->max);
			if (b->num_out)
				exchange(fd, b, 0, -1);
		}
	}
	return NULL;
}

static int listener(const struct bench_addr *addr)
{
	unsigned char *region;
	int fd = bench_homa_socket(addr->sa.ss_family, SERVER_REGION_BYTES, &region);

	if (bind(fd, (const struct sockaddr *)&addr->sa, addr->len))
		err(1, "homa bind");
	return fd;
}

static void exchange_serve(const void *context, int ready_fd)
{
	static struct server_thread threads[LOAD_THREADS_MAX];
	const struct load *load = context;
	pthread_t ids[LOAD_THREADS_MAX];
	unsigned int i;
	int fd = -1;

	if (load->servers == 1)
		fd = listener(&load->addr);
	for (i = 0; i < load->threads; i++) {
		threads[i].fd = fd;
		batch_init(&threads[i].batch, load->batch);
		threads[i].epoll_fd = epoll_create1(0);
		if (threads[i].epoll_fd < 0)
			err(1, "epoll_create1");
	}
	for (i = 0; i < load->servers && load->servers > 1; i++) {
		struct bench_addr addr = bench_addr_step(&load->addr, i, (uint16_t)i);
		struct epoll_event event = { .events = EPOLLIN, .data.fd = listener(&addr) };

		if (epoll_ctl(threads[i % load->threads].epoll_fd, EPOLL_CTL_ADD, event.data.fd,
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
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool is_done;
	/* Of each slot, which is one thread's at any time. */
	uint32_t seq[LOAD_SLOTS_MAX];
	struct bench_addr servers[LOAD_SLOTS_MAX];
};

/* Another request of a slot, in place of message @i. */
static void request(struct client *client, struct batch *b, uint32_t slot, unsigned int i)
{
	const struct bench_addr *server = &client->servers[slot % client->load->servers];
	size_t bytes = client->load->bytes;
	struct homa_send *send = add(b, b->messages[i], bytes);

	send->completion_cookie = slot + 1;
	memcpy(&send->to, &server->sa, server->len);
	load_stamp(b->messages[i], bytes, slot, ++client->seq[slot]);
}

/* A response came. Return: its slot, which sends another request, or -1. */
static int response(struct client *client, const struct homa_recv *in, const unsigned char *message)
{
	uint32_t slot = (uint32_t)in->completion_cookie - 1;
	struct load *load = client->load;

	if (in->error || in->num_bpages || in->length != load->bytes || slot >= load->slots)
		errx(1, "exchange: a response of %u bytes to slot %u, error %d", in->length, slot,
		     in->error);
	load_check(message, load->bytes, slot, client->seq[slot]);
	if (load_count(load)) {
		pthread_mutex_lock(&client->lock);
		client->is_done = true;
		pthread_cond_signal(&client->done);
		pthread_mutex_unlock(&client->lock);
		return -1;
	}
	return load_next(load) ? (int)slot : -1;
}

static void *client_thread(void *context)
{
	static __thread struct batch batch;
	struct client *client = context;
	struct batch *b = &batch;
	int i, n;

	batch_init(b, client->load->batch);
	while ((n = exchange(client->fd, b, b->max, -1)) >= 0) {
		for (i = 0; i < n; i++) {
			int slot = response(client, &b->in[i], b->messages[i]);

			if (slot >= 0)
				request(client, b, (uint32_t)slot, (unsigned int)i);
		}
	}
	if (errno != ESHUTDOWN)
		err(1, "HOMAIOCEXCHANGE(responses)");
	return NULL;
}

static void exchange_run(struct load *load)
{
	static struct client client = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.done = PTHREAD_COND_INITIALIZER,
	};
	static struct batch first;
	pthread_t ids[LOAD_THREADS_MAX];
	unsigned char *region;
	unsigned int i;

	client.load = load;
	client.fd = bench_homa_socket(load->addr.sa.ss_family, CLIENT_REGION_BYTES, &region);
	for (i = 0; i < load->servers; i++)
		client.servers[i] = bench_addr_step(&load->addr, i, (uint16_t)i);
	/* All threads have the same context. */
	load_threads(load->threads, client_thread, &client, 0, ids);
	batch_init(&first, load->batch);
	for (i = 0; i < load->slots && load_next(load); i++) {
		request(&client, &first, i, first.num_out);
		if (first.num_out == first.max)
			exchange(client.fd, &first, 0, -1);
	}
	if (first.num_out)
		exchange(client.fd, &first, 0, -1);
	pthread_mutex_lock(&client.lock);
	while (!client.is_done)
		pthread_cond_wait(&client.done, &client.lock);
	pthread_mutex_unlock(&client.lock);
	/* The threads still wait for responses. */
	shutdown(client.fd, SHUT_RDWR);
	for (i = 0; i < load->threads; i++)
		pthread_join(ids[i], NULL);
}

const struct load_proto load_exchange = {
	.name = "exchange",
	.serve = exchange_serve,
	.run = exchange_run,
};
