// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_fuzz_syscalls - random calls, valid and not, from several threads
 *
 *    t_fuzz_syscalls -r 7 -n 20000
 *        20,000 calls of the 7th sequence in this network namespace
 *
 * A process has threads that share a few sockets: they send, receive, exchange,
 * answer, abort, set options, bind, connect, poll, shut down, close and open again, with
 * arguments that are right, nearly right or senseless, and with addresses that
 * are not mapped, read-only, or cross into such pages. Children that are forked in
 * the middle of it go on with the same sockets, some of them in a network
 * namespace of their own, and are killed. Nothing of this may hurt the kernel,
 * which the runner of the tests sees, nor the process that serves beside all
 * this: an RPC with checked contents must work in between and afterwards. The
 * calls of a thread depend on the seed; in which order threads run does not.
 */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t.h"

#define THREADS 4
#define SOCKETS 6
#define PORT 4000
#define SAFE_PORT 5000
#define REGION (4u << 20)
#define PAGE 4096

static int fds[SOCKETS];		/* shared; -1 = closed just now */
static unsigned char *regions[SOCKETS];
static unsigned char *scratch;		/* two pages, then one that is not there */
static unsigned char *constant;		/* a page that cannot be written */
static uint64_t last_ids[16];
static uint32_t last_pages[16];
static unsigned long calls, successes;

struct thread {
	pthread_t thread;
	uint32_t random;
	unsigned int calls;
};

static uint32_t any(struct thread *t, uint32_t below)
{
	return t_random(&t->random) % below;
}

static uint64_t odd_number(struct thread *t)
{
	static const uint64_t numbers[] = {
		0, 1, 2, 15, 16, 17, 87, 88, 89, 4095, 4096, 65535, 65536, 999999, 1000000, 1000001,
		0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
		0xfffffffffffff000, 0xffffffffffffffff,
	};

	return any(t, 4) ? numbers[any(t, sizeof(numbers) / sizeof(numbers[0]))] :
		(uint64_t)t_random(&t->random) << 32 | t_random(&t->random);
}

/* Now and then memory that is not what it should be. */
static void *bad_memory(struct thread *t, void *good, size_t bytes)
{
	switch (any(t, 40)) {
	case 0:
		return NULL;
	case 1:
		return constant;
	case 2:
		/* Ends in the middle. */
		memcpy(scratch + 2 * PAGE - bytes / 2, good, bytes / 2);
		return scratch + 2 * PAGE - bytes / 2;
	case 3:
		return (void *)(uintptr_t)odd_number(t);
	default:
		return good;
	}
}

static int a_socket(struct thread *t, unsigned int *index)
{
	*index = any(t, SOCKETS);
	return __atomic_load_n(&fds[*index], __ATOMIC_RELAXED);
}

static socklen_t an_address(struct thread *t, struct sockaddr_storage *sa)
{
	struct sockaddr_in6 *in6 = (void *)sa;
	struct sockaddr_in *in4 = (void *)sa;
	uint16_t port = any(t, 8) ? (uint16_t)(PORT + any(t, SOCKETS)) : (uint16_t)odd_number(t);

	memset(sa, 0, sizeof(*sa));
	if (any(t, 2)) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		in4->sin_addr.s_addr = any(t, 8) ? htonl(INADDR_LOOPBACK) : (uint32_t)odd_number(t);
	} else {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		in6->sin6_addr = in6addr_loopback;
		if (any(t, 4) == 0)
			memcpy(&in6->sin6_addr, "\0\0\0\0\0\0\0\0\0\0\377\377\177\0\0\1", 16);
		in6->sin6_scope_id = any(t, 16) ? 0 : (uint32_t)odd_number(t);
	}
	if (any(t, 16) == 0)
		sa->ss_family = (sa_family_t)any(t, 20);
	if (any(t, 16) == 0)
		return (socklen_t)any(t, sizeof(*sa) + 1);
	return any(t, 2) ? sizeof(*in6) : sizeof(*in4);
}

