// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * perf_transport.c - the table of protocols, and what they share
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "perf_transport.h"

const struct perf_transport *const perf_transports[] = { &perf_homa, &perf_tcp, NULL };

/**
 * perf_transport_find() - a protocol by its name
 * @name: name
 *
 * Return: the protocol, NULL if there is none.
 */
const struct perf_transport *perf_transport_find(const char *name)
{
	unsigned int i;

	for (i = 0; perf_transports[i]; i++)
		if (!strcmp(perf_transports[i]->name, name))
			return perf_transports[i];
	return NULL;
}

/**
 * perf_fail() - keep the reason of a failure
 * @why: where
 * @rc: -errno, whose text is appended; 0 appends nothing
 * @format: what failed
 *
 * Return: @rc, or -EINVAL if it is 0.
 */
int perf_fail(struct perf_why *why, int rc, const char *format, ...)
{
	va_list args;
	size_t used;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	used = strlen(why->text);
	if (rc)
		snprintf(why->text + used, sizeof(why->text) - used, ": %s", strerror(-rc));
	why->hint[0] = '\0';
	return rc ? rc : -EINVAL;
}

/**
 * perf_addr_any() - all addresses of this host
 * @addr: result
 * @family: AF_INET, or AF_INET6 for both
 * @port: port
 */
void perf_addr_any(struct perf_addr *addr, int family, uint16_t port)
{
	memset(addr, 0, sizeof(*addr));
	addr->sa.sa_family = (sa_family_t)family;
	/* The port is at the same place in both. */
	addr->in4.sin_port = htons(port);
	addr->len = family == AF_INET ? sizeof(addr->in4) : sizeof(addr->in6);
	snprintf(addr->text, sizeof(addr->text), "port %u", port);
}

/* Divide HOST:PORT, [HOST]:PORT, HOST or an IPv6 address into host and port. */
static int split(const char *text, char *host, size_t size, unsigned long *port)
{
	const char *colon = strrchr(text, ':');
	const char *end = text + strlen(text);
	char *rest;

	if (*text == '[') {
		end = strchr(text, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		colon = end[1] ? end + 1 : NULL;
		text++;
	} else if (colon && colon == strchr(text, ':')) {
		end = colon;
	} else {
		colon = NULL;
	}
	if (end == text || (size_t)(end - text) >= size)
		return -EINVAL;
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = '\0';
	if (colon) {
		*port = strtoul(colon + 1, &rest, 10);
		if (rest == colon + 1 || *rest || *port < 1 || *port > 65535)
			return -EINVAL;
	}
	return 0;
}

/**
 * perf_addr_parse() - find a host
 * @addr: result
 * @text: HOST, HOST:PORT or [HOST]:PORT; HOST is a name or an address
 * @port: if @text has none
 * @family: AF_INET, AF_INET6, or AF_UNSPEC for whatever there is
 * @why: reason of a failure
 *
 * Return: 0; -EINVAL if it is no address, -ENOENT if there is no such host.
 */
int perf_addr_parse(struct perf_addr *addr, const char *text, uint16_t port, int family,
		    struct perf_why *why)
{
	struct addrinfo want = { .ai_family = family, .ai_socktype = SOCK_DGRAM };
	char host[256], shown[INET6_ADDRSTRLEN];
	unsigned long number = port;
	struct addrinfo *found;
	int rc;

	if (split(text, host, sizeof(host), &number))
		return perf_fail(why, 0, "\"%s\" is not HOST, HOST:PORT or [HOST]:PORT", text);
	rc = getaddrinfo(host, NULL, &want, &found);
	if (rc) {
		perf_fail(why, 0, "%s: %s", host, gai_strerror(rc));
		return -ENOENT;
	}
	memset(addr, 0, sizeof(*addr));
	memcpy(&addr->sa, found->ai_addr, found->ai_addrlen);
	addr->len = found->ai_addrlen;
	freeaddrinfo(found);
	addr->in4.sin_port = htons((uint16_t)number);
	inet_ntop(addr->sa.sa_family, addr->sa.sa_family == AF_INET ?
		  (void *)&addr->in4.sin_addr : (void *)&addr->in6.sin6_addr, shown, sizeof(shown));
	snprintf(addr->text, sizeof(addr->text),
		 addr->sa.sa_family == AF_INET ? "%s:%lu" : "[%s]:%lu", shown, number);
	return 0;
}

/**
 * perf_netns_enter() - move this thread to a network namespace
 * @name: as of "ip netns add"; NULL = stay
 * @why: reason of a failure
 *
 * Return: 0, or -errno.
 */
int perf_netns_enter(const char *name, struct perf_why *why)
{
	char path[256];
	int fd, rc = 0;

	if (!name)
		return 0;
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		rc = perf_fail(why, -errno, "network namespace %s", name);
	if (fd >= 0)
		close(fd);
	return rc;
}
