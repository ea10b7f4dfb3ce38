// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The grantor against grant_model.c: the same commands in the same order, and
 * what must hold whatever the rules are.
 *
 * items: F4 F5 F6 F7 F8
 */
#include "prop.h"
#include "grant_model.h"

#define STEPS	1500
#define MSGS	GRANT_MODEL_MSGS
#define PEERS	GRANT_MODEL_PEERS

struct world {
	struct homa_config cfg;
	struct homa_grantor gr;
	struct homa_grant_peer peer[PEERS];
	struct homa_grantee msg[MSGS];
	struct homa_grant_cmd cmds[HOMA_GRANT_CMDS_MAX];
	struct grant_model model;
	u64 now_ns;
	u64 last_birth_ns;
	u32 before[MSGS];	/* granted before the step */
};

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
	cfg->num_priorities = (u8)prop_range(p, 1, HOMA_PRIORITIES_MAX);
	cfg->max_sched_prio = (u8)prop_below(p, cfg->num_priorities);
}

static void check_message(const struct world *w, u32 i)
{
	const struct grant_model_msg *want = &w->model.msg[i];
	const struct homa_grantee *g = &w->msg[i];

	PROP_CHECK(g->state == want->state);
	PROP_CHECK(g->needy == want->needy);
	PROP_CHECK(g->rec_incoming == grant_model_incoming(want));
	if (g->state == HOMA_GRANTEE_IDLE)
		return;
	PROP_CHECK(g->granted == want->granted);
	PROP_CHECK(g->remaining == want->length - want->received);
	PROP_CHECK(g->peer == &w->peer[want->peer]);
	PROP_CHECK(list_empty(&g->age) == (g->granted == g->length));
	if (g->state == HOMA_GRANTEE_WAITING)
		return;
	PROP_CHECK(g->slot < w->gr.num_active);
	PROP_CHECK(w->gr.active[g->slot] == g);
	/* Nobody is forgotten: nothing on its way, and no right to more. */
	PROP_CHECK(g->rec_incoming || g->granted == g->length || g->needy);
	/* Nobody waits for room that is there. */
	PROP_CHECK(!g->needy || w->gr.total_incoming >= w->cfg.max_incoming);
}

static void check_peers(const struct world *w)
{
	u32 i, active, most = 0;
	bool deprived = false;

	for (i = 0; i < PEERS; i++) {
		active = grant_model_peer_active(&w->model, i);
		most = max(most, active);
		PROP_CHECK(w->peer[i].num_active == active);
		PROP_CHECK(!rb_first_cached(&w->peer[i].waiting) ==
			   !grant_model_peer_waits(&w->model, i));
		if (!active && grant_model_peer_waits(&w->model, i))
			deprived = true;
	}
	/* No host has two slots while another waits for its first. */
	PROP_CHECK(!deprived || most < 2);
}

static void check_grantor(const struct world *w)
{
	const struct homa_grantee *g;
	u64 birth_ns = 0;
	u32 waiting = 0;
	u32 i;

	PROP_CHECK(w->gr.num_active == grant_model_active(&w->model));
	PROP_CHECK(w->gr.num_active <= w->cfg.max_overcommit);
	PROP_CHECK(w->gr.total_incoming == grant_model_total(&w->model));
	for (i = 0; i < MSGS; i++)
		waiting += w->msg[i].state == HOMA_GRANTEE_WAITING;
	PROP_CHECK(!waiting || w->gr.num_active == w->cfg.max_overcommit);
	PROP_CHECK(!waiting == !rb_first_cached(&w->gr.peers));
	list_for_each_entry(g, &w->gr.by_age, age) {
		PROP_CHECK(g->state != HOMA_GRANTEE_IDLE);
		PROP_CHECK(g->birth_ns >= birth_ns);
		birth_ns = g->birth_ns;
	}
}

static void check_commands(struct world *w, u32 num)
{
	const struct grant_model_cmd *want;
	const struct homa_grant_cmd *cmd;
	u64 total = w->gr.total_incoming;
	bool regular = false;
	u32 i, received;

	PROP_CHECK(num == w->model.num_cmds);
	for (i = 0; i < num; i++) {
		cmd = &w->cmds[i];
		want = &w->model.cmds[i];
		PROP_CHECK(cmd->g == &w->msg[want->msg]);
		PROP_CHECK(cmd->offset == want->offset);
		PROP_CHECK(cmd->priority == want->priority);
		PROP_CHECK(cmd->priority < w->cfg.num_priorities);
		PROP_CHECK(cmd->offset > w->before[want->msg]);
		PROP_CHECK(cmd->offset <= cmd->g->length);
		received = cmd->g->length - cmd->g->remaining;
		if (want->fifo) {
			total -= want->bytes;
			continue;
		}
		regular = true;
		PROP_CHECK(cmd->offset - received <=
			   grant_model_window(&w->model, &w->cfg));
		w->before[want->msg] = cmd->offset;
	}
	/* Beyond the limit only by announcements and the oldest's share. */
	PROP_CHECK(!regular || total <= w->cfg.max_incoming);
}

