// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * print.c - packets as one line of text, and the check of sender rules
 */
#include "pkt.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
	char *buf;
	size_t size;
	size_t len;
};

__attribute__((format(printf, 2, 3)))
static void add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->buf + t->len, t->size - t->len, format, args);
	va_end(args);
	if (n > 0)
		t->len += (size_t)n;
	if (t->len >= t->size)
		t->len = t->size - 1;
}

static void add_host(struct text *t, const struct drill_pkt *pkt,
		     const uint8_t *addr)
{
	char host[INET6_ADDRSTRLEN];

	inet_ntop(pkt->ip_version == 4 ? AF_INET : AF_INET6, addr, host,
		  sizeof(host));
	add(t, "%s", host);
}

static bool is_dull(const char *name, uint64_t value)
{
	static const char * const always[] = { "sport", "dport", "type" };
	size_t i;

	/* Values that every good packet has say nothing. */
	if (!strcmp(name, "flags"))
		return value == 0x06;
	if (!strcmp(name, "urg"))
		return value == 0xb97d;
	if (!strcmp(name, "doff"))
		return value == 0x50 || value == 0xe0 || value == 0xd0;
	if (!strcmp(name, "csum"))
		return true;
	for (i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (!strcmp(name, always[i]))
			return true;
	if (!value)
		return !strcmp(name, "ack24") || !strcmp(name, "window") ||
		       !strcmp(name, "pad") || !strcmp(name, "seq") ||
		       !strcmp(name, "retransmit") || !strncmp(name, "ack", 3);
	return false;
}

static void add_headers(struct text *t, const struct drill_pkt *pkt)
{
	uint64_t offset = 0, value;
	int i;

	if (pkt->type == DRILL_DATA) {
		offset = drill_pkt_offset(pkt);
		add(t, " offset=%llu len=%zu", (unsigned long long)offset,
		    pkt->data_len);
	}
	for (i = 0; i < drill_field_count; i++) {
		const struct drill_field *f = &drill_fields[i];

		if (f->kind != FIELD_HEADER || !drill_pkt_get(pkt, i, &value) ||
		    is_dull(f->name, value))
			continue;
		if (pkt->type == DRILL_DATA && value == offset &&
		    (!strcmp(f->name, "seq") || !strcmp(f->name, "segoff")))
			continue;
		if (f->width == 4 && value == 0xffffffffu)
			add(t, " %s=-1", f->name);
		else
			add(t, " %s=%llu", f->name, (unsigned long long)value);
	}
}

/**
 * drill_pkt_print() - describe a packet in one line
 * @pkt: a decoded packet
 * @buf: where to put the text
 * @size: bytes in @buf
 *
 * Fields that have the value which every packet has are left out.
 */
void drill_pkt_print(const struct drill_pkt *pkt, char *buf, size_t size)
{
	static const char * const kinds[] = {
		"other", "port", "proto", "host", "toobig"
	};
	struct text t = { buf, size, 0 };
	bool ports;

	ports = pkt->type != DRILL_RAW && pkt->type != DRILL_ICMP;
	add_host(&t, pkt, pkt->src);
	if (ports)
		add(&t, ".%u", (unsigned int)drill_get_be(pkt->homa, 2));
	add(&t, " > ");
	add_host(&t, pkt, pkt->dst);
	if (ports)
		add(&t, ".%u", (unsigned int)drill_get_be(pkt->homa + 2, 2));
	add(&t, " %s", pkt->fragment ? "FRAGMENT" : drill_type_name(pkt->type));
	if (pkt->type == DRILL_ICMP) {
		add(&t, " kind=%s (%u/%u)", kinds[pkt->icmp_kind],
		    pkt->icmp_type, pkt->icmp_code);
		if (pkt->homa && pkt->homa_len >= 28)
			add(&t, " quotes %u > %u %s id=%llu",
			    (unsigned int)drill_get_be(pkt->homa, 2),
			    (unsigned int)drill_get_be(pkt->homa + 2, 2),
			    drill_type_name(pkt->homa[11]),
			    (unsigned long long)drill_get_be(pkt->homa + 20,
							     8));
	} else if (!pkt->fragment) {
		add_headers(&t, pkt);
	}
	add(&t, " tos=0x%02x", pkt->tos);
	if (pkt->proto == IPPROTO_TCP)
		add(&t, " hijacked");
}

#define FAIL_IF(cond, ...)				\
	do {						\
		if (cond) {				\
			snprintf(why, size, __VA_ARGS__);	\
			return false;			\
		}					\
	} while (0)

static bool lint_data(const struct drill_pkt *pkt, char *why, size_t size)
{
	const uint8_t *p = pkt->homa;
	uint64_t length = drill_get_be(p + 28, 4);
	uint64_t offset = drill_pkt_offset(pkt);

	FAIL_IF(p[12] != 0xe0 && p[12] != 0xd0, "doff 0x%02x (wire §5)", p[12]);
	FAIL_IF(!length || length > 1000000, "message length (wire §6.1)");
	FAIL_IF(!pkt->data_len, "DATA without data");
	FAIL_IF(offset + pkt->data_len > length, "data beyond the message");
	FAIL_IF(drill_get_be(p + 32, 4) > length,
		"incoming is more than the message");
	FAIL_IF(p[48] > 1, "retransmit byte %u", p[48]);
	/* A client may say in the first byte how much of the response it wants unasked
	 * (docs/decisions/0036-incast.md).
	 */
	FAIL_IF(drill_get_be(p + 50, 2), "padding is not zero (wire §6.1)");
	FAIL_IF(p[49] && p[27] & 1, "a response limits a response (decision 36)");
	FAIL_IF(drill_get_be(p + 36, 8) & 1, "odd id in an ack (wire §3)");
	FAIL_IF(!drill_get_be(p + 36, 8) && drill_get_be(p + 44, 2),
		"port in an unused ack");
	/* wire §7 rule 2, conformance W7 */
	FAIL_IF(drill_get_be(p + 52, 4) == DRILL_OFFSET_IN_SEQ,
		"no explicit segment offset (wire §7)");
	FAIL_IF(p[12] == 0xe0 && drill_get_be(p + 4, 4) != offset,
		"sequence differs from the offset (wire §7)");
	return true;
}

static bool lint_control(const struct drill_pkt *pkt, char *why, size_t size)
{
	const uint8_t *p = pkt->homa;
	size_t i, count;

	FAIL_IF(pkt->homa_len != drill_header_len(pkt->type),
		"%zu bytes instead of %zu (wire §5)", pkt->homa_len,
		drill_header_len(pkt->type));
	FAIL_IF(p[12] != 0x50, "doff 0x%02x (wire §5)", p[12]);
	FAIL_IF(drill_get_be(p + 4, 4), "sequence is not zero (wire §4)");
	FAIL_IF(pkt->tos != 0xe0,
		"control packet with tos 0x%02x (wire §9)", pkt->tos);
	if (pkt->type == DRILL_GRANT)
		FAIL_IF(p[32] > 7, "priority %u", p[32]);
	if (pkt->type == DRILL_RESEND)
		FAIL_IF(p[36] > 7, "priority %u", p[36]);
	if (pkt->type != DRILL_ACK)
		return true;
	count = drill_get_be(p + 28, 2);
	FAIL_IF(count > 5, "%zu acks (wire §6.9)", count);
	for (i = 0; i < 5; i++) {
		uint64_t id = drill_get_be(p + 30 + 10 * i, 8);
		uint64_t port = drill_get_be(p + 38 + 10 * i, 2);

		FAIL_IF(i < count && (!id || id & 1),
			"bad id in ack %zu (wire §3)", i);
		FAIL_IF(i < count && !port, "no port in ack %zu", i);
		FAIL_IF(i >= count && (id || port),
			"unused ack %zu is not zero (wire §6.9)", i);
	}
	return true;
}

/**
 * drill_pkt_lint() - check a packet against the rules for senders
 * @pkt: a decoded packet that the host under test sent
 * @why: where to say what is wrong
 * @size: bytes in @why
 *
 * These rules hold for every packet whatever the conversation is, so each
 * packet of each script is checked: sizes, constant and reserved fields,
 * priority bits, DF, path MTU (wire §1, §4, §5, §6, §9).
 *
 * Return: true if the packet obeys all.
 */
bool drill_pkt_lint(const struct drill_pkt *pkt, char *why, size_t size)
{
	const uint8_t *p = pkt->homa;

	if (pkt->type == DRILL_ICMP)
		return true;
	FAIL_IF(pkt->fragment, "fragmented (wire §1)");
	FAIL_IF(pkt->ip_version == 4 && !pkt->df, "DF is not set (wire §1)");
	FAIL_IF(pkt->ip_version == 4 && (pkt->ip[0] & 15) != 5,
		"IPv4 options (wire §1)");
	FAIL_IF(pkt->ip_len > 1500, "%zu bytes exceed the MTU", pkt->ip_len);
	FAIL_IF(pkt->tos & 0x1f, "low bits of tos 0x%02x (wire §9)", pkt->tos);
	FAIL_IF(pkt->type == DRILL_RAW, "unknown type");
	FAIL_IF(!drill_get_be(p, 2), "source port 0 (wire §2)");
	FAIL_IF(!drill_get_be(p + 2, 2) && pkt->type != DRILL_FREEZE,
		"destination port 0 (wire §2)");
	FAIL_IF(drill_get_be(p + 8, 3), "ack bytes are not zero (wire §4)");
	FAIL_IF(p[13] != 0x06, "flags 0x%02x (wire §4)", p[13]);
	FAIL_IF(drill_get_be(p + 14, 2), "window is not zero (wire §4)");
	FAIL_IF(drill_get_be(p + 18, 2) != 0xb97d, "urgent mark (wire §4)");
	if (pkt->type == DRILL_DATA)
		return lint_data(pkt, why, size);
	return lint_control(pkt, why, size);
}
