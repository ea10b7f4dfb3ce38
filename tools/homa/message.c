// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * message.c - errors, on stderr
 */
#include <stdarg.h>
#include <stdio.h>

#include "message.h"

static char prefix[64] = "homa";

/**
 * message_prefix() - set who complains
 * @name: "homa" and the subcommand; copied
 */
void message_prefix(const char *name)
{
	snprintf(prefix, sizeof(prefix), "%s", name);
}

/**
 * message_name() - who complains
 *
 * Return: what was set last.
 */
const char *message_name(void)
{
	return prefix;
}

static void say(const char *before, const char *between, const char *format,
		va_list args)
{
	/* What was printed so far belongs before it. */
	fflush(stdout);
	fprintf(stderr, "%s%s", before, between);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

/**
 * complain() - say what is wrong
 * @format: as for printf(); %m is the text of errno
 */
void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(prefix, ": ", format, args);
	va_end(args);
}

/**
 * hint() - say what to do about it; follows complain()
 * @format: as for printf(), a command if possible
 */
void hint(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("  Try", ": ", format, args);
	va_end(args);
}
