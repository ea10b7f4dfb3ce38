/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The two sides of perf_tcp: what they share, and what the server side offers.
 */
#ifndef HOMA_TOOL_PERF_TCP_H
#define HOMA_TOOL_PERF_TCP_H

#include "perf_transport.h"

/** Bytes of the length in front of each message. */
#define PERF_TCP_PREFIX		4

static inline uint32_t perf_tcp_length(const uint8_t prefix[PERF_TCP_PREFIX])
{
	return (uint32_t)prefix[0] << 24 | (uint32_t)prefix[1] << 16 |
	       (uint32_t)prefix[2] << 8 | prefix[3];
}

int perf_tcp_setup(int fd, const char *congestion, struct perf_why *why);
void perf_tcp_nonblocking(int fd);

int perf_tcp_listen(struct perf_service **service, const struct perf_service_config *config,
		    struct perf_why *why);
int perf_tcp_serve(struct perf_service *service, struct perf_why *why);
void perf_tcp_stop(struct perf_service *service);
void perf_tcp_free(struct perf_service *service);

#endif /* HOMA_TOOL_PERF_TCP_H */
