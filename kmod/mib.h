/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Counters of a namespace, from one list: enum, name and description are
 * generated.  Names that the reference has too mean the same (uapi §14).
 */
#ifndef HOMA_MIB_H
#define HOMA_MIB_H

#include <linux/percpu.h>
#include <linux/timekeeping.h>
#include <linux/types.h>
#if defined(CONFIG_X86_TSC) && !defined(CONFIG_UML)
#define HOMA_HAVE_TSC
#include <asm/tsc.h>
#endif
#include "../core/prio.h"
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
	X(client_request_bytes_started, "bytes in these requests")	\
	X(client_requests_done, "responses given to applications")	\
	X(client_request_bytes_done, "bytes in the requests they answer") \
	X(client_responses_started, "responses of which a packet arrived") \
	X(client_response_bytes_started, "bytes in these responses")	\
	X(client_responses_done, "responses received in full")		\
	X(client_response_bytes_done, "bytes in these responses")	\
	X(server_requests_started, "requests of which a packet arrived") \
	X(server_request_bytes_started, "bytes in these requests")	\
	X(server_requests_done, "requests given to applications")	\
	X(server_request_bytes_done, "bytes in these requests")		\
	X(server_responses_started, "responses given to sendmsg")	\
	X(server_response_bytes_started, "bytes in these responses")	\
	X(server_responses_done, "responses acknowledged")		\
	X(server_response_bytes_done, "bytes in these responses")	\
	X(requests_received, "requests of which a packet arrived")	\
	X(responses_received, "responses of which a packet arrived")	\
	X(sent_msg_bytes, "bytes in outgoing messages")			\
	X(gaps_created, "holes that opened in incoming messages")	\
	X(wait_none, "messages that recvmsg found at once")		\
	X(wait_fast, "messages that recvmsg polled for")		\
	X(wait_block, "messages that recvmsg slept for")		\
	X(handoffs_thread_waiting, "messages that a sleeping thread was woken for") \
	X(handoffs_alt_thread, "handed to a thread elsewhere (always 0)") \
	X(poll_cycles, "time that threads polled in recvmsg")		\
	X(blocked_cycles, "time that threads slept in recvmsg")		\
	X(softirq_cycles, "time spent on received packets")		\
	X(send_cycles, "time spent on sending requests")		\
	X(send_calls, "requests that were to be sent")			\
	X(reply_cycles, "time spent on sending responses")		\
	X(reply_calls, "responses that were to be sent")			\
	X(recv_cycles, "time spent on receiving, sleep included")		\
	X(recv_calls, "messages that were to be received")		\
	X(early_copies, "times that a thread copied part of a message that was still to come") \
	X(early_copy_bytes, "message bytes copied so")			\
	X(early_copy_again, "of these, copied again because the region or the process is another") \
	X(timer_cycles, "time spent on RPCs by the timer")		\
	X(resent_packets, "DATA packets sent again")			\
	X(resent_packets_used, "DATA packets marked as resent that were useful") \
	X(resent_discards, "DATA packets marked as resent that were not") \
	X(packet_discards, "other DATA packets with nothing new")	\
	X(rpc_timeouts, "RPCs ended because the peer was silent")	\
	X(server_rpc_discards, "server RPCs ended without an ack")	\
	X(server_rpcs_unknown, "server RPCs that the client did not know") \
	X(server_cant_create_rpcs, "requests dropped for want of memory or buffers") \
	X(spare_blocks_kept, "blocks of 32 KiB that sockets kept for long messages") \
	X(spare_blocks_used, "kept blocks that a message used again")	\
	X(spare_blocks_freed, "kept blocks given back unused")		\
	X(rx_mem_refused, "packets and requests dropped because sockets hold too much memory") \
	X(tx_mem_refused, "messages refused because sockets hold too much memory") \
	X(rpc_limit, "requests dropped because of too many RPCs")	\
	X(rpc_evictions, "answered RPCs of strangers ended to make room") \
	X(unknown_rpcs, "packets for RPCs that do not exist")		\
	X(unknown_packet_types, "packets of a type that does not exist") \
	X(short_packets, "packets dropped because they were malformed")	\
	X(ignored_need_acks, "NEED_ACK packets for RPCs not finished")	\
	X(refused_acks, "acks that policies keep from the socket of their RPC") \
	X(control_xmit_errors, "control packets refused by IP")		\
	X(data_xmit_errors, "DATA packets refused by IP")		\
	X(peer_allocs, "hosts remembered")				\
	X(peer_evictions, "hosts forgotten")				\
	X(peer_limit, "hosts not remembered because there were too many") \
	X(peer_kmalloc_errors, "hosts not remembered for want of memory") \
	X(peer_route_errors, "hosts without a route")			\
	X(peer_dst_refreshes, "routes looked up again")			\
	X(throttle_list_adds, "messages held back by pacing")		\
	X(pacer_packets, "packets sent by the pacer")			\
	X(pacer_homa_bytes, "message bytes in these packets")		\
	X(pacer_fifo_bytes, "of these, bytes of the oldest message in its turn") \
	X(pacer_tcp_bytes, "bytes of other protocols that the queueing discipline held back")	\
	X(pacer_help_bytes, "bytes sent in the pacer's place (always 0)") \
	X(pacer_device_full, "times that the pacer waited for a device's queue") \
	X(nic_backlog_cycles, "time that messages were held back by pacing") \
	X(grant_check_calls, "questions whether to grant")		\
	X(fifo_grant_bytes, "bytes granted to the oldest message in its turn") \
	X(needy_grants, "grants cut short by max_incoming, or a host's share")		\
	X(grantable_rpcs_integral, "messages that need grants times time") \
	X(reaper_calls, "ended RPCs whose memory was freed")		\
	X(reaper_dead_skbs, "packets freed with ended RPCs")		\
	X(disabled_reaps, "frees put off (always 0)")			\
	X(deferred_rpc_reaps, "frees left to the timer (always 0)")	\
	X(ack_overflows, "ACK packets sent because too many were pending") \
	X(bpage_reuses, "bpages for ends of messages used again at once") \
	X(buffer_alloc_failures, "messages that had to wait for receive buffers") \
	X(dropped_data_no_bufs, "message bytes dropped meanwhile")	\
	X(gro_data_bypasses, "DATA packets served during GRO (always 0)") \
	X(gro_grant_bypasses, "GRANTs served during GRO (always 0)")	\
	X(icmp_errors, "ICMP errors that matched an RPC")		\
	X(icmp_ignored, "ICMP errors that matched nothing")		\
	X(cutoff_changes, "times that the cutoffs were adapted to traffic") \
	X(timer_visits, "RPCs looked at by the timer")			\
	X(timer_looks, "new RPCs that the timer found alive")		\
	X(timer_unresolved, "looks of it at RPCs that wait for ARP or NDP")

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

