// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Packets against the tables and examples of the wire specification.
 *
 * items: W2 W6 W13 W19 W24 H3 H12
 */
#include "unit.h"
#include "core/wire.h"

/* Written out here a second time, from wire §5 and §13. */
static const struct {
	u8 type;
	u32 arriving;	/* least length on arrival */
	u32 sent;	/* length that we send */
} sizes[] = {
	{ 0x10, 56, 56 },
	{ 0x11, 33, 33 },
	{ 0x12, 36, 37 },
	{ 0x13, 28, 28 },
	{ 0x14, 28, 28 },
	{ 0x15, 62, 62 },
	{ 0x16, 28, 28 },
	{ 0x17, 28, 28 },
	{ 0x18, 80, 80 },
};

/* Bytes from text such as "80 00 0fa0"; returns their number. */
static u32 from_hex(u8 *out, const char *hex)
{
	u32 n = 0;
	int used;
	unsigned int byte;

	while (sscanf(hex, " %2x%n", &byte, &used) == 1) {
		out[n++] = (u8)byte;
		hex += used;
	}
	return n;
}

/* Parse @len bytes that end where readable memory ends. */
static enum homa_reason parse(struct homa_hdr *hdr, const u8 *bytes, u32 len)
{
	u32 avail = len < HOMA_HDR_BYTES_MAX ? len : HOMA_HDR_BYTES_MAX;
	enum homa_reason reason;
	u8 *copy = malloc(avail + !avail);

	assert_non_null(copy);
	memcpy(copy, bytes, avail);
	memset(hdr, 0xa5, sizeof(*hdr));
	reason = homa_wire_parse(hdr, copy, avail, len);
	free(copy);
	return reason;
}

/* A packet of a type with ports, an id and otherwise zeros. */
static void blank(u8 *pkt, u8 type)
{
	memset(pkt, 0, HOMA_HDR_BYTES_MAX);
	pkt[0] = 0x80;
	pkt[2] = 0x0f;
	pkt[3] = 0xa0;
	pkt[11] = type;
	pkt[27] = 2;
}

static void put32(u8 *at, u32 value)
{
	at[0] = (u8)(value >> 24);
	at[1] = (u8)(value >> 16);
	at[2] = (u8)(value >> 8);
	at[3] = (u8)value;
}

static void blank_data(u8 *pkt, u32 sequence, u32 seg_offset, u32 msg_len)
{
	blank(pkt, HOMA_DATA);
	put32(pkt + 4, sequence);
	put32(pkt + 28, msg_len);
	put32(pkt + 32, msg_len);
	put32(pkt + 52, seg_offset);
}

static void header_sizes(void **state)
{
	u32 type, i;

	(void)state;
	for (type = 0; type < 256; type++) {
		u32 expected = 0;

		for (i = 0; i < ARRAY_LEN(sizes); i++)
			if (sizes[i].type == type)
				expected = sizes[i].arriving;
		assert_int_equal(homa_wire_hdr_bytes((u8)type), expected);
	}
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		u8 buf[HOMA_HDR_BYTES_MAX];
		struct homa_hdr hdr = { .type = sizes[i].type };

		assert_int_equal(homa_wire_build(buf, &hdr), sizes[i].sent);
	}
}

static void unknown_type_is_not_built(void **state)
{
	u8 buf[HOMA_HDR_BYTES_MAX] = { 0 };
	struct homa_hdr hdr = { .sport = 1, .dport = 1 };

	(void)state;
	hdr.type = HOMA_TYPE_FIRST - 1;
	assert_int_equal(homa_wire_build(buf, &hdr), 0);
	hdr.type = HOMA_TYPE_LAST + 1;
	assert_int_equal(homa_wire_build(buf, &hdr), 0);
	assert_int_equal(buf[1], 0);
}

