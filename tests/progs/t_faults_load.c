// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_faults_load - allocations fail while things are made that live long
 *
 *    t_faults_load netns      while a network namespace is made
 *    t_faults_load first      in the first call of socket() in a namespace
 *    t_faults_load load FILE  while the module in FILE is loaded
 *
 * As in t_faults, the n-th allocation of the calling thread fails; what fails
 * leaves nothing behind, and works the next time.
 */
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t.h"
#include "t_fault.h"

#define FAULTS_MAX 3000
#define FAULTS_OFF 100000000	/* so many that none fails: to count them */
#define NETNS_LAST 120u

/* ---- a namespace ---- */

/* Ours are among the last allocations: the youngest protocol comes last. */
static void check_netns(void)
{
	unsigned int n, total, failed = 0;
	int ret;

	t_case("namespace without faults");
	t_fault_nth(FAULTS_OFF);
	ret = unshare(CLONE_NEWNET) ? -errno : 0;
	total = FAULTS_OFF - t_fault_left();
	T_RET(ret, 0);
	T_OK(total > NETNS_LAST);
	for (n = total - NETNS_LAST; n <= total; n++) {
		t_case("namespace, fault %u of %u", n, total);
		t_fault_nth(n);
		ret = unshare(CLONE_NEWNET) ? -errno : 0;
		t_fault_left();
		if (ret)
			T_OK(t_fault_clean(ret));
		failed += ret != 0;
	}
	T_OK(failed > 0);
	printf("namespace: the last %u of %u allocations, it failed %u times\n", NETNS_LAST, total,
	       failed);
}

/* ---- the first socket of a namespace ---- */

static void check_first(int family)
{
	unsigned int n, before = t_fault_count();
	bool done;
	int fd;

	for (n = 1, done = false; !done && n < FAULTS_MAX; n++) {
		t_case("first socket of family %d, fault %u", family, n);
		if (unshare(CLONE_NEWNET))
			t_die("unshare");
		t_fault_nth(n);
		fd = socket(family, SOCK_DGRAM, IPPROTO_HOMA);
		if (fd < 0)
			fd = -errno;
		done = t_fault_left();
		if (fd < 0) {
			T_OK(!done && t_fault_clean(fd));
			fd = socket(family, SOCK_DGRAM, IPPROTO_HOMA);
		}
		T_OK(fd >= 0);
		close(fd);
	}
	T_OK(done);
	printf("first socket of family %d: %u faults\n", family, t_fault_count() - before);
}

/* ---- the module ---- */

static bool loaded(void)
{
	return !access("/sys/module/homa", F_OK);
}

/* It may still be held by the last sockets on their way out. */
static bool unloaded(void)
{
	return !syscall(SYS_delete_module, "homa", O_NONBLOCK) || errno == ENOENT;
}

static void unload(void)
{
	if (!loaded() || !T_WAIT(unloaded(), 10000))
		t_die("delete_module");
}

static int load(int fd)
{
	return syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
}

static char text[1 << 20];

static unsigned int count_in(const char *what)
{
	const char *at = text;
	unsigned int n = 0;

	while ((at = strstr(at, what)) != NULL) {
		at += strlen(what);
		n++;
	}
	return n;
}

/*
 * What the kernel said about it. SLUB tells with a stack trace that it could not
 * make a cache; anything else like that is a finding. (The log is small and would
 * have lost what came first by the time that the runner looks.)
 */
static void check_log(void)
{
	static const char *const bad[] = {
		"WARNING:", "BUG", "Oops", "KASAN", "UBSAN", "INFO: ", "ODEBUG", "refcount_t:",
		"ref_tracker", "suspicious RCU", "general protection",
	};
	int length = klogctl(4 /* read and clear */, text, sizeof(text) - 1);
	unsigned int i, found = 0;

	if (length < 0)
		t_die("klogctl");
	text[length] = '\0';
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		found += count_in(bad[i]);
	found += count_in("Call Trace") != count_in("__kmem_cache_create_args(");
	if (!T_EQ(found, 0))
		fputs(text, stderr);
}

#define TRACING "/sys/kernel/tracing/"

static void put_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		t_die("%s", path);
	close(fd);
}

/*
 * Load the module with the @n-th allocation failing; true if that was one of the
 * module's. The kernel traces "module_load" when it is about to call its init
 * function; with failures before that it has problems of its own.
 */
static bool load_with_fault(int fd, unsigned int n, int *ret, unsigned int *left)
{
	ssize_t length;
	int trace;

	put_file(TRACING "trace", "");
	t_fault_nth(n);
	*ret = load(fd);
	*left = t_fault_left();
	trace = open(TRACING "trace", O_RDONLY);
	length = trace < 0 ? -1 : read(trace, text, sizeof(text) - 1);
	if (length < 0)
		t_die(TRACING "trace");
	close(trace);
	text[length] = '\0';
	T_OK(loaded() == !*ret);
	if (loaded())
		unload();
	return strstr(text, "module_load: homa");
}

/* Begins and ends with a loaded module. */
static void check_load(const char *path)
{
	unsigned int n, left, first, others = 0, faults = 0, failed = 0;
	int ret, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		t_die("%s", path);
	t_case("loading without faults");
	unload();
	put_file(TRACING "events/module/module_load/enable", "1");
	T_OK(load_with_fault(fd, FAULTS_OFF, &ret, &left));
	T_RET(ret, 0);
	first = FAULTS_OFF - left;
	printf("loading: %u allocations\n", first);
	/* From the last one back to the first of the module; the loader's come before. */
	for (n = first; others < 3 && n; n--) {
		t_case("loading, fault %u of %u", n, first);
		klogctl(5 /* clear */, NULL, 0);
		if (!load_with_fault(fd, n, &ret, &left)) {
			others++;
			continue;
		}
		if (ret)
			T_OK(t_fault_clean(ret));
		check_log();
		faults += !left;
		failed += ret != 0;
	}
	klogctl(5, NULL, 0);
	put_file(TRACING "events/module/module_load/enable", "0");
	t_case("loading after all that");
	T_RET(load(fd), 0);
	close(fd);
	T_OK(failed > 0);
	printf("loading: %u faults, it failed %u times\n", faults, failed);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	t_begin("t_faults_load", 0);
	t_fault_prepare();
	if (!strcmp(what, "netns")) {
		check_netns();
	} else if (!strcmp(what, "first")) {
		check_first(AF_INET);
		check_first(AF_INET6);
	} else if (!strcmp(what, "load") && argc == 3) {
		check_load(argv[2]);
	} else {
		errx(2, "usage: t_faults_load netns|first|load FILE");
	}
	return t_end();
}
