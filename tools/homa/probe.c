// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * probe.c - ICMP echo of a given size
 */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define TRIES		2
#define TRY_MS		250
#define PACKET_MAX	65535

static uint8_t packet[PACKET_MAX];

static uint16_t checksum(const uint8_t *data, size_t bytes)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < bytes; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	if (bytes & 1)
		sum += (uint32_t)data[bytes - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static int open_socket(bool v4)
{
	int probe = v4 ? IP_PMTUDISC_PROBE : IPV6_PMTUDISC_PROBE, fd;

	fd = socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC,
		    v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	if (fd < 0)
		return -1;
	setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6,
		   v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, &probe, sizeof(probe));
	return fd;
}

static int transmit(int fd, const struct in6_addr *host, uint32_t scope, size_t bytes,
		    uint16_t id, uint16_t seq)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_addr = *host,
				    .sin6_scope_id = scope };
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	bool v4 = IN6_IS_ADDR_V4MAPPED(host);
	struct icmphdr *echo = (void *)packet;

	memset(packet, 0, bytes);
	echo->type = v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	echo->un.echo.id = id;
	echo->un.echo.sequence = seq;
	if (v4)
		echo->checksum = checksum(packet, bytes);
	memcpy(&to4.sin_addr, &host->s6_addr[12], sizeof(to4.sin_addr));
	if (sendto(fd, packet, bytes, 0, v4 ? (void *)&to4 : (void *)&to6,
		   v4 ? sizeof(to4) : sizeof(to6)) == (ssize_t)bytes)
		return 0;
	return errno;
}

static bool is_answer(ssize_t len, bool v4, uint16_t id, uint16_t seq)
{
	/* With IPv4 the header comes, too. */
	size_t head = v4 ? (size_t)(packet[0] & 15) * 4 : 0;
	const struct icmphdr *echo = (void *)(packet + head);

	return len >= (ssize_t)(head + sizeof(*echo)) &&
	       echo->type == (v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) &&
	       echo->un.echo.id == id && echo->un.echo.sequence == seq;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool answered(int fd, bool v4, uint16_t id, uint16_t seq)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int64_t until = now_ms() + TRY_MS, left;
	ssize_t len;

	/* Other answers and errors may come before it. */
	for (left = TRY_MS; left > 0; left = until - now_ms()) {
		if (poll(&pfd, 1, (int)left) <= 0)
			return false;
		len = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);
		if (is_answer(len, v4, id, seq))
			return true;
	}
	return false;
}

/**
 * probe_host() - send an ICMP echo that nobody cuts, and wait for the answer
 * @host: address
 * @scope: interface of a link-local address
 * @packet_bytes: length of the IP packet
 *
 * Return: what became of it.
 */
enum probe_result probe_host(const struct in6_addr *host, uint32_t scope,
			     unsigned int packet_bytes)
{
	enum probe_result result = PROBE_SILENT;
	bool v4 = IN6_IS_ADDR_V4MAPPED(host);
	size_t bytes = packet_bytes - (v4 ? 20 : 40);
	uint16_t id = htons((uint16_t)getpid());
	int fd, err, i;

	if (packet_bytes < 48 || packet_bytes > PACKET_MAX)
		return PROBE_IMPOSSIBLE;
	fd = open_socket(v4);
	if (fd < 0)
		return PROBE_IMPOSSIBLE;
	for (i = 1; i <= TRIES && result == PROBE_SILENT; i++) {
		err = transmit(fd, host, scope, bytes, id, htons((uint16_t)i));
		if (err)
			result = err == EMSGSIZE ? PROBE_TOO_LARGE : PROBE_IMPOSSIBLE;
		else if (answered(fd, v4, id, htons((uint16_t)i)))
			result = PROBE_ANSWERED;
	}
	close(fd);
	return result;
}

/**
 * probe_device() - the device that has the address with which packets go to a host
 * @host: address
 * @scope: interface of a link-local address
 * @dev: its name
 *
 * Return: true if it was found.
 */
bool probe_device(const struct in6_addr *host, uint32_t scope, char dev[IF_NAMESIZE])
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = *host,
				   .sin6_scope_id = scope, .sin6_port = htons(9) };
	struct ifaddrs *all = NULL, *one;
	struct sockaddr_in6 own = { 0 };
	socklen_t size = sizeof(own);
	bool found = false;
	const void *mine;
	int fd, family;

	if (scope)
		return if_indextoname(scope, dev) != NULL;
	/* A route is looked up, and nothing is sent. */
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (connect(fd, (void *)&to, sizeof(to)) || getsockname(fd, (void *)&own, &size) ||
	    getifaddrs(&all)) {
		close(fd);
		return false;
	}
	close(fd);
	family = IN6_IS_ADDR_V4MAPPED(host) ? AF_INET : AF_INET6;
	for (one = all; one && !found; one = one->ifa_next) {
		if (!one->ifa_addr || one->ifa_addr->sa_family != family)
			continue;
		mine = family == AF_INET ?
		       (void *)&((struct sockaddr_in *)(void *)one->ifa_addr)->sin_addr :
		       (void *)&((struct sockaddr_in6 *)(void *)one->ifa_addr)->sin6_addr;
		found = family == AF_INET ? !memcmp(mine, &own.sin6_addr.s6_addr[12], 4) :
					    !memcmp(mine, &own.sin6_addr, sizeof(own.sin6_addr));
		if (found)
			snprintf(dev, IF_NAMESIZE, "%s", one->ifa_name);
	}
	freeifaddrs(all);
	/* An address may have a label: eth0:1. */
	if (found)
		dev[strcspn(dev, ":")] = '\0';
	return found;
}
