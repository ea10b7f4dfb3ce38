// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * run_app.c - the `app` statement: ask the application process, check its
 * answer
 */
#include "run.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/** Receive region of sockets unless told otherwise, bytes. */
#define REGION_BYTES	(16 << 20)

/** How long `app recv` waits unless told otherwise. */
#define PATIENCE_NS	5000000000ll

static const struct {
	const char *name;
	enum app_op op;
} ops[] = {
	{ "socket", APP_SOCKET }, { "bind", APP_BIND },
	{ "server", APP_SERVER }, { "send", APP_SEND },
	{ "reply", APP_REPLY }, { "recv", APP_RECV },
	{ "release", APP_RELEASE }, { "abort", APP_ABORT },
	{ "shutdown", APP_SHUTDOWN }, { "close", APP_CLOSE },
	{ "info", APP_INFO }, { "poll", APP_POLL },
};

static bool has_word(const struct stmt *s, const char *word)
{
	int i;

	for (i = 2; i < s->words; i++)
		if (!strcmp(s->word[i], word))
			return true;
	return false;
}

/* Sockets are numbered in the order of their first mention. */
static int socket_number(const struct stmt *s)
{
	static const char *names[APP_SOCKETS_MAX];
	int i;

	for (i = 0; i < APP_SOCKETS_MAX; i++) {
		if (!names[i])
			names[i] = s->word[0];
		if (!strcmp(names[i], s->word[0]))
			return i;
	}
	return -1;
}

static bool fill_request(struct run *run, const struct stmt *s,
			 struct app_request *req)
{
	int64_t id = 0, cookie = 0, len = 0, seed = 0, host = 0, port = 0;
	int64_t region = REGION_BYTES, sndbuf = 0, error = 0;

	/* Where both exist: for recv these are checks, not inputs. */
	if (req->op != APP_RECV) {
		if (!run_arg(run, s, "cookie", &cookie) ||
		    !run_arg(run, s, "len", &len) ||
		    !run_arg(run, s, "host", &host) ||
		    !run_arg(run, s, "port", &port))
			return false;
	}
	if (!run_arg(run, s, "id", &id) || !run_arg(run, s, "seed", &seed) ||
	    !run_arg(run, s, "rcvbuf", &region) ||
	    !run_arg(run, s, "sndbuf", &sndbuf) ||
	    !run_arg(run, s, "error", &error))
		return false;
	if (req->op == APP_SOCKET &&
	    (!run_arg(run, s, "bind", &port)))
		return false;
	if (req->op == APP_SEND && !stmt_arg(s, "host"))
		host = run->config->self;
	req->sock = socket_number(s);
	if (req->sock < 0)
		return report_failure(run, s, "too many sockets");
	req->ip_version = run->config->ip_version;
	if (has_word(s, "inet"))
		req->ip_version = 4;
	else if (has_word(s, "inet6"))
		req->ip_version = 6;
	req->id = (uint64_t)id;
	req->cookie = (uint64_t)cookie;
	req->len = (uint32_t)len;
	req->seed = (uint32_t)seed;
	req->any_data = seed == 0xffffffff;
	req->host = (unsigned int)host;
	req->port = (uint16_t)port;
	req->region = has_word(s, "nobuf") ? 0 : (uint64_t)region;
	req->sndbuf = (int)sndbuf;
	req->error = (int)error;
	req->on = has_word(s, "on");
	req->is_private = has_word(s, "private");
	req->keep = has_word(s, "keep");
	return true;
}

/* Compare one result, and store it if the script captures it. */
static bool result(struct run *run, const struct stmt *s, const char *name,
		   uint64_t value)
{
	const struct arg *arg = stmt_arg(s, name);
	char why[200];

	if (!arg)
		return true;
	if (!run_compare(run, s, arg, name, value, ~0ull, why, sizeof(why)))
		return report_failure(run, s, "%s", why);
	return run_capture(run, s, name, (int64_t)value);
}

