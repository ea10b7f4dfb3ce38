/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tracepoints: what happens to packets and RPCs, for tracefs, perf and bpf.
 * They cost nothing while they are off.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM homa

#if !defined(HOMA_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define HOMA_TRACE_H

#include <linux/tracepoint.h>
#include "homa.h"

#define HOMA_TRACE_ENUM(name, text) TRACE_DEFINE_ENUM(HOMA_REASON_##name);
HOMA_REASONS(HOMA_TRACE_ENUM)
#undef HOMA_TRACE_ENUM
#define HOMA_TRACE_END_ENUM(name) TRACE_DEFINE_ENUM(HOMA_END_##name);
HOMA_ENDS(HOMA_TRACE_END_ENUM)
#undef HOMA_TRACE_END_ENUM
TRACE_DEFINE_ENUM(HOMA_RPC_OUTGOING);
TRACE_DEFINE_ENUM(HOMA_RPC_INCOMING);
TRACE_DEFINE_ENUM(HOMA_RPC_IN_SERVICE);
TRACE_DEFINE_ENUM(HOMA_RPC_DEAD);

#define HOMA_TRACE_SYMBOL(name, text) { HOMA_REASON_##name, #name },
#define HOMA_TRACE_END_SYMBOL(name) { HOMA_END_##name, #name },

#define show_homa_type(type)			\
	__print_symbolic(type,			\
			 { 0x10, "DATA" },	\
			 { 0x11, "GRANT" },	\
			 { 0x12, "RESEND" },	\
			 { 0x13, "RPC_UNKNOWN" },	\
			 { 0x14, "BUSY" },	\
			 { 0x15, "CUTOFFS" },	\
			 { 0x16, "FREEZE" },	\
			 { 0x17, "NEED_ACK" },	\
			 { 0x18, "ACK" })

#define show_homa_state(state)					\
	__print_symbolic(state,					\
			 { HOMA_RPC_OUTGOING, "OUTGOING" },	\
			 { HOMA_RPC_INCOMING, "INCOMING" },	\
			 { HOMA_RPC_IN_SERVICE, "IN_SERVICE" },	\
			 { HOMA_RPC_DEAD, "DEAD" })

/*
 * The numbers of a packet by type: DATA: offset, bytes, message length;
 * GRANT: offset, 0, 0; RESEND: offset, length, 0; ACK: 0, number of acks, 0.
 */
TRACE_EVENT(homa_rx,
	TP_PROTO(const struct sk_buff *skb, const struct homa_hdr *hdr),
	TP_ARGS(skb, hdr),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(u64, sender_id)
		__array(u8, saddr, 16)
		__array(u8, daddr, 16)
		__field(u32, offset)
		__field(u32, bytes)
		__field(u32, msg_len)
		__field(u16, sport)
		__field(u16, dport)
		__field(u8, type)
		__field(u8, retransmit)
	),
	TP_fast_assign(
		struct in6_addr saddr, daddr;

		homa_addr_from_skb(skb, &saddr, &daddr);
		memcpy(__entry->saddr, &saddr, 16);
		memcpy(__entry->daddr, &daddr, 16);
		__entry->skbaddr = skb;
		__entry->sender_id = hdr->sender_id;
		__entry->offset = homa_trace_offset(hdr);
		__entry->bytes = homa_trace_bytes(hdr);
		__entry->msg_len = homa_trace_msg_len(hdr);
		__entry->sport = hdr->sport;
		__entry->dport = hdr->dport;
		__entry->type = hdr->type;
		__entry->retransmit = hdr->type == HOMA_DATA &&
				      hdr->data.retransmit;
	),
	TP_printk("%s from %pI6c port %u to %pI6c port %u sender_id=%llu offset=%u bytes=%u msg_len=%u retransmit=%u skbaddr=%p",
		  show_homa_type(__entry->type), __entry->saddr,
		  __entry->sport, __entry->daddr, __entry->dport,
		  __entry->sender_id, __entry->offset, __entry->bytes,
		  __entry->msg_len, __entry->retransmit, __entry->skbaddr)
);

