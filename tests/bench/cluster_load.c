// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * cluster_load - load between all hosts of a cluster of network namespaces
 *
 *    cluster_load -N 8 -R 40 -M base.json         measure the idle network, with Homa
 *    cluster_load -N 8 -R 40 -B base.json -P tcp -c 8 -w W3 -l 80 -n 5000
 *    cluster_load -w W3 -K 15000                  cutoffs that hosts learn from W3
 *
 * Hosts are the namespaces h1 to hN with addresses 10.0.0.1 to 10.0.0.N, the switch is
 * the namespace sw with the ports p1 to pN (cluster.sh makes them).  Each host runs a
 * server and a client of the load generator of homa perf; a request goes to one of the
 * other hosts and comes back.  With the same seed each protocol gets the same requests
 * at the same times.  Prints one line of JSON.
 *
 * Load is the share of a link that the messages take, with the headers that Homa needs for
 * them, each way: a host's uplink carries its requests, and its answers to others.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cluster.h"
#include "core/prio.h"
#include "perf_cmd.h"

#define PORT		4100
#define BULK_PORT	4101
#define BASE_ROUNDS	2
/* The load goes on until the last request that counts is answered: for so long at most,
 * or for as long as was measured.
 */
#define DRAIN_NS	3000000000ull
/* The load before the measured time, as a part of it. */
#define WARMUP_PART	4
/* Messages that tell the distribution of the sizes. */
#define LEARNED_MESSAGES	1000000
/* Both ends of all connections are in this process: 32 for each pair of 8 hosts are 3,584. */
#define FILES_MAX	65536
/* Ethernet, IPv4 and the header of a DATA packet; message bytes in one of 1,500. */
#define HEADERS		(14 + 20 + 56)
#define SEGMENT		(1500 - 20 - 56)

struct settings {
	unsigned int hosts;
	unsigned int link_mbps;
	unsigned int load_percent;
	const char *workload;
	const struct perf_transport *transport;
	unsigned int connections;
	const char *congestion;
	const char *base_path;
	bool measure_base;
	bool bulk;
	uint32_t learn_unsched;
	double requests;
	uint64_t seed;
};

/* The servers of one host, or the others' view of them. */
static struct perf_addr addrs[CLUSTER_HOSTS_MAX], bulk_addrs[CLUSTER_HOSTS_MAX];
static char netns[CLUSTER_HOSTS_MAX][16];

static void *serve(void *context)
{
	struct perf_service *service = context;
	struct perf_why why;

	if (service->ops->serve(service, &why))
		errx(1, "%s", why.text);
	return NULL;
}

/* A server of this protocol in each host.  Sockets stay in the namespace where they were made. */
static void start_servers(const struct settings *set, const struct perf_transport *transport,
			  uint16_t port, const char *congestion)
{
	struct perf_service_config config = { .congestion = congestion };
	struct perf_service *service;
	struct perf_why why;
	pthread_t thread;
	unsigned int i;

	perf_addr_any(&config.addr, AF_INET, port);
	for (i = 0; i < set->hosts; i++) {
		if (perf_netns_enter(netns[i], &why) || transport->listen(&service, &config, &why))
			errx(1, "%s", why.text);
		if (pthread_create(&thread, NULL, serve, service))
			errx(1, "no thread");
	}
}

/* Requests per second of a host, so that its link has the load. */
static double host_rate(const struct settings *set, const struct perf_dist *dist)
{
	double wire = dist->mean_bytes + perf_dist_mean_packets(dist, SEGMENT) * HEADERS;

	return set->link_mbps * 1e6 * set->load_percent / 100 / 8 / wire / 2;
}

static void measure_base(const struct settings *set)
{
	struct perf_chan_config config = { .targets = &addrs[1], .num_targets = 1 };
	struct perf_base base;
	struct perf_why why;

	if (perf_netns_enter(netns[0], &why) ||
	    perf_base_measure(&base, &perf_homa, &config, PERF_ECHO, PERF_BYTES_MAX, BASE_ROUNDS,
			      &why) ||
	    perf_base_save(&base, set->base_path, &why))
		errx(1, "%s", why.text);
	printf("{\"idle_100_bytes_ns\":%.0f,\"idle_1000000_bytes_ns\":%.0f}\n",
	       perf_base_ns(&base, 100), perf_base_ns(&base, 1000000));
}

/* TCP beside the load: each host sends to the next one as fast as it can. */
struct bulk {
	struct perf_load load;
	struct perf_client clients[CLUSTER_HOSTS_MAX];
	struct perf_dist dist;
	struct perf_result result;
	pthread_t thread;
};

static void *run_bulk(void *context)
{
	struct bulk *bulk = context;
	struct perf_why why;

	if (perf_load_run(&bulk->load, &bulk->result, NULL, NULL, &why))
		errx(1, "TCP beside it: %s", why.text);
	return NULL;
}

