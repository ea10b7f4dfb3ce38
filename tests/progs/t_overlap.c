// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_overlap - part of a long message is copied while the rest arrives
 *
 *    t_overlap        all cases
 *    t_overlap -l     only lengths: on a link that takes large buffers
 *
 * The loopback device has to be slow: a message of 1,000,000 bytes should take a few
 * hundred milliseconds. Whatever happens in that time, the message must come as a whole,
 * with the right contents, in the memory of who receives it; or not at all, and then all
 * buffers are free again. Where the thread that copies has to be in the middle of it, a
 * page of the region is held back (userfaultfd).
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "t.h"

#define PORT 99
#define LONG_BYTES 1000000
#define PAGE 4096

static struct t_sock server, client;
static struct t_addr addr;

static uint64_t copies(void) { return t_counter("early_copies"); }
static uint64_t copied_again(void) { return t_counter("early_copy_again"); }

static bool all_free(const struct t_sock *sock)
{
	return t_info(sock).bpool_avail_bytes == sock->region_bytes;
}

static void open_hosts(int family)
{
	t_open(&server, family, PORT);
	t_open(&client, family, 0);
	addr = t_loopback(family, PORT);
}

static void close_hosts(void)
{
	t_close(&server);
	t_close(&client);
}

static void give_up_after(const struct t_sock *sock, unsigned int ms)
{
	struct timeval time = { .tv_usec = ms * 1000 };

	if (setsockopt(sock->fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)))
		t_die("SO_RCVTIMEO");
}

/* The message that the server has gets a short answer, and all is as before. */
static void answer(struct t_msg *msg)
{
	struct t_msg end = { 0 };

	T_RET(t_respond(&server, msg, 1, 1), 0);
	T_RET(t_recv(&client, &end, 0, 0), 1);
	t_release(&client, &end);
	t_release(&server, msg);
	T_OK(all_free(&server));
	T_OK(all_free(&client));
}

