// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Hosts of the soak, and their network: namespaces, links, addresses, routes.
 *
 * By netlink from one process, because in the guests of the soak a program like ip
 * takes a tenth of a second to start. Host i is 10.0.0.i and fd00::i, as in all net
 * tests; eth0 is its device, on port pi of the bridge br0 of the switch.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "soak.h"

#define MTU_BYTES 9000
#define NAMESPACES "/run/netns/"

static int first_ns = -1;
static struct nl_sock *first_route;
static unsigned int alive_before;

/* ---- messages ---- */

static struct nl_msg *message(int type, int flags, const void *header, size_t bytes)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, flags);

	if (!msg || nlmsg_append(msg, (void *)header, bytes, NLMSG_ALIGNTO))
		errx(1, "no memory for a message");
	return msg;
}

static void put(struct nl_msg *msg, int type, const void *data, size_t bytes)
{
	if (nla_put(msg, type, (int)bytes, data))
		errx(1, "attribute %d does not fit", type);
}

static void put_u32(struct nl_msg *msg, int type, uint32_t value)
{
	put(msg, type, &value, sizeof(value));
}

static void put_string(struct nl_msg *msg, int type, const char *value)
{
	put(msg, type, value, strlen(value) + 1);
}

static struct nlattr *nest(struct nl_msg *msg, int type)
{
	struct nlattr *start = nla_nest_start(msg, type);

	if (!start)
		errx(1, "attribute %d does not fit", type);
	return start;
}

/* A socket for messages about the namespace that this is. */
static struct nl_sock *connect_here(void)
{
	struct nl_sock *sock = nl_socket_alloc();

	if (!sock || nl_connect(sock, NETLINK_ROUTE))
		errx(1, "no netlink socket");
	return sock;
}

static void must(int ret, const struct soak_host *host, const char *what)
{
	if (ret < 0)
		errx(1, "%s: %s: %s", host->name, what, nl_geterror(ret));
}

/* ---- addresses ---- */

struct address {
	int family;
	unsigned char bytes[16];
	size_t length;
	unsigned int prefix_bits;
};

static struct address address_of(int family, unsigned int number)
{
	struct address address = { .family = family };
	char text[16];

	snprintf(text, sizeof(text), family == AF_INET ? "10.0.0.%u" : "fd00::%u", number);
	inet_pton(family, text, address.bytes);
	address.length = family == AF_INET ? 4 : 16;
	address.prefix_bits = family == AF_INET ? 24 : 64;
	return address;
}

static void mac_of(unsigned char *mac, unsigned int number)
{
	memset(mac, 0, 6);
	mac[0] = 2;
	mac[5] = (unsigned char)number;
}

/* 0: there is no such device. */
static int index_of(const struct soak_host *host, const char *device)
{
	struct ifreq req = { 0 };

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", device);
	return ioctl(host->inet_fd, SIOCGIFINDEX, &req) ? 0 : req.ifr_ifindex;
}

static int eth0(const struct soak_host *host)
{
	return index_of(host, "eth0");
}

/* ---- namespaces ---- */

void soak_net_begin(void)
{
	first_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (first_ns < 0)
		err(1, "/proc/self/ns/net");
	first_route = connect_here();
	alive_before = soak_hosts_alive();
}

void soak_enter(const struct soak_host *host)
{
	if (setns(host->ns_fd, CLONE_NEWNET))
		err(1, "setns to %s", host->name);
}

void soak_leave(void)
{
	if (setns(first_ns, CLONE_NEWNET))
		err(1, "setns");
}

static bool write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);

	if (fd >= 0)
		close(fd);
	return ok;
}

void soak_write(const char *path, const char *value)
{
	if (!write_file(path, value))
		err(1, "writing %s to %s", value, path);
}

void soak_trace(bool on)
{
	/* The events go with the module; some kernels have none. */
	if (on)
		write_file("/sys/kernel/tracing/events/homa/enable", "1");
	write_file("/sys/kernel/tracing/tracing_on", on ? "1" : "0");
}

/* The first namespace gets a number for it, so that we, and the runner of the tests,
 * see when it is gone, whatever holds it.
 */
