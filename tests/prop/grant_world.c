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
	CLAIM(g->room == want->room);
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
	/* Nobody waits for room that is there, but for what is lost in rounding. */
	CLAIM(!w->same || !g->needy ||
	      !grant_model_due(&w->model, &w->cfg, i) ||
	      (want->limit > w->cfg.max_incoming && g->rec_incoming));
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
		CLAIM(w->peer[i].room == grant_model_peer_taken(&w->model, i));
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
	CLAIM(w->gr.room_taken == grant_model_taken(&w->model));
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

/*
 * Conformance F4, and nobody's room is somebody else's. What was granted under other settings
 * is there until it comes.
 */
static const char *check_room(const struct grant_world *w)
{
	u64 room = w->cfg.max_incoming;
	u64 beyond = min_t(u64, w->cfg.fifo_grant_increment,
			   room < 4 ? 1 : room / 4);
	u64 total = grant_model_total(&w->model);
	u64 most = room;
	u32 i;

	if (!w->same)
		return NULL;
	CLAIM(w->gr.room_taken <= room + beyond);
	for (i = 0; i < PEERS; i++)
		CLAIM(w->peer[i].room <= (room + 1) / 2 + beyond);
	for (i = 0; i < MSGS; i++)
		if (w->model.msg[i].room)
			most = max_t(u64, most, w->model.msg[i].limit);
	/* In bytes: all of the room, at the largest limit there is. */
	CLAIM(total <= most + (beyond * most + room - 1) / room);
	return NULL;
}

static const char *check_commands(struct grant_world *w, u32 num)
{
	const struct grant_model_cmd *want;
	const struct homa_grant_cmd *cmd;
	u64 taken = w->gr.room_taken;
	u32 i, received;
	bool regular = false;

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
			taken -= want->room;
			continue;
		}
		regular = true;
		CLAIM(cmd->offset - received <=
		      grant_model_window(&w->model, &w->cfg, want->msg));
		w->before[want->msg] = cmd->offset;
	}
	/* Beyond it only by the oldest's share: not in an event that granted others. */
	CLAIM(!w->same || !regular || taken <= w->cfg.max_incoming);
	return NULL;
}

static const char *check(struct grant_world *w, u32 num)
{
	u32 i;

	w->same = w->same && !memcmp(&w->cfg, &w->first, sizeof(w->cfg));
	for (i = 0; i < MSGS; i++)
		TRY(check_message(w, i));
	TRY(check_peers(w));
	TRY(check_grantor(w));
	TRY(check_room(w));
	TRY(check_commands(w, num));
	for (i = 0; i < MSGS; i++)
		w->before[i] = w->msg[i].granted;
	return NULL;
}

void grant_world_tune(struct grant_world *w, u32 i, u32 window)
{
	/* Then what was granted takes more than it did. The shell does not do that. */
	if (window < w->model.msg[i].tuned && w->model.msg[i].room)
		w->same = false;
	w->model.msg[i].tuned = window;
	homa_grantee_tune(&w->msg[i], window);
}

void grant_world_init(struct grant_world *w, const struct homa_config *cfg)
{
	memset(w, 0, sizeof(*w));
	w->cfg = *cfg;
	w->first = *cfg;
	w->same = true;
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
	u32 j;

	CLAIM(g->quiet <= homa_grantee_received(g) + window / HOMA_GRANT_STEPS);
	CLAIM(g->quiet <= g->length);
	CLAIM(!quiet || g->state == HOMA_GRANTEE_ACTIVE);
	TRY(grant_world_progress(w, i, received));
	/* Nothing was due, and there will be an event that is not quiet. */
	CLAIM(!quiet || g->rec_incoming);
	for (j = 0; j < w->model.num_cmds; j++)
		CLAIM(!quiet || w->model.cmds[j].msg != i ||
		      w->model.cmds[j].fifo);
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
	CLAIM(!w->gr.room_taken);
	CLAIM(!w->gr.num_active);
	CLAIM(!w->gr.fifo);
	CLAIM(list_empty(&w->gr.by_age));
	CLAIM(!rb_first_cached(&w->gr.peers));
	return NULL;
}
