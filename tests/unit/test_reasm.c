// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Holes of one incoming message: sequences of packets and what they leave.
 *
 * items: E18 G6 W12
 */
#include "unit.h"
#include "core/reasm.h"

#define KEEP	HOMA_REASM_KEEP
#define PART	HOMA_REASM_PART
#define DUP	HOMA_REASM_DUPLICATE
#define BAD	HOMA_REASM_BAD
#define FULL	HOMA_REASM_FULL

struct step {
	u32 start, end;			/* offered */
	enum homa_reasm_code code;
	u32 got_start, got_end;		/* taken, for KEEP and PART */
};

static void play(struct homa_reasm *r, const struct step *steps, u32 n)
{
	u32 i, before;

	for (i = 0; i < n; i++) {
		struct homa_reasm_verdict v;

		before = homa_reasm_received(r);
		v = homa_reasm_add(r, steps[i].start, steps[i].end);
		assert_int_equal(v.code, steps[i].code);
		if (v.code != KEEP && v.code != PART) {
			assert_int_equal(homa_reasm_received(r), before);
			continue;
		}
		assert_int_equal(v.start, steps[i].got_start);
		assert_int_equal(v.end, steps[i].got_end);
		assert_int_equal(homa_reasm_received(r) - before,
				 v.end - v.start);
	}
}

#define PLAY(r, ...) do {						\
	static const struct step steps[] = { __VA_ARGS__ };		\
	play(r, steps, ARRAY_LEN(steps));				\
} while (0)

static void assert_gaps(const struct homa_reasm *r, const u32 (*gaps)[2],
			u32 n)
{
	u32 i;

	assert_int_equal(r->num_gaps, n);
	for (i = 0; i < n; i++) {
		assert_int_equal(r->gaps[i].start, gaps[i][0]);
		assert_int_equal(r->gaps[i].end, gaps[i][1]);
	}
}

#define GAPS(r, ...) do {						\
	static const u32 gaps[][2] = { __VA_ARGS__ };			\
	assert_gaps(r, gaps, ARRAY_LEN(gaps));				\
} while (0)

static void starts_empty(void **state)
{
	struct homa_reasm r;

	(void)state;
	homa_reasm_init(&r, 1000000);
	assert_int_equal(r.remaining, 1000000);
	assert_int_equal(r.recv_end, 0);
	assert_int_equal(r.num_gaps, 0);
	assert_int_equal(homa_reasm_received(&r), 0);
}

static void in_order(void **state)
{
	struct homa_reasm r;

	(void)state;
	homa_reasm_init(&r, 3000);
	PLAY(&r,
	     { 0, 1424, KEEP, 0, 1424 },
	     { 1424, 2848, KEEP, 1424, 2848 },
	     { 2848, 3000, KEEP, 2848, 3000 });
	assert_int_equal(r.remaining, 0);
	assert_int_equal(r.num_gaps, 0);
}

static void one_byte_message(void **state)
{
	struct homa_reasm r;

	(void)state;
	homa_reasm_init(&r, 1);
	PLAY(&r,
	     { 0, 0, BAD, 0, 0 },
	     { 1, 1, BAD, 0, 0 },
	     { 0, 2, BAD, 0, 0 },
	     { 1, 2, BAD, 0, 0 },
	     { 1, 0, BAD, 0, 0 },
	     { 0, 1, KEEP, 0, 1 },
	     { 0, 1, DUP, 0, 0 });
	assert_int_equal(r.remaining, 0);
}

static void outside_the_message(void **state)
{
	struct homa_reasm r;

	(void)state;
	homa_reasm_init(&r, 1000);
	PLAY(&r,
	     { 999, 1001, BAD, 0, 0 },
	     { 0, U32_MAX, BAD, 0, 0 },
	     { U32_MAX, U32_MAX, BAD, 0, 0 },
	     { U32_MAX, 0, BAD, 0, 0 },
	     { 500, 499, BAD, 0, 0 },
	     { 999, 1000, KEEP, 999, 1000 },
	     { 0, 1000, PART, 0, 999 });
	assert_int_equal(r.remaining, 0);
}

