// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Fault injection of the kernel, by debugfs and /proc/thread-self/fail-nth. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "t.h"
#include "t_fault.h"

static int nth_file;
static unsigned int injected;

static void set(const char *kind, const char *name, unsigned long value)
{
	char path[200], text[32];
	int fd, length;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", kind, name);
	length = snprintf(text, sizeof(text), "%lu", value);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, (size_t)length) != length)
		t_die("writing %s", path);
	close(fd);
}

static unsigned int get(const char *kind, const char *name)
{
	char path[200], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", kind, name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		t_die("reading %s", path);
	close(fd);
	return (unsigned int)strtoul(text, NULL, 10);
}

void t_fault_prepare(void)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		/* Those that we ask for are not worth a stack trace. */
		set(kinds[i], "verbose", 0);
		set(kinds[i], "probability", 0);
		set(kinds[i], "interval", 1);
	}
	/* Allocations that may wait can fail, too, and so can single pages. */
	set("failslab", "ignore-gfp-wait", 0);
	set("fail_page_alloc", "ignore-gfp-wait", 0);
	set("fail_page_alloc", "min-order", 0);
	nth_file = open("/proc/thread-self/fail-nth", O_RDWR);
	if (nth_file < 0)
		t_die("this kernel has no fault injection");
}

void t_fault_nth(unsigned int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", n);
	ssize_t ret = pwrite(nth_file, text, (size_t)length, 0);

	/* The fault that we want to be rid of can hit this call. */
	if (ret < 0 && errno == EFAULT && !n)
		ret = pwrite(nth_file, text, (size_t)length, 0);
	if (ret != length)
		t_die("fail-nth");
}

unsigned int t_fault_left(void)
{
	char text[16] = "";
	ssize_t length = pread(nth_file, text, sizeof(text) - 1, 0);

	t_fault_nth(0);
	/* The fault hit this very call. */
	if (length < 0)
		return 1;
	if (!atoi(text))
		injected++;
	return (unsigned int)atoi(text);
}

void t_fault_arm(const char *kind, unsigned int space)
{
	set(kind, "ignore-gfp-wait", 1);
	set(kind, "space", space);
	set(kind, "times", 1);
	set(kind, "probability", 100);
}

bool t_fault_disarm(const char *kind, unsigned int space, unsigned int *passed)
{
	set(kind, "probability", 0);
	set(kind, "ignore-gfp-wait", 0);
	*passed = space - get(kind, "space");
	if (get(kind, "times"))
		return false;
	injected++;
	return true;
}

unsigned int t_fault_count(void)
{
	return injected;
}

bool t_fault_clean(int ret)
{
	return ret == -ENOMEM || ret == -ENOBUFS || ret == -EFAULT || ret == -ENFILE ||
	       ret == -EAGAIN;
}
