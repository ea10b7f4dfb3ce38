/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pkt.h - packets: decoding, reading fields, printing, building
 */
#ifndef DRILL_PKT_H
#define DRILL_PKT_H

#include "fields.h"

/** Values of the field `kind` of an ICMP packet; 0 is any other error. */
enum drill_icmp_kind {
	ICMP_KIND_OTHER,
	ICMP_KIND_PORT,		/* port unreachable */
	ICMP_KIND_PROTO,	/* protocol unreachable, unknown next header */
	ICMP_KIND_HOST,		/* host or address unreachable */
	ICMP_KIND_TOOBIG,	/* fragmentation needed, packet too big */
};

/**
 * struct drill_pkt - one decoded frame
 *
 * All pointers point into @frame.
 * @ts_ns: CLOCK_MONOTONIC time of arrival or sending
 * @ip: first byte of the IP header
 * @ip_len: bytes of the IP packet, link-layer padding excluded (wire §1)
 * @homa: first byte of the Homa header; in ICMP packets the quoted one, or
 *	NULL if too little is quoted
 * @homa_len: bytes from there to the end of the IP packet
 * @data: data of DATA packets
 * @fragment: an IP fragment; nothing behind the IP header was decoded
 */
struct drill_pkt {
	const uint8_t *frame;
	size_t frame_len;
	int64_t ts_ns;
	const uint8_t *ip;
	size_t ip_len;
	int ip_version;
	const uint8_t *src;
	const uint8_t *dst;
	uint8_t tos;
	uint8_t ttl;
	uint8_t proto;
	bool df;
	bool fragment;
	enum drill_type type;
	const uint8_t *homa;
	size_t homa_len;
	const uint8_t *data;
	size_t data_len;
	enum drill_icmp_kind icmp_kind;
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint32_t icmp_mtu;
};

/** enum drill_verdict - what drill_pkt_decode() found */
enum drill_verdict {
	DRILL_PKT_OK,
	DRILL_PKT_OTHER,	/* no business of Homa: ARP, ND, MLD, TCP... */
	DRILL_PKT_BAD,		/* Homa, but malformed */
};

enum drill_verdict drill_pkt_decode(const uint8_t *frame, size_t frame_len,
				    struct drill_pkt *pkt, const char **why);
bool drill_pkt_get(const struct drill_pkt *pkt, int field, uint64_t *value);
uint32_t drill_pkt_offset(const struct drill_pkt *pkt);
long drill_pkt_data_differs(const struct drill_pkt *pkt, uint32_t seed);
void drill_pkt_print(const struct drill_pkt *pkt, char *buf, size_t size);
bool drill_pkt_lint(const struct drill_pkt *pkt, char *why, size_t size);

void drill_host_addr(int ip_version, unsigned int host, uint8_t *addr);
int drill_host_number(int ip_version, const uint8_t *addr);

/**
 * struct drill_spec - a packet to build
 * @type: packet type
 * @ip_version: 4 or 6
 * @src_mac: source MAC address
 * @dst_mac: destination MAC address
 * @from: default host number of the IP source
 * @to: default host number of the IP destination
 * @set: which values are given
 * @value: value of the field with the same index in drill_fields[]
 * @hex: payload of RAW packets, and of DATA instead of the pattern
 * @hex_len: bytes in @hex
 * @quote: packet that an ICMP error answers
 */
struct drill_spec {
	enum drill_type type;
	int ip_version;
	uint8_t src_mac[6];
	uint8_t dst_mac[6];
	unsigned int from;
	unsigned int to;
	bool set[DRILL_FIELD_MAX];
	uint64_t value[DRILL_FIELD_MAX];
	const uint8_t *hex;
	size_t hex_len;
	const struct drill_pkt *quote;
};

/** Room for one built frame, bytes. */
#define DRILL_FRAME_MAX	65600

/** Most frames that one packet turns into (IP fragments). */
#define DRILL_FRAGS_MAX	64

/**
 * struct drill_frames - the result of building
 * @count: number of frames, 0 if the packet could not be built
 * @len: bytes of each
 * @data: the bytes, each allocated
 * @why: why @count is 0
 */
struct drill_frames {
	int count;
	size_t len[DRILL_FRAGS_MAX];
	uint8_t *data[DRILL_FRAGS_MAX];
	const char *why;
};

void drill_spec_set(struct drill_spec *spec, const char *name, uint64_t value);
size_t drill_build_homa(const struct drill_spec *spec, uint8_t *out,
			size_t size);
void drill_build(const struct drill_spec *spec, struct drill_frames *frames);
void drill_frames_free(struct drill_frames *frames);

#endif