static void give_number(const struct soak_host *host)
{
	struct rtgenmsg header = { 0 };
	struct nl_msg *msg = message(RTM_NEWNSID, 0, &header, sizeof(header));

	put_u32(msg, NETNSA_FD, (uint32_t)host->ns_fd);
	put_u32(msg, NETNSA_NSID, (uint32_t)-1);
	must(nl_send_sync(first_route, msg), host, "number");
}

static int count_one(struct nl_msg *msg, void *count)
{
	(void)msg;
	++*(unsigned int *)count;
	return NL_OK;
}

unsigned int soak_hosts_alive(void)
{
	struct rtgenmsg header = { 0 };
	struct nl_sock *sock = connect_here();
	unsigned int count = 0;

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, count_one, &count);
	if (nl_send_simple(sock, RTM_GETNSID, NLM_F_DUMP, &header, sizeof(header)) < 0 ||
	    nl_recvmsgs_default(sock) < 0)
		errx(1, "namespaces cannot be counted");
	nl_socket_free(sock);
	return count - alive_before;
}

static int link_up(struct soak_host *host, const char *device, bool up)
{
	struct ifinfomsg header = {
		.ifi_index = index_of(host, device),
		.ifi_flags = up ? IFF_UP : 0,
		.ifi_change = IFF_UP,
	};

	return nl_send_sync(host->route, message(RTM_NEWLINK, 0, &header, sizeof(header)));
}

static void host_begin(struct soak_host *host, const char *name, unsigned int number)
{
	char path[64];
	int fd;

	snprintf(host->name, sizeof(host->name), "%s", name);
	host->number = number;
	snprintf(path, sizeof(path), NAMESPACES "%s", name);
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0)
		err(1, "%s", path);
	close(fd);
	if (unshare(CLONE_NEWNET))
		err(1, "no new namespace");
	if (mount("/proc/self/ns/net", path, "none", MS_BIND, NULL))
		err(1, "mount on %s", path);
	host->ns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	host->inet_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (host->ns_fd < 0 || host->inet_fd < 0)
		err(1, "%s", name);
	host->route = connect_here();
	give_number(host);
	must(link_up(host, "lo", true), host, "lo");
}

void soak_host_delete(struct soak_host *host)
{
	char path[64];

	if (host->ns_fd < 0)
		return;
	snprintf(path, sizeof(path), NAMESPACES "%s", host->name);
	if (umount2(path, MNT_DETACH) || unlink(path))
		err(1, "%s", path);
	nl_socket_free(host->route);
	close(host->inet_fd);
	close(host->ns_fd);
	host->ns_fd = -1;
}

void soak_switch_new(struct soak_host *host)
{
	struct ifinfomsg header = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct nlattr *info, *data;
	struct nl_msg *msg;

	host_begin(host, "sw", 0);
	soak_write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	msg = message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	put_string(msg, IFLA_IFNAME, "br0");
	put_u32(msg, IFLA_MTU, MTU_BYTES);
	info = nest(msg, IFLA_LINKINFO);
	put_string(msg, IFLA_INFO_KIND, "bridge");
	data = nest(msg, IFLA_INFO_DATA);
	put_u32(msg, IFLA_BR_STP_STATE, 0);
	put(msg, IFLA_BR_MCAST_SNOOPING, "", 1);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	must(nl_send_sync(host->route, msg), host, "bridge");
	soak_leave();
}

/* A cable from eth0 of @host to the switch. */
static void plug(struct soak_host *host, struct soak_host *sw)
{
	struct ifinfomsg header = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct ifinfomsg peer_header = { 0 };
	struct nlattr *info, *data, *peer;
	unsigned char mac[6];
	struct nl_msg *msg;
	char port[8];

	msg = message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	snprintf(port, sizeof(port), "p%u", host->number);
	put_string(msg, IFLA_IFNAME, port);
	put_u32(msg, IFLA_MTU, MTU_BYTES);
	put_u32(msg, IFLA_MASTER, (uint32_t)index_of(sw, "br0"));
	info = nest(msg, IFLA_LINKINFO);
	put_string(msg, IFLA_INFO_KIND, "veth");
	data = nest(msg, IFLA_INFO_DATA);
	peer = nest(msg, VETH_INFO_PEER);
	if (nlmsg_append(msg, &peer_header, sizeof(peer_header), NLMSG_ALIGNTO))
		errx(1, "no memory for a message");
	put_string(msg, IFLA_IFNAME, "eth0");
	put_u32(msg, IFLA_MTU, MTU_BYTES);
	mac_of(mac, host->number);
	put(msg, IFLA_ADDRESS, mac, sizeof(mac));
	put_u32(msg, IFLA_NET_NS_FD, (uint32_t)host->ns_fd);
	nla_nest_end(msg, peer);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	must(nl_send_sync(sw->route, msg), host, "cable");
}

