// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * What the command homa reads: the first byte says what the rest is. Attributes of
 * netlink, lines of tracefs, counters, rules of a firewall, quantities, parameters.
 */
#include <netlink/attr.h>
#include <string.h>

#include "fuzz.h"
#include "tools/homa/doctor.h"
#include "tools/homa/info.h"
#include "tools/homa/metrics.h"
#include "tools/homa/params.h"
#include "tools/homa/trace_line.h"
#include "tools/homa/units.h"
#include "tools/homa/waits.h"

static void attributes(u8 kind, const u8 *data, size_t size)
{
	/* libnl wants them aligned. */
	static u64 aligned[512];
	struct nlattr *attrs = (void *)aligned;
	struct info_sock sock = { 0 };
	struct info_rpc rpc = { 0 };
	struct info_peer peer = { 0 };
	struct info_param param = { 0 };
	char text[WAITS_MAX];

	if (size > sizeof(aligned))
		return;
	memcpy(aligned, data, size);
	switch (kind) {
	case 0:
		info_parse_sock(attrs, (int)size, &sock);
		break;
	case 1:
		if (info_parse_rpc(attrs, (int)size, &rpc))
			FUZZ_CHECK(strlen(waits_text(&rpc, text)) < WAITS_MAX);
		break;
	case 2:
		if (info_parse_peer(attrs, (int)size, &peer))
			FUZZ_CHECK(peer.num_cutoffs <= INFO_LEVELS);
		break;
	default:
		if (info_parse_param(attrs, (int)size, &param))
			FUZZ_CHECK(param.num_values && param.num_values <= INFO_LEVELS &&
				   strlen(param.name) < sizeof(param.name));
		break;
	}
}

static void lines(char *text)
{
	struct trace_event event, last;
	char words[TRACE_TEXT_MAX], *line;
	bool have = false;

	while ((line = strsep(&text, "\n"))) {
		if (!trace_parse(line, &event))
			continue;
		FUZZ_CHECK(*trace_text(&event, words));
		trace_shown(&event);
		if (have)
			trace_merge(&last, &event);
		last = event;
		have = true;
	}
}

static void counters(char *text, size_t size)
{
	struct metrics metrics;
	FILE *file = size ? fmemopen(text, size, "r") : NULL;

	if (!file)
		return;
	metrics_parse(file, &metrics);
	metrics_value(&metrics, "core");
	metrics_free(&metrics);
	fclose(file);
}

static void rules(const char *text)
{
	struct doctor d = { 0 };
	size_t i;

	doctor_ruleset(&d, text);
	FUZZ_CHECK(d.count);
	for (i = 0; i < d.count; i++) {
		free(d.findings[i].check);
		free(d.findings[i].what);
		free(d.findings[i].mend);
	}
	free(d.findings);
}

static void values(const char *text)
{
	struct info_param out, param = {
		.name = "timeout_ticks", .num_values = 1, .min = 2, .max = 4000,
	};
	char why[100], back[UNITS_MAX];
	uint64_t value;

	if (params_parse(&param, text, &out, why, sizeof(why)))
		FUZZ_CHECK(out.values[0] >= 2 && out.values[0] <= 4000);
	if (units_parse_bytes(text, &value))
		FUZZ_CHECK(strlen(units_bytes(value, back)) <= 8);
	if (units_parse_duration(text, &value))
		FUZZ_CHECK(strlen(units_duration(value, back)) <= 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = 0;
	switch (data[0] & 7) {
	case 4:
		lines(text);
		break;
	case 5:
		counters(text, size - 1);
		break;
	case 6:
		rules(text);
		break;
	case 7:
		values(text);
		break;
	default:
		attributes(data[0] & 3, data + 1, size - 1);
		break;
	}
	free(text);
	return 0;
}
