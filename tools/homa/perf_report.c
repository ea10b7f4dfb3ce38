// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * perf_report.c - the result as a text, and as JSON
 */
#include <string.h>

#include "json.h"
#include "perf_cmd.h"
#include "perf_report.h"
#include "table.h"
#include "units.h"

/**
 * perf_report_bits_per_s() - what was carried
 * @report: measurement
 *
 * Return: bits per second of requests and answers, without any headers.
 */
double perf_report_bits_per_s(const struct perf_report *report)
{
	return (double)report->result->bytes * 8e9 / (double)report->result->measured_ns;
}

/**
 * perf_report_requests_per_s() - how much was answered
 * @report: measurement
 *
 * Return: requests per second of the measured time.
 */
double perf_report_requests_per_s(const struct perf_report *report)
{
	uint64_t requests = 0;
	unsigned int i;

	for (i = 0; i < PERF_SLICES; i++)
		requests += report->result->slice[i].requests;
	return (double)requests * 1e9 / (double)report->result->measured_ns;
}

/**
 * perf_report_load() - what was asked of whom
 * @report: measurement
 * @line: memory for the text
 *
 * Return: @line.
 */
const char *perf_report_load(const struct perf_report *report, char line[PERF_LINE_MAX])
{
	const struct perf_load *load = report->load;
	char mean[UNITS_MAX], rate[UNITS_MAX], how[96];

	if (load->rate > 0)
		snprintf(how, sizeof(how), "%s requests/s, Poisson arrivals",
			 units_count(load->rate * load->num_clients, rate));
	else
		snprintf(how, sizeof(how), "%u under way all the time",
			 load->depth * load->num_clients);
	snprintf(line, PERF_LINE_MAX,
		 "%s messages (mean %s bytes)%s over %s%s%s, %u client%s, %u server%s, %s",
		 load->dist->name, units_bytes((uint64_t)load->dist->mean_bytes, mean),
		 load->kind == PERF_ECHO ? " there and back" : " one way", load->transport->name,
		 load->congestion ? " with " : "", load->congestion ? load->congestion : "",
		 load->num_clients, load->num_clients == 1 ? "" : "s",
		 report->num_servers, report->num_servers == 1 ? "" : "s", how);
	return line;
}

/**
 * perf_report_outcome() - how many were answered, and what became of the others
 * @report: measurement
 * @line: memory for the text
 *
 * Return: @line.
 */
const char *perf_report_outcome(const struct perf_report *report, char line[PERF_LINE_MAX])
{
	const struct perf_result *r = report->result;
	char rate[UNITS_MAX], bits[UNITS_MAX];
	size_t used;

	snprintf(line, PERF_LINE_MAX, "%llu requests, %llu answered; %s/s, %sbit/s of messages",
		 (unsigned long long)r->sent, (unsigned long long)r->answered,
		 units_count(perf_report_requests_per_s(report), rate),
		 units_count(perf_report_bits_per_s(report), bits));
#define APPEND(number, text, ...) do {							\
	used = strlen(line);								\
	if (number)									\
		snprintf(line + used, PERF_LINE_MAX - used, "; %llu " text,		\
			 (unsigned long long)(number), ##__VA_ARGS__);			\
} while (0)
	APPEND(r->failed, "failed (first: %s)", strerror(r->first_error));
	APPEND(r->wrong, "with WRONG BYTES");
	APPEND(r->unfinished, "not answered in time");
	APPEND(r->unsent, "due but never sent: too much load");
#undef APPEND
	return line;
}

static void print_deciles(const struct perf_report *report, FILE *out)
{
	static const char * const headers[] = {
		"bytes", "requests", "median", "p99", "max", "slowdown", "p99", NULL
	};
	struct table *table = table_new(headers);
	unsigned int i;

	for (i = 0; i < PERF_DECILES; i++) {
		const struct perf_decile *d = &report->result->decile[i];
		char median[UNITS_MAX], p99[UNITS_MAX], max[UNITS_MAX];
		char slow50[UNITS_MAX] = "", slow99[UNITS_MAX] = "", bytes[32];

		if (!d->latency.count)
			continue;
		if (d->min_bytes == d->max_bytes)
			snprintf(bytes, sizeof(bytes), "%u", d->min_bytes);
		else
			snprintf(bytes, sizeof(bytes), "%u-%u", d->min_bytes, d->max_bytes);
		if (d->slowdown.count) {
			snprintf(slow50, sizeof(slow50), "%.2f",
				 (double)perf_hist_quantile(&d->slowdown, 0.5) /
				 PERF_SLOWDOWN_UNIT);
			snprintf(slow99, sizeof(slow99), "%.2f",
				 (double)perf_hist_quantile(&d->slowdown, 0.99) /
				 PERF_SLOWDOWN_UNIT);
		}
		table_add(table, "%s\t%llu\t%s\t%s\t%s\t%s\t%s", bytes,
			  (unsigned long long)d->latency.count,
			  units_duration(perf_hist_quantile(&d->latency, 0.5), median),
			  units_duration(perf_hist_quantile(&d->latency, 0.99), p99),
			  units_duration(d->latency.max, max), slow50, slow99);
	}
	if (table_rows(table) > 1)
		fprintf(out, "\nBy size, a tenth of the messages in each line:\n");
	table_print(table, out, "  ");
	table_free(table);
}

/**
 * perf_report_print() - the result as a text
 * @report: measurement
 * @out: where to
 */
