// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * report.c - the log of a run, and what is printed when it fails
 */
#include "run.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/** Lines of the log that a failure shows. */
#define SHOWN_MAX	60

static void print_entry(const struct run *run, const struct log_entry *entry,
			FILE *out)
{
	fprintf(out, "  %+12.6f ms  %s\n",
		(double)(entry->ts_ns - run->start_ns) / 1e6, entry->text);
}

/**
 * report_event() - add a line to the log
 * @run: the run
 * @ts_ns: when it happened
 * @format: the line
 */
void report_event(struct run *run, int64_t ts_ns, const char *format, ...)
{
	struct log_entry *log;
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return;
	log = realloc(run->log, (run->log_count + 1) * sizeof(*log));
	if (!log) {
		free(text);
		return;
	}
	run->log = log;
	log[run->log_count].ts_ns = ts_ns;
	log[run->log_count].text = text;
	log[run->log_count].number = run->log_count;
	if (run->config->verbose)
		print_entry(run, &log[run->log_count], stdout);
	run->log_count++;
}

/**
 * report_packet() - add a packet to the log, and to the capture file
 * @run: the run
 * @pkt: the packet
 * @direction: ">" sent, "<" received, with a remark
 */
void report_packet(struct run *run, const struct drill_pkt *pkt,
		   const char *direction)
{
	char text[600];

	drill_pkt_print(pkt, text, sizeof(text));
	report_event(run, pkt->ts_ns, "%s %s", direction, text);
	if (run->config->pcap)
		pcap_write(run->config->pcap, pkt->frame, pkt->frame_len,
			   pkt->ts_ns);
}

static int compare_times(const void *a, const void *b)
{
	const struct log_entry *x = a, *y = b;

	if (x->ts_ns != y->ts_ns)
		return x->ts_ns < y->ts_ns ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

/**
 * report_failure() - a statement failed; print all that helps
 * @run: the run
 * @s: the statement
 * @format: what is wrong
 *
 * Only the first failure of a run is printed.
 *
 * Return: false, for the caller to return.
 */
bool report_failure(struct run *run, const struct stmt *s, const char *format,
		    ...)
{
	size_t i = 0;
	va_list args;

	if (run->failed)
		return false;
	run->failed = true;
	fflush(stdout);
	if (!run->config->verbose) {
		/* Packets are read late; their times are right. */
		qsort(run->log, run->log_count, sizeof(*run->log),
		      compare_times);
		if (run->log_count > SHOWN_MAX) {
			i = run->log_count - SHOWN_MAX;
			fprintf(stderr, "  (%zu earlier events)\n", i);
		}
		for (; i < run->log_count; i++)
			print_entry(run, &run->log[i], stderr);
	}
	fprintf(stderr, "%s:%d: FAILED over IPv%d at %+.6f ms\n  %s\n  ",
		run->script->name, s->line, run->config->ip_version,
		(double)(now_ns() - run->start_ns) / 1e6, s->source);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n  (times of this statement count from %+.6f ms)\n",
		(double)(run->last_ns - run->start_ns) / 1e6);
	return false;
}

/**
 * report_free() - free the log
 * @run: the run
 */
void report_free(struct run *run)
{
	while (run->log_count)
		free(run->log[--run->log_count].text);
	free(run->log);
	run->log = NULL;
}
