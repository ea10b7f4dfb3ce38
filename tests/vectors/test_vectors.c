// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The reference implementation's own packets, read by core/wire.
 *
 * Usage: test_vectors DIRECTORY. Each capture there is decoded whole: every
 * packet must be accepted, its fields must fit the conversation, the number
 * of packets of each type must be the one that tcpdump and a pocket
 * calculator found, the header must be what homa_wire_build() makes of its
 * fields, and the data must form complete messages.
 *
 * items: W2 W3 W4 W9 W14
 */
#include <stdio.h>
#include <stdlib.h>

#include "capture.h"
#include "core/prio.h"
#include "core/reasm.h"
#include "core/wire.h"

#define TYPES		(HOMA_TYPE_LAST - HOMA_TYPE_FIRST + 1)
#define MESSAGES_MAX	64
#define UNSCHED_BYTES	40000u	/* the reference's default */
#define CLIENT		1	/* last byte of the addresses */
#define SERVER		2

/**
 * struct expected - what is known of a capture
 * @name: file
 * @ip_version: 4 or 6
 * @server_port: port that the client sends to
 * @msg_len: bytes in every request and response
 * @messages: requests and responses that begin in the capture
 * @complete: those of them that also end in it
 * @others: frames that are not Homa
 * @counts: packets of type 0x10, 0x11, ...
 */
struct expected {
	const char *name;
	u8 ip_version;
	u16 server_port;
	u32 msg_len;
	u32 messages;
	u32 complete;
	u32 others;
	u32 counts[TYPES];
};

/* Two of the captures were stopped before the last response was through. */
static const struct expected captures[] = {
	{ "v4-100B-x3.pcap", 4, 4000, 100, 6, 6, 1,
	  { 6, 0, 1, 0, 1, 2, 0, 1, 1 } },
	{ "v4-20000B.pcap", 4, 4000, 20000, 2, 2, 0,
	  { 30, 0, 0, 0, 0, 0, 0, 1, 1 } },
	{ "v4-200000B-grants.pcap", 4, 4000, 200000, 2, 1, 1,
	  { 150, 149 } },
	{ "v4-loss10-100B-x20.pcap", 4, 4000, 100, 40, 40, 0,
	  { 40, 0, 4, 3, 0, 0, 0, 5, 4 } },
	{ "v4-loss10-100000B-x3.pcap", 4, 4000, 100000, 5, 4, 0,
	  { 300, 274, 39, 0, 5, 0, 0, 6, 1 } },
	{ "v4-no-server.pcap", 4, 4999, 100, 1, 1, 2,
	  { 1, 0, 1 } },
	{ "v6-100B-x3.pcap", 6, 4000, 100, 6, 6, 2,
	  { 6, 0, 0, 0, 0, 2, 0, 1, 1 } },
	{ "v6-100000B.pcap", 6, 4000, 100000, 2, 2, 0,
	  { 144, 142, 0, 0, 0, 0, 0, 1, 1 } },
};

/* One direction of one RPC. */
struct message {
	u64 sender_id;
	struct homa_reasm reasm;
};

static struct message messages[MESSAGES_MAX];
static u32 num_messages;
static const char *file;
static u32 frame;
static u32 failures;

#define CHECK(condition) do {						\
	if (!(condition)) {						\
		printf("%s: frame %u: line %d: not true: %s\n", file,	\
		       frame, __LINE__, #condition);			\
		failures++;						\
	}								\
} while (0)

static struct message *message_of(u64 sender_id, u32 msg_len)
{
	u32 i;

	for (i = 0; i < num_messages; i++)
		if (messages[i].sender_id == sender_id)
			return &messages[i];
	if (num_messages == MESSAGES_MAX) {
		printf("%s: more messages than expected\n", file);
		exit(1);
	}
	messages[i].sender_id = sender_id;
	homa_reasm_init(&messages[i].reasm, msg_len);
	num_messages++;
	return &messages[i];
}

static void check_data(const struct expected *e, const struct homa_hdr *h,
		       u32 pkt_len)
{
	u32 end = h->data.offset + h->data.len;
	u32 full = e->ip_version == 4 ? 1424 : 1404;
	u32 unsched = min(e->msg_len, UNSCHED_BYTES);
	struct homa_reasm_verdict v;
	struct message *m;

	CHECK(h->data.msg_len == e->msg_len);
	CHECK(h->data.len == pkt_len - HOMA_DATA_HDR_BYTES);
	CHECK(end <= e->msg_len);
	/* Full packets, but for the ends of the two regions (wire §1.1). */
	CHECK(h->data.len == full || end == unsched || end == e->msg_len);
	CHECK(h->data.offset < unsched ? !(h->data.offset % full) :
	      !((h->data.offset - unsched) % full));
	CHECK(h->data.retransmit <= 1);
	if (!h->data.retransmit)
		CHECK(h->data.incoming == unsched);
	else
		CHECK(h->data.incoming >= end || h->data.incoming == unsched);
	CHECK(h->data.cutoff_version <= 1);
	CHECK(homa_id_is_client(h->data.ack.client_id));
	CHECK(h->data.ack.client_id ? h->data.ack.server_port == e->server_port
				    : !h->data.ack.server_port);

	m = message_of(h->sender_id, h->data.msg_len);
	v = homa_reasm_add(&m->reasm, h->data.offset, end);
	CHECK(v.code == HOMA_REASM_KEEP ||
	      (v.code == HOMA_REASM_DUPLICATE && h->data.retransmit));
}

