/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * link.h - the packet socket, network namespaces, device settings
 */
#ifndef DRILL_LINK_H
#define DRILL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Time that never comes. */
#define DRILL_NEVER	INT64_MAX

/**
 * struct drill_link - a packet(7) socket on one device
 * @fd: the socket
 * @ifindex: the device
 * @mac: its MAC address
 * @clock_offset_ns: CLOCK_REALTIME minus CLOCK_MONOTONIC; the kernel stamps
 *	packets with the former
 */
struct drill_link {
	int fd;
	int ifindex;
	uint8_t mac[6];
	int64_t clock_offset_ns;
};

int64_t now_ns(void);
int netns_open(const char *name);
int netns_socket(const char *ns, int domain, int type, int protocol);
bool netns_join(const char *ns);
bool device_mac(const char *ns, const char *dev, uint8_t *mac);
bool device_gro(const char *host_ns, const char *host_dev, const char *ns,
		const char *dev, bool on);

bool link_open(struct drill_link *link, const char *ns, const char *dev,
	       char *why, size_t size);
int link_recv(struct drill_link *link, int64_t deadline_ns, uint8_t *buf,
	      size_t size, size_t *len, int64_t *ts_ns);
bool link_send(struct drill_link *link, const uint8_t *frame, size_t len);
void link_close(struct drill_link *link);

#endif
