// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa ping - round trips to a homa serve
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd.h"
#include "json.h"
#include "message.h"
#include "opts.h"
#include "perf_base.h"
#include "perf_cmd.h"
#include "perf_load.h"
#include "units.h"

/* The kernel gives up much earlier; this is for what it does not notice. */
#define PATIENCE_NS	60000000000ull

static const char * const protocol_names[] = { "homa", "tcp", NULL };

struct ping_opts {
	uint64_t count;
	uint64_t interval_ns;
	uint64_t bytes;
	unsigned int protocol;
	bool v4;
	bool v6;
	bool quiet;
	bool json;
};

static const struct opt opts[] = {
	OPT_COUNT("count", 'c', struct ping_opts, count, 0, 1000000000,
		  "stop after so many requests; 0 = when interrupted"),
	OPT_DURATION("interval", 'i', struct ping_opts, interval_ns, 0, 3600000000000,
		     "from one request to the next"),
	OPT_BYTES("size", 's', struct ping_opts, bytes, 1, PERF_BYTES_MAX,
		  "length of the request, and of the answer"),
	OPT_CHOICE("protocol", 'P', struct ping_opts, protocol, "NAME", protocol_names,
		   "homa or tcp"),
	OPT_FLAG("ipv4", '4', struct ping_opts, v4, "use IPv4"),
	OPT_FLAG("ipv6", '6', struct ping_opts, v6, "use IPv6"),
	OPT_FLAG("quiet", 'q', struct ping_opts, quiet, "print only the summary"),
	OPT_JSON(struct ping_opts, json),
	{ 0 }
};

static const struct opt_spec spec = {
	.args = "HOST[:PORT]", .min_args = 1, .max_args = 1,
	.about = "Measure round trips of requests to a homa serve.",
	.opts = opts,
};

/**
 * struct pinging - a run
 * @o: options
 * @server: whom
 * @sent: requests
 * @failed: of them, without an answer
 * @wrong: of them, with wrong bytes in the answer
 * @square_sum: of the times, in ns, for the deviation
 * @told: the advice was given
 * @hist: times
 */
struct pinging {
	const struct ping_opts *o;
	struct perf_addr server;
	uint64_t sent;
	uint64_t failed;
	uint64_t wrong;
	double square_sum;
	bool told;
	struct perf_hist hist;
};

/* What an error of a request means, and what to do. */
static const char *advice(int error)
{
	switch (error) {
	case ENOTCONN:
	case ECONNREFUSED:
	case ECONNRESET:
		return "homa serve, on that host: nobody listens on the port";
	case EPROTONOSUPPORT:
		return "modprobe homa, on that host: its kernel does not know Homa";
	case EHOSTUNREACH:
	case ENETUNREACH:
		return "ip route get HOST: the network does not lead there";
	case ETIMEDOUT:
		return "ping HOST; then look for a firewall that drops IP protocol 146";
	default:
		return NULL;
	}
}

static void tell_failure(struct pinging *p, int error)
{
	const char *text = advice(error);

	p->failed++;
	if (!p->o->json)
		printf("no answer from %s: seq=%llu %s\n", p->server.text,
		       (unsigned long long)p->sent, strerror(error));
	if (text && !p->told)
		hint("%s", text);
	p->told = true;
}

static void tell_answer(struct pinging *p, const struct perf_rpc *rpc, uint64_t took_ns)
{
	char text[UNITS_MAX];

	perf_hist_add(&p->hist, took_ns);
	p->square_sum += (double)took_ns * (double)took_ns;
	p->wrong += rpc->wrong;
	if (!p->o->quiet && !p->o->json)
		printf("%u bytes from %s: seq=%llu time=%s%s\n", rpc->msg.bytes, p->server.text,
		       (unsigned long long)p->sent, units_duration(took_ns, text),
		       rpc->wrong ? " WRONG BYTES" : "");
}

static double deviation_ns(const struct pinging *p)
{
	double mean = perf_hist_mean(&p->hist);

	if (!p->hist.count)
		return 0;
	return sqrt(fmax(0, p->square_sum / (double)p->hist.count - mean * mean));
}

static void summary_json(const struct pinging *p)
{
	json_t *root = json_new(json_object()), *times;

	json_set_text(root, "server", p->server.text);
	json_set_text(root, "protocol", protocol_names[p->o->protocol]);
	json_set_uint(root, "bytes", p->o->bytes);
	json_set_uint(root, "sent", p->sent);
	json_set_uint(root, "answered", p->hist.count);
	json_set_uint(root, "failed", p->failed);
	json_set_uint(root, "wrong", p->wrong);
	times = perf_json_hist(&p->hist, 1);
	json_set(times, "deviation", json_real(deviation_ns(p)));
	json_set(root, "time_ns", times);
	json_print(root);
}

