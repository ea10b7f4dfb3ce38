// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_faults - every allocation fails once
 *
 *    t_faults calls      in the calls of the API, one after the other
 *    t_faults rpcs       in whole RPCs: in the calls, and in what packets do
 *    t_faults netns      while a network namespace is made
 *    t_faults first      in the first call of socket() in a namespace
 *    t_faults load FILE  while the module in FILE is loaded
 *
 * Needs a kernel with fault injection, and root. In calls the n-th allocation (or
 * access to user memory) of the calling thread fails, for n = 1, 2, ... until a
 * call needs fewer. In softirqs, where allocations have no thread, the first S
 * bytes of atomic allocations succeed and the next one fails, for growing S.
 * A call fails cleanly and can be repeated; a request that was accepted is
 * answered, because what fails later is like a lost packet. Leaks, and
 * complaints of the kernel, are seen by the runner of the tests.
 */
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "t.h"

#define PORT 4000
#define FAULTS_MAX 3000
#define FAULTS_OFF 100000000	/* so many that none fails: to count them */
#define NETNS_LAST 120u

static int nth_file;
static unsigned int injected;

/* ---- faults ---- */

static bool set(const char *what, const char *name, unsigned long value)
{
	char path[200], text[32];
	int fd, length;
	bool ok;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", what, name);
	length = snprintf(text, sizeof(text), "%lu", value);
	fd = open(path, O_WRONLY);
	ok = fd >= 0 && write(fd, text, (size_t)length) == length;
	if (fd >= 0)
		close(fd);
	return ok;
}

static void must_set(const char *what, const char *name, unsigned long value)
{
	if (!set(what, name, value))
		t_die("/sys/kernel/debug/%s/%s", what, name);
}

/* No fault by chance; those that we ask for are not worth a stack trace. */
static void prepare(void)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		must_set(kinds[i], "verbose", 0);
		must_set(kinds[i], "probability", 0);
		must_set(kinds[i], "interval", 1);
	}
	/* Allocations that may wait can fail, too, and so can single pages. */
	must_set("failslab", "ignore-gfp-wait", 0);
	must_set("fail_page_alloc", "ignore-gfp-wait", 0);
	must_set("fail_page_alloc", "min-order", 0);
	nth_file = open("/proc/thread-self/fail-nth", O_RDWR);
	if (nth_file < 0)
		t_die("this kernel has no fault injection");
}

/* From here on the @n-th of what can fail fails; 0 = nothing. */
static void fail_nth(unsigned int n)
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

/* How many more had been needed for it to fail: 0 = it did. */
static unsigned int left_of_nth(void)
{
	char text[16] = "";
	ssize_t length = pread(nth_file, text, sizeof(text) - 1, 0);

	fail_nth(0);
	/* The fault hit this very call. */
	if (length < 0)
		return 1;
	if (!atoi(text))
		injected++;
	return (unsigned int)atoi(text);
}

/* ---- calls ---- */

struct world {
	struct t_sock server, client;
	struct t_addr addr;
	struct t_msg request, response;
	uint64_t id;
	size_t bytes;
};

static unsigned char body[HOMA_MAX_MESSAGE_LENGTH];

/* Another host each time, so that it is new to the kernel. */
static struct t_addr next_host(void)
{
	static unsigned int host;
	char text[32];

	host++;
	snprintf(text, sizeof(text), "127.%u.%u.%u", 1 + (host >> 16), host >> 8 & 255, host & 255);
	return t_addr(AF_INET, text, PORT);
}

static void make_world(struct world *w, size_t bytes)
{
	memset(w, 0, sizeof(*w));
	t_open(&w->server, AF_INET, PORT);
	t_open(&w->client, AF_INET, 0);
	w->bytes = bytes;
	w->addr = next_host();
}

static void end_world(struct world *w)
{
	t_close(&w->server);
	t_close(&w->client);
}

static int send_request(struct world *w)
{
	struct homa_sendmsg_args args = { .completion_cookie = 9 };
	int ret = t_sendmsg(&w->client, &w->addr, body, w->bytes, &args, 0);

	w->id = ret ? 0 : args.id;
	return ret;
}

static int receive(const struct t_sock *sock, struct t_msg *msg)
{
	ssize_t ret = t_recv(sock, msg, 0, MSG_DONTWAIT);

	return ret < 0 ? (int)ret : 0;
}