TRACE_EVENT(homa_tx,
	TP_PROTO(const struct homa_peer *peer, const struct in6_addr *saddr,
		 const struct homa_hdr *hdr, u32 bytes, u8 priority),
	TP_ARGS(peer, saddr, hdr, bytes, priority),
	TP_STRUCT__entry(
		__field(u64, sender_id)
		__array(u8, saddr, 16)
		__array(u8, daddr, 16)
		__field(u32, offset)
		__field(u32, bytes)
		__field(u32, msg_len)
		__field(u16, sport)
		__field(u16, dport)
		__field(u8, type)
		__field(u8, retransmit)
		__field(u8, priority)
	),
	TP_fast_assign(
		memcpy(__entry->saddr, saddr, 16);
		memcpy(__entry->daddr, &peer->key.addr, 16);
		__entry->sender_id = hdr->sender_id;
		__entry->offset = homa_trace_offset(hdr);
		__entry->bytes = bytes ?: homa_trace_bytes(hdr);
		__entry->msg_len = homa_trace_msg_len(hdr);
		__entry->sport = hdr->sport;
		__entry->dport = hdr->dport;
		__entry->type = hdr->type;
		__entry->retransmit = hdr->type == HOMA_DATA &&
				      hdr->data.retransmit;
		__entry->priority = priority;
	),
	TP_printk("%s from %pI6c port %u to %pI6c port %u sender_id=%llu offset=%u bytes=%u msg_len=%u retransmit=%u priority=%u",
		  show_homa_type(__entry->type), __entry->saddr,
		  __entry->sport, __entry->daddr, __entry->dport,
		  __entry->sender_id, __entry->offset, __entry->bytes,
		  __entry->msg_len, __entry->retransmit, __entry->priority)
);

/* A packet that was not used. */
TRACE_EVENT(homa_drop,
	TP_PROTO(const struct sk_buff *skb, enum homa_reason reason),
	TP_ARGS(skb, reason),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__array(u8, saddr, 16)
		__array(u8, daddr, 16)
		__field(u32, len)
		__field(int, reason)
	),
	TP_fast_assign(
		struct in6_addr saddr, daddr;

		homa_addr_from_skb(skb, &saddr, &daddr);
		memcpy(__entry->saddr, &saddr, 16);
		memcpy(__entry->daddr, &daddr, 16);
		__entry->skbaddr = skb;
		__entry->len = skb->len;
		__entry->reason = reason;
	),
	TP_printk("from %pI6c to %pI6c len=%u reason=%s skbaddr=%p",
		  __entry->saddr, __entry->daddr, __entry->len,
		  __print_symbolic(__entry->reason,
				   HOMA_REASONS(HOMA_TRACE_SYMBOL) { -1, "" }),
		  __entry->skbaddr)
);

#define HOMA_TRACE_RPC_FIELDS			\
	__field(u64, id)			\
	__array(u8, peer, 16)			\
	__field(u32, tx_sent)			\
	__field(u32, tx_granted)		\
	__field(u32, tx_len)			\
	__field(u32, rx_received)		\
	__field(u32, rx_granted)		\
	__field(u32, rx_len)			\
	__field(int, error)			\
	__field(u16, port)			\
	__field(u16, dport)			\
	__field(u8, state)

#define HOMA_TRACE_RPC_ASSIGN						\
	do {								\
		const struct homa_rpc_core *c = &rpc->core;		\
									\
		memcpy(__entry->peer, &rpc->peer->key.addr, 16);	\
		__entry->id = c->id;					\
		__entry->port = rpc->sport;				\
		__entry->dport = rpc->dport;				\
		__entry->state = c->state;				\
		__entry->error = c->error;				\
		__entry->tx_sent = c->tx_started ? c->tx_next : 0;	\
		__entry->tx_granted = c->tx_started ? c->tx_granted : 0; \
		__entry->tx_len = c->tx_started ? c->tx_len : 0;	\
		__entry->rx_received = c->rx_started ?			\
				       homa_reasm_received(&c->rx) : 0;	\
		__entry->rx_granted = c->rx_started ? c->rx_granted : 0; \
		__entry->rx_len = c->rx_started ? c->rx.length : 0;	\
	} while (0)

#define HOMA_TRACE_RPC_FORMAT \
	"id=%llu port=%u peer=%pI6c dport=%u state=%s error=%d tx=%u/%u/%u rx=%u/%u/%u"

#define HOMA_TRACE_RPC_VALUES						\
	__entry->id, __entry->port, __entry->peer, __entry->dport,	\
	show_homa_state(__entry->state), __entry->error,		\
	__entry->tx_sent, __entry->tx_granted, __entry->tx_len,		\
	__entry->rx_received, __entry->rx_granted, __entry->rx_len

