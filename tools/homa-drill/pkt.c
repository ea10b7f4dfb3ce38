// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * pkt.c - decode frames and read their fields
 */
#include "pkt.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ETH_HEADER	14
#define IPV4_HEADER	20
#define IPV6_HEADER	40
#define COMMON_HEADER	28

/**
 * drill_host_addr() - address of a host of the test network
 * @ip_version: 4 or 6
 * @host: host number
 * @addr: where to put 4 or 16 bytes
 *
 * Host N is 10.0.0.N and fd00::N; N is written in decimal in both.
 */
void drill_host_addr(int ip_version, unsigned int host, uint8_t *addr)
{
	char text[32];

	snprintf(text, sizeof(text), ip_version == 4 ? "10.0.0.%u" : "fd00::%u",
		 host);
	if (inet_pton(ip_version == 4 ? AF_INET : AF_INET6, text, addr) != 1)
		memset(addr, 0, ip_version == 4 ? 4 : 16);
}

/**
 * drill_host_number() - the reverse of drill_host_addr()
 * @ip_version: 4 or 6
 * @addr: 4 or 16 bytes
 *
 * Return: host number, or -1 for addresses outside the test network.
 */
int drill_host_number(int ip_version, const uint8_t *addr)
{
	uint8_t check[16];
	char digits[8];
	char *end;
	long host;

	if (ip_version == 4) {
		host = addr[3];
	} else {
		snprintf(digits, sizeof(digits), "%x", addr[14] << 8 | addr[15]);
		host = strtol(digits, &end, 10);
		if (*end)
			return -1;
	}
	drill_host_addr(ip_version, (unsigned int)host, check);
	if (memcmp(check, addr, ip_version == 4 ? 4 : 16))
		return -1;
	return (int)host;
}

static bool is_hijacked(const uint8_t *p, size_t len)
{
	/* wire §10: SYN and RST alone, and the urgent pointer */
	return len >= 20 && p[13] == 0x06 && p[18] == 0xb9 && p[19] == 0x7d;
}

static enum drill_verdict decode_homa(const uint8_t *p, size_t len,
				      struct drill_pkt *pkt, const char **why)
{
	pkt->type = DRILL_RAW;
	pkt->homa = p;
	pkt->homa_len = len;
	if (len < COMMON_HEADER) {
		*why = "shorter than the common header";
		return DRILL_PKT_BAD;
	}
	if (p[11] < DRILL_DATA || p[11] > DRILL_ACK) {
		*why = "unknown packet type";
		return DRILL_PKT_BAD;
	}
	if (len < drill_header_len(p[11])) {
		*why = "shorter than the header of its type";
		return DRILL_PKT_BAD;
	}
	pkt->type = p[11];
	if (pkt->type == DRILL_DATA) {
		pkt->data = p + 56;
		pkt->data_len = len - 56;
	}
	return DRILL_PKT_OK;
}

/* The quoted packet: keep its Homa header if sport, dport and id are there. */
static void decode_quote(const uint8_t *p, size_t len, struct drill_pkt *pkt)
{
	size_t header;

	if (len < 1)
		return;
	header = p[0] >> 4 == 4 ? (p[0] & 15) * 4u : IPV6_HEADER;
	if (len < header + 8)
		return;
	pkt->homa = p + header;
	pkt->homa_len = len - header;
}

static enum drill_verdict decode_icmp(const uint8_t *p, size_t len,
				      struct drill_pkt *pkt, const char **why)
{
	bool v4 = pkt->ip_version == 4;

