// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Reassembly against one flag per byte.
 *
 * items: E18 G6
 */
#include "prop.h"
#include "reasm_model.h"

#define STEPS 400

/* How a run's packets are made. */
struct style {
	u32 length;	/* of the message */
	u32 seg;	/* bytes in a regular packet */
	u32 odd;	/* one in so many packets is irregular */
	bool sparse;	/* every second byte, to fill the list of holes */
};

/* A packet of a sender that cuts differently, or of a hostile one. */
static void irregular(struct prop *p, const struct style *s, u32 *start,
		      u32 *end)
{
	switch (prop_below(p, 10)) {
	case 0:
		*start = (u32)prop_u64(p);
		*end = (u32)prop_u64(p);
		return;
	case 1:
		*start = prop_below(p, s->length + 2);
		*end = prop_below(p, s->length + 2);
		return;
	case 2:
		*start = prop_one_in(p, 2) ? 0 : prop_below(p, s->length);
		*end = s->length;
		return;
	case 3:
	case 4:
		*start = prop_below(p, s->length);
		*end = *start + 1;
		return;
	default:
		*start = prop_below(p, s->length);
		*end = min(*start + prop_range(p, 1, 3 * s->seg), s->length);
	}
}

static void choose(struct prop *p, const struct style *s, u32 *start, u32 *end)
{
	if (prop_one_in(p, s->odd)) {
		irregular(p, s, start, end);
	} else if (s->sparse) {
		*start = 2 * prop_below(p, s->length / 2 + 1);
		*end = *start + 1;
	} else {
		*start = prop_below(p, s->length) / s->seg * s->seg;
		*end = min(*start + s->seg, s->length);
	}
}

static void check(struct prop *p, const struct reasm_model *m)
{
	PROP_CHECK(!reasm_model_check(m, prop_below(p, m->r.length + 2)));
	PROP_CHECK(!reasm_model_check(m, m->r.length));
	PROP_CHECK(!reasm_model_check(m, prop_one_in(p, 2) ? U32_MAX :
					 m->r.length + 1));
}

void prop_run(struct prop *p)
{
	static struct reasm_model m;
	struct style s;
	u32 start, end;

	s.length = prop_length(p, 4000);
	s.seg = prop_length(p, max(s.length / 50, 1u));
	s.odd = prop_length(p, 200);
	s.sparse = prop_one_in(p, 3);
	reasm_model_init(&m, s.length);
	while (prop_step(p, STEPS)) {
		choose(p, &s, &start, &end);
		PROP_CHECK(!reasm_model_offer(&m, start, end));
		check(p, &m);
	}

	/* Asking for what is missing, and getting it, completes the message. */
	while (homa_reasm_missing(&m.r, 0, s.length, &start, &end)) {
		PROP_CHECK(!reasm_model_offer(&m, start,
					      min(end, start + s.seg)));
		check(p, &m);
	}
	PROP_CHECK(!m.r.remaining);
}
