// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The handle: socket, receive region, and their end. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"
#include "large.h"

#define DEFAULT_REGION_BYTES ((uint64_t)64 << 20)

const char *homa_version(void)
{
	return LH_VERSION;
}

/* A region that the kernel takes: at least 2 MB, and a bpage for each CPU. */
static size_t default_region_bytes(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	uint64_t bytes = DEFAULT_REGION_BYTES;

	if (cpus > 0 && bytes < (4 << 20) + (uint64_t)cpus * 2 * HOMA_BPAGE_SIZE)
		bytes = (4 << 20) + (uint64_t)cpus * 2 * HOMA_BPAGE_SIZE;
	return (size_t)bytes;
}

static int open_socket(struct homa *homa)
{
	int err;

	homa->fd = socket(homa->family, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_HOMA);
	if (homa->fd >= 0)
		return 0;
	err = -errno;
	if (err == -EPROTONOSUPPORT || err == -ESOCKTNOSUPPORT)
		return lh_fail(err, "this kernel has no Homa: install the module homa, then: modprobe homa");
	return lh_fail(err, strerror(-err));
}

static int set_region(struct homa *homa, uint64_t bytes)
{
	struct homa_rcvbuf_args args;

	homa->region_bytes = bytes ? (size_t)bytes : default_region_bytes();
	homa->region = mmap(NULL, homa->region_bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (homa->region == MAP_FAILED) {
		homa->region = NULL;
		return lh_fail(-errno, "no address space for the receive region");
	}
	args.start = (uintptr_t)homa->region;
	args.length = homa->region_bytes;
	if (setsockopt(homa->fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, &args, sizeof(args)))
		return lh_fail_errno(homa);
	return 0;
}

/* A page that the kernel empties in a forked child, which must not use our socket. */
static int set_alive(struct homa *homa)
{
	size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
	void *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return lh_fail(-errno, strerror(errno));
	homa->alive = page;
	if (madvise(page, bytes, MADV_WIPEONFORK))
		return lh_fail(-errno, "MADV_WIPEONFORK");
	*homa->alive = 1;
	return 0;
}

static void close_fds(struct homa *homa)
{
	int *fds[] = { &homa->fd, &homa->wake_fd, &homa->ready_fd, &homa->epoll_fd };
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

/**
 * lh_free_region() - the last message of a closed handle is gone: free the rest
 * @homa: the handle
 */
void lh_free_region(struct homa *homa)
{
	struct homa_msg *msg;

	while ((msg = homa->cache)) {
		homa->cache = msg->next;
		free(msg);
	}
	if (homa->region)
		munmap(homa->region, homa->region_bytes);
	if (homa->alive)
		munmap(homa->alive, (size_t)sysconf(_SC_PAGESIZE));
	lh_large_free(homa);
	pthread_mutex_destroy(&homa->lock);
	free(homa->slots);
	free(homa);
}

int homa_open(struct homa **out, int family, const struct homa_options *options)
{
	struct homa_options opt = HOMA_OPTIONS_INIT;
	struct homa *homa;
	int ret;

	if (options) {
		if (options->size < sizeof(opt.size) + sizeof(opt.flags) ||
		    options->size > sizeof(opt))
			return lh_fail(-EINVAL, "homa_options: begin with HOMA_OPTIONS_INIT");
		memcpy(&opt, options, options->size);
	}
	if (opt.flags & ~(uint32_t)HOMA_LARGE)
		return lh_fail(-EINVAL, "homa_options: unknown flags");
	if (family != AF_INET && family != AF_INET6)
		return lh_fail(-EAFNOSUPPORT, "the family is AF_INET or AF_INET6");
	homa = calloc(1, sizeof(*homa));
	if (!homa)
		return lh_fail(-ENOMEM, "no memory for a handle");
	homa->family = family;
	homa->fd = -1;
	homa->epoll_fd = -1;
	homa->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	homa->ready_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&homa->lock, NULL);
	lh_queue_init(&homa->requests);
	if (homa->wake_fd < 0 || homa->ready_fd < 0)
		ret = lh_fail(-errno, "no file descriptor for eventfd()");
	else
		ret = open_socket(homa);
	if (!ret)
		ret = set_region(homa, opt.region_bytes);
	if (!ret)
		ret = set_alive(homa);
	if (!ret)
		lh_exchange_init(homa);
	if (!ret && opt.flags & HOMA_LARGE)
		ret = lh_large_init(homa, &opt);
	if (ret) {
		close_fds(homa);
		lh_free_region(homa);
		return ret;
	}
	*out = homa;
	return 0;
}

void homa_close(struct homa *homa)
{
	struct homa_msg *msg, *list = NULL;
	struct lh_slot *slot;
	uint32_t i;

	if (!homa)
		return;
	if (!*homa->alive) {
		/* A forked child: the lock may be held for ever. Messages stay readable. */
		close_fds(homa);
		return;
	}
	lh_large_close(homa);
	pthread_mutex_lock(&homa->lock);
	close_fds(homa);
	homa->closed = true;
	homa->num_msgs++;	/* so that it lives until the end of this function */
	while ((msg = lh_queue_take(&homa->requests))) {
		msg->next = list;
		list = msg;
	}
	for (i = 0; i < homa->num_slots; i++) {
		slot = &homa->slots[i];
		if (slot->state == LH_DONE && slot->msg) {
			slot->msg->next = list;
			list = slot->msg;
			slot->msg = NULL;
		}
	}
	pthread_mutex_unlock(&homa->lock);
	while ((msg = list)) {
		list = msg->next;
		homa_msg_free(msg);
	}
	pthread_mutex_lock(&homa->lock);
	i = --homa->num_msgs;
	pthread_mutex_unlock(&homa->lock);
	if (!i)
		lh_free_region(homa);
}

int homa_bind(struct homa *homa, const struct sockaddr *addr, socklen_t addr_bytes)
{
	int ret = lh_usable(homa);

	if (ret)
		return ret;
	return bind(homa->fd, addr, addr_bytes) ? lh_fail_errno(homa) : 0;
}

int homa_port(struct homa *homa)
{
	struct sockaddr_storage addr;
	socklen_t bytes = sizeof(addr);
	int ret = lh_usable(homa);

	if (ret)
		return ret;
	if (getsockname(homa->fd, (struct sockaddr *)&addr, &bytes))
		return lh_fail_errno(homa);
	return ntohs(addr.ss_family == AF_INET ? ((struct sockaddr_in *)&addr)->sin_port :
						 ((struct sockaddr_in6 *)&addr)->sin6_port);
}

int homa_socket(struct homa *homa)
{
	return homa->fd;
}

int homa_fd(struct homa *homa)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd, ret = lh_usable(homa);

	if (ret)
		return ret;
	pthread_mutex_lock(&homa->lock);
	fd = homa->epoll_fd;
	if (fd < 0) {
		fd = epoll_create1(EPOLL_CLOEXEC);
		if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, homa->fd, &event) ||
		    epoll_ctl(fd, EPOLL_CTL_ADD, homa->ready_fd, &event)) {
			ret = lh_fail(-errno, "no descriptor for epoll");
			if (fd >= 0)
				close(fd);
			fd = ret;
		} else {
			homa->epoll_fd = fd;
			lh_ready(homa);
			if (homa->large && homa->large->late)
				lh_late_watch(homa);
		}
	}
	pthread_mutex_unlock(&homa->lock);
	return fd;
}

void homa_stop(struct homa *homa)
{
	int err = errno;

	homa->stopped = true;
	lh_tell(homa->wake_fd);
	lh_tell(homa->ready_fd);
	errno = err;
}
