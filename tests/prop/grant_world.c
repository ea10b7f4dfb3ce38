// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#include "grant_world.h"

#define MSGS	GRANT_MODEL_MSGS
#define PEERS	GRANT_MODEL_PEERS

#define CLAIM(condition) do {						\
	if (!(condition))						\
		return #condition;					\
} while (0)

#define TRY(check) do {							\
	const char *wrong = (check);					\
									\
	if (wrong)							\
		return wrong;						\
} while (0)

static const char *check_message(const struct grant_world *w, u32 i)
{
	const struct grant_model_msg *want = &w->model.msg[i];
	const struct homa_grantee *g = &w->msg[i];

	CLAIM(g->state == want->state);
	CLAIM(g->needy == want->needy);
	CLAIM(g->rec_incoming == grant_model_incoming(want));
	if (g->state == HOMA_GRANTEE_IDLE)
		return NULL;
	CLAIM(g->granted == want->granted);
	CLAIM(g->remaining == want->length - want->received);
	CLAIM(g->peer == &w->peer[want->peer]);
	CLAIM(list_empty(&g->age) == (g->granted == g->length));
	if (g->state == HOMA_GRANTEE_WAITING)
		return NULL;
	CLAIM(g->slot < w->gr.num_active);
	CLAIM(w->gr.active[g->slot] == g);
	/* Nobody is forgotten: nothing on its way, and no right to more. */
	CLAIM(g->rec_incoming || g->granted == g->length || g->needy);
	/* Nobody waits for room that is there. */
	CLAIM(!g->needy ||
	      w->gr.total_incoming >= grant_model_room(&w->model, &w->cfg));
	return NULL;
}

static const char *check_peers(const struct grant_world *w)
{
	u32 i, active, most = 0;
	bool deprived = false;

	for (i = 0; i < PEERS; i++) {
		active = grant_model_peer_active(&w->model, i);
		most = max(most, active);
		CLAIM(w->peer[i].num_active == active);
		CLAIM(!rb_first_cached(&w->peer[i].waiting) ==
		      !grant_model_peer_waits(&w->model, i));
		if (!active && grant_model_peer_waits(&w->model, i))
			deprived = true;
	}
	/* No host has two slots while another waits for its first. */
	CLAIM(!deprived || most < 2);
	return NULL;
}

static const char *check_grantor(const struct grant_world *w)
{
	const struct homa_grantee *g;
	u64 birth_ns = 0;
	u32 waiting = 0;
	u32 i;

	CLAIM(w->gr.num_active == grant_model_active(&w->model));
	CLAIM(w->gr.num_active <= w->cfg.max_overcommit);
	CLAIM(w->gr.total_incoming == grant_model_total(&w->model));
	for (i = 0; i < MSGS; i++)
		waiting += w->msg[i].state == HOMA_GRANTEE_WAITING;
	CLAIM(!waiting || w->gr.num_active == w->cfg.max_overcommit);
	CLAIM(!waiting == !rb_first_cached(&w->gr.peers));
	list_for_each_entry(g, &w->gr.by_age, age) {
		CLAIM(g->state != HOMA_GRANTEE_IDLE);
		CLAIM(g->birth_ns >= birth_ns);
		birth_ns = g->birth_ns;
	}
	return NULL;
}

static const char *check_commands(struct grant_world *w, u32 num)
{
	const struct grant_model_cmd *want;
	const struct homa_grant_cmd *cmd;
	u64 total = w->gr.total_incoming;
	bool regular = false;
	u32 i, received;

	CLAIM(num == w->model.num_cmds);
	for (i = 0; i < num; i++) {
		cmd = &w->cmds[i];
		want = &w->model.cmds[i];
		CLAIM(cmd->g == &w->msg[want->msg]);
		CLAIM(cmd->offset == want->offset);
		CLAIM(cmd->priority == want->priority);
		CLAIM(cmd->priority < w->cfg.num_priorities);
		CLAIM(cmd->offset > w->before[want->msg]);
		CLAIM(cmd->offset <= cmd->g->length);
		received = cmd->g->length - cmd->g->remaining;
		if (want->fifo) {
			total -= want->bytes;
			continue;
		}
		regular = true;
		CLAIM(cmd->offset - received <=
		      grant_model_window(&w->model, &w->cfg, want->msg));
		w->before[want->msg] = cmd->offset;
	}
	/* Beyond the limit only by announcements and the oldest's share. */
	CLAIM(!regular || total <= grant_model_room(&w->model, &w->cfg));
	return NULL;
}

