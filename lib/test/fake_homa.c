// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Homa sockets inside of one process, for running the tests of the library with
 * sanitizers on a machine without the module. The system calls that the library
 * uses are wrapped by the linker (--wrap); what is no socket of ours goes to the
 * real ones. Nothing of this is in the library.
 *
 * A socket is an eventfd that is readable while a message can be received.
 * Messages arrive at once. Buffers are whole bpages, each with one owner: a
 * return of what is not the caller's is an error, and what was never returned
 * is seen by HOMAIOCINFO. Everything is guarded by one mutex.
 *
 * Of HOMAIOCEXCHANGE there is what the library uses. From the environment:
 *
 *    HOMA_TEST_NO_EXCHANGE   it is unknown, as in HomaModule
 *    HOMA_TEST_EINTR         every third time that it sleeps, a signal comes
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <linux/homa.h>

#define MAX_SOCKETS 256
#define NUM_PORTS 65536

struct rpc {
	struct rpc *next;
	uint64_t id;			/* even: the client's */
	uint64_t cookie;
	int client, server;		/* descriptors, -1 = gone */
	struct sockaddr_storage client_addr, server_addr;
	bool is_private;		/* its response is for who names its id */
	bool waited;			/* by such a one */
	enum { REQUEST_WAITS, IN_SERVICE, RESPONSE_WAITS } state;
	int error;			/* RESPONSE_WAITS: instead of data */
	unsigned char *data;
	size_t length;
};

struct fake {
	bool used;
	int family;
	uint16_t port;
	unsigned char *region;
	uint32_t num_bpages;
	bool *owned;			/* by the application */
	uint32_t num_owned;
	bool readable;
	char why[HOMA_ERROR_MSG_SIZE];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct fake sockets[MAX_SOCKETS];
static struct rpc *rpcs, **rpcs_tail = &rpcs;
static uint64_t next_id = 2;
static uint16_t next_port = HOMA_MIN_DEFAULT_PORT;

int __real_socket(int family, int type, int protocol);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t bytes);
int __real_bind(int fd, const struct sockaddr *addr, socklen_t bytes);
int __real_getsockname(int fd, struct sockaddr *addr, socklen_t *bytes);
ssize_t __real_sendmsg(int fd, const struct msghdr *hdr, int flags);
ssize_t __real_recvmsg(int fd, struct msghdr *hdr, int flags);
int __real_ioctl(int fd, unsigned long request, void *arg);
int __real_close(int fd);

int __wrap_socket(int family, int type, int protocol);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t bytes);
int __wrap_bind(int fd, const struct sockaddr *addr, socklen_t bytes);
int __wrap_getsockname(int fd, struct sockaddr *addr, socklen_t *bytes);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *hdr, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *hdr, int flags);
int __wrap_ioctl(int fd, unsigned long request, void *arg);
int __wrap_close(int fd);

static void take_lock(void)
{
	pthread_mutex_lock(&lock);
}

static void drop_lock(void)
{
	pthread_mutex_unlock(&lock);
}

/* Unlike a kernel's, our lock might be held in a forked child for ever. */
static __attribute__((constructor)) void prepare_for_fork(void)
{
	pthread_atfork(take_lock, drop_lock, drop_lock);
}

static bool is_fake(int fd)
{
	return fd >= 0 && fd < MAX_SOCKETS && sockets[fd].used;
}

/* Fail with @err; the kernel explains. */
static int fail(int fd, int err, const char *why)
{
	snprintf(sockets[fd].why, sizeof(sockets[fd].why), "%s", why);
	pthread_mutex_unlock(&lock);
	errno = err;
	return -1;
}

static struct sockaddr_storage loopback(int family, uint16_t port)
{
	struct sockaddr_storage addr = { .ss_family = (sa_family_t)family };

	if (family == AF_INET) {
		((struct sockaddr_in *)&addr)->sin_port = htons(port);
		((struct sockaddr_in *)&addr)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	} else {
		((struct sockaddr_in6 *)&addr)->sin6_port = htons(port);
		((struct sockaddr_in6 *)&addr)->sin6_addr = in6addr_loopback;
	}
	return addr;
}

