// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * params.c - parameters: units, values, and the file for the next boot
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "message.h"
#include "params.h"
#include "units.h"

#define PREFIX	"net.homa."

static const struct param_doc docs[] = {
	{ "unsched_bytes", "bytes", "of a message that are sent without a grant" },
	{ "max_incoming", "bytes", "granted but not received, all messages together" },
	{ "window", "bytes", "granted ahead to one message; 0 = shared evenly" },
	{ "tune_windows", "", "1 = these three follow the network unless they are set" },
	{ "max_overcommit", "", "messages that are granted at the same time" },
	{ "fifo_grant_increment", "bytes", "of a grant for the oldest message; 0 = none" },
	{ "grant_fifo_fraction", "1/1000", "of the link for the oldest message" },
	{ "link_mbps", "Mbit/s", "speed of the link, for pacing" },
	{ "num_priorities", "", "priority levels in use" },
	{ "priority_map", "", "top bits of TOS for each level" },
	{ "unsched_cutoffs", "bytes", "longest message of each level" },
	{ "cutoff_version", "", "number of that table" },
	{ "max_sched_prio", "", "highest level of granted data" },
	{ "cutoffs_pinned", "", "1 = that table does not follow the traffic" },
	{ "defer_min_bytes", "bytes", "messages this short are not paced" },
	{ "max_nic_est_backlog_usecs", "us", "queue of the device that pacing allows" },
	{ "pacer_fifo_fraction", "1/1000", "of paced packets are of the oldest message" },
	{ "flags", "", "2 = no pacing" },
	{ "resend_ticks", "ms", "silence before missing data is asked for" },
	{ "resend_interval", "ms", "silence between repetitions of that" },
	{ "timeout_ticks", "ms", "silence after which an RPC fails" },
	{ "request_ack_ticks", "ms", "after a response before an ack is asked for" },
	{ "wmem_max", "bytes", "send buffer of new sockets" },
	{ "rpc_sock_max", "", "RPCs of a socket" },
	{ "rpc_net_max", "", "RPCs of the network namespace" },
	{ "peer_net_max", "", "hosts that are remembered" },
	{ "peer_gc_threshold", "", "as long as not more are known none is forgotten" },
	{ "peer_idle_secs_min", "s", "hosts used so recently are kept" },
	{ "peer_idle_secs_max", "s", "hosts not used for so long are forgotten" },
	{ "privileged_ports", "", "1 = low ports need CAP_NET_BIND_SERVICE" },
};

/**
 * params_doc() - what is known about a parameter
 * @name: its name
 *
 * Return: unit and meaning, never NULL.
 */
const struct param_doc *params_doc(const char *name)
{
	static const struct param_doc none = { "", "", "" };
	size_t i;

	for (i = 0; i < sizeof(docs) / sizeof(docs[0]); i++)
		if (!strcmp(docs[i].name, name))
			return &docs[i];
	return &none;
}

/**
 * params_text() - the values of a parameter
 * @param: parameter
 * @text: where to write
 *
 * Return: @text, numbers with blanks between, as in /proc/sys.
 */
const char *params_text(const struct info_param *param, char text[PARAMS_TEXT_MAX])
{
	unsigned int i;

	text[0] = 0;
	for (i = 0; i < param->num_values; i++)
		snprintf(text + strlen(text), PARAMS_TEXT_MAX - strlen(text), "%s%d",
			 i ? " " : "", param->values[i]);
	return text;
}

/* Number of nanoseconds of a unit, 0 if it is not one of time. */
static uint64_t unit_ns(const char *unit)
{
	if (!strcmp(unit, "us"))
		return 1000;
	if (!strcmp(unit, "ms"))
		return 1000000;
	return !strcmp(unit, "s") ? 1000000000 : 0;
}

