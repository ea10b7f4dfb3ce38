// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * tracefs.c - a trace buffer with Homa's events
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "message.h"
#include "tracefs.h"

#define ROOT	"/sys/kernel/tracing"

static bool put(const char *dir, const char *name, const char *text)
{
	char path[400];
	bool good;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return good;
}

/* Let the kernel pick the events of one RPC: many others must not fill the buffer. */
static void filter(const struct tracefs *t, uint64_t id)
{
	char dir[160], name[300], text[160];
	unsigned long long even = id & ~1ULL, odd = id | 1;
	struct dirent *entry;
	const char *field;
	DIR *events;

	snprintf(dir, sizeof(dir), "%s/events/homa", t->dir);
	events = opendir(dir);
	while (events && (entry = readdir(events))) {
		if (strncmp(entry->d_name, "homa_", 5) || !strcmp(entry->d_name, "homa_drop"))
			continue;
		field = !strcmp(entry->d_name, "homa_tx") ||
			!strcmp(entry->d_name, "homa_rx") ? "sender_id" : "id";
		snprintf(name, sizeof(name), "%s/filter", entry->d_name);
		snprintf(text, sizeof(text), "%s == %llu || %s == %llu", field, even, field, odd);
		put(dir, name, text);
	}
	if (events)
		closedir(events);
}

static int cannot(const char *what)
{
	if (errno == EACCES || errno == EPERM) {
		complain("only root may trace");
		hint("sudo %s", message_name());
		return TOOL_NO_PERMISSION;
	}
	complain("%s: %m", what);
	return TOOL_FAILED;
}

/*
 * "ip netns exec" has a /sys of its own, without tracefs.  Mount it for this process
 * alone; the mount goes with it.
 */
static void mount_here(void)
{
	if (!unshare(CLONE_NEWNS) && !mount("", "/", NULL, MS_REC | MS_SLAVE, NULL))
		mount("nodev", ROOT, "tracefs", 0, NULL);
}

static int check(void)
{
	if (!access(ROOT "/events/homa", F_OK))
		return TOOL_OK;
	if (errno == EACCES || geteuid())
		return errno = EACCES, cannot(ROOT);
	if (access(ROOT "/instances", F_OK))
		mount_here();
	if (!access(ROOT "/events/homa", F_OK))
		return TOOL_OK;
	if (access(ROOT "/instances", F_OK)) {
		complain("tracefs is not mounted");
		hint("mount -t tracefs nodev " ROOT);
		return TOOL_NOT_THERE;
	}
	complain("this kernel has no events of Homa: the module homa is not loaded");
	hint("modprobe homa   (homa doctor tells why if that fails)");
	return TOOL_NO_HOMA;
}

/**
 * tracefs_start() - begin to record
 * @t: result, for tracefs_stop()
 * @id: only this RPC, 0 = all
 *
 * Return: TOOL_OK, or why not; has complained then.
 */
int tracefs_start(struct tracefs *t, uint64_t id)
{
	char path[200];
	int rc;

	t->fd = -1;
	rc = check();
	if (rc)
		return rc;
	snprintf(t->dir, sizeof(t->dir), ROOT "/instances/homa-%d", (int)getpid());
	if (mkdir(t->dir, 0700))
		return cannot(t->dir);
	put(t->dir, "buffer_size_kb", "4096");
	put(t->dir, "trace_clock", "mono");
	/* Wake the reader at once, not when the buffer is half full. */
	put(t->dir, "buffer_percent", "0");
	if (id)
		filter(t, id);
	snprintf(path, sizeof(path), "%s/trace_pipe", t->dir);
	t->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0 || !put(t->dir, "events/homa/enable", "1")) {
		rc = cannot(t->dir);
		tracefs_stop(t);
		return rc;
	}
	return TOOL_OK;
}

/**
 * tracefs_quiet() - record nothing new; what was recorded can still be read
 * @t: instance
 */
void tracefs_quiet(const struct tracefs *t)
{
	put(t->dir, "events/homa/enable", "0");
}

/**
 * tracefs_stop() - end it
 * @t: instance
 */
void tracefs_stop(struct tracefs *t)
{
	tracefs_quiet(t);
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	if (rmdir(t->dir)) {
		complain("%s remains: %m", t->dir);
		hint("rmdir %s", t->dir);
	}
}