static void check_resend(const struct expected *e, const struct homa_hdr *h)
{
	CHECK(h->resend.priority == 7);
	if (h->resend.all) {
		CHECK(h->resend.offset == 0);
		return;
	}
	CHECK(h->resend.length > 0);
	CHECK(h->resend.offset + h->resend.length <= e->msg_len);
}

static void check_cutoffs(const struct homa_hdr *h)
{
	struct homa_cutoffs c;
	u32 i;

	homa_prio_defaults(&c, HOMA_PRIORITIES_MAX);
	CHECK(h->cutoffs.version == c.version);
	for (i = 0; i < HOMA_PRIORITIES_MAX; i++)
		CHECK(h->cutoffs.cutoffs[i] == c.max_len[i]);
}

static void check_ack(const struct expected *e, const struct homa_hdr *h)
{
	u32 i;

	for (i = 0; i < HOMA_ACKS_MAX; i++) {
		const struct homa_ack *ack = &h->ack.acks[i];

		if (i >= h->ack.num) {
			CHECK(!ack->client_id && !ack->server_port);
			continue;
		}
		CHECK(ack->client_id && homa_id_is_client(ack->client_id));
		CHECK(ack->server_port == e->server_port);
	}
}

/* Building the header from its fields gives the same bytes. */
static void check_build(const struct homa_hdr *h, const u8 *bytes)
{
	u8 built[HOMA_HDR_BYTES_MAX];
	u32 len = homa_wire_build(built, h);
	u32 i;

	CHECK(len == h->hdr_len);
	for (i = 0; i < len; i++) {
		/* The reference sends a checksum (wire §8). */
		if (i == 16 || i == 17)
			continue;
		/* And no explicit offset in form A (wire §7). */
		if (h->type == HOMA_DATA && i >= 52 && bytes[i] == 0xff)
			continue;
		CHECK(built[i] == bytes[i]);
	}
}

static void check_packet(const struct expected *e,
			 const struct capture_packet *p,
			 const struct homa_hdr *h)
{
	bool from_client = p->source == CLIENT;

	CHECK(p->ip_version == e->ip_version);
	CHECK(p->source + p->dest == CLIENT + SERVER);
	CHECK((from_client ? h->dport : h->sport) == e->server_port);
	CHECK((from_client ? h->sport : h->dport) >= 0x8000);
	CHECK(h->sender_id > 1);
	CHECK(homa_id_is_client(h->sender_id) == from_client);
	CHECK(homa_id_is_client(homa_wire_local_id(h->sender_id)) !=
	      from_client);
	CHECK(!(p->tos & 0x1f));
	if (h->type != HOMA_DATA) {
		CHECK(p->tos == homa_wire_tos(7));
		CHECK(p->len == h->hdr_len);
	}
	check_build(h, p->bytes);

	switch (h->type) {
	case HOMA_DATA:
		check_data(e, h, p->len);
		break;
	case HOMA_GRANT:
		CHECK(h->grant.offset > UNSCHED_BYTES);
		CHECK(h->grant.offset <= e->msg_len);
		break;
	case HOMA_RESEND:
		check_resend(e, h);
		break;
	case HOMA_CUTOFFS:
		check_cutoffs(h);
		break;
	case HOMA_NEED_ACK:
		CHECK(!from_client);
		break;
	case HOMA_ACK:
		CHECK(from_client);
		check_ack(e, h);
		break;
	}
}

static void check_capture(const struct expected *e, const char *directory)
{
	u32 counts[TYPES] = { 0 };
	struct capture_packet p;
	struct homa_hdr h;
	struct capture c;
	char path[4096];
	const char *bad;
	u32 packets = 0;
	u32 complete = 0;
	u32 i;

	file = e->name;
	frame = 0;
	num_messages = 0;
	snprintf(path, sizeof(path), "%s/%s", directory, e->name);
	bad = capture_open(&c, path);
	if (bad) {
		printf("%s %s\n", path, bad);
		exit(1);
	}
	while (capture_next(&c, &p)) {
		enum homa_reason reason;

		frame = p.frame;
		packets++;
		reason = homa_wire_parse(&h, p.bytes, p.len, p.len);
		CHECK(reason == HOMA_REASON_NONE);
		if (reason != HOMA_REASON_NONE)
			continue;
		counts[h.type - HOMA_TYPE_FIRST]++;
		check_packet(e, &p, &h);
	}
	CHECK(c.at == c.len);
	CHECK(c.others == e->others);
	capture_close(&c);

	for (i = 0; i < TYPES; i++) {
		if (counts[i] != e->counts[i])
			printf("%s: %u packets of type %#x, not %u\n", file,
			       counts[i], HOMA_TYPE_FIRST + i, e->counts[i]);
		failures += counts[i] != e->counts[i];
	}
	for (i = 0; i < num_messages; i++)
		complete += !messages[i].reasm.remaining;
	CHECK(complete == e->complete);
	CHECK(num_messages == e->messages);
	printf("%s: %u packets, %u messages\n", file, packets, complete);
}

int main(int argc, char **argv)
{
	u32 i;

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	for (i = 0; i < sizeof(captures) / sizeof(captures[0]); i++)
		check_capture(&captures[i], argv[1]);
	return failures != 0;
}