/* Bytes are sent/granted/length and received/granted/length. */
DECLARE_EVENT_CLASS(homa_rpc,
	TP_PROTO(const struct homa_rpc *rpc),
	TP_ARGS(rpc),
	TP_STRUCT__entry(HOMA_TRACE_RPC_FIELDS),
	TP_fast_assign(HOMA_TRACE_RPC_ASSIGN;),
	TP_printk(HOMA_TRACE_RPC_FORMAT, HOMA_TRACE_RPC_VALUES)
);

/* Made: a request is sent, or its first packet arrived. */
DEFINE_EVENT(homa_rpc, homa_rpc_start,
	TP_PROTO(const struct homa_rpc *rpc), TP_ARGS(rpc));
/* The first packet of its incoming message arrived. */
DEFINE_EVENT(homa_rpc, homa_rpc_incoming,
	TP_PROTO(const struct homa_rpc *rpc), TP_ARGS(rpc));
/* No receive buffers for that message. */
DEFINE_EVENT(homa_rpc, homa_rpc_stall,
	TP_PROTO(const struct homa_rpc *rpc), TP_ARGS(rpc));
/* All of that message arrived. */
DEFINE_EVENT(homa_rpc, homa_rpc_complete,
	TP_PROTO(const struct homa_rpc *rpc), TP_ARGS(rpc));
/* The application has it. */
DEFINE_EVENT(homa_rpc, homa_rpc_delivered,
	TP_PROTO(const struct homa_rpc *rpc), TP_ARGS(rpc));
/* A server answered. */
DEFINE_EVENT(homa_rpc, homa_rpc_respond,
	TP_PROTO(const struct homa_rpc *rpc), TP_ARGS(rpc));
/* It failed with an error; a client is told. */
DEFINE_EVENT(homa_rpc, homa_rpc_fail,
	TP_PROTO(const struct homa_rpc *rpc), TP_ARGS(rpc));
/* The peer was silent for too long. */
DEFINE_EVENT(homa_rpc, homa_rpc_timeout,
	TP_PROTO(const struct homa_rpc *rpc), TP_ARGS(rpc));
/* The client is asked for an ack. */
DEFINE_EVENT(homa_rpc, homa_rpc_need_ack,
	TP_PROTO(const struct homa_rpc *rpc), TP_ARGS(rpc));
/* Pacing holds it back. */
DEFINE_EVENT(homa_rpc, homa_rpc_hold_back,
	TP_PROTO(const struct homa_rpc *rpc), TP_ARGS(rpc));

TRACE_EVENT(homa_rpc_end,
	TP_PROTO(const struct homa_rpc *rpc, enum homa_end why),
	TP_ARGS(rpc, why),
	TP_STRUCT__entry(
		HOMA_TRACE_RPC_FIELDS
		__field(int, why)
	),
	TP_fast_assign(
		HOMA_TRACE_RPC_ASSIGN;
		__entry->why = why;
	),
	TP_printk("why=%s " HOMA_TRACE_RPC_FORMAT,
		  __print_symbolic(__entry->why,
				   HOMA_ENDS(HOMA_TRACE_END_SYMBOL) { -1, "" }),
		  HOMA_TRACE_RPC_VALUES)
);

/* The peer may send up to this offset. */
TRACE_EVENT(homa_grant,
	TP_PROTO(const struct homa_rpc *rpc, u32 offset, u8 priority),
	TP_ARGS(rpc, offset, priority),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, offset)
		__field(u8, priority)
	),
	TP_fast_assign(
		__entry->id = rpc->core.id;
		__entry->offset = offset;
		__entry->priority = priority;
	),
	TP_printk("id=%llu offset=%u priority=%u", __entry->id,
		  __entry->offset, __entry->priority)
);

/* The peer is asked for missing bytes; the end is 4294967295 if unknown. */
TRACE_EVENT(homa_resend,
	TP_PROTO(const struct homa_rpc *rpc, u32 start, u32 end),
	TP_ARGS(rpc, start, end),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u32, start)
		__field(u32, end)
		__field(u16, rounds)
	),
	TP_fast_assign(
		__entry->id = rpc->core.id;
		__entry->start = start;
		__entry->end = end;
		__entry->rounds = READ_ONCE(rpc->core.resend_rounds);
	),
	TP_printk("id=%llu start=%u end=%u rounds=%u", __entry->id,
		  __entry->start, __entry->end, __entry->rounds)
);

#endif /* HOMA_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