static void reopen(struct thread *t, unsigned int index)
{
	struct homa_rcvbuf_args region = {
		.start = (uintptr_t)regions[index], .length = REGION,
	};
	struct sockaddr_in6 addr = {
		.sin6_family = any(t, 2) ? AF_INET : AF_INET6,
		.sin6_port = htons((uint16_t)(PORT + index)),
	};
	int fd = socket(addr.sin6_family, SOCK_DGRAM | (any(t, 2) ? SOCK_NONBLOCK : 0), IPPROTO_HOMA);
	int old;

	if (fd < 0)
		return;
	if (any(t, 8))
		setsockopt(fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, &region, sizeof(region));
	if (any(t, 4))
		bind(fd, (struct sockaddr *)&addr,
		     addr.sin6_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(addr));
	old = __atomic_exchange_n(&fds[index], fd, __ATOMIC_RELAXED);
	if (old >= 0)
		close(old);
}

static long call_send(struct thread *t, int fd)
{
	static unsigned char body[HOMA_MAX_MESSAGE_LENGTH + 1];
	struct homa_sendmsg_args args = {
		.id = any(t, 2) ? 0 : last_ids[any(t, 16)],
		.completion_cookie = any(t, 4) ? 0 : odd_number(t),
		.flags = any(t, 8) ? any(t, 2) : (uint32_t)odd_number(t),
		.reserved = any(t, 16) ? 0 : (uint32_t)odd_number(t),
	};
	struct sockaddr_storage sa;
	struct iovec pieces[2] = {
		{ .iov_base = bad_memory(t, body, 64), .iov_len = any(t, 100) },
		{ .iov_base = body, .iov_len = any(t, 3) ? any(t, 3000) : (size_t)odd_number(t) },
	};
	struct msghdr msg = {
		.msg_namelen = an_address(t, &sa),
		.msg_name = bad_memory(t, &sa, sizeof(sa)),
		.msg_iov = pieces,
		.msg_iovlen = any(t, 3),
		.msg_control = bad_memory(t, &args, sizeof(args)),
		.msg_controllen = any(t, 16) ? 0 : any(t, 200),
	};
	long ret = sendmsg(fd, &msg, any(t, 8) ? MSG_DONTWAIT : (int)(odd_number(t) & ~MSG_OOB));

	if (ret >= 0 && args.id)
		last_ids[any(t, 16)] = args.id;
	return ret;
}

static long call_receive(struct thread *t, int fd)
{
	struct homa_recvmsg_args args = {
		.id = any(t, 4) ? 0 : last_ids[any(t, 16)],
		.num_bpages = any(t, 16) ? any(t, 3) : (uint32_t)odd_number(t),
		.reserved = any(t, 32) ? 0 : 1,
	};
	struct sockaddr_storage sa;
	struct msghdr msg = {
		.msg_name = bad_memory(t, &sa, sizeof(sa)),
		.msg_namelen = any(t, 8) ? sizeof(sa) : (socklen_t)odd_number(t),
		.msg_control = bad_memory(t, &args, sizeof(args)),
		.msg_controllen = any(t, 16) ? sizeof(args) : any(t, 200),
	};
	unsigned int i;
	long ret;

	for (i = 0; i < 16; i++)
		args.bpage_offsets[i] = any(t, 4) ? last_pages[any(t, 16)] : (uint32_t)odd_number(t);
	ret = recvmsg(fd, &msg, MSG_DONTWAIT | (any(t, 16) ? 0 : (int)odd_number(t)));
	if (ret >= 0) {
		last_ids[any(t, 16)] = args.id;
		last_pages[any(t, 16)] = args.bpage_offsets[0];
		/* An answer, mostly. */
		if (args.id & 1 && any(t, 4)) {
			struct homa_sendmsg_args answer = { .id = args.id };
			struct iovec piece = { .iov_base = constant, .iov_len = 1 + any(t, 2000) };

			msg.msg_control = &answer;
			msg.msg_controllen = 0;
			msg.msg_iov = &piece;
			msg.msg_iovlen = 1;
			sendmsg(fd, &msg, MSG_DONTWAIT);
		}
	}
	return ret;
}

#define MESSAGES 20		/* of an exchange; more than the kernel handles in one go */

