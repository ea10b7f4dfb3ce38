// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * cluster_watch.c - processors, queues and counters, while the load runs
 *
 * Queues are looked at by netlink, because no queueing discipline remembers how long it
 * was.  A look takes some hundred thousand instructions.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/gen_stats.h>
#include <linux/rtnetlink.h>

#include "cluster.h"

/* Of links; drops and bytes of the levels of ports, too. */
struct queues {
	uint64_t longest_bytes;
	uint64_t drops;
	uint64_t level_drops[CLUSTER_LEVELS];
	uint64_t level_bytes[CLUSTER_LEVELS];
};

static void enter(const char *netns)
{
	struct perf_why why;

	if (perf_netns_enter(netns, &why))
		errx(1, "%s", why.text);
}

/* The queue of a link (cluster.sh): handle 10:. */
#define LINK_HANDLE	0x100000u

/* The queue of a level at a port: 38: of level 0 to 31: of level 7; 48: marks for DCTCP. */
static int level_of(uint32_t handle)
{
	uint32_t number = handle >> 16;

	if (number >= 0x31 && number <= 0x38)
		return (int)(0x38 - number);
	return number == 0x48 ? 0 : -1;
}

/* The statistics of one queueing discipline, if it is the queue of a link or of a level. */
static void read_one(const struct nlmsghdr *header, struct queues *queues)
{
	const struct tcmsg *tc = NLMSG_DATA(header);
	struct rtattr *attr = TCA_RTA(tc), *inner;
	int left = (int)TCA_PAYLOAD(header), inner_left;
	struct gnet_stats_queue stats;
	struct gnet_stats_basic sent;
	int level = level_of(tc->tcm_handle);

	if (tc->tcm_handle != LINK_HANDLE && level < 0)
		return;
	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		if (attr->rta_type != TCA_STATS2)
			continue;
		inner = RTA_DATA(attr);
		inner_left = (int)RTA_PAYLOAD(attr);
		for (; RTA_OK(inner, inner_left); inner = RTA_NEXT(inner, inner_left)) {
			if (inner->rta_type == TCA_STATS_BASIC && level >= 0) {
				memcpy(&sent, RTA_DATA(inner),
				       RTA_PAYLOAD(inner) < sizeof(sent) ?
				       RTA_PAYLOAD(inner) : sizeof(sent));
				queues->level_bytes[level] += sent.bytes;
			}
			if (inner->rta_type != TCA_STATS_QUEUE)
				continue;
			memcpy(&stats, RTA_DATA(inner), sizeof(stats));
			if (level >= 0) {
				queues->level_drops[level] += stats.drops;
				continue;
			}
			queues->drops += stats.drops;
			if (stats.backlog > queues->longest_bytes)
				queues->longest_bytes = stats.backlog;
		}
	}
}