static void *map_region(void)
{
	void *start = mmap(NULL, T_REGION_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (start == MAP_FAILED)
		t_die("mmap");
	return start;
}

/* Memory of this process is the server's region from now on. */
static void move_region(void)
{
	struct homa_rcvbuf_args args = { .length = T_REGION_BYTES };

	server.region = map_region();
	args.start = (uintptr_t)server.region;
	if (setsockopt(server.fd, IPPROTO_HOMA, SO_HOMA_RCVBUF_MOVE, &args, sizeof(args)))
		t_die("SO_HOMA_RCVBUF_MOVE");
}

/* The server has copied part of a message that it was sent, and gone on waiting. */
static void receive_a_part(struct t_msg *msg)
{
	uint64_t before = copies();
	ssize_t ret;

	give_up_after(&server, 10);
	do
		ret = t_recv(&server, msg, 0, 0);
	while (ret == -EAGAIN && copies() == before);
	if (!T_RET(ret, -EAGAIN))
		t_die("nothing was copied before the message was complete");
	give_up_after(&server, 0);
}

/* ---- threads ---- */

struct reader {
	pthread_t thread;
	const struct t_sock *sock;
	uint64_t id;
	struct t_msg msg;
	ssize_t ret;
};

static void *read_one(void *arg)
{
	struct reader *r = arg;

	r->ret = t_recv(r->sock, &r->msg, r->id, 0);
	return NULL;
}

static void start(struct reader *r, const struct t_sock *sock, uint64_t id)
{
	memset(r, 0, sizeof(*r));
	r->sock = sock;
	r->id = id;
	if (pthread_create(&r->thread, NULL, read_one, r))
		t_die("pthread_create");
}

static void join(struct reader *r)
{
	if (pthread_join(r->thread, NULL))
		t_die("pthread_join");
}

/* ---- cases ---- */

static void test_lengths(int family)
{
	static const size_t lengths[] = {
		1, 65536, 98000, 131072, 200000, 333333, 500000, 999999, LONG_BYTES,
	};
	uint64_t before = copies(), again = copied_again();
	size_t i;

	t_case("family %d: contents of requests and responses", family);
	open_hosts(family);
	for (i = 0; i < 2 * sizeof(lengths) / sizeof(*lengths); i++) {
		size_t bytes = lengths[i / 2];
		struct t_msg msg = { 0 }, back = { 0 };

		t_request(&client, &addr, bytes, (uint32_t)i, 0);
		T_RET(t_recv(&server, &msg, 0, 0), bytes);
		T_OK(t_msg_is(&server, &msg, (uint32_t)i));
		T_RET(t_echo(&server, &msg), 0);
		T_RET(t_recv(&client, &back, 0, 0), bytes);
		T_OK(t_msg_is(&client, &back, (uint32_t)i));
		t_release(&server, &msg);
		t_release(&client, &back);
	}
	/* Both directions of at least the longest. */
	T_OK(copies() - before >= 4);
	T_EQ(copied_again(), again);
	T_OK(all_free(&server));
	T_OK(all_free(&client));

	t_case("family %d: a thread that waits for one response", family);
	before = copies();
	for (i = 0; i < 2; i++) {
		struct t_msg msg = { 0 }, back = { 0 };
		uint64_t id;

		id = t_request(&client, &addr, 1000, 7, HOMA_SENDMSG_PRIVATE);
		T_RET(t_recv(&server, &msg, 0, 0), 1000);
		T_RET(t_respond(&server, &msg, LONG_BYTES, 8 + (uint32_t)i), 0);
		T_RET(t_recv(&client, &back, id, 0), LONG_BYTES);
		T_OK(t_msg_is(&client, &back, 8 + (uint32_t)i));
		t_release(&server, &msg);
		t_release(&client, &back);
	}
	T_OK(copies() - before >= 2);
	T_EQ(copied_again(), again);
	close_hosts();
}

/* Nobody copies who does not wait in recvmsg(). */
static void test_poll(int family)
{
	struct pollfd fds = { .events = POLLIN };
	uint64_t before = copies();
	struct t_msg msg = { 0 };
	int i;

	t_case("family %d: poll()", family);
	open_hosts(family);
	fds.fd = server.fd;
	for (i = 0; i < 2; i++) {
		t_request(&client, &addr, LONG_BYTES, 3, 0);
		T_RET(t_recv(&server, &msg, 0, MSG_DONTWAIT), -EAGAIN);
		T_EQ(poll(&fds, 1, 10000), 1);
		T_RET(t_recv(&server, &msg, 0, MSG_DONTWAIT), LONG_BYTES);
		T_OK(t_msg_is(&server, &msg, 3));
		T_EQ(copies(), before);
		answer(&msg);
	}
	close_hosts();
}

static void nothing(int sig) { (void)sig; }

static void test_interrupted(int family)
{
	/* SIGALRM is t_begin()'s. */
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec tick = {
		.it_interval.tv_nsec = 20000000,
		.it_value.tv_nsec = 20000000,
	};
	struct sigaction act = { .sa_handler = nothing };
	uint64_t again = copied_again();
	struct t_msg msg = { 0 };
	unsigned int times = 0;
	timer_t timer;
	ssize_t ret;

	t_case("family %d: SO_RCVTIMEO", family);
	open_hosts(family);
	t_request(&client, &addr, LONG_BYTES, 4, 0);
	receive_a_part(&msg);
	T_RET(t_recv(&server, &msg, 0, 0), LONG_BYTES);
	T_OK(t_msg_is(&server, &msg, 4));
	/* What was copied in an earlier call counts. */
	T_EQ(copied_again(), again);
	answer(&msg);

	t_case("family %d: signals", family);
	sigaction(SIGUSR1, &act, NULL);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) ||
	    timer_settime(timer, 0, &tick, NULL))
		t_die("timer");
	t_request(&client, &addr, LONG_BYTES, 5, 0);
	do {
		ret = t_recv(&server, &msg, 0, 0);
		times++;
	} while (ret == -EINTR);
	timer_delete(timer);
	T_RET(ret, LONG_BYTES);
	T_OK(times > 1);
	T_OK(t_msg_is(&server, &msg, 5));
	answer(&msg);
	close_hosts();
}

