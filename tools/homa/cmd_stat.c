// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa stat - counters, and what they mean
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "json.h"
#include "message.h"
#include "metrics.h"
#include "opts.h"
#include "table.h"
#include "term.h"
#include "units.h"

struct stat_opts {
	bool json;
	bool all;
	bool drops;
	uint64_t interval_ns;
	uint64_t count;
	char **patterns;
	int num_patterns;
};

static const struct opt opts[] = {
	OPT_DURATION("interval", 'i', struct stat_opts, interval_ns, 1000000, 3600000000000,
		     "show every so often what changed, with rates"),
	OPT_COUNT("count", 'n', struct stat_opts, count, 1, 1000000000,
		  "with --interval: stop after so many"),
	OPT_FLAG("drops", 'd', struct stat_opts, drops,
		 "only packets that were not used, and why"),
	OPT_FLAG("all", 'a', struct stat_opts, all,
		 "zeros, and bytes received by length of message (msg_bytes_*), too"),
	OPT_JSON(struct stat_opts, json),
	{ 0 }
};

static const struct opt_spec spec = {
	.args = "[PATTERN...]", .max_args = 64,
	.about = "Show what Homa counted in this network namespace since the module was "
		 "loaded, or what changes. A PATTERN is a name with * and ?.",
	.more = "Example: homa stat -i 1s 'drop_*' 'resent_*'",
	.opts = opts,
};

static bool is_time(const struct metric *m)
{
	size_t len = strlen(m->name);

	return len > 7 && !strcmp(m->name + len - 7, "_cycles");
}

static bool is_size_class(const struct metric *m)
{
	return !strncmp(m->name, "msg_bytes_", 10);
}

static bool named(const struct stat_opts *o, const struct metric *m)
{
	int i;

	if (o->drops && strncmp(m->name, "drop_", 5))
		return false;
	for (i = 0; i < o->num_patterns; i++)
		if (!fnmatch(o->patterns[i], m->name, 0))
			return true;
	return !o->num_patterns && (o->all || !is_size_class(m));
}

static uint64_t growth(const struct metrics *now, const struct metrics *before, size_t i)
{
	const struct metric *m = &now->list[i];

	if (!before)
		return m->value;
	return metrics_since(now, before, m->name);
}

static const char *amount(const struct metrics *metrics, const struct metric *m,
			  uint64_t value, char text[UNITS_MAX])
{
	if (is_time(m) && metrics->cycles_khz)
		return units_duration((uint64_t)((double)value * 1e6 /
						 (double)metrics->cycles_khz), text);
	return units_bytes(value, text);
}

static void print_table(const struct stat_opts *o, const struct metrics *now,
			const struct metrics *before)
{
	static const char * const headers[] = {
		">COUNT", ">PER SECOND", "COUNTER", "MEANING", NULL
	};
	struct table *table = table_new(headers);
	char count[UNITS_MAX], rate[UNITS_MAX];
	const struct metric *m;
	double seconds = 0;
	uint64_t value;
	size_t i;

	if (before)
		seconds = (double)(now->when_ns - before->when_ns) / 1e9;
	for (i = 0; i < now->count; i++) {
		m = &now->list[i];
		value = growth(now, before, i);
		if (!named(o, m) || (!value && !o->all))
			continue;
		rate[0] = 0;
		if (seconds > 0 && !is_time(m))
			units_count((double)value / seconds, rate);
		table_add(table, "%s\t%s\t%s\t%s", amount(now, m, value, count), rate,
			  m->name, m->text);
	}
	table_fit(table, term_width());
	if (table_rows(table))
		table_print(table, stdout, "");
	else
		printf("%s\n", before ? "(nothing changed)" :
		       "Nothing has been counted yet in this network namespace.");
	table_free(table);
}

/* "drop_NO_SOCKET" apart, with the reason in words. */
static void print_json(const struct stat_opts *o, const struct metrics *now,
		       const struct metrics *before)
{
	json_t *report = json_new(json_object());
	json_t *counters = json_new(json_object());
	json_t *drops = json_new(json_array());
	const struct metric *m;
	json_t *drop;
	uint64_t value;
	size_t i;

	json_set_uint(report, "interval_ns", before ? now->when_ns - before->when_ns : 0);
	json_set_uint(report, "cycles_khz", now->cycles_khz);
	for (i = 0; i < now->count; i++) {
		m = &now->list[i];
		value = growth(now, before, i);
		if (!named(o, m) || (!value && !o->all))
			continue;
		json_set_uint(counters, m->name, value);
		if (strncmp(m->name, "drop_", 5))
			continue;
		drop = json_new(json_object());
		json_set_text(drop, "reason", m->name + 5);
		json_set_text(drop, "text", m->text);
		json_set_uint(drop, "packets", value);
		json_array_append_new(drops, drop);
	}
	json_set(report, "counters", counters);
	json_set(report, "drops", drops);
	if (o->interval_ns)
		json_print_line(report);
	else
		json_print(report);
}

static int watch(const struct stat_opts *o, struct metrics *before)
{
	struct metrics now;
	uint64_t i;
	int rc;

	for (i = 0; i < o->count && term_sleep(o->interval_ns); i++) {
		rc = metrics_read(&now);
		if (rc)
			return rc;
		if (o->json) {
			print_json(o, &now, before);
		} else {
			if (i)
				putchar('\n');
			print_table(o, &now, before);
			fflush(stdout);
		}
		metrics_free(before);
		*before = now;
	}
	return TOOL_OK;
}

/**
 * cmd_stat() - show counters
 * @argc: number of words
 * @argv: words
 *
 * Return: enum tool_exit.
 */
int cmd_stat(int argc, char **argv)
{
	struct stat_opts o = { .count = UINT64_MAX };
	struct metrics metrics;
	int rc, first;

	opts_parse(&spec, argc, argv, &o, &first);
	o.patterns = argv + first;
	o.num_patterns = argc - first;
	rc = metrics_read(&metrics);
	if (rc)
		return rc;
	if (o.interval_ns)
		rc = watch(&o, &metrics);
	else if (o.json)
		print_json(&o, &metrics, NULL);
	else
		print_table(&o, &metrics, NULL);
	metrics_free(&metrics);
	return rc;
}
