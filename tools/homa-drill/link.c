// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * link.c - raw Ethernet frames in and out, with exact times
 *
 * Under User-Mode Linux the clock is virtual and stands still while anything
 * runs, so nothing here may spin: all waiting is ppoll() with the time left.
 */
#include "link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/**
 * now_ns() - current time
 *
 * Return: CLOCK_MONOTONIC, nanoseconds.
 */
int64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/**
 * netns_open() - open a network namespace
 * @name: as in `ip netns`; "-" is the current one
 *
 * Return: file descriptor or -1.
 */
int netns_open(const char *name)
{
	char path[128];

	if (!strcmp(name, "-"))
		return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/var/run/netns/%s", name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/**
 * netns_join() - move this process to a network namespace
 * @ns: as for netns_open()
 *
 * Return: true on success.
 */
bool netns_join(const char *ns)
{
	int fd = netns_open(ns);
	bool ok;

	if (fd < 0)
		return false;
	ok = !setns(fd, CLONE_NEWNET);
	close(fd);
	return ok;
}

/**
 * netns_socket() - make a socket that belongs to a namespace
 * @ns: as for netns_open()
 * @domain: as for socket()
 * @type: as for socket()
 * @protocol: as for socket()
 *
 * Return: file descriptor or -1.
 */
int netns_socket(const char *ns, int domain, int type, int protocol)
{
	int home = netns_open("-");
	int fd = -1;

	if (home < 0)
		return -1;
	if (netns_join(ns)) {
		fd = socket(domain, type | SOCK_CLOEXEC, protocol);
		if (setns(home, CLONE_NEWNET)) {
			/* In the wrong namespace nothing is safe. */
			perror("homa-drill: cannot return to the namespace");
			_exit(2);
		}
	}
	close(home);
	return fd;
}

/**
 * device_mac() - MAC address of a device
 * @ns: its namespace
 * @dev: its name
 * @mac: result
 *
 * Return: true on success.
 */
bool device_mac(const char *ns, const char *dev, uint8_t *mac)
{
	int fd = netns_socket(ns, AF_INET, SOCK_DGRAM, 0);
	struct ifreq ifr = { 0 };
	bool ok;

	if (fd < 0)
		return false;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	ok = !ioctl(fd, SIOCGIFHWADDR, &ifr);
	if (ok)
		memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	close(fd);
	return ok;
}

static bool ethtool_set(const char *ns, const char *dev, uint32_t cmd, bool on)
{
	struct ethtool_value value = { .cmd = cmd, .data = on };
	int fd = netns_socket(ns, AF_INET, SOCK_DGRAM, 0);
	struct ifreq ifr = { 0 };
	bool ok;

	if (fd < 0)
		return false;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	ifr.ifr_data = (void *)&value;
	ok = !ioctl(fd, SIOCETHTOOL, &ifr);
	close(fd);
	return ok;
}

/**
 * device_gro() - turn GRO on the host under test on or off
 * @host_ns: namespace of the host under test
 * @host_dev: its device
 * @ns: our namespace
 * @dev: our device, the other end of the veth pair
 * @on: what to do
 *
 * veth passes frames through GRO only if the sending end cannot do TSO
 * itself, so that is switched the other way round.
 *
 * Return: true on success.
 */
bool device_gro(const char *host_ns, const char *host_dev, const char *ns,
		const char *dev, bool on)
{
	return ethtool_set(ns, dev, ETHTOOL_STSO, !on) &&
	       ethtool_set(host_ns, host_dev, ETHTOOL_SGRO, on);
}

/**
 * link_open() - open a packet socket
 * @link: result
 * @ns: namespace of the device
 * @dev: name of the device
 * @why: where to say what is wrong
 * @size: bytes in @why
 *
 * Return: true on success.
 */
bool link_open(struct drill_link *link, const char *ns, const char *dev,
	       char *why, size_t size)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
	};
	struct packet_mreq promiscuous = { .mr_type = PACKET_MR_PROMISC };
	int room = 64 << 20, one = 1;
	struct ifreq ifr = { 0 };

	link->fd = netns_socket(ns, AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
	if (link->fd < 0) {
		snprintf(why, size, "no packet socket in namespace %s: %m", ns);
		return false;
	}
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	if (ioctl(link->fd, SIOCGIFINDEX, &ifr)) {
		snprintf(why, size, "no device %s in namespace %s: %m", dev, ns);
		goto fail;
	}
	link->ifindex = ifr.ifr_ifindex;
	if (!device_mac(ns, dev, link->mac)) {
		snprintf(why, size, "no MAC address of %s: %m", dev);
		goto fail;
	}
	promiscuous.mr_ifindex = link->ifindex;
	addr.sll_ifindex = link->ifindex;
	if (setsockopt(link->fd, SOL_SOCKET, SO_TIMESTAMPNS, &one,
		       sizeof(one)) ||
	    setsockopt(link->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP,
		       &promiscuous, sizeof(promiscuous)) ||
	    bind(link->fd, (struct sockaddr *)&addr, sizeof(addr))) {
		snprintf(why, size, "cannot set up the packet socket: %m");
		goto fail;
	}
	/* A burst of 1 MB must not overflow; without privilege it may. */
	if (setsockopt(link->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room,
		       sizeof(room)))
		setsockopt(link->fd, SOL_SOCKET, SO_RCVBUF, &room,
			   sizeof(room));
	link->clock_offset_ns = clock_ns(CLOCK_REALTIME) - now_ns();
	return true;
fail:
	close(link->fd);
	link->fd = -1;
	return false;
}

