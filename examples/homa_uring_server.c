// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa_uring_server - an echo server in an event loop of io_uring
 *
 *    homa_uring_server [PORT]         default 4000
 *
 * The ring polls the one descriptor that stands for everything the library may
 * have, beside a timer; epoll or poll() would do the same with it.
 */
#include <errno.h>
#include <homa/homa.h>
#include <liburing.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL = 1, TIMER = 2 };

static unsigned long requests;

/* Take all that is there. */
static int drain(struct homa *homa)
{
	struct homa_msg *request;
	const struct iovec *pieces;
	int ret, count;

	while ((ret = homa_recv(homa, 0, &request)) == 0) {
		count = homa_msg_iov(request, &pieces);
		/* A loop does not wait for send memory; this client waits in vain. */
		if (homa_replyv(request, pieces, count, HOMA_NONBLOCK))
			fprintf(stderr, "a reply was lost: %s\n", homa_explain());
		homa_msg_free(request);
		requests++;
	}
	return ret == -EAGAIN ? 0 : ret;
}

static void arm_poll(struct io_uring *ring, int fd)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	io_uring_prep_poll_add(sqe, fd, POLLIN);
	io_uring_sqe_set_data64(sqe, POLL);
}

static void arm_timer(struct io_uring *ring, struct __kernel_timespec *period)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	io_uring_prep_timeout(sqe, period, 0, 0);
	io_uring_sqe_set_data64(sqe, TIMER);
}

int main(int argc, char **argv)
{
	struct __kernel_timespec period = { .tv_sec = 10 };
	struct sockaddr_storage addr;
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	struct homa *homa;
	socklen_t bytes;
	uint64_t what;
	int ret;

	ret = io_uring_queue_init(8, &ring, 0);
	if (ret) {
		fprintf(stderr, "io_uring: %s\n", strerror(-ret));
		return ret == -ENOSYS ? 77 : 1;
	}
	if (homa_open(&homa, AF_INET6, NULL) ||
	    homa_address("::", (uint16_t)(argc > 1 ? atoi(argv[1]) : 4000), AF_INET6, &addr,
			 &bytes) ||
	    homa_bind(homa, (struct sockaddr *)&addr, bytes) || homa_fd(homa) < 0) {
		fprintf(stderr, "cannot serve: %s\n", homa_explain());
		return 1;
	}
	arm_poll(&ring, homa_fd(homa));
	arm_timer(&ring, &period);
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		io_uring_submit(&ring);
		ret = io_uring_wait_cqe(&ring, &cqe);
		if (ret == -EINTR)
			continue;
		if (ret)
			break;
		what = io_uring_cqe_get_data64(cqe);
		io_uring_cqe_seen(&ring, cqe);
		if (what == POLL) {
			ret = drain(homa);
			if (ret)
				break;
			arm_poll(&ring, homa_fd(homa));
		} else {
			printf("%lu requests\n", requests);
			fflush(stdout);
			arm_timer(&ring, &period);
		}
	}
	fprintf(stderr, "%s\n", strerror(-ret));
	io_uring_queue_exit(&ring);
	homa_close(homa);
	return 1;
}
