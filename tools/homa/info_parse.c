// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * info_parse.c - attributes of the netlink family to structures
 *
 * The policies make libnl refuse what is too short; unknown attributes of a newer
 * kernel are passed over, and absent ones of an older one leave zero.
 */
#include <arpa/inet.h>
#include <linux/homa_netlink.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <string.h>

#include "info.h"

static uint32_t get_u32(struct nlattr **a, int type)
{
	return a[type] ? nla_get_u32(a[type]) : 0;
}

static uint64_t get_u64(struct nlattr **a, int type)
{
	return a[type] ? nla_get_u64(a[type]) : 0;
}

static uint16_t get_u16(struct nlattr **a, int type)
{
	return a[type] ? nla_get_u16(a[type]) : 0;
}

static uint8_t get_u8(struct nlattr **a, int type)
{
	return a[type] ? nla_get_u8(a[type]) : 0;
}

static void get_address(struct nlattr **a, int type, struct in6_addr *address)
{
	if (a[type])
		memcpy(address, nla_data(a[type]), sizeof(*address));
}

/**
 * info_parse_sock() - read the attributes of a socket
 * @attrs: first attribute
 * @bytes: length of all
 * @sock: struct info_sock, zeroed
 *
 * Return: false if they make no sense.
 */
bool info_parse_sock(struct nlattr *attrs, int bytes, void *sock)
{
	static struct nla_policy policy[HOMA_A_SOCKET_MAX + 1] = {
		[HOMA_A_SOCKET_PORT] = { .type = NLA_U16 },
		[HOMA_A_SOCKET_FAMILY] = { .type = NLA_U16 },
		[HOMA_A_SOCKET_SERVER] = { .type = NLA_U8 },
		[HOMA_A_SOCKET_UID] = { .type = NLA_U32 },
		[HOMA_A_SOCKET_INODE] = { .type = NLA_U64 },
		[HOMA_A_SOCKET_RPCS] = { .type = NLA_U32 },
		[HOMA_A_SOCKET_TX_BYTES] = { .type = NLA_U64 },
		[HOMA_A_SOCKET_TX_LIMIT] = { .type = NLA_U32 },
		[HOMA_A_SOCKET_RX_MEMORY] = { .type = NLA_U32 },
		[HOMA_A_SOCKET_REGION_BYTES] = { .type = NLA_U64 },
		[HOMA_A_SOCKET_REGION_FREE] = { .type = NLA_U64 },
	};
	struct nlattr *a[HOMA_A_SOCKET_MAX + 1];
	struct info_sock *out = sock;

	if (nla_parse(a, HOMA_A_SOCKET_MAX, attrs, bytes, policy) < 0 ||
	    !a[HOMA_A_SOCKET_PORT])
		return false;
	out->port = get_u16(a, HOMA_A_SOCKET_PORT);
	out->family = get_u16(a, HOMA_A_SOCKET_FAMILY);
	out->server = get_u8(a, HOMA_A_SOCKET_SERVER);
	out->uid = get_u32(a, HOMA_A_SOCKET_UID);
	out->inode = get_u64(a, HOMA_A_SOCKET_INODE);
	out->rpcs = get_u32(a, HOMA_A_SOCKET_RPCS);
	out->tx_bytes = get_u64(a, HOMA_A_SOCKET_TX_BYTES);
	out->tx_limit = get_u32(a, HOMA_A_SOCKET_TX_LIMIT);
	out->rx_memory = get_u32(a, HOMA_A_SOCKET_RX_MEMORY);
	out->region_bytes = get_u64(a, HOMA_A_SOCKET_REGION_BYTES);
	out->region_free = get_u64(a, HOMA_A_SOCKET_REGION_FREE);
	return true;
}

static struct nla_policy rpc_policy[HOMA_A_RPC_MAX + 1] = {
	[HOMA_A_RPC_ID] = { .type = NLA_U64 },
	[HOMA_A_RPC_PORT] = { .type = NLA_U16 },
	[HOMA_A_RPC_PEER] = { .minlen = 16, .maxlen = 16 },
	[HOMA_A_RPC_PEER_PORT] = { .type = NLA_U16 },
	[HOMA_A_RPC_STATE] = { .type = NLA_U8 },
	[HOMA_A_RPC_PRIVATE] = { .type = NLA_U8 },
	[HOMA_A_RPC_STALLED] = { .type = NLA_U8 },
	[HOMA_A_RPC_AGE_NS] = { .type = NLA_U64 },
	[HOMA_A_RPC_ERROR] = { .type = NLA_U32 },
	[HOMA_A_RPC_TX_LENGTH] = { .type = NLA_U32 },
	[HOMA_A_RPC_TX_SENT] = { .type = NLA_U32 },
	[HOMA_A_RPC_TX_GRANTED] = { .type = NLA_U32 },
	[HOMA_A_RPC_RX_LENGTH] = { .type = NLA_U32 },
	[HOMA_A_RPC_RX_RECEIVED] = { .type = NLA_U32 },
	[HOMA_A_RPC_RX_GRANTED] = { .type = NLA_U32 },
	[HOMA_A_RPC_RX_GAPS] = { .type = NLA_U32 },
	[HOMA_A_RPC_SILENT_NS] = { .type = NLA_U64 },
	[HOMA_A_RPC_RESENDS] = { .type = NLA_U16 },
	[HOMA_A_RPC_PACED] = { .type = NLA_U8 },
};

