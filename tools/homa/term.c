// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * term.c - the terminal, and commands that go on until ^C
 */
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "term.h"

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/**
 * term_width() - columns of the terminal that stdout is
 *
 * Return: the number; 0 if it is a file or a pipe, where nothing has to fit.
 */
size_t term_width(void)
{
	struct winsize size;

	if (!isatty(1) || ioctl(1, TIOCGWINSZ, &size) || !size.ws_col)
		return 0;
	return size.ws_col;
}

/**
 * term_sleep() - wait, in a command that goes on until it is interrupted
 * @ns: how long
 *
 * The first call makes SIGINT and SIGTERM end the wait instead of the process, so
 * that the command can say its last words.
 *
 * Return: false if it is to end.
 */
bool term_sleep(uint64_t ns)
{
	struct timespec wait = {
		.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000),
	};
	/* Without SA_RESTART: a second one ends whatever waits. */
	struct sigaction act = { .sa_handler = stop, .sa_flags = (int)SA_RESETHAND };
	static bool caught;

	if (!caught) {
		caught = true;
		sigaction(SIGINT, &act, NULL);
		sigaction(SIGTERM, &act, NULL);
	}
	if (!stopped)
		nanosleep(&wait, NULL);
	return !stopped;
}
