// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#include "grant_model.h"

#define NONE GRANT_MODEL_MSGS

static bool outranks(const struct grant_model *m, u32 a, u32 b)
{
	u32 left_a = m->msg[a].length - m->msg[a].received;
	u32 left_b = m->msg[b].length - m->msg[b].received;

	return left_a < left_b ||
	       (left_a == left_b && m->msg[a].birth_ns < m->msg[b].birth_ns);
}

u32 grant_model_active(const struct grant_model *m)
{
	u32 i, n = 0;

	for (i = 0; i < GRANT_MODEL_MSGS; i++)
		n += m->msg[i].state == HOMA_GRANTEE_ACTIVE;
	return n;
}

u32 grant_model_peer_active(const struct grant_model *m, u32 peer)
{
	u32 i, n = 0;

	for (i = 0; i < GRANT_MODEL_MSGS; i++)
		n += m->msg[i].state == HOMA_GRANTEE_ACTIVE &&
		     m->msg[i].peer == peer;
	return n;
}

bool grant_model_peer_waits(const struct grant_model *m, u32 peer)
{
	u32 i;

	for (i = 0; i < GRANT_MODEL_MSGS; i++)
		if (m->msg[i].state == HOMA_GRANTEE_WAITING &&
		    m->msg[i].peer == peer)
			return true;
	return false;
}

u32 grant_model_incoming(const struct grant_model_msg *msg)
{
	if (msg->state == HOMA_GRANTEE_IDLE || msg->granted < msg->received)
		return 0;
	return msg->granted - msg->received;
}

u64 grant_model_total(const struct grant_model *m)
{
	u64 total = 0;
	u32 i;

	for (i = 0; i < GRANT_MODEL_MSGS; i++)
		total += grant_model_incoming(&m->msg[i]);
	return total;
}

u32 grant_model_limit(const struct grant_model *m,
		      const struct homa_config *cfg, u32 i)
{
	if (!cfg->max_incoming_set && m->msg[i].tuned > cfg->max_incoming / 2)
		return 2 * m->msg[i].tuned;
	return cfg->max_incoming;
}

u64 grant_model_taken(const struct grant_model *m)
{
	u64 taken = 0;
	u32 i;

	for (i = 0; i < GRANT_MODEL_PEERS; i++)
		taken += grant_model_peer_taken(m, i);
	return taken;
}

u64 grant_model_peer_taken(const struct grant_model *m, u32 peer)
{
	u64 taken = 0;
	u32 i;

	for (i = 0; i < GRANT_MODEL_MSGS; i++)
		if (m->msg[i].peer == peer)
			taken += m->msg[i].room;
	return taken;
}

/* An event of message @i: what it takes, as a part of its own limit. */
static void account(struct grant_model *m, const struct homa_config *cfg, u32 i)
{
	struct grant_model_msg *msg = &m->msg[i];
	u64 bytes = max(msg->granted, msg->received) - msg->received;

	msg->limit = grant_model_limit(m, cfg, i);
	msg->room = (u32)((bytes * cfg->max_incoming + msg->limit - 1) /
			  msg->limit);
}

/* Bytes for which there is room, whatever the message wants. */
static u64 share(const struct grant_model *m, const struct homa_config *cfg,
		 u32 i)
{
	u64 host = grant_model_peer_taken(m, m->msg[i].peer);
	s64 left = (s64)cfg->max_incoming - (s64)grant_model_taken(m);
	s64 more = (left - (s64)host) / 2;

	if (left > 0 && !host && !more)
		more = 1;
	return more <= 0 ? 0 : (u64)more * grant_model_limit(m, cfg, i) /
			       cfg->max_incoming;
}

u32 grant_model_window(const struct grant_model *m,
		       const struct homa_config *cfg, u32 i)
{
	u32 tuned = m->msg[i].tuned;
	u32 divided, window;

	if (cfg->window)
		return cfg->window;
	divided = grant_model_limit(m, cfg, i);
	/* Four small windows at most, unless somebody said how much it is. */
	if (tuned && !cfg->max_incoming_set && divided > 4 * tuned)
		divided = 4 * tuned;
	window = divided / (grant_model_active(m) + 1);
	if (tuned && tuned < window)
		return tuned;
	return window ? window : 1;
}

static u32 want(const struct grant_model *m, const struct homa_config *cfg,
		u32 i)
{
	s64 window = grant_model_window(m, cfg, i);
	s64 bytes = m->msg[i].received + window - m->msg[i].granted;
	s64 left = m->msg[i].length - m->msg[i].granted;

	/* Small steps wait, unless they are the last. */
	if (bytes <= 0 || (bytes < left && bytes < window / HOMA_GRANT_STEPS))
		return 0;
	return (u32)min_t(s64, bytes, left);
}