/* The region is somewhere else before the message is complete. */
static void test_move(int family)
{
	unsigned char *before;
	uint64_t again = copied_again();
	struct t_msg msg = { 0 };

	t_case("family %d: SO_HOMA_RCVBUF_MOVE", family);
	open_hosts(family);
	t_request(&client, &addr, LONG_BYTES, 6, 0);
	receive_a_part(&msg);
	before = server.region;
	move_region();
	munmap(before, T_REGION_BYTES);
	T_RET(t_recv(&server, &msg, 0, 0), LONG_BYTES);
	T_OK(t_msg_is(&server, &msg, 6));
	T_OK(copied_again() > again);
	answer(&msg);
	close_hosts();
}

/* In a child, with a copy of this process's memory: exit status 0 = all is right. */
static void test_fork(int family)
{
	uint64_t again = copied_again(), before;
	struct t_msg msg = { 0 };
	int status;
	pid_t pid;

	t_case("family %d: a child receives what its parent has copied in part", family);
	open_hosts(family);
	t_request(&client, &addr, LONG_BYTES, 9, 0);
	receive_a_part(&msg);
	pid = fork();
	if (!pid) {
		memset(server.region, 0, 16 * HOMA_BPAGE_SIZE);
		if (t_recv(&server, &msg, 0, 0) != LONG_BYTES || !t_msg_is(&server, &msg, 9))
			_exit(1);
		t_release(&server, &msg);
		_exit(0);
	}
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(status, 0);
	T_OK(copied_again() > again);
	T_OK(all_free(&server));
	t_abort(&client, 0, 0);

	t_case("family %d: a parent receives while its child waits", family);
	before = copies();
	pid = fork();
	if (!pid) {
		/* Not its region: it must not copy what it does not receive. */
		_exit(t_recv(&server, &msg, 0, 0) == LONG_BYTES && t_msg_is(&server, &msg, 10) ?
		      0 : 1);
	}
	t_sleep_ms(20);
	t_request(&client, &addr, LONG_BYTES, 10, 0);
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(status, 0);
	T_EQ(copies(), before);
	t_abort(&client, 0, 0);
	close_hosts();
}

static void test_not_writable(int family)
{
	uint64_t again = copied_again(), before;
	struct t_msg msg = { 0 };
	int i;

	open_hosts(family);
	for (i = 0; i < 2; i++) {
		/* All of it; the fourth buffer. */
		size_t from = i ? 3 * HOMA_BPAGE_SIZE : 0;
		size_t bytes = i ? HOMA_BPAGE_SIZE : T_REGION_BYTES;

		t_case("family %d: not writable for a while: from %zu", family, from);
		mprotect(server.region + from, bytes, PROT_NONE);
		t_request(&client, &addr, LONG_BYTES, 11, 0);
		receive_a_part(&msg);
		mprotect(server.region + from, bytes, PROT_READ | PROT_WRITE);
		T_RET(t_recv(&server, &msg, 0, 0), LONG_BYTES);
		T_OK(t_msg_is(&server, &msg, 11));
		answer(&msg);
	}
	t_case("family %d: not writable", family);
	before = copies();
	/* One of them may be the one in which the message ends. */
	mprotect(server.region + 7 * HOMA_BPAGE_SIZE, 2 * HOMA_BPAGE_SIZE, PROT_READ);
	t_request(&client, &addr, LONG_BYTES, 12, 0);
	T_RET(t_recv(&server, &msg, 0, 0), -EFAULT);
	T_OK(msg.args.id & 1);
	T_OK(copies() > before);
	T_EQ(copied_again(), again);
	T_OK(all_free(&server));
	t_abort(&client, 0, 0);
	close_hosts();
}

