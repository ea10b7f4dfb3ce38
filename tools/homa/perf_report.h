/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What came out of a measurement: for people, for scripts, for a browser.
 */
#ifndef HOMA_TOOL_PERF_REPORT_H
#define HOMA_TOOL_PERF_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "perf_load.h"

/**
 * struct perf_report - a measurement and its result
 * @load: what was measured
 * @result: what came out
 * @servers: who was asked
 * @num_servers: how many
 */
struct perf_report {
	const struct perf_load *load;
	const struct perf_result *result;
	const struct perf_addr *servers;
	unsigned int num_servers;
};

/** Room for a line about the load. */
#define PERF_LINE_MAX		256

const char *perf_report_load(const struct perf_report *report, char line[PERF_LINE_MAX]);
const char *perf_report_outcome(const struct perf_report *report, char line[PERF_LINE_MAX]);
double perf_report_bits_per_s(const struct perf_report *report);
double perf_report_requests_per_s(const struct perf_report *report);
void perf_report_print(const struct perf_report *report, FILE *out);
json_t *perf_report_json(const struct perf_report *report);
int perf_report_html(const struct perf_report *report, const char *path, struct perf_why *why);

#endif /* HOMA_TOOL_PERF_REPORT_H */
