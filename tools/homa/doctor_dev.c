// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * doctor_dev.c - checks of a network device: link, MTU, segmentation, interrupts,
 * queues, speed
 */
#include <glob.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "doctor.h"

/* So long may a packet wait for its interrupt without a note. */
#define COALESCE_USECS_GOOD	15

static bool ethtool(const char *dev, void *request)
{
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool good;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	ifr.ifr_data = request;
	good = fd >= 0 && !ioctl(fd, SIOCETHTOOL, &ifr);
	if (fd >= 0)
		close(fd);
	return good;
}

static bool dev_number(const char *dev, const char *name, long long *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/net/%.20s/%.60s", dev, name);
	return doctor_read_number(path, value);
}

static void label(char out[64], const char *check, const char *dev)
{
	snprintf(out, 64, "%s %s", check, dev);
}

static void check_link(struct doctor *d, const char *dev)
{
	static const char * const errors[] = { "rx_errors", "rx_missed_errors", "tx_errors" };
	char name[64], file[64], text[200] = "";
	struct doctor_finding *f;
	long long value;
	size_t i;

	label(name, "link", dev);
	if (!dev_number(dev, "carrier", &value) || !value) {
		f = doctor_say(d, DOCTOR_PROBLEM, name, "the link is down");
		doctor_why(f, "Nothing is sent or received.");
		doctor_mend(f, "ip link set %s up", dev);
		return;
	}
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		snprintf(file, sizeof(file), "statistics/%s", errors[i]);
		if (dev_number(dev, file, &value) && value)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%lld %s",
				 *text ? ", " : "", value, errors[i]);
	}
	if (!*text) {
		doctor_say(d, DOCTOR_OK, name, "up, no errors");
		return;
	}
	f = doctor_say(d, DOCTOR_NOTE, name, "up; since boot %s", text);
	doctor_why(f, "Lost packets are sent again after a wait. Missed ones mean that the ring is "
		   "too short, errors that the cable or the optics are bad.");
	doctor_elsewhere(f, "ethtool -S %s; ethtool -G %s rx 4096", dev, dev);
}

static void check_mtu(struct doctor *d, const char *dev)
{
	struct doctor_finding *f;
	char name[64];
	long long mtu;

	label(name, "mtu", dev);
	if (!dev_number(dev, "mtu", &mtu))
		return;
	if (mtu >= 1280) {
		doctor_say(d, DOCTOR_OK, name, "%lld%s", mtu, mtu > 1500 ? "" :
			   " (9000 costs fewer packets, if all hosts and switches have it)");
		return;
	}
	f = doctor_say(d, DOCTOR_PROBLEM, name, "%lld is below 1280", mtu);
	doctor_why(f, "IPv6 does not work over it, and every message takes many packets.");
	doctor_mend(f, "ip link set %s mtu 1500", dev);
}

static void check_segmentation(struct doctor *d, const char *dev)
{
	struct ethtool_value gso = { .cmd = ETHTOOL_GGSO };
	struct doctor_finding *f;
	char name[64];

	label(name, "segments", dev);
	if (!ethtool(dev, &gso))
		return;
	if (gso.data) {
		doctor_say(d, DOCTOR_OK, name, "many packets go to the device in one buffer (gso on)");
		return;
	}
	f = doctor_say(d, DOCTOR_NOTE, name, "gso is off");
	doctor_why(f, "Every packet of a long message goes through the stack by itself.");
	doctor_mend(f, "ethtool -K %s gso on", dev);
}

static void check_interrupts(struct doctor *d, const char *dev)
{
	struct ethtool_coalesce c = { .cmd = ETHTOOL_GCOALESCE };
	struct doctor_finding *f;
	char name[64];

	label(name, "interrupts", dev);
	if (!ethtool(dev, &c)) {
		doctor_say(d, DOCTOR_OK, name, "not delayed by the device");
		return;
	}
	if (!c.use_adaptive_rx_coalesce && c.rx_coalesce_usecs <= COALESCE_USECS_GOOD) {
		doctor_say(d, DOCTOR_OK, name, "delayed by %u us at most", c.rx_coalesce_usecs);
		return;
	}
	if (c.use_adaptive_rx_coalesce)
		f = doctor_say(d, DOCTOR_NOTE, name, "the device delays interrupts as it sees fit "
			       "(adaptive-rx, now %u us)", c.rx_coalesce_usecs);
	else
		f = doctor_say(d, DOCTOR_NOTE, name, "the device delays interrupts by %u us",
			       c.rx_coalesce_usecs);
	doctor_why(f, "A short RPC waits so long twice, at the server and at the client.");
	doctor_mend(f, "ethtool -C %s adaptive-rx off rx-usecs 5", dev);
}

