// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * opts.c - from a table of options to argp(3)
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "message.h"
#include "opts.h"
#include "units.h"

/* Keys of options without a short name. */
#define LONG_KEY	0x1000
#define KEY_HELP	'h'

/**
 * struct parsing - a command line being read
 * @spec: its declaration
 * @values: structure of the results
 * @first: index of the first argument in argv
 * @args: number of arguments
 */
struct parsing {
	const struct opt_spec *spec;
	void *values;
	int first;
	unsigned int args;
};

static void *member(const struct opt *opt, void *values)
{
	return (char *)values + opt->offset;
}

static const char *number_text(const struct opt *opt, uint64_t value,
			       char text[UNITS_MAX])
{
	if (opt->type == OPT_TYPE_DURATION)
		return units_duration(value, text);
	snprintf(text, UNITS_MAX, "%llu", (unsigned long long)value);
	/* Round numbers in short. */
	if (value >= 1000000 && !(value % 1000000))
		snprintf(text, UNITS_MAX, "%lluM", (unsigned long long)value / 1000000);
	return text;
}

static bool parse_number(const struct opt *opt, const char *arg, uint64_t *value)
{
	switch (opt->type) {
	case OPT_TYPE_BYTES:
		return units_parse_bytes(arg, value);
	case OPT_TYPE_DURATION:
		return units_parse_duration(arg, value);
	default:
		return units_parse_count(arg, value);
	}
}

static error_t set_number(const struct opt *opt, const char *arg,
			  struct argp_state *state, void *values)
{
	static const char * const kinds[] = {
		[OPT_TYPE_COUNT] = "a number",
		[OPT_TYPE_BYTES] = "a number of bytes (like 1500, 64Ki, 1M)",
		[OPT_TYPE_DURATION] = "a time (like 10ms, 1.5s)",
	};
	char low[UNITS_MAX], high[UNITS_MAX];
	uint64_t value;

	if (!parse_number(opt, arg, &value)) {
		argp_error(state, "--%s: \"%s\" is not %s", opt->name, arg,
			   kinds[opt->type]);
		return EINVAL;
	}
	if (value < opt->min || value > opt->max) {
		argp_error(state, "--%s: %s is not from %s to %s", opt->name, arg,
			   number_text(opt, opt->min, low), number_text(opt, opt->max, high));
		return EINVAL;
	}
	*(uint64_t *)member(opt, values) = value;
	return 0;
}

static error_t set_choice(const struct opt *opt, const char *arg,
			  struct argp_state *state, void *values)
{
	char known[256] = "";
	unsigned int i;

	for (i = 0; opt->choices[i]; i++) {
		if (!strcmp(opt->choices[i], arg)) {
			*(unsigned int *)member(opt, values) = i;
			return 0;
		}
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
			 i ? ", " : "", opt->choices[i]);
	}
	argp_error(state, "--%s: \"%s\" is none of %s", opt->name, arg, known);
	return EINVAL;
}

static error_t set(const struct opt *opt, char *arg, struct argp_state *state,
		   void *values)
{
	switch (opt->type) {
	case OPT_TYPE_FLAG:
		*(bool *)member(opt, values) = true;
		return 0;
	case OPT_TYPE_TEXT:
		*(const char **)member(opt, values) = arg;
		return 0;
	case OPT_TYPE_CHOICE:
		return set_choice(opt, arg, state, values);
	default:
		return set_number(opt, arg, state, values);
	}
}

static int key_of(const struct opt_spec *spec, const struct opt *opt)
{
	return opt->key ? opt->key : LONG_KEY + (int)(opt - spec->opts);
}

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
	struct parsing *p = state->input;
	const struct opt *opt;

	switch (key) {
	case KEY_HELP:
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		if (p->args >= p->spec->max_args) {
			argp_error(state, "\"%s\" is one argument too many", arg);
			return EINVAL;
		}
		p->args++;
		return 0;
	case ARGP_KEY_END:
		if (p->args < p->spec->min_args) {
			argp_error(state, "an argument is missing: %s", p->spec->args);
			return EINVAL;
		}
		return 0;
	}
	for (opt = p->spec->opts; opt->name; opt++)
		if (key_of(p->spec, opt) == key)
			return set(opt, arg, state, p->values);
	return ARGP_ERR_UNKNOWN;
}