/* Every type with every length up to 100 bytes. */
static void every_length(void **state)
{
	u8 pkt[100] = { 0 };
	struct homa_hdr hdr;
	u32 type, len, i;

	(void)state;
	for (type = 0; type < 256; type++) {
		u32 least = 0;

		for (i = 0; i < ARRAY_LEN(sizes); i++)
			if (sizes[i].type == type)
				least = sizes[i].arriving;
		blank_data(pkt, 0, 0, 1000);
		pkt[11] = (u8)type;
		for (len = 0; len <= sizeof(pkt); len++) {
			enum homa_reason expected = HOMA_REASON_NONE;

			if (len < 28)
				expected = HOMA_REASON_TOO_SHORT;
			else if (!least)
				expected = HOMA_REASON_BAD_TYPE;
			else if (len < least)
				expected = HOMA_REASON_TOO_SHORT;
			else if (type == HOMA_DATA && len == 56)
				expected = HOMA_REASON_NO_DATA;
			assert_int_equal(parse(&hdr, pkt, len), expected);
			if (expected != HOMA_REASON_NONE)
				continue;
			assert_int_equal(hdr.type, type);
			assert_int_equal(hdr.hdr_len,
					 type == HOMA_RESEND && len > 36 ? 37 :
					 least);
		}
	}
}

/* A caller that made less readable than it promised is not let down. */
static void less_readable_than_long(void **state)
{
	struct homa_hdr hdr;
	u8 pkt[HOMA_HDR_BYTES_MAX];

	(void)state;
	blank_data(pkt, 0, 0, 1000);
	assert_int_equal(homa_wire_parse(&hdr, pkt, 55, 200),
			 HOMA_REASON_TOO_SHORT);
	assert_int_equal(homa_wire_parse(&hdr, pkt, 56, 200),
			 HOMA_REASON_NONE);
	assert_int_equal(hdr.data.len, 144);
	assert_int_equal(homa_wire_parse(&hdr, pkt, 80, 30),
			 HOMA_REASON_TOO_SHORT);
}

static void ports(void **state)
{
	static const struct {
		u16 sport, dport;
		enum homa_reason reason;
	} cases[] = {
		{ 0, 1, HOMA_REASON_BAD_PORT },
		{ 1, 0, HOMA_REASON_BAD_PORT },
		{ 0, 0, HOMA_REASON_BAD_PORT },
		{ 1, 1, HOMA_REASON_NONE },
		{ 0x7fff, 0x8000, HOMA_REASON_NONE },
		{ 0xffff, 0xffff, HOMA_REASON_NONE },
		{ 0x0100, 0x0001, HOMA_REASON_NONE },
	};
	struct homa_hdr hdr;
	u8 pkt[100] = { 0 };
	u32 i, j;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		for (j = 0; j < ARRAY_LEN(sizes); j++) {
			blank_data(pkt, 0, 0, 1000);
			pkt[11] = sizes[j].type;
			pkt[0] = (u8)(cases[i].sport >> 8);
			pkt[1] = (u8)cases[i].sport;
			pkt[2] = (u8)(cases[i].dport >> 8);
			pkt[3] = (u8)cases[i].dport;
			assert_int_equal(parse(&hdr, pkt, 81),
					 sizes[j].type == HOMA_FREEZE ?
					 HOMA_REASON_NONE : cases[i].reason);
			assert_int_equal(hdr.sport, cases[i].sport);
			assert_int_equal(hdr.dport, cases[i].dport);
		}
	}
}