/* Is there a receive queue that other CPUs help with? */
static bool steered(const char *dev)
{
	char path[128], mask[256];
	bool found = false;
	glob_t files;
	size_t i;

	snprintf(path, sizeof(path), "/sys/class/net/%.20s/queues/rx-*/rps_cpus", dev);
	if (glob(path, 0, NULL, &files))
		return false;
	for (i = 0; i < files.gl_pathc; i++)
		if (doctor_read_line(files.gl_pathv[i], mask, sizeof(mask)) &&
		    strspn(mask, "0,") != strlen(mask))
			found = true;
	globfree(&files);
	return found;
}

static size_t num_queues(const char *dev)
{
	char path[128];
	size_t count = 0;
	glob_t files;

	snprintf(path, sizeof(path), "/sys/class/net/%.20s/queues/rx-*", dev);
	if (!glob(path, 0, NULL, &files)) {
		count = files.gl_pathc;
		globfree(&files);
	}
	return count;
}

static void check_queues(struct doctor *d, const char *dev)
{
	struct ethtool_channels c = { .cmd = ETHTOOL_GCHANNELS };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t queues = num_queues(dev);
	struct doctor_finding *f;
	unsigned int best;
	char name[64];

	label(name, "queues", dev);
	if (ethtool(dev, &c) && c.max_combined) {
		best = c.max_combined < (unsigned long)cpus ? c.max_combined : (unsigned int)cpus;
		if (c.combined_count < best) {
			f = doctor_say(d, DOCTOR_NOTE, name, "%u of %u for %ld CPUs",
				       c.combined_count, c.max_combined, cpus);
			doctor_why(f, "So few CPUs take all received packets.");
			doctor_mend(f, "ethtool -L %s combined %u", dev, best);
			return;
		}
	}
	if (queues == 1 && cpus > 1 && !steered(dev)) {
		f = doctor_say(d, DOCTOR_NOTE, name, "1 for %ld CPUs", cpus);
		doctor_why(f, "One CPU takes all received packets.");
		doctor_mend(f, "echo %lx > /sys/class/net/%s/queues/rx-0/rps_cpus",
			    cpus < 32 ? (1UL << cpus) - 1 : 0xffffffff, dev);
		return;
	}
	doctor_say(d, DOCTOR_OK, name, "%zu for %ld CPUs%s", queues, cpus,
		   steered(dev) ? ", steered (rps_cpus)" : "");
}

static void check_speed(struct doctor *d, const char *dev)
{
	char name[64], path[128];
	long long mbps;

	label(name, "speed", dev);
	/* What virtual devices report means nothing, and is not used for pacing either. */
	snprintf(path, sizeof(path), "/sys/class/net/%.20s/device", dev);
	if (!access(path, F_OK) && dev_number(dev, "speed", &mbps) && mbps > 0)
		doctor_say(d, DOCTOR_OK, name, "%lld Mbit/s, which pacing uses", mbps);
	else if (d->link_mbps)
		doctor_say(d, DOCTOR_OK, name,
			   "not told; pacing begins with net.homa.link_mbps = %d", d->link_mbps);
}

/**
 * doctor_dev() - check a device
 * @d: findings
 * @dev: its name
 */
void doctor_dev(struct doctor *d, const char *dev)
{
	check_link(d, dev);
	check_speed(d, dev);
	check_mtu(d, dev);
	check_segmentation(d, dev);
	check_interrupts(d, dev);
	check_queues(d, dev);
	doctor_qdisc(d, dev);
	doctor_dscp(d, dev);
}