static socklen_t addr_bytes(int family)
{
	return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static uint16_t port_of(const struct sockaddr *addr)
{
	return ntohs(addr->sa_family == AF_INET ? ((const struct sockaddr_in *)addr)->sin_port :
						  ((const struct sockaddr_in6 *)addr)->sin6_port);
}

static int owner_of(uint16_t port)
{
	int fd;

	for (fd = 0; fd < MAX_SOCKETS; fd++)
		if (sockets[fd].used && sockets[fd].port == port)
			return fd;
	return -1;
}

static bool has_room(const struct fake *fake, const struct rpc *rpc)
{
	return rpc->length <= (size_t)(fake->num_bpages - fake->num_owned) * HOMA_BPAGE_SIZE;
}

/* What @fd can receive next: the oldest that has room. */
static struct rpc *deliverable(int fd)
{
	struct rpc *rpc;

	for (rpc = rpcs; rpc; rpc = rpc->next)
		if (((rpc->state == REQUEST_WAITS && rpc->server == fd) ||
		     (rpc->state == RESPONSE_WAITS && rpc->client == fd && !rpc->is_private)) &&
		    has_room(&sockets[fd], rpc))
			return rpc;
	return NULL;
}

/* Our request @id, or NULL. */
static struct rpc *client_rpc(int fd, uint64_t id)
{
	struct rpc *rpc = rpcs;

	while (rpc && (rpc->id != id || rpc->client != fd))
		rpc = rpc->next;
	return rpc;
}

static void update(int fd)
{
	bool readable = fd >= 0 && deliverable(fd);
	uint64_t one = 1;
	ssize_t ret;

	pthread_cond_broadcast(&changed);
	if (fd < 0 || readable == sockets[fd].readable)
		return;
	sockets[fd].readable = readable;
	ret = readable ? write(fd, &one, sizeof(one)) : read(fd, &one, sizeof(one));
	if (ret < 0)
		abort();
}

static void forget(struct rpc *rpc)
{
	struct rpc **at = &rpcs;

	while (*at != rpc)
		at = &(*at)->next;
	*at = rpc->next;
	if (!rpc->next)
		rpcs_tail = at;
	free(rpc->data);
	free(rpc);
}

/* The client learns that its request is over. */
static void end_rpc(struct rpc *rpc, int error)
{
	free(rpc->data);
	rpc->data = NULL;
	rpc->length = 0;
	rpc->error = error;
	rpc->state = RESPONSE_WAITS;
	rpc->server = -1;
	update(rpc->client);
}

int __wrap_socket(int family, int type, int protocol)
{
	int fd;

	if (protocol != IPPROTO_HOMA)
		return __real_socket(family, type, protocol);
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0 || fd >= MAX_SOCKETS)
		abort();
	pthread_mutex_lock(&lock);
	while (owner_of(next_port) >= 0)
		if (++next_port < HOMA_MIN_DEFAULT_PORT)
			next_port = HOMA_MIN_DEFAULT_PORT;
	sockets[fd] = (struct fake){ .used = true, .family = family, .port = next_port++ };
	if (next_port < HOMA_MIN_DEFAULT_PORT)
		next_port = HOMA_MIN_DEFAULT_PORT;
	pthread_mutex_unlock(&lock);
	return fd;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t bytes)
{
	const struct homa_rcvbuf_args *args = value;
	struct fake *fake = &sockets[fd];

	if (!is_fake(fd))
		return __real_setsockopt(fd, level, name, value, bytes);
	pthread_mutex_lock(&lock);
	if (level != IPPROTO_HOMA || name != SO_HOMA_RCVBUF || bytes != sizeof(*args))
		return fail(fd, EINVAL, "not this option");
	if (args->length < 2000000 + (uint64_t)sysconf(_SC_NPROCESSORS_CONF) * HOMA_BPAGE_SIZE)
		return fail(fd, EINVAL, "receive region too small");
	fake->region = (unsigned char *)(uintptr_t)args->start;
	fake->num_bpages = (uint32_t)(args->length >> HOMA_BPAGE_SHIFT);
	fake->owned = calloc(fake->num_bpages, sizeof(*fake->owned));
	pthread_mutex_unlock(&lock);
	return 0;
}

int __wrap_bind(int fd, const struct sockaddr *addr, socklen_t bytes)
{
	int owner;

	if (!is_fake(fd))
		return __real_bind(fd, addr, bytes);
	pthread_mutex_lock(&lock);
	owner = owner_of(port_of(addr));
	if (owner >= 0 && owner != fd)
		return fail(fd, EADDRINUSE, "another socket owns the port");
	sockets[fd].port = port_of(addr);
	pthread_mutex_unlock(&lock);
	return 0;
}

int __wrap_getsockname(int fd, struct sockaddr *addr, socklen_t *bytes)
{
	struct sockaddr_storage own;

	if (!is_fake(fd))
		return __real_getsockname(fd, addr, bytes);
	own = loopback(sockets[fd].family, sockets[fd].port);
	*bytes = addr_bytes(sockets[fd].family);
	memcpy(addr, &own, *bytes);
	return 0;
}

