// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa doctor - what is wrong, why it matters, and the command that mends it
 */
#include <dirent.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "doctor.h"
#include "json.h"
#include "message.h"
#include "opts.h"
#include "term.h"

#define DEVS_MAX	16

struct doctor_opts {
	bool json;
	bool fix;
	bool yes;
	bool quiet;
	uint64_t watch_ns;
};

static const struct opt opts[] = {
	OPT_FLAG("fix", 0, struct doctor_opts, fix, "run the commands that mend, after asking"),
	OPT_FLAG("yes", 'y', struct doctor_opts, yes, "with --fix: do not ask"),
	OPT_FLAG("quiet", 'q', struct doctor_opts, quiet, "do not show what is all right"),
	OPT_DURATION("watch", 'w', struct doctor_opts, watch_ns, 0, 3600000000000,
		     "look at the counters for so long"),
	OPT_JSON(struct doctor_opts, json),
	{ 0 }
};

static const struct opt_spec spec = {
	.args = "[DEV...]", .max_args = DEVS_MAX,
	.about = "Check this host for what makes Homa slow or stop: module, devices (all that "
		 "are up, or DEV), firewall, loss, and the hosts that it talks to.",
	.more = "Exit status 1 if there is a problem. Run it on both hosts. It sends a few ICMP "
		"echoes to known hosts, and changes nothing without --fix.",
	.opts = opts,
};

static const char * const level_names[] = { "ok", "note", "PROBLEM" };

