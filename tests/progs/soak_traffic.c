// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * A process of the soak: traffic of which nothing may be lost, doubled, mixed up or
 * damaged.
 *
 * Threads share sockets that serve, and send requests to the targets. One that stays
 * sends no more when it is told so, waits for what is under way, and goes on serving;
 * none of its requests may fail. A wild one shuts sockets down, closes and opens
 * them, aborts RPCs; errors do not matter to it, what it receives still has to be right.
 *
 * A request names its sender and has a number of its own; its length, contents and
 * the response follow from these two.
 */
#include <err.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "soak.h"
#include "t.h"

#define SOCKETS 3
#define THREADS 3
#define HEADER_BYTES 8
#define UNDER_WAY_MAX 12

struct shared_sock {
	pthread_rwlock_t lock;	/* written by who closes it */
	struct t_sock sock;
	unsigned int generation;
};

/* Of one thread, for each socket: buffers to give back. */
struct inbox {
	unsigned int generation;
	struct t_msg msg;
};

struct thread {
	pthread_t thread;
	uint32_t random;
	struct inbox inboxes[SOCKETS];
	unsigned char data[HOMA_MAX_MESSAGE_LENGTH];
	unsigned char want[HOMA_MAX_MESSAGE_LENGTH];
};

static struct soak_shared *shared;
static struct soak_process *self;
static struct shared_sock socks[SOCKETS];
static struct thread threads[THREADS];
static const struct soak_target *targets;
static unsigned int targets_count;
static unsigned int number;
static uint16_t base_port;
static bool wild;
static int under_way;	/* wild: about */
static volatile sig_atomic_t asked;

static void ask(int sig)
{
	(void)sig;
	asked = 1;
}

