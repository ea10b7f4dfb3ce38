/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Homa packets: bytes to a plain host-order header, and back.
 *
 * Nothing outside wire.c knows where a field lies in a packet.  The parser
 * checks every length before it reads; whatever it returns is safe to use as
 * a number but still a stranger's claim: ranges that depend on an RPC are
 * checked by reasm.c and rpc.c.
 */
#ifndef HOMA_CORE_WIRE_H
#define HOMA_CORE_WIRE_H

#include "port.h"
#include "limits.h"
#include "reason.h"

/* Packet types (wire §5). */
enum homa_type {
	HOMA_DATA		= 0x10,
	HOMA_GRANT		= 0x11,
	HOMA_RESEND		= 0x12,
	HOMA_RPC_UNKNOWN	= 0x13,
	HOMA_BUSY		= 0x14,
	HOMA_CUTOFFS		= 0x15,
	HOMA_FREEZE		= 0x16,
	HOMA_NEED_ACK		= 0x17,
	HOMA_ACK		= 0x18,
};

#define HOMA_TYPE_FIRST		HOMA_DATA
#define HOMA_TYPE_LAST		HOMA_ACK

/* Header sizes in bytes (wire §5). */
#define HOMA_COMMON_HDR_BYTES	28u
#define HOMA_DATA_HDR_BYTES	56u
#define HOMA_GRANT_HDR_BYTES	33u
#define HOMA_RESEND_HDR_BYTES	37u
#define HOMA_CUTOFFS_HDR_BYTES	62u
#define HOMA_ACK_HDR_BYTES	80u
#define HOMA_HDR_BYTES_MAX	HOMA_ACK_HDR_BYTES

/* The reduced variant's RESEND has no priority byte (wire §13). */
#define HOMA_RESEND_SHORT_BYTES	36u

/**
 * struct homa_ack - names a finished RPC
 * @client_id: the client's (even) id; 0 in a DATA header = no ack
 * @server_port: port of the RPC's server socket
 */
struct homa_ack {
	u64 client_id;
	u16 server_port;
};

/**
 * struct homa_hdr - a parsed header, host byte order
 * @sender_id: RPC id as the sender knows it
 * @sport: port of the sending socket
 * @dport: port of the receiving socket
 * @type: enum homa_type; selects the union member
 * @hdr_len: bytes before the message data (DATA) or used by the header
 *
 * DATA: @data.offset and @data.len are the true range of the bytes carried,
 * whatever form the packet used (wire §7); offset + len does not overflow.
 * @data.msg_len is 1..HOMA_MSG_BYTES_MAX and the range lies inside it;
 * @data.incoming is clamped to msg_len; @data.response_limit is any value (incast.h).
 * RESEND: @resend.all is set for length 0xFFFFFFFF (offset is then 0);
 * otherwise offset + length does not overflow (length is clipped).
 * Priorities in GRANT and RESEND are clamped to HOMA_PRIORITIES_MAX - 1;
 * a 36-byte RESEND reports HOMA_PRIORITIES_MAX - 1.
 * ACK: @ack.num is 0..HOMA_ACKS_MAX.
 */
struct homa_hdr {
	u64 sender_id;
	u16 sport;
	u16 dport;
	u8 type;
	u8 hdr_len;
	union {
		struct {
			u32 offset;
			u32 len;
			u32 msg_len;
			u32 incoming;
			struct homa_ack ack;
			u16 cutoff_version;
			u8 retransmit;
			u8 response_limit;
		} data;
		struct {
			u32 offset;
			u8 priority;
		} grant;
		struct {
			u32 offset;
			u32 length;
			u8 priority;
			u8 all;
		} resend;
		struct {
			u32 cutoffs[HOMA_PRIORITIES_MAX];
			u16 version;
		} cutoffs;
		struct {
			u16 num;
			struct homa_ack acks[HOMA_ACKS_MAX];
		} ack;
	};
};

/**
 * homa_wire_local_id() - turn an id from a packet into the receiver's own
 * @sender_id: id found in a header
 *
 * Return: the same RPC as the receiver names it; even = we are the client
 * (wire §3).
 */
static inline u64 homa_wire_local_id(u64 sender_id)
{
	return sender_id ^ 1;
}

/* True when the owner of @id is the client of the RPC (wire §3). */
static inline bool homa_id_is_client(u64 id)
{
	return !(id & 1);
}

/**
 * homa_wire_peek_type() - type of a packet that was not checked yet
 * @buf: at least 12 bytes
 *
 * Return: the type byte, any value (wire §4).
 */
static inline u8 homa_wire_peek_type(const u8 *buf)
{
	return buf[11];
}

