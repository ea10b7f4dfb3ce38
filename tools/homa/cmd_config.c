// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa config - show, change and keep parameters
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "info.h"
#include "json.h"
#include "message.h"
#include "opts.h"
#include "params.h"
#include "table.h"
#include "term.h"

#define ARGS_MAX	64

struct config_opts {
	bool json;
	bool save;
	const char *file;
};

static const struct opt opts[] = {
	OPT_FLAG("save", 's', struct config_opts, save,
		 "keep the parameters that are named for the next boot"),
	OPT_TEXT("file", 'f', struct config_opts, file, "FILE",
		 "with --save: the file, instead of " PARAMS_FILE),
	OPT_JSON(struct config_opts, json),
	{ 0 }
};

static const struct opt_spec spec = {
	.args = "[NAME | NAME=VALUE]...", .max_args = ARGS_MAX,
	.about = "Show the parameters of this network namespace (all, or those that are "
		 "named), or change them. A change takes root; it counts at once.",
	.more = "Examples:\n  homa config resend_ticks\n"
		"  homa config --save timeout_ticks=200ms unsched_bytes=64Ki\n"
		"man 7 homa, section SYSCTLS, explains each.",
	.opts = opts,
};

static const char *range_text(const struct info_param *param, char text[48])
{
	if (param->read_only)
		snprintf(text, 48, "read-only");
	else
		snprintf(text, 48, "%d..%d", param->min, param->max);
	return text;
}

static void print_table(const struct info_param *params, size_t count)
{
	static const char * const headers[] = {
		"PARAMETER", ">VALUE", "UNIT", "RANGE", "MEANING", NULL
	};
	struct table *table = table_new(headers);
	char range[48], value[PARAMS_TEXT_MAX];
	const struct param_doc *doc;
	bool wide = false;
	size_t i;

	/* Eight values would make the column wide for all. */
	for (i = 0; i < count; i++) {
		doc = params_doc(params[i].name);
		wide |= params[i].num_values > 1;
		if (params[i].num_values == 1)
			table_add(table, "%s\t%s\t%s\t%s\t%s", params[i].name,
				  params_text(&params[i], value), doc->unit,
				  range_text(&params[i], range), doc->text);
	}
	table_fit(table, term_width());
	if (table_rows(table)) {
		table_print(table, stdout, "");
		if (wide)
			putchar('\n');
	}
	table_free(table);
	for (i = 0; i < count; i++) {
		doc = params_doc(params[i].name);
		if (params[i].num_values > 1)
			printf("%s: %s%s%s\n  %s\n", params[i].name,
			       params_text(&params[i], value), *doc->unit ? " " : "",
			       doc->unit, doc->text);
	}
}

static void print_json(const struct info_param *params, size_t count)
{
	json_t *report = json_new(json_object());
	json_t *list = json_new(json_array());
	json_t *object, *values;
	unsigned int j;
	size_t i;

	for (i = 0; i < count; i++) {
		object = json_new(json_object());
		json_set_text(object, "name", params[i].name);
		values = json_new(json_array());
		for (j = 0; j < params[i].num_values; j++)
			json_array_append_new(values, json_integer(params[i].values[j]));
		json_set(object, "values", values);
		json_set_text(object, "unit", params_doc(params[i].name)->unit);
		json_set_bool(object, "read_only", params[i].read_only);
		if (!params[i].read_only) {
			json_set(object, "min", json_integer(params[i].min));
			json_set(object, "max", json_integer(params[i].max));
		}
		json_set_text(object, "text", params_doc(params[i].name)->text);
		json_array_append_new(list, object);
	}
	json_set(report, "parameters", list);
	json_print(report);
}

/* The parameter that an argument names: "NAME" or "NAME=VALUE". */
static const struct info_param *named(const struct info_param *params, size_t count,
				      const char *arg)
{
	size_t len = strcspn(arg, "="), i;
	const char *prefix = "net.homa.";

	/* As sysctl(8) spells it. */
	if (!strncmp(arg, prefix, strlen(prefix))) {
		arg += strlen(prefix);
		len -= strlen(prefix);
	}
	for (i = 0; i < count; i++)
		if (strlen(params[i].name) == len && !strncmp(params[i].name, arg, len))
			return &params[i];
	complain("there is no parameter \"%.*s\"", (int)len, arg);
	hint("homa config");
	return NULL;
}

/* All arguments are understood before anything is changed. */
static int understand(const struct info_param *params, size_t count, char **args,
		      int num_args, struct info_param *wanted, bool *change)
{
	const struct info_param *param;
	char why[200];
	int i;

	for (i = 0; i < num_args; i++) {
		param = named(params, count, args[i]);
		if (!param)
			return TOOL_NOT_THERE;
		wanted[i] = *param;
		change[i] = strchr(args[i], '=');
		if (!change[i])
			continue;
		if (param->read_only) {
			complain("%s is derived from other parameters", param->name);
			hint("man 7 homa, section SYSCTLS");
			return TOOL_USAGE;
		}
		if (!params_parse(param, strchr(args[i], '=') + 1, &wanted[i], why,
				  sizeof(why))) {
			complain("%s: %s", param->name, why);
			return TOOL_USAGE;
		}
	}
	return TOOL_OK;
}

static void say_when_saved(const char *path)
{
	printf("saved in %s\n", path);
	/* sysctl settings are applied once, early: the module must be there by then. */
	if (access("/etc/modules-load.d/homa.conf", F_OK) &&
	    access("/usr/lib/modules-load.d/homa.conf", F_OK))
		printf("They count at boot only if the module is loaded then:\n"
		       "  echo homa > /etc/modules-load.d/homa.conf\n");
}

static int apply(struct info *info, const struct config_opts *o,
		 struct info_param *wanted, const bool *change, int num)
{
	const char *path = o->file ? o->file : PARAMS_FILE;
	int i, rc;

	for (i = 0; i < num; i++) {
		if (!change[i])
			continue;
		rc = info_param_set(info, &wanted[i]);
		if (rc)
			return rc;
	}
	if (!o->save)
		return TOOL_OK;
	rc = params_save(path, wanted, (size_t)num);
	if (!rc && !o->json)
		say_when_saved(path);
	return rc;
}

static int run(struct info *info, const struct config_opts *o, char **args, int num)
{
	struct info_param wanted[ARGS_MAX], *params;
	bool change[ARGS_MAX] = { 0 }, changes = false;
	size_t count;
	int i, rc;

	rc = info_params(info, &params, &count);
	if (rc)
		return rc;
	rc = understand(params, count, args, num, wanted, change);
	if (!rc)
		rc = apply(info, o, wanted, change, num);
	for (i = 0; i < num; i++)
		changes |= change[i];
	if (!rc && o->json)
		print_json(num ? wanted : params, num ? (size_t)num : count);
	else if (!rc && !changes && !o->save)
		print_table(num ? wanted : params, num ? (size_t)num : count);
	free(params);
	return rc;
}

/**
 * cmd_config() - show and change parameters
 * @argc: number of words
 * @argv: words
 *
 * Return: enum tool_exit.
 */
int cmd_config(int argc, char **argv)
{
	struct config_opts o = { 0 };
	struct info *info;
	int first, rc;

	opts_parse(&spec, argc, argv, &o, &first);
	if (o.save && first == argc) {
		complain("--save keeps the parameters that are named, and none is");
		hint("homa config --save NAME=VALUE");
		return TOOL_USAGE;
	}
	rc = info_open(&info);
	if (rc)
		return rc;
	rc = run(info, &o, argv + first, argc - first);
	info_close(info);
	return rc;
}
