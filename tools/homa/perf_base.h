/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How long a request takes on the idle network, by its size.  Slowdown is the time under
 * load divided by this.
 */
#ifndef HOMA_TOOL_PERF_BASE_H
#define HOMA_TOOL_PERF_BASE_H

#include "perf_transport.h"

#define PERF_BASE_POINTS	64

/**
 * struct perf_base - times on the idle network
 * @bytes: sizes that were measured, ascending
 * @ns: median time of each
 * @num: how many
 */
struct perf_base {
	uint32_t bytes[PERF_BASE_POINTS];
	uint64_t ns[PERF_BASE_POINTS];
	unsigned int num;
};

int perf_base_measure(struct perf_base *base, const struct perf_transport *transport,
		      const struct perf_chan_config *config, enum perf_kind kind,
		      uint32_t max_bytes, unsigned int rounds, struct perf_why *why);
double perf_base_ns(const struct perf_base *base, uint32_t bytes);
int perf_base_save(const struct perf_base *base, const char *path, struct perf_why *why);
int perf_base_load(struct perf_base *base, const char *path, struct perf_why *why);

int perf_one(struct perf_chan *chan, struct perf_rpc *rpc, uint64_t timeout_ns, uint64_t *took_ns);

#endif /* HOMA_TOOL_PERF_BASE_H */