	if (len < 8) {
		*why = "short ICMP packet";
		return DRILL_PKT_BAD;
	}
	pkt->icmp_type = p[0];
	pkt->icmp_code = p[1];
	if (v4 ? p[0] != 3 && p[0] != 11 && p[0] != 12 : p[0] > 4)
		return DRILL_PKT_OTHER;
	pkt->type = DRILL_ICMP;
	if (v4 && p[0] == 3 && p[1] == 3) {
		pkt->icmp_kind = ICMP_KIND_PORT;
	} else if (v4 && p[0] == 3 && p[1] == 2) {
		pkt->icmp_kind = ICMP_KIND_PROTO;
	} else if (v4 && p[0] == 3 && p[1] == 4) {
		pkt->icmp_kind = ICMP_KIND_TOOBIG;
		pkt->icmp_mtu = (uint32_t)drill_get_be(p + 6, 2);
	} else if (v4 && p[0] == 3 && p[1] == 1) {
		pkt->icmp_kind = ICMP_KIND_HOST;
	} else if (!v4 && p[0] == 1 && p[1] == 4) {
		pkt->icmp_kind = ICMP_KIND_PORT;
	} else if (!v4 && p[0] == 1 && p[1] == 3) {
		pkt->icmp_kind = ICMP_KIND_HOST;
	} else if (!v4 && p[0] == 2) {
		pkt->icmp_kind = ICMP_KIND_TOOBIG;
		pkt->icmp_mtu = (uint32_t)drill_get_be(p + 4, 4);
	} else if (!v4 && p[0] == 4 && p[1] == 1) {
		pkt->icmp_kind = ICMP_KIND_PROTO;
	}
	decode_quote(p + 8, len - 8, pkt);
	return DRILL_PKT_OK;
}

static enum drill_verdict decode_payload(const uint8_t *p, size_t len,
					 struct drill_pkt *pkt,
					 const char **why)
{
	switch (pkt->proto) {
	case DRILL_IPPROTO_HOMA:
		return decode_homa(p, len, pkt, why);
	case IPPROTO_TCP:
		if (!is_hijacked(p, len))
			return DRILL_PKT_OTHER;
		return decode_homa(p, len, pkt, why);
	case IPPROTO_ICMP:
		return pkt->ip_version == 4 ? decode_icmp(p, len, pkt, why) :
					      DRILL_PKT_OTHER;
	case IPPROTO_ICMPV6:
		return pkt->ip_version == 6 ? decode_icmp(p, len, pkt, why) :
					      DRILL_PKT_OTHER;
	default:
		return DRILL_PKT_OTHER;
	}
}

static enum drill_verdict decode_ipv4(const uint8_t *p, size_t len,
				      struct drill_pkt *pkt, const char **why)
{
	unsigned int frag;
	size_t header;

	if (len < IPV4_HEADER || p[0] >> 4 != 4) {
		*why = "short IPv4 header";
		return DRILL_PKT_BAD;
	}
	header = (p[0] & 15) * 4u;
	pkt->ip_len = drill_get_be(p + 2, 2);
	if (header < IPV4_HEADER || pkt->ip_len < header || pkt->ip_len > len) {
		*why = "IPv4 lengths do not fit";
		return DRILL_PKT_BAD;
	}
	pkt->ip_version = 4;
	pkt->tos = p[1];
	frag = (unsigned int)drill_get_be(p + 6, 2);
	pkt->df = frag & 0x4000;
	pkt->fragment = frag & 0x3fff;
	pkt->ttl = p[8];
	pkt->proto = p[9];
	pkt->src = p + 12;
	pkt->dst = p + 16;
	if (pkt->fragment) {
		pkt->type = DRILL_RAW;
		return pkt->proto == DRILL_IPPROTO_HOMA ? DRILL_PKT_OK :
							  DRILL_PKT_OTHER;
	}
	return decode_payload(p + header, pkt->ip_len - header, pkt, why);
}

static enum drill_verdict decode_ipv6(const uint8_t *p, size_t len,
				      struct drill_pkt *pkt, const char **why)
{
	if (len < IPV6_HEADER || p[0] >> 4 != 6) {
		*why = "short IPv6 header";
		return DRILL_PKT_BAD;
	}
	pkt->ip_len = IPV6_HEADER + drill_get_be(p + 4, 2);
	if (pkt->ip_len > len) {
		*why = "IPv6 length does not fit";
		return DRILL_PKT_BAD;
	}
	pkt->ip_version = 6;
	pkt->tos = (uint8_t)(drill_get_be(p, 2) >> 4);
	pkt->proto = p[6];
	pkt->ttl = p[7];
	pkt->src = p + 8;
	pkt->dst = p + 24;
	if (pkt->proto == IPPROTO_FRAGMENT) {
		pkt->type = DRILL_RAW;
		pkt->fragment = true;
		return p[IPV6_HEADER] == DRILL_IPPROTO_HOMA ? DRILL_PKT_OK :
							      DRILL_PKT_OTHER;
	}
	return decode_payload(p + IPV6_HEADER, pkt->ip_len - IPV6_HEADER, pkt,
			      why);
}

