/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Counters of a namespace, from one list: enum, name and description are
 * generated.  Names that the reference has too mean the same (uapi §14).
 */
#ifndef HOMA_MIB_H
#define HOMA_MIB_H

#include <linux/percpu.h>
#include <linux/types.h>
#include "../core/reason.h"

/* X(name, description) */
#define HOMA_COUNTERS(X)						\
	X(packets_sent_DATA, "DATA packets sent")			\
	X(packets_sent_GRANT, "GRANT packets sent")			\
	X(packets_sent_RESEND, "RESEND packets sent")			\
	X(packets_sent_RPC_UNKNOWN, "RPC_UNKNOWN packets sent")		\
	X(packets_sent_BUSY, "BUSY packets sent")			\
	X(packets_sent_CUTOFFS, "CUTOFFS packets sent")			\
	X(packets_sent_FREEZE, "FREEZE packets sent (always 0)")	\
	X(packets_sent_NEED_ACK, "NEED_ACK packets sent")		\
	X(packets_sent_ACK, "ACK packets sent")				\
	X(packets_rcvd_DATA, "DATA packets received")			\
	X(packets_rcvd_GRANT, "GRANT packets received")			\
	X(packets_rcvd_RESEND, "RESEND packets received")		\
	X(packets_rcvd_RPC_UNKNOWN, "RPC_UNKNOWN packets received")	\
	X(packets_rcvd_BUSY, "BUSY packets received")			\
	X(packets_rcvd_CUTOFFS, "CUTOFFS packets received")		\
	X(packets_rcvd_FREEZE, "FREEZE packets received and ignored")	\
	X(packets_rcvd_NEED_ACK, "NEED_ACK packets received")		\
	X(packets_rcvd_ACK, "ACK packets received")			\
	X(client_requests_started, "requests given to sendmsg")		\
	X(client_requests_done, "responses given to applications")	\
	X(client_request_bytes_started, "bytes in these requests")	\
	X(client_responses_done, "responses received in full")		\
	X(server_requests_started, "requests of which a packet arrived") \
	X(server_requests_done, "requests given to applications")	\
	X(server_responses_started, "responses given to sendmsg")	\
	X(server_responses_done, "responses acknowledged")		\
	X(sent_msg_bytes, "bytes in outgoing messages")			\
	X(resent_packets, "DATA packets sent again")			\
	X(resent_packets_used, "DATA packets marked as resent that were useful") \
	X(gaps_created, "holes that opened in incoming messages")	\
	X(rpc_timeouts, "RPCs ended because the peer was silent")	\
	X(server_rpc_discards, "server RPCs ended without an ack")	\
	X(server_rpcs_unknown, "server RPCs that the client did not know") \
	X(server_cant_create_rpcs, "requests dropped for want of memory or buffers") \
	X(unknown_rpcs, "packets for RPCs that do not exist")		\
	X(short_packets, "packets dropped because they were malformed")	\
	X(control_xmit_errors, "control packets refused by IP")		\
	X(data_xmit_errors, "DATA packets refused by IP")		\
	X(peer_allocs, "hosts remembered")				\
	X(peer_evictions, "hosts forgotten")				\
	X(peer_kmalloc_errors, "hosts not remembered for want of memory") \
	X(peer_route_errors, "hosts without a route")			\
	X(peer_dst_refreshes, "routes looked up again")			\
	X(throttle_list_adds, "messages held back by pacing")		\
	X(pacer_packets, "packets sent by the pacer")			\
	X(buffer_alloc_failures, "messages that had to wait for receive buffers") \
	X(dropped_data_no_bufs, "message bytes dropped meanwhile")	\
	X(ack_overflows, "ACK packets sent because too many were pending") \
	X(icmp_errors, "ICMP errors that matched an RPC")		\
	X(icmp_ignored, "ICMP errors that matched nothing")		\
	X(timer_visits, "RPCs looked at by the timer")

enum homa_counter {
#define HOMA_COUNTER_ENUM(name, text) HOMA_CNT_##name,
	HOMA_COUNTERS(HOMA_COUNTER_ENUM)
#undef HOMA_COUNTER_ENUM
	HOMA_CNT_COUNT
};

/**
 * struct homa_mib - counters of one CPU
 * @value: by enum homa_counter
 * @priority_packets: DATA packets sent, by level
 * @priority_bytes: message bytes in them
 * @drops: packets not used, by enum homa_reason
 */
struct homa_mib {
	u64 value[HOMA_CNT_COUNT];
	u64 priority_packets[8];
	u64 priority_bytes[8];
	u64 drops[HOMA_REASON_COUNT];
};

/* Any context; statistics only, so a counter may be read while it changes. */
#define HOMA_INC(hn, name) \
	this_cpu_inc((hn)->mib->value[HOMA_CNT_##name])
#define HOMA_ADD(hn, name, n) \
	this_cpu_add((hn)->mib->value[HOMA_CNT_##name], n)

#endif /* HOMA_MIB_H */