/* Where the offset of DATA comes from: the four forms of wire §7. */
static void offset_forms(void **state)
{
	static const struct {
		u32 sequence, seg_offset, expected;
	} cases[] = {
		{ 2848, 0xffffffff, 2848 },	/* A: plain packet */
		{ 0, 0xffffffff, 0 },
		{ 2848, 5696, 5696 },		/* B: native segment */
		{ 1424 + 4, 1424, 1424 },
		{ 0xffffffff, 17, 17 },
		{ 1424, 0xffffffff, 1424 },	/* C: TSO in TCP */
		{ 4272, 4272, 4272 },		/* D: retransmission */
		{ 999999, 0, 0 },
	};
	struct homa_hdr hdr;
	u8 pkt[100];
	u32 i, doff;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		for (doff = 0; doff < 256; doff += 16) {
			blank_data(pkt, cases[i].sequence,
				   cases[i].seg_offset, 100000);
			pkt[12] = (u8)doff;
			assert_int_equal(parse(&hdr, pkt, 56 + 33),
					 HOMA_REASON_NONE);
			assert_int_equal(hdr.data.offset, cases[i].expected);
			assert_int_equal(hdr.data.len, 33);
		}
	}
}

static void data_ranges(void **state)
{
	static const struct {
		u32 offset, msg_len, data_bytes;
		enum homa_reason reason;
	} cases[] = {
		{ 0, 1, 1, HOMA_REASON_NONE },
		{ 0, 1, 2, HOMA_REASON_BAD_RANGE },
		{ 1, 1, 1, HOMA_REASON_BAD_RANGE },
		{ 0, 0, 1, HOMA_REASON_BAD_LENGTH },
		{ 0, 0, 0, HOMA_REASON_BAD_LENGTH },
		{ 0, 1, 0, HOMA_REASON_NO_DATA },
		{ 999, 1000, 0, HOMA_REASON_NO_DATA },
		{ 1000, 1000, 0, HOMA_REASON_BAD_RANGE },
		{ 0, 1000000, 1, HOMA_REASON_NONE },
		{ 0, 1000001, 1, HOMA_REASON_BAD_LENGTH },
		{ 0, 0x7fffffff, 1, HOMA_REASON_BAD_LENGTH },
		{ 0, 0x80000000, 1, HOMA_REASON_BAD_LENGTH },
		{ 0, 0xffffffff, 1, HOMA_REASON_BAD_LENGTH },
		{ 999999, 1000000, 1, HOMA_REASON_NONE },
		{ 999999, 1000000, 2, HOMA_REASON_BAD_RANGE },
		{ 998576, 1000000, 1424, HOMA_REASON_NONE },
		{ 998577, 1000000, 1424, HOMA_REASON_BAD_RANGE },
		{ 0xfffffffe, 1000000, 1, HOMA_REASON_BAD_RANGE },
		{ 0xfffffffe, 1000000, 1424, HOMA_REASON_BAD_RANGE },
		{ 0, 1000000, 65479, HOMA_REASON_NONE },
	};
	struct homa_hdr hdr;
	u8 pkt[100] = { 0 };
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		u8 *full = calloc(1, 56 + cases[i].data_bytes);

		assert_non_null(full);
		blank_data(pkt, 7, cases[i].offset, cases[i].msg_len);
		memcpy(full, pkt, 56);
		assert_int_equal(parse(&hdr, full, 56 + cases[i].data_bytes),
				 cases[i].reason);
		free(full);
		if (cases[i].reason != HOMA_REASON_NONE)
			continue;
		assert_int_equal(hdr.data.offset, cases[i].offset);
		assert_int_equal(hdr.data.len, cases[i].data_bytes);
		assert_int_equal(hdr.data.msg_len, cases[i].msg_len);
	}

	/* Longer than IP allows: offset and length do not wrap. */
	blank_data(pkt, 7, 999999, 1000000);
	assert_int_equal(homa_wire_parse(&hdr, pkt, HOMA_HDR_BYTES_MAX,
					 U32_MAX), HOMA_REASON_BAD_RANGE);

	/* The same with the offset in the sequence field, past any message. */
	blank_data(pkt, 0xffffffff, 0xffffffff, 1000);
	assert_int_equal(parse(&hdr, pkt, 57), HOMA_REASON_BAD_RANGE);
}

