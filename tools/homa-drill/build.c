// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * build.c - make frames from field values
 *
 * Everything that a script does not set gets the value that a well-behaved
 * sender uses (wire §4). Everything can be set to something else: the tool
 * exists to send wrong packets as well.
 */
#include "pkt.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define ETH_HEADER	14
#define IPV4_HEADER	20
#define IPV6_HEADER	40
#define FRAG_HEADER	8

/** Unscheduled bytes that DATA announces unless told otherwise. */
#define UNSCHED_BYTES	40000

static int find(const struct drill_spec *spec, const char *name)
{
	return drill_field_find(name, spec->type);
}

static bool is_set(const struct drill_spec *spec, const char *name)
{
	int i = find(spec, name);

	return i >= 0 && spec->set[i];
}

static uint64_t value_or(const struct drill_spec *spec, const char *name,
			 uint64_t otherwise)
{
	int i = find(spec, name);

	return i >= 0 && spec->set[i] ? spec->value[i] : otherwise;
}

/**
 * drill_spec_set() - set a field by name
 * @spec: the packet
 * @name: field; ignored if the type does not have it
 * @value: its value
 */
void drill_spec_set(struct drill_spec *spec, const char *name, uint64_t value)
{
	int i = find(spec, name);

	if (i < 0)
		return;
	spec->set[i] = true;
	spec->value[i] = value;
}