static bool parse_value(const char *unit, const char *word, int64_t *value)
{
	uint64_t number, ns = unit_ns(unit);
	char *end;

	errno = 0;
	*value = strtoll(word, &end, 10);
	if (!errno && end != word && !*end)
		return true;
	/* With a unit of its own: "64Ki", "10ms". */
	if (ns && units_parse_duration(word, &number) && !(number % ns)) {
		*value = (int64_t)(number / ns);
		return true;
	}
	if (!ns && units_parse_bytes(word, &number)) {
		*value = (int64_t)number;
		return true;
	}
	return false;
}

/**
 * params_parse() - read new values
 * @param: the parameter as it is
 * @text: one number for each value, with blanks or commas between
 * @out: the parameter as it shall be
 * @why: where to say what is wrong
 * @size: bytes in @why
 *
 * Return: false if they do not fit the parameter.
 */
bool params_parse(const struct info_param *param, const char *text,
		  struct info_param *out, char *why, size_t size)
{
	const char *unit = params_doc(param->name)->unit;
	char copy[PARAMS_TEXT_MAX], *rest = copy, *word;
	unsigned int count = 0;
	int64_t value;

	*out = *param;
	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy)) {
		snprintf(why, size, "the value is too long");
		return false;
	}
	while ((word = strsep(&rest, " ,\t"))) {
		if (!*word)
			continue;
		if (!parse_value(unit, word, &value)) {
			snprintf(why, size, "\"%s\" is no number%s%s", word,
				 *unit ? " of " : "", unit);
			return false;
		}
		if (value < param->min || value > param->max) {
			snprintf(why, size, "%s is not from %d to %d%s%s", word,
				 param->min, param->max, *unit ? " " : "", unit);
			return false;
		}
		if (count < param->num_values)
			out->values[count] = (int32_t)value;
		count++;
	}
	if (count != param->num_values) {
		snprintf(why, size, "it takes %u value%s, not %u", param->num_values,
			 param->num_values == 1 ? "" : "s", count);
		return false;
	}
	return true;
}

/* Does a line of the file set this parameter? */
static bool sets(const char *line, const char *name)
{
	size_t len = strlen(name);

	line += strspn(line, " \t");
	line += *line == '-';
	if (strncmp(line, PREFIX, strlen(PREFIX)))
		return false;
	line += strlen(PREFIX);
	return !strncmp(line, name, len) && strchr(" \t=", line[len]) && line[len];
}

static void copy_rest(FILE *old, FILE *new, const struct info_param *params, size_t count)
{
	char line[512];
	size_t i;

	while (fgets(line, sizeof(line), old)) {
		for (i = 0; i < count; i++)
			if (sets(line, params[i].name))
				break;
		if (i == count)
			fputs(line, new);
	}
}

/**
 * params_save() - keep values for the next boot
 * @path: file in the form of sysctl.conf(5); other lines of it stay
 * @params: parameters with the values to keep
 * @count: number of them
 *
 * Return: TOOL_OK, or why not; has complained then.
 */
int params_save(const char *path, const struct info_param *params, size_t count)
{
	char temp[512], text[PARAMS_TEXT_MAX];
	FILE *old, *new;
	bool failed;
	size_t i;

	snprintf(temp, sizeof(temp), "%s.new", path);
	new = fopen(temp, "we");
	if (!new) {
		complain("%s: %m", temp);
		return errno == EACCES ? TOOL_NO_PERMISSION : TOOL_FAILED;
	}
	old = fopen(path, "re");
	if (old) {
		copy_rest(old, new, params, count);
		fclose(old);
	} else {
		fprintf(new, "# Written by homa config --save; see man 7 homa.\n");
	}
	for (i = 0; i < count; i++)
		fprintf(new, PREFIX "%s = %s\n", params[i].name,
			params_text(&params[i], text));
	fchmod(fileno(new), 0644);
	failed = ferror(new);
	failed |= fflush(new) || fsync(fileno(new));
	failed |= fclose(new);
	if (!failed && !rename(temp, path))
		return TOOL_OK;
	complain("%s cannot be written: %m", path);
	unlink(temp);
	return TOOL_FAILED;
}
