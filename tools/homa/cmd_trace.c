// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa trace - a readable time line of one RPC, one host, or all
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "info.h"
#include "json.h"
#include "message.h"
#include "metrics.h"
#include "opts.h"
#include "term.h"
#include "trace_line.h"
#include "tracefs.h"
#include "units.h"

/* How long a packet of data is kept, for those that follow to be merged. */
#define MERGE_MS	100

/* RPCs of the wanted host that are remembered; a power of two. */
#define SEEN		4096

struct trace_opts {
	bool json;
	bool every;
	const char *id;
	const char *peer;
	uint64_t for_ns;
	uint64_t rpcs;
};

static const struct opt opts[] = {
	OPT_TEXT("id", 'r', struct trace_opts, id, "RPC", "only this RPC (homa ss lists them)"),
	OPT_TEXT("peer", 'H', struct trace_opts, peer, "ADDRESS", "only what concerns this host"),
	OPT_COUNT("rpcs", 'n', struct trace_opts, rpcs, 1, 1000000,
		  "stop when so many RPCs have ended"),
	OPT_DURATION("for", 't', struct trace_opts, for_ns, 1000000, 86400000000000,
		     "stop after this time"),
	OPT_FLAG("every", 'e', struct trace_opts, every,
		 "a line for every packet; else runs of data are merged"),
	OPT_JSON(struct trace_opts, json),
	{ 0 }
};

static const struct opt_spec spec = {
	.about = "Follow RPCs through the kernel's tracepoints and say in words what happens "
		 "to them, until ^C.",
	.more = "Times are microseconds since the first line. What needs attention is in "
		"capitals. Both sides are shown if both are on this machine. Takes root.\n"
		"Example: homa trace --peer 10.0.0.2 --rpcs 1",
	.opts = opts,
};

/**
 * struct view - state while events come
 * @opts: options
 * @id: wanted RPC, as the client calls it; 0 = any
 * @peer: wanted host, if @opts names one
 * @start_ns: time of the first line
 * @ended: RPCs that ended
 * @held: an event that may grow
 * @holding: @held is valid
 * @meanings: names of drops and their words
 * @seen: RPCs with the wanted host, by a part of their id
 */
struct view {
	const struct trace_opts *opts;
	uint64_t id;
	struct in6_addr peer;
	uint64_t start_ns;
	uint64_t ended;
	struct trace_event held;
	bool holding;
	struct metrics meanings;
	uint64_t seen[SEEN];
};

/* The counter of a drop has its reason in words. */
static const char *drop_words(const struct view *view, const char *why)
{
	size_t i;

	for (i = 0; i < view->meanings.count; i++)
		if (!strncmp(view->meanings.list[i].name, "drop_", 5) &&
		    !strcmp(view->meanings.list[i].name + 5, why))
			return view->meanings.list[i].text;
	return "";
}

static void print_line(const struct view *view, const struct trace_event *e)
{
	char text[TRACE_TEXT_MAX];
	const char *more = "";

	trace_text(e, text);
	if (!strcmp(e->name, "drop"))
		more = drop_words(view, e->why);
	printf("%11.0f  ", (double)(e->when_ns - view->start_ns) / 1e3);
	if (!view->id && e->id)
		printf("%20llu  ", (unsigned long long)e->id);
	else if (!view->id)
		printf("%20s  ", "");
	printf("%-6s  %s%s%s\n", !e->id ? "" : e->client ? "client" : "server", text,
	       *more ? ": " : "", more);
	fflush(stdout);
}

static void set_host(json_t *object, const char *key, const struct in6_addr *address)
{
	char text[INFO_ADDRESS_MAX];

	if (!IN6_IS_ADDR_UNSPECIFIED(address))
		json_set_text(object, key, info_address(address, text));
}

static void print_json(const struct view *view, const struct trace_event *e)
{
	json_t *object = json_new(json_object());
	char text[TRACE_TEXT_MAX], id[24];

	json_set_uint(object, "time_ns", e->when_ns);
	json_set_text(object, "event", e->name);
	if (e->id) {
		snprintf(id, sizeof(id), "%llu", (unsigned long long)e->id);
		json_set_text(object, "rpc", id);
		json_set_text(object, "side", e->client ? "client" : "server");
	}
	set_host(object, "from", &e->from);
	set_host(object, "to", &e->to);
	set_host(object, "peer", &e->peer);
	if (*e->type) {
		json_set_text(object, "type", e->type);
		json_set_uint(object, "offset", e->offset);
		json_set_uint(object, "bytes", e->bytes);
		json_set_bool(object, "retransmit", e->retransmit);
	}
	if (e->error)
		json_set_uint(object, "error", (uint64_t)e->error);
	if (*e->why)
		json_set_text(object, "why", e->why);
	if (!strcmp(e->name, "drop"))
		json_set_text(object, "meaning", drop_words(view, e->why));
	json_set_text(object, "text", trace_text(e, text));
	json_print_line(object);
}

