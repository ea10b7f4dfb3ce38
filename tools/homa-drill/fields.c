// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * fields.c - the table of packet fields (wire §4, §6)
 */
#include "fields.h"

#include <string.h>

#define ALL	DRILL_HOMA_TYPES
#define ANY	(DRILL_HOMA_TYPES | DRILL_BIT(DRILL_RAW))
#define IP	(ANY | DRILL_BIT(DRILL_ICMP))
#define DATA	DRILL_BIT(DRILL_DATA)
#define GRANT	DRILL_BIT(DRILL_GRANT)
#define RESEND	DRILL_BIT(DRILL_RESEND)
#define CUTOFFS	DRILL_BIT(DRILL_CUTOFFS)
#define ACK	DRILL_BIT(DRILL_ACK)
#define ICMP	DRILL_BIT(DRILL_ICMP)

#define BOTH	FIELD_CAN_BOTH
#define SEND	FIELD_CAN_SEND
#define EXPECT	FIELD_CAN_EXPECT

#define HEADER(name, types, off, width) \
	{ name, types, FIELD_HEADER, off, width, BOTH }

const struct drill_field drill_fields[] = {
	/* Common header, wire §4 */
	HEADER("sport", ALL, 0, 2),
	HEADER("dport", ALL, 2, 2),
	HEADER("id", ALL, 20, 8),
	HEADER("seq", ALL, 4, 4),
	HEADER("ack24", ALL, 8, 3),
	HEADER("type", ALL, 11, 1),
	HEADER("doff", ALL, 12, 1),
	HEADER("flags", ALL, 13, 1),
	HEADER("window", ALL, 14, 2),
	HEADER("csum", ALL, 16, 2),
	HEADER("urg", ALL, 18, 2),
	/* DATA, wire §6.1 */
	{ "offset", DATA, FIELD_OFFSET, 0, 4, BOTH },
	{ "len", DATA, FIELD_LEN, 0, 4, BOTH },
	HEADER("msglen", DATA, 28, 4),
	HEADER("incoming", DATA, 32, 4),
	HEADER("ack_id", DATA, 36, 8),
	HEADER("ack_port", DATA, 44, 2),
	HEADER("cutver", DATA, 46, 2),
	HEADER("retransmit", DATA, 48, 1),
	HEADER("pad", DATA, 49, 3),
	HEADER("segoff", DATA, 52, 4),
	{ "seed", DATA, FIELD_SEED, 0, 4, BOTH },
	{ "form", DATA, FIELD_FORM, 0, 4, SEND },
	/* GRANT, wire §6.2 */
	HEADER("offset", GRANT, 28, 4),
	HEADER("prio", GRANT, 32, 1),
	/* RESEND, wire §6.3 */
	HEADER("offset", RESEND, 28, 4),
	HEADER("length", RESEND, 32, 4),
	HEADER("prio", RESEND, 36, 1),
	/* CUTOFFS, wire §6.6 */
	HEADER("cut0", CUTOFFS, 28, 4),
	HEADER("cut1", CUTOFFS, 32, 4),
	HEADER("cut2", CUTOFFS, 36, 4),
	HEADER("cut3", CUTOFFS, 40, 4),
	HEADER("cut4", CUTOFFS, 44, 4),
	HEADER("cut5", CUTOFFS, 48, 4),
	HEADER("cut6", CUTOFFS, 52, 4),
	HEADER("cut7", CUTOFFS, 56, 4),
	HEADER("version", CUTOFFS, 60, 2),
	/* ACK, wire §6.9 */
	HEADER("num", ACK, 28, 2),
	HEADER("ack0_id", ACK, 30, 8),
	HEADER("ack0_port", ACK, 38, 2),
	HEADER("ack1_id", ACK, 40, 8),
	HEADER("ack1_port", ACK, 48, 2),
	HEADER("ack2_id", ACK, 50, 8),
	HEADER("ack2_port", ACK, 58, 2),
	HEADER("ack3_id", ACK, 60, 8),
	HEADER("ack3_port", ACK, 68, 2),
	HEADER("ack4_id", ACK, 70, 8),
	HEADER("ack4_port", ACK, 78, 2),
	/* ICMP errors */
	{ "kind", ICMP, FIELD_KIND, 0, 1, BOTH },
	{ "mtu", ICMP, FIELD_MTU, 0, 4, BOTH },
	{ "qsport", ICMP, FIELD_QUOTED, 0, 2, BOTH },
	{ "qdport", ICMP, FIELD_QUOTED, 2, 2, BOTH },
	{ "qid", ICMP, FIELD_QUOTED, 20, 8, BOTH },
	{ "quote", ICMP, FIELD_QUOTE_BYTES, 0, 2, SEND },
	/* IP and Ethernet */
	{ "from", IP, FIELD_FROM, 0, 4, BOTH },
	{ "to", IP, FIELD_TO, 0, 4, BOTH },
	{ "tos", IP, FIELD_TOS, 0, 1, BOTH },
	{ "ttl", IP, FIELD_TTL, 0, 1, BOTH },
	{ "df", IP, FIELD_DF, 0, 1, BOTH },
	{ "proto", ANY, FIELD_PROTO, 0, 1, BOTH },
	{ "homalen", ANY, FIELD_HOMALEN, 0, 4, EXPECT },
	{ "iplen", IP, FIELD_IPLEN, 0, 4, EXPECT },
	{ "trunc", ANY, FIELD_TRUNC, 0, 4, SEND },
	{ "trail", ANY, FIELD_TRAIL, 0, 4, SEND },
	{ "ethpad", IP, FIELD_ETHPAD, 0, 4, SEND },
	{ "fuzz", ALL, FIELD_FUZZ, 0, 4, SEND },
	{ "frag", IP, FIELD_FRAG, 0, 4, SEND },
	{ "smac", IP, FIELD_SMAC, 0, 1, SEND },
};

