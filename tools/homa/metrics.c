// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * metrics.c - read /proc/net/homa_metrics
 *
 * Lines are "NAME VALUE TEXT".  First come two that belong to no CPU, then for
 * each CPU a line "core" and its counters, the same for all.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd.h"
#include "message.h"
#include "metrics.h"

#define PATH	"/proc/net/homa_metrics"

static struct metric *add(struct metrics *metrics)
{
	struct metric *list;

	/* In steps of 512: there are some 330. */
	if (!(metrics->count % 512)) {
		list = reallocarray(metrics->list, metrics->count + 512, sizeof(*list));
		if (!list)
			return NULL;
		metrics->list = list;
	}
	return &metrics->list[metrics->count++];
}

static bool split(char *line, struct metric *out)
{
	int used = 0;

	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "%39s %" SCNu64 " %n", out->name, &out->value, &used) != 2)
		return false;
	snprintf(out->text, sizeof(out->text), "%s", used ? line + used : "");
	return true;
}

/**
 * metrics_parse() - read counters
 * @file: text in the form of /proc/net/homa_metrics
 * @metrics: result, for metrics_free()
 *
 * Return: 0, or a positive errno.
 */
int metrics_parse(FILE *file, struct metrics *metrics)
{
	struct metric one, *metric;
	bool first_core = true;
	size_t index = 0;
	unsigned int cores = 0;
	char line[256];

	memset(metrics, 0, sizeof(*metrics));
	while (fgets(line, sizeof(line), file)) {
		if (!split(line, &one))
			return EBADMSG;
		if (!strcmp(one.name, "core")) {
			first_core = !cores++;
			index = 0;
			continue;
		}
		if (!cores) {
			if (!strcmp(one.name, "cpu_khz"))
				metrics->cycles_khz = one.value;
			continue;
		}
		if (first_core) {
			metric = add(metrics);
			if (!metric)
				return ENOMEM;
			*metric = one;
			continue;
		}
		if (index >= metrics->count || strcmp(metrics->list[index].name, one.name))
			return EBADMSG;
		metrics->list[index++].value += one.value;
	}
	return cores ? 0 : EBADMSG;
}

/**
 * metrics_read() - read the counters of this namespace
 * @metrics: result, for metrics_free()
 *
 * Return: TOOL_OK, or why not; has complained then.
 */
int metrics_read(struct metrics *metrics)
{
	FILE *file = fopen(PATH, "re");
	struct timespec now;
	int err;

	memset(metrics, 0, sizeof(*metrics));
	if (!file) {
		if (errno != ENOENT) {
			complain("%s: %m", PATH);
			return TOOL_FAILED;
		}
		complain("this kernel counts no Homa: the module homa is not loaded");
		hint("modprobe homa   (homa doctor tells why if that fails)");
		return TOOL_NO_HOMA;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	err = metrics_parse(file, metrics);
	fclose(file);
	if (err) {
		complain("%s: %s", PATH, strerror(err));
		metrics_free(metrics);
		return TOOL_FAILED;
	}
	metrics->when_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	return TOOL_OK;
}

/**
 * metrics_free() - free what was read
 * @metrics: counters
 */
void metrics_free(struct metrics *metrics)
{
	free(metrics->list);
	memset(metrics, 0, sizeof(*metrics));
}

/**
 * metrics_value() - one counter
 * @metrics: counters
 * @name: its name
 *
 * Return: its value, 0 if this kernel does not have it.
 */
uint64_t metrics_value(const struct metrics *metrics, const char *name)
{
	size_t i;

	for (i = 0; i < metrics->count; i++)
		if (!strcmp(metrics->list[i].name, name))
			return metrics->list[i].value;
	return 0;
}

/**
 * metrics_since() - how much a counter grew
 * @now: counters
 * @before: earlier ones
 * @name: its name
 *
 * Return: the difference, 0 if the module was loaded anew meanwhile.
 */
uint64_t metrics_since(const struct metrics *now, const struct metrics *before,
		       const char *name)
{
	uint64_t a = metrics_value(before, name), b = metrics_value(now, name);

	return b > a ? b - a : 0;
}