static uint32_t sum_bytes(uint32_t sum, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Small and repeatable; the seed comes from the script. */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Random values where a receiver must not look (wire §4, W13). */
static void fuzz_ignored(const struct drill_spec *spec, uint8_t *p)
{
	static const struct {
		uint8_t off, width;
	} ignored[] = {
		{ 8, 3 }, { 12, 1 }, { 13, 1 }, { 14, 2 }, { 16, 2 }, { 18, 2 },
	};
	uint32_t state = (uint32_t)value_or(spec, "fuzz", 1) * 2654435761u | 1;
	size_t i;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		drill_put_be(p + ignored[i].off, ignored[i].width,
			     next_random(&state));
	if (spec->type == DRILL_DATA)
		drill_put_be(p + 49, 3, next_random(&state));
}

static size_t build_data(const struct drill_spec *spec, uint8_t *out,
			 size_t size)
{
	uint64_t offset = value_or(spec, "offset", 0);
	uint64_t length, len = value_or(spec, "len", 0);
	uint32_t seed = (uint32_t)value_or(spec, "seed", 0);
	size_t i;

	if (spec->hex)
		len = spec->hex_len;
	if (len > size - 56)
		return 0;
	length = value_or(spec, "msglen", offset + len);
	drill_put_be(out + 28, 4, length);
	drill_put_be(out + 32, 4, length < UNSCHED_BYTES ? length :
							   UNSCHED_BYTES);
	drill_put_be(out + 4, 4, offset);
	drill_put_be(out + 52, 4, value_or(spec, "form", 0) ?
				  DRILL_OFFSET_IN_SEQ : offset);
	out[12] = 0xe0;
	for (i = 0; i < len; i++)
		out[56 + i] = spec->hex ? spec->hex[i] :
			      drill_pattern(seed, (uint32_t)(offset + i));
	return 56 + (size_t)len;
}

/**
 * drill_build_homa() - build the part behind the IP header
 * @spec: the packet
 * @out: where to put it
 * @size: room, bytes
 *
 * The checksum stays zero; it needs addresses.
 *
 * Return: bytes used, 0 if it does not fit.
 */
size_t drill_build_homa(const struct drill_spec *spec, uint8_t *out,
			size_t size)
{
	size_t len = drill_header_len(spec->type);
	size_t trunc, trail, i;
	int f;

	if (size < 80)
		return 0;
	memset(out, 0, 80);
	if (spec->type == DRILL_RAW) {
		if (!spec->hex_len || spec->hex_len > size)
			return 0;
		memcpy(out, spec->hex, spec->hex_len);
		return spec->hex_len;
	}
	out[11] = (uint8_t)spec->type;
	out[12] = 0x50;
	out[13] = 0x06;
	drill_put_be(out + 18, 2, 0xb97d);
	if (spec->type == DRILL_DATA) {
		len = build_data(spec, out, size);
		if (!len)
			return 0;
	}
	if (is_set(spec, "fuzz"))
		fuzz_ignored(spec, out);
	for (f = 0; f < drill_field_count; f++)
		if (spec->set[f] && drill_fields[f].kind == FIELD_HEADER &&
		    drill_fields[f].types & DRILL_BIT(spec->type))
			drill_put_be(out + drill_fields[f].off,
				     drill_fields[f].width, spec->value[f]);
	trunc = value_or(spec, "trunc", len);
	if (trunc < len)
		len = trunc;
	trail = value_or(spec, "trail", 0);
	if (trail > size - len)
		return 0;
	for (i = 0; i < trail; i++)
		out[len + i] = (uint8_t)(0xa5 + i);
	return len + trail;
}

/* Make the quote that of a packet which was never sent. */
static void forge_quote(const struct drill_spec *spec, uint8_t *homa,
			size_t len)
{
	int f;

	for (f = 0; f < drill_field_count; f++)
		if (spec->set[f] && drill_fields[f].kind == FIELD_QUOTED &&
		    (size_t)drill_fields[f].off + drill_fields[f].width <= len)
			drill_put_be(homa + drill_fields[f].off,
				     drill_fields[f].width, spec->value[f]);
}

/*
 * ICMP errors quote the IP packet: what fits in 576 bytes for IPv4, in 1280
 * for IPv6.
 */
static size_t build_icmp(const struct drill_spec *spec, uint8_t *out,
			 size_t size)
{
	/* kind -> {type, code} for IPv4 and IPv6 */
	static const uint8_t codes[][4] = {
		[ICMP_KIND_OTHER] = { 3, 13, 1, 1 },
		[ICMP_KIND_PORT] = { 3, 3, 1, 4 },
		[ICMP_KIND_PROTO] = { 3, 2, 4, 1 },
		[ICMP_KIND_HOST] = { 3, 1, 1, 3 },
		[ICMP_KIND_TOOBIG] = { 3, 4, 2, 0 },
	};
	uint64_t kind = value_or(spec, "kind", ICMP_KIND_PORT);
	const struct drill_pkt *quote = spec->quote;
	bool v4 = spec->ip_version == 4;
	size_t header = v4 ? IPV4_HEADER : IPV6_HEADER;
	size_t room, len;

	if (kind > ICMP_KIND_TOOBIG || !quote || size < 1280)
		return 0;
	memset(out, 0, 8);
	out[0] = codes[kind][v4 ? 0 : 2];
	out[1] = codes[kind][v4 ? 1 : 3];
	if (kind == ICMP_KIND_TOOBIG)
		drill_put_be(out + (v4 ? 6 : 4), v4 ? 2 : 4,
			     value_or(spec, "mtu", 1280));
	else if (kind == ICMP_KIND_PROTO && !v4)
		drill_put_be(out + 4, 4, 6);	/* points at next header */
	room = v4 ? 576 - IPV4_HEADER - 8 : 1280 - IPV6_HEADER - 8;
	len = quote->ip_len < room ? quote->ip_len : room;
	if (value_or(spec, "quote", len) < len - header)
		len = header + (size_t)value_or(spec, "quote", 0);
	memcpy(out + 8, quote->ip, len);
	forge_quote(spec, out + 8 + header, len - header);
	return 8 + len;
}

static void put_checksum(const struct drill_spec *spec, const uint8_t *ip,
			 uint8_t *p, size_t len)
{
	bool icmp = spec->type == DRILL_ICMP;
	size_t alen = spec->ip_version == 4 ? 8 : 32;
	uint32_t sum = 0;

	if (icmp ? len < 4 : len < 18 || is_set(spec, "csum") ||
	    is_set(spec, "fuzz") || spec->type == DRILL_RAW)
		return;
	drill_put_be(p + (icmp ? 2 : 16), 2, 0);
	if (!icmp || spec->ip_version == 6) {
		/* Pseudo-header; Homa uses the number of TCP (wire §8). */
		sum = sum_bytes(0, ip + (spec->ip_version == 4 ? 12 : 8), alen);
		sum += (uint32_t)len + (icmp ? IPPROTO_ICMPV6 : IPPROTO_TCP);
	}
	drill_put_be(p + (icmp ? 2 : 16), 2, fold(sum_bytes(sum, p, len)));
}

static uint8_t ip_proto(const struct drill_spec *spec)
{
	if (spec->type == DRILL_ICMP)
		return spec->ip_version == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	return (uint8_t)value_or(spec, "proto", DRILL_IPPROTO_HOMA);
}

static void put_ip(const struct drill_spec *spec, uint8_t *ip, size_t payload,
		   unsigned int frag_field)
{
	unsigned int from = (unsigned int)value_or(spec, "from", spec->from);
	unsigned int to = (unsigned int)value_or(spec, "to", spec->to);
	uint8_t tos = (uint8_t)value_or(spec, "tos", 0xc0);
	uint8_t ttl = (uint8_t)value_or(spec, "ttl", 64);

	if (spec->ip_version == 4) {
		memset(ip, 0, IPV4_HEADER);
		ip[0] = 0x45;
		ip[1] = tos;
		drill_put_be(ip + 2, 2, IPV4_HEADER + payload);
		drill_put_be(ip + 4, 2, 0x4d41);
		drill_put_be(ip + 6, 2, frag_field);
		ip[8] = ttl;
		ip[9] = ip_proto(spec);
		drill_host_addr(4, from, ip + 12);
		drill_host_addr(4, to, ip + 16);
		drill_put_be(ip + 10, 2, fold(sum_bytes(0, ip, IPV4_HEADER)));
		return;
	}
	memset(ip, 0, IPV6_HEADER);
	drill_put_be(ip, 4, 6u << 28 | (uint32_t)tos << 20);
	drill_put_be(ip + 4, 2, payload);
	ip[6] = ip_proto(spec);
	ip[7] = ttl;
	drill_host_addr(6, from, ip + 8);
	drill_host_addr(6, to, ip + 24);
}

static void add_frame(const struct drill_spec *spec,
		      struct drill_frames *frames, const uint8_t *payload,
		      size_t len, unsigned int frag_field, bool fragment)
{
	bool v4 = spec->ip_version == 4;
	size_t header = v4 ? IPV4_HEADER : IPV6_HEADER;
	size_t ethpad = value_or(spec, "ethpad", 0);
	uint8_t *frame, *p;

	if (fragment && !v4)
		header += FRAG_HEADER;
	if (frames->count == DRILL_FRAGS_MAX || ethpad > 2000)
		return;
	frame = calloc(1, ETH_HEADER + header + len + ethpad);
	if (!frame)
		return;
	memcpy(frame, spec->dst_mac, 6);
	memcpy(frame + 6, spec->src_mac, 6);
	if (is_set(spec, "smac"))
		frame[11] = (uint8_t)value_or(spec, "smac", 0);
	drill_put_be(frame + 12, 2, v4 ? 0x0800 : 0x86dd);
	p = frame + ETH_HEADER;
	put_ip(spec, p, header - (v4 ? IPV4_HEADER : IPV6_HEADER) + len,
	       frag_field);
	if (fragment && !v4) {
		uint8_t *ext = p + IPV6_HEADER;

		ext[0] = p[6];
		p[6] = IPPROTO_FRAGMENT;
		drill_put_be(ext + 2, 2, (frag_field & 0x1fff) << 3 |
					 (frag_field >> 13 & 1));
		drill_put_be(ext + 4, 4, 0x4d41);
	}
	memcpy(p + header, payload, len);
	memset(p + header + len, 0xee, ethpad);
	frames->data[frames->count] = frame;
	frames->len[frames->count++] = ETH_HEADER + header + len + ethpad;
}

/**
 * drill_build() - build the frames of a packet
 * @spec: the packet
 * @frames: result; drill_frames_free() it
 *
 * One frame, or several if the field `frag` asks for IP fragments.
 */
void drill_build(const struct drill_spec *spec, struct drill_frames *frames)
{
	size_t len, frag, at, part;
	uint8_t ip[IPV6_HEADER];
	unsigned int flags;
	uint8_t *payload;

	memset(frames, 0, sizeof(*frames));
	frames->why = "the packet does not fit or lacks its bytes";
	payload = malloc(DRILL_FRAME_MAX);
	if (!payload)
		return;
	if (spec->type == DRILL_ICMP)
		len = build_icmp(spec, payload, 65400);
	else
		len = drill_build_homa(spec, payload, 65400);
	if (!len && !is_set(spec, "trunc")) {
		free(payload);
		return;
	}
	put_ip(spec, ip, len, 0);
	put_checksum(spec, ip, payload, len);
	frag = value_or(spec, "frag", 0) & ~7ull;
	if (!frag || frag >= len) {
		flags = value_or(spec, "df", 1) ? 0x4000 : 0;
		add_frame(spec, frames, payload, len, flags, false);
	} else {
		for (at = 0; at < len; at += part) {
			part = len - at < frag ? len - at : frag;
			flags = (unsigned int)(at / 8);
			if (at + part < len)
				flags |= 0x2000;
			add_frame(spec, frames, payload + at, part, flags,
				  true);
		}
	}
	free(payload);
}

/**
 * drill_frames_free() - free what drill_build() made
 * @frames: the frames
 */
void drill_frames_free(struct drill_frames *frames)
{
	while (frames->count > 0)
		free(frames->data[--frames->count]);
}