static void incoming_is_clamped(void **state)
{
	static const u32 cases[][2] = {
		{ 0, 0 }, { 1, 1 }, { 4999, 4999 }, { 5000, 5000 },
		{ 5001, 5000 }, { 0x80000000, 5000 }, { 0xffffffff, 5000 },
	};
	struct homa_hdr hdr;
	u8 pkt[100];
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		blank_data(pkt, 0, 0, 5000);
		put32(pkt + 32, cases[i][0]);
		assert_int_equal(parse(&hdr, pkt, 60), HOMA_REASON_NONE);
		assert_int_equal(hdr.data.incoming, cases[i][1]);
	}
}

static void priorities_are_clamped(void **state)
{
	struct homa_hdr hdr;
	u8 pkt[100];
	u32 prio;

	(void)state;
	for (prio = 0; prio < 256; prio++) {
		u8 expected = prio > 7 ? 7 : (u8)prio;

		blank(pkt, HOMA_GRANT);
		pkt[32] = (u8)prio;
		assert_int_equal(parse(&hdr, pkt, 33), HOMA_REASON_NONE);
		assert_int_equal(hdr.grant.priority, expected);
		blank(pkt, HOMA_RESEND);
		pkt[36] = (u8)prio;
		assert_int_equal(parse(&hdr, pkt, 37), HOMA_REASON_NONE);
		assert_int_equal(hdr.resend.priority, expected);
		assert_int_equal(homa_wire_tos((u8)prio), expected << 5);
	}
}

static void resend_ranges(void **state)
{
	static const struct {
		u32 offset, length;
		u32 got_offset, got_length;
		bool all;
	} cases[] = {
		{ 0, 0xffffffff, 0, 0xffffffff, true },
		{ 5, 0xffffffff, 0, 0xffffffff, true },
		{ 0, 0, 0, 0, false },
		{ 0, 0xfffffffe, 0, 0xfffffffe, false },
		{ 1, 0xfffffffe, 1, 0xfffffffe, false },
		{ 2, 0xfffffffe, 2, 0xfffffffd, false },
		{ 0xffffffff, 1, 0xffffffff, 0, false },
		{ 40000, 1424, 40000, 1424, false },
	};
	struct homa_hdr hdr;
	u8 pkt[100];
	u32 i, len;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		for (len = 36; len <= 38; len++) {
			blank(pkt, HOMA_RESEND);
			put32(pkt + 28, cases[i].offset);
			put32(pkt + 32, cases[i].length);
			pkt[36] = 3;
			assert_int_equal(parse(&hdr, pkt, len),
					 HOMA_REASON_NONE);
			assert_int_equal(hdr.resend.offset,
					 cases[i].got_offset);
			assert_int_equal(hdr.resend.length,
					 cases[i].got_length);
			assert_int_equal(hdr.resend.all, cases[i].all);
			assert_int_equal(hdr.resend.priority,
					 len == 36 ? 7 : 3);
		}
	}
}

static void ack_counts(void **state)
{
	static const u16 cases[][2] = {
		{ 0, 0 }, { 1, 1 }, { 5, 5 }, { 6, 5 }, { 0x100, 5 },
		{ 0x8000, 5 }, { 0xffff, 5 },
	};
	struct homa_hdr hdr;
	u8 pkt[100];
	u32 i, j;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		blank(pkt, HOMA_ACK);
		pkt[28] = (u8)(cases[i][0] >> 8);
		pkt[29] = (u8)cases[i][0];
		for (j = 0; j < 5; j++) {
			pkt[30 + 10 * j] = 0x11;
			pkt[37 + 10 * j] = (u8)(2 * j);
			pkt[38 + 10 * j] = 0x0f;
			pkt[39 + 10 * j] = (u8)(0xa0 + j);
		}
		assert_int_equal(parse(&hdr, pkt, 80), HOMA_REASON_NONE);
		assert_int_equal(hdr.ack.num, cases[i][1]);
		for (j = 0; j < 5; j++) {
			assert_int_equal(hdr.ack.acks[j].client_id,
					 0x1100000000000000ULL + 2 * j);
			assert_int_equal(hdr.ack.acks[j].server_port,
					 0x0fa0 + j);
		}
	}
}