/* All queueing disciplines of the namespace that the socket is in. */
static struct queues look(int fd)
{
	struct {
		struct nlmsghdr header;
		struct tcmsg tc;
	} request = {
		.header = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETQDISC,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	static __thread char data[32768] __attribute__((aligned(8)));
	struct queues queues = { 0 };
	struct nlmsghdr *header;
	ssize_t got;
	int left;

	if (send(fd, &request, sizeof(request), 0) < 0)
		err(1, "netlink");
	for (;;) {
		got = recv(fd, data, sizeof(data), 0);
		if (got < 0)
			err(1, "netlink");
		left = (int)got;
		for (header = (void *)data; NLMSG_OK(header, left);
		     header = NLMSG_NEXT(header, left)) {
			if (header->nlmsg_type == NLMSG_DONE)
				return queues;
			if (header->nlmsg_type == NLMSG_ERROR)
				errx(1, "netlink: an error");
			read_one(header, &queues);
		}
	}
}

static int open_netlink(const char *netns)
{
	int fd;

	enter(netns);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		err(1, "netlink");
	return fd;
}

static void *watch_queues(void *context)
{
	struct cluster_watch *watch = context;
	int fd = open_netlink("sw");

	while (!__atomic_load_n(&watch->stop, __ATOMIC_RELAXED)) {
		struct queues queues = look(fd);

		if (queues.longest_bytes > watch->queue_max_bytes)
			watch->queue_max_bytes = queues.longest_bytes;
		usleep(watch->look_us);
	}
	close(fd);
	return NULL;
}

/*
 * Drops of the switch, and of the hosts; for each level, @sign times what was counted is added
 * to what the watch knows.
 */
static void read_drops(struct cluster_watch *watch, uint64_t drops[2], int sign)
{
	struct queues queues;
	char name[16];
	unsigned int i;
	int fd;

	fd = open_netlink("sw");
	queues = look(fd);
	drops[0] = queues.drops;
	for (i = 0; i < CLUSTER_LEVELS; i++) {
		watch->level_drops[i] += (uint64_t)sign * queues.level_drops[i];
		watch->level_bytes[i] += (uint64_t)sign * queues.level_bytes[i];
	}
	close(fd);
	drops[1] = 0;
	for (i = 1; i <= watch->hosts; i++) {
		snprintf(name, sizeof(name), "h%u", i);
		fd = open_netlink(name);
		drops[1] += look(fd).drops;
		close(fd);
	}
}

/* Idle time and all time of all processors. */
static void read_processors(uint64_t times[2])
{
	unsigned long long v[8] = { 0 };
	FILE *file = fopen("/proc/stat", "r");
	unsigned int i;

	if (!file || fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2],
			    &v[3], &v[4], &v[5], &v[6], &v[7]) != 8)
		errx(1, "/proc/stat");
	fclose(file);
	times[0] = v[3] + v[4];
	times[1] = 0;
	for (i = 0; i < 8; i++)
		times[1] += v[i];
}

/**
 * cluster_watch_start() - begin to look
 * @watch: @hosts is set
 */
void cluster_watch_start(struct cluster_watch *watch)
{
	read_drops(watch, watch->drops_before, -1);
	read_processors(watch->before);
	if (pthread_create(&watch->thread, NULL, watch_queues, watch))
		errx(1, "no thread");
}

/**
 * cluster_watch_stop() - the load is over
 * @watch: gets what was seen
 */
void cluster_watch_stop(struct cluster_watch *watch)
{
	uint64_t after[2], drops[2];

	read_processors(after);
	__atomic_store_n(&watch->stop, true, __ATOMIC_RELAXED);
	pthread_join(watch->thread, NULL);
	read_drops(watch, drops, 1);
	watch->switch_drops = drops[0] - watch->drops_before[0];
	watch->uplink_drops = drops[1] - watch->drops_before[1];
	if (after[1] > watch->before[1])
		watch->cpu_busy = 1 - (double)(after[0] - watch->before[0]) /
				      (double)(after[1] - watch->before[1]);
}

/**
 * cluster_homa_counters() - what Homa counted in all hosts, since they exist
 * @hosts: how many
 *
 * Return: an object; empty without Homa.
 */
json_t *cluster_homa_counters(unsigned int hosts)
{
	json_t *object = json_object();
	unsigned long long value;
	char name[64], line[256];
	unsigned int i;

	for (i = 1; i <= hosts; i++) {
		FILE *file;

		snprintf(name, sizeof(name), "h%u", i);
		enter(name);
		file = fopen("/proc/thread-self/net/homa_metrics", "r");
		if (!file)
			return object;
		while (fgets(line, sizeof(line), file)) {
			if (sscanf(line, "%63s %llu", name, &value) != 2)
				continue;
			value += (unsigned long long)json_integer_value(json_object_get(object,
											name));
			json_object_set_new(object, name, json_integer((json_int_t)value));
		}
		fclose(file);
	}
	return object;
}