static void start_bulk(struct bulk *bulk, const struct perf_load *beside, unsigned int hosts)
{
	unsigned int i;

	perf_dist_parse(&bulk->dist, "1000000", PERF_BYTES_MAX);
	for (i = 0; i < hosts; i++)
		bulk->clients[i] = (struct perf_client){
			.netns = netns[i], .targets = &bulk_addrs[(i + 1) % hosts],
			.num_targets = 1, .stream = 1000 + i,
		};
	bulk->load = *beside;
	bulk->load.transport = &perf_tcp;
	bulk->load.dist = &bulk->dist;
	bulk->load.kind = PERF_SINK;
	bulk->load.clients = bulk->clients;
	bulk->load.connections = 1;
	bulk->load.congestion = NULL;
	bulk->load.rate = 0;
	bulk->load.depth = 2;
	bulk->load.base = NULL;
	bulk->load.drain_ns = 0;
	if (pthread_create(&bulk->thread, NULL, run_bulk, bulk))
		errx(1, "no thread");
}

/*
 * The table that hosts have when they know the workload, as for net.homa.unsched_cutoffs.  They
 * need ten thousand messages and ten seconds to learn it, which is longer than most runs.
 */
static void print_cutoffs(const struct settings *set)
{
	struct homa_size_histogram sizes = { 0 };
	struct homa_cutoffs cutoffs;
	struct perf_dist dist;
	unsigned int i;

	if (perf_dist_parse(&dist, set->workload, PERF_BYTES_MAX))
		errx(2, "%s is no workload", set->workload);
	for (i = 0; i < LEARNED_MESSAGES; i++)
		homa_prio_count(&sizes, perf_dist_quantile(&dist, (i + 0.5) / LEARNED_MESSAGES),
				set->learn_unsched);
	homa_prio_defaults(&cutoffs, HOMA_PRIORITIES_MAX);
	homa_prio_adapt(&cutoffs, &sizes, HOMA_PRIORITIES_MAX);
	for (i = 0; i < HOMA_PRIORITIES_MAX; i++)
		printf("%s%u", i ? " " : "", cutoffs.max_len[i]);
	printf("\n");
}

/* What Homa counted since then; what did not happen is left out. */
static json_t *counted_since(json_t *before, unsigned int hosts)
{
	json_t *now = cluster_homa_counters(hosts), *since = json_object(), *value;
	const char *name;
	json_int_t count;

	json_object_foreach(now, name, value) {
		count = json_integer_value(value) -
			json_integer_value(json_object_get(before, name));
		if (count)
			json_object_set_new(since, name, json_integer(count));
	}
	json_decref(before);
	json_decref(now);
	return since;
}

static json_t *by_level(const uint64_t counts[CLUSTER_LEVELS])
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < CLUSTER_LEVELS; i++)
		json_array_append_new(list, json_integer((json_int_t)counts[i]));
	return list;
}

static void run(const struct settings *set)
{
	static struct perf_addr targets[CLUSTER_HOSTS_MAX][CLUSTER_HOSTS_MAX];
	struct perf_client clients[CLUSTER_HOSTS_MAX];
	struct cluster_watch watch = { .hosts = set->hosts };
	static struct perf_result result;
	static struct bulk bulk;
	struct perf_dist dist;
	struct perf_base base;
	struct perf_load load = {
		.transport = set->transport, .dist = &dist, .kind = PERF_ECHO,
		.clients = clients, .num_clients = set->hosts,
		.connections = set->connections, .congestion = set->congestion,
		.depth = 100000, .seed = set->seed, .base = &base,
	};
	struct perf_report report = { .load = &load, .result = &result };
	struct perf_why why;
	json_t *root, *before;
	unsigned int i, j, n;

	if (perf_dist_parse(&dist, set->workload, PERF_BYTES_MAX))
		errx(2, "%s is no workload", set->workload);
	if (perf_base_load(&base, set->base_path, &why))
		errx(1, "%s", why.text);
	load.rate = host_rate(set, &dist);
	load.measure_ns = (uint64_t)(set->requests / set->hosts / load.rate * 1e9);
	load.warmup_ns = load.measure_ns / WARMUP_PART;
	load.drain_ns = load.measure_ns > DRAIN_NS ? load.measure_ns : DRAIN_NS;
	for (i = 0; i < set->hosts; i++) {
		for (j = 0, n = 0; j < set->hosts; j++)
			if (j != i)
				targets[i][n++] = addrs[j];
		clients[i] = (struct perf_client){ .netns = netns[i], .targets = targets[i],
						   .num_targets = n, .stream = i };
	}
	/* A few hundred looks in all; where time is virtual they take none. */
	watch.look_us = (unsigned int)(load.measure_ns / 400 / 1000) + 1;
	if (set->bulk)
		start_bulk(&bulk, &load, set->hosts);
	before = cluster_homa_counters(set->hosts);
	cluster_watch_start(&watch);
	if (perf_load_run(&load, &result, NULL, NULL, &why))
		errx(1, "%s", why.text);
	cluster_watch_stop(&watch);
	if (set->bulk)
		pthread_join(bulk.thread, NULL);

	root = perf_report_json(&report);
	json_object_del(root, "slices");
	json_object_del(root, "histogram");
	json_object_set_new(root, "late_ns", perf_json_hist(&result.late, 1));
	json_object_set_new(root, "link_mbps", json_integer(set->link_mbps));
	json_object_set_new(root, "load_percent", json_integer(set->load_percent));
	json_object_set_new(root, "cpu_busy", json_real(watch.cpu_busy));
	json_object_set_new(root, "queue_max_bytes", json_integer((json_int_t)watch.queue_max_bytes));
	json_object_set_new(root, "switch_drops", json_integer((json_int_t)watch.switch_drops));
	json_object_set_new(root, "uplink_drops", json_integer((json_int_t)watch.uplink_drops));
	json_object_set_new(root, "level_drops", by_level(watch.level_drops));
	json_object_set_new(root, "level_bytes", by_level(watch.level_bytes));
	json_object_set_new(root, "homa", counted_since(before, set->hosts));
	if (set->bulk)
		json_object_set_new(root, "tcp_beside_bits_per_s",
				    json_real((double)bulk.result.bytes * 8e9 /
					      (double)bulk.result.measured_ns));
	json_dumpf(root, stdout, JSON_COMPACT);
	printf("\n");
	json_decref(root);
}