/* Copy the message, as the kernel does. */
static unsigned char *gather(const struct msghdr *hdr, size_t length)
{
	unsigned char *data = malloc(length);
	size_t i, at = 0;

	if (!data)
		abort();
	for (i = 0; i < hdr->msg_iovlen; i++) {
		memcpy(data + at, hdr->msg_iov[i].iov_base, hdr->msg_iov[i].iov_len);
		at += hdr->msg_iov[i].iov_len;
	}
	return data;
}

static int send_request(int fd, const struct msghdr *hdr, size_t length,
			struct homa_sendmsg_args *args)
{
	struct rpc *rpc = calloc(1, sizeof(*rpc));

	if (!rpc)
		abort();
	rpc->id = next_id;
	next_id += 2;
	rpc->cookie = args->completion_cookie;
	rpc->is_private = args->flags & HOMA_SENDMSG_PRIVATE;
	rpc->client = fd;
	rpc->client_addr = loopback(sockets[fd].family, sockets[fd].port);
	memcpy(&rpc->server_addr, hdr->msg_name, addr_bytes(sockets[fd].family));
	rpc->server = owner_of(port_of(hdr->msg_name));
	rpc->data = gather(hdr, length);
	rpc->length = length;
	rpc->state = REQUEST_WAITS;
	args->id = rpc->id;
	*rpcs_tail = rpc;
	rpcs_tail = &rpc->next;
	if (rpc->server < 0)
		end_rpc(rpc, ENOTCONN);
	else
		update(rpc->server);
	return 0;
}

/* Locked; if it fails that is over. */
static int send_message(int fd, const struct msghdr *hdr, struct homa_sendmsg_args *args)
{
	size_t i, length = 0;
	struct rpc *rpc;

	for (i = 0; i < hdr->msg_iovlen; i++) {
		length += hdr->msg_iov[i].iov_len;
		if (!hdr->msg_iov[i].iov_base && hdr->msg_iov[i].iov_len)
			return fail(fd, EFAULT, "message not readable");
	}
	if (hdr->msg_namelen < addr_bytes(AF_INET))
		return fail(fd, EINVAL, "address too short");
	if (((struct sockaddr *)hdr->msg_name)->sa_family != sockets[fd].family)
		return fail(fd, EAFNOSUPPORT, "another family");
	if (!length || length > HOMA_MAX_MESSAGE_LENGTH || hdr->msg_iovlen > 1024)
		return fail(fd, EINVAL, "length");
	if (!args->id) {
		send_request(fd, hdr, length, args);
	} else {
		for (rpc = rpcs; rpc; rpc = rpc->next)
			if (rpc->id == args->id - 1 && rpc->server == fd)
				break;
		/* Who has given up is no error. */
		if (rpc && rpc->state == IN_SERVICE) {
			rpc->data = gather(hdr, length);
			rpc->length = length;
			rpc->state = RESPONSE_WAITS;
			update(rpc->client);
		}
	}
	return 0;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *hdr, int flags)
{
	if (!is_fake(fd))
		return __real_sendmsg(fd, hdr, flags);
	pthread_mutex_lock(&lock);
	if (send_message(fd, hdr, hdr->msg_control))
		return -1;
	pthread_mutex_unlock(&lock);
	return 0;
}

/* Buffers come back. */
static void take_back(struct fake *fake, const uint32_t *offsets, uint32_t num)
{
	uint32_t i;

	for (i = 0; i < num; i++) {
		uint32_t bpage = offsets[i] >> HOMA_BPAGE_SHIFT;

		/* The library must never return what is not its own. */
		if (bpage >= fake->num_bpages || !fake->owned[bpage])
			abort();
		fake->owned[bpage] = false;
		fake->num_owned--;
	}
}

