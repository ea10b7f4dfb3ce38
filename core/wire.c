// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Packet layouts (wire §4-§7): the only place that knows them.
 */
#include "wire.h"

/* Offsets in the common header (wire §4). */
enum {
	OFF_SPORT	= 0,
	OFF_DPORT	= 2,
	OFF_SEQUENCE	= 4,
	OFF_TYPE		= 11,
	OFF_DOFF		= 12,
	OFF_FLAGS	= 13,
	OFF_URGENT	= 18,
	OFF_SENDER_ID	= 20,
};

/* Offsets behind it, by type (wire §6). */
enum {
	OFF_DATA_MSG_LEN		= 28,
	OFF_DATA_INCOMING	= 32,
	OFF_DATA_ACK		= 36,
	OFF_DATA_CUTOFF_VERSION	= 46,
	OFF_DATA_RETRANSMIT	= 48,
	OFF_DATA_RESPONSE_LIMIT	= 49,
	OFF_DATA_SEG_OFFSET	= 52,
	OFF_GRANT_OFFSET		= 28,
	OFF_GRANT_PRIORITY	= 32,
	OFF_RESEND_OFFSET	= 28,
	OFF_RESEND_LENGTH	= 32,
	OFF_RESEND_PRIORITY	= 36,
	OFF_CUTOFFS		= 28,
	OFF_CUTOFFS_VERSION	= 60,
	OFF_ACK_NUM		= 28,
	OFF_ACKS			= 30,
};

/* One acknowledged RPC, in DATA as well as in ACK: id, then port. */
#define ACK_ENTRY_BYTES		10u
#define ACK_ENTRY_PORT		8u

/* Values that a sender puts in the fields that overlay TCP's (wire §4, §5). */
#define DOFF_DATA		0xe0
#define DOFF_CONTROL		0x50
#define FLAGS_SYN_RST		0x06
#define URGENT_MARK		0xb97d

/* seg.offset of a packet whose offset is in the sequence field (wire §7). */
#define SEG_OFFSET_IN_SEQUENCE	U32_MAX

/* RESEND length that asks for everything (wire §6.3). */
#define RESEND_ALL		U32_MAX

/* No IP packet is longer, whatever the device says its MTU is. */
#define IP_PACKET_BYTES_MAX	65535u

static u16 get16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static u32 get32(const u8 *p)
{
	return (u32)get16(p) << 16 | get16(p + 2);
}

static inline u64 get64(const u8 *p)
{
	return (u64)get32(p) << 32 | get32(p + 4);
}

static void put16(u8 *p, u16 value)
{
	p[0] = value >> 8;
	p[1] = value & 0xff;
}

static void put32(u8 *p, u32 value)
{
	put16(p, value >> 16);
	put16(p + 2, value & 0xffff);
}

static void put64(u8 *p, u64 value)
{
	put32(p, value >> 32);
	put32(p + 4, value & U32_MAX);
}

static void get_ack(struct homa_ack *ack, const u8 *p)
{
	ack->client_id = get64(p);
	ack->server_port = get16(p + ACK_ENTRY_PORT);
}

static void put_ack(u8 *p, const struct homa_ack *ack)
{
	put64(p, ack->client_id);
	put16(p + ACK_ENTRY_PORT, ack->server_port);
}

static u8 clamp_priority(u8 priority)
{
	return min_t(u8, priority, HOMA_PRIORITIES_MAX - 1);
}

/* Size of the header that we send; 0 for an unknown type. */
static u32 full_hdr_bytes(u8 type)
{
	switch (type) {
	case HOMA_DATA:
		return HOMA_DATA_HDR_BYTES;
	case HOMA_GRANT:
		return HOMA_GRANT_HDR_BYTES;
	case HOMA_RESEND:
		return HOMA_RESEND_HDR_BYTES;
	case HOMA_CUTOFFS:
		return HOMA_CUTOFFS_HDR_BYTES;
	case HOMA_ACK:
		return HOMA_ACK_HDR_BYTES;
	case HOMA_RPC_UNKNOWN:
	case HOMA_BUSY:
	case HOMA_FREEZE:
	case HOMA_NEED_ACK:
		return HOMA_COMMON_HDR_BYTES;
	default:
		return 0;
	}
}

u32 homa_wire_hdr_bytes(u8 type)
{
	return type == HOMA_RESEND ? HOMA_RESEND_SHORT_BYTES :
				     full_hdr_bytes(type);
}