/**
 * homa_wire_hdr_bytes() - header size that a type must have on arrival
 * @type: any value
 *
 * Return: minimum bytes, 0 for an unknown type.  36 for RESEND (wire §13).
 */
u32 homa_wire_hdr_bytes(u8 type);

/**
 * homa_wire_parse() - check and decode the header of one packet
 * @hdr: filled on success; untouched fields of other types are undefined
 * @buf: first bytes of the packet
 * @avail: bytes readable at @buf; must be at least min(@pkt_len,
 *	HOMA_HDR_BYTES_MAX), for DATA min(@pkt_len, HOMA_DATA_HDR_BYTES)
 * @pkt_len: length of the packet from the IP header, without link padding
 *
 * Return: HOMA_REASON_NONE, or why the packet must be dropped: TOO_SHORT,
 * BAD_TYPE, BAD_PORT (a port is 0, FREEZE excepted), BAD_LENGTH, BAD_RANGE
 * or NO_DATA (wire §11 steps 2 and 7, wire §7).  Reserved fields, doff,
 * flags, checksum are never looked at (wire §4).
 */
enum homa_reason homa_wire_parse(struct homa_hdr *hdr, const u8 *buf,
				 u32 avail, u32 pkt_len);

/**
 * homa_wire_build() - write the header of one packet
 * @buf: HOMA_HDR_BYTES_MAX bytes of room
 * @hdr: what to write; hdr_len is ignored.  For DATA all fields of @data but
 *	len are used and the offset is written in both places (wire §7).
 *	RESEND with @resend.all writes length 0xFFFFFFFF.
 *
 * Every byte of the header is written, reserved ones with the values of
 * wire §4; the checksum is 0 (wire §8).
 *
 * Return: bytes written (the header's full size, RESEND 37).
 */
u32 homa_wire_build(u8 *buf, const struct homa_hdr *hdr);

/**
 * homa_wire_build_data() - the same for DATA
 * @buf: HOMA_DATA_HDR_BYTES of room
 * @hdr: what to write, as for homa_wire_build()
 */
void homa_wire_build_data(u8 *buf, const struct homa_hdr *hdr);

/**
 * homa_wire_continue() - header of a later packet cut out of a large buffer
 * @buf: copy of the buffer's DATA header, HOMA_DATA_HDR_BYTES
 * @offset: of the packet's first byte in the message
 *
 * The offset is put in both places, or if the buffer has it in the sequence alone,
 * there (wire §7).  The ack is taken out: the first packet has it.
 */
void homa_wire_continue(u8 *buf, u32 offset);

/**
 * homa_wire_is_part() - has a packet some bytes of a message, and not all?
 * @buf: HOMA_DATA_HDR_BYTES of a packet that nobody has looked at
 * @len: bytes of the packet, at least that many
 *
 * A cheap question before homa_wire_parse() for those who want no others.
 *
 * Return: false for all but DATA, and for DATA with a whole message.
 */
bool homa_wire_is_part(const u8 *buf, u32 len);

/**
 * homa_wire_may_lead() - can packets be joined to this one and cut off again?
 * @buf: DATA header, HOMA_DATA_HDR_BYTES, that homa_wire_parse() accepted
 *
 * Return: false if its offset has a form that homa_wire_continue() does not
 * write, or a header length where TCP has it that is not its own.
 */
bool homa_wire_may_lead(const u8 *buf);

/**
 * homa_wire_follows() - would this packet be cut out of a large buffer?
 * @first: DATA header of the buffer, for which homa_wire_may_lead()
 * @buf: DATA header of a packet, HOMA_DATA_HDR_BYTES
 * @offset: what the packet's offset has to be
 *
 * Return: true if it is to the last bit what homa_wire_continue() makes of @first.
 */
bool homa_wire_follows(const u8 *first, const u8 *buf, u32 offset);

/* homa_wire_same_message() - do two DATA headers name one message of an RPC? */
bool homa_wire_same_message(const u8 *a, const u8 *b);

/**
 * homa_wire_seg_bytes() - message bytes that fit in one packet
 * @mtu: path MTU in bytes
 * @ip_hdr_bytes: 20 or 40 plus extension headers and IPsec overhead
 *
 * Return: bytes (wire §1.1), or 0 when fewer than HOMA_SEG_BYTES_MIN fit.
 */
u32 homa_wire_seg_bytes(u32 mtu, u32 ip_hdr_bytes);

/**
 * homa_wire_tos() - TOS or traffic class octet of a priority level
 * @priority: level, clamped to 7
 *
 * Return: the octet with the level in its three high bits (wire §9).
 */
static inline u8 homa_wire_tos(u8 priority)
{
	return (priority > 7 ? 7 : priority) << 5;
}

#endif /* HOMA_CORE_WIRE_H */
