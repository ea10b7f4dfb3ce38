/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What happened since somebody last looked, from histograms that only grow.
 */
#ifndef HOMA_TOOL_PERF_LIVE_H
#define HOMA_TOOL_PERF_LIVE_H

#include "perf_load.h"

/**
 * struct perf_live - two looks at the same histograms
 * @now: all values up to now
 * @before: all values up to the last look
 * @bytes_before: perf_progress.bytes at the last look
 * @requests_before: perf_progress.requests at the last look
 * @elapsed_before_ns: perf_progress.elapsed_ns at the last look
 */
struct perf_live {
	struct perf_hist now;
	struct perf_hist before;
	uint64_t bytes_before;
	uint64_t requests_before;
	uint64_t elapsed_before_ns;
};

void perf_live_begin(struct perf_live *live);
void perf_live_add(struct perf_live *live, const struct perf_hist *hist);
void perf_live_end(struct perf_live *live, struct perf_progress *progress);

#endif /* HOMA_TOOL_PERF_LIVE_H */