/* A few messages out and in; counts, room, addresses and buffers are right, or not. */
static long call_exchange(struct thread *t, int fd)
{
	static const int64_t timeouts_ns[] = { 0, 0, 1, 1000000, -1, -2, INT64_MAX, INT64_MIN };
	static __thread unsigned char body[20000], room[5000];
	struct homa_send sends[MESSAGES];
	struct homa_recv recvs[MESSAGES];
	uint32_t returns[MESSAGES];
	struct homa_exchange args = {
		.id = any(t, 8) ? 0 : last_ids[any(t, 16)],
		.timeout_ns = timeouts_ns[any(t, any(t, 4) ? 4 : 8)],
		.num_sends = any(t, 3) ? any(t, 3) : any(t, 8) ? any(t, MESSAGES) : (uint32_t)odd_number(t),
		.num_recvs = any(t, 3) ? any(t, 3) : any(t, 8) ? any(t, MESSAGES) : (uint32_t)odd_number(t),
		.num_returns = any(t, 4) ? 0 : any(t, 8) ? any(t, MESSAGES) : (uint32_t)odd_number(t),
		.flags = any(t, 4) ? 0 : any(t, 4) ? HOMA_EXCHANGE_CALL : (uint32_t)odd_number(t),
	};
	struct sockaddr_storage sa;
	unsigned int i;
	long ret;

	if (args.flags == HOMA_EXCHANGE_CALL && any(t, 4))
		args.num_sends = args.num_recvs = 1;
	an_address(t, &sa);
	for (i = 0; i < MESSAGES; i++) {
		sends[i] = (struct homa_send){
			.id = any(t, 2) || args.flags ? 0 : last_ids[any(t, 16)],
			.completion_cookie = any(t, 2) ? 0 : odd_number(t),
			.data = (uintptr_t)bad_memory(t, body, 64),
			.length = any(t, 32) ? 1 + any(t, any(t, 4) ? 2000 : sizeof(body)) :
					       (uint32_t)odd_number(t),
			.flags = any(t, 32) ? any(t, 2) : (uint32_t)odd_number(t),
			.reserved = any(t, 64) ? 0 : 1,
		};
		if (any(t, 8) == 0)
			an_address(t, &sa);
		memcpy(&sends[i].to, &sa, sizeof(sends[i].to));
		recvs[i] = (struct homa_recv){
			.data = (uintptr_t)bad_memory(t, room, sizeof(room)),
			.room = any(t, 4) ? any(t, sizeof(room) + 1) : 0,
		};
		returns[i] = any(t, 4) ? last_pages[any(t, 16)] : (uint32_t)odd_number(t);
	}
	args.sends = (uintptr_t)bad_memory(t, sends, sizeof(sends));
	args.recvs = (uintptr_t)bad_memory(t, recvs, sizeof(recvs));
	args.returns = (uintptr_t)bad_memory(t, returns, sizeof(returns));
	ret = ioctl(fd, HOMAIOCEXCHANGE, bad_memory(t, &args, sizeof(args)));
	if (!ret && args.num_recvs && args.num_recvs <= MESSAGES) {
		last_ids[any(t, 16)] = recvs[0].id;
		if (recvs[0].num_bpages)
			last_pages[any(t, 16)] = recvs[0].bpage_offsets[0];
		/* What a server does next. */
		if (recvs[0].id & 1 && any(t, 4)) {
			sends[0] = (struct homa_send){
				.id = recvs[0].id, .data = (uintptr_t)body,
				.length = 1 + any(t, 2000), .to = recvs[0].from,
			};
			args = (struct homa_exchange){
				.sends = (uintptr_t)sends, .recvs = (uintptr_t)recvs,
				.num_sends = 1, .num_recvs = any(t, MESSAGES),
			};
			ioctl(fd, HOMAIOCEXCHANGE, &args);
		}
	}
	if (args.num_sends && args.num_sends <= MESSAGES && sends[0].id)
		last_ids[any(t, 16)] = sends[0].id;
	return ret;
}