static void allow_files(void)
{
	const struct rlimit limit = { .rlim_cur = FILES_MAX, .rlim_max = FILES_MAX };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		err(1, "%d open files", FILES_MAX);
}

static void usage(void)
{
	fprintf(stderr,
		"usage: cluster_load [options]\n"
		"  -N HOSTS   2 to %d\n"
		"  -R MBPS    rate of the links\n"
		"  -M FILE    measure the idle network into this file\n"
		"  -B FILE    from there\n"
		"  -P PROTO   homa or tcp\n"
		"  -c CONNS   TCP connections from each host to each other\n"
		"  -C NAME    TCP congestion control\n"
		"  -w NAME    workload\n"
		"  -l LOAD    percent of the link\n"
		"  -n COUNT   requests in the measured time, about\n"
		"  -s SEED\n"
		"  -K BYTES   print the cutoffs for so many unscheduled bytes\n"
		"  -T         bulk TCP beside it\n", CLUSTER_HOSTS_MAX);
	exit(2);
}

static void parse(struct settings *set, int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "N:R:M:B:P:c:C:w:l:n:s:K:T")) != -1) {
		switch (opt) {
		case 'N':
			set->hosts = (unsigned int)atoi(optarg);
			break;
		case 'R':
			set->link_mbps = (unsigned int)atoi(optarg);
			break;
		case 'M':
			set->measure_base = true;
			set->base_path = optarg;
			break;
		case 'B':
			set->base_path = optarg;
			break;
		case 'P':
			set->transport = perf_transport_find(optarg);
			break;
		case 'c':
			set->connections = (unsigned int)atoi(optarg);
			break;
		case 'C':
			set->congestion = optarg;
			break;
		case 'w':
			set->workload = optarg;
			break;
		case 'l':
			set->load_percent = (unsigned int)atoi(optarg);
			break;
		case 'n':
			set->requests = atof(optarg);
			break;
		case 's':
			set->seed = strtoull(optarg, NULL, 0);
			break;
		case 'K':
			set->learn_unsched = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'T':
			set->bulk = true;
			break;
		default:
			usage();
		}
	}
	if (set->learn_unsched)
		return;
	if (optind != argc || set->hosts < 2 || set->hosts > CLUSTER_HOSTS_MAX || !set->link_mbps ||
	    !set->transport || !set->base_path || set->requests < 1)
		usage();
}

int main(int argc, char **argv)
{
	struct settings set = {
		.hosts = 8, .transport = &perf_homa, .connections = 1, .workload = "W3",
		.load_percent = 80, .requests = 1000, .seed = 1,
	};
	struct perf_why why;
	char text[32];
	unsigned int i;

	parse(&set, argc, argv);
	if (set.learn_unsched) {
		print_cutoffs(&set);
		return 0;
	}
	perf_msg_init();
	allow_files();
	for (i = 0; i < set.hosts; i++) {
		snprintf(netns[i], sizeof(netns[i]), "h%u", i + 1);
		snprintf(text, sizeof(text), "10.0.0.%u", i + 1);
		perf_addr_parse(&addrs[i], text, PORT, AF_INET, &why);
		perf_addr_parse(&bulk_addrs[i], text, BULK_PORT, AF_INET, &why);
	}
	start_servers(&set, set.measure_base ? &perf_homa : set.transport, PORT, set.congestion);
	if (set.bulk)
		start_servers(&set, &perf_tcp, BULK_PORT, NULL);
	if (set.measure_base)
		measure_base(&set);
	else
		run(&set);
	fflush(stdout);
	/* Servers and connections end with the process. */
	_exit(0);
}