u32 grant_model_due(const struct grant_model *m, const struct homa_config *cfg,
		    u32 i)
{
	u64 bytes = share(m, cfg, i);

	if (bytes >= want(m, cfg, i))
		return want(m, cfg, i);
	/* A part of a step, if nothing else is on its way. */
	if (bytes < grant_model_window(m, cfg, i) / HOMA_GRANT_STEPS &&
	    m->msg[i].granted > m->msg[i].received)
		return 0;
	return (u32)bytes;
}

static u32 victim(const struct grant_model *m, u32 for_peer)
{
	u32 i, n, most = 0, found = NONE;

	for (i = 0; i < GRANT_MODEL_MSGS; i++) {
		if (m->msg[i].state != HOMA_GRANTEE_ACTIVE)
			continue;
		n = grant_model_peer_active(m, m->msg[i].peer) +
		    (m->msg[i].peer == for_peer);
		if (n > most || (n == most && outranks(m, found, i))) {
			found = i;
			most = n;
		}
	}
	return found;
}

static void activate(struct grant_model *m, u32 i)
{
	m->msg[i].state = HOMA_GRANTEE_ACTIVE;
	m->msg[i].needy = true;
}

static void wait(struct grant_model *m, u32 i)
{
	m->msg[i].state = HOMA_GRANTEE_WAITING;
	m->msg[i].needy = false;
}

/* Who gets a free slot. */
static u32 next(const struct grant_model *m)
{
	u32 i, n, fewest = 0, found = NONE;

	for (i = 0; i < GRANT_MODEL_MSGS; i++) {
		if (m->msg[i].state != HOMA_GRANTEE_WAITING)
			continue;
		n = grant_model_peer_active(m, m->msg[i].peer);
		if (found == NONE || n < fewest ||
		    (n == fewest && outranks(m, i, found))) {
			found = i;
			fewest = n;
		}
	}
	return found;
}

static void balance(struct grant_model *m, const struct homa_config *cfg)
{
	u32 i;

	while (grant_model_active(m) > cfg->max_overcommit)
		wait(m, victim(m, GRANT_MODEL_PEERS));
	while (grant_model_active(m) < cfg->max_overcommit) {
		i = next(m);
		if (i == NONE)
			break;
		activate(m, i);
	}
}

static void place(struct grant_model *m, const struct homa_config *cfg, u32 i)
{
	u32 peer = m->msg[i].peer;
	u32 v;

	/* Neither here nor there while the slots are looked at. */
	m->msg[i].state = HOMA_GRANTEE_IDLE;
	balance(m, cfg);
	if (grant_model_active(m) < cfg->max_overcommit) {
		activate(m, i);
		return;
	}
	v = victim(m, peer);
	if (outranks(m, i, v) ||
	    (m->msg[v].peer != peer &&
	     grant_model_peer_active(m, m->msg[v].peer) >
	     grant_model_peer_active(m, peer) + 1)) {
		wait(m, v);
		activate(m, i);
	} else {
		wait(m, i);
	}
}

static void command(struct grant_model *m, const struct homa_config *cfg,
		    u32 i, u32 bytes, u8 priority, bool fifo)
{
	struct grant_model_cmd *cmd = &m->cmds[m->num_cmds++];
	u32 before = m->msg[i].room;

	m->msg[i].granted += bytes;
	account(m, cfg, i);
	cmd->room = m->msg[i].room - before;
	cmd->msg = i;
	cmd->offset = m->msg[i].granted;
	cmd->bytes = bytes;
	cmd->priority = priority;
	cmd->fifo = fifo;
}

static u8 priority(const struct grant_model *m, const struct homa_config *cfg,
		   u32 i)
{
	s32 level = cfg->max_sched_prio;
	s32 extra = cfg->max_sched_prio + 1 - (s32)grant_model_active(m);
	u32 j;

	for (j = 0; j < GRANT_MODEL_MSGS; j++)
		if (m->msg[j].state == HOMA_GRANTEE_ACTIVE && outranks(m, j, i))
			level--;
	if (extra >= 0)
		level -= extra;
	return level < 0 ? 0 : (u8)level;
}

static void issue(struct grant_model *m, const struct homa_config *cfg)
{
	bool seen[GRANT_MODEL_MSGS] = { 0 };
	u32 i, best;

	for (i = 0; i < GRANT_MODEL_MSGS; i++)
		if (m->msg[i].state != HOMA_GRANTEE_ACTIVE || !want(m, cfg, i))
			m->msg[i].needy = false;
	for (;;) {
		best = NONE;
		for (i = 0; i < GRANT_MODEL_MSGS; i++)
			if (m->msg[i].needy && !seen[i] &&
			    (best == NONE || outranks(m, i, best)))
				best = i;
		if (best == NONE)
			return;
		seen[best] = true;
		if (!grant_model_due(m, cfg, best))
			continue;
		command(m, cfg, best, grant_model_due(m, cfg, best),
			priority(m, cfg, best), false);
		m->msg[best].needy = want(m, cfg, best) > 0;
	}
}