const int drill_field_count = sizeof(drill_fields) / sizeof(drill_fields[0]);

_Static_assert(sizeof(drill_fields) / sizeof(drill_fields[0]) <=
	       DRILL_FIELD_MAX, "DRILL_FIELD_MAX is too small");

static const struct {
	const char *name;
	uint8_t header_len;	/* wire §5; 0: no fixed header */
} types[] = {
	{ "DATA", 56 }, { "GRANT", 33 }, { "RESEND", 37 },
	{ "RPC_UNKNOWN", 28 }, { "BUSY", 28 }, { "CUTOFFS", 62 },
	{ "FREEZE", 28 }, { "NEED_ACK", 28 }, { "ACK", 80 },
	{ "ICMP", 0 }, { "RAW", 0 },
};

/**
 * drill_field_find() - look up a field by its name in scripts
 * @name: the name
 * @type: the packet type it must belong to
 *
 * Return: index in drill_fields[], or -1.
 */
int drill_field_find(const char *name, enum drill_type type)
{
	int i;

	for (i = 0; i < drill_field_count; i++)
		if (drill_fields[i].types & DRILL_BIT(type) &&
		    !strcmp(drill_fields[i].name, name))
			return i;
	return -1;
}

/**
 * drill_field_mask() - all values that fit in a field
 * @field: index in drill_fields[]
 *
 * Return: mask; script values are reduced by it, so -1 means all ones.
 */
uint64_t drill_field_mask(int field)
{
	unsigned int width = drill_fields[field].width;

	return width >= 8 ? ~0ull : (1ull << (8 * width)) - 1;
}

/**
 * drill_header_len() - fixed header length of a type, bytes (wire §5)
 * @type: any type
 *
 * Return: the length; 0 for types without one.
 */
size_t drill_header_len(enum drill_type type)
{
	if (type < DRILL_DATA || type >= DRILL_TYPE_END)
		return 0;
	return types[type - DRILL_DATA].header_len;
}

/**
 * drill_type_name() - name of a packet type
 * @type: any type
 *
 * Return: the name used in scripts.
 */
const char *drill_type_name(enum drill_type type)
{
	if (type < DRILL_DATA || type >= DRILL_TYPE_END)
		return "?";
	return types[type - DRILL_DATA].name;
}

/**
 * drill_type_find() - packet type by name
 * @name: the name used in scripts
 *
 * Return: the type, or -1.
 */
int drill_type_find(const char *name)
{
	int i;

	for (i = 0; i < DRILL_TYPE_END - DRILL_DATA; i++)
		if (!strcmp(types[i].name, name))
			return DRILL_DATA + i;
	return -1;
}