static void holes_open_shrink_split_close(void **state)
{
	struct homa_reasm r;

	(void)state;
	homa_reasm_init(&r, 1000);
	PLAY(&r, { 100, 200, KEEP, 100, 200 });
	GAPS(&r, { 0, 100 });
	PLAY(&r, { 500, 600, KEEP, 500, 600 });
	GAPS(&r, { 0, 100 }, { 200, 500 });
	PLAY(&r, { 200, 250, KEEP, 200, 250 });		/* front */
	GAPS(&r, { 0, 100 }, { 250, 500 });
	PLAY(&r, { 450, 500, KEEP, 450, 500 });		/* back */
	GAPS(&r, { 0, 100 }, { 250, 450 });
	PLAY(&r, { 300, 301, KEEP, 300, 301 });		/* middle */
	GAPS(&r, { 0, 100 }, { 250, 300 }, { 301, 450 });
	PLAY(&r, { 250, 300, KEEP, 250, 300 });		/* all of one */
	GAPS(&r, { 0, 100 }, { 301, 450 });
	PLAY(&r, { 301, 450, KEEP, 301, 450 });
	PLAY(&r, { 0, 100, KEEP, 0, 100 });
	assert_int_equal(r.num_gaps, 0);
	assert_int_equal(r.recv_end, 600);
	assert_int_equal(r.remaining, 400);
	PLAY(&r, { 600, 1000, KEEP, 600, 1000 });
	assert_int_equal(r.remaining, 0);
}

static void duplicates(void **state)
{
	struct homa_reasm r;

	(void)state;
	homa_reasm_init(&r, 1000);
	PLAY(&r,
	     { 0, 100, KEEP, 0, 100 },
	     { 0, 100, DUP, 0, 0 },
	     { 50, 60, DUP, 0, 0 },
	     { 99, 100, DUP, 0, 0 },
	     { 200, 300, KEEP, 200, 300 },
	     { 200, 300, DUP, 0, 0 },
	     { 0, 100, DUP, 0, 0 },
	     { 299, 300, DUP, 0, 0 });
	GAPS(&r, { 100, 200 });
}

/* A sender that cut the message differently the second time (wire §7.4). */
static void partial_overlap(void **state)
{
	struct homa_reasm r;

	(void)state;
	homa_reasm_init(&r, 1000);
	PLAY(&r,
	     { 0, 100, KEEP, 0, 100 },
	     { 50, 150, PART, 100, 150 },	/* on top */
	     { 300, 400, KEEP, 300, 400 },
	     { 140, 160, PART, 150, 160 },	/* into a hole from below */
	     { 290, 310, PART, 290, 300 },	/* into a hole from above */
	     { 100, 350, PART, 160, 290 },	/* around a hole */
	     { 350, 450, PART, 400, 450 });
	assert_int_equal(r.num_gaps, 0);
	assert_int_equal(r.recv_end, 450);
}

/* One packet over several holes: called again until nothing is left. */
static void spans_several_holes(void **state)
{
	struct homa_reasm r;

	(void)state;
	homa_reasm_init(&r, 1000);
	PLAY(&r,
	     { 100, 200, KEEP, 100, 200 },
	     { 300, 400, KEEP, 300, 400 },
	     { 500, 600, KEEP, 500, 600 },
	     { 0, 1000, PART, 0, 100 },
	     { 100, 1000, PART, 200, 300 },
	     { 300, 1000, PART, 400, 500 },
	     { 500, 1000, PART, 600, 1000 },
	     { 999, 1000, DUP, 0, 0 });
	assert_int_equal(r.remaining, 0);
	assert_int_equal(r.num_gaps, 0);
}

/* The second hole is last: the rest behind it is a duplicate. */
static void ends_in_received_bytes(void **state)
{
	struct homa_reasm r;

	(void)state;
	homa_reasm_init(&r, 1000);
	PLAY(&r,
	     { 100, 200, KEEP, 100, 200 },
	     { 50, 150, PART, 50, 100 },
	     { 100, 150, DUP, 0, 0 });
	GAPS(&r, { 0, 50 });
}

