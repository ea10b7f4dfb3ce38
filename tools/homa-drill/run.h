/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * run.h - a running script
 */
#ifndef DRILL_RUN_H
#define DRILL_RUN_H

#include <stdio.h>

#include "app.h"
#include "link.h"
#include "pcap.h"
#include "pkt.h"
#include "script.h"

#define FLOWS_MAX	32

/**
 * struct flow - a named conversation
 * @name: its name
 * @set: which fields are given
 * @value: fields of the packets we send; indices as for DATA
 */
struct flow {
	const char *name;
	bool set[DRILL_FIELD_MAX];
	uint64_t value[DRILL_FIELD_MAX];
};

/**
 * struct config - where to run
 * @ns: our namespace
 * @dev: our device
 * @self: our host number
 * @host_ns: namespace of the host under test
 * @host_dev: its device
 * @host: its host number
 * @ip_version: 4 or 6
 * @verbose: print every event as it happens
 * @pcap: capture file to write, or NULL
 */
struct config {
	const char *ns;
	const char *dev;
	unsigned int self;
	const char *host_ns;
	const char *host_dev;
	unsigned int host;
	int ip_version;
	bool verbose;
	FILE *pcap;
};

/** One line of the log. */
struct log_entry {
	int64_t ts_ns;
	size_t number;
	char *text;
};

/**
 * struct run - a running script
 * @config: where
 * @script: what
 * @link: packet socket
 * @app: application process, started by the first `app`
 * @host_mac: MAC address of the host under test
 * @vars: variables
 * @marks: named times
 * @flows: named conversations
 * @ignored: mask of DRILL_BIT()s
 * @lint: check packets of the host
 * @start_ns: when the script began
 * @last_ns: time of the last event; what `within` counts from
 * @pkt: packet received last
 * @pkt_waiting: @pkt was looked at, but not consumed
 * @frame: memory of @pkt
 * @quote: packet matched last; ICMP errors quote it
 * @quote_frame: memory of @quote
 * @log: all packets and app events
 * @failed: a statement failed; the report is printed
 */
struct run {
	const struct config *config;
	const struct script *script;
	struct drill_link link;
	struct app app;
	uint8_t host_mac[6];
	struct vars vars;
	struct vars marks;
	struct flow flows[FLOWS_MAX];
	int num_flows;
	uint32_t ignored;
	bool lint;
	int64_t start_ns;
	int64_t last_ns;
	struct drill_pkt pkt;
	bool pkt_waiting;
	uint8_t frame[DRILL_FRAME_MAX];
	struct drill_pkt quote;
	uint8_t quote_frame[DRILL_FRAME_MAX];
	struct log_entry *log;
	size_t log_count;
	bool failed;
};

/* ---- run.c ---- */

bool run_script(const struct script *script, const struct config *config);
struct flow *run_flow(struct run *run, const char *name);
bool run_eval(struct run *run, const struct stmt *s, const struct expr *e,
	      int64_t *value);
bool run_arg(struct run *run, const struct stmt *s, const char *name,
	     int64_t *value);
bool run_capture(struct run *run, const struct stmt *s, const char *name,
		 int64_t value);
bool run_compare(struct run *run, const struct stmt *s, const struct arg *arg,
		 const char *what, uint64_t value, uint64_t mask, char *why,
		 size_t size);

/**
 * struct window - when an event has to happen
 * @ref_ns: counted from here
 * @first_ns: not before
 * @last_ns: not after
 */
struct window {
	int64_t ref_ns;
	int64_t first_ns;
	int64_t last_ns;
};

bool run_window(struct run *run, const struct stmt *s, int64_t default_ns,
		struct window *window);
bool run_in_window(const struct window *window, int64_t ts_ns, char *why,
		   size_t size);

/* ---- run_send.c ---- */

bool run_send(struct run *run, const struct stmt *s);

/* ---- run_expect.c ---- */

bool run_expect(struct run *run, const struct stmt *s);
bool run_flush(struct run *run, const struct stmt *s);
bool run_drain(struct run *run, const struct stmt *s);

/* ---- run_app.c ---- */

bool run_app(struct run *run, const struct stmt *s);

/* ---- report.c ---- */

__attribute__((format(printf, 3, 4)))
void report_event(struct run *run, int64_t ts_ns, const char *format, ...);
void report_packet(struct run *run, const struct drill_pkt *pkt,
		   const char *direction);
__attribute__((format(printf, 3, 4)))
bool report_failure(struct run *run, const struct stmt *s, const char *format,
		    ...);
void report_free(struct run *run);

#endif