/**
 * info_parse_rpc() - read the attributes of an RPC
 * @attrs: first attribute
 * @bytes: length of all
 * @rpc: struct info_rpc, zeroed
 *
 * Return: false if they make no sense.
 */
bool info_parse_rpc(struct nlattr *attrs, int bytes, void *rpc)
{
	struct nlattr *a[HOMA_A_RPC_MAX + 1];
	struct info_rpc *out = rpc;

	if (nla_parse(a, HOMA_A_RPC_MAX, attrs, bytes, rpc_policy) < 0 ||
	    !a[HOMA_A_RPC_ID] || !a[HOMA_A_RPC_PEER])
		return false;
	out->id = get_u64(a, HOMA_A_RPC_ID);
	out->port = get_u16(a, HOMA_A_RPC_PORT);
	get_address(a, HOMA_A_RPC_PEER, &out->peer);
	out->peer_port = get_u16(a, HOMA_A_RPC_PEER_PORT);
	out->state = get_u8(a, HOMA_A_RPC_STATE);
	out->private = get_u8(a, HOMA_A_RPC_PRIVATE);
	out->stalled = get_u8(a, HOMA_A_RPC_STALLED);
	out->age_ns = get_u64(a, HOMA_A_RPC_AGE_NS);
	out->error = get_u32(a, HOMA_A_RPC_ERROR);
	out->has_tx = a[HOMA_A_RPC_TX_LENGTH];
	out->tx_length = get_u32(a, HOMA_A_RPC_TX_LENGTH);
	out->tx_sent = get_u32(a, HOMA_A_RPC_TX_SENT);
	out->tx_granted = get_u32(a, HOMA_A_RPC_TX_GRANTED);
	out->has_rx = a[HOMA_A_RPC_RX_LENGTH];
	out->rx_length = get_u32(a, HOMA_A_RPC_RX_LENGTH);
	out->rx_received = get_u32(a, HOMA_A_RPC_RX_RECEIVED);
	out->rx_granted = get_u32(a, HOMA_A_RPC_RX_GRANTED);
	out->rx_gaps = get_u32(a, HOMA_A_RPC_RX_GAPS);
	out->silent_ns = get_u64(a, HOMA_A_RPC_SILENT_NS);
	out->resends = get_u16(a, HOMA_A_RPC_RESENDS);
	out->paced = get_u8(a, HOMA_A_RPC_PACED);
	return true;
}

/**
 * info_parse_peer() - read the attributes of a host
 * @attrs: first attribute
 * @bytes: length of all
 * @peer: struct info_peer, zeroed
 *
 * Return: false if they make no sense.
 */
bool info_parse_peer(struct nlattr *attrs, int bytes, void *peer)
{
	static struct nla_policy policy[HOMA_A_PEER_MAX + 1] = {
		[HOMA_A_PEER_ADDRESS] = { .minlen = 16, .maxlen = 16 },
		[HOMA_A_PEER_SCOPE] = { .type = NLA_U32 },
		[HOMA_A_PEER_IDLE_MS] = { .type = NLA_U64 },
		[HOMA_A_PEER_PENDING_ACKS] = { .type = NLA_U8 },
		[HOMA_A_PEER_CUTOFF_VERSION] = { .type = NLA_U16 },
		[HOMA_A_PEER_CUTOFFS] = { .type = NLA_U32 },
		[HOMA_A_PEER_SERVER_RPCS] = { .type = NLA_U32 },
		[HOMA_A_PEER_MTU] = { .type = NLA_U32 },
		[HOMA_A_PEER_RTT_NS] = { .type = NLA_U32 },
		[HOMA_A_PEER_RTT_DEV_NS] = { .type = NLA_U32 },
		[HOMA_A_PEER_RTT_MIN_NS] = { .type = NLA_U32 },
		[HOMA_A_PEER_UNSCHED_BYTES] = { .type = NLA_U32 },
		[HOMA_A_PEER_WINDOW] = { .type = NLA_U32 },
	};
	struct nlattr *a[HOMA_A_PEER_MAX + 1], *attr;
	struct info_peer *out = peer;
	int rest;

	if (nla_parse(a, HOMA_A_PEER_MAX, attrs, bytes, policy) < 0 ||
	    !a[HOMA_A_PEER_ADDRESS])
		return false;
	get_address(a, HOMA_A_PEER_ADDRESS, &out->address);
	out->scope = get_u32(a, HOMA_A_PEER_SCOPE);
	out->idle_ms = get_u64(a, HOMA_A_PEER_IDLE_MS);
	out->pending_acks = get_u8(a, HOMA_A_PEER_PENDING_ACKS);
	out->cutoff_version = get_u16(a, HOMA_A_PEER_CUTOFF_VERSION);
	out->server_rpcs = get_u32(a, HOMA_A_PEER_SERVER_RPCS);
	out->mtu = get_u32(a, HOMA_A_PEER_MTU);
	out->rtt_ns = get_u32(a, HOMA_A_PEER_RTT_NS);
	out->rtt_dev_ns = get_u32(a, HOMA_A_PEER_RTT_DEV_NS);
	out->rtt_min_ns = get_u32(a, HOMA_A_PEER_RTT_MIN_NS);
	out->unsched_bytes = get_u32(a, HOMA_A_PEER_UNSCHED_BYTES);
	out->window = get_u32(a, HOMA_A_PEER_WINDOW);
	nla_for_each_attr(attr, attrs, bytes, rest)
		if (nla_type(attr) == HOMA_A_PEER_CUTOFFS && out->num_cutoffs < INFO_LEVELS)
			out->cutoffs[out->num_cutoffs++] = nla_get_u32(attr);
	return true;
}