static void cutoffs(void **state)
{
	struct homa_hdr hdr;
	u8 pkt[100];
	u32 i;

	(void)state;
	blank(pkt, HOMA_CUTOFFS);
	for (i = 0; i < 8; i++)
		put32(pkt + 28 + 4 * i, 0x01020300 + i);
	pkt[60] = 0xfe;
	pkt[61] = 0xdc;
	assert_int_equal(parse(&hdr, pkt, 62), HOMA_REASON_NONE);
	for (i = 0; i < 8; i++)
		assert_int_equal(hdr.cutoffs.cutoffs[i], 0x01020300 + i);
	assert_int_equal(hdr.cutoffs.version, 0xfedc);
}

static void ids(void **state)
{
	struct homa_hdr hdr;
	u8 pkt[100];

	(void)state;
	blank(pkt, HOMA_BUSY);
	assert_int_equal(from_hex(pkt + 20, "fedcba9876543210"), 8);
	assert_int_equal(parse(&hdr, pkt, 28), HOMA_REASON_NONE);
	assert_int_equal(hdr.sender_id, 0xfedcba9876543210ULL);
	assert_int_equal(homa_wire_local_id(hdr.sender_id),
			 0xfedcba9876543211ULL);
	assert_int_equal(homa_wire_local_id(1235), 1234);
	assert_int_equal(homa_wire_local_id(0xffffffffffffffffULL),
			 0xfffffffffffffffeULL);
	assert_true(homa_id_is_client(1234));
	assert_false(homa_id_is_client(1235));
	assert_true(homa_id_is_client(0));
}

/* What a receiver must not care about (wire §4). */
static void ignored_fields(void **state)
{
	static const u8 ignored[] = { 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19,
				      50, 51 };
	struct homa_hdr plain, noisy;
	u8 pkt[100];
	u32 i, value;

	(void)state;
	blank_data(pkt, 9, 9, 100);
	assert_int_equal(parse(&plain, pkt, 60), HOMA_REASON_NONE);
	for (i = 0; i < ARRAY_LEN(ignored); i++) {
		for (value = 1; value < 256; value++) {
			blank_data(pkt, 9, 9, 100);
			pkt[ignored[i]] = (u8)value;
			assert_int_equal(parse(&noisy, pkt, 60),
					 HOMA_REASON_NONE);
			assert_memory_equal(&plain, &noisy, sizeof(plain));
		}
	}
	/* Others send 0 here and ignore it; to us it means something. */
	blank_data(pkt, 9, 9, 100);
	pkt[49] = 200;
	assert_int_equal(parse(&noisy, pkt, 60), HOMA_REASON_NONE);
	assert_int_equal(plain.data.response_limit, 0);
	assert_int_equal(noisy.data.response_limit, 200);
}

