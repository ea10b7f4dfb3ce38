/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the kernel tells about Homa (generic-netlink family "homa",
 * netlink/homa.yaml), as arrays of plain structures.
 *
 * Functions that return enum tool_exit have complained already.
 */
#ifndef HOMA_TOOL_INFO_H
#define HOMA_TOOL_INFO_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Priority levels, as in <linux/homa.h> of the kernel. */
#define INFO_LEVELS	8
#define INFO_NAME_MAX	32

/**
 * struct info_sock - a socket
 * @port: in host order
 * @family: AF_INET or AF_INET6
 * @server: accepts requests
 * @uid: owner
 * @inode: as in the links of /proc/PID/fd
 * @rpcs: live RPCs
 * @tx_bytes: bytes of outgoing messages
 * @tx_limit: with so many sendmsg() waits
 * @rx_memory: memory of received packets
 * @region_bytes: receive region
 * @region_free: of it, free
 */
struct info_sock {
	uint16_t port;
	uint16_t family;
	bool server;
	uint32_t uid;
	uint64_t inode;
	uint32_t rpcs;
	uint64_t tx_bytes;
	uint32_t tx_limit;
	uint32_t rx_memory;
	uint64_t region_bytes;
	uint64_t region_free;
};

/**
 * struct info_rpc - an RPC; netlink/homa.yaml explains each member
 * @has_tx: the tx_ members are valid
 * @has_rx: the rx_ members are valid
 */
struct info_rpc {
	uint64_t id;
	uint16_t port;
	struct in6_addr peer;
	uint16_t peer_port;
	uint8_t state;
	bool private;
	bool stalled;
	uint64_t age_ns;
	uint32_t error;
	bool has_tx;
	uint32_t tx_length;
	uint32_t tx_sent;
	uint32_t tx_granted;
	bool has_rx;
	uint32_t rx_length;
	uint32_t rx_received;
	uint32_t rx_granted;
	uint32_t rx_gaps;
	uint64_t silent_ns;
	uint16_t resends;
	bool paced;
};

/**
 * struct info_peer - a remembered host; netlink/homa.yaml explains each member
 * @num_cutoffs: valid entries in @cutoffs
 */
struct info_peer {
	struct in6_addr address;
	uint32_t scope;
	uint64_t idle_ms;
	uint8_t pending_acks;
	uint16_t cutoff_version;
	uint32_t cutoffs[INFO_LEVELS];
	unsigned int num_cutoffs;
	uint32_t server_rpcs;
	uint32_t mtu;
	uint32_t rtt_ns;		/* 0 = not measured lately */
	uint32_t rtt_dev_ns;
	uint32_t rtt_min_ns;
	uint32_t unsched_bytes;
	uint32_t window;
};

/**
 * struct info_param - a parameter
 * @name: as in /proc/sys/net/homa
 * @values: one, or one for each level
 * @num_values: how many
 * @min: smallest
 * @max: largest
 * @read_only: derived from others
 */
struct info_param {
	char name[INFO_NAME_MAX];
	int32_t values[INFO_LEVELS];
	unsigned int num_values;
	int32_t min;
	int32_t max;
	bool read_only;
};

struct info;
struct nlattr;

int info_open(struct info **info);
void info_close(struct info *info);

int info_socks(struct info *info, struct info_sock **socks, size_t *count);
int info_rpcs(struct info *info, struct info_rpc **rpcs, size_t *count);
int info_peers(struct info *info, struct info_peer **peers, size_t *count);
int info_params(struct info *info, struct info_param **params, size_t *count);
int info_param_set(struct info *info, const struct info_param *param);

/* For tests and fuzzers: one message's attributes. */
bool info_parse_sock(struct nlattr *attrs, int bytes, void *sock);
bool info_parse_rpc(struct nlattr *attrs, int bytes, void *rpc);
bool info_parse_peer(struct nlattr *attrs, int bytes, void *peer);
bool info_parse_param(struct nlattr *attrs, int bytes, void *param);

/** Room for an address with its port. */
#define INFO_ADDRESS_MAX	64

const char *info_address(const struct in6_addr *address, char text[INFO_ADDRESS_MAX]);
const char *info_endpoint(const struct in6_addr *address, uint16_t port,
			char text[INFO_ADDRESS_MAX]);
bool info_parse_address(const char *text, struct in6_addr *address);

#endif /* HOMA_TOOL_INFO_H */