static u32 add(struct prop *p, struct world *w, u32 i)
{
	u32 length = prop_length(p, HOMA_MSG_BYTES_MAX);
	u32 granted = prop_one_in(p, 4) ? prop_below(p, length + 1) :
					  min(length, w->cfg.unsched_bytes);
	u32 received = prop_one_in(p, 4) ? prop_below(p, length + 1) :
					   prop_below(p, granted + 1);
	u32 peer = prop_one_in(p, 2) ? 0 : prop_below(p, PEERS);
	u64 birth_ns = prop_range(p, 0, 1) ? w->now_ns : w->last_birth_ns + 1;

	/* Different for each, so that the order is complete. */
	birth_ns = max(birth_ns, w->last_birth_ns + 1);
	w->last_birth_ns = birth_ns;
	if (w->msg[i].state == HOMA_GRANTEE_IDLE)
		w->before[i] = 0;
	grant_model_add(&w->model, &w->cfg, i, peer, length, received, granted,
			birth_ns, w->now_ns);
	return homa_grantor_add(&w->gr, &w->cfg, &w->msg[i], &w->peer[peer],
				length, received, granted, birth_ns, w->now_ns,
				w->cmds);
}

static u32 progress(struct prop *p, struct world *w, u32 i)
{
	const struct homa_grantee *g = &w->msg[i];
	u32 received = g->length - g->remaining;

	if (prop_one_in(p, 10))
		received = prop_below(p, g->length + 10);	/* anything */
	else if (prop_one_in(p, 3))
		received = g->granted + prop_below(p, 1400);	/* overshoot */
	else
		received += prop_below(p, g->rec_incoming + 1);
	grant_model_progress(&w->model, &w->cfg, i, received, w->now_ns);
	return homa_grantor_progress(&w->gr, &w->cfg, &w->msg[i], received,
				     w->now_ns, w->cmds);
}

/* An event without news: new settings apply from here. */
static u32 repeat(struct world *w, u32 i)
{
	grant_model_progress(&w->model, &w->cfg, i, 0, w->now_ns);
	return homa_grantor_progress(&w->gr, &w->cfg, &w->msg[i], 0, w->now_ns,
				     w->cmds);
}

static u32 end(struct world *w, u32 i)
{
	u32 num, j;

	grant_model_remove(&w->model, &w->cfg, i, w->now_ns);
	num = homa_grantor_remove(&w->gr, &w->cfg, &w->msg[i], w->now_ns,
				  w->cmds);
	for (j = 0; j < num; j++)
		PROP_CHECK(w->cmds[j].g != &w->msg[i]);
	return num;
}

static void check(struct world *w, u32 num)
{
	u32 i;

	for (i = 0; i < MSGS; i++)
		check_message(w, i);
	check_peers(w);
	check_grantor(w);
	check_commands(w, num);
	for (i = 0; i < MSGS; i++)
		w->before[i] = w->msg[i].granted;
}

void prop_run(struct prop *p)
{
	struct world w = { 0 };
	u32 rate = prop_range(p, 2, 6);
	u32 i, num;

	configure(p, &w.cfg);
	homa_grantor_init(&w.gr);
	grant_model_init(&w.model);
	while (prop_step(p, STEPS)) {
		w.now_ns += prop_below(p, 100000);
		i = prop_below(p, MSGS);
		if (prop_one_in(p, 50) && w.msg[i].state != HOMA_GRANTEE_IDLE) {
			configure(p, &w.cfg);
			check(&w, repeat(&w, i));
		}
		if (prop_one_in(p, rate))
			num = add(p, &w, i);
		else if (prop_one_in(p, 20))
			num = end(&w, i);
		else
			num = progress(p, &w, i);
		check(&w, num);
	}
	for (i = 0; i < MSGS; i++)
		check(&w, end(&w, i));
	PROP_CHECK(!w.gr.total_incoming);
	PROP_CHECK(!w.gr.num_active);
	PROP_CHECK(!w.gr.fifo);
	PROP_CHECK(list_empty(&w.gr.by_age));
	PROP_CHECK(!rb_first_cached(&w.gr.peers));
}