/* One grant to the oldest. */
static u32 step(const struct homa_config *cfg)
{
	u32 quarter = cfg->max_incoming < 4 ? 1 : cfg->max_incoming / 4;

	return min(cfg->fifo_grant_increment, quarter);
}

static u64 interval(const struct homa_config *cfg)
{
	u64 share = (u64)cfg->link_mbps * cfg->grant_fifo_fraction;

	return share ? step(cfg) * 8000000ull / share : 0;
}

static bool may_have_more(const struct grant_model *m,
			  const struct homa_config *cfg, u32 i)
{
	const struct grant_model_msg *msg = &m->msg[i];

	return msg->state != HOMA_GRANTEE_IDLE && msg->granted < msg->length &&
	       grant_model_taken(m) + grant_model_peer_taken(m, msg->peer) <=
	       cfg->max_incoming &&
	       grant_model_incoming(msg) < grant_model_window(m, cfg, i) +
					   2ull * cfg->fifo_grant_increment;
}

static void fifo(struct grant_model *m, const struct homa_config *cfg,
		 u64 now_ns)
{
	u32 i, old = NONE;

	if (!cfg->fifo_grant_increment || !cfg->grant_fifo_fraction ||
	    now_ns < m->fifo_due_ns)
		return;
	m->fifo_due_ns = now_ns + interval(cfg);
	for (i = 0; i < GRANT_MODEL_MSGS; i++)
		if (may_have_more(m, cfg, i) &&
		    (old == NONE || m->msg[i].birth_ns < m->msg[old].birth_ns))
			old = i;
	if (m->fifo != NONE && may_have_more(m, cfg, m->fifo))
		old = m->fifo;
	m->fifo = old;
	if (old == NONE)
		return;
	command(m, cfg, old,
		min(step(cfg), m->msg[old].length - m->msg[old].granted),
		cfg->num_priorities < 2 ? 0 : cfg->num_priorities - 2, true);
}

static void finish(struct grant_model *m, const struct homa_config *cfg,
		   u64 now_ns)
{
	u32 i;

	balance(m, cfg);
	issue(m, cfg);
	if (m->num_cmds)
		fifo(m, cfg, now_ns);
	/* The choice ends with the message and when it has everything. */
	i = m->fifo;
	if (i != NONE && (m->msg[i].state == HOMA_GRANTEE_IDLE ||
			  m->msg[i].granted == m->msg[i].length))
		m->fifo = NONE;
}

void grant_model_init(struct grant_model *m)
{
	memset(m, 0, sizeof(*m));
	m->fifo = NONE;
}

static bool wants_fifo(const struct grant_model *m)
{
	u32 i;

	for (i = 0; i < GRANT_MODEL_MSGS; i++)
		if (m->msg[i].state != HOMA_GRANTEE_IDLE &&
		    m->msg[i].granted < m->msg[i].length)
			return true;
	return false;
}

void grant_model_add(struct grant_model *m, const struct homa_config *cfg,
		     u32 i, u32 peer, u32 length, u32 received, u32 granted,
		     u64 birth_ns, u64 now_ns)
{
	struct grant_model_msg *msg = &m->msg[i];
	u32 cap = cfg->max_incoming / (cfg->max_overcommit + 1);

	if (msg->state != HOMA_GRANTEE_IDLE) {
		grant_model_progress(m, cfg, i, received, now_ns);
		return;
	}
	m->num_cmds = 0;
	if (received >= length || granted >= length)
		return;
	if (!wants_fifo(m))
		m->fifo_due_ns = now_ns + interval(cfg);
	msg->peer = peer;
	msg->birth_ns = birth_ns;
	msg->length = length;
	msg->received = received;
	cap = (u32)min_t(u64, cap, share(m, cfg, i));
	msg->granted = max(received, min(granted, received + cap));
	account(m, cfg, i);
	place(m, cfg, i);
	finish(m, cfg, now_ns);
}

void grant_model_progress(struct grant_model *m, const struct homa_config *cfg,
			  u32 i, u32 received, u64 now_ns)
{
	struct grant_model_msg *msg = &m->msg[i];

	m->num_cmds = 0;
	if (msg->state == HOMA_GRANTEE_IDLE)
		return;
	msg->received = max(msg->received, min(received, msg->length));
	msg->granted = max(msg->granted, msg->received);
	account(m, cfg, i);
	if (msg->received == msg->length) {
		msg->state = HOMA_GRANTEE_IDLE;
		msg->needy = false;
	} else if (msg->state == HOMA_GRANTEE_WAITING) {
		place(m, cfg, i);
	} else {
		msg->needy = true;
	}
	finish(m, cfg, now_ns);
}

void grant_model_remove(struct grant_model *m, const struct homa_config *cfg,
			u32 i, u64 now_ns)
{
	m->num_cmds = 0;
	if (m->msg[i].state == HOMA_GRANTEE_IDLE)
		return;
	m->msg[i].state = HOMA_GRANTEE_IDLE;
	m->msg[i].needy = false;
	m->msg[i].room = 0;
	finish(m, cfg, now_ns);
}