/* The RPC ends, or its socket, when part of the message was copied. */
static void test_ends(int family)
{
	struct t_msg msg = { 0 };
	uint64_t id, before;
	struct reader r;
	int i;

	for (i = 0; i < 4; i++) {
		static const char *const how[] = { "ended", "failed", "private, ended", "shut down" };

		t_case("family %d: %s", family, how[i]);
		open_hosts(family);
		id = t_request(&client, &addr, 1000, 13, i == 2 ? HOMA_SENDMSG_PRIVATE : 0);
		T_RET(t_recv(&server, &msg, 0, 0), 1000);
		T_RET(t_respond(&server, &msg, LONG_BYTES, 14), 0);
		before = copies();
		start(&r, &client, i == 2 ? id : 0);
		T_OK(T_WAIT(copies() > before, 10000));
		if (i < 3)
			T_RET(t_abort(&client, id, i == 1 ? ECONNRESET : 0), 0);
		if (i < 3)
			T_OK(T_WAIT(all_free(&client), 10000));
		if (i == 0 || i == 3)
			shutdown(client.fd, SHUT_RDWR);
		join(&r);
		T_RET(r.ret, i == 1 ? -ECONNRESET : i == 2 ? -EINVAL : -ESHUTDOWN);
		t_release(&server, &msg);
		close_hosts();
	}
	t_case("family %d: the sender gives up", family);
	open_hosts(family);
	id = t_request(&client, &addr, LONG_BYTES, 15, 0);
	receive_a_part(&msg);
	T_RET(t_abort(&client, id, 0), 0);
	T_OK(T_WAIT(all_free(&server), 10000));
	close_hosts();
}

/* A process is killed that waits, and has copied a part to its memory. */
static void test_killed(int family)
{
	struct t_msg msg = { 0 };
	uint64_t before;
	int status;
	pid_t pid;

	t_case("family %d: killed", family);
	open_hosts(family);
	before = copies();
	pid = fork();
	if (!pid) {
		move_region();
		t_recv(&server, &msg, 0, 0);
		_exit(0);
	}
	t_sleep_ms(20);
	t_request(&client, &addr, LONG_BYTES, 16, 0);
	T_OK(T_WAIT(copies() > before, 10000));
	kill(pid, SIGKILL);
	T_EQ(waitpid(pid, &status, 0), pid);
	T_OK(WIFSIGNALED(status));
	move_region();
	T_RET(t_recv(&server, &msg, 0, 0), LONG_BYTES);
	T_OK(t_msg_is(&server, &msg, 16));
	answer(&msg);
	close_hosts();
}

/* Short requests, and a few long ones, for several threads. */
#define THREADS 3
#define MESSAGES 60

/* Not all of them long: all have to get through the queue of the device in time. */
static size_t length_of(uint32_t seed) { return seed % 20 ? 500 + seed : 200000 - seed; }

static void *serve(void *arg)
{
	struct t_msg msg = { 0 };

	(void)arg;
	for (;;) {
		ssize_t ret = t_recv(&server, &msg, 0, 0);

		if (ret == -ESHUTDOWN)
			return NULL;
		if (!T_OK(ret > 0) || !T_RET(t_echo(&server, &msg), 0))
			return NULL;
	}
}

static void test_threads(int family)
{
	uint64_t before = copies();
	pthread_t threads[THREADS];
	struct t_msg msg = { 0 };
	bool seen[MESSAGES] = { 0 };
	uint32_t i, seed;

	t_case("family %d: %d threads", family, THREADS);
	open_hosts(family);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, serve, NULL))
			t_die("pthread_create");
	for (i = 0; i < MESSAGES; i++)
		t_request(&client, &addr, length_of(i), i, 0);
	for (i = 0; i < MESSAGES; i++) {
		if (!T_OK(t_recv(&client, &msg, 0, 0) > 0))
			break;
		seed = (uint32_t)msg.args.completion_cookie;
		T_OK(seed < MESSAGES && !seen[seed]);
		seen[seed % MESSAGES] = true;
		T_EQ(msg.length, length_of(seed));
		T_OK(t_msg_is(&client, &msg, seed));
	}
	t_release(&client, &msg);
	T_OK(copies() > before);
	shutdown(server.fd, SHUT_RDWR);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	T_OK(all_free(&client));
	close_hosts();
}