/* The examples of wire §12, with the checksum 0 and explicit offsets. */
static void golden_bytes(void **state)
{
	static const struct {
		const char *hex;
		struct homa_hdr hdr;
	} cases[] = {
		{ "80 00 0f a0  00 00 00 00  00 00 00 10  e0 06 00 00 "
		  "00 00 b9 7d  00 00 00 00 00 00 00 02 "
		  "00 00 00 64  00 00 00 64  00 00 00 00 00 00 00 00 "
		  "00 00  00 00  00 00 00 00  00 00 00 00",
		  { .sender_id = 2, .sport = 32768, .dport = 4000,
		    .type = HOMA_DATA,
		    .data = { .msg_len = 100, .incoming = 100 } } },
		{ "0f a0 80 00  00 00 00 00  00 00 00 11  50 06 00 00 "
		  "00 00 b9 7d  00 00 00 00 00 00 00 03 "
		  "00 03 a9 80  03",
		  { .sender_id = 3, .sport = 4000, .dport = 32768,
		    .type = HOMA_GRANT,
		    .grant = { .offset = 240000, .priority = 3 } } },
		{ "80 00 0f a0  00 00 00 00  00 00 00 12  50 06 00 00 "
		  "00 00 b9 7d  00 00 00 00 00 00 00 02 "
		  "00 00 00 00  ff ff ff ff  07",
		  { .sender_id = 2, .sport = 32768, .dport = 4000,
		    .type = HOMA_RESEND,
		    .resend = { .offset = 5, .priority = 7, .all = 1 } } },
		{ "80 00 0f a0  00 01 86 a0  00 00 00 10  e0 06 00 00 "
		  "00 00 b9 7d  01 02 03 04 05 06 07 08 "
		  "00 0f 42 40  00 01 8c 30  00 00 00 00 00 00 00 2a "
		  "0f a1  ff fe  01 00 00 00  00 01 86 a0",
		  { .sender_id = 0x0102030405060708ULL, .sport = 32768,
		    .dport = 4000, .type = HOMA_DATA,
		    .data = { .offset = 100000, .msg_len = 1000000,
			      .incoming = 101424, .ack = { 42, 4001 },
			      .cutoff_version = 0xfffe, .retransmit = 1 } } },
		{ "80 00 0f a0  00 00 00 00  00 00 00 18  50 06 00 00 "
		  "00 00 b9 7d  00 00 00 00 00 00 00 08 "
		  "00 02 "
		  "00 00 00 00 00 00 00 04 0f a0 "
		  "00 00 00 00 00 00 00 06 0f a1 "
		  "00 00 00 00 00 00 00 00 00 00 "
		  "00 00 00 00 00 00 00 00 00 00 "
		  "00 00 00 00 00 00 00 00 00 00",
		  { .sender_id = 8, .sport = 32768, .dport = 4000,
		    .type = HOMA_ACK,
		    .ack = { .num = 2, .acks = { { 4, 4000 }, { 6, 4001 },
						 { 99, 99 } } } } },
		{ "0f a0 80 00  00 00 00 00  00 00 00 15  50 06 00 00 "
		  "00 00 b9 7d  00 00 00 00 00 00 00 03 "
		  "00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00 "
		  "00 0f 42 40  00 00 3a 98  00 00 0a f0  00 00 00 c8 "
		  "00 01",
		  { .sender_id = 3, .sport = 4000, .dport = 32768,
		    .type = HOMA_CUTOFFS,
		    .cutoffs = { { 0, 0, 0, 0, 1000000, 15000, 2800, 200 },
				 1 } } },
		{ "0f a0 80 00  00 00 00 00  00 00 00 14  50 06 00 00 "
		  "00 00 b9 7d  00 00 00 00 00 00 00 03",
		  { .sender_id = 3, .sport = 4000, .dport = 32768,
		    .type = HOMA_BUSY } },
	};
	u8 expected[HOMA_HDR_BYTES_MAX];
	u8 got[HOMA_HDR_BYTES_MAX];
	u32 i, len;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		/* What was in the buffer before must not show. */
		memset(got, 0xee, sizeof(got));
		len = from_hex(expected, cases[i].hex);
		assert_int_equal(homa_wire_build(got, &cases[i].hdr), len);
		assert_memory_equal(got, expected, len);
	}
}