static void summary(const struct pinging *p)
{
	char min[UNITS_MAX], median[UNITS_MAX], mean[UNITS_MAX], p99[UNITS_MAX], max[UNITS_MAX];
	char dev[UNITS_MAX];

	printf("\n%s: %llu sent, %llu answered", p->server.text, (unsigned long long)p->sent,
	       (unsigned long long)p->hist.count);
	if (p->failed)
		printf(", %llu failed", (unsigned long long)p->failed);
	if (p->wrong)
		printf(", %llu with WRONG BYTES", (unsigned long long)p->wrong);
	printf("\n");
	if (!p->hist.count)
		return;
	printf("time: min %s, median %s, mean %s, p99 %s, max %s, deviation %s\n",
	       units_duration(p->hist.min, min),
	       units_duration(perf_hist_quantile(&p->hist, 0.5), median),
	       units_duration((uint64_t)perf_hist_mean(&p->hist), mean),
	       units_duration(perf_hist_quantile(&p->hist, 0.99), p99),
	       units_duration(p->hist.max, max),
	       units_duration((uint64_t)deviation_ns(p), dev));
}

/* Until @when_ns, or until somebody wants an end. */
static void sleep_until(uint64_t when_ns)
{
	struct timespec when = {
		.tv_sec = (time_t)(when_ns / 1000000000), .tv_nsec = (long)(when_ns % 1000000000),
	};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL);
}

static int ping(struct pinging *p, struct perf_chan *chan, struct perf_why *why)
{
	struct perf_rpc rpc = {
		.msg = { .bytes = (uint32_t)p->o->bytes, .kind = PERF_ECHO },
	};
	uint64_t due_ns = perf_now_ns(), took_ns;
	int rc;

	while (!perf_stopped && (!p->o->count || p->sent < p->o->count)) {
		if (p->sent)
			sleep_until(due_ns += p->o->interval_ns);
		if (perf_stopped)
			break;
		rpc.msg.number = ++p->sent;
		rpc.error = 0;
		rpc.wrong = false;
		rc = perf_one(chan, &rpc, PATIENCE_NS, &took_ns);
		if (rc == -EINTR) {
			p->sent--;
			break;
		}
		/* This one may still be answered: it cannot be used again. */
		if (rc == -ETIMEDOUT)
			return perf_fail(why, rc, "%s", p->server.text);
		if (rc || rpc.error)
			tell_failure(p, rc ? -rc : rpc.error);
		else
			tell_answer(p, &rpc, took_ns);
	}
	return 0;
}

/**
 * cmd_ping() - homa ping
 * @argc: number of arguments
 * @argv: arguments
 *
 * Return: enum tool_exit; TOOL_FOUND if a request had no answer, or a wrong one.
 */
int cmd_ping(int argc, char **argv)
{
	struct ping_opts o = { .interval_ns = 1000000000, .bytes = 100 };
	struct perf_chan_config config = { .num_targets = 1, .connections = 1 };
	const struct perf_transport *transport;
	static struct pinging p;
	struct perf_chan *chan;
	struct perf_why why;
	int first, rc;

	rc = opts_parse(&spec, argc, argv, &o, &first);
	if (rc)
		return rc;
	p.o = &o;
	rc = perf_addr_parse(&p.server, argv[first], PERF_PORT_DEFAULT,
			     o.v4 ? AF_INET : o.v6 ? AF_INET6 : AF_UNSPEC, &why);
	if (rc)
		return perf_exit(rc, &why);
	perf_msg_init();
	transport = perf_transport_find(protocol_names[o.protocol]);
	config.targets = &p.server;
	rc = transport->open(&chan, &config, &why);
	if (rc)
		return perf_exit(rc, &why);

	perf_catch_signals();
	setlinebuf(stdout);
	if (!o.json)
		printf("%llu bytes to %s and back, over %s\n", (unsigned long long)o.bytes,
		       p.server.text, transport->about);
	rc = ping(&p, chan, &why);
	if (o.json)
		summary_json(&p);
	else
		summary(&p);
	chan->ops->close(chan);
	if (rc)
		return perf_exit(rc, &why);
	return p.failed || p.wrong || !p.sent ? TOOL_FOUND : TOOL_OK;
}