/**
 * info_parse_param() - read the attributes of a parameter
 * @attrs: first attribute
 * @bytes: length of all
 * @param: struct info_param, zeroed
 *
 * Return: false if they make no sense.
 */
bool info_parse_param(struct nlattr *attrs, int bytes, void *param)
{
	/* libnl 3.7 has no NLA_S32 that checks the length the same way. */
	static struct nla_policy policy[HOMA_A_PARAM_MAX + 1] = {
		[HOMA_A_PARAM_NAME] = { .type = NLA_NUL_STRING, .maxlen = INFO_NAME_MAX },
		[HOMA_A_PARAM_VALUE] = { .type = NLA_U32 },
		[HOMA_A_PARAM_MIN_VALUE] = { .type = NLA_U32 },
		[HOMA_A_PARAM_MAX_VALUE] = { .type = NLA_U32 },
		[HOMA_A_PARAM_READ_ONLY] = { .type = NLA_FLAG },
	};
	struct nlattr *a[HOMA_A_PARAM_MAX + 1], *attr;
	struct info_param *out = param;
	int rest;

	if (nla_parse(a, HOMA_A_PARAM_MAX, attrs, bytes, policy) < 0 ||
	    !a[HOMA_A_PARAM_NAME])
		return false;
	snprintf(out->name, sizeof(out->name), "%s", nla_get_string(a[HOMA_A_PARAM_NAME]));
	out->min = (int32_t)get_u32(a, HOMA_A_PARAM_MIN_VALUE);
	out->max = (int32_t)get_u32(a, HOMA_A_PARAM_MAX_VALUE);
	out->read_only = a[HOMA_A_PARAM_READ_ONLY];
	nla_for_each_attr(attr, attrs, bytes, rest)
		if (nla_type(attr) == HOMA_A_PARAM_VALUE && out->num_values < INFO_LEVELS)
			out->values[out->num_values++] = (int32_t)nla_get_u32(attr);
	return out->num_values;
}

/**
 * info_address() - an address as text
 * @address: IPv6 or v4-mapped
 * @text: where to write
 *
 * Return: @text.
 */
const char *info_address(const struct in6_addr *address, char text[INFO_ADDRESS_MAX])
{
	if (IN6_IS_ADDR_V4MAPPED(address))
		inet_ntop(AF_INET, &address->s6_addr[12], text, INFO_ADDRESS_MAX);
	else
		inet_ntop(AF_INET6, address, text, INFO_ADDRESS_MAX);
	return text;
}

/**
 * info_endpoint() - an address and a port as text
 * @address: IPv6 or v4-mapped
 * @port: in host order
 * @text: where to write
 *
 * Return: @text, "10.0.0.2:4000" or "[fd00::2]:4000".
 */
const char *info_endpoint(const struct in6_addr *address, uint16_t port,
			char text[INFO_ADDRESS_MAX])
{
	char host[INFO_ADDRESS_MAX];

	info_address(address, host);
	if (IN6_IS_ADDR_V4MAPPED(address))
		snprintf(text, INFO_ADDRESS_MAX, "%.46s:%u", host, port);
	else
		snprintf(text, INFO_ADDRESS_MAX, "[%.46s]:%u", host, port);
	return text;
}

/**
 * info_parse_address() - read a numeric address
 * @text: IPv4 or IPv6
 * @address: result, v4-mapped for IPv4
 *
 * Return: false if it is none.
 */
bool info_parse_address(const char *text, struct in6_addr *address)
{
	struct in_addr v4;

	if (inet_pton(AF_INET6, text, address) == 1)
		return true;
	if (inet_pton(AF_INET, text, &v4) != 1)
		return false;
	memset(address, 0, sizeof(*address));
	address->s6_addr[10] = 0xff;
	address->s6_addr[11] = 0xff;
	memcpy(&address->s6_addr[12], &v4, sizeof(v4));
	return true;
}