/* HOMAIOCEXCHANGE: to the region; to memory of its own. */
static void test_exchange(int family)
{
	static unsigned char own[LONG_BYTES], want[LONG_BYTES];
	int i;

	open_hosts(family);
	for (i = 0; i < 2; i++) {
		struct homa_recv in = { 0 };
		struct homa_exchange x = {
			.recvs = (uintptr_t)&in,
			.num_recvs = 1,
			.timeout_ns = -1,
		};
		struct t_msg msg = { 0 };
		uint64_t before = copies();

		t_case("family %d: HOMAIOCEXCHANGE, %s", family, i ? "own memory" : "region");
		if (i) {
			in.data = (uintptr_t)own;
			in.room = sizeof(own);
		}
		t_request(&client, &addr, LONG_BYTES, 17, 0);
		T_EQ(ioctl(server.fd, HOMAIOCEXCHANGE, &x), 0);
		T_EQ(in.length, LONG_BYTES);
		if (i) {
			t_fill(want, LONG_BYTES, 17);
			T_OK(!memcmp(own, want, LONG_BYTES));
			T_EQ(copies(), before);
		} else {
			msg.args.num_bpages = in.num_bpages;
			memcpy(msg.args.bpage_offsets, in.bpage_offsets,
			       sizeof(msg.args.bpage_offsets));
			msg.length = LONG_BYTES;
			T_OK(t_msg_is(&server, &msg, 17));
			T_OK(copies() > before);
		}
		t_release(&server, &msg);
		T_OK(all_free(&server));
		t_abort(&client, 0, 0);
	}
	close_hosts();
}

/* ---- in the middle of it ---- */

/* The second page of @sock's region and all behind it are held back. */
static int hold_back(const struct t_sock *sock)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range.start = (uintptr_t)sock->region + PAGE,
		.range.len = sock->region_bytes - PAGE,
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		t_die("userfaultfd");
	/* They may be there already, as part of a huge page. */
	if (madvise(sock->region + PAGE, sock->region_bytes - PAGE, MADV_DONTNEED))
		t_die("madvise");
	return fd;
}

static void wait_held(int fd)
{
	struct uffd_msg event;

	if (read(fd, &event, sizeof(event)) != sizeof(event) ||
	    event.event != UFFD_EVENT_PAGEFAULT)
		t_die("reading from the userfaultfd");
}

/* Whoever waits goes on, with a page of zeroes. */
static void let_go(int fd, const struct t_sock *sock)
{
	struct uffdio_range range = {
		.start = (uintptr_t)sock->region + PAGE,
		.len = sock->region_bytes - PAGE,
	};

	if (ioctl(fd, UFFDIO_UNREGISTER, &range))
		t_die("UFFDIO_UNREGISTER");
	close(fd);
}

static void test_held_complete(int family)
{
	struct pollfd fds = { .events = POLLIN };
	struct t_msg other = { 0 };
	struct reader r;
	int fd;

	t_case("family %d: complete while a thread copies", family);
	open_hosts(family);
	fd = hold_back(&server);
	start(&r, &server, 0);
	t_request(&client, &addr, LONG_BYTES, 18, 0);
	wait_held(fd);
	T_OK(T_WAIT(t_arrived(&server, 0), 10000));
	/* poll() says the truth: others do not get it. */
	fds.fd = server.fd;
	T_EQ(poll(&fds, 1, 0), 0);
	T_RET(t_recv(&server, &other, 0, MSG_DONTWAIT), -EAGAIN);
	let_go(fd, &server);
	join(&r);
	T_RET(r.ret, LONG_BYTES);
	T_OK(t_msg_is(&server, &r.msg, 18));
	answer(&r.msg);
	close_hosts();
}

/* A short message comes while a thread copies a long one: another takes it. */
static void test_held_others(int family)
{
	struct reader r, next;
	int fd;

	t_case("family %d: other messages while a thread copies", family);
	open_hosts(family);
	fd = hold_back(&server);
	start(&r, &server, 0);
	t_request(&client, &addr, LONG_BYTES, 19, 0);
	wait_held(fd);
	start(&next, &server, 0);
	T_OK(T_WAIT(t_arrived(&server, 0), 10000));
	/* The other one sleeps, or is about to; nothing is here for it. */
	t_sleep_ms(20);
	shutdown(client.fd, SHUT_RDWR);
	let_go(fd, &server);
	/* One gets the message, the other an end. */
	t_sleep_ms(20);
	shutdown(server.fd, SHUT_RDWR);
	join(&r);
	join(&next);
	T_OK((r.ret == LONG_BYTES) + (next.ret == LONG_BYTES) == 1);
	T_OK((r.ret == -ESHUTDOWN) + (next.ret == -ESHUTDOWN) == 1);
	T_OK(t_msg_is(&server, r.ret > 0 ? &r.msg : &next.msg, 19));
	close_hosts();
}