/* Put @rpc's message into the region. Return: in how many bpages. */
static uint32_t scatter(struct fake *fake, const struct rpc *rpc, uint32_t *offsets)
{
	uint32_t i, num = 0;
	size_t at = 0;

	for (i = 0; i < fake->num_bpages && at < rpc->length; i++) {
		size_t bytes = rpc->length - at;
		/* The last piece may begin anywhere. */
		size_t begin = bytes < HOMA_BPAGE_SIZE ? 1 + (HOMA_BPAGE_SIZE - bytes) / 2 : 0;

		if (fake->owned[i])
			continue;
		if (bytes > HOMA_BPAGE_SIZE)
			bytes = HOMA_BPAGE_SIZE;
		if (begin + bytes > HOMA_BPAGE_SIZE)
			begin = 0;
		memcpy(fake->region + (size_t)i * HOMA_BPAGE_SIZE + begin, rpc->data + at, bytes);
		offsets[num++] = (uint32_t)((size_t)i * HOMA_BPAGE_SIZE + begin);
		fake->owned[i] = true;
		fake->num_owned++;
		at += bytes;
	}
	return num;
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *hdr, int flags)
{
	struct homa_recvmsg_args *args = hdr->msg_control;
	struct fake *fake = &sockets[fd];
	struct sockaddr_storage *peer, mapped;
	struct rpc *rpc;
	ssize_t length;

	if (!is_fake(fd))
		return __real_recvmsg(fd, hdr, flags);
	pthread_mutex_lock(&lock);
	if (hdr->msg_controllen != sizeof(*args) || args->num_bpages > HOMA_MAX_BPAGES)
		abort();
	take_back(fake, args->bpage_offsets, args->num_bpages);
	args->num_bpages = 0;
	if (args->id) {
		update(fd);
		return fail(fd, EINVAL, "no such client RPC");
	}
	rpc = deliverable(fd);
	if (!rpc) {
		update(fd);
		return fail(fd, EAGAIN, "nothing");
	}
	args->id = rpc->state == REQUEST_WAITS ? rpc->id + 1 : rpc->id;
	args->completion_cookie = rpc->state == REQUEST_WAITS ? 0 : rpc->cookie;
	if (rpc->error) {
		int error = rpc->error;

		forget(rpc);
		update(fd);
		return fail(fd, error, "RPC failed");
	}
	args->num_bpages = scatter(fake, rpc, args->bpage_offsets);
	length = (ssize_t)rpc->length;
	peer = rpc->state == REQUEST_WAITS ? &rpc->client_addr : &rpc->server_addr;
	if (hdr->msg_name) {
		mapped = *peer;
		if (fake->family != peer->ss_family) {
			/* A client of IPv4, as a server of IPv6 sees it. */
			mapped = loopback(AF_INET6, port_of((struct sockaddr *)peer));
			memcpy(&((struct sockaddr_in6 *)&mapped)->sin6_addr,
			       "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
		}
		hdr->msg_namelen = addr_bytes(fake->family);
		memcpy(hdr->msg_name, &mapped, hdr->msg_namelen);
	}
	hdr->msg_controllen = 0;
	if (rpc->state == REQUEST_WAITS) {
		free(rpc->data);
		rpc->data = NULL;
		rpc->length = 0;
		rpc->state = IN_SERVICE;
	} else {
		forget(rpc);
	}
	update(fd);
	pthread_mutex_unlock(&lock);
	return length;
}

/* Sleep until something has changed. Return: 0, EINTR or EAGAIN. */
static int sleep_until(const struct timespec *end)
{
	static unsigned int sleeps;
	int ret;

	if (getenv("HOMA_TEST_EINTR") && ++sleeps % 3 == 0)
		return EINTR;
	if (!end)
		ret = pthread_cond_wait(&changed, &lock);
	else
		ret = pthread_cond_clockwait(&changed, &lock, CLOCK_MONOTONIC, end);
	return ret ? EAGAIN : 0;
}

/* Wait for the private response @id. Locked; if it fails that is over. */
static int receive_private(int fd, uint64_t id, struct homa_recv *recv, const struct timespec *end)
{
	struct fake *fake = &sockets[fd];
	struct rpc *rpc = client_rpc(fd, id);
	int err = 0;

	if (rpc && (!rpc->is_private || rpc->waited))
		return fail(fd, EINVAL, "another thread waits for it");
	if (rpc)
		rpc->waited = true;
	for (;;) {
		rpc = client_rpc(fd, id);
		if (!rpc)
			return fail(fd, EINVAL, "no such client RPC");
		if (rpc->state == RESPONSE_WAITS && has_room(fake, rpc))
			break;
		if (err) {
			rpc->waited = false;
			return fail(fd, err, "nothing");
		}
		err = sleep_until(end);
	}
	recv->id = id;
	recv->completion_cookie = rpc->cookie;
	recv->error = rpc->error;
	recv->length = (uint32_t)rpc->length;
	recv->num_bpages = 0;
	if (!rpc->error && rpc->length <= recv->room)
		memcpy((void *)(uintptr_t)recv->data, rpc->data, rpc->length);
	else if (!rpc->error)
		recv->num_bpages = scatter(fake, rpc, recv->bpage_offsets);
	memcpy(&recv->from, &rpc->server_addr, sizeof(recv->from));
	forget(rpc);
	update(fd);
	return 0;
}

unsigned int t_lib_exchanges;	/* for the tests */

static int exchange(int fd, struct homa_exchange *args)
{
	struct homa_send *out = (struct homa_send *)(uintptr_t)args->sends;
	struct homa_recv *in = (struct homa_recv *)(uintptr_t)args->recvs;
	uint32_t num_sends = args->num_sends, num_recvs = args->num_recvs;
	bool call = args->flags & HOMA_EXCHANGE_CALL;
	struct timespec end;

	if (getenv("HOMA_TEST_NO_EXCHANGE"))
		return fail(fd, EINVAL, "unknown request");
	if (num_sends > 1 || num_recvs > 1 || args->timeout_ns < -1 ||
	    (call && (args->id || !num_sends || !num_recvs)) ||
	    (num_recvs && !call && !args->id))
		abort();	/* not what the library does */
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += args->timeout_ns / 1000000000;
	end.tv_nsec += args->timeout_ns % 1000000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_nsec -= 1000000000;
		end.tv_sec++;
	}
	if (num_recvs)
		__atomic_add_fetch(&t_lib_exchanges, 1, __ATOMIC_SEQ_CST);
	args->num_sends = 0;
	args->num_recvs = 0;
	take_back(&sockets[fd], (uint32_t *)(uintptr_t)args->returns, args->num_returns);
	args->num_returns = 0;
	update(fd);
	if (num_sends) {
		struct iovec piece = { (void *)(uintptr_t)out->data, out->length };
		struct msghdr hdr = {
			.msg_name = &out->to,
			.msg_namelen = addr_bytes(out->to.sa.sa_family),
			.msg_iov = &piece,
			.msg_iovlen = 1,
		};
		struct homa_sendmsg_args sent = {
			.id = out->id,
			.completion_cookie = out->completion_cookie,
			.flags = out->flags | (call ? HOMA_SENDMSG_PRIVATE : 0),
		};

		if (call && out->id)
			abort();
		if (send_message(fd, &hdr, &sent))
			return -1;
		out->id = sent.id;
		args->num_sends = 1;
	}
	if (num_recvs && receive_private(fd, call ? out->id : args->id, in,
					 args->timeout_ns < 0 ? NULL : &end))
		return -1;
	args->num_recvs = num_recvs;
	pthread_mutex_unlock(&lock);
	return 0;
}