static enum homa_reason parse_data(struct homa_hdr *hdr, const u8 *buf,
				   u32 data_bytes)
{
	u32 offset = get32(buf + OFF_DATA_SEG_OFFSET);
	u32 msg_len = get32(buf + OFF_DATA_MSG_LEN);

	if (offset == SEG_OFFSET_IN_SEQUENCE)
		offset = get32(buf + OFF_SEQUENCE);
	if (!msg_len || msg_len > HOMA_MSG_BYTES_MAX)
		return HOMA_REASON_BAD_LENGTH;
	if (offset >= msg_len || data_bytes > msg_len - offset)
		return HOMA_REASON_BAD_RANGE;
	if (!data_bytes)
		return HOMA_REASON_NO_DATA;

	hdr->data.offset = offset;
	hdr->data.len = data_bytes;
	hdr->data.msg_len = msg_len;
	hdr->data.incoming = min(get32(buf + OFF_DATA_INCOMING), msg_len);
	get_ack(&hdr->data.ack, buf + OFF_DATA_ACK);
	hdr->data.cutoff_version = get16(buf + OFF_DATA_CUTOFF_VERSION);
	hdr->data.retransmit = buf[OFF_DATA_RETRANSMIT];
	hdr->data.response_limit = buf[OFF_DATA_RESPONSE_LIMIT];
	return HOMA_REASON_NONE;
}

static void parse_resend(struct homa_hdr *hdr, const u8 *buf, u32 bytes)
{
	u32 offset = get32(buf + OFF_RESEND_OFFSET);
	u32 length = get32(buf + OFF_RESEND_LENGTH);

	hdr->resend.all = length == RESEND_ALL;
	hdr->resend.offset = hdr->resend.all ? 0 : offset;
	hdr->resend.length = min(length, U32_MAX - hdr->resend.offset);
	hdr->resend.priority = HOMA_PRIORITIES_MAX - 1;
	if (bytes < HOMA_RESEND_HDR_BYTES) {
		hdr->hdr_len = HOMA_RESEND_SHORT_BYTES;
		return;
	}
	hdr->hdr_len = HOMA_RESEND_HDR_BYTES;
	hdr->resend.priority = clamp_priority(buf[OFF_RESEND_PRIORITY]);
}

static void parse_cutoffs(struct homa_hdr *hdr, const u8 *buf)
{
	u32 i;

	for (i = 0; i < HOMA_PRIORITIES_MAX; i++)
		hdr->cutoffs.cutoffs[i] = get32(buf + OFF_CUTOFFS + 4 * i);
	hdr->cutoffs.version = get16(buf + OFF_CUTOFFS_VERSION);
}

static void parse_ack(struct homa_hdr *hdr, const u8 *buf)
{
	u32 i;

	hdr->ack.num = min_t(u16, get16(buf + OFF_ACK_NUM), HOMA_ACKS_MAX);
	for (i = 0; i < HOMA_ACKS_MAX; i++)
		get_ack(&hdr->ack.acks[i], buf + OFF_ACKS + ACK_ENTRY_BYTES * i);
}

enum homa_reason homa_wire_parse(struct homa_hdr *hdr, const u8 *buf,
				 u32 avail, u32 pkt_len)
{
	u32 bytes = min(avail, pkt_len);
	u32 need;

	if (bytes < HOMA_COMMON_HDR_BYTES)
		return HOMA_REASON_TOO_SHORT;
	hdr->type = buf[OFF_TYPE];
	need = homa_wire_hdr_bytes(hdr->type);
	if (!need)
		return HOMA_REASON_BAD_TYPE;
	if (bytes < need)
		return HOMA_REASON_TOO_SHORT;

	hdr->sport = get16(buf + OFF_SPORT);
	hdr->dport = get16(buf + OFF_DPORT);
	if ((!hdr->sport || !hdr->dport) && hdr->type != HOMA_FREEZE)
		return HOMA_REASON_BAD_PORT;
	hdr->sender_id = get64(buf + OFF_SENDER_ID);
	hdr->hdr_len = need;

	switch (hdr->type) {
	case HOMA_DATA:
		return parse_data(hdr, buf, pkt_len - HOMA_DATA_HDR_BYTES);
	case HOMA_GRANT:
		hdr->grant.offset = get32(buf + OFF_GRANT_OFFSET);
		hdr->grant.priority = clamp_priority(buf[OFF_GRANT_PRIORITY]);
		break;
	case HOMA_RESEND:
		parse_resend(hdr, buf, bytes);
		break;
	case HOMA_CUTOFFS:
		parse_cutoffs(hdr, buf);
		break;
	case HOMA_ACK:
		parse_ack(hdr, buf);
		break;
	}
	return HOMA_REASON_NONE;
}

static void put_offset(u8 *buf, u32 offset)
{
	/* In both places: any receiver finds it without GRO (wire §7). */
	put32(buf + OFF_SEQUENCE, offset);
	put32(buf + OFF_DATA_SEG_OFFSET, offset);
}

static void build_common(u8 *buf, const struct homa_hdr *hdr)
{
	put16(buf + OFF_SPORT, hdr->sport);
	put16(buf + OFF_DPORT, hdr->dport);
	buf[OFF_TYPE] = hdr->type;
	buf[OFF_DOFF] = hdr->type == HOMA_DATA ? DOFF_DATA : DOFF_CONTROL;
	buf[OFF_FLAGS] = FLAGS_SYN_RST;
	put16(buf + OFF_URGENT, URGENT_MARK);
	put64(buf + OFF_SENDER_ID, hdr->sender_id);
}

