// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The grantor against grant_model.c: the same commands in the same order, and
 * what must hold whatever the rules are (grant_world.c).
 *
 * items: F4 F5 F6 F7 F8
 */
#include "prop.h"
#include "grant_world.h"

#define STEPS	1500
#define MSGS	GRANT_MODEL_MSGS
#define PEERS	GRANT_MODEL_PEERS

static void holds(const char *wrong)
{
	if (wrong)
		prop_failed(__FILE__, __LINE__, wrong);
}

static void configure(struct prop *p, struct homa_config *cfg)
{
	static const struct homa_config defaults = HOMA_CONFIG_DEFAULTS;

	*cfg = defaults;
	cfg->max_overcommit = prop_range(p, 1, HOMA_OVERCOMMIT_MAX);
	if (prop_one_in(p, 2))
		cfg->max_incoming = prop_length(p, 2000000);
	if (prop_one_in(p, 2))
		cfg->window = prop_length(p, 1000000);
	if (prop_one_in(p, 4))
		cfg->fifo_grant_increment = prop_below(p, 200000);
	if (prop_one_in(p, 4))
		cfg->grant_fifo_fraction = prop_below(p, 501);
	cfg->max_incoming_set = prop_one_in(p, 2);
	cfg->num_priorities = (u8)prop_range(p, 1, HOMA_PRIORITIES_MAX);
	cfg->max_sched_prio = (u8)prop_below(p, cfg->num_priorities);
}

static void add(struct prop *p, struct grant_world *w, u32 i)
{
	u32 length = prop_length(p, HOMA_MSG_BYTES_MAX);
	u32 granted = prop_one_in(p, 4) ? prop_below(p, length + 1) :
					  min(length, w->cfg.unsched_bytes);
	u32 received = prop_one_in(p, 4) ? prop_below(p, length + 1) :
					   prop_below(p, granted + 1);
	u32 peer = prop_one_in(p, 2) ? 0 : prop_below(p, PEERS);

	holds(grant_world_add(w, i, peer, length, received, granted));
}

static void progress(struct prop *p, struct grant_world *w, u32 i)
{
	const struct homa_grantee *g = &w->msg[i];
	u32 received = g->length - g->remaining;

	if (prop_one_in(p, 10))
		received = prop_below(p, g->length + 10);	/* anything */
	else if (prop_one_in(p, 3))
		received = g->granted + prop_below(p, 1400);	/* overshoot */
	else
		received += prop_below(p, g->rec_incoming + 1);
	holds(grant_world_progress(w, i, received));
	while (g->state != HOMA_GRANTEE_IDLE && !prop_one_in(p, 4)) {
		u32 before = homa_grantee_received(g);
		u32 step = g->quiet > before ? g->quiet - before : 1000;

		/* Up to where it has something to say, or a little more. */
		holds(grant_world_again(w, i, before +
					prop_below(p, step + step / 4 + 2)));
	}
}

void prop_run(struct prop *p)
{
	u32 rate = prop_range(p, 2, 6);
	bool tuned = prop_one_in(p, 2);
	bool steady = prop_one_in(p, 2);
	struct homa_config cfg;
	struct grant_world w;
	u32 i;

	configure(p, &cfg);
	grant_world_init(&w, &cfg);
	while (prop_step(p, STEPS)) {
		w.now_ns += prop_below(p, 100000);
		i = prop_below(p, MSGS);
		if (!steady && prop_one_in(p, 50) &&
		    w.msg[i].state != HOMA_GRANTEE_IDLE) {
			configure(p, &w.cfg);
			/* An event without news: they apply from here. */
			holds(grant_world_progress(&w, i, 0));
		}
		/* What was found for a host changes, and is not known at first. */
		if (tuned && prop_one_in(p, 5))
			grant_world_tune(&w, i, !steady && prop_one_in(p, 4) ? 0 :
					 max(steady ? w.msg[i].tuned : 0,
					     prop_length(p, HOMA_MSG_BYTES_MAX)));
		if (prop_one_in(p, rate))
			add(p, &w, i);
		else if (prop_one_in(p, 20))
			holds(grant_world_remove(&w, i));
		else
			progress(p, &w, i);
	}
	holds(grant_world_end(&w));
}