/* Of our requests only the ids. */
static void fill_info(int fd, struct homa_info *info)
{
	struct homa_rpc_info *list = (struct homa_rpc_info *)(uintptr_t)info->rpc_info;
	uint64_t room = info->rpc_info_length / sizeof(*list);
	struct rpc *rpc;

	info->num_rpcs = 0;
	for (rpc = rpcs; rpc; rpc = rpc->next) {
		if (rpc->client != fd && rpc->server != fd)
			continue;
		if (info->num_rpcs < room)
			list[info->num_rpcs] = (struct homa_rpc_info){
				.id = rpc->client == fd ? rpc->id : rpc->id + 1,
			};
		info->num_rpcs++;
	}
}

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	struct homa_abort_args *abort_args = arg;
	struct homa_info *info = arg;
	struct rpc *rpc;

	if (!is_fake(fd))
		return __real_ioctl(fd, request, arg);
	pthread_mutex_lock(&lock);
	if (request == HOMAIOCINFO) {
		fill_info(fd, info);
		memcpy(info->error_msg, sockets[fd].why, sizeof(info->error_msg));
		info->bpool_avail_bytes =
			(uint64_t)(sockets[fd].num_bpages - sockets[fd].num_owned) * HOMA_BPAGE_SIZE;
		pthread_mutex_unlock(&lock);
		return 0;
	}
	if (request == HOMAIOCEXCHANGE)
		return exchange(fd, arg);
	rpc = client_rpc(fd, abort_args->id);
	if (!rpc)
		return fail(fd, EINVAL, "no such client RPC");
	if (abort_args->error)
		end_rpc(rpc, abort_args->error);
	else
		forget(rpc);
	update(fd);
	pthread_mutex_unlock(&lock);
	return 0;
}

int __wrap_close(int fd)
{
	struct rpc *rpc, *next;

	if (!is_fake(fd))
		return __real_close(fd);
	pthread_mutex_lock(&lock);
	sockets[fd].used = false;
	free(sockets[fd].owned);
	for (rpc = rpcs; rpc; rpc = next) {
		next = rpc->next;
		if (rpc->client == fd)
			forget(rpc);
		else if (rpc->server == fd && rpc->state != RESPONSE_WAITS)
			end_rpc(rpc, ENOTCONN);
		else if (rpc->server == fd)
			rpc->server = -1;
	}
	pthread_mutex_unlock(&lock);
	return __real_close(fd);
}
