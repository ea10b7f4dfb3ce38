// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Runs conversations: without options a fixed set of seeds and some fresh
 * ones, each with its own faults and settings; with options those instead.
 *
 * items: E5 E9 E16 E19 F2
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim.h"

#define FIXED_SEEDS	200
#define FRESH_SEEDS	20
/* After the last sign of life everything is over within this time. */
#define END_NS		(120000 * MS_NS)

struct options {
	u64 seed;
	u32 seeds;
	u32 rpcs;		/* 0 = from the seed, as all below */
	u32 hosts;
	int loss;		/* -1 = from the seed */
	int duplicate;
	int jitter_us;
	int blackout_ms;
	bool verbose;
};

static u32 pick(struct sim *s, u32 a, u32 b, u32 c, u32 d)
{
	const u32 of[] = { a, b, c, d };

	return of[sim_below(s, 4)];
}

static void choose_faults(struct sim *s, const struct options *o)
{
	struct faults *f = &s->faults;

	f->loss = pick(s, 0, 10, 50, 100);
	f->duplicate = pick(s, 0, 0, 20, 200);
	f->delay_us = pick(s, 1, 5, 50, 500);
	f->jitter_us = pick(s, 0, 10, 200, 5000);
	f->late_us = pick(s, 0, 0, 4000, 50000);
	f->abort = pick(s, 0, 0, 0, 100);
	if (sim_chance(s, 100))
		f->blackout_ns = sim_below(s, 20000) * US_NS + 1;
	else if (sim_chance(s, 100))
		f->loss = 150 + sim_below(s, 600);
	if (o->loss >= 0)
		f->loss = (u32)o->loss;
	if (o->duplicate >= 0)
		f->duplicate = (u32)o->duplicate;
	if (o->jitter_us >= 0)
		f->jitter_us = (u32)o->jitter_us;
	if (o->blackout_ms >= 0)
		f->blackout_ns = (u64)o->blackout_ms * MS_NS;
}

static void choose_settings(struct sim *s)
{
	static const struct homa_config defaults = HOMA_CONFIG_DEFAULTS;

	s->cfg = defaults;
	s->cfg.unsched_bytes = pick(s, 40000, 60000, 1, 1400);
	s->cfg.max_incoming = pick(s, 400000, 400000, 100000, 1);
	s->cfg.window = pick(s, 0, 0, 10000, 1000000);
	s->cfg.max_overcommit = pick(s, 8, 8, 2, 1);
	s->cfg.grant_fifo_fraction = pick(s, 50, 50, 0, 500);
	s->cfg.link_mbps = pick(s, 25000, 25000, 1000, 100000);
	s->cfg.pacer_fifo_fraction = pick(s, 50, 50, 0, 500);
	/* From plenty to room for one message at a time. */
	s->pool_bytes = pick(s, 100000000, 100000000, 3000000,
			     HOMA_MSG_BYTES_MAX);
}

static void start(struct sim *s, u64 seed, const struct options *o)
{
	struct host *host;
	u32 i;

	memset(s, 0, sizeof(*s));
	s->seed = seed;
	s->random = seed;
	s->verbose = o->verbose;
	choose_faults(s, o);
	choose_settings(s);
	s->num_hosts = pick(s, 2, 2, 3, HOSTS_MAX);
	if (o->hosts)
		s->num_hosts = o->hosts;
	for (i = 0; i < s->num_hosts; i++) {
		host = &s->hosts[i];
		INIT_LIST_HEAD(&host->rpcs);
		INIT_LIST_HEAD(&host->stalled);
		homa_grantor_init(&host->grantor);
		homa_srpt_init(&host->srpt);
		host->pool_bytes = s->pool_bytes;
		/* The same ids at different hosts are different RPCs. */
		host->next_id = 2;
	}
	i = pick(s, 1, 10, 20, 40);
	app_plan(s, o->rpcs ? o->rpcs : i);
}