/* Every second byte, as far as the bound on holes allows. */
static void too_many_holes(void **state)
{
	struct homa_reasm_verdict v;
	struct homa_reasm r;
	u32 i, last;

	(void)state;
	homa_reasm_init(&r, HOMA_MSG_BYTES_MAX);
	for (i = 0; i < HOMA_GAPS_MAX; i++) {
		v = homa_reasm_add(&r, 2 * i + 1, 2 * i + 2);
		assert_int_equal(v.code, KEEP);
		assert_int_equal(r.num_gaps, i + 1);
	}
	last = 2 * HOMA_GAPS_MAX;

	/* One more hole above everything does not fit; extending does. */
	v = homa_reasm_add(&r, last + 1, last + 2);
	assert_int_equal(v.code, FULL);
	assert_int_equal(r.recv_end, last);
	assert_int_equal(homa_reasm_received(&r), HOMA_GAPS_MAX);
	v = homa_reasm_add(&r, last, last + 10);
	assert_int_equal(v.code, KEEP);

	/* Filling a hole makes room for exactly one. */
	v = homa_reasm_add(&r, 2, 3);
	assert_int_equal(v.code, KEEP);
	assert_int_equal(r.num_gaps, HOMA_GAPS_MAX - 1);
	v = homa_reasm_add(&r, last + 20, last + 30);
	assert_int_equal(v.code, KEEP);
	assert_int_equal(r.num_gaps, HOMA_GAPS_MAX);

	/* Splitting one is refused, shortening it is not. */
	v = homa_reasm_add(&r, last + 14, last + 16);
	assert_int_equal(v.code, FULL);
	assert_int_equal(r.num_gaps, HOMA_GAPS_MAX);
	v = homa_reasm_add(&r, last + 10, last + 16);
	assert_int_equal(v.code, KEEP);
	assert_int_equal(r.gaps[HOMA_GAPS_MAX - 1].start, last + 16);
	assert_int_equal(r.gaps[HOMA_GAPS_MAX - 1].end, last + 20);
}

static void missing_ranges(void **state)
{
	static const struct {
		u32 from, limit;
		bool found;
		u32 start, end;
	} cases[] = {
		{ 0, 1000, true, 100, 200 },
		{ 100, 1000, true, 100, 200 },
		{ 150, 1000, true, 150, 200 },
		{ 199, 1000, true, 199, 200 },
		{ 200, 1000, true, 300, 400 },
		{ 0, 100, false, 0, 0 },
		{ 0, 101, true, 100, 101 },
		{ 150, 160, true, 150, 160 },
		{ 200, 300, false, 0, 0 },
		{ 200, 301, true, 300, 301 },
		{ 400, 1000, true, 500, 1000 },		/* the tail */
		{ 400, 500, false, 0, 0 },
		{ 400, 501, true, 500, 501 },
		{ 700, 1000, true, 700, 1000 },
		{ 1000, 1000, false, 0, 0 },
		{ 0, 0, false, 0, 0 },
		{ 700, U32_MAX, true, 700, 1000 },	/* not past the end */
		{ U32_MAX, U32_MAX, false, 0, 0 },
		{ 900, 800, false, 0, 0 },
	};
	struct homa_reasm r;
	u32 start, end, i;

	(void)state;
	homa_reasm_init(&r, 1000);
	PLAY(&r,
	     { 0, 100, KEEP, 0, 100 },
	     { 200, 300, KEEP, 200, 300 },
	     { 400, 500, KEEP, 400, 500 });
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(homa_reasm_missing(&r, cases[i].from,
						    cases[i].limit, &start,
						    &end), cases[i].found);
		if (cases[i].found) {
			assert_int_equal(start, cases[i].start);
			assert_int_equal(end, cases[i].end);
		}
	}
}

static void nothing_missing_when_complete(void **state)
{
	struct homa_reasm r;
	u32 start, end;

	(void)state;
	homa_reasm_init(&r, 10);
	assert_true(homa_reasm_missing(&r, 0, 10, &start, &end));
	assert_int_equal(start, 0);
	assert_int_equal(end, 10);
	PLAY(&r, { 0, 10, KEEP, 0, 10 });
	assert_false(homa_reasm_missing(&r, 0, 10, &start, &end));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_empty),
		cmocka_unit_test(in_order),
		cmocka_unit_test(one_byte_message),
		cmocka_unit_test(outside_the_message),
		cmocka_unit_test(holes_open_shrink_split_close),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(partial_overlap),
		cmocka_unit_test(spans_several_holes),
		cmocka_unit_test(ends_in_received_bytes),
		cmocka_unit_test(too_many_holes),
		cmocka_unit_test(missing_ranges),
		cmocka_unit_test(nothing_missing_when_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
