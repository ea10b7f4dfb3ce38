// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * doctor_host.c - checks of the machine: module, kernel, clock, queues of packets
 */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"

/**
 * doctor_read_line() - the first line of a small file
 * @path: file
 * @line: result, without the newline
 * @size: bytes in @line
 *
 * Return: false if there is none.
 */
bool doctor_read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool good = file && fgets(line, (int)size, file);

	if (file)
		fclose(file);
	if (good)
		line[strcspn(line, "\n")] = 0;
	return good;
}

/**
 * doctor_read_number() - the number in a small file
 * @path: file
 * @value: result
 *
 * Return: false if there is none.
 */
bool doctor_read_number(const char *path, long long *value)
{
	char line[64];

	return doctor_read_line(path, line, sizeof(line)) &&
	       sscanf(line, "%lld", value) == 1;
}

/* Does the running kernel have the module on disk? */
static bool installed(const char *release)
{
	char path[400], line[512];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/lib/modules/%.300s/modules.dep", release);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, "/homa.ko") && strstr(line, "/homa.ko") < strchr(line, ':');
	if (file)
		fclose(file);
	return found;
}

/**
 * doctor_module() - is the module there?
 * @d: findings
 */
void doctor_module(struct doctor *d)
{
	struct doctor_finding *f;
	char version[64] = "";
	struct utsname uts;
	glob_t sources;

	uname(&uts);
	if (d->loaded) {
		doctor_read_line("/sys/module/homa/version", version, sizeof(version));
		doctor_say(d, DOCTOR_OK, "module", "homa %s is loaded", version);
		return;
	}
	f = doctor_say(d, DOCTOR_PROBLEM, "module", "homa is not loaded");
	doctor_why(f, "Without it programs cannot open Homa sockets (EPROTONOSUPPORT).");
	if (installed(uts.release)) {
		doctor_mend(f, "modprobe homa");
		return;
	}
	if (!glob("/usr/src/homa-*/dkms.conf", 0, NULL, &sources)) {
		doctor_mend(f, "apt-get install -y linux-headers-%.60s && dkms autoinstall && "
			    "modprobe homa", uts.release);
		globfree(&sources);
	} else {
		doctor_mend(f, "apt-get install -y linux-headers-%.60s homa-dkms && "
			    "modprobe homa", uts.release);
	}
}

/**
 * doctor_kernel() - is the kernel new enough?
 * @d: findings
 */
void doctor_kernel(struct doctor *d)
{
	struct doctor_finding *f;
	struct utsname uts;
	int major = 0, minor = 0;

	uname(&uts);
	sscanf(uts.release, "%d.%d", &major, &minor);
	if (major > 6 || (major == 6 && minor >= 1)) {
		doctor_say(d, DOCTOR_OK, "kernel", "%s", uts.release);
		return;
	}
	f = doctor_say(d, DOCTOR_PROBLEM, "kernel", "%s is older than 6.1", uts.release);
	doctor_why(f, "The module needs Linux 6.1 or newer.");
	doctor_elsewhere(f, "install a newer kernel and boot it");
}

/**
 * doctor_clock() - is reading the time cheap?
 * @d: findings
 */
void doctor_clock(struct doctor *d)
{
	static const char dir[] = "/sys/devices/system/clocksource/clocksource0/";
	static const char * const slow[] = { "hpet", "acpi_pm", "jiffies", "refined-jiffies" };
	char path[128], name[64], all[200] = "";
	struct doctor_finding *f;
	size_t i;

	snprintf(path, sizeof(path), "%scurrent_clocksource", dir);
	if (!doctor_read_line(path, name, sizeof(name)))
		return;
	snprintf(path, sizeof(path), "%savailable_clocksource", dir);
	doctor_read_line(path, all, sizeof(all));
	for (i = 0; i < sizeof(slow) / sizeof(slow[0]); i++)
		if (!strcmp(slow[i], name))
			break;
	if (i == sizeof(slow) / sizeof(slow[0])) {
		doctor_say(d, DOCTOR_OK, "clock", "%s", name);
		return;
	}
	f = doctor_say(d, DOCTOR_NOTE, "clock", "the time source is %s", name);
	doctor_why(f, "Each look at the clock costs about a microsecond; every RPC needs several.");
	if (strstr(all, "tsc"))
		doctor_mend(f, "echo tsc > %scurrent_clocksource", dir);
}

/**
 * doctor_backlog() - does the machine drop packets before any protocol sees them?
 * @d: findings
 */
void doctor_backlog(struct doctor *d)
{
	unsigned long dropped = 0, packets, drops;
	FILE *file = fopen("/proc/net/softnet_stat", "re");
	struct doctor_finding *f;
	long long limit = 1000;
	bool mendable;
	char line[256];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%lx %lx", &packets, &drops) == 2)
			dropped += drops;
	fclose(file);
	if (!dropped) {
		doctor_say(d, DOCTOR_OK, "backlog", "no packet was dropped before a protocol saw it");
		return;
	}
	mendable = doctor_read_number("/proc/sys/net/core/netdev_max_backlog", &limit);
	f = doctor_say(d, DOCTOR_NOTE, "backlog",
		       "%lu packets were dropped since boot because a CPU's queue was full", dropped);
	doctor_why(f, "Each has to be sent again, after a wait of net.homa.resend_ticks.");
	/* The parameter is the machine's: other network namespaces do not have it. */
	if (mendable)
		doctor_mend(f, "sysctl -w net.core.netdev_max_backlog=%lld", 4 * limit);
}