/* The example as the reference sends it, checksum and all. */
static void reference_bytes(void **state)
{
	struct homa_hdr hdr;
	u8 pkt[156] = { 0 };

	(void)state;
	assert_int_equal(56, from_hex(pkt,
		"80 00 0f a0  00 00 00 00  00 00 00 10  e0 06 00 00 "
		"14 a5 b9 7d  00 00 00 00 00 00 00 02 "
		"00 00 00 64  00 00 00 64  00 00 00 00 00 00 00 00 "
		"00 00  00 00  00 00 00 00  ff ff ff ff"));
	assert_int_equal(parse(&hdr, pkt, sizeof(pkt)), HOMA_REASON_NONE);
	assert_int_equal(hdr.sport, 32768);
	assert_int_equal(hdr.dport, 4000);
	assert_int_equal(hdr.sender_id, 2);
	assert_int_equal(hdr.hdr_len, 56);
	assert_int_equal(hdr.data.offset, 0);
	assert_int_equal(hdr.data.len, 100);
	assert_int_equal(hdr.data.msg_len, 100);
	assert_int_equal(hdr.data.incoming, 100);
	assert_int_equal(hdr.data.ack.client_id, 0);
	assert_int_equal(hdr.data.cutoff_version, 0);
	assert_int_equal(hdr.data.retransmit, 0);
}

static void ack_count_is_limited_when_built(void **state)
{
	struct homa_hdr hdr = { .type = HOMA_ACK, .ack = { .num = 9 } };
	u8 buf[HOMA_HDR_BYTES_MAX];

	(void)state;
	homa_wire_build(buf, &hdr);
	assert_int_equal(buf[29], 5);
}

static void seg_bytes(void **state)
{
	static const u32 cases[][3] = {
		/* mtu, IP header, message bytes */
		{ 1500, 20, 1424 },
		{ 1500, 40, 1404 },
		{ 9000, 20, 8924 },
		{ 9000, 40, 8904 },
		{ 84, 20, 8 },
		{ 83, 20, 0 },
		{ 104, 40, 8 },
		{ 103, 40, 0 },
		{ 0, 20, 0 },
		{ 19, 20, 0 },
		{ 65535, 20, 65459 },
		{ 65536, 20, 65459 },
		{ 0xffffffff, 20, 65459 },
		{ 1500, 0xffffffff, 0 },
		{ 1500, 0xffffffc0, 0 },
	};
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(homa_wire_seg_bytes(cases[i][0], cases[i][1]),
				 cases[i][2]);
}

/* A later packet of a large buffer differs in its offset and has no ack. */
static void continued(void **state)
{
	struct homa_hdr hdr = {
		.type = HOMA_DATA,
		.sport = 40000,
		.dport = 99,
		.sender_id = 0x123456789abcdef0,
		.data = {
			.offset = 1424,
			.msg_len = 100000,
			.incoming = 40000,
			.ack = { .client_id = 6, .server_port = 7 },
			.cutoff_version = 8,
		},
	};
	u8 expected[HOMA_DATA_HDR_BYTES];
	u8 buf[HOMA_DATA_HDR_BYTES];

	(void)state;
	homa_wire_build(buf, &hdr);
	hdr.data.offset = 71200;
	hdr.data.ack.client_id = 0;
	hdr.data.ack.server_port = 0;
	homa_wire_build(expected, &hdr);
	homa_wire_continue(buf, 71200);
	assert_memory_equal(buf, expected, sizeof(buf));
}