/**
 * drill_pkt_decode() - find the parts of a frame
 * @frame: an Ethernet frame; must live as long as @pkt
 * @frame_len: bytes
 * @pkt: result
 * @why: reason for DRILL_PKT_BAD
 *
 * Return: whether it is a Homa packet or an ICMP error, something else, or
 * a malformed one.
 */
enum drill_verdict drill_pkt_decode(const uint8_t *frame, size_t frame_len,
				    struct drill_pkt *pkt, const char **why)
{
	memset(pkt, 0, sizeof(*pkt));
	pkt->frame = frame;
	pkt->frame_len = frame_len;
	pkt->type = DRILL_RAW;
	*why = "";
	if (frame_len < ETH_HEADER)
		return DRILL_PKT_OTHER;
	pkt->ip = frame + ETH_HEADER;
	switch (drill_get_be(frame + 12, 2)) {
	case 0x0800:
		return decode_ipv4(pkt->ip, frame_len - ETH_HEADER, pkt, why);
	case 0x86dd:
		return decode_ipv6(pkt->ip, frame_len - ETH_HEADER, pkt, why);
	default:
		return DRILL_PKT_OTHER;
	}
}

/**
 * drill_pkt_offset() - true offset of the data of a DATA packet (wire §7)
 * @pkt: a decoded DATA packet
 *
 * Return: offset in the message, bytes.
 */
uint32_t drill_pkt_offset(const struct drill_pkt *pkt)
{
	uint32_t segment = (uint32_t)drill_get_be(pkt->homa + 52, 4);

	if (segment != DRILL_OFFSET_IN_SEQ)
		return segment;
	return (uint32_t)drill_get_be(pkt->homa + 4, 4);
}

/**
 * drill_pkt_data_differs() - compare the data with the test pattern
 * @pkt: a decoded DATA packet
 * @seed: number of the message
 *
 * Return: place in the message of the first wrong byte, or -1.
 */
long drill_pkt_data_differs(const struct drill_pkt *pkt, uint32_t seed)
{
	uint32_t offset = drill_pkt_offset(pkt);
	size_t i;

	for (i = 0; i < pkt->data_len; i++)
		if (pkt->data[i] != drill_pattern(seed, offset + (uint32_t)i))
			return (long)(offset + i);
	return -1;
}

/**
 * drill_pkt_get() - read a field
 * @pkt: a decoded packet
 * @field: index in drill_fields[]
 * @value: result
 *
 * Return: false if this packet does not have the field.
 */
bool drill_pkt_get(const struct drill_pkt *pkt, int field, uint64_t *value)
{
	const struct drill_field *f = &drill_fields[field];

	if (!(f->types & DRILL_BIT(pkt->type)))
		return false;
	switch (f->kind) {
	case FIELD_HEADER:
	case FIELD_QUOTED:
		if (!pkt->homa || pkt->homa_len < (size_t)f->off + f->width)
			return false;
		*value = drill_get_be(pkt->homa + f->off, f->width);
		return true;
	case FIELD_OFFSET:
		*value = drill_pkt_offset(pkt);
		return true;
	case FIELD_LEN:
		*value = pkt->data_len;
		return true;
	case FIELD_FROM:
		*value = (uint64_t)drill_host_number(pkt->ip_version, pkt->src);
		return true;
	case FIELD_TO:
		*value = (uint64_t)drill_host_number(pkt->ip_version, pkt->dst);
		return true;
	case FIELD_TOS:
		*value = pkt->tos;
		return true;
	case FIELD_TTL:
		*value = pkt->ttl;
		return true;
	case FIELD_DF:
		*value = pkt->df;
		return true;
	case FIELD_PROTO:
		*value = pkt->proto;
		return true;
	case FIELD_HOMALEN:
		*value = pkt->homa_len;
		return true;
	case FIELD_IPLEN:
		*value = pkt->ip_len;
		return true;
	case FIELD_KIND:
		*value = pkt->icmp_kind;
		return true;
	case FIELD_MTU:
		*value = pkt->icmp_mtu;
		return true;
	default:
		return false;
	}
}