void perf_report_print(const struct perf_report *report, FILE *out)
{
	const struct perf_hist *h = &report->result->latency;
	static const double shares[] = { 0.5, 0.9, 0.99, 0.999 };
	static const char * const names[] = { "median", "p90", "p99", "p99.9" };
	char line[PERF_LINE_MAX], text[UNITS_MAX];
	unsigned int i;

	fprintf(out, "%s\n", perf_report_outcome(report, line));
	if (!h->count)
		return;
	fprintf(out, "time: min %s", units_duration(h->min, text));
	for (i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		fprintf(out, ", %s %s", names[i],
			units_duration(perf_hist_quantile(h, shares[i]), text));
	fprintf(out, ", max %s\n", units_duration(h->max, text));
	print_deciles(report, out);
}

static json_t *json_deciles(const struct perf_result *result)
{
	json_t *list = json_new(json_array());
	unsigned int i;

	for (i = 0; i < PERF_DECILES; i++) {
		const struct perf_decile *d = &result->decile[i];
		json_t *object = json_new(json_object());

		json_set_uint(object, "min_bytes", d->min_bytes);
		json_set_uint(object, "max_bytes", d->max_bytes);
		json_set(object, "time_ns", perf_json_hist(&d->latency, 1));
		if (result->slowdown.count)
			json_set(object, "slowdown",
				 perf_json_hist(&d->slowdown, PERF_SLOWDOWN_UNIT));
		json_array_append_new(list, object);
	}
	return list;
}

/* Pairs of the largest time of a bucket and the number of requests in it. */
static json_t *json_histogram(const struct perf_hist *hist)
{
	json_t *list = json_new(json_array());
	unsigned int i;

	for (i = 0; i < PERF_HIST_BUCKETS; i++)
		if (hist->buckets[i])
			json_array_append_new(list, json_pack("[I,I]",
							      (json_int_t)perf_hist_high(i),
							      (json_int_t)hist->buckets[i]));
	return list;
}

static json_t *json_slices(const struct perf_result *result)
{
	json_t *list = json_new(json_array());
	unsigned int i;

	for (i = 0; i < PERF_SLICES; i++) {
		const struct perf_slice *s = &result->slice[i];
		json_t *object = json_new(json_object());

		json_set_uint(object, "requests", s->requests);
		json_set_uint(object, "bytes", s->bytes);
		json_set_uint(object, "time_mean_ns",
			      s->requests ? s->latency_sum_ns / s->requests : 0);
		json_set_uint(object, "time_max_ns", s->latency_max_ns);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *json_load(const struct perf_report *report)
{
	const struct perf_load *load = report->load;
	json_t *object = json_new(json_object()), *servers = json_new(json_array());
	unsigned int i;

	for (i = 0; i < report->num_servers; i++)
		json_array_append_new(servers, json_string(report->servers[i].text));
	json_set(object, "servers", servers);
	json_set_text(object, "protocol", load->transport->name);
	json_set_text(object, "congestion", load->congestion);
	json_set_text(object, "workload", load->dist->name);
	json_set(object, "mean_bytes", json_real(load->dist->mean_bytes));
	json_set_text(object, "kind", load->kind == PERF_ECHO ? "echo" : "sink");
	json_set_uint(object, "clients", load->num_clients);
	json_set_uint(object, "connections", load->connections);
	json_set_text(object, "loop", load->rate > 0 ? "open" : "closed");
	json_set(object, "requests_per_s", json_real(load->rate * load->num_clients));
	json_set_uint(object, "depth", load->depth);
	json_set_uint(object, "seed", load->seed);
	json_set_uint(object, "warmup_ns", load->warmup_ns);
	json_set_uint(object, "measure_ns", load->measure_ns);
	return object;
}

/**
 * perf_report_json() - the result for scripts
 * @report: measurement
 *
 * Return: an object.
 */
json_t *perf_report_json(const struct perf_report *report)
{
	const struct perf_result *r = report->result;
	json_t *root = json_new(json_object());

	json_set(root, "load", json_load(report));
	json_set_uint(root, "measured_ns", r->measured_ns);
	json_set_uint(root, "due_bytes", r->due_bytes);
	json_set_uint(root, "answered_bytes", r->answered_bytes);
	json_set_uint(root, "last_answer_ns", r->last_answer_ns);
	json_set_uint(root, "sent", r->sent);
	json_set_uint(root, "answered", r->answered);
	json_set_uint(root, "failed", r->failed);
	json_set_text(root, "first_error", r->failed ? strerror(r->first_error) : NULL);
	json_set_uint(root, "wrong", r->wrong);
	json_set_uint(root, "unfinished", r->unfinished);
	json_set_uint(root, "unsent", r->unsent);
	json_set(root, "requests_per_s", json_real(perf_report_requests_per_s(report)));
	json_set(root, "bits_per_s", json_real(perf_report_bits_per_s(report)));
	json_set(root, "time_ns", perf_json_hist(&r->latency, 1));
	if (r->slowdown.count) {
		json_set(root, "slowdown", perf_json_hist(&r->slowdown, PERF_SLOWDOWN_UNIT));
		json_set(root, "slowdown_shorter_half",
			 perf_json_hist(&r->shorter_half, PERF_SLOWDOWN_UNIT));
	}
	json_set(root, "deciles", json_deciles(r));
	json_set(root, "histogram", json_histogram(&r->latency));
	json_set(root, "slices", json_slices(r));
	return root;
}