static void count(unsigned int *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static void complain(const char *what, uint32_t who, uint32_t seq, long long detail)
{
	count(&shared->complaints);
	fprintf(stderr, "process %u: %s: request %u of %u (%lld)\n", number, what, seq, who,
		detail);
	soak_trace(false);
}

/* ---- what a request and its response consist of ---- */

static uint32_t seed_of(uint32_t who, uint32_t seq, bool response)
{
	return (who * SOAK_REQUESTS_MAX + seq) * 2 + response;
}

/* As many short ones as long ones: first the number of bits. */
static size_t bytes_of(uint32_t who, uint32_t seq, bool response)
{
	uint32_t state = seed_of(who, seq, response) * 2654435761u | 1;
	uint32_t bits, limit;

	t_random(&state);
	bits = t_random(&state) % 15;
	/* One in 64 is among the longest. */
	limit = t_random(&state) % 64 ? 24u << bits : HOMA_MAX_MESSAGE_LENGTH;
	return HEADER_BYTES + t_random(&state) % (limit - HEADER_BYTES + 1);
}

static void make(unsigned char *data, size_t bytes, uint32_t who, uint32_t seq, bool response)
{
	t_fill(data, bytes, seed_of(who, seq, response));
	t_put32(data, who);
	t_put32(data + 4, seq);
}

static uint32_t get32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Collect a message from its buffers. */
static bool gather(const struct t_sock *sock, const struct t_msg *msg, unsigned char *data)
{
	size_t left = (size_t)msg->length;
	uint32_t i;

	for (i = 0; i < msg->args.num_bpages && left; i++) {
		size_t piece = left < HOMA_BPAGE_SIZE ? left : HOMA_BPAGE_SIZE;

		if (msg->args.bpage_offsets[i] > sock->region_bytes - piece)
			return false;
		memcpy(data, sock->region + msg->args.bpage_offsets[i], piece);
		data += piece;
		left -= piece;
	}
	return !left && i == msg->args.num_bpages;
}

/* Is it a request or a response as it should be? Sets who sent it and its number. */
static bool check(struct thread *t, const struct t_sock *sock, const struct t_msg *msg,
		  bool response, uint32_t *who, uint32_t *seq)
{
	size_t bytes = (size_t)msg->length;

	*who = *seq = 0;
	if (!gather(sock, msg, t->data) || bytes < HEADER_BYTES) {
		complain("bad buffers", 0, 0, msg->length);
		return false;
	}
	*who = get32(t->data);
	*seq = get32(t->data + 4);
	if (*who >= SOAK_NUMBERS_MAX || *seq >= SOAK_REQUESTS_MAX) {
		complain("bad contents", *who, *seq, msg->length);
		return false;
	}
	if (bytes != bytes_of(*who, *seq, response)) {
		complain(response ? "response of other length" : "request of other length",
			 *who, *seq, msg->length);
		return false;
	}
	make(t->want, bytes, *who, *seq, response);
	if (memcmp(t->data, t->want, bytes)) {
		size_t at = 0;

		while (t->data[at] == t->want[at])
			at++;
		complain(response ? "damaged response" : "damaged request", *who, *seq,
			 (long long)at);
		return false;
	}
	return true;
}

/* ---- traffic ---- */

static void serve(struct thread *t, const struct t_sock *sock, struct t_msg *msg)
{
	struct homa_sendmsg_args args = { .id = msg->args.id };
	uint32_t who, seq;
	uint8_t before;
	size_t bytes;
	int ret;

	if (!check(t, sock, msg, false, &who, &seq))
		return;
	before = shared->ledger[who][seq];
	if (!wild) {
		before = __atomic_fetch_add(&shared->ledger[who][seq], SOAK_SERVED,
					    __ATOMIC_RELAXED);
		if (before & SOAK_SERVED_MASK)
			complain("served twice", who, seq, before);
	}
	if (!(before & SOAK_SENT))
		complain("served, but never sent", who, seq, before);
	/* Some are answered late, and a wild server forgets some. */
	if (t_random(&t->random) % 16 == 0)
		t_sleep_ms(t_random(&t->random) % 60);
	if (wild && t_random(&t->random) % 16 == 0)
		return;
	bytes = bytes_of(who, seq, true);
	make(t->data, bytes, who, seq, true);
	ret = t_sendmsg(sock, &msg->from, t->data, bytes, &args, 0);
	/* Where the wild ones are there may be no way to. */
	if (ret && !wild && who <= SOAK_STAYING)
		complain("responding failed", who, seq, ret);
}

/* The result of a request of ours. */
static void finish(struct thread *t, const struct t_sock *sock, const struct t_msg *msg,
		   ssize_t ret)
{
	uint32_t seq = (uint32_t)msg->args.completion_cookie - 1, who = number;
	uint8_t before;

	if (msg->args.completion_cookie - 1 >= self->requests) {
		complain("a cookie that we did not send", number, seq, (long long)ret);
		return;
	}
	before = __atomic_fetch_add(&shared->ledger[number][seq], SOAK_ANSWERED,
				    __ATOMIC_RELAXED);
	if (before & SOAK_ANSWERED_MASK)
		complain("told of twice", number, seq, (long long)ret);
	if (ret < 0) {
		if (!wild) {
			complain("request failed", number, seq, (long long)ret);
			fprintf(stderr, "it was RPC %llu\n", (unsigned long long)msg->args.id);
		}
	} else if (check(t, sock, msg, true, &who, &seq) &&
		   (who != number || seq != (uint32_t)msg->args.completion_cookie - 1)) {
		complain("response of another request", who, seq,
			 (long long)msg->args.completion_cookie - 1);
	}
	count(&self->ended);
	__atomic_sub_fetch(&under_way, 1, __ATOMIC_RELAXED);
}

/* Receive something on socket @i, whose lock is held for reading; false if there is
 * nothing. @id: of a private RPC; it is set to 0 when that is over.
 */
static bool receive(struct thread *t, unsigned int i, uint64_t *id, int flags)
{
	struct inbox *inbox = &t->inboxes[i];
	struct t_msg *msg = &inbox->msg;
	struct t_sock *sock = &socks[i].sock;
	uint64_t wanted = id ? *id : 0;
	ssize_t ret;

	if (inbox->generation != socks[i].generation) {
		memset(msg, 0, sizeof(*msg));
		inbox->generation = socks[i].generation;
	}
	ret = t_recv(sock, msg, wanted, flags);
	if (ret == -EAGAIN || ret == -EINTR)
		return false;
	if (ret < 0 && (!msg->args.id || ret == -EINVAL || ret == -ESHUTDOWN)) {
		if (id)
			*id = 0;
		if (!wild)
			complain("recvmsg", number, 0, (long long)ret);
		return false;
	}
	if (id && (wanted == msg->args.id))
		*id = 0;
	if (!(msg->args.id & 1))
		finish(t, sock, msg, ret);
	else if (ret > 0)
		serve(t, sock, msg);
	return true;
}

/* Receive something on any socket, while the lock of another may be held. */
static bool receive_any(struct thread *t)
{
	unsigned int i = t_random(&t->random) % SOCKETS;
	bool got;

	if (pthread_rwlock_tryrdlock(&socks[i].lock))
		return false;
	got = receive(t, i, NULL, MSG_DONTWAIT);
	pthread_rwlock_unlock(&socks[i].lock);
	return got;
}

static bool may_send(void)
{
	return __atomic_load_n(&shared->begun, __ATOMIC_SEQ_CST) &&
	       (wild || !__atomic_load_n(&shared->stopped, __ATOMIC_SEQ_CST));
}

static void send_request(struct thread *t, unsigned int i)
{
	struct homa_sendmsg_args args = { .flags = t_random(&t->random) % 4 == 0 };
	const struct soak_target *target = &targets[t_random(&t->random) % targets_count];
	const struct t_sock *sock = &socks[i].sock;
	struct t_addr to;
	uint32_t seq;
	size_t bytes;
	uint64_t id;
	int ret;

	if (sock->family == AF_INET && strchr(target->ip, ':'))
		return;
	/* Counted before the look at whether it may be sent: who sees that no more may
	 * be, and then that nothing is under way, is right.
	 */
	if (__atomic_add_fetch(&under_way, 1, __ATOMIC_SEQ_CST) > UNDER_WAY_MAX || !may_send()) {
		__atomic_sub_fetch(&under_way, 1, __ATOMIC_RELAXED);
		return;
	}
	seq = __atomic_fetch_add(&self->requests, 1, __ATOMIC_RELAXED);
	if (seq >= SOAK_REQUESTS_MAX) {
		__atomic_sub_fetch(&self->requests, 1, __ATOMIC_RELAXED);
		__atomic_sub_fetch(&under_way, 1, __ATOMIC_RELAXED);
		t_sleep_ms(10);
		return;
	}
	to = t_addr(sock->family, target->ip, target->port);
	bytes = bytes_of(number, seq, false);
	make(t->data, bytes, number, seq, false);
	args.completion_cookie = seq + 1;
	__atomic_fetch_or(&shared->ledger[number][seq], SOAK_SENT, __ATOMIC_RELAXED);
	ret = t_sendmsg(sock, &to, t->data, bytes, &args, wild ? MSG_DONTWAIT : 0);
	if (ret) {
		__atomic_sub_fetch(&under_way, 1, __ATOMIC_RELAXED);
		if (!wild)
			complain("sending a request failed", number, seq, ret);
		return;
	}
	/* A private one is waited for, and all others are served meanwhile: the
	 * server may be waiting for us in the same way, with all its threads.
	 */
	for (id = args.flags ? args.id : 0; id;) {
		if (!receive(t, i, &id, t_random(&t->random) % 2 ? MSG_DONTWAIT : 0) &&
		    !receive_any(t))
			t_sleep_ms(1);
		if (wild && t_random(&t->random) % 16 == 0) {
			t_abort(sock, id, EIO);
			if (t_random(&t->random) % 4 == 0)
				break;
		}
	}
}

static void open_sock(unsigned int i, uint32_t random)
{
	struct shared_sock *s = &socks[i];
	size_t region = t_region_min() + (random % 64) * HOMA_BPAGE_SIZE;
	struct timeval timeout = { .tv_usec = 20000 };
	int ret;

	t_open_bare(&s->sock, i % 3 == 2 ? AF_INET : AF_INET6);
	ret = t_set_region(&s->sock, region);
	if (ret && !wild)
		t_die("receive region: %d", ret);
	ret = t_bind(&s->sock, (uint16_t)(base_port + i));
	/* The predecessor may still be there. */
	if (ret && !wild)
		t_die("port %u: %d", base_port + i, ret);
	setsockopt(s->sock.fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	s->generation++;
}

/* What well-behaved programs do not do. The lock is held for reading. */
static void misbehave(struct thread *t, unsigned int i)
{
	struct shared_sock *s = &socks[i];
	struct homa_rpc_info infos[8];
	struct homa_info info = {
		.rpc_info = (uintptr_t)infos,
		.rpc_info_length = sizeof(infos),
	};

	switch (t_random(&t->random) % 8) {
	case 0:
		count(&shared->deeds[SOAK_ABORTED]);
		t_abort(&s->sock, 0, (int)(t_random(&t->random) % 2) * EIO);
		break;
	case 1:
		count(&shared->deeds[SOAK_SHUT]);
		shutdown(s->sock.fd, SHUT_RDWR);
		break;
	case 2:
		if (!ioctl(s->sock.fd, HOMAIOCINFO, &info) && info.num_rpcs)
			t_abort(&s->sock, infos[0].id, (int)(t_random(&t->random) % 2) * EIO);
		break;
	case 3:
		t_setopt(&s->sock, SOL_SOCKET, SO_SNDBUF, (int)(t_random(&t->random) % 2000000));
		break;
	case 4:
		t_setopt(&s->sock, IPPROTO_HOMA, SO_HOMA_SERVER,
			 (int)(t_random(&t->random) % 2));
		break;
	default:
		pthread_rwlock_unlock(&s->lock);
		/* Others sleep in calls on it. */
		shutdown(s->sock.fd, SHUT_RDWR);
		pthread_rwlock_wrlock(&s->lock);
		t_close(&s->sock);
		count(&shared->deeds[SOAK_CLOSED]);
		open_sock(i, t_random(&t->random));
		__atomic_store_n(&under_way, 0, __ATOMIC_RELAXED);
		pthread_rwlock_unlock(&s->lock);
		pthread_rwlock_rdlock(&s->lock);
		break;
	}
}

static void wait_for_any(void)
{
	struct pollfd fds[SOCKETS];
	unsigned int i;

	for (i = 0; i < SOCKETS; i++)
		fds[i] = (struct pollfd){ .fd = socks[i].sock.fd, .events = POLLIN };
	poll(fds, SOCKETS, 20);
}

static void *run(void *arg)
{
	struct thread *t = arg;

	for (;;) {
		unsigned int i = t_random(&t->random) % SOCKETS;
		unsigned int what = t_random(&t->random) % 16;

		pthread_rwlock_rdlock(&socks[i].lock);
		if (what < 6)
			send_request(t, i);
		else if (what < 8)
			receive(t, i, NULL, 0);
		else if (what < 15)
			receive(t, i, NULL, MSG_DONTWAIT);
		else if (wild && t_random(&t->random) % 4 == 0)
			misbehave(t, i);
		pthread_rwlock_unlock(&socks[i].lock);
		if (what == 15)
			wait_for_any();
	}
	return NULL;
}

/* What is under way, for who has to find out why. */
static void tell(void)
{
	struct homa_rpc_info infos[64];
	unsigned int i, j, n;

	fprintf(stderr, "process %u: %d requests under way, %u sent, %u ended\n", number,
		under_way, self->requests, self->ended);
	for (i = 0; i < SOCKETS; i++) {
		n = t_rpcs(&socks[i].sock, infos, 64);
		fprintf(stderr, "port %u: %u RPCs\n", base_port + i, n);
		for (j = 0; j < n && j < 64; j++)
			fprintf(stderr, " id %llu port %u cookie %llu tx %d sent %d granted %d "
				"rx %d remaining %d gaps %d granted %d flags %#x\n",
				(unsigned long long)infos[j].id,
				t_port(&(struct t_addr){ .sa = infos[j].peer }),
				(unsigned long long)infos[j].completion_cookie,
				(int)infos[j].tx_length, (int)infos[j].tx_sent,
				(int)infos[j].tx_granted, (int)infos[j].rx_length,
				(int)infos[j].rx_remaining, (int)infos[j].rx_gaps,
				(int)infos[j].rx_granted, infos[j].flags);
	}
}

/* ---- the process ---- */

void soak_traffic(struct soak_shared *in, unsigned int who, uint16_t port, uint32_t seed,
		  bool is_wild, const struct soak_target *to, unsigned int to_count)
{
	struct sigaction action = { .sa_handler = ask, .sa_flags = SA_RESTART };
	pthread_rwlockattr_t writers_first;
	unsigned int i;

	shared = in;
	self = &in->processes[who];
	number = who;
	base_port = port;
	wild = is_wild;
	targets = to;
	targets_count = to_count;
	sigaction(SIGUSR1, &action, NULL);
	pthread_rwlockattr_init(&writers_first);
	pthread_rwlockattr_setkind_np(&writers_first,
				      PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	for (i = 0; i < SOCKETS; i++) {
		pthread_rwlock_init(&socks[i].lock, &writers_first);
		open_sock(i, t_random(&seed));
	}
	__atomic_store_n(&self->ready, 1, __ATOMIC_RELEASE);
	for (i = 0; i < THREADS; i++) {
		threads[i].random = t_random(&seed);
		if (pthread_create(&threads[i].thread, NULL, run, &threads[i]))
			errx(1, "pthread_create");
	}
	for (;;) {
		t_sleep_ms(20);
		if (asked)
			tell();
		asked = 0;
		if (!wild && __atomic_load_n(&shared->stopped, __ATOMIC_SEQ_CST) &&
		    !__atomic_load_n(&under_way, __ATOMIC_SEQ_CST))
			__atomic_store_n(&self->done, 1, __ATOMIC_RELEASE);
	}
}
