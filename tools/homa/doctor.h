/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Findings of homa doctor, and the checks that make them.
 */
#ifndef HOMA_TOOL_DOCTOR_H
#define HOMA_TOOL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "info.h"
#include "metrics.h"

/**
 * enum doctor_level - how bad a finding is
 * @DOCTOR_OK: as it should be
 * @DOCTOR_NOTE: costs speed, or may matter
 * @DOCTOR_PROBLEM: is wrong
 */
enum doctor_level {
	DOCTOR_OK,
	DOCTOR_NOTE,
	DOCTOR_PROBLEM,
};

/**
 * struct doctor_finding - what a check found
 * @level: how bad it is
 * @check: name of the check, and the device or host
 * @what: what is found
 * @why: why it matters, NULL if all is well
 * @mend: command that mends it, NULL if there is none
 * @here: @mend can be run on this machine
 */
struct doctor_finding {
	enum doctor_level level;
	char *check;
	char *what;
	const char *why;
	char *mend;
	bool here;
};

/**
 * struct doctor - all that the checks know and found
 * @findings: in order
 * @count: number of findings
 * @loaded: the module is there
 * @before: counters at the start
 * @now: counters after the time of observation
 * @peers: hosts
 * @num_peers: number of hosts
 * @rpcs: RPCs
 * @num_rpcs: number of RPCs
 * @link_mbps: parameter of that name, 0 if not known
 */
struct doctor {
	struct doctor_finding *findings;
	size_t count;
	bool loaded;
	struct metrics before;
	struct metrics now;
	struct info_peer *peers;
	size_t num_peers;
	struct info_rpc *rpcs;
	size_t num_rpcs;
	int link_mbps;
};

struct doctor_finding *doctor_say(struct doctor *d, enum doctor_level level,
				  const char *check, const char *what, ...)
	__attribute__((format(printf, 4, 5)));
void doctor_why(struct doctor_finding *f, const char *why);
void doctor_mend(struct doctor_finding *f, const char *command, ...)
	__attribute__((format(printf, 2, 3)));
bool doctor_plain(const char *name);
void doctor_elsewhere(struct doctor_finding *f, const char *command, ...)
	__attribute__((format(printf, 2, 3)));

/* doctor_host.c */
void doctor_module(struct doctor *d);
void doctor_kernel(struct doctor *d);
void doctor_clock(struct doctor *d);
void doctor_backlog(struct doctor *d);
/* doctor_dev.c, doctor_qdisc.c */
void doctor_dev(struct doctor *d, const char *dev);
void doctor_qdisc(struct doctor *d, const char *dev);
void doctor_dscp(struct doctor *d, const char *dev);
/* doctor_firewall.c */
void doctor_firewall(struct doctor *d);
void doctor_ruleset(struct doctor *d, const char *json);
/* doctor_net.c */
void doctor_counters(struct doctor *d);
void doctor_limits(struct doctor *d);
void doctor_hosts(struct doctor *d);

bool doctor_read_line(const char *path, char *line, size_t size);
bool doctor_read_number(const char *path, long long *value);

#endif /* HOMA_TOOL_DOCTOR_H */
