// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The input is one packet. What the parser returns keeps the promises of
 * wire.h, and building it again gives a packet with the same meaning.
 */
#include "fuzz.h"
#include "core/wire.h"

static void check_data(const struct homa_hdr *h, u32 pkt_len)
{
	FUZZ_CHECK(h->data.len == pkt_len - HOMA_DATA_HDR_BYTES);
	FUZZ_CHECK(h->data.len > 0);
	FUZZ_CHECK(h->data.msg_len >= 1);
	FUZZ_CHECK(h->data.msg_len <= HOMA_MSG_BYTES_MAX);
	FUZZ_CHECK((u64)h->data.offset + h->data.len <= h->data.msg_len);
	FUZZ_CHECK(h->data.incoming <= h->data.msg_len);
}

static void check(const struct homa_hdr *h, u32 pkt_len)
{
	FUZZ_CHECK(h->hdr_len <= pkt_len);
	FUZZ_CHECK(h->hdr_len >= homa_wire_hdr_bytes(h->type));
	FUZZ_CHECK(h->type == HOMA_FREEZE || (h->sport && h->dport));

	switch (h->type) {
	case HOMA_DATA:
		check_data(h, pkt_len);
		break;
	case HOMA_GRANT:
		FUZZ_CHECK(h->grant.priority < HOMA_PRIORITIES_MAX);
		break;
	case HOMA_RESEND:
		FUZZ_CHECK(h->resend.priority < HOMA_PRIORITIES_MAX);
		FUZZ_CHECK((u64)h->resend.offset + h->resend.length <= U32_MAX);
		FUZZ_CHECK(!h->resend.all || !h->resend.offset);
		break;
	case HOMA_ACK:
		FUZZ_CHECK(h->ack.num <= HOMA_ACKS_MAX);
		break;
	}
}

/* Built from the fields, parsed and built again: nothing is lost. */
static void check_round_trip(const struct homa_hdr *h)
{
	u8 once[HOMA_HDR_BYTES_MAX], twice[HOMA_HDR_BYTES_MAX];
	u32 data_bytes = h->type == HOMA_DATA ? h->data.len : 0;
	struct homa_hdr again;
	u32 len;

	memset(once, 0x55, sizeof(once));
	memset(twice, 0xaa, sizeof(twice));
	len = homa_wire_build(once, h);
	FUZZ_CHECK(len >= h->hdr_len && len <= HOMA_HDR_BYTES_MAX);
	FUZZ_CHECK(!homa_wire_parse(&again, once, HOMA_HDR_BYTES_MAX,
				    len + data_bytes));
	check(&again, len + data_bytes);
	FUZZ_CHECK(again.type == h->type);
	FUZZ_CHECK(again.sender_id == h->sender_id);
	FUZZ_CHECK(again.sport == h->sport && again.dport == h->dport);
	FUZZ_CHECK(homa_wire_build(twice, &again) == len);
	FUZZ_CHECK(!memcmp(once, twice, len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u32 len = (u32)min_t(size_t, size, 65535);
	struct homa_hdr h, head;
	enum homa_reason reason;

	reason = homa_wire_parse(&h, data, len, len);
	if (reason != HOMA_REASON_NONE) {
		FUZZ_CHECK(reason <= HOMA_REASON_NO_DATA);
		return 0;
	}
	check(&h, len);
	check_round_trip(&h);

	/* Only the head of a packet is readable: the same result. */
	FUZZ_CHECK(!homa_wire_parse(&head, data,
				    min(len, HOMA_HDR_BYTES_MAX), len));
	check(&head, len);
	FUZZ_CHECK(head.sender_id == h.sender_id);

	/* GRO asks for less and finds the same. */
	if (len >= HOMA_DATA_HDR_BYTES)
		FUZZ_CHECK(homa_wire_is_part(data, len) ==
			   (h.type == HOMA_DATA &&
			    h.data.len < h.data.msg_len));
	return 0;
}