void homa_wire_build_data(u8 *buf, const struct homa_hdr *hdr)
{
	/* A constant size: a few stores instead of a call. */
	memset(buf, 0, HOMA_DATA_HDR_BYTES);
	build_common(buf, hdr);
	put_offset(buf, hdr->data.offset);
	put32(buf + OFF_DATA_MSG_LEN, hdr->data.msg_len);
	put32(buf + OFF_DATA_INCOMING, hdr->data.incoming);
	put_ack(buf + OFF_DATA_ACK, &hdr->data.ack);
	put16(buf + OFF_DATA_CUTOFF_VERSION, hdr->data.cutoff_version);
	buf[OFF_DATA_RETRANSMIT] = hdr->data.retransmit;
	buf[OFF_DATA_RESPONSE_LIMIT] = hdr->data.response_limit;
}

static void build_resend(u8 *buf, const struct homa_hdr *hdr)
{
	bool all = hdr->resend.all;

	put32(buf + OFF_RESEND_OFFSET, all ? 0 : hdr->resend.offset);
	put32(buf + OFF_RESEND_LENGTH, all ? RESEND_ALL : hdr->resend.length);
	buf[OFF_RESEND_PRIORITY] = hdr->resend.priority;
}

static void build_cutoffs(u8 *buf, const struct homa_hdr *hdr)
{
	u32 i;

	for (i = 0; i < HOMA_PRIORITIES_MAX; i++)
		put32(buf + OFF_CUTOFFS + 4 * i, hdr->cutoffs.cutoffs[i]);
	put16(buf + OFF_CUTOFFS_VERSION, hdr->cutoffs.version);
}

static void build_ack(u8 *buf, const struct homa_hdr *hdr)
{
	u16 num = min_t(u16, hdr->ack.num, HOMA_ACKS_MAX);
	u32 i;

	put16(buf + OFF_ACK_NUM, num);
	for (i = 0; i < num; i++)
		put_ack(buf + OFF_ACKS + ACK_ENTRY_BYTES * i, &hdr->ack.acks[i]);
}

u32 homa_wire_build(u8 *buf, const struct homa_hdr *hdr)
{
	u32 bytes = full_hdr_bytes(hdr->type);

	if (!bytes)
		return 0;
	if (hdr->type == HOMA_DATA) {
		homa_wire_build_data(buf, hdr);
		return bytes;
	}
	memset(buf, 0, bytes);
	build_common(buf, hdr);
	switch (hdr->type) {
	case HOMA_GRANT:
		put32(buf + OFF_GRANT_OFFSET, hdr->grant.offset);
		buf[OFF_GRANT_PRIORITY] = hdr->grant.priority;
		break;
	case HOMA_RESEND:
		build_resend(buf, hdr);
		break;
	case HOMA_CUTOFFS:
		build_cutoffs(buf, hdr);
		break;
	case HOMA_ACK:
		build_ack(buf, hdr);
		break;
	}
	return bytes;
}

void homa_wire_continue(u8 *buf, u32 offset)
{
	const struct homa_ack none = { 0 };

	if (get32(buf + OFF_DATA_SEG_OFFSET) == SEG_OFFSET_IN_SEQUENCE)
		put32(buf + OFF_SEQUENCE, offset);
	else
		put_offset(buf, offset);
	put_ack(buf + OFF_DATA_ACK, &none);
}

bool homa_wire_is_part(const u8 *buf, u32 len)
{
	return buf[OFF_TYPE] == HOMA_DATA &&
	       get32(buf + OFF_DATA_MSG_LEN) > len - HOMA_DATA_HDR_BYTES;
}

bool homa_wire_may_lead(const u8 *buf)
{
	u32 seg_offset = get32(buf + OFF_DATA_SEG_OFFSET);

	return buf[OFF_DOFF] == DOFF_DATA &&
	       (seg_offset == SEG_OFFSET_IN_SEQUENCE ||
		seg_offset == get32(buf + OFF_SEQUENCE));
}

bool homa_wire_follows(const u8 *first, const u8 *buf, u32 offset)
{
	u8 expected[HOMA_DATA_HDR_BYTES];

	memcpy(expected, first, sizeof(expected));
	homa_wire_continue(expected, offset);
	return !memcmp(expected, buf, sizeof(expected));
}

bool homa_wire_same_message(const u8 *a, const u8 *b)
{
	return !memcmp(a + OFF_SPORT, b + OFF_SPORT, 4) &&
	       !memcmp(a + OFF_SENDER_ID, b + OFF_SENDER_ID, 8);
}

u32 homa_wire_seg_bytes(u32 mtu, u32 ip_hdr_bytes)
{
	u32 room = min(mtu, IP_PACKET_BYTES_MAX);

	if (room < ip_hdr_bytes)
		return 0;
	room -= ip_hdr_bytes;
	if (room < HOMA_DATA_HDR_BYTES + HOMA_SEG_BYTES_MIN)
		return 0;
	return room - HOMA_DATA_HDR_BYTES;
}
