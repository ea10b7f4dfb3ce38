// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * doctor_finding.c - the list of findings
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "doctor.h"
#include "message.h"

static void *or_die(void *memory)
{
	if (!memory) {
		complain("out of memory");
		exit(TOOL_FAILED);
	}
	return memory;
}

static char *format_text(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	return or_die(text);
}

/**
 * doctor_say() - add a finding
 * @d: findings
 * @level: how bad it is
 * @check: name of the check, and the device or host
 * @what: what is found, as for printf()
 *
 * Return: it, until the next call.
 */
struct doctor_finding *doctor_say(struct doctor *d, enum doctor_level level,
				  const char *check, const char *what, ...)
{
	struct doctor_finding *f;
	va_list args;

	d->findings = or_die(reallocarray(d->findings, d->count + 1, sizeof(*f)));
	f = &d->findings[d->count++];
	memset(f, 0, sizeof(*f));
	f->level = level;
	f->check = or_die(strdup(check));
	va_start(args, what);
	f->what = format_text(what, args);
	va_end(args);
	return f;
}

/**
 * doctor_why() - why a finding matters
 * @f: finding
 * @why: sentences; kept
 */
void doctor_why(struct doctor_finding *f, const char *why)
{
	f->why = why;
}

/**
 * doctor_mend() - a command that mends it here
 * @f: finding
 * @command: for the shell, as for printf()
 */
void doctor_mend(struct doctor_finding *f, const char *command, ...)
{
	va_list args;

	va_start(args, command);
	f->mend = format_text(command, args);
	va_end(args);
	f->here = true;
}

/**
 * doctor_plain() - may a name be part of a command that is run?
 * @name: of a device or a chain; the kernel lets it have what a shell takes for commands
 *
 * Return: false if somebody has to look at the command first.
 */
bool doctor_plain(const char *name)
{
	return *name && *name != '-' &&
	       !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "_-.:@+/")];
}

/**
 * doctor_elsewhere() - what to do, which cannot be done for the user
 * @f: finding
 * @command: as for printf()
 */
void doctor_elsewhere(struct doctor_finding *f, const char *command, ...)
{
	va_list args;

	va_start(args, command);
	f->mend = format_text(command, args);
	va_end(args);
}