/* Carry the RPC on until the client has its response. */
static int finish(struct world *w)
{
	int ret, tries;

	for (tries = 0; tries < 3000; tries++) {
		ret = receive(&w->server, &w->request);
		if (!ret) {
			T_RET(w->request.length, w->bytes);
			T_OK(t_msg_is(&w->server, &w->request, 9));
			/* A response that fails ends the RPC; then it comes again. */
			t_echo(&w->server, &w->request);
		}
		ret = receive(&w->client, &w->response);
		if (!ret) {
			T_EQ(w->response.args.id, w->id);
			T_RET(w->response.length, w->bytes);
			T_OK(t_msg_is(&w->client, &w->response, 9));
			return 0;
		}
		if (ret != -EAGAIN)
			return ret;
		t_sleep_ms(1);
	}
	return -ETIME;
}

static bool clean(int ret)
{
	return ret == -ENOMEM || ret == -ENOBUFS || ret == -EFAULT || ret == -ENFILE ||
	       ret == -EAGAIN;
}

static int call_socket(struct world *w)
{
	int fd = socket(w->bytes ? AF_INET6 : AF_INET, SOCK_DGRAM, IPPROTO_HOMA);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int call_region(struct world *w)
{
	struct homa_rcvbuf_args args = {
		.start = (uintptr_t)w->server.region, .length = w->server.region_bytes,
	};
	int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_HOMA);
	int ret;

	if (fd < 0)
		return -errno;
	ret = setsockopt(fd, IPPROTO_HOMA, SO_HOMA_RCVBUF, &args, sizeof(args)) ? -errno : 0;
	close(fd);
	return ret;
}

static int call_bind(struct world *w)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(PORT + 1) };
	int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_HOMA);
	int ret;

	(void)w;
	if (fd < 0)
		return -errno;
	ret = bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
	close(fd);
	return ret;
}

static int call_info(struct world *w)
{
	struct homa_rpc_info rpcs[4];
	struct homa_info info = { .rpc_info = (uintptr_t)rpcs, .rpc_info_length = sizeof(rpcs) };

	return ioctl(w->client.fd, HOMAIOCINFO, &info) ? -errno : 0;
}

static int call_abort(struct world *w)
{
	return t_abort(&w->client, 0, 0);
}

static int call_receive(struct world *w)
{
	return receive(&w->server, &w->request);
}

static int call_respond(struct world *w)
{
	return t_echo(&w->server, &w->request);
}

/* How the RPC goes on after @call returned @ret. */
static void check_after(struct world *w, int (*call)(struct world *w), int ret)
{
	if (call == send_request) {
		/* What was not accepted can be tried again. */
		if (ret)
			T_RET(send_request(w), 0);
		T_RET(finish(w), 0);
	} else if (call == call_receive || call == call_respond) {
		if (call == call_respond ? ret == -EFAULT : !ret)
			t_echo(&w->server, &w->request);
		ret = ret ? finish(w) : T_RET(finish(w), 0);
		/*
		 * A request that did not reach the application, or a response that
		 * could not be made, ends the RPC (decision 0009).  If the system
		 * call fails behind our back, the server has the request and does
		 * not know it: the client waits for as long as the server lives.
		 */
		T_OK(ret >= 0 || ret == -ETIMEDOUT || (call == call_receive && ret == -ETIME));
	}
}

/* Sweep one call: @state of 1 wants a request under way, 2 one received. */
static void sweep(const char *name, int (*call)(struct world *w), size_t bytes, int state)
{
	unsigned int n, before = injected;
	struct world w;
	bool done;
	int ret;

	for (n = 1, done = false; !done && n < FAULTS_MAX; n++) {
		t_case("%s, fault %u", name, n);
		make_world(&w, bytes);
		if (state)
			T_RET(send_request(&w), 0);
		if (state)
			T_OK(T_WAIT(t_arrived(&w.server, 0), 200));
		if (state == 2)
			T_RET(receive(&w.server, &w.request), 0);
		fail_nth(n);
		ret = call(&w);
		done = left_of_nth();
		if (ret)
			T_OK(!done && clean(ret));
		check_after(&w, call, ret);
		end_world(&w);
	}
	T_OK(done);
	printf("%s: %u faults\n", name, injected - before);
}

static void check_calls(void)
{
	sweep("socket", call_socket, 0, 0);
	sweep("socket, IPv6", call_socket, 1, 0);
	sweep("SO_HOMA_RCVBUF", call_region, 1, 0);
	sweep("bind", call_bind, 1, 0);
	sweep("sendmsg, 1 byte", send_request, 1, 0);
	sweep("sendmsg, 20000 bytes", send_request, 20000, 0);
	sweep("HOMAIOCINFO", call_info, 100, 1);
	sweep("HOMAIOCABORT", call_abort, 100, 1);
	sweep("recvmsg", call_receive, 20000, 1);
	sweep("sendmsg, response of 1 byte", call_respond, 1, 2);
	sweep("sendmsg, response of 20000 bytes", call_respond, 20000, 2);
}

