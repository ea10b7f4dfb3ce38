// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Chance (splitmix64) and the queue of events (a binary heap by time, then by
 * order of insertion).
 */
#include <stdlib.h>

#include "sim.h"

u64 sim_random(struct sim *s)
{
	u64 z = s->random += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

u32 sim_below(struct sim *s, u32 n)
{
	return n ? (u32)((sim_random(s) >> 32) * n >> 32) : 0;
}

bool sim_chance(struct sim *s, u32 per_mille)
{
	return sim_below(s, 1000) < per_mille;
}

static bool before(const struct event *a, const struct event *b)
{
	return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->seq < b->seq);
}

void sim_push(struct sim *s, const struct event *e)
{
	u32 i = s->num_events++;
	u32 up;

	if (s->num_events > s->room_events) {
		s->room_events = 2 * s->room_events + 64;
		s->events = realloc(s->events,
				    s->room_events * sizeof(*s->events));
		if (!s->events)
			abort();
	}
	s->events[i] = *e;
	s->events[i].seq = s->event_seq++;
	for (; i; i = up) {
		up = (i - 1) / 2;
		if (!before(&s->events[i], &s->events[up]))
			break;
		swap(s->events[i], s->events[up]);
	}
}

bool sim_pop(struct sim *s, struct event *e)
{
	u32 i = 0;
	u32 down;

	if (!s->num_events)
		return false;
	*e = s->events[0];
	s->events[0] = s->events[--s->num_events];
	for (;;) {
		down = 2 * i + 1;
		if (down >= s->num_events)
			break;
		if (down + 1 < s->num_events &&
		    before(&s->events[down + 1], &s->events[down]))
			down++;
		if (!before(&s->events[down], &s->events[i]))
			break;
		swap(s->events[i], s->events[down]);
		i = down;
	}
	return true;
}
