// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * run_send.c - the `send` statement
 */
#include "run.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Fields of a flow are kept under their DATA index: translate by name. */
static void apply_flow(struct drill_spec *spec, const struct flow *flow)
{
	int i;

	for (i = 0; i < drill_field_count; i++)
		if (flow->set[i])
			drill_spec_set(spec, drill_fields[i].name,
				       flow->value[i]);
}

static int hex_digit(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
					  : -1;
}

/* Hex digits, blanks allowed. Return: bytes, or -1. */
static int parse_hex(const char *text, uint8_t *out, size_t size)
{
	size_t n = 0;

	while (*text) {
		int high, low;

		if (*text == ' ') {
			text++;
			continue;
		}
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0 || n == size)
			return -1;
		out[n++] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return (int)n;
}

static bool apply_args(struct run *run, const struct stmt *s,
		       struct drill_spec *spec, uint8_t *hex, size_t hex_size)
{
	const struct arg *arg;
	int64_t value;
	int n;

	for (arg = s->args; arg; arg = arg->next) {
		if (!strcmp(arg->name, "hex")) {
			n = parse_hex(arg->text ? arg->text : "x", hex,
				      hex_size);
			if (n < 0)
				return report_failure(run, s, "bad hex digits");
			spec->hex = hex;
			spec->hex_len = (size_t)n;
			continue;
		}
		if (!*arg->name || !strcmp(arg->name, "mss"))
			continue;
		if (!arg->low)
			return report_failure(run, s, "%s has no value",
					      arg->name);
		if (!run_eval(run, s, arg->low, &value))
			return false;
		drill_spec_set(spec, arg->name, (uint64_t)value);
	}
	return true;
}

static bool send_one(struct run *run, const struct stmt *s,
		     const struct drill_spec *spec)
{
	struct drill_frames frames;
	struct drill_pkt pkt;
	const char *why;
	bool ok = true;
	int i;

	drill_build(spec, &frames);
	if (!frames.count)
		return report_failure(run, s, "%s", frames.why);
	for (i = 0; i < frames.count && ok; i++) {
		run->last_ns = now_ns();
		ok = link_send(&run->link, frames.data[i], frames.len[i]);
		if (drill_pkt_decode(frames.data[i], frames.len[i], &pkt,
				     &why) != DRILL_PKT_OTHER) {
			pkt.ts_ns = run->last_ns;
			report_packet(run, &pkt, *why ? "> (malformed)" : ">");
		}
		if (!ok)
			report_failure(run, s, "cannot send: %m");
	}
	drill_frames_free(&frames);
	return ok;
}

static bool send_range(struct run *run, const struct stmt *s,
		       struct drill_spec *spec)
{
	const struct arg *range = stmt_arg(s, "");
	int64_t low, high, mss = 0;

	vars_get(&run->vars, "mss", &mss);
	if (!run_eval(run, s, range->low, &low) ||
	    !run_eval(run, s, range->high, &high) ||
	    !run_arg(run, s, "mss", &mss))
		return false;
	if (mss <= 0)
		return report_failure(run, s, "mss must be positive");
	drill_spec_set(spec, "msglen", (uint64_t)high);
	/* Once more, for msglen may have been given. */
	if (!apply_args(run, s, spec, NULL, 0))
		return false;
	while (low < high) {
		int64_t len = high - low < mss ? high - low : mss;

		drill_spec_set(spec, "offset", (uint64_t)low);
		drill_spec_set(spec, "len", (uint64_t)len);
		if (!send_one(run, s, spec))
			return false;
		low += len;
	}
	return true;
}

/**
 * run_send() - send a packet, or the packets of a range of a message
 * @run: the run
 * @s: the statement
 *
 * Return: true on success.
 */
bool run_send(struct run *run, const struct stmt *s)
{
	const char *type_name = s->word[s->words - 1];
	const struct flow *flow = NULL;
	struct drill_spec spec = { 0 };
	uint8_t hex[2048];
	bool data;

	data = !strcmp(type_name, "data");
	spec.type = data ? DRILL_DATA : drill_type_find(type_name);
	spec.ip_version = run->config->ip_version;
	spec.from = run->config->self;
	spec.to = run->config->host;
	memcpy(spec.src_mac, run->link.mac, 6);
	memcpy(spec.dst_mac, run->host_mac, 6);
	if (s->words == 2) {
		flow = run_flow(run, s->word[0]);
		if (!flow)
			return report_failure(run, s, "there is no flow %s",
					      s->word[0]);
		apply_flow(&spec, flow);
	}
	if (run->quote.ip)
		spec.quote = &run->quote;
	if (!apply_args(run, s, &spec, hex, sizeof(hex)))
		return false;
	if (data)
		return send_range(run, s, &spec);
	return send_one(run, s, &spec);
}
