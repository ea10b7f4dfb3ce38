// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * What happens to the hosts and processes of the soak, at random.
 *
 * All of it may happen to the third host and to the wild processes. The hosts of the
 * processes that stay keep their addresses and get no smaller device MTU, so that all
 * requests between these can be answered in the end.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "soak.h"
#include "t.h"

#define UNLOAD_MS 120000

/* Whatever happens is counted. */
enum trouble {
	LOSS, DUPLICATION, REORDERING, FAIR, ROUTE_MTU_4, ROUTE_MTU_6, DEVICE_MTU, OFFLOAD,
	CABLE, KILLED, UNREACHABLE, PARAMETER, ADDRESS, HOST_DELETED, UNLOAD_REFUSED, NEIGHBOURS,
	ROUND_KILLED, ROUND_HOSTS, ROUND_BOTH, ROUND_SWITCH, UNLOADED, TROUBLES
};

static const char *const trouble_names[TROUBLES] = {
	"loss", "duplication", "reordering", "fair weather", "MTU of an IPv4 route",
	"MTU of an IPv6 route", "MTU of a device", "segmentation offload", "cable",
	"process killed", "unreachable route", "parameter", "addresses", "host deleted",
	"unloading refused", "neighbours", "all processes killed", "all hosts deleted",
	"both at once", "switch deleted", "module unloaded",
};

static const char *const deed_names[SOAK_DEEDS] = {
	"socket closed", "socket shut down", "RPCs aborted",
};

static unsigned int counts[TROUBLES];

uint32_t soak_random(struct soak *soak, uint32_t below)
{
	return t_random(&soak->random) % below;
}

static void pause_ms(struct soak *soak, uint32_t below)
{
	t_sleep_ms(soak_random(soak, below));
}

/* ---- processes ---- */

static const struct soak_target targets[] = {
	/* Those that stay talk to each other only, the wild ones to all. */
	{ "10.0.0.1", 4000 }, { "fd00::1", 4001 }, { "10.0.0.2", 4010 }, { "fd00::2", 4011 },
	{ "fd00::1", 4020 }, { "10.0.0.2", 4030 }, { "10.0.0.3", 4040 }, { "fd00::3", 4041 },
};

#define TARGETS (sizeof(targets) / sizeof(targets[0]))
#define TARGETS_STAYING 4

static struct soak_host *host_of(struct soak *soak, unsigned int place)
{
	return &soak->hosts[place < SOAK_STAYING ? place : place - SOAK_STAYING];
}

