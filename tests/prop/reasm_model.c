// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The naive reassembly.
 */
#include "reasm_model.h"

/* Leave the function with what is wrong. */
#define REQUIRE(condition) do {						\
	if (!(condition))						\
		return #condition;					\
} while (0)

void reasm_model_init(struct reasm_model *m, u32 length)
{
	/* Old contents of the gaps must not matter. */
	memset(m, 0xa5, sizeof(*m));
	memset(m->got, 0, sizeof(m->got));
	homa_reasm_init(&m->r, length);
}

static u32 top(const struct reasm_model *m)
{
	u32 end = m->r.length;

	while (end && !m->got[end - 1])
		end--;
	return end;
}

/* Holes that the message would have with [start, end) received. */
static u32 holes_with(const struct reasm_model *m, u32 start, u32 end)
{
	u32 highest = max(top(m), end);
	bool before = true;
	u32 holes = 0;
	u32 i;

	for (i = 0; i < highest; i++) {
		bool have = m->got[i] || (i >= start && i < end);

		holes += before && !have;
		before = have;
	}
	return holes;
}

const char *reasm_model_offer(struct reasm_model *m, u32 start, u32 end)
{
	struct homa_reasm_verdict v;
	u32 from, to;

	for (;;) {
		v = homa_reasm_add(&m->r, start, end);
		if (start >= end || end > m->r.length) {
			REQUIRE(v.code == HOMA_REASM_BAD);
			return NULL;
		}

		/* The first run of new bytes. */
		from = start;
		while (from < end && m->got[from])
			from++;
		to = from;
		while (to < end && !m->got[to])
			to++;
		if (from == end) {
			REQUIRE(v.code == HOMA_REASM_DUPLICATE);
			return NULL;
		}
		/* Counting them all is slow; one run adds one hole at most. */
		if (m->r.num_gaps == HOMA_GAPS_MAX &&
		    holes_with(m, from, to) > HOMA_GAPS_MAX) {
			REQUIRE(v.code == HOMA_REASM_FULL);
			return NULL;
		}
		REQUIRE(v.code == (from == start && to == end ?
				   HOMA_REASM_KEEP : HOMA_REASM_PART));
		REQUIRE(v.start == from && v.end == to);
		memset(m->got + from, 1, to - from);
		if (to == end)
			return NULL;
		start = to;
	}
}

static const char *check_missing(const struct reasm_model *m, u32 limit)
{
	u32 top_of_all = min(limit, m->r.length);
	u32 start, end, i, from = 0;

	while (homa_reasm_missing(&m->r, from, limit, &start, &end)) {
		REQUIRE(start >= from && start < end && end <= top_of_all);
		for (i = from; i < start; i++)
			REQUIRE(m->got[i]);
		for (i = start; i < end; i++)
			REQUIRE(!m->got[i]);
		/* All of the run, unless the limit cuts it. */
		REQUIRE(end == top_of_all || m->got[end]);
		from = end;
	}
	for (i = from; i < top_of_all; i++)
		REQUIRE(m->got[i]);
	return NULL;
}

const char *reasm_model_check(const struct reasm_model *m, u32 limit)
{
	const struct homa_reasm *r = &m->r;
	u32 received = 0;
	u32 end = 0;
	u32 i;

	for (i = 0; i < r->length; i++)
		received += m->got[i];
	REQUIRE(homa_reasm_received(r) == received);
	REQUIRE(r->recv_end == top(m));
	REQUIRE(r->num_gaps <= HOMA_GAPS_MAX);
	REQUIRE(r->num_gaps == holes_with(m, 0, 0));
	for (i = 0; i < r->num_gaps; i++) {
		REQUIRE(!i || r->gaps[i].start > end);
		REQUIRE(r->gaps[i].start < r->gaps[i].end);
		end = r->gaps[i].end;
		REQUIRE(end < r->recv_end);
	}
	return check_missing(m, limit);
}
