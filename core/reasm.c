// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The list of holes of one incoming message (protocol §3).
 */
#include "reasm.h"

void homa_reasm_init(struct homa_reasm *r, u32 length)
{
	r->length = length;
	r->recv_end = 0;
	r->remaining = length;
	r->num_gaps = 0;
}

static struct homa_reasm_verdict verdict(enum homa_reasm_code code, u32 start,
					 u32 end)
{
	struct homa_reasm_verdict v = {
		.code = code,
		.start = start,
		.end = end,
	};

	return v;
}

static void remove_gap(struct homa_reasm *r, u32 i)
{
	r->num_gaps--;
	memmove(&r->gaps[i], &r->gaps[i + 1],
		(r->num_gaps - i) * sizeof(r->gaps[0]));
}

static bool insert_gap(struct homa_reasm *r, u32 i, u32 start, u32 end)
{
	if (r->num_gaps == HOMA_GAPS_MAX)
		return false;
	memmove(&r->gaps[i + 1], &r->gaps[i],
		(r->num_gaps - i) * sizeof(r->gaps[0]));
	r->gaps[i].start = start;
	r->gaps[i].end = end;
	r->num_gaps++;
	return true;
}

/* Take [start, end), which lies inside gap @i, out of it. */
static bool fill_gap(struct homa_reasm *r, u32 i, u32 start, u32 end)
{
	struct homa_gap *gap = &r->gaps[i];

	if (start == gap->start && end == gap->end)
		remove_gap(r, i);
	else if (start == gap->start)
		gap->start = end;
	else if (end == gap->end)
		gap->end = start;
	else if (insert_gap(r, i, gap->start, start))
		r->gaps[i + 1].start = end;
	else
		return false;
	return true;
}

/* Take [start, end) that begins at or above everything received. */
static bool extend(struct homa_reasm *r, u32 start, u32 end)
{
	if (start > r->recv_end &&
	    !insert_gap(r, r->num_gaps, r->recv_end, start))
		return false;
	r->recv_end = end;
	return true;
}

struct homa_reasm_verdict homa_reasm_add(struct homa_reasm *r, u32 start,
					 u32 end)
{
	u32 from, to, i;
	bool taken;

	if (start >= end || end > r->length)
		return verdict(HOMA_REASM_BAD, start, end);

	/* The first missing run at or behind start: in a hole or on top. */
	i = r->num_gaps;
	if (start < r->recv_end)
		for (i = 0; i < r->num_gaps && r->gaps[i].end <= start; i++)
			;
	if (i < r->num_gaps) {
		from = max(start, r->gaps[i].start);
		to = min(end, r->gaps[i].end);
	} else {
		from = max(start, r->recv_end);
		to = end;
	}
	if (from >= to)
		return verdict(HOMA_REASM_DUPLICATE, start, end);

	taken = i < r->num_gaps ? fill_gap(r, i, from, to) :
				  extend(r, from, to);
	if (!taken)
		return verdict(HOMA_REASM_FULL, from, to);
	r->remaining -= to - from;
	return verdict(from == start && to == end ? HOMA_REASM_KEEP :
						    HOMA_REASM_PART, from, to);
}

bool homa_reasm_missing(const struct homa_reasm *r, u32 from, u32 limit,
			u32 *start, u32 *end)
{
	u32 i;

	limit = min(limit, r->length);
	for (i = 0; i < r->num_gaps; i++) {
		*start = max(from, r->gaps[i].start);
		*end = min(limit, r->gaps[i].end);
		if (*start < *end)
			return true;
	}
	*start = max(from, r->recv_end);
	*end = limit;
	return *start < *end;
}