void soak_start(struct soak *soak, unsigned int place)
{
	uint32_t seed = t_random(&soak->random) | 1;
	bool wild = place >= SOAK_STAYING;

	if (soak->numbers + 1 >= SOAK_NUMBERS_MAX)
		return;
	soak->places[place].number = ++soak->numbers;
	fflush(NULL);
	soak->places[place].pid = fork();
	if (soak->places[place].pid < 0)
		err(1, "fork");
	if (soak->places[place].pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	soak_enter(host_of(soak, place));
	/* What the conductor has open would keep hosts alive. */
	close_range(3, ~0u, 0);
	soak_traffic(soak->shared, soak->places[place].number, (uint16_t)(4000 + 10 * place), seed,
		     wild, targets, wild ? TARGETS : TARGETS_STAYING);
}

void soak_kill(struct soak *soak, unsigned int place)
{
	if (soak->places[place].pid)
		kill(soak->places[place].pid, SIGKILL);
}

void soak_reap(struct soak *soak, unsigned int place)
{
	pid_t pid = soak->places[place].pid;
	int status;

	if (!pid)
		return;
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		errx(1, "process %u ended by itself: status %#x", soak->places[place].number,
		     status);
	soak->places[place].pid = 0;
}

static void end(struct soak *soak, unsigned int place)
{
	soak_kill(soak, place);
	soak_reap(soak, place);
}

/* ---- trouble ---- */

static int weather(struct soak *soak, struct soak_host *host)
{
	struct soak_weather now = { .reorder_percent = 30 };
	int ret;

	if (soak_random(soak, 4) == 0) {
		ret = soak_weather(host, NULL);
		counts[FAIR] += !ret;
		return ret;
	}
	now.loss_percent = soak_random(soak, 4);
	now.double_percent = soak_random(soak, 3);
	now.delay_us = soak_random(soak, 4000);
	ret = soak_weather(host, &now);
	if (ret)
		return ret;
	counts[LOSS] += now.loss_percent > 0;
	counts[DUPLICATION] += now.double_percent > 0;
	counts[REORDERING]++;
	return 0;
}

static unsigned int any_mtu(struct soak *soak)
{
	return 1300 + soak_random(soak, 7701);
}

static int cable(struct soak *soak, const struct soak_host *host)
{
	int ret = soak_port_up(&soak->sw, host->number, false);

	pause_ms(soak, 300);
	return ret ? ret : soak_port_up(&soak->sw, host->number, true);
}

static void parameter(struct soak *soak, const struct soak_host *host)
{
	static const struct {
		const char *name;
		uint32_t least, range, step;
	} parameters[] = {
		{ "unsched_bytes", 1, 60000, 1 }, { "max_incoming", 1000, 1000000, 1 },
		{ "max_overcommit", 1, 8, 1 }, { "num_priorities", 1, 8, 1 },
		{ "link_mbps", 200, 10000, 1 }, { "resend_ticks", 2, 30, 1 },
		{ "resend_interval", 2, 30, 1 }, { "window", 0, 200000, 1 }, { "flags", 0, 2, 2 },
	};
	uint32_t i = soak_random(soak, sizeof(parameters) / sizeof(parameters[0]));
	char path[64], value[16];

	snprintf(path, sizeof(path), "/proc/sys/net/homa/%s", parameters[i].name);
	snprintf(value, sizeof(value), "%u", parameters[i].least +
		 soak_random(soak, parameters[i].range) * parameters[i].step);
	soak_enter(host);
	soak_write(path, value);
	soak_leave();
}

static int unreachable(struct soak *soak)
{
	int ret4 = soak_unreachable(&soak->hosts[0], AF_INET, 3, true);
	int ret6 = soak_unreachable(&soak->hosts[1], AF_INET6, 3, true);

	pause_ms(soak, 100);
	soak_unreachable(&soak->hosts[0], AF_INET, 3, false);
	soak_unreachable(&soak->hosts[1], AF_INET6, 3, false);
	return ret4 ? ret4 : ret6;
}

static int addresses(struct soak *soak)
{
	struct soak_host *host = &soak->hosts[2];
	int ret = soak_addresses(host, false);

	pause_ms(soak, 100);
	soak_addresses(host, true);
	soak_mtu(host, 9000);
	soak_neighbours(host, true);
	return ret;
}

/* The name goes first, or the process. */
static void host_deleted(struct soak *soak)
{
	unsigned int place = SOAK_STAYING + 2;
	bool process_first = soak_random(soak, 2);

	if (process_first)
		end(soak, place);
	soak_host_delete(&soak->hosts[2]);
	soak_unplug(&soak->sw, 3);
	if (!process_first)
		end(soak, place);
	soak_host_new(&soak->hosts[2], 3, &soak->sw);
	soak_start(soak, place);
}

static int unload(void)
{
	return syscall(SYS_delete_module, "homa", O_NONBLOCK) ? -errno : 0;
}

static void read_counters(const struct soak_host *host)
{
	char buffer[4096];
	int fd;

	soak_enter(host);
	fd = open("/proc/net/homa_metrics", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "homa_metrics");
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
	close(fd);
	soak_leave();
}

void soak_trouble(struct soak *soak)
{
	struct soak_host *host = &soak->hosts[soak_random(soak, SOAK_HOSTS)];
	unsigned int place;

	switch (soak_random(soak, 18)) {
	case 0 ... 3:
		weather(soak, host);
		break;
	case 4:
		counts[ROUTE_MTU_4] += !soak_route_mtu(host, AF_INET, any_mtu(soak));
		break;
	case 5:
		counts[ROUTE_MTU_6] += !soak_route_mtu(host, AF_INET6, any_mtu(soak));
		break;
	case 6:
		counts[DEVICE_MTU] += !soak_mtu(&soak->hosts[2], any_mtu(soak));
		break;
	case 7:
		counts[CABLE] += !cable(soak, host);
		break;
	case 8 ... 10:
		place = SOAK_STAYING + soak_random(soak, SOAK_HOSTS);
		end(soak, place);
		soak_start(soak, place);
		counts[KILLED]++;
		break;
	case 11:
		counts[UNREACHABLE] += !unreachable(soak);
		break;
	case 12:
		parameter(soak, host);
		counts[PARAMETER]++;
		break;
	case 13:
		counts[ADDRESS] += !addresses(soak);
		break;
	case 14:
		host_deleted(soak);
		counts[HOST_DELETED]++;
		break;
	case 15:
		read_counters(host);
		if (!unload())
			errx(1, "the module went away under open sockets");
		counts[UNLOAD_REFUSED]++;
		break;
	case 16:
		counts[NEIGHBOURS] += !soak_neighbours(host, false);
		pause_ms(soak, 50);
		soak_neighbours(host, true);
		break;
	case 17:
		counts[OFFLOAD] += !soak_gso(host, soak_random(soak, 2));
		break;
	}
}

/* ---- the end ---- */

/* As soon as nobody holds it, whatever is still being cleaned up. */
static void unload_and_load(struct soak *soak)
{
	uint64_t end_ms = t_now_ms() + UNLOAD_MS;
	int fd, ret;

	while ((ret = unload()) != 0) {
		if (t_now_ms() > end_ms)
			errx(1, "the module stays: %s", strerror(-ret));
		t_sleep_ms(10);
	}
	fd = open(soak->module, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		err(1, "%s", soak->module);
	close(fd);
	counts[UNLOADED]++;
}

static void kill_all(struct soak *soak)
{
	unsigned int place;

	for (place = 0; place < SOAK_PLACES; place++)
		soak_kill(soak, place);
}

static void reap_all(struct soak *soak)
{
	unsigned int place;

	for (place = 0; place < SOAK_PLACES; place++)
		soak_reap(soak, place);
}

static void delete_hosts(struct soak *soak)
{
	unsigned int i;

	for (i = 0; i < SOAK_HOSTS; i++)
		soak_host_delete(&soak->hosts[i]);
}

void soak_end(struct soak *soak, unsigned int way)
{
	unsigned int place;

	switch (way % 4) {
	case 0:
		for (place = 0; place < SOAK_PLACES; place++)
			end(soak, place);
		counts[ROUND_KILLED]++;
		break;
	case 1:
		delete_hosts(soak);
		soak_host_delete(&soak->sw);
		kill_all(soak);
		counts[ROUND_HOSTS]++;
		break;
	case 2:
		kill_all(soak);
		delete_hosts(soak);
		counts[ROUND_BOTH]++;
		break;
	case 3:
		soak_host_delete(&soak->sw);
		for (place = SOAK_PLACES; place; place--)
			end(soak, place - 1);
		counts[ROUND_SWITCH]++;
		break;
	}
	unload_and_load(soak);
	reap_all(soak);
	delete_hosts(soak);
	soak_host_delete(&soak->sw);
}

bool soak_troubles_report(const unsigned int *deeds)
{
	bool all = true;
	unsigned int i;

	for (i = 0; i < TROUBLES; i++) {
		printf("%8u  %s\n", counts[i], trouble_names[i]);
		all = all && counts[i];
	}
	for (i = 0; i < SOAK_DEEDS; i++) {
		printf("%8u  %s\n", deeds[i], deed_names[i]);
		all = all && deeds[i];
	}
	return all;
}
