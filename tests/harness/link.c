// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The network: loses, doubles, delays and thereby reorders packets.
 */
#include <stdlib.h>

#include "sim.h"

static void deliver(struct sim *s, u32 from, u32 to, const struct packet *p)
{
	const struct faults *f = &s->faults;
	struct event e = {
		.kind = EV_PACKET,
		.host = to,
		.peer = from,
	};

	e.at_ns = s->now_ns + f->delay_us * US_NS +
		  sim_below(s, f->jitter_us * 1000 + 1);
	e.packet = malloc(sizeof(*p));
	if (!e.packet)
		abort();
	*e.packet = *p;
	sim_push(s, &e);
}

void link_send(struct sim *s, u32 from, u32 to, const struct packet *p)
{
	const struct faults *f = &s->faults;

	s->packets++;
	if (sim_chance(s, f->loss) ||
	    (f->blackout_ns && s->now_ns >= f->blackout_ns)) {
		s->lost++;
		sim_log(s, "%u>%u lost", from, to);
		return;
	}
	deliver(s, from, to, p);
	if (sim_chance(s, f->duplicate))
		deliver(s, from, to, p);
}
