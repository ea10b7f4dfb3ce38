// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * perf_dist.c - draw message sizes, and know their mean
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "perf_dist.h"
#include "units.h"

/* Bytes that the part of a log-uniform segment between two shares brings to the mean. */
static double segment_mean(double low, double high, double max)
{
	double below;

	if (high <= low)
		return fmin(low, max);
	if (max <= low)
		return max;
	if (max >= high)
		return (high - low) / log(high / low);
	/* Cut inside: log-uniform up to the cut, and all that is longer at the cut. */
	below = log(max / low) / log(high / low);
	return below * (max - low) / log(max / low) + (1 - below) * max;
}

/* The mean of what perf_dist_quantile() returns for an even draw. */
static double mean_bytes(const struct perf_dist *dist)
{
	double mean = dist->points[0].share * fmin(dist->points[0].bytes, dist->max_bytes);
	unsigned int i;

	for (i = 1; i < dist->num_points; i++) {
		const struct perf_point *p = &dist->points[i];
		double share = p->share - p[-1].share;

		mean += share * (dist->steps ? fmin(p->bytes, dist->max_bytes) :
				 segment_mean(p[-1].bytes, p->bytes, dist->max_bytes));
	}
	return mean;
}

static int compare_points(const void *left, const void *right)
{
	const struct perf_point *a = left, *b = right;

	return a->bytes < b->bytes ? -1 : a->bytes > b->bytes;
}

/* "100,1500,20000": each as often as the others. */
static int parse_sizes(struct perf_dist *dist, const char *text)
{
	char copy[sizeof(dist->name)], *save = NULL, *word;
	uint64_t bytes;
	unsigned int i;

	snprintf(copy, sizeof(copy), "%s", text);
	for (word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		if (dist->num_points == PERF_POINTS_MAX)
			return -E2BIG;
		if (!units_parse_bytes(word, &bytes) || !bytes)
			return -EINVAL;
		if (bytes > dist->max_bytes)
			return -ERANGE;
		dist->points[dist->num_points++].bytes = (uint32_t)bytes;
	}
	if (!dist->num_points)
		return -EINVAL;
	qsort(dist->points, dist->num_points, sizeof(dist->points[0]), compare_points);
	for (i = 0; i < dist->num_points; i++)
		dist->points[i].share = (double)(i + 1) / dist->num_points;
	dist->steps = true;
	dist->about = dist->num_points == 1 ? "one size" : "these sizes, equally often";
	return 0;
}

/**
 * perf_dist_parse() - make a distribution from its description
 * @dist: result
 * @text: "W1" to "W5" (or w1 ...), a number of bytes, or several with commas between
 * @max_bytes: longest message; longer ones of a workload are cut to it
 *
 * Return: 0; -EINVAL if it is none of these, -ERANGE if a size is beyond @max_bytes,
 * -E2BIG if there are too many sizes.
 */
int perf_dist_parse(struct perf_dist *dist, const char *text, uint32_t max_bytes)
{
	const struct perf_workload *w;
	unsigned int i;
	int rc;

	memset(dist, 0, sizeof(*dist));
	if (strlen(text) >= sizeof(dist->name))
		return -E2BIG;
	strcpy(dist->name, text);
	dist->max_bytes = max_bytes;
	for (w = perf_workloads; w->name && strcasecmp(w->name, text); w++)
		;
	if (w->name) {
		strcpy(dist->name, w->name);
		dist->about = w->about;
		dist->num_points = w->num_points;
		memcpy(dist->points, w->points, w->num_points * sizeof(w->points[0]));
	} else {
		rc = parse_sizes(dist, text);
		if (rc)
			return rc;
	}
	for (i = 0; i < dist->num_points; i++)
		dist->log_bytes[i] = log(dist->points[i].bytes);
	dist->mean_bytes = mean_bytes(dist);
	return 0;
}

/**
 * perf_dist_quantile() - the size that this share of the messages does not exceed
 * @dist: distribution
 * @share: 0 to 1; an even draw makes sizes of the distribution
 *
 * Return: bytes, 1 to max_bytes.
 */
uint32_t perf_dist_quantile(const struct perf_dist *dist, double share)
{
	const struct perf_point *p = dist->points;
	unsigned int i = 0;
	double bytes, part;

	while (i < dist->num_points - 1 && share > p[i].share)
		i++;
	if (dist->steps || !i) {
		bytes = p[i].bytes;
	} else {
		part = (share - p[i - 1].share) / (p[i].share - p[i - 1].share);
		bytes = exp(dist->log_bytes[i - 1] +
			    part * (dist->log_bytes[i] - dist->log_bytes[i - 1]));
	}
	bytes = fmin(floor(bytes + 0.5), dist->max_bytes);
	return bytes < 1 ? 1 : (uint32_t)bytes;
}

/**
 * perf_dist_cdf() - the share of messages of at most some bytes
 * @dist: distribution
 * @bytes: size
 *
 * Return: 0 to 1.
 */
double perf_dist_cdf(const struct perf_dist *dist, double bytes)
{
	const struct perf_point *p = dist->points;
	unsigned int i;

	if (bytes >= dist->max_bytes)
		return 1;
	if (bytes < p[0].bytes)
		return 0;
	for (i = 1; i < dist->num_points && bytes >= p[i].bytes; i++)
		;
	if (i == dist->num_points || dist->steps)
		return p[i - 1].share;
	return p[i - 1].share + (p[i].share - p[i - 1].share) *
	       (log(bytes) - dist->log_bytes[i - 1]) /
	       (dist->log_bytes[i] - dist->log_bytes[i - 1]);
}

/**
 * perf_dist_mean_packets() - mean number of packets of a message
 * @dist: distribution
 * @segment_bytes: message bytes in a packet
 *
 * Return: the mean, at least 1.
 */
double perf_dist_mean_packets(const struct perf_dist *dist, unsigned int segment_bytes)
{
	double packets = 1;
	double bytes;

	for (bytes = segment_bytes; bytes < dist->max_bytes; bytes += segment_bytes)
		packets += 1 - perf_dist_cdf(dist, bytes);
	return packets;
}