static void test_held_ends(int family)
{
	struct t_msg msg = { 0 };
	struct reader r;
	uint64_t id;
	int fd, i;

	for (i = 0; i < 5; i++) {
		static const char *const how[] = {
			"ended", "failed", "private, ended", "shut down", "complete, ended",
		};

		t_case("family %d: %s while a thread copies", family, how[i]);
		open_hosts(family);
		id = t_request(&client, &addr, 1000, 20, i == 2 ? HOMA_SENDMSG_PRIVATE : 0);
		T_RET(t_recv(&server, &msg, 0, 0), 1000);
		T_RET(t_respond(&server, &msg, LONG_BYTES, 21), 0);
		fd = hold_back(&client);
		start(&r, &client, i == 2 ? id : 0);
		wait_held(fd);
		if (i == 4)
			T_OK(T_WAIT(t_arrived(&client, id), 10000));
		if (i == 3)
			shutdown(client.fd, SHUT_RDWR);
		else
			T_RET(t_abort(&client, id, i == 1 ? ECONNRESET : 0), 0);
		if (i == 1) {
			struct t_msg failed = { 0 };

			T_RET(t_recv(&client, &failed, 0, MSG_DONTWAIT), -ECONNRESET);
			T_EQ(failed.args.id, id);
		}
		if (i != 3) {
			/* The thread that copies keeps the buffers. */
			T_EQ(t_info(&client).num_rpcs, 0);
			T_OK(!all_free(&client));
		}
		let_go(fd, &client);
		if (i != 3)
			T_OK(T_WAIT(all_free(&client), 10000));
		if (i != 2)
			shutdown(client.fd, SHUT_RDWR);
		join(&r);
		T_RET(r.ret, i == 2 ? -EINVAL : -ESHUTDOWN);
		t_release(&server, &msg);
		close_hosts();
	}
}

struct watch {
	int fd, pipe;
};

static void *tell(void *arg)
{
	struct watch *w = arg;

	wait_held(w->fd);
	if (write(w->pipe, "h", 1) != 1)
		_exit(1);
	return NULL;
}

static void test_held_killed(int family)
{
	struct t_msg msg = { 0 };
	int pipes[2], status;
	char byte;
	pid_t pid;

	t_case("family %d: killed while it copies", family);
	open_hosts(family);
	if (pipe(pipes))
		t_die("pipe");
	pid = fork();
	if (!pid) {
		struct watch w = { .pipe = pipes[1] };
		pthread_t thread;

		move_region();
		w.fd = hold_back(&server);
		pthread_create(&thread, NULL, tell, &w);
		t_recv(&server, &msg, 0, 0);
		_exit(0);
	}
	t_sleep_ms(20);
	t_request(&client, &addr, LONG_BYTES, 22, 0);
	T_EQ(read(pipes[0], &byte, 1), 1);
	kill(pid, SIGKILL);
	T_EQ(waitpid(pid, &status, 0), pid);
	T_OK(WIFSIGNALED(status));
	move_region();
	T_RET(t_recv(&server, &msg, 0, 0), LONG_BYTES);
	T_OK(t_msg_is(&server, &msg, 22));
	answer(&msg);
	close(pipes[0]);
	close(pipes[1]);
	close_hosts();
}

int main(int argc, char **argv)
{
	static const int families[] = { AF_INET, AF_INET6 };
	bool lengths = argc == 2 && !strcmp(argv[1], "-l");
	int i;

	t_begin("t_overlap", 40);
	for (i = 0; i < 2 && lengths; i++)
		test_lengths(families[i]);
	if (lengths)
		return t_end();
	/* The rest does not depend on the family. */
	test_lengths(AF_INET);
	test_poll(AF_INET6);
	test_interrupted(AF_INET);
	test_move(AF_INET6);
	test_fork(AF_INET);
	test_not_writable(AF_INET);
	test_ends(AF_INET);
	test_killed(AF_INET6);
	test_threads(AF_INET);
	test_exchange(AF_INET);
	test_held_complete(AF_INET);
	test_held_others(AF_INET);
	test_held_ends(AF_INET);
	test_held_killed(AF_INET6);
	return t_end();
}