static long call_ioctl(struct thread *t, int fd)
{
	static struct homa_rpc_info rpcs[8];
	struct homa_info info = {
		.rpc_info = (uintptr_t)bad_memory(t, rpcs, sizeof(rpcs)),
		.rpc_info_length = any(t, 8) ? any(t, sizeof(rpcs) + 1) : odd_number(t),
	};
	struct homa_abort_args abort_args = {
		.id = any(t, 2) ? last_ids[any(t, 16)] : any(t, 2) ? 0 : odd_number(t),
		.error = any(t, 2) ? 0 : (int)odd_number(t),
		._pad1 = any(t, 16) == 0,
	};

	switch (any(t, 4)) {
	case 0:
		return ioctl(fd, HOMAIOCINFO, bad_memory(t, &info, sizeof(info)));
	case 1:
		return ioctl(fd, HOMAIOCABORT, bad_memory(t, &abort_args, sizeof(abort_args)));
	case 2:
		return ioctl(fd, HOMAIOCFREEZE, 0);
	default:
		return ioctl(fd, _IOC(any(t, 4), 'h', any(t, 4) ? 0x8e + any(t, 8) : 0xa0, any(t, 300)),
			     bad_memory(t, &info, sizeof(info)));
	}
}

static long call_option(struct thread *t, int fd, unsigned int index)
{
	struct homa_rcvbuf_args region = {
		.start = any(t, 4) ? (uintptr_t)regions[index] : odd_number(t),
		.length = any(t, 4) ? REGION : odd_number(t),
	};
	static const int levels[] = { IPPROTO_HOMA, SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6 };
	int level = levels[any(t, 4)];
	/* At level SOL_SOCKET nothing that detaches us from the test. */
	static const int ours[] = { SO_HOMA_RCVBUF, SO_HOMA_SERVER, SO_HOMA_RCVBUF_MOVE };
	int name = level == IPPROTO_HOMA ? (any(t, 4) ? ours[any(t, 3)] : (int)any(t, 40)) :
		   (int)any(t, 80);
	socklen_t bytes = any(t, 8) ? sizeof(region) : any(t, 300);

	if (any(t, 2))
		bytes = 4;
	if (any(t, 3) == 0)
		return getsockopt(fd, level, name, scratch, &bytes);
	return setsockopt(fd, level, name, bad_memory(t, &region, sizeof(region)), bytes);
}

static long call_other(struct thread *t, int fd, unsigned int index)
{
	struct pollfd poll_fd = { .fd = fd, .events = (short)odd_number(t) };
	struct sockaddr_storage sa;
	socklen_t bytes = an_address(t, &sa);

	switch (any(t, 8)) {
	case 0:
		return bind(fd, (struct sockaddr *)&sa, bytes);
	case 1:
		return connect(fd, (struct sockaddr *)&sa, bytes);
	case 2:
		return poll(&poll_fd, 1, 0);
	case 3:
		return any(t, 8) ? 0 : shutdown(fd, (int)any(t, 5) - 1);
	case 4:
		return getsockname(fd, (struct sockaddr *)&sa, &bytes);
	case 5:
		return any(t, 2) ? listen(fd, 5) : accept4(fd, NULL, NULL, SOCK_NONBLOCK);
	case 6:
		return any(t, 2) ? read(fd, scratch, 100) : write(fd, scratch, 100);
	default:
		if (any(t, 4) == 0)
			reopen(t, index);
		return 0;
	}
}

static void *work(void *arg)
{
	struct thread *t = arg;
	unsigned int i, index, done = 0;
	long ret;
	int fd;

	for (i = 0; i < t->calls; i++) {
		fd = a_socket(t, &index);
		switch (any(t, 10)) {
		case 0:
		case 1:
		case 2:
			ret = call_send(t, fd);
			break;
		case 3:
		case 4:
			ret = call_receive(t, fd);
			break;
		case 8:
		case 9:
			ret = call_exchange(t, fd);
			break;
		case 5:
			ret = call_ioctl(t, fd);
			break;
		case 6:
			ret = call_option(t, fd, index);
			break;
		default:
			ret = call_other(t, fd, index);
			break;
		}
		done += ret >= 0;
		/* Where time is virtual, it passes only when all sleep. */
		if (i % 32 == 0)
			t_sleep_ms(1);
	}
	__atomic_add_fetch(&calls, i, __ATOMIC_RELAXED);
	__atomic_add_fetch(&successes, done, __ATOMIC_RELAXED);
	return NULL;
}