static const char *check(struct grant_world *w, u32 num)
{
	u32 i;

	for (i = 0; i < MSGS; i++)
		TRY(check_message(w, i));
	TRY(check_peers(w));
	TRY(check_grantor(w));
	TRY(check_commands(w, num));
	for (i = 0; i < MSGS; i++)
		w->before[i] = w->msg[i].granted;
	return NULL;
}

void grant_world_tune(struct grant_world *w, u32 i, u32 window)
{
	w->model.msg[i].tuned = window;
	homa_grantee_tune(&w->msg[i], window);
}

void grant_world_init(struct grant_world *w, const struct homa_config *cfg)
{
	memset(w, 0, sizeof(*w));
	w->cfg = *cfg;
	homa_grantor_init(&w->gr);
	grant_model_init(&w->model);
}

const char *grant_world_add(struct grant_world *w, u32 i, u32 peer, u32 length,
			    u32 received, u32 granted)
{
	/* Different for each, so that the order is complete. */
	u64 birth_ns = max(w->now_ns, w->last_birth_ns + 1);
	u32 num;

	w->last_birth_ns = birth_ns;
	if (w->msg[i].state == HOMA_GRANTEE_IDLE)
		w->before[i] = 0;
	grant_model_add(&w->model, &w->cfg, i, peer, length, received, granted,
			birth_ns, w->now_ns);
	num = homa_grantor_add(&w->gr, &w->cfg, &w->msg[i], &w->peer[peer],
			       length, received, granted, birth_ns, w->now_ns,
			       w->cmds);
	return check(w, num);
}

const char *grant_world_progress(struct grant_world *w, u32 i, u32 received)
{
	u32 num;

	grant_model_progress(&w->model, &w->cfg, i, received, w->now_ns);
	num = homa_grantor_progress(&w->gr, &w->cfg, &w->msg[i], received,
				    w->now_ns, w->cmds);
	return check(w, num);
}

const char *grant_world_again(struct grant_world *w, u32 i, u32 received)
{
	const struct homa_grantee *g = &w->msg[i];
	bool quiet = homa_grantee_is_quiet(g, received);
	u32 window = homa_grant_window_of(&w->cfg, g->tuned);

	CLAIM(g->quiet <= homa_grantee_received(g) + window / HOMA_GRANT_STEPS);
	CLAIM(g->quiet <= g->length);
	CLAIM(!quiet || g->state == HOMA_GRANTEE_ACTIVE);
	TRY(grant_world_progress(w, i, received));
	/* Nothing was due, and there will be an event that is not quiet. */
	CLAIM(!quiet || (!w->model.num_cmds && g->rec_incoming));
	return NULL;
}

const char *grant_world_remove(struct grant_world *w, u32 i)
{
	u32 num, j;

	grant_model_remove(&w->model, &w->cfg, i, w->now_ns);
	num = homa_grantor_remove(&w->gr, &w->cfg, &w->msg[i], w->now_ns,
				  w->cmds);
	for (j = 0; j < num; j++)
		CLAIM(w->cmds[j].g != &w->msg[i]);
	return check(w, num);
}

const char *grant_world_end(struct grant_world *w)
{
	u32 i;

	for (i = 0; i < MSGS; i++)
		TRY(grant_world_remove(w, i));
	CLAIM(!w->gr.total_incoming);
	CLAIM(!w->gr.num_active);
	CLAIM(!w->gr.fifo);
	CLAIM(list_empty(&w->gr.by_age));
	CLAIM(!rb_first_cached(&w->gr.peers));
	return NULL;
}
