/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How long messages are: one size, several, or a published workload.
 *
 * A draw is a number from 0 to 1, the share of the messages that are not longer
 * (perf_dist_quantile()).  So the decile of a message is known from its draw, also
 * where many messages have the same size.
 */
#ifndef HOMA_TOOL_PERF_DIST_H
#define HOMA_TOOL_PERF_DIST_H

#include <stdbool.h>
#include <stdint.h>

/** Sizes in a list, or points of a workload. */
#define PERF_POINTS_MAX		32

/**
 * struct perf_point - a point of a cumulative distribution
 * @bytes: message size
 * @share: messages of at most this size, of all
 */
struct perf_point {
	uint32_t bytes;
	double share;
};

/**
 * struct perf_workload - a published distribution
 * @name: "W1" ...
 * @about: what it describes, and where it was published
 * @points: of the distribution, ascending
 * @num_points: how many
 */
struct perf_workload {
	const char *name;
	const char *about;
	const struct perf_point *points;
	unsigned int num_points;
};

/** W1 to W5, up to one without a name. */
extern const struct perf_workload perf_workloads[];

/**
 * struct perf_dist - what is drawn from
 * @name: as it was named on the command line
 * @about: in words
 * @points: of the distribution
 * @log_bytes: natural logarithm of each point's bytes
 * @num_points: how many
 * @steps: only the sizes of the points occur, nothing between them
 * @max_bytes: longer messages are cut to this
 * @mean_bytes: mean of what is drawn
 */
struct perf_dist {
	char name[64];
	const char *about;
	struct perf_point points[PERF_POINTS_MAX];
	double log_bytes[PERF_POINTS_MAX];
	unsigned int num_points;
	bool steps;
	uint32_t max_bytes;
	double mean_bytes;
};

int perf_dist_parse(struct perf_dist *dist, const char *text, uint32_t max_bytes);
uint32_t perf_dist_quantile(const struct perf_dist *dist, double share);
double perf_dist_cdf(const struct perf_dist *dist, double bytes);
double perf_dist_mean_packets(const struct perf_dist *dist, unsigned int segment_bytes);

#endif /* HOMA_TOOL_PERF_DIST_H */
