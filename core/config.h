/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Settings that the core's decisions depend on, as one plain snapshot.
 *
 * The shell owns where they come from (sysctl, defaults) and guarantees the
 * ranges given here before it passes a snapshot in.  Names follow uapi §13;
 * times are in nanoseconds here, a tick of the specification is 1 ms.
 */
#ifndef HOMA_CORE_CONFIG_H
#define HOMA_CORE_CONFIG_H

#include "port.h"
#include "limits.h"

/**
 * struct homa_config - everything tunable in the core
 * @unsched_bytes: first bytes of a message sent without permission,
 *	1..HOMA_MSG_BYTES_MAX
 * @incast_bytes: unscheduled bytes of all responses that a client waits for,
 *	0 = no limit
 * @max_incoming: bytes that may be granted but not received, all messages
 *	together, 1..2^30
 * @window: bytes granted ahead of what was received, 0 = max_incoming /
 *	(active messages + 1), or what was found for the sender; 0..2^30
 * @max_incoming_set: @max_incoming does not give way to windows that need more
 * @max_overcommit: messages that hold grants, 1..HOMA_OVERCOMMIT_MAX
 * @fifo_grant_increment: bytes of one grant for the oldest message, 0 = off
 * @grant_fifo_fraction: share of the link for the oldest message in 1/1000,
 *	0..500, 0 = off
 * @link_mbps: link speed in 10^6 bit/s, 1..2^22
 * @num_priorities: levels in use, 1..HOMA_PRIORITIES_MAX
 * @max_sched_prio: highest level for scheduled packets, < num_priorities
 * @defer_min_bytes: messages with at most so many unsent bytes are not paced
 * @max_nic_backlog_ns: estimated device queue above which packets wait
 * @pacer_fifo_fraction: share of paced packets from the oldest message in
 *	1/1000, 0..500
 * @resend_ns: silence before the first RESEND, >= 1 ms
 * @resend_interval_ns: silence between further RESENDs, >= 1 ms
 * @timeout_ns: silence after which an RPC is given up, > @resend_ns
 * @request_ack_ns: delay between a response sent in full and NEED_ACK
 */
struct homa_config {
	u32 unsched_bytes;
	u32 incast_bytes;
	u32 max_incoming;
	u32 window;
	bool max_incoming_set;
	u32 max_overcommit;
	u32 fifo_grant_increment;
	u32 grant_fifo_fraction;
	u32 link_mbps;
	u8 num_priorities;
	u8 max_sched_prio;
	u32 defer_min_bytes;
	u32 max_nic_backlog_ns;
	u32 pacer_fifo_fraction;
	u32 resend_ns;
	u32 resend_interval_ns;
	u32 timeout_ns;
	u32 request_ack_ns;
};

/* Defaults of uapi §13. */
#define HOMA_CONFIG_DEFAULTS {				\
	.unsched_bytes = 40000,				\
	.incast_bytes = 100000,				\
	.max_incoming = 400000,				\
	.window = 0,					\
	.max_overcommit = 8,				\
	.fifo_grant_increment = 50000,			\
	.grant_fifo_fraction = 50,			\
	.link_mbps = 25000,				\
	.num_priorities = 8,				\
	.max_sched_prio = 3,				\
	.defer_min_bytes = 1000,			\
	.max_nic_backlog_ns = 5000,			\
	.pacer_fifo_fraction = 50,			\
	.resend_ns = 5000000,				\
	.resend_interval_ns = 5000000,			\
	.timeout_ns = 100000000,			\
	.request_ack_ns = 2000000,			\
}

#endif /* HOMA_CORE_CONFIG_H */
