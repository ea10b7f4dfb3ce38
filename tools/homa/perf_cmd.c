// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * perf_cmd.c - signals, errors and numbers of the commands that make load
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "cmd.h"
#include "json.h"
#include "message.h"
#include "perf_cmd.h"

volatile int perf_stopped;

static void on_signal(int number)
{
	(void)number;
	/* A second one ends the program as usual. */
	perf_stopped = 1;
}

/**
 * perf_catch_signals() - let SIGINT and SIGTERM end the work, not the program
 */
void perf_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/**
 * perf_exit() - say what failed
 * @rc: -errno
 * @why: reason
 *
 * Return: enum tool_exit.
 */
int perf_exit(int rc, const struct perf_why *why)
{
	complain("%s", why->text);
	if (why->hint[0])
		hint("%s", why->hint);
	switch (-rc) {
	case EPROTONOSUPPORT:
	case ESOCKTNOSUPPORT:
		return TOOL_NO_HOMA;
	case EPERM:
	case EACCES:
		return TOOL_NO_PERMISSION;
	case ENOENT:
		return TOOL_NOT_THERE;
	case EINVAL:
		return TOOL_USAGE;
	default:
		return TOOL_FAILED;
	}
}

/**
 * perf_json_hist() - the usual quantiles
 * @hist: histogram
 * @unit: values are divided by this; 1 gives integers
 *
 * Return: an object.
 */
json_t *perf_json_hist(const struct perf_hist *hist, double unit)
{
	static const struct {
		const char *name;
		double share;
	} quantiles[] = {
		{ "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "p999", 0.999 },
	};
	json_t *object = json_new(json_object());
	unsigned int i;

	json_set_uint(object, "count", hist->count);
	if (!hist->count)
		return object;
	json_set(object, "mean", json_real(perf_hist_mean(hist) / unit));
	if (unit == 1) {
		json_set_uint(object, "min", hist->min);
		json_set_uint(object, "max", hist->max);
	} else {
		json_set(object, "min", json_real((double)hist->min / unit));
		json_set(object, "max", json_real((double)hist->max / unit));
	}
	for (i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		uint64_t value = perf_hist_quantile(hist, quantiles[i].share);

		json_set(object, quantiles[i].name, unit == 1 ? json_integer((json_int_t)value) :
			 json_real((double)value / unit));
	}
	return object;
}