/* The help line of an option, with what its declaration knows. */
static char *help_of(const struct opt *opt, void *values)
{
	char low[UNITS_MAX], high[UNITS_MAX], now[UNITS_MAX];
	uint64_t value;
	char *text;
	int len;

	switch (opt->type) {
	case OPT_TYPE_COUNT:
	case OPT_TYPE_BYTES:
	case OPT_TYPE_DURATION:
		value = *(uint64_t *)member(opt, values);
		len = asprintf(&text, "%s (%s to %s; default %s)", opt->help,
			       number_text(opt, opt->min, low),
			       number_text(opt, opt->max, high),
			       value < opt->min || value > opt->max ? "none" :
			       number_text(opt, value, now));
		break;
	case OPT_TYPE_CHOICE:
		len = asprintf(&text, "%s (default %s)", opt->help,
			       opt->choices[*(unsigned int *)member(opt, values)]);
		break;
	default:
		len = asprintf(&text, "%s", opt->help);
		break;
	}
	if (len < 0) {
		complain("out of memory");
		exit(TOOL_FAILED);
	}
	return text;
}

static char *whole_doc(const struct opt_spec *spec)
{
	char *text;

	if (asprintf(&text, "%s\v%s", spec->about, spec->more ? spec->more : "") < 0) {
		complain("out of memory");
		exit(TOOL_FAILED);
	}
	return text;
}

static error_t run(const struct opt_spec *spec, int argc, char **argv,
		   struct parsing *p, struct argp_option *table)
{
	char *doc = whole_doc(spec);
	struct argp argp = {
		.options = table, .parser = parse_one, .args_doc = spec->args,
		.doc = doc,
	};
	error_t rc;

	argp_err_exit_status = TOOL_USAGE;
	/* No paragraph about arguments of short options. */
	setenv("ARGP_HELP_FMT", "no-dup-args-note", 0);
	/* Words after the options are left in order at the end of argv. */
	rc = argp_parse(&argp, argc, argv, ARGP_NO_HELP, &p->first, p);
	free(doc);
	return rc;
}

/**
 * opts_parse() - read a command line
 * @spec: its declaration
 * @argc: number of words
 * @argv: the words; options are moved before arguments
 * @values: structure with the defaults; gets the values
 * @first: index of the first argument in @argv; there are @argc - @first
 *
 * Does not return if the command line is wrong (exit status TOOL_USAGE, with a
 * message) or asks for help.
 *
 * Return: TOOL_OK.
 */
int opts_parse(const struct opt_spec *spec, int argc, char **argv, void *values,
	       int *first)
{
	struct parsing p = { .spec = spec, .values = values };
	struct argp_option *table;
	size_t count = 0, i;

	while (spec->opts[count].name)
		count++;
	table = calloc(count + 2, sizeof(*table));
	if (!table) {
		complain("out of memory");
		exit(TOOL_FAILED);
	}
	for (i = 0; i < count; i++) {
		table[i].name = spec->opts[i].name;
		table[i].key = key_of(spec, &spec->opts[i]);
		table[i].arg = spec->opts[i].metavar;
		table[i].doc = help_of(&spec->opts[i], values);
	}
	table[count].name = "help";
	table[count].key = KEY_HELP;
	table[count].doc = "print this and exit";
	table[count].group = -1;
	run(spec, argc, argv, &p, table);
	for (i = 0; i < count; i++)
		free((char *)table[i].doc);
	free(table);
	*first = argc - (int)p.args;
	return TOOL_OK;
}
