/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The load generator.  Clients, one thread each, send requests to servers and time the
 * answers.
 *
 * Open loop (a rate): requests are due at the times of a Poisson process that knows
 * nothing of the answers.  One that could not be sent when it was due, because something
 * before it took long, counts from when it was due.  So a slow system does not hide its
 * slowness by being asked less.
 *
 * Closed loop (no rate): a number of requests is always under way.
 *
 * Requests due in the measured time count; the load goes on until all of them are
 * answered, or the drain time is over.
 */
#ifndef HOMA_TOOL_PERF_LOAD_H
#define HOMA_TOOL_PERF_LOAD_H

#include "perf_base.h"
#include "perf_dist.h"
#include "perf_hist.h"
#include "perf_transport.h"

#define PERF_DECILES		10
#define PERF_SLICES		60
#define PERF_SLOWDOWN_UNIT	1000

/**
 * struct perf_client - what one thread does
 * @netns: network namespace; NULL = where the program is
 * @targets: its servers, each as likely as the others
 * @num_targets: how many
 * @stream: number of its stream of random numbers
 */
struct perf_client {
	const char *netns;
	const struct perf_addr *targets;
	unsigned int num_targets;
	unsigned int stream;
};

/**
 * struct perf_load - what is to be measured
 * @transport: protocol
 * @dist: message sizes
 * @kind: PERF_ECHO or PERF_SINK
 * @clients: the threads
 * @num_clients: how many
 * @connections: see struct perf_chan_config
 * @congestion: see struct perf_chan_config
 * @rate: requests per second of each client; 0 = closed loop
 * @depth: requests under way in each client: in a closed loop always, else at most
 * @seed: of all random numbers
 * @warmup_ns: time before the measured time
 * @measure_ns: measured time
 * @drain_ns: longest time after it
 * @base: times on the idle network, for slowdowns; NULL = no slowdowns
 * @stop: ends everything early when it is not 0 (a signal arrived); may be NULL
 */
struct perf_load {
	const struct perf_transport *transport;
	const struct perf_dist *dist;
	enum perf_kind kind;
	const struct perf_client *clients;
	unsigned int num_clients;
	unsigned int connections;
	const char *congestion;
	double rate;
	unsigned int depth;
	uint64_t seed;
	uint64_t warmup_ns;
	uint64_t measure_ns;
	uint64_t drain_ns;
	const struct perf_base *base;
	const volatile int *stop;
};

/**
 * struct perf_slice - a part of the measured time
 * @requests: answered in it
 * @bytes: of these, requests and answers
 * @latency_max_ns: longest time of them
 * @latency_sum_ns: all their times
 */
struct perf_slice {
	uint64_t requests;
	uint64_t bytes;
	uint64_t latency_max_ns;
	uint64_t latency_sum_ns;
};

/**
 * struct perf_decile - a tenth of the messages, by size
 * @min_bytes: shortest that was sent
 * @max_bytes: longest
 * @latency: times, ns
 * @slowdown: times, in PERF_SLOWDOWN_UNIT ths of the time on the idle network
 */
struct perf_decile {
	uint32_t min_bytes;
	uint32_t max_bytes;
	struct perf_hist latency;
	struct perf_hist slowdown;
};

/**
 * struct perf_result - what was measured
 * @sent: requests due in the measured time and sent
 * @unsent: due, but never sent: the load was too much
 * @answered: of @sent, rightly
 * @failed: of @sent, ended with an error
 * @wrong: of @sent, answered with wrong bytes
 * @unfinished: of @sent, not answered when the drain time was over; they are in the
 *	histograms with the time that they had lasted then
 * @first_error: errno of the first that failed
 * @bytes: carried in the measured time, requests and answers, of all requests
 * @measured_ns: the measured time
 * @due_bytes: requests and answers of @sent and @unsent: the same for each protocol
 * @answered_bytes: of these, of @answered, whenever they were
 * @last_answer_ns: when the last of these came, since the measured time began
 * @late: how long after they were due they were sent, ns, of @sent
 * @shorter_half: slowdowns of the first five deciles together
 * @latency: times of all
 * @slowdown: of all
 * @decile: the same divided by size
 * @slice: the measured time divided
 */
struct perf_result {
	uint64_t sent;
	uint64_t unsent;
	uint64_t answered;
	uint64_t failed;
	uint64_t wrong;
	uint64_t unfinished;
	int first_error;
	uint64_t bytes;
	uint64_t measured_ns;
	uint64_t due_bytes;
	uint64_t answered_bytes;
	uint64_t last_answer_ns;
	struct perf_hist late;
	struct perf_hist shorter_half;
	struct perf_hist latency;
	struct perf_hist slowdown;
	struct perf_decile decile[PERF_DECILES];
	struct perf_slice slice[PERF_SLICES];
};

/**
 * struct perf_progress - how it goes, for who waits
 * @elapsed_ns: since the beginning of the warm-up
 * @total_ns: warm-up and measured time
 * @measuring: the measured time has begun
 * @requests: answered so far, with those of the warm-up
 * @bytes: of these, requests and answers
 * @under_way: sent and not answered
 * @failed: ended with an error
 * @requests_per_s: since the last time that this was told
 * @bytes_per_s: likewise
 * @p50_ns: median time of the requests answered since then
 * @p99_ns: 99th percentile
 */
struct perf_progress {
	uint64_t elapsed_ns;
	uint64_t total_ns;
	bool measuring;
	uint64_t requests;
	uint64_t bytes;
	uint64_t under_way;
	uint64_t failed;
	double requests_per_s;
	double bytes_per_s;
	uint64_t p50_ns;
	uint64_t p99_ns;
};

typedef void perf_progress_fn(const struct perf_progress *progress, void *context);

int perf_load_run(const struct perf_load *load, struct perf_result *result,
		  perf_progress_fn *progress, void *context, struct perf_why *why);
uint64_t perf_now_ns(void);

#endif /* HOMA_TOOL_PERF_LOAD_H */