/* Words of a text, in lines that fit the terminal; to a file, in one line. */
static void print_wrapped(const char *label, size_t indent, const char *text)
{
	size_t width = term_width() > 40 ? term_width() : SIZE_MAX, at = indent, len;

	printf("%-*s", (int)indent, label);
	while (*text) {
		len = strcspn(text, " ");
		if (at > indent && at + len >= width) {
			printf("\n%*s", (int)indent, "");
			at = indent;
		}
		printf("%s%.*s", at > indent ? " " : "", (int)len, text);
		at += len + 1;
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_finding(const struct doctor_finding *f)
{
	char *text;

	if (asprintf(&text, "%s: %s", f->check, f->what) < 0)
		return;
	print_wrapped(level_names[f->level], 8, text);
	free(text);
	if (f->why)
		print_wrapped("        why:", 16, f->why);
	/* A command is copied as a whole. */
	if (f->mend)
		printf("%-16s%s\n", f->here ? "        mend:" : "        look:", f->mend);
}

static void print_findings(const struct doctor_opts *o, const struct doctor *d,
			   const unsigned int *counts)
{
	size_t i;

	for (i = 0; i < d->count; i++)
		if (!o->quiet || d->findings[i].level != DOCTOR_OK)
			print_finding(&d->findings[i]);
	printf("\n%u problem%s, %u note%s, %u all right.\n", counts[DOCTOR_PROBLEM],
	       counts[DOCTOR_PROBLEM] == 1 ? "" : "s", counts[DOCTOR_NOTE],
	       counts[DOCTOR_NOTE] == 1 ? "" : "s", counts[DOCTOR_OK]);
}

static void print_json(const struct doctor_opts *o, const struct doctor *d,
		       const unsigned int *counts)
{
	static const char * const levels[] = { "ok", "note", "problem" };
	json_t *report = json_new(json_object());
	json_t *list = json_new(json_array());
	const struct doctor_finding *f;
	json_t *object;
	size_t i;

	for (i = 0; i < d->count; i++) {
		f = &d->findings[i];
		if (o->quiet && f->level == DOCTOR_OK)
			continue;
		object = json_new(json_object());
		json_set_text(object, "level", levels[f->level]);
		json_set_text(object, "check", f->check);
		json_set_text(object, "what", f->what);
		json_set_text(object, "why", f->why);
		json_set_text(object, "mend", f->here ? f->mend : NULL);
		json_set_text(object, "look", f->here ? NULL : f->mend);
		json_array_append_new(list, object);
	}
	json_set(report, "findings", list);
	json_set_uint(report, "problems", counts[DOCTOR_PROBLEM]);
	json_set_uint(report, "notes", counts[DOCTOR_NOTE]);
	json_print(report);
}

/* Everything but the devices that is needed from the kernel. */
static int look(struct doctor *d, const struct doctor_opts *o)
{
	struct info_param *params;
	struct info *info;
	size_t count, i;
	int rc;

	rc = metrics_read(&d->before);
	if (rc)
		return rc;
	term_sleep(o->watch_ns);
	rc = metrics_read(&d->now);
	if (!rc)
		rc = info_open(&info);
	if (rc)
		return rc;
	if (!geteuid()) {
		info_peers(info, &d->peers, &d->num_peers);
		info_rpcs(info, &d->rpcs, &d->num_rpcs);
	}
	if (!info_params(info, &params, &count)) {
		for (i = 0; i < count; i++)
			if (!strcmp(params[i].name, "link_mbps"))
				d->link_mbps = params[i].values[0];
		free(params);
	}
	info_close(info);
	return TOOL_OK;
}

/* All about a device. Commands with a strange name in them are shown, but not run. */
static void check_device(struct doctor *d, const char *dev)
{
	size_t i = d->count;

	doctor_dev(d, dev);
	for (; !doctor_plain(dev) && i < d->count; i++)
		d->findings[i].here = false;
}

/* Devices that are up; the loopback device has nothing to check. */
static void check_devices(struct doctor *d)
{
	struct if_nameindex *all = if_nameindex(), *dev;
	char path[64], text[32];
	unsigned int flags;

	for (dev = all; dev && dev->if_index; dev++) {
		snprintf(path, sizeof(path), "/sys/class/net/%.20s/flags", dev->if_name);
		if (!doctor_read_line(path, text, sizeof(text)) ||
		    sscanf(text, "%x", &flags) != 1)
			continue;
		if ((flags & IFF_UP) && !(flags & IFF_LOOPBACK))
			check_device(d, dev->if_name);
	}
	if_freenameindex(all);
}

static int check_named(struct doctor *d, char **devs, int count)
{
	int i;

	for (i = 0; i < count; i++) {
		if (!if_nametoindex(devs[i])) {
			complain("there is no device \"%s\"", devs[i]);
			hint("ip link");
			return TOOL_NOT_THERE;
		}
		check_device(d, devs[i]);
	}
	return TOOL_OK;
}

static bool agreed(const struct doctor_opts *o, const struct doctor_finding *f)
{
	char answer[16] = "";

	printf("%s: %s\n  %s\n", f->check, f->what, f->mend);
	if (o->yes)
		return true;
	printf("Run this? [y/N] ");
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int fix(const struct doctor_opts *o, const struct doctor *d)
{
	const struct doctor_finding *f;
	int rc = TOOL_OK;
	size_t i;

	for (i = 0; i < d->count; i++) {
		f = &d->findings[i];
		if (f->level == DOCTOR_OK || !f->here || !agreed(o, f))
			continue;
		fflush(stdout);
		if (!system(f->mend))
			continue;
		complain("this failed: %s", f->mend);
		rc = TOOL_FAILED;
	}
	return rc;
}

static void forget(struct doctor *d)
{
	size_t i;

	for (i = 0; i < d->count; i++) {
		free(d->findings[i].check);
		free(d->findings[i].what);
		free(d->findings[i].mend);
	}
	free(d->findings);
	free(d->peers);
	free(d->rpcs);
	metrics_free(&d->before);
	metrics_free(&d->now);
}

static int examine(struct doctor *d, const struct doctor_opts *o, char **devs, int count)
{
	int rc;

	doctor_kernel(d);
	d->loaded = !access("/proc/net/homa_metrics", F_OK);
	doctor_module(d);
	if (d->loaded) {
		rc = look(d, o);
		if (rc)
			return rc;
	}
	doctor_clock(d);
	rc = check_named(d, devs, count);
	if (rc)
		return rc;
	if (!count)
		check_devices(d);
	doctor_backlog(d);
	doctor_firewall(d);
	if (d->loaded)
		doctor_counters(d);
	doctor_limits(d);
	doctor_hosts(d);
	return TOOL_OK;
}

/**
 * cmd_doctor() - check this host
 * @argc: number of words
 * @argv: words
 *
 * Return: enum tool_exit.
 */
int cmd_doctor(int argc, char **argv)
{
	struct doctor_opts o = { .watch_ns = 1000000000 };
	unsigned int counts[3] = { 0 };
	struct doctor d = { 0 };
	int rc, first;
	size_t i;

	opts_parse(&spec, argc, argv, &o, &first);
	if (o.json && o.fix) {
		complain("--json and --fix do not go together");
		hint("homa doctor --json, then homa doctor --fix");
		return TOOL_USAGE;
	}
	rc = examine(&d, &o, argv + first, argc - first);
	if (rc) {
		forget(&d);
		return rc;
	}
	for (i = 0; i < d.count; i++)
		counts[d.findings[i].level]++;
	if (o.json)
		print_json(&o, &d, counts);
	else if (!o.fix)
		print_findings(&o, &d, counts);
	if (o.fix)
		rc = fix(&o, &d);
	else if (counts[DOCTOR_PROBLEM])
		rc = d.loaded ? TOOL_FOUND : TOOL_NO_HOMA;
	forget(&d);
	return rc;
}