/* ---- RPCs ---- */

/* One atomic allocation fails, after @space bytes (or pages) of them. */
static void arm(const char *kind, unsigned int space)
{
	must_set(kind, "ignore-gfp-wait", 1);
	must_set(kind, "space", space);
	must_set(kind, "times", 1);
	must_set(kind, "probability", 100);
}

/* True if it did fail. */
static bool disarm(const char *kind)
{
	char path[100], text[16] = "";
	int fd;

	must_set(kind, "probability", 0);
	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/times", kind);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		t_die("%s", path);
	close(fd);
	must_set(kind, "ignore-gfp-wait", 0);
	if (atoi(text))
		return false;
	injected++;
	return true;
}

static void check_softirq(const char *kind, size_t bytes, unsigned int step)
{
	unsigned int space, before = injected;
	struct world w;
	bool hit;
	int ret;

	for (space = 0, hit = true; hit; space += step) {
		t_case("RPC of %zu bytes, %s after %u", bytes, kind, space);
		make_world(&w, bytes);
		arm(kind, space);
		ret = send_request(&w);
		if (ret)
			T_OK(clean(ret));
		else
			T_RET(finish(&w), 0);
		hit = disarm(kind);
		if (ret) {
			T_OK(hit);
			T_RET(send_request(&w), 0);
			T_RET(finish(&w), 0);
		}
		end_world(&w);
	}
	printf("RPC of %zu bytes, %s: %u faults\n", bytes, kind, injected - before);
}

static void check_rpcs(void)
{
	check_softirq("failslab", 100, 64);
	check_softirq("fail_page_alloc", 100, 1);
	check_softirq("failslab", 20000, 256);
	check_softirq("fail_page_alloc", 20000, 1);
}

/* ---- a namespace ---- */

/* Ours are among the last allocations: the youngest protocol comes last. */
static void check_netns(void)
{
	unsigned int n, total, failed = 0;
	int ret;

	t_case("namespace without faults");
	fail_nth(FAULTS_OFF);
	ret = unshare(CLONE_NEWNET) ? -errno : 0;
	total = FAULTS_OFF - left_of_nth();
	T_RET(ret, 0);
	T_OK(total > NETNS_LAST);
	for (n = total - NETNS_LAST; n <= total; n++) {
		t_case("namespace, fault %u of %u", n, total);
		fail_nth(n);
		ret = unshare(CLONE_NEWNET) ? -errno : 0;
		left_of_nth();
		if (ret)
			T_OK(clean(ret));
		failed += ret != 0;
	}
	T_OK(failed > 0);
	printf("namespace: the last %u of %u allocations, it failed %u times\n", NETNS_LAST, total,
	       failed);
}

/* ---- the first socket of a namespace ---- */

static void check_first(int family)
{
	unsigned int n, before = injected;
	bool done;
	int fd;

	for (n = 1, done = false; !done && n < FAULTS_MAX; n++) {
		t_case("first socket of family %d, fault %u", family, n);
		if (unshare(CLONE_NEWNET))
			t_die("unshare");
		fail_nth(n);
		fd = socket(family, SOCK_DGRAM, IPPROTO_HOMA);
		if (fd < 0)
			fd = -errno;
		done = left_of_nth();
		if (fd < 0) {
			T_OK(!done && clean(fd));
			fd = socket(family, SOCK_DGRAM, IPPROTO_HOMA);
		}
		T_OK(fd >= 0);
		close(fd);
	}
	T_OK(done);
	printf("first socket of family %d: %u faults\n", family, injected - before);
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
	fail_nth(n);
	*ret = load(fd);
	*left = left_of_nth();
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
			T_OK(clean(ret));
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

	t_begin("t_faults", 0);
	t_fill(body, sizeof(body), 9);
	prepare();
	if (!strcmp(what, "calls"))
		check_calls();
	else if (!strcmp(what, "rpcs"))
		check_rpcs();
	else if (!strcmp(what, "netns"))
		check_netns();
	else if (!strcmp(what, "first")) {
		check_first(AF_INET);
		check_first(AF_INET6);
	} else if (!strcmp(what, "load") && argc == 3) {
		check_load(argv[2]);
	} else {
		errx(2, "usage: t_faults calls|rpcs|netns|first|load FILE");
	}
	return t_end();
}
