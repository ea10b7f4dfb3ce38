// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Addresses as text. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* "10.0.0.2:4000", "[fd00::2%eth0]:4000" or without port: cut it into @host and @port. */
static int split(const char *text, char *host, size_t host_bytes, unsigned long *port)
{
	const char *end, *digits = NULL;
	size_t bytes;
	char *after;

	if (*text == '[') {
		end = strchr(++text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		if (end[1])
			digits = end + 2;
	} else {
		end = strchr(text, ':');
		if (!end || strchr(end + 1, ':'))
			end = text + strlen(text);
		else
			digits = end + 1;
	}
	bytes = (size_t)(end - text);
	if (bytes >= host_bytes)
		return -EINVAL;
	memcpy(host, text, bytes);
	host[bytes] = 0;
	if (digits) {
		if (*digits < '0' || *digits > '9')
			return -EINVAL;
		*port = strtoul(digits, &after, 10);
		if (*after)
			return -EINVAL;
	}
	return 0;
}

/* An address of IPv6, perhaps with the device it belongs to. */
static int parse_in6(char *host, struct sockaddr_in6 *in6)
{
	char *device = strchr(host, '%');

	if (device) {
		*device++ = 0;
		in6->sin6_scope_id = if_nametoindex(device);
		if (!in6->sin6_scope_id)
			return lh_fail(-ENODEV, "the device after % does not exist");
	}
	return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1 ? 0 : -EINVAL;
}

int homa_address(const char *text, uint16_t default_port, int family,
		 struct sockaddr_storage *addr, socklen_t *addr_bytes)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)addr;
	struct sockaddr_in *in4 = (struct sockaddr_in *)addr;
	unsigned long port = default_port;
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
	char mapped[INET6_ADDRSTRLEN + 8];
	struct in_addr ip4;
	int ret;

	if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
		return lh_fail(-EAFNOSUPPORT, "the family is AF_INET, AF_INET6 or AF_UNSPEC");
	ret = split(text, host, sizeof(host), &port);
	/* IPv6 addresses have a colon; the rest of them is looked at below. */
	if (ret || (inet_pton(AF_INET, host, &ip4) != 1 && !strchr(host, ':')))
		return lh_fail(-EINVAL, "an address is 10.0.0.2:4000 or [fd00::2]:4000, not a name");
	if (port < 1 || port > 65535)
		return lh_fail(-ERANGE, "a port is a number from 1 to 65535");
	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, host, &ip4) == 1 && family != AF_INET6) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons((uint16_t)port);
		in4->sin_addr = ip4;
		*addr_bytes = sizeof(*in4);
		return 0;
	}
	if (family == AF_INET)
		return lh_fail(-EAFNOSUPPORT, "not an IPv4 address");
	if (inet_pton(AF_INET, host, &ip4) == 1) {
		snprintf(mapped, sizeof(mapped), "::ffff:%.15s", host);
		ret = parse_in6(mapped, in6);
	} else {
		ret = parse_in6(host, in6);
	}
	if (ret == -EINVAL)
		return lh_fail(ret, "not an address of IPv6");
	if (ret)
		return ret;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)port);
	*addr_bytes = sizeof(*in6);
	return 0;
}
