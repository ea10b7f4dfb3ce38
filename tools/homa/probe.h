/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Does an IP packet of some size reach a host?  Asked with ICMP echo, which is not
 * cut on the way.
 */
#ifndef HOMA_TOOL_PROBE_H
#define HOMA_TOOL_PROBE_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * enum probe_result - what became of it
 * @PROBE_ANSWERED: it arrived, and an answer came
 * @PROBE_SILENT: nothing came
 * @PROBE_TOO_LARGE: our own host, or a router, says that it is too large
 * @PROBE_IMPOSSIBLE: it could not be sent
 */
enum probe_result {
	PROBE_ANSWERED,
	PROBE_SILENT,
	PROBE_TOO_LARGE,
	PROBE_IMPOSSIBLE,
};

enum probe_result probe_host(const struct in6_addr *host, uint32_t scope,
			     unsigned int packet_bytes);
bool probe_device(const struct in6_addr *host, uint32_t scope, char dev[IF_NAMESIZE]);

#endif /* HOMA_TOOL_PROBE_H */
