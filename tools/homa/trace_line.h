/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Lines of tracefs about Homa (kmod/trace.h), and what they mean in words.
 */
#ifndef HOMA_TOOL_TRACE_LINE_H
#define HOMA_TOOL_TRACE_LINE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Longest line that is understood. */
#define TRACE_LINE_MAX	512

/** Room for the words of an event. */
#define TRACE_TEXT_MAX	200

/**
 * struct trace_event - one event
 * @when_ns: time, in the clock that was set
 * @name: of the tracepoint, without "homa_": "tx", "rpc_start", ...
 * @type: of the packet, for tx and rx: "DATA", ...
 * @id: RPC, as the client calls it; 0 if the event belongs to none
 * @client: it happened at the client
 * @from: sender, for packets
 * @to: receiver, for packets
 * @peer: the other host, for RPCs
 * @offset: for packets, first byte; else of a grant or a range
 * @bytes: length; end of a range
 * @msg_len: length of the message
 * @retransmit: the packet was sent again
 * @priority: level
 * @rounds: how often was asked
 * @error: errno
 * @tx: sent, granted, length
 * @rx: received, granted, length
 * @why: reason of a drop, of an end
 * @packets: how many like this were merged into it
 */
struct trace_event {
	uint64_t when_ns;
	char name[24];
	char type[16];
	uint64_t id;
	bool client;
	struct in6_addr from;
	struct in6_addr to;
	struct in6_addr peer;
	uint32_t offset;
	uint32_t bytes;
	uint32_t msg_len;
	bool retransmit;
	uint8_t priority;
	uint16_t rounds;
	int error;
	uint32_t tx[3];
	uint32_t rx[3];
	char why[24];
	unsigned int packets;
};

bool trace_parse(const char *line, struct trace_event *event);
bool trace_merge(struct trace_event *event, const struct trace_event *next);
bool trace_concerns(const struct trace_event *event, const struct in6_addr *host);
bool trace_shown(const struct trace_event *event);
const char *trace_text(const struct trace_event *event, char text[TRACE_TEXT_MAX]);

#endif /* HOMA_TOOL_TRACE_LINE_H */