static bool check_errno(struct run *run, const struct stmt *s,
			const struct app_answer *ans)
{
	if (stmt_arg(s, "errno"))
		return result(run, s, "errno", (uint64_t)ans->err);
	if (!ans->err)
		return true;
	return report_failure(run, s, "the call failed: %s",
			      strerror(ans->err));
}

static bool check_recv(struct run *run, const struct stmt *s,
		       const struct app_answer *ans,
		       const struct window *window)
{
	char why[200];

	if (has_word(s, "none")) {
		if (ans->err == EAGAIN)
			return true;
		return report_failure(run, s, "a message came (errno %d, %u bytes, id %llu)",
				      ans->err, ans->len,
				      (unsigned long long)ans->id);
	}
	if (ans->err == EAGAIN && !stmt_arg(s, "errno"))
		return report_failure(run, s, "nothing came in time");
	if (!check_errno(run, s, ans))
		return false;
	if (has_word(s, "request") && !(ans->id & 1))
		return report_failure(run, s, "a response came, not a request");
	if (has_word(s, "response") && ans->id & 1)
		return report_failure(run, s, "a request came, not a response");
	if (ans->wrong[0])
		return report_failure(run, s, "the message is wrong: %s",
				      ans->wrong);
	if (!result(run, s, "id", ans->id) ||
	    !result(run, s, "len", ans->len) ||
	    !result(run, s, "cookie", ans->cookie) ||
	    !result(run, s, "port", ans->port) ||
	    !result(run, s, "host", (uint64_t)ans->host))
		return false;
	if (!run_in_window(window, ans->when_ns, why, sizeof(why)))
		return report_failure(run, s, "%s", why);
	return true;
}

static bool check_answer(struct run *run, const struct stmt *s,
			 const struct app_request *req,
			 const struct app_answer *ans,
			 const struct window *window)
{
	if (req->op == APP_RECV)
		return check_recv(run, s, ans, window);
	if (!check_errno(run, s, ans))
		return false;
	switch (req->op) {
	case APP_SOCKET:
		return run_capture(run, s, "port", ans->port);
	case APP_SEND:
		return run_capture(run, s, "id", (int64_t)ans->id);
	case APP_INFO:
		return result(run, s, "num_rpcs", ans->num_rpcs) &&
		       result(run, s, "avail", ans->avail);
	case APP_POLL:
		return result(run, s, "in", !!(ans->ready & POLLIN)) &&
		       result(run, s, "out", !!(ans->ready & POLLOUT));
	default:
		return true;
	}
}

/**
 * run_app() - make a socket call in the host's namespace and check it
 * @run: the run
 * @s: an `app` statement
 *
 * Return: true if the result is what the script says.
 */
bool run_app(struct run *run, const struct stmt *s)
{
	int64_t patience_ns = PATIENCE_NS;
	struct app_request req = { 0 };
	struct app_answer ans;
	struct window window;
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (!strcmp(ops[i].name, s->word[1]))
			req.op = ops[i].op;
	if (has_word(s, "none"))
		patience_ns = 0;
	if (!fill_request(run, s, &req) ||
	    !run_arg(run, s, "for", &patience_ns) ||
	    !run_window(run, s, patience_ns, &window))
		return false;
	if (req.op == APP_RECV)
		req.deadline_ns = window.last_ns;
	if (run->app.fd < 0 && !app_start(&run->app, run->config->host_ns))
		return report_failure(run, s, "cannot start the application process");
	if (!app_call(&run->app, &req, &ans))
		return report_failure(run, s, "the application process hangs or died");
	report_event(run, ans.when_ns, "  app %s %s: %s%s id=%llu len=%u",
		     s->word[0], s->word[1], ans.err ? "errno " : "ok",
		     ans.err ? strerrorname_np(ans.err) : "",
		     (unsigned long long)ans.id, ans.len);
	if (!check_answer(run, s, &req, &ans, &window))
		return false;
	run->last_ns = ans.when_ns;
	return true;
}