static void step(struct sim *s, const struct event *e)
{
	switch (e->kind) {
	case EV_PACKET:
		rx_packet(s, e);
		free(e->packet);
		break;
	case EV_TICK:
		host_tick(s, e);
		break;
	case EV_PACE:
		tx_pace(s, e->host);
		break;
	case EV_GRANT:
		tx_grant(s, e->host, e->peer, e->id, e->offset, e->priority);
		break;
	default:
		app_event(s, e);
	}
}

static void run(u64 seed, const struct options *o)
{
	static struct sim sim;
	struct sim *s = &sim;
	struct event e;
	u32 i, failed = 0;

	printf("seed %llu", seed);
	fflush(stdout);
	start(s, seed, o);
	printf(": %u hosts, %u calls, loss %u, duplicates %u, delay %u+%u us%s\n",
	       s->num_hosts, s->num_calls, s->faults.loss,
	       s->faults.duplicate, s->faults.delay_us, s->faults.jitter_us,
	       s->faults.blackout_ns ? ", blackout" : "");
	fflush(stdout);
	while (sim_pop(s, &e)) {
		CHECK(s, e.at_ns >= s->now_ns);
		s->now_ns = e.at_ns;
		s->steps++;
		step(s, &e);
		check_host(s, e.host);
		CHECK(s, s->now_ns < END_NS);
	}
	check_end(s);
	for (i = 0; i < s->num_calls; i++)
		failed += !!s->calls[i].error;
	printf("  %llu packets, %llu lost, %u timed out, %.3f s\n", s->packets,
	       s->lost, failed, (double)s->now_ns / 1e9);
	free(s->events);
}

static void usage(const char *name)
{
	fprintf(stderr,
		"usage: %s [--seed N] [--seeds N] [--rpcs N] [--hosts N]\n"
		"  [--loss PER_MILLE] [--duplicate PER_MILLE] [--jitter US]\n"
		"  [--blackout MS] [--verbose]\n", name);
	exit(2);
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seeds", required_argument, NULL, 'n' },
		{ "rpcs", required_argument, NULL, 'r' },
		{ "hosts", required_argument, NULL, 'h' },
		{ "loss", required_argument, NULL, 'l' },
		{ "duplicate", required_argument, NULL, 'd' },
		{ "jitter", required_argument, NULL, 'j' },
		{ "blackout", required_argument, NULL, 'b' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 's':
			o->seed = strtoull(optarg, NULL, 0);
			o->seeds = max(o->seeds, 1u);
			break;
		case 'n':
			o->seeds = (u32)strtoul(optarg, NULL, 0);
			break;
		case 'r':
			o->rpcs = (u32)strtoul(optarg, NULL, 0);
			break;
		case 'h':
			o->hosts = (u32)strtoul(optarg, NULL, 0);
			break;
		case 'l':
			o->loss = atoi(optarg);
			break;
		case 'd':
			o->duplicate = atoi(optarg);
			break;
		case 'j':
			o->jitter_us = atoi(optarg);
			break;
		case 'b':
			o->blackout_ms = atoi(optarg);
			break;
		case 'v':
			o->verbose = true;
			break;
		default:
			usage(argv[0]);
		}
	}
	if (optind < argc || o->rpcs > CALLS_MAX || o->hosts > HOSTS_MAX ||
	    o->hosts == 1)
		usage(argv[0]);
}

int main(int argc, char **argv)
{
	struct options o = {
		.seed = 1,
		.loss = -1,
		.duplicate = -1,
		.jitter_us = -1,
		.blackout_ms = -1,
	};
	u32 i;

	parse(&o, argc, argv);
	for (i = 0; i < (o.seeds ? o.seeds : FIXED_SEEDS); i++)
		run(o.seed + i, &o);
	if (o.seeds)
		return 0;
	/* And some that nobody has seen before. */
	o.seed = (u64)time(NULL) * 1000;
	for (i = 0; i < FRESH_SEEDS; i++)
		run(o.seed + i, &o);
	return 0;
}
