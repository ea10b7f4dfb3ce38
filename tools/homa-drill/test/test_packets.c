// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * test_packets.c - builder and decoder against the bytes of wire §12, and
 * against each other
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../pkt.h"

static int failures;

#define CHECK(cond)							\
	do {								\
		if (!(cond)) {						\
			printf("%s:%d: not true: %s\n", __FILE__,	\
			       __LINE__, #cond);			\
			failures++;					\
		}							\
	} while (0)

static struct drill_spec spec_of(enum drill_type type, int ip_version)
{
	struct drill_spec spec = {
		.type = type,
		.ip_version = ip_version,
		.src_mac = { 2, 0, 0, 0, 0, 1 },
		.dst_mac = { 2, 0, 0, 0, 0, 2 },
		.from = 1,
		.to = 2,
	};

	return spec;
}

/* The Homa part of a packet from port @sport to @dport. */
static size_t build(struct drill_spec *spec, unsigned int sport,
		    unsigned int dport, uint64_t id, uint8_t *out)
{
	drill_spec_set(spec, "sport", sport);
	drill_spec_set(spec, "dport", dport);
	drill_spec_set(spec, "id", id);
	drill_spec_set(spec, "csum", 0xcccc);
	return drill_build_homa(spec, out, 2000);
}

static void golden__data(void)
{
	static const uint8_t want[56] = {
		0x80, 0x00, 0x0f, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0x10,
		0xe0, 0x06, 0, 0, 0xcc, 0xcc, 0xb9, 0x7d,
		0, 0, 0, 0, 0, 0, 0, 2,
		0, 0, 0, 0x64, 0, 0, 0, 0x64, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
	};
	struct drill_spec spec = spec_of(DRILL_DATA, 4);
	uint8_t out[2000];
	size_t i;

	drill_spec_set(&spec, "len", 100);
	drill_spec_set(&spec, "form", 1);
	CHECK(build(&spec, 32768, 4000, 2, out) == 156);
	CHECK(!memcmp(out, want, sizeof(want)));
	for (i = 0; i < 100; i++)
		CHECK(out[56 + i] == drill_pattern(0, (uint32_t)i));
	/* With explicit offset, as a new implementation sends it (wire §7). */
	drill_spec_set(&spec, "form", 0);
	CHECK(build(&spec, 32768, 4000, 2, out) == 156);
	CHECK(!memcmp(out, want, 52));
	CHECK(!drill_get_be(out + 52, 4));
}

static void golden__grant(void)
{
	static const uint8_t want[33] = {
		0x0f, 0xa0, 0x80, 0x00, 0, 0, 0, 0, 0, 0, 0, 0x11,
		0x50, 0x06, 0, 0, 0xcc, 0xcc, 0xb9, 0x7d,
		0, 0, 0, 0, 0, 0, 0, 3, 0x00, 0x03, 0xa9, 0x80, 0x03,
	};
	struct drill_spec spec = spec_of(DRILL_GRANT, 4);
	uint8_t out[2000];

	drill_spec_set(&spec, "offset", 240000);
	drill_spec_set(&spec, "prio", 3);
	CHECK(build(&spec, 4000, 32768, 3, out) == sizeof(want));
	CHECK(!memcmp(out, want, sizeof(want)));
}

static void golden__resend(void)
{
	static const uint8_t want[37] = {
		0x80, 0x00, 0x0f, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0x12,
		0x50, 0x06, 0, 0, 0xcc, 0xcc, 0xb9, 0x7d,
		0, 0, 0, 0, 0, 0, 0, 2,
		0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x07,
	};
	struct drill_spec spec = spec_of(DRILL_RESEND, 4);
	uint8_t out[2000];

	drill_spec_set(&spec, "offset", 0);
	drill_spec_set(&spec, "length", (uint64_t)-1);
	drill_spec_set(&spec, "prio", 7);
	CHECK(build(&spec, 32768, 4000, 2, out) == sizeof(want));
	CHECK(!memcmp(out, want, sizeof(want)));
}

static void header_lengths__as_specified(void)
{
	/* wire §5 */
	static const size_t want[] = { 56, 33, 37, 28, 28, 62, 28, 28, 80 };
	size_t i;

	for (i = 0; i < 9; i++)
		CHECK(drill_header_len(DRILL_DATA + i) == want[i]);
}

static void fields__fit_in_headers(void)
{
	int i, type;

	for (i = 0; i < drill_field_count; i++) {
		const struct drill_field *f = &drill_fields[i];

		for (type = DRILL_DATA; type <= DRILL_ACK; type++)
			if (f->kind == FIELD_HEADER &&
			    f->types & DRILL_BIT(type))
				CHECK((size_t)f->off + f->width <=
				      drill_header_len(type));
	}
}

/* Every byte of a control header belongs to exactly one field. */
static void fields__cover_headers(void)
{
	int type, i, at;

	for (type = DRILL_DATA; type <= DRILL_ACK; type++) {
		uint8_t seen[80] = { 0 };

		for (i = 0; i < drill_field_count; i++) {
			const struct drill_field *f = &drill_fields[i];

			if (f->kind != FIELD_HEADER ||
			    !(f->types & DRILL_BIT(type)))
				continue;
			for (at = f->off; at < f->off + f->width; at++)
				seen[at]++;
		}
		for (at = 0; at < (int)drill_header_len(type); at++)
			CHECK(seen[at] == 1);
	}
}

static void round_trip(enum drill_type type, int ip_version)
{
	struct drill_spec spec = spec_of(type, ip_version);
	struct drill_frames frames;
	struct drill_pkt pkt;
	uint64_t value;
	const char *why;
	int i;

	for (i = 0; i < drill_field_count; i++) {
		const struct drill_field *f = &drill_fields[i];

		if (!(f->types & DRILL_BIT(type)))
			continue;
		if (f->kind == FIELD_HEADER && strcmp(f->name, "type")) {
			spec.set[i] = true;
			spec.value[i] = (0x1122334455667788ull * (uint64_t)i) &
					drill_field_mask(i);
		}
	}
	drill_spec_set(&spec, "offset", 77);
	drill_spec_set(&spec, "segoff", 77);
	drill_spec_set(&spec, "len", 33);
	drill_spec_set(&spec, "tos", 0x60);
	drill_spec_set(&spec, "from", 7);
	drill_build(&spec, &frames);
	CHECK(frames.count == 1);
	if (frames.count != 1)
		return;
	CHECK(drill_pkt_decode(frames.data[0], frames.len[0], &pkt, &why) ==
	      DRILL_PKT_OK);
	CHECK(pkt.type == type);
	CHECK(pkt.ip_version == ip_version);
	CHECK(pkt.tos == 0x60);
	for (i = 0; i < drill_field_count; i++) {
		if (!spec.set[i] ||
		    !(drill_fields[i].types & DRILL_BIT(type)) ||
		    !(drill_fields[i].use & FIELD_CAN_EXPECT) ||
		    drill_fields[i].kind == FIELD_SEED)
			continue;
		CHECK(drill_pkt_get(&pkt, i, &value));
		CHECK(value == spec.value[i]);
	}
	drill_frames_free(&frames);
}

static void decode__short_packets(void)
{
	struct drill_frames frames;
	struct drill_pkt pkt;
	const char *why;
	size_t len, cut;
	int type, version;

	for (version = 4; version <= 6; version += 2) {
		for (type = DRILL_DATA; type <= DRILL_ACK; type++) {
			len = drill_header_len(type);
			for (cut = 0; cut <= len; cut++) {
				struct drill_spec spec = spec_of(type, version);

				drill_spec_set(&spec, "trunc", cut);
				drill_build(&spec, &frames);
				CHECK(frames.count == 1);
				CHECK(drill_pkt_decode(frames.data[0],
						       frames.len[0], &pkt,
						       &why) ==
				      (cut < len ? DRILL_PKT_BAD :
						   DRILL_PKT_OK));
				drill_frames_free(&frames);
			}
		}
	}
}

/* Nothing may be read behind the end of any prefix of a frame. */
static void decode__every_prefix(void)
{
	struct drill_frames frames;
	struct drill_pkt pkt;
	const char *why;
	char text[600];
	size_t cut;
	int type, version;

	for (version = 4; version <= 6; version += 2) {
		for (type = DRILL_DATA; type <= DRILL_ACK; type++) {
			struct drill_spec spec = spec_of(type, version);

			drill_spec_set(&spec, "len", 20);
			drill_build(&spec, &frames);
			for (cut = 0; cut < frames.len[0]; cut++) {
				uint8_t *copy = malloc(cut + 1);

				memcpy(copy, frames.data[0], cut);
				/* The sanitizer sees the heap's end. */
				copy = realloc(copy, cut ? cut : 1);
				CHECK(drill_pkt_decode(copy, cut, &pkt, &why) !=
				      DRILL_PKT_OK);
				free(copy);
			}
			CHECK(drill_pkt_decode(frames.data[0], frames.len[0],
					       &pkt, &why) == DRILL_PKT_OK);
			drill_pkt_print(&pkt, text, sizeof(text));
			CHECK(strstr(text, drill_type_name(type)));
			drill_frames_free(&frames);
		}
	}
}

static void decode__padding_is_not_data(void)
{
	struct drill_spec spec = spec_of(DRILL_DATA, 4);
	struct drill_frames frames;
	struct drill_pkt pkt;
	const char *why;

	drill_spec_set(&spec, "len", 5);
	drill_spec_set(&spec, "ethpad", 30);
	drill_build(&spec, &frames);
	CHECK(drill_pkt_decode(frames.data[0], frames.len[0], &pkt, &why) ==
	      DRILL_PKT_OK);
	CHECK(pkt.data_len == 5);
	CHECK(drill_pkt_data_differs(&pkt, 0) < 0);
	CHECK(drill_pkt_data_differs(&pkt, 1) >= 0);
	drill_frames_free(&frames);
}

static void build__fragments_cover_packet(void)
{
	size_t total, header;
	int version, i;

	for (version = 4; version <= 6; version += 2) {
		struct drill_spec spec = spec_of(DRILL_DATA, version);
		struct drill_frames frames;
		struct drill_pkt pkt;
		const char *why;

		drill_spec_set(&spec, "len", 1000);
		drill_spec_set(&spec, "frag", 400);
		drill_build(&spec, &frames);
		CHECK(frames.count == 3);
		header = version == 4 ? 14 + 20 : 14 + 40 + 8;
		for (total = 0, i = 0; i < frames.count; i++) {
			total += frames.len[i] - header;
			CHECK(drill_pkt_decode(frames.data[i], frames.len[i],
					       &pkt, &why) == DRILL_PKT_OK);
			CHECK(pkt.fragment);
		}
		CHECK(total == 1056);
		drill_frames_free(&frames);
	}
}

static void icmp__kinds_survive(void)
{
	struct drill_spec quoted = spec_of(DRILL_DATA, 4);
	struct drill_frames frames, inner;
	struct drill_pkt pkt, quote;
	const char *why;
	int version, kind, field;
	uint64_t value;

	for (version = 4; version <= 6; version += 2) {
		quoted.ip_version = version;
		drill_spec_set(&quoted, "sport", 1234);
		drill_spec_set(&quoted, "id", 98);
		drill_build(&quoted, &inner);
		CHECK(drill_pkt_decode(inner.data[0], inner.len[0], &quote,
				       &why) == DRILL_PKT_OK);
		for (kind = ICMP_KIND_PORT; kind <= ICMP_KIND_TOOBIG; kind++) {
			struct drill_spec spec = spec_of(DRILL_ICMP, version);

			spec.quote = &quote;
			drill_spec_set(&spec, "kind", (uint64_t)kind);
			drill_spec_set(&spec, "mtu", 1300);
			drill_build(&spec, &frames);
			CHECK(frames.count == 1);
			CHECK(drill_pkt_decode(frames.data[0], frames.len[0],
					       &pkt, &why) == DRILL_PKT_OK);
			CHECK((int)pkt.icmp_kind == kind);
			CHECK(kind != ICMP_KIND_TOOBIG || pkt.icmp_mtu == 1300);
			field = drill_field_find("qsport", DRILL_ICMP);
			CHECK(drill_pkt_get(&pkt, field, &value));
			CHECK(value == 1234);
			field = drill_field_find("qid", DRILL_ICMP);
			CHECK(drill_pkt_get(&pkt, field, &value));
			CHECK(value == 98);
			drill_frames_free(&frames);
		}
		drill_frames_free(&inner);
	}
}

static void hosts__are_numbered(void)
{
	uint8_t addr[16];
	unsigned int host;
	int version;

	for (version = 4; version <= 6; version += 2) {
		for (host = 1; host < 100; host++) {
			drill_host_addr(version, host, addr);
			CHECK(drill_host_number(version, addr) == (int)host);
		}
		addr[0]++;
		CHECK(drill_host_number(version, addr) == -1);
	}
}

/* A good packet passes lint; each single change of a rule does not. */
static void lint__finds_each_breach(void)
{
	static const struct {
		enum drill_type type;
		const char *field;
		uint64_t value;
	} bad[] = {
		{ DRILL_DATA, "flags", 0 }, { DRILL_DATA, "urg", 1 },
		{ DRILL_DATA, "doff", 0x50 }, { DRILL_DATA, "ack24", 1 },
		{ DRILL_DATA, "window", 1 }, { DRILL_DATA, "pad", 1 },
		{ DRILL_DATA, "seq", 9 }, { DRILL_DATA, "form", 1 },
		{ DRILL_DATA, "retransmit", 2 }, { DRILL_DATA, "df", 0 },
		{ DRILL_DATA, "tos", 0xc1 }, { DRILL_DATA, "incoming", 101 },
		{ DRILL_DATA, "ack_id", 3 }, { DRILL_DATA, "ack_port", 3 },
		{ DRILL_DATA, "msglen", 99 }, { DRILL_DATA, "len", 0 },
		{ DRILL_DATA, "msglen", 1000001 }, { DRILL_DATA, "sport", 0 },
		{ DRILL_GRANT, "prio", 8 }, { DRILL_GRANT, "tos", 0xc0 },
		{ DRILL_GRANT, "doff", 0xe0 }, { DRILL_GRANT, "seq", 1 },
		{ DRILL_RESEND, "prio", 8 }, { DRILL_BUSY, "trail", 1 },
		{ DRILL_ACK, "num", 6 }, { DRILL_ACK, "num", 1 },
		{ DRILL_ACK, "ack0_id", 2 }, { DRILL_ACK, "ack4_port", 2 },
		{ DRILL_NEED_ACK, "dport", 0 },
	};
	size_t i;

	for (i = 0; i < 2 * sizeof(bad) / sizeof(bad[0]); i++) {
		struct drill_spec spec = spec_of(bad[i / 2].type, 4);
		struct drill_frames frames;
		struct drill_pkt pkt;
		const char *why;
		char text[120];

		drill_spec_set(&spec, "sport", 4000);
		drill_spec_set(&spec, "dport", 32768);
		drill_spec_set(&spec, "len", 100);
		if (bad[i / 2].type != DRILL_DATA)
			drill_spec_set(&spec, "tos", 0xe0);
		if (i & 1)
			drill_spec_set(&spec, bad[i / 2].field,
				       bad[i / 2].value);
		drill_build(&spec, &frames);
		CHECK(drill_pkt_decode(frames.data[0], frames.len[0], &pkt,
				       &why) == DRILL_PKT_OK);
		if (drill_pkt_lint(&pkt, text, sizeof(text)) != !(i & 1)) {
			printf("lint: %s %s=%llu: %s\n",
			       drill_type_name(spec.type), bad[i / 2].field,
			       (unsigned long long)bad[i / 2].value, text);
			failures++;
		}
		drill_frames_free(&frames);
	}
}

int main(void)
{
	int type;

	golden__data();
	golden__grant();
	golden__resend();
	header_lengths__as_specified();
	fields__fit_in_headers();
	fields__cover_headers();
	for (type = DRILL_DATA; type <= DRILL_ACK; type++) {
		round_trip(type, 4);
		round_trip(type, 6);
	}
	decode__short_packets();
	decode__every_prefix();
	decode__padding_is_not_data();
	build__fragments_cover_packet();
	icmp__kinds_survive();
	hosts__are_numbered();
	lint__finds_each_breach();
	printf(failures ? "%d checks failed\n" : "ok\n", failures);
	return failures ? 1 : 0;
}
