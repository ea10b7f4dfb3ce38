// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * probe.c - ICMP echo of a given size
 */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdbool.h>
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