static bool wait_readable(int fd, int64_t deadline_ns)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int64_t left_ns = deadline_ns - now_ns();
	struct timespec ts;

	if (left_ns <= 0)
		return false;
	ts.tv_sec = left_ns / 1000000000;
	ts.tv_nsec = left_ns % 1000000000;
	return ppoll(&pfd, 1, &ts, NULL) > 0;
}

static int64_t timestamp_of(struct drill_link *link, struct msghdr *msg)
{
	struct cmsghdr *cmsg;
	struct timespec ts;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(cmsg), sizeof(ts));
		return ts.tv_sec * 1000000000ll + ts.tv_nsec -
		       link->clock_offset_ns;
	}
	return now_ns();
}

/**
 * link_recv() - receive one frame
 * @link: the link
 * @deadline_ns: give up at this time; a time in the past only looks
 * @buf: where to put the frame
 * @size: bytes in @buf
 * @len: length of the frame
 * @ts_ns: when the kernel got it, CLOCK_MONOTONIC
 *
 * Return: 1 for a frame, 0 at the deadline, -1 on error.
 */
int link_recv(struct drill_link *link, int64_t deadline_ns, uint8_t *buf,
	      size_t size, size_t *len, int64_t *ts_ns)
{
	bool last_look = false;

	for (;;) {
		union {
			char bytes[CMSG_SPACE(sizeof(struct timespec)) + 64];
			struct cmsghdr align;
		} control;
		struct iovec iov = { buf, size };
		struct sockaddr_ll from = { 0 };
		struct msghdr msg = {
			.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(link->fd, &msg, MSG_DONTWAIT);

		if (n >= 0) {
			if (from.sll_pkttype == PACKET_OUTGOING)
				continue;
			*len = (size_t)n;
			*ts_ns = timestamp_of(link, &msg);
			return 1;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -1;
		if (last_look)
			return 0;
		/* A frame may come while the wait is ending. */
		last_look = !wait_readable(link->fd, deadline_ns);
	}
}

/**
 * link_send() - send one frame
 * @link: the link
 * @frame: Ethernet frame without CRC
 * @len: bytes
 *
 * Return: true on success.
 */
bool link_send(struct drill_link *link, const uint8_t *frame, size_t len)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = link->ifindex,
		.sll_halen = 6,
	};
	struct pollfd pfd = { .fd = link->fd, .events = POLLOUT };

	memcpy(to.sll_addr, frame, 6);
	to.sll_protocol = (uint16_t)(frame[12] | frame[13] << 8);
	while (sendto(link->fd, frame, len, 0, (struct sockaddr *)&to,
		      sizeof(to)) != (ssize_t)len) {
		if (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)
			return false;
		if (poll(&pfd, 1, 1000) <= 0)
			return false;
	}
	return true;
}

/**
 * link_close() - close the packet socket
 * @link: the link
 */
void link_close(struct drill_link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
}
