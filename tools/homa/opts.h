/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Options, declared once: the help text, the parser and the bounds come from the
 * same table.
 *
 *	struct ping_opts { uint64_t count; uint64_t interval_ns; bool json; };
 *
 *	static const struct opt opts[] = {
 *		OPT_COUNT("count", 'c', struct ping_opts, count, 0, 1000000,
 *			  "stop after so many; 0 = never"),
 *		OPT_DURATION("interval", 'i', struct ping_opts, interval_ns,
 *			     1000000, 3600000000000, "time between two"),
 *		OPT_JSON(struct ping_opts, json),
 *		{ 0 }
 *	};
 *	static const struct opt_spec spec = {
 *		.args = "HOST[:PORT]", .min_args = 1, .max_args = 1,
 *		.about = "Measure round trips.", .opts = opts,
 *	};
 *	struct ping_opts o = { .interval_ns = 1000000000 };	(the defaults; one that
 *	is out of bounds is shown as none)
 *
 *	opts_parse(&spec, argc, argv, &o, &first)
 */
#ifndef HOMA_TOOL_OPTS_H
#define HOMA_TOOL_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * enum opt_type - what an option takes, and the type of its member
 * @OPT_TYPE_FLAG: nothing; bool
 * @OPT_TYPE_COUNT: a number; uint64_t
 * @OPT_TYPE_BYTES: a number of bytes; uint64_t
 * @OPT_TYPE_DURATION: a time; uint64_t, nanoseconds
 * @OPT_TYPE_TEXT: anything; const char *
 * @OPT_TYPE_CHOICE: one of some words; unsigned int, its index
 */
enum opt_type {
	OPT_TYPE_FLAG,
	OPT_TYPE_COUNT,
	OPT_TYPE_BYTES,
	OPT_TYPE_DURATION,
	OPT_TYPE_TEXT,
	OPT_TYPE_CHOICE,
};

/**
 * struct opt - an option
 * @name: long name
 * @key: short name, 0 = none
 * @type: what it takes
 * @offset: of its member in the structure of values
 * @metavar: name of what it takes, in the help text
 * @help: one line, without the default and the bounds, which are added
 * @min: smallest number
 * @max: largest number
 * @choices: words up to NULL
 */
struct opt {
	const char *name;
	char key;
	enum opt_type type;
	size_t offset;
	const char *metavar;
	const char *help;
	uint64_t min;
	uint64_t max;
	const char *const *choices;
};

#define OPT_FLAG(name_, key_, struct_, member_, help_) \
	{ .name = name_, .key = key_, .type = OPT_TYPE_FLAG, \
	  .offset = offsetof(struct_, member_), .help = help_ }
#define OPT_COUNT(name_, key_, struct_, member_, min_, max_, help_) \
	{ .name = name_, .key = key_, .type = OPT_TYPE_COUNT, .metavar = "N", \
	  .offset = offsetof(struct_, member_), .min = min_, .max = max_, .help = help_ }
#define OPT_BYTES(name_, key_, struct_, member_, min_, max_, help_) \
	{ .name = name_, .key = key_, .type = OPT_TYPE_BYTES, .metavar = "BYTES", \
	  .offset = offsetof(struct_, member_), .min = min_, .max = max_, .help = help_ }
#define OPT_DURATION(name_, key_, struct_, member_, min_ns_, max_ns_, help_) \
	{ .name = name_, .key = key_, .type = OPT_TYPE_DURATION, .metavar = "TIME", \
	  .offset = offsetof(struct_, member_), .min = min_ns_, .max = max_ns_, .help = help_ }
#define OPT_TEXT(name_, key_, struct_, member_, metavar_, help_) \
	{ .name = name_, .key = key_, .type = OPT_TYPE_TEXT, .metavar = metavar_, \
	  .offset = offsetof(struct_, member_), .help = help_ }
#define OPT_CHOICE(name_, key_, struct_, member_, metavar_, choices_, help_) \
	{ .name = name_, .key = key_, .type = OPT_TYPE_CHOICE, .metavar = metavar_, \
	  .offset = offsetof(struct_, member_), .choices = choices_, .help = help_ }
#define OPT_JSON(struct_, member_) \
	OPT_FLAG("json", 'j', struct_, member_, "print JSON, for scripts")

/**
 * struct opt_spec - the command line of a subcommand
 * @args: its arguments, for the help text; NULL = none
 * @min_args: fewest arguments
 * @max_args: most arguments
 * @about: what it does, above the options
 * @more: examples or the like, below the options; may be NULL
 * @opts: options up to one without a name
 */
struct opt_spec {
	const char *args;
	unsigned int min_args;
	unsigned int max_args;
	const char *about;
	const char *more;
	const struct opt *opts;
};

int opts_parse(const struct opt_spec *spec, int argc, char **argv, void *values,
	       int *first);

#endif /* HOMA_TOOL_OPTS_H */
