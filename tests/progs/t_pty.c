// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_pty KEYS COMMAND [ARGUMENT...]: run a command in a terminal of 24 lines and 100
 * columns.  Each key is pressed when the command has printed something and then
 * nothing for a while.  What it printed goes to stdout; the exit status is the
 * command's.
 */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define QUIET_MS	300
#define PATIENCE	100

/* Copy what comes until it is quiet; false when the command has ended. */
static int copy(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int tries, seen = 0;
	char buffer[4096];
	ssize_t len;

	for (tries = 0; tries < PATIENCE; tries++) {
		if (poll(&pfd, 1, QUIET_MS) <= 0) {
			if (seen)
				return 1;
			continue;
		}
		len = read(fd, buffer, sizeof(buffer));
		if (len <= 0)
			return 0;
		seen = 1;
		if (fwrite(buffer, 1, (size_t)len, stdout) != (size_t)len)
			return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	struct winsize size = { .ws_row = 24, .ws_col = 100 };
	const char *key;
	int fd, status;
	pid_t pid;

	if (argc < 3)
		return 2;
	pid = forkpty(&fd, NULL, NULL, &size);
	if (pid < 0) {
		perror("forkpty");
		return 2;
	}
	if (!pid) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	for (key = argv[1]; copy(fd) && *key; key++)
		if (write(fd, key, 1) != 1)
			break;
	fflush(stdout);
	/* It had its keys: whoever is still here is stuck. */
	alarm(20);
	if (waitpid(pid, &status, 0) != pid) {
		kill(pid, SIGKILL);
		return 2;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