void soak_host_new(struct soak_host *host, unsigned int number, struct soak_host *sw)
{
	char name[8];

	snprintf(name, sizeof(name), "h%u", number);
	host_begin(host, name, number);
	soak_write("/proc/sys/net/ipv6/conf/all/accept_dad", "0");
	soak_write("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
	soak_write("/proc/sys/net/ipv6/conf/default/router_solicitations", "0");
	/* As patient as a slow machine needs; whom nobody talks to is forgotten soon. */
	soak_write("/proc/sys/net/homa/timeout_ticks", "4000");
	soak_write("/proc/sys/net/homa/peer_gc_threshold", "0");
	soak_write("/proc/sys/net/homa/peer_idle_secs_min", "1");
	soak_write("/proc/sys/net/homa/peer_idle_secs_max", "1");
	soak_write("/proc/sys/net/homa/link_mbps", "1000");
	soak_leave();
	plug(host, sw);
	must(link_up(host, "eth0", true), host, "eth0");
	must(soak_addresses(host, true), host, "addresses");
	must(soak_neighbours(host, true), host, "neighbours");
}

void soak_unplug(struct soak_host *sw, unsigned int number)
{
	struct ifinfomsg header = { 0 };
	char port[8];

	snprintf(port, sizeof(port), "p%u", number);
	header.ifi_index = index_of(sw, port);
	/* It may go with its host at this moment. */
	if (header.ifi_index)
		nl_send_sync(sw->route, message(RTM_DELLINK, 0, &header, sizeof(header)));
}

/* ---- links, addresses, routes ---- */

int soak_port_up(struct soak_host *sw, unsigned int number, bool up)
{
	char port[8];

	snprintf(port, sizeof(port), "p%u", number);
	return link_up(sw, port, up);
}

int soak_mtu(struct soak_host *host, unsigned int bytes)
{
	struct ifinfomsg header = { .ifi_index = eth0(host) };
	struct nl_msg *msg = message(RTM_NEWLINK, 0, &header, sizeof(header));

	put_u32(msg, IFLA_MTU, bytes);
	return nl_send_sync(host->route, msg);
}

/* Large buffers of many packets are made for eth0, or not. */
int soak_gso(struct soak_host *host, bool on)
{
	struct ethtool_value value = { .cmd = ETHTOOL_SGSO, .data = on };
	struct ifreq req = { .ifr_name = "eth0", .ifr_data = (void *)&value };

	return ioctl(host->inet_fd, SIOCETHTOOL, &req) ? -NLE_FAILURE : 0;
}

static int address_one(struct soak_host *host, int family, bool there)
{
	struct address address = address_of(family, host->number);
	struct ifaddrmsg header = {
		.ifa_family = (unsigned char)family,
		.ifa_prefixlen = (unsigned char)address.prefix_bits,
		.ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0,
		.ifa_index = (unsigned int)eth0(host),
	};
	struct nl_msg *msg = message(there ? RTM_NEWADDR : RTM_DELADDR,
				     there ? NLM_F_CREATE | NLM_F_REPLACE : 0, &header,
				     sizeof(header));

	put(msg, IFA_LOCAL, address.bytes, address.length);
	put(msg, IFA_ADDRESS, address.bytes, address.length);
	return nl_send_sync(host->route, msg);
}

int soak_addresses(struct soak_host *host, bool there)
{
	int ret4 = address_one(host, AF_INET, there);
	int ret6 = address_one(host, AF_INET6, there);

	return ret4 ? ret4 : ret6;
}

static int neighbour(struct soak_host *host, int family, unsigned int number, bool there)
{
	struct address address = address_of(family, number);
	struct ndmsg header = {
		.ndm_family = (unsigned char)family,
		.ndm_ifindex = eth0(host),
		.ndm_state = NUD_PERMANENT,
	};
	struct nl_msg *msg = message(there ? RTM_NEWNEIGH : RTM_DELNEIGH,
				     there ? NLM_F_CREATE | NLM_F_REPLACE : 0, &header,
				     sizeof(header));
	unsigned char mac[6];

	put(msg, NDA_DST, address.bytes, address.length);
	mac_of(mac, number);
	if (there)
		put(msg, NDA_LLADDR, mac, sizeof(mac));
	return nl_send_sync(host->route, msg);
}

/* Nothing waits for address resolution. */
int soak_neighbours(struct soak_host *host, bool there)
{
	unsigned int i;
	int ret = 0;

	for (i = 1; i <= SOAK_HOSTS && !ret; i++) {
		if (i == host->number)
			continue;
		ret = neighbour(host, AF_INET, i, there);
		if (!ret)
			ret = neighbour(host, AF_INET6, i, there);
	}
	return ret;
}

/* The route to the other hosts gets an MTU: whoever has sent larger packets has to cut
 * them anew.
 */
int soak_route_mtu(struct soak_host *host, int family, unsigned int bytes)
{
	struct address network = address_of(family, 0);
	struct rtmsg header = {
		.rtm_family = (unsigned char)family,
		.rtm_dst_len = (unsigned char)network.prefix_bits,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct nl_msg *msg = message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &header,
				     sizeof(header));
	struct nlattr *metrics;

	put(msg, RTA_DST, network.bytes, network.length);
	put_u32(msg, RTA_OIF, (uint32_t)eth0(host));
	if (family == AF_INET6)
		put_u32(msg, RTA_PRIORITY, 256);
	metrics = nest(msg, RTA_METRICS);
	put_u32(msg, RTAX_MTU, bytes);
	nla_nest_end(msg, metrics);
	return nl_send_sync(host->route, msg);
}

int soak_unreachable(struct soak_host *host, int family, unsigned int number, bool there)
{
	struct address address = address_of(family, number);
	struct rtmsg header = {
		.rtm_family = (unsigned char)family,
		.rtm_dst_len = (unsigned char)(address.length * 8),
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNREACHABLE,
	};
	struct nl_msg *msg = message(there ? RTM_NEWROUTE : RTM_DELROUTE,
				     there ? NLM_F_CREATE | NLM_F_REPLACE : 0, &header,
				     sizeof(header));

	put(msg, RTA_DST, address.bytes, address.length);
	return nl_send_sync(host->route, msg);
}

/* ---- what the network does to packets ---- */

static uint32_t chance(unsigned int percent)
{
	return (uint32_t)((uint64_t)UINT32_MAX * percent / 100);
}

int soak_weather(struct soak_host *host, const struct soak_weather *weather)
{
	struct tcmsg header = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = eth0(host),
		.tcm_parent = TC_H_ROOT,
	};
	struct tc_netem_qopt options = { .limit = 2000, .gap = 3 };
	struct tc_netem_reorder reorder = { 0 };
	int64_t delay_ns, jitter_ns = 500000;
	struct nlattr *nested;
	struct nl_msg *msg;

	if (!weather)
		return nl_send_sync(host->route,
				    message(RTM_DELQDISC, 0, &header, sizeof(header)));
	msg = message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
	put_string(msg, TCA_KIND, "netem");
	options.loss = chance(weather->loss_percent);
	options.duplicate = chance(weather->double_percent);
	reorder.probability = chance(weather->reorder_percent);
	delay_ns = (int64_t)weather->delay_us * 1000;
	nested = nest(msg, TCA_OPTIONS);
	if (nlmsg_append(msg, &options, sizeof(options), NLA_ALIGNTO))
		errx(1, "no memory for a message");
	put(msg, TCA_NETEM_REORDER, &reorder, sizeof(reorder));
	put(msg, TCA_NETEM_LATENCY64, &delay_ns, sizeof(delay_ns));
	put(msg, TCA_NETEM_JITTER64, &jitter_ns, sizeof(jitter_ns));
	nla_nest_end(msg, nested);
	return nl_send_sync(host->route, msg);
}
