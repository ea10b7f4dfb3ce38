// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa perf - load, and what it does to the times of requests
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "json.h"
#include "message.h"
#include "opts.h"
#include "perf_cmd.h"
#include "perf_report.h"
#include "units.h"

#define CLIENTS_MAX	256
#define SERVERS_MAX	1024
#define BASE_ROUNDS	5
/* Enough requests under way in an open loop to see that the load is too much. */
#define OPEN_DEPTH	16384

static const char * const protocol_names[] = { "homa", "tcp", NULL };

struct perf_opts {
	const char *workload;
	uint64_t duration_ns;
	uint64_t warmup_ns;
	uint64_t drain_ns;
	uint64_t rate;
	uint64_t bits_per_s;
	uint64_t depth;
	uint64_t threads;
	uint64_t connections;
	uint64_t seed;
	unsigned int protocol;
	const char *congestion;
	const char *base;
	const char *save_base;
	const char *report;
	bool no_base;
	bool sink;
	bool v4;
	bool v6;
	bool quiet;
	bool json;
};

static const struct opt opts[] = {
	OPT_TEXT("workload", 'w', struct perf_opts, workload, "SIZES",
		 "message sizes: W1 to W5, or bytes with commas between (default 100)"),
	OPT_COUNT("rate", 'r', struct perf_opts, rate, 0, 1000000000,
		  "open loop: requests per second, of all threads together; 0 = closed loop"),
	OPT_COUNT("bandwidth", 'b', struct perf_opts, bits_per_s, 0, 1000000000000,
		  "open loop: the same as bits per second of requests"),
	OPT_COUNT("depth", 'n', struct perf_opts, depth, 1, 65536,
		  "closed loop: requests under way in each thread"),
	OPT_COUNT("threads", 't', struct perf_opts, threads, 1, CLIENTS_MAX, "client threads"),
	OPT_DURATION("duration", 'd', struct perf_opts, duration_ns, 1000000, 86400000000000,
		     "measured time"),
	OPT_DURATION("warmup", 0, struct perf_opts, warmup_ns, 0, 3600000000000,
		     "load before it"),
	OPT_DURATION("drain", 0, struct perf_opts, drain_ns, 0, 3600000000000,
		     "load after it, until all is answered, at most"),
	OPT_CHOICE("protocol", 'P', struct perf_opts, protocol, "NAME", protocol_names,
		   "homa or tcp"),
	OPT_COUNT("connections", 'c', struct perf_opts, connections, 1, 4096,
		  "TCP: connections from each thread to each server"),
	OPT_TEXT("congestion", 'C', struct perf_opts, congestion, "NAME",
		 "TCP: congestion control, such as dctcp"),
	OPT_FLAG("sink", 0, struct perf_opts, sink, "one way: answers have 9 bytes at most"),
	OPT_COUNT("seed", 0, struct perf_opts, seed, 0, UINT64_MAX / 2, "of all random numbers"),
	OPT_TEXT("baseline", 0, struct perf_opts, base, "FILE",
		 "times on the idle network, from --save-baseline (default: measure them first)"),
	OPT_TEXT("save-baseline", 0, struct perf_opts, save_base, "FILE",
		 "write the times on the idle network"),
	OPT_FLAG("no-baseline", 0, struct perf_opts, no_base, "do without slowdowns"),
	OPT_TEXT("report", 0, struct perf_opts, report, "FILE.html",
		 "write a page with plots"),
	OPT_FLAG("ipv4", '4', struct perf_opts, v4, "use IPv4"),
	OPT_FLAG("ipv6", '6', struct perf_opts, v6, "use IPv6"),
	OPT_FLAG("quiet", 'q', struct perf_opts, quiet, "show no progress"),
	OPT_JSON(struct perf_opts, json),
	{ 0 }
};

static const struct opt_spec spec = {
	.args = "HOST[:PORT]...", .min_args = 1, .max_args = SERVERS_MAX,
	.about = "Load hosts that run homa serve, and time the answers.",
	.more = "Examples:\n"
		"  homa perf -w 100 -n 16 10.0.0.2\n"
		"  homa perf -w W4 -b 5G -t 4 --report w4.html 10.0.0.2 10.0.0.3\n",
	.opts = opts,
};

static void show_progress(const struct perf_progress *p, void *context)
{
	char rate[UNITS_MAX], bits[UNITS_MAX], p50[UNITS_MAX], p99[UNITS_MAX];
	bool terminal = *(bool *)context;

	/* On a terminal each line takes the place of the one before. */
	fprintf(stderr, "%s%3.0f s of %.0f%s  %s/s  %sbit/s  median %s  p99 %s  %llu under way",
		terminal ? "\r\033[K" : "", (double)p->elapsed_ns / 1e9,
		(double)p->total_ns / 1e9, p->measuring ? "" : " (warm-up)",
		units_count(p->requests_per_s, rate), units_count(p->bytes_per_s * 8, bits),
		units_duration(p->p50_ns, p50), units_duration(p->p99_ns, p99),
		(unsigned long long)p->under_way);
	if (p->failed)
		fprintf(stderr, "  %llu failed", (unsigned long long)p->failed);
	if (!terminal)
		fprintf(stderr, "\n");
	fflush(stderr);
}

static int parse_servers(struct perf_addr *servers, char **names, unsigned int num,
			 const struct perf_opts *o)
{
	int family = o->v4 ? AF_INET : o->v6 ? AF_INET6 : AF_UNSPEC;
	struct perf_why why;
	unsigned int i;
	int rc;

	for (i = 0; i < num; i++) {
		rc = perf_addr_parse(&servers[i], names[i], PERF_PORT_DEFAULT, family, &why);
		if (rc)
			return perf_exit(rc, &why);
		family = servers[0].sa.sa_family;
	}
	return TOOL_OK;
}

