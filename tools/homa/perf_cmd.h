/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What homa ping, homa serve and homa perf share on the command line.
 */
#ifndef HOMA_TOOL_PERF_CMD_H
#define HOMA_TOOL_PERF_CMD_H

#include <jansson.h>

#include "perf_hist.h"
#include "perf_transport.h"

/** Set by the first SIGINT or SIGTERM. */
extern volatile int perf_stopped;

void perf_catch_signals(void);
int perf_exit(int rc, const struct perf_why *why);
json_t *perf_json_hist(const struct perf_hist *hist, double unit);

#endif /* HOMA_TOOL_PERF_CMD_H */
