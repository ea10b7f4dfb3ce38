// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * perf_base.c - measure, keep and use the times on the idle network
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "perf_base.h"
#include "perf_load.h"

/* Nothing that is alive needs longer for one request. */
#define PATIENCE_NS	10000000000ull

/**
 * perf_one() - one request, and wait for its answer
 * @chan: client with nothing else under way
 * @rpc: request; @rpc->error and @rpc->wrong are the result
 * @timeout_ns: longest time to wait
 * @took_ns: how long it took
 *
 * Return: 0 if it is finished, -ETIMEDOUT if not, or -errno of the client itself.
 */
int perf_one(struct perf_chan *chan, struct perf_rpc *rpc, uint64_t timeout_ns, uint64_t *took_ns)
{
	struct pollfd fd = { .fd = chan->fd, .events = POLLIN };
	uint64_t start_ns = perf_now_ns();
	struct perf_rpc *done;
	int rc;

	rc = chan->ops->send(chan, rpc);
	if (rc)
		return rc;
	for (;;) {
		rc = chan->ops->receive(chan, &done);
		*took_ns = perf_now_ns() - start_ns;
		if (rc < 0)
			return rc;
		/* A late one, which was given up before, may come first. */
		if (rc && done == rpc)
			return 0;
		if (rc)
			continue;
		if (*took_ns >= timeout_ns)
			return -ETIMEDOUT;
		struct timespec left = {
			.tv_sec = (time_t)((timeout_ns - *took_ns) / 1000000000),
			.tv_nsec = (long)((timeout_ns - *took_ns) % 1000000000),
		};

		if (ppoll(&fd, 1, &left, NULL) < 0 && errno == EINTR)
			return -EINTR;
	}
}

static int compare_u64(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static int measure_size(struct perf_base *base, struct perf_chan *chan, enum perf_kind kind,
			uint32_t bytes, unsigned int rounds, struct perf_why *why)
{
	struct perf_rpc rpc = { .msg = { .bytes = bytes, .kind = (uint8_t)kind } };
	uint64_t took_ns[64];
	unsigned int i;
	int rc;

	/* The first round warms up and does not count. */
	for (i = 0; i <= rounds; i++) {
		rpc.msg.number++;
		rc = perf_one(chan, &rpc, PATIENCE_NS, &took_ns[i ? i - 1 : 0]);
		if (!rc)
			rc = -rpc.error;
		if (rc) {
			perf_fail(why, rc, "a request of %u bytes on the idle network", bytes);
			strcpy(why->hint, "homa serve, on that host");
			return rc;
		}
		if (rpc.wrong)
			return perf_fail(why, 0, "the answer to %u bytes has wrong bytes", bytes);
	}
	qsort(took_ns, rounds, sizeof(took_ns[0]), compare_u64);
	base->bytes[base->num] = bytes;
	base->ns[base->num++] = took_ns[rounds / 2];
	return 0;
}

/**
 * perf_base_measure() - measure the idle network
 * @base: result
 * @transport: protocol
 * @config: client side; the first server is asked
 * @kind: PERF_ECHO or PERF_SINK
 * @max_bytes: longest message
 * @rounds: requests of each size, 1 to 64
 * @why: reason of a failure
 *
 * Return: 0, or -errno.
 */
int perf_base_measure(struct perf_base *base, const struct perf_transport *transport,
		      const struct perf_chan_config *config, enum perf_kind kind,
		      uint32_t max_bytes, unsigned int rounds, struct perf_why *why)
{
	struct perf_chan *chan;
	double bytes = 64;
	int rc;

	rc = transport->open(&chan, config, why);
	if (rc)
		return rc;
	base->num = 0;
	rc = measure_size(base, chan, kind, 1, rounds, why);
	/* Sizes close to each other: packets make steps. */
	while (!rc && bytes < max_bytes && base->num < PERF_BASE_POINTS - 1) {
		rc = measure_size(base, chan, kind, (uint32_t)bytes, rounds, why);
		bytes *= bytes < 20000 ? 1.19 : 1.5;
	}
	if (!rc && max_bytes > 1)
		rc = measure_size(base, chan, kind, max_bytes, rounds, why);
	chan->ops->close(chan);
	return rc;
}

/**
 * perf_base_ns() - time of a message on the idle network
 * @base: measured before
 * @bytes: its size
 *
 * Return: between measured sizes, on the line between them.
 */
double perf_base_ns(const struct perf_base *base, uint32_t bytes)
{
	unsigned int i = 1;
	double part;

	if (base->num < 2)
		return base->num ? (double)base->ns[0] : 0;
	while (i < base->num - 1 && bytes > base->bytes[i])
		i++;
	part = ((double)bytes - base->bytes[i - 1]) /
	       ((double)base->bytes[i] - base->bytes[i - 1]);
	return (double)base->ns[i - 1] + part * ((double)base->ns[i] - (double)base->ns[i - 1]);
}

/**
 * perf_base_save() - keep the times in a file
 * @base: measured before
 * @path: name of the file
 * @why: reason of a failure
 *
 * Return: 0, or -errno.
 */
int perf_base_save(const struct perf_base *base, const char *path, struct perf_why *why)
{
	json_t *list = json_array();
	unsigned int i;
	int rc = 0;

	for (i = 0; i < base->num; i++)
		json_array_append_new(list, json_pack("{s:I,s:I}", "bytes",
						      (json_int_t)base->bytes[i], "ns",
						      (json_int_t)base->ns[i]));
	if (json_dump_file(list, path, JSON_COMPACT))
		rc = perf_fail(why, errno ? -errno : -EIO, "%s", path);
	json_decref(list);
	return rc;
}

/**
 * perf_base_load() - read what perf_base_save() wrote
 * @base: result
 * @path: name of the file
 * @why: reason of a failure
 *
 * Return: 0, or -errno.
 */
int perf_base_load(struct perf_base *base, const char *path, struct perf_why *why)
{
	json_t *list, *entry;
	json_error_t error;
	json_int_t bytes, ns;
	size_t i;

	base->num = 0;
	list = json_load_file(path, 0, &error);
	if (!list)
		return perf_fail(why, 0, "%s: %s", path, error.text);
	json_array_foreach(list, i, entry) {
		if (base->num == PERF_BASE_POINTS ||
		    json_unpack(entry, "{s:I,s:I}", "bytes", &bytes, "ns", &ns) ||
		    bytes < 1 || bytes > PERF_BYTES_MAX || ns < 1 ||
		    (base->num && bytes <= base->bytes[base->num - 1])) {
			base->num = 0;
			break;
		}
		base->bytes[base->num] = (uint32_t)bytes;
		base->ns[base->num++] = (uint64_t)ns;
	}
	json_decref(list);
	if (!base->num)
		return perf_fail(why, 0, "%s was not made by --save-baseline", path);
	return 0;
}