/* Classes of message lengths (uapi §14): 64 bytes wide up to 4096, 1024 bytes
 * wide up to 131072; longer messages are counted together.
 */
#define HOMA_SIZE_NARROW	64
#define HOMA_SIZE_CLASSES	(HOMA_SIZE_NARROW + 124)

/**
 * struct homa_sizes - messages received in full, on one CPU
 * @bytes: by class of their length
 * @large_count: number of messages longer than all classes
 * @large_bytes: bytes in them
 * @histogram: all of them, for cutoffs
 */
struct homa_sizes {
	u64 bytes[HOMA_SIZE_CLASSES];
	u64 large_count;
	u64 large_bytes;
	struct homa_size_histogram histogram;
};

/*
 * A cheap clock for the counters of time; its unit is given by
 * homa_cycles_khz().  CPUs need not agree on it exactly.
 */
static inline u64 homa_cycles(void)
{
#ifdef HOMA_HAVE_TSC
	return get_cycles();
#else
	return ktime_get_mono_fast_ns();
#endif
}

static inline u64 homa_cycles_khz(void)
{
#ifdef HOMA_HAVE_TSC
	return tsc_khz;
#else
	return NSEC_PER_MSEC;
#endif
}

/* Time since homa_cycles() returned @start, not below 0 on another CPU. */
static inline u64 homa_cycles_since(u64 start)
{
	s64 delta = homa_cycles() - start;

	return delta > 0 ? delta : 0;
}

/* Any context; statistics only, so a counter may be read while it changes. */
#define HOMA_INC(hn, name) \
	this_cpu_inc((hn)->mib->value[HOMA_CNT_##name])
#define HOMA_ADD(hn, name, n) \
	this_cpu_add((hn)->mib->value[HOMA_CNT_##name], n)

#endif /* HOMA_MIB_H */
