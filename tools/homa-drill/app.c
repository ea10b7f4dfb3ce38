// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * app.c - start the application process and talk to it
 */
#include "app.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "link.h"

/** A call may end so much later than its deadline before it counts as hung. */
#define GRACE_NS	2000000000ll

static void serve(int fd)
{
	struct app_request request;

	while (recv(fd, &request, sizeof(request), 0) == sizeof(request)) {
		struct app_answer answer = { 0 };

		app_do(&request, &answer);
		answer.when_ns = now_ns();
		if (send(fd, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

/**
 * app_start() - start the application process
 * @app: result
 * @ns: network namespace it lives in
 *
 * Return: true on success.
 */
bool app_start(struct app *app, const char *ns)
{
	pid_t parent = getpid();
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return false;
	fflush(NULL);
	app->pid = fork();
	if (app->pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return false;
	}
	if (!app->pid) {
		close(fds[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent || !netns_join(ns)) {
			perror("homa-drill: cannot join the host's namespace");
			_exit(2);
		}
		serve(fds[1]);
	}
	close(fds[1]);
	app->fd = fds[0];
	return true;
}

/**
 * app_call() - have the application process do something
 * @app: the process
 * @request: what to do
 * @answer: what came of it
 *
 * Return: false if it died or hangs.
 */
bool app_call(struct app *app, const struct app_request *request,
	      struct app_answer *answer)
{
	struct pollfd pfd = { .fd = app->fd, .events = POLLIN };
	struct timespec ts = { 0 };
	int64_t left_ns;

	if (send(app->fd, request, sizeof(*request), MSG_NOSIGNAL) < 0)
		return false;
	left_ns = request->deadline_ns ? request->deadline_ns - now_ns() : 0;
	if (left_ns < 0)
		left_ns = 0;
	left_ns += GRACE_NS;
	ts.tv_sec = left_ns / 1000000000;
	ts.tv_nsec = left_ns % 1000000000;
	if (ppoll(&pfd, 1, &ts, NULL) <= 0)
		return false;
	return recv(app->fd, answer, sizeof(*answer), 0) == sizeof(*answer);
}

/**
 * app_stop() - end the application process
 * @app: the process
 *
 * Its sockets are closed when this returns.
 */
void app_stop(struct app *app)
{
	if (app->fd >= 0)
		close(app->fd);
	app->fd = -1;
	if (app->pid > 0) {
		kill(app->pid, SIGKILL);
		waitpid(app->pid, NULL, 0);
	}
	app->pid = 0;
}