static void flush_held(struct view *view)
{
	if (view->holding)
		print_line(view, &view->held);
	view->holding = false;
}

static bool wanted(struct view *view, const struct trace_event *e)
{
	uint64_t *seen = &view->seen[e->id / 2 % SEEN];

	/* A dropped packet names no RPC. */
	if (view->id && e->id && e->id != view->id)
		return false;
	if (!view->opts->peer)
		return true;
	/* Some events name the RPC only. */
	if (!trace_concerns(e, &view->peer))
		return e->id && *seen == e->id && IN6_IS_ADDR_UNSPECIFIED(&e->peer) &&
		       !*e->type;
	*seen = e->id;
	return true;
}

static void take(struct view *view, const char *line)
{
	struct trace_event event;

	if (strstr(line, "LOST")) {
		complain("events were lost: there were too many");
		hint("choose one RPC (--id) or one host that is less busy");
	}
	if (!trace_parse(line, &event) || !wanted(view, &event))
		return;
	if (!strcmp(event.name, "rpc_end"))
		view->ended++;
	if (!view->start_ns)
		view->start_ns = event.when_ns;
	if (view->opts->json) {
		print_json(view, &event);
		return;
	}
	if (!trace_shown(&event) && !view->opts->every)
		return;
	if (view->holding && !view->opts->every && trace_merge(&view->held, &event))
		return;
	flush_held(view);
	view->held = event;
	view->holding = true;
}

/* All lines that are there. */
static void drain(struct view *view, int fd)
{
	static char buffer[65536];
	static size_t used;
	char *line = buffer, *end;
	ssize_t len;

	while ((len = read(fd, buffer + used, sizeof(buffer) - 1 - used)) > 0) {
		used += (size_t)len;
		buffer[used] = 0;
		for (line = buffer; (end = strchr(line, '\n')); line = end + 1) {
			*end = 0;
			take(view, line);
		}
		used -= (size_t)(line - buffer);
		memmove(buffer, line, used);
		/* No line of an event is that long. */
		if (used == sizeof(buffer) - 1)
			used = 0;
	}
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void follow(struct view *view, const struct tracefs *t)
{
	struct pollfd pfd = { .fd = t->fd, .events = POLLIN };
	uint64_t until = now_ns() + view->opts->for_ns;
	bool ready;

	while (term_sleep(0)) {
		if (view->opts->for_ns && now_ns() >= until)
			break;
		if (view->opts->rpcs && view->ended >= view->opts->rpcs)
			break;
		/* Old kernels wake nobody before the buffer is half full. */
		ready = poll(&pfd, 1, MERGE_MS) > 0;
		drain(view, t->fd);
		if (!ready)
			flush_held(view);
	}
	tracefs_quiet(t);
	drain(view, t->fd);
	flush_held(view);
}

static int understand(const struct trace_opts *o, struct view *view)
{
	char *end = NULL;

	if (o->id) {
		errno = 0;
		view->id = strtoull(o->id, &end, 10) & ~1ULL;
		if (errno || *end || !view->id) {
			complain("--id: \"%s\" is no id of an RPC", o->id);
			hint("homa ss");
			return TOOL_USAGE;
		}
	}
	if (o->peer && !info_parse_address(o->peer, &view->peer)) {
		complain("--peer: \"%s\" is no numeric address", o->peer);
		hint("getent hosts %s", o->peer);
		return TOOL_USAGE;
	}
	return TOOL_OK;
}

/**
 * cmd_trace() - follow RPCs
 * @argc: number of words
 * @argv: words
 *
 * Return: enum tool_exit.
 */
int cmd_trace(int argc, char **argv)
{
	static struct view view;
	struct trace_opts o = { 0 };
	struct tracefs t;
	int rc, first;

	opts_parse(&spec, argc, argv, &o, &first);
	view.opts = &o;
	rc = understand(&o, &view);
	if (!rc)
		rc = tracefs_start(&t, view.id);
	if (rc)
		return rc;
	if (metrics_read(&view.meanings))
		memset(&view.meanings, 0, sizeof(view.meanings));
	if (!o.json)
		fprintf(stderr, "Following %s. ^C ends.\n",
			o.id ? "the RPC" : o.peer ? "the host" : "all RPCs");
	follow(&view, &t);
	tracefs_stop(&t);
	metrics_free(&view.meanings);
	return TOOL_OK;
}