static int parse_workload(struct perf_dist *dist, const char *text)
{
	int rc = perf_dist_parse(dist, text, PERF_BYTES_MAX);

	if (!rc)
		return TOOL_OK;
	if (rc == -ERANGE)
		complain("\"%s\": a message has at most %d bytes", text, PERF_BYTES_MAX);
	else if (rc == -E2BIG)
		complain("\"%s\": at most %d sizes", text, PERF_POINTS_MAX);
	else
		complain("\"%s\" is neither W1 to W5 nor a list of sizes", text);
	hint("--workload W3, or --workload 100,20k");
	return TOOL_USAGE;
}

/* Times on the idle network: from a file, or measured now. */
static int get_base(struct perf_base *base, const struct perf_load *load,
		    const struct perf_opts *o)
{
	struct perf_chan_config config = {
		.targets = load->clients[0].targets, .num_targets = 1, .connections = 1,
		.congestion = load->congestion,
	};
	const struct perf_dist *dist = load->dist;
	uint32_t longest = dist->points[dist->num_points - 1].bytes;
	struct perf_why why;
	int rc;

	if (longest > dist->max_bytes)
		longest = dist->max_bytes;
	if (o->base)
		rc = perf_base_load(base, o->base, &why);
	else
		rc = perf_base_measure(base, load->transport, &config, load->kind, longest,
				       BASE_ROUNDS, &why);
	if (!rc && o->save_base)
		rc = perf_base_save(base, o->save_base, &why);
	return rc ? perf_exit(rc, &why) : TOOL_OK;
}

static int run(const struct perf_opts *o, struct perf_load *load, struct perf_report *report,
	       struct perf_result *result)
{
	bool terminal = isatty(STDERR_FILENO);
	char line[PERF_LINE_MAX];
	struct perf_why why;
	int rc;

	if (!o->json)
		printf("%s\n", perf_report_load(report, line));
	fflush(stdout);
	perf_catch_signals();
	rc = perf_load_run(load, result, o->quiet ? NULL : show_progress, &terminal, &why);
	if (!o->quiet && terminal)
		fprintf(stderr, "\r\033[K");
	if (rc)
		return perf_exit(rc, &why);
	if (o->json)
		json_print(perf_report_json(report));
	else
		perf_report_print(report, stdout);
	if (o->report) {
		rc = perf_report_html(report, o->report, &why);
		if (rc)
			return perf_exit(rc, &why);
		if (!o->json)
			printf("\nThe report is in %s\n", o->report);
	}
	return result->failed || result->wrong || result->unfinished || result->unsent ||
	       !result->answered ? TOOL_FOUND : TOOL_OK;
}

/* From options to what the threads do. */
static void fill_load(struct perf_load *load, const struct perf_opts *o,
		      struct perf_client *clients, const struct perf_addr *servers,
		      unsigned int num_servers)
{
	unsigned int i;

	for (i = 0; i < o->threads; i++)
		clients[i] = (struct perf_client){ .targets = servers, .num_targets = num_servers,
						   .stream = i };
	load->transport = perf_transport_find(protocol_names[o->protocol]);
	load->kind = o->sink ? PERF_SINK : PERF_ECHO;
	load->clients = clients;
	load->num_clients = (unsigned int)o->threads;
	load->connections = (unsigned int)o->connections;
	load->congestion = o->congestion;
	load->rate = (double)o->rate / (double)o->threads;
	if (o->bits_per_s)
		load->rate = (double)o->bits_per_s / 8 / load->dist->mean_bytes /
			     (double)o->threads;
	load->depth = load->rate > 0 ? OPEN_DEPTH : (unsigned int)o->depth;
	load->seed = o->seed;
	load->warmup_ns = o->warmup_ns;
	load->measure_ns = o->duration_ns;
	load->drain_ns = o->drain_ns;
	load->stop = &perf_stopped;
}

/**
 * cmd_perf() - homa perf
 * @argc: number of arguments
 * @argv: arguments
 *
 * Return: enum tool_exit; TOOL_FOUND if a request was not answered rightly and in time.
 */
int cmd_perf(int argc, char **argv)
{
	struct perf_opts o = {
		.workload = "100", .duration_ns = 10000000000, .warmup_ns = 500000000,
		.drain_ns = 10000000000, .depth = 1, .threads = 1, .connections = 1, .seed = 1,
	};
	static struct perf_client clients[CLIENTS_MAX];
	static struct perf_addr servers[SERVERS_MAX];
	static struct perf_result result;
	static struct perf_base base;
	static struct perf_dist dist;
	struct perf_load load = { .dist = &dist };
	struct perf_report report = { .load = &load, .result = &result, .servers = servers };
	int first, rc;

	rc = opts_parse(&spec, argc, argv, &o, &first);
	if (rc)
		return rc;
	if (o.rate && o.bits_per_s) {
		complain("--rate and --bandwidth both say how much to send");
		hint("one of them");
		return TOOL_USAGE;
	}
	rc = parse_workload(&dist, o.workload);
	if (rc)
		return rc;
	report.num_servers = (unsigned int)(argc - first);
	rc = parse_servers(servers, argv + first, report.num_servers, &o);
	if (rc)
		return rc;
	perf_msg_init();
	fill_load(&load, &o, clients, servers, report.num_servers);
	if (!o.no_base) {
		rc = get_base(&base, &load, &o);
		if (rc)
			return rc;
		load.base = &base;
	}
	return run(&o, &load, &report, &result);
}
