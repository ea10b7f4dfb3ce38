// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Hosts that announce much, take all GRANTs that they can get and send nothing, or a few
 * bytes now and then: messages of another host go on, and it takes them a bounded
 * number of GRANTs (docs/decisions/0086-room-for-each-host.md).
 *
 * items: F4 F7 H6
 */
#include "prop.h"
#include "grant_world.h"

#define ROUNDS	4
#define HONEST	(GRANT_MODEL_PEERS - 1)
#define MESSAGE	(GRANT_MODEL_MSGS - 1)

static void holds(const char *wrong)
{
	if (wrong)
		prop_failed(__FILE__, __LINE__, wrong);
}

static void configure(struct prop *p, struct homa_config *cfg, u32 num_hostile)
{
	static const struct homa_config defaults = HOMA_CONFIG_DEFAULTS;

	*cfg = defaults;
	/* Slots are for each host that waits; one needs more of them than there are others. */
	cfg->max_overcommit = prop_range(p, num_hostile + 1,
					 HOMA_OVERCOMMIT_MAX);
	if (prop_one_in(p, 2))
		cfg->max_incoming = prop_range(p, 10000, 2000000);
	if (prop_one_in(p, 3))
		cfg->window = prop_range(p, 5000, 1000000);
	cfg->max_incoming_set = prop_one_in(p, 2);
	/* What the oldest gets is beyond the room: one host leaves a quarter even so. */
	if (num_hostile > 1 || prop_one_in(p, 3))
		cfg->grant_fifo_fraction = 0;
}

/* One of them does what it likes. */
static void mischief(struct prop *p, struct grant_world *w, u32 num_hostile)
{
	u32 i = prop_below(p, MESSAGE);
	const struct homa_grantee *g = &w->msg[i];
	u32 length, granted;

	if (g->state == HOMA_GRANTEE_IDLE) {
		length = prop_one_in(p, 2) ? HOMA_MSG_BYTES_MAX :
					     prop_length(p, HOMA_MSG_BYTES_MAX);
		granted = prop_one_in(p, 2) ? length - 1 :
					      prop_below(p, length);
		holds(grant_world_add(w, i, prop_below(p, num_hostile), length,
				      prop_one_in(p, 2), granted));
	} else if (prop_one_in(p, 8)) {
		holds(grant_world_progress(w, i, homa_grantee_received(g) +
					   prop_below(p, 100)));
	} else if (prop_one_in(p, 8)) {
		holds(grant_world_remove(w, i));
	}
}

/*
 * What the honest one is granted at least, as long as there are others: the part of the room
 * that each of them leaves is half of what it found, but for a quarter of all of it.
 */
static u32 part(const struct homa_config *cfg, u32 num_hostile)
{
	u32 left = cfg->max_incoming >> num_hostile;

	if (cfg->grant_fifo_fraction)
		left -= cfg->max_incoming / 4;
	return max(left / 2 - left / 2 / HOMA_GRANT_STEPS, 2u) - 1;
}

static void honest_message(struct prop *p, struct grant_world *w,
			   u32 num_hostile)
{
	u32 length = prop_range(p, 2, HOMA_MSG_BYTES_MAX);
	const struct homa_grantee *g = &w->msg[MESSAGE];
	u32 decisions = 0;
	u32 window, most;

	holds(grant_world_add(w, MESSAGE, HONEST, length, 0,
			      min(length - 1, w->cfg.unsched_bytes)));
	window = w->cfg.window ? w->cfg.window :
		 w->cfg.max_incoming / (HOMA_OVERCOMMIT_MAX + 1);
	window -= window / HOMA_GRANT_STEPS;
	most = length / max(min(window, part(&w->cfg, num_hostile)), 1u) + 2;
	while (g->state != HOMA_GRANTEE_IDLE) {
		PROP_CHECK(g->state == HOMA_GRANTEE_ACTIVE);
		/* Something is always under way, and all that was granted comes. */
		PROP_CHECK(g->rec_incoming > 0);
		PROP_CHECK(decisions++ < most);
		w->now_ns += prop_below(p, 400000);
		holds(grant_world_progress(w, MESSAGE, g->granted));
		if (prop_one_in(p, 4))
			mischief(p, w, num_hostile);
	}
}

void prop_run(struct prop *p)
{
	u32 num_hostile = prop_range(p, 1, HONEST);
	struct homa_config cfg;
	struct grant_world w;
	u32 i;

	configure(p, &cfg, num_hostile);
	grant_world_init(&w, &cfg);
	while (prop_step(p, ROUNDS)) {
		for (i = prop_below(p, 200); i; i--) {
			w.now_ns += prop_below(p, 400000);
			mischief(p, &w, num_hostile);
		}
		honest_message(p, &w, num_hostile);
	}
	holds(grant_world_end(&w));
}
