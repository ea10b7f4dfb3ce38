/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * fields.h - names, places and widths of all packet fields
 *
 * One table serves the builder and the matcher. It was written from the
 * wire specification (wire §4 and §6) alone and shares nothing with core/,
 * so that a mistake there and a mistake here do not hide each other.
 */
#ifndef DRILL_FIELDS_H
#define DRILL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** IP protocol number of Homa (wire §1). */
#define DRILL_IPPROTO_HOMA	146

/** Marks a segment offset that is given by `sequence` (wire §7). */
#define DRILL_OFFSET_IN_SEQ	0xffffffffu

/**
 * enum drill_type - what a packet is
 *
 * The first nine are the codes on the wire (wire §5); the others name what
 * the tool can also send and expect.
 */
enum drill_type {
	DRILL_DATA = 0x10,
	DRILL_GRANT,
	DRILL_RESEND,
	DRILL_RPC_UNKNOWN,
	DRILL_BUSY,
	DRILL_CUTOFFS,
	DRILL_FREEZE,
	DRILL_NEED_ACK,
	DRILL_ACK,
	DRILL_ICMP,	/* ICMP or ICMPv6 error */
	DRILL_RAW,	/* bytes given in hex, or a type outside the table */
	DRILL_TYPE_END
};

/** Bit of a type in the `types` masks. */
#define DRILL_BIT(type)	(1u << ((type) - DRILL_DATA))

/** All nine Homa types. */
#define DRILL_HOMA_TYPES	0x1ffu

/**
 * enum field_kind - how a field is read and written
 *
 * FIELD_HEADER is a plain big-endian number in the Homa header. The others
 * need code, in build.c or pkt.c.
 */
enum field_kind {
	FIELD_HEADER,
	FIELD_OFFSET,		/* offset of DATA: sequence and seg.offset */
	FIELD_LEN,		/* data bytes */
	FIELD_SEED,		/* pattern of the data bytes */
	FIELD_FROM,		/* host number of the IP source */
	FIELD_TO,		/* host number of the IP destination */
	FIELD_TOS,		/* TOS or traffic class octet */
	FIELD_TTL,
	FIELD_DF,
	FIELD_PROTO,
	FIELD_HOMALEN,		/* bytes from the Homa header to the IP end */
	FIELD_IPLEN,		/* the whole IP packet */
	FIELD_KIND,		/* of ICMP: port, proto, host, toobig */
	FIELD_MTU,		/* of ICMP: the MTU it reports */
	FIELD_QUOTED,		/* of ICMP: field of the quoted packet */
	FIELD_QUOTE_BYTES,	/* quoted bytes of the transport header */
	/* Only for sending: */
	FIELD_TRUNC,		/* cut the Homa packet to so many bytes */
	FIELD_TRAIL,		/* extra bytes inside the IP length */
	FIELD_ETHPAD,		/* extra bytes after the IP packet */
	FIELD_FUZZ,		/* random values in ignored fields */
	FIELD_FRAG,		/* IP fragments of at most so many bytes */
	FIELD_SMAC,		/* last byte of the source MAC */
	FIELD_FORM,		/* 1: offset in sequence only (wire §7 A) */
};

#define FIELD_CAN_SEND		0x01
#define FIELD_CAN_EXPECT	0x02
#define FIELD_CAN_BOTH		0x03

/**
 * struct drill_field - one named field of some packet types
 * @name: name in scripts and in printed packets
 * @types: mask of DRILL_BIT()s of the types that have it
 * @kind: how to read and write it
 * @off: place in the Homa header, bytes (FIELD_HEADER, FIELD_QUOTED)
 * @width: bytes; values are compared in this width
 * @use: FIELD_CAN_*
 */
struct drill_field {
	const char *name;
	uint32_t types;
	enum field_kind kind;
	uint8_t off;
	uint8_t width;
	uint8_t use;
};

/** Number of entries in drill_fields[]. */
#define DRILL_FIELD_MAX	80

extern const struct drill_field drill_fields[];
extern const int drill_field_count;

int drill_field_find(const char *name, enum drill_type type);
uint64_t drill_field_mask(int field);
size_t drill_header_len(enum drill_type type);
const char *drill_type_name(enum drill_type type);
int drill_type_find(const char *name);

/** Read a big-endian number of @width bytes. */
static inline uint64_t drill_get_be(const uint8_t *p, unsigned int width)
{
	uint64_t value = 0;

	while (width--)
		value = value << 8 | *p++;
	return value;
}

/** Write a big-endian number of @width bytes. */
static inline void drill_put_be(uint8_t *p, unsigned int width, uint64_t value)
{
	while (width--) {
		p[width] = (uint8_t)value;
		value >>= 8;
	}
}

/**
 * drill_pattern() - byte of a test message
 * @seed: number of the message
 * @i: place in the message, bytes
 *
 * Every byte depends on its whole offset, so data that lands at a wrong
 * place, in the wrong page or in the wrong message never looks right.
 */
static inline uint8_t drill_pattern(uint32_t seed, uint32_t i)
{
	uint32_t v = i * 0x9e3779b1u + seed * 0x85ebca6bu + 0x27d4eb2fu;

	v ^= v >> 15;
	v *= 0x2c1b3c6du;
	v ^= v >> 13;
	return (uint8_t)(v >> 8);
}

#endif