static void unblock(int sig)
{
	(void)sig;
}

/* One round: threads, and a child that is killed while it goes on alone. */
static void round_of(uint32_t *random, unsigned int count)
{
	struct thread threads[THREADS];
	unsigned int i;
	pid_t child;

	for (i = 0; i < THREADS; i++) {
		threads[i].random = t_random(random) | 1;
		threads[i].calls = count / THREADS;
		if (pthread_create(&threads[i].thread, NULL, work, &threads[i]))
			err(1, "pthread_create");
	}
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (!child) {
		struct thread t = { .random = t_random(random) | 1, .calls = count };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Its new sockets then live in a world of their own. */
		if (t.random & 2)
			unshare(CLONE_NEWNET);
		for (i = 0; i < SOCKETS; i++)
			if (any(&t, 2))
				reopen(&t, i);
		work(&t);
		_exit(0);
	}
	for (i = 0; i < THREADS; i++) {
		/* A call that waits is interrupted until all are done. */
		while (pthread_tryjoin_np(threads[i].thread, NULL)) {
			t_sleep_ms(5);
			pthread_kill(threads[i].thread, SIGUSR1);
		}
	}
	kill(child, SIGKILL);
	if (waitpid(child, NULL, 0) != child)
		err(1, "waitpid");
}

/* What should work works. */
static void check(const struct t_sock *server, const struct t_sock *client, uint32_t number)
{
	struct t_addr addr = t_loopback(AF_INET, SAFE_PORT);
	struct t_msg request = { 0 }, response = { 0 };
	size_t bytes = 1 + number * 7919 % 100000;

	t_case("RPC %u of %zu bytes", number, bytes);
	t_request(client, &addr, bytes, number, 0);
	T_RET(t_recv(server, &request, 0, 0), bytes);
	T_OK(t_msg_is(server, &request, number));
	T_RET(t_echo(server, &request), 0);
	T_RET(t_recv(client, &response, 0, 0), bytes);
	T_OK(t_msg_is(client, &response, number));
	t_release(server, &request);
	t_release(client, &response);
}

int main(int argc, char **argv)
{
	unsigned int total = 10000, each = 2000, i, seed = 1;
	struct sigaction action = { .sa_handler = unblock };
	struct t_sock server, client;
	struct thread first;
	uint32_t random;
	int opt;

	while ((opt = getopt(argc, argv, "r:n:")) != -1) {
		if (opt == 'r')
			seed = (unsigned int)atoi(optarg);
		else if (opt == 'n')
			total = (unsigned int)atoi(optarg);
		else
			errx(2, "usage: t_fuzz_syscalls [-r SEED] [-n CALLS]");
	}
	t_begin("t_fuzz_syscalls", 0);
	printf("t_fuzz_syscalls: seed %u\n", seed);
	random = seed * 2654435761u | 1;
	sigaction(SIGUSR1, &action, NULL);
	signal(SIGPIPE, SIG_IGN);

	scratch = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	constant = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (scratch == MAP_FAILED || constant == MAP_FAILED || munmap(scratch + 2 * PAGE, PAGE))
		err(1, "mmap");
	first.random = random;
	for (i = 0; i < SOCKETS; i++) {
		regions[i] = mmap(NULL, REGION, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (regions[i] == MAP_FAILED)
			err(1, "mmap");
		fds[i] = -1;
		reopen(&first, i);
	}
	t_open(&server, AF_INET, SAFE_PORT);
	t_open(&client, AF_INET, 0);
	for (i = 0; i < total / each; i++) {
		round_of(&random, each);
		check(&server, &client, i);
	}
	for (i = 0; i < SOCKETS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	check(&server, &client, i);
	printf("t_fuzz_syscalls: %lu calls (and those of children), %lu of them succeeded\n",
	       calls, successes);
	T_OK(successes > calls / 20 && successes < calls);
	return t_end();
}