/* Packets that were cut out of a buffer, and only they, may be joined again. */
static void followers(void **state)
{
	struct homa_hdr hdr = {
		.type = HOMA_DATA,
		.sport = 40000,
		.dport = 99,
		.sender_id = 0x123456789abcdef0,
		.data = {
			.offset = 1424,
			.msg_len = 100000,
			.incoming = 40000,
			.ack = { .client_id = 6, .server_port = 7 },
			.cutoff_version = 8,
		},
	};
	static const u8 in_sequence[4] = { 0xff, 0xff, 0xff, 0xff };
	u8 first[HOMA_DATA_HDR_BYTES];
	u8 next[HOMA_DATA_HDR_BYTES];
	u32 form;
	u32 i;

	(void)state;
	homa_wire_build(first, &hdr);
	for (form = 0; form < 2; form++) {
		assert_true(homa_wire_may_lead(first));
		memcpy(next, first, sizeof(next));
		/* The ack is in the first packet only. */
		assert_false(homa_wire_follows(first, next, 1424));
		homa_wire_continue(next, 2848);
		assert_true(homa_wire_same_message(first, next));
		assert_true(homa_wire_follows(first, next, 2848));
		assert_false(homa_wire_follows(first, next, 2849));
		/* Each bit counts. */
		for (i = 0; i < 8 * sizeof(next); i++) {
			next[i / 8] ^= 1 << i % 8;
			assert_false(homa_wire_follows(first, next, 2848));
			next[i / 8] ^= 1 << i % 8;
		}
		next[0] ^= 1;
		assert_false(homa_wire_same_message(first, next));
		next[0] ^= 1;
		next[27] ^= 1;
		assert_false(homa_wire_same_message(first, next));
		/* The other form: the offset in the sequence alone (wire §7). */
		memcpy(first + 52, in_sequence, 4);
	}
	assert_memory_equal(next + 4, "\0\0\x0b\x20", 4);
	assert_memory_equal(next + 52, in_sequence, 4);

	/* Forms that are not made again: another sequence, no length of a header. */
	homa_wire_build(first, &hdr);
	first[7] ^= 1;
	assert_false(homa_wire_may_lead(first));
	homa_wire_build(first, &hdr);
	first[12] = 0x50;
	assert_false(homa_wire_may_lead(first));
}

/* What is worth more than a look when it arrives with others. */
static void parts(void **state)
{
	struct homa_hdr hdr = {
		.type = HOMA_DATA,
		.sender_id = 2,
		.data = { .msg_len = 100 },
	};
	u8 buf[HOMA_HDR_BYTES_MAX] = { 0 };
	u32 type;

	(void)state;
	homa_wire_build(buf, &hdr);
	assert_true(homa_wire_is_part(buf, HOMA_DATA_HDR_BYTES));
	assert_true(homa_wire_is_part(buf, HOMA_DATA_HDR_BYTES + 1));
	assert_true(homa_wire_is_part(buf, HOMA_DATA_HDR_BYTES + 99));
	assert_false(homa_wire_is_part(buf, HOMA_DATA_HDR_BYTES + 100));
	assert_false(homa_wire_is_part(buf, HOMA_DATA_HDR_BYTES + 101));
	/* The end of a message is a part of it. */
	hdr.data.offset = 90;
	homa_wire_build(buf, &hdr);
	assert_true(homa_wire_is_part(buf, HOMA_DATA_HDR_BYTES + 10));
	/* A length that cannot be is for homa_wire_parse(). */
	memset(buf + 28, 0xff, 4);
	assert_true(homa_wire_is_part(buf, HOMA_DATA_HDR_BYTES + 10));
	for (type = 0; type < 256; type++) {
		buf[11] = type;
		assert_int_equal(homa_wire_is_part(buf, HOMA_DATA_HDR_BYTES + 10),
				 type == HOMA_DATA);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_sizes),
		cmocka_unit_test(unknown_type_is_not_built),
		cmocka_unit_test(every_length),
		cmocka_unit_test(less_readable_than_long),
		cmocka_unit_test(ports),
		cmocka_unit_test(offset_forms),
		cmocka_unit_test(data_ranges),
		cmocka_unit_test(incoming_is_clamped),
		cmocka_unit_test(priorities_are_clamped),
		cmocka_unit_test(resend_ranges),
		cmocka_unit_test(ack_counts),
		cmocka_unit_test(cutoffs),
		cmocka_unit_test(ids),
		cmocka_unit_test(ignored_fields),
		cmocka_unit_test(golden_bytes),
		cmocka_unit_test(reference_bytes),
		cmocka_unit_test(ack_count_is_limited_when_built),
		cmocka_unit_test(seg_bytes),
		cmocka_unit_test(continued),
		cmocka_unit_test(followers),
		cmocka_unit_test(parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
