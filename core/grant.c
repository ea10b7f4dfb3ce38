// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The receiver's scheduler (protocol §5).
 *
 * Every event refreshes what is known of its message, repairs the active set
 * and then hands out room.  room_taken changes in one function only, so it is
 * the sum of what messages take whatever the order of events.
 */
#include "grant.h"
#include "room.h"

/* Messages looked at for one FIFO grant, or for one place in by_age. */
#define HOMA_AGE_SCAN_MAX 16

/* ---- order ---- */

static bool homa_grantee_outranks(const struct homa_grantee *a,
				  const struct homa_grantee *b)
{
	if (a->remaining != b->remaining)
		return a->remaining < b->remaining;
	return a->birth_ns < b->birth_ns;
}

static struct homa_grantee *homa_grant_peer_best(struct homa_grant_peer *peer)
{
	struct rb_node *node = rb_first_cached(&peer->waiting);

	return node ? rb_entry(node, struct homa_grantee, node) : NULL;
}

static void homa_grant_link_peer(struct homa_grantor *gr,
				 struct homa_grant_peer *peer)
{
	struct homa_grantee *best = homa_grant_peer_best(peer);
	struct rb_node **link = &gr->peers.rb_root.rb_node;
	struct homa_grant_peer *other;
	struct rb_node *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		other = rb_entry(parent, struct homa_grant_peer, node);
		if (homa_grantee_outranks(best, homa_grant_peer_best(other))) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			first = false;
		}
	}
	rb_link_node(&peer->node, parent, link);
	rb_insert_color_cached(&peer->node, &gr->peers, first);
}

static void homa_grant_link_waiting(struct homa_grant_peer *peer,
				    struct homa_grantee *g)
{
	struct rb_node **link = &peer->waiting.rb_root.rb_node;
	struct rb_node *parent = NULL;
	bool first = true;

	while (*link) {
		parent = *link;
		if (homa_grantee_outranks(g, rb_entry(parent,
						      struct homa_grantee,
						      node))) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			first = false;
		}
	}
	rb_link_node(&g->node, parent, link);
	rb_insert_color_cached(&g->node, &peer->waiting, first);
}

/*
 * A peer's place depends on its best message: it leaves the tree before its
 * messages change and comes back afterwards.
 */
static void homa_grant_wait(struct homa_grantor *gr, struct homa_grantee *g)
{
	struct homa_grant_peer *peer = g->peer;

	if (homa_grant_peer_best(peer))
		rb_erase_cached(&peer->node, &gr->peers);
	homa_grant_link_waiting(peer, g);
	homa_grant_link_peer(gr, peer);
	g->state = HOMA_GRANTEE_WAITING;
	g->needy = false;
}

static void homa_grant_unwait(struct homa_grantor *gr, struct homa_grantee *g)
{
	struct homa_grant_peer *peer = g->peer;

	rb_erase_cached(&peer->node, &gr->peers);
	rb_erase_cached(&g->node, &peer->waiting);
	if (homa_grant_peer_best(peer))
		homa_grant_link_peer(gr, peer);
}

/* ---- accounting ---- */

/*
 * What active messages divide among them.  Where windows are small, less than the
 * limit: the rest is for messages that were granted and then made way for shorter
 * ones; their senders may have better things to do for long.
 */
static u32 homa_grant_divided(const struct homa_config *cfg, u32 tuned)
{
	u32 limit = homa_room_limit(cfg, tuned);

	return cfg->max_incoming_set || !tuned ? limit :
	       min(limit, HOMA_GRANT_WINDOWS * tuned);
}

static u32 homa_grant_part(const struct homa_config *cfg, u32 tuned,
			   u32 num_active)
{
	u32 window = cfg->window;

	if (!window) {
		window = homa_grant_divided(cfg, tuned) / (num_active + 1);
		if (tuned)
			window = min(window, tuned);
	}
	/* With no window at all nothing would ever be granted. */
	return max(window, 1u);
}

u32 homa_grant_window_of(const struct homa_config *cfg, u32 tuned)
{
	return homa_grant_part(cfg, tuned, 1);
}

static u32 homa_grant_window(const struct homa_grantor *gr,
			     const struct homa_config *cfg,
			     const struct homa_grantee *g)
{
	return homa_grant_part(cfg, g->tuned, gr->num_active);
}

/* The one place where room_taken changes, and what a host takes. */
static void homa_grant_take(struct homa_grantor *gr, struct homa_grantee *g,
			    u32 room)
{
	gr->room_taken += room;
	gr->room_taken -= g->room;
	g->peer->room += room;
	g->peer->room -= g->room;
	g->room = room;
}

static void homa_grant_set(struct homa_grantor *gr,
			   const struct homa_config *cfg,
			   struct homa_grantee *g, u32 granted)
{
	u32 received = g->length - g->remaining;

	g->granted = granted;
	g->rec_incoming = granted > received ? granted - received : 0;
	homa_grant_take(gr, g, homa_room_taken(cfg, g->tuned, g->rec_incoming));
	if (g->granted < g->length || list_empty(&g->age))
		return;
	list_del_init(&g->age);
	if (gr->fifo == g)
		gr->fifo = NULL;
}

/*
 * A sender may be ahead of our grants by a packet, or by a RESEND that raised
 * its limit; what has come was granted in effect.
 */
static void homa_grant_received(struct homa_grantor *gr,
				const struct homa_config *cfg,
				struct homa_grantee *g, u32 received)
{
	received = min(received, g->length);
	if (received > g->length - g->remaining)
		g->remaining = g->length - received;
	received = g->length - g->remaining;
	homa_grant_set(gr, cfg, g, max(g->granted, received));
}

/* ---- active set (protocol §5.2) ---- */

static u32 homa_grant_slots(const struct homa_config *cfg)
{
	return clamp(cfg->max_overcommit, 1u, (u32)HOMA_OVERCOMMIT_MAX);
}

static void homa_grant_activate(struct homa_grantor *gr,
				struct homa_grantee *g)
{
	g->state = HOMA_GRANTEE_ACTIVE;
	g->slot = gr->num_active;
	gr->active[gr->num_active++] = g;
	g->peer->num_active++;
	/* For homa_grant_issue() to find out. */
	g->needy = true;
}

static void homa_grant_deactivate(struct homa_grantor *gr,
				  struct homa_grantee *g)
{
	struct homa_grantee *last = gr->active[--gr->num_active];

	gr->active[g->slot] = last;
	last->slot = g->slot;
	gr->active[gr->num_active] = NULL;
	g->peer->num_active--;
	g->needy = false;
}

/*
 * The active message that is first to go: of the host with most slots, the
 * one with the lowest rank.  @for_peer is the host that wants the slot, NULL
 * if none.
 */
static struct homa_grantee *
homa_grant_victim(const struct homa_grantor *gr,
		  const struct homa_grant_peer *for_peer)
{
	struct homa_grantee *victim = NULL;
	struct homa_grantee *g;
	u32 most = 0;
	u32 num;
	u32 i;

	for (i = 0; i < gr->num_active; i++) {
		g = gr->active[i];
		num = g->peer->num_active + (g->peer == for_peer);
		if (!victim || num > most ||
		    (num == most && homa_grantee_outranks(victim, g))) {
			victim = g;
			most = num;
		}
	}
	return victim;
}

/*
 * The host that gets a free slot: the first one without a slot, else the one
 * with fewest.  At most HOMA_OVERCOMMIT_MAX hosts have one, which bounds the
 * walk.
 */
static struct homa_grant_peer *homa_grant_next_peer(struct homa_grantor *gr)
{
	struct homa_grant_peer *best = NULL;
	struct homa_grant_peer *peer;
	struct rb_node *node;

	for (node = rb_first_cached(&gr->peers); node; node = rb_next(node)) {
		peer = rb_entry(node, struct homa_grant_peer, node);
		if (!best || peer->num_active < best->num_active)
			best = peer;
		if (!best->num_active)
			break;
	}
	return best;
}

/* Fill free slots; empty some when the limit was lowered. */
static void homa_grant_balance(struct homa_grantor *gr,
			       const struct homa_config *cfg)
{
	struct homa_grant_peer *peer;
	struct homa_grantee *g;

	while (gr->num_active > homa_grant_slots(cfg)) {
		g = homa_grant_victim(gr, NULL);
		homa_grant_deactivate(gr, g);
		homa_grant_wait(gr, g);
	}
	while (gr->num_active < homa_grant_slots(cfg)) {
		peer = homa_grant_next_peer(gr);
		if (!peer)
			break;
		g = homa_grant_peer_best(peer);
		homa_grant_unwait(gr, g);
		homa_grant_activate(gr, g);
	}
}

/* Place a message that is in neither structure. */
static void homa_grant_place(struct homa_grantor *gr,
			     const struct homa_config *cfg,
			     struct homa_grantee *g)
{
	struct homa_grantee *victim;

	/* Slots that a new setting made come to those who wait already. */
	homa_grant_balance(gr, cfg);
	if (gr->num_active < homa_grant_slots(cfg)) {
		homa_grant_activate(gr, g);
		return;
	}
	victim = homa_grant_victim(gr, g->peer);
	if ((victim->peer != g->peer &&
	     victim->peer->num_active > g->peer->num_active + 1) ||
	    homa_grantee_outranks(g, victim)) {
		homa_grant_deactivate(gr, victim);
		homa_grant_activate(gr, g);
		homa_grant_wait(gr, victim);
	} else {
		homa_grant_wait(gr, g);
	}
}

/* ---- grants (protocol §5.3) ---- */

/* Bytes of a message for which its host may have room. */
static u32 homa_grant_room(const struct homa_grantor *gr,
			   const struct homa_config *cfg,
			   const struct homa_grantee *g)
{
	return homa_room_bytes(cfg, g->tuned,
			       homa_room_share(cfg, gr->room_taken,
					       g->peer->room));
}

/*
 * Bytes to grant if there is room.  A GRANT costs its sender and receiver about as much as
 * a DATA packet, so steps are a sixteenth of the window or the end of the
 * message: what is under way never falls below 15/16 of the window.
 */
static u32 homa_grant_want(const struct homa_grantor *gr,
			   const struct homa_config *cfg,
			   const struct homa_grantee *g)
{
	u32 window = homa_grant_window(gr, cfg, g);
	u32 left = g->length - g->granted;
	u32 want;

	if (g->rec_incoming >= window)
		return 0;
	want = min(window - g->rec_incoming, left);
	return want < left && want < window / HOMA_GRANT_STEPS ? 0 : want;
}

/*
 * Bytes to grant now.  Where room is short, steps are as large: smaller ones wait as long
 * as something else of the message is under way.
 */
static u32 homa_grant_bytes(const struct homa_grantor *gr,
			    const struct homa_config *cfg,
			    const struct homa_grantee *g)
{
	u32 want = homa_grant_want(gr, cfg, g);
	u32 bytes = min(want, homa_grant_room(gr, cfg, g));

	if (bytes < want && g->rec_incoming &&
	    bytes < homa_grant_window(gr, cfg, g) / HOMA_GRANT_STEPS)
		return 0;
	return bytes;
}

static u8 homa_grant_priority(const struct homa_grantor *gr,
			      const struct homa_config *cfg,
			      const struct homa_grantee *g)
{
	s32 prio = cfg->max_sched_prio;
	s32 extra;
	u32 i;

	extra = prio + 1 - (s32)gr->num_active;
	for (i = 0; i < gr->num_active; i++)
		if (homa_grantee_outranks(gr->active[i], g))
			prio--;
	if (extra > 0)
		prio -= extra;
	return max(prio, 0);
}

static void homa_grant_cmd(struct homa_grant_cmd *cmd, struct homa_grantee *g,
			   u8 priority)
{
	cmd->g = g;
	cmd->offset = g->granted;
	cmd->fifo_bytes = 0;
	cmd->priority = priority;
	cmd->short_of_room = false;
}

/* @seen: bits of slots that are not asked for */
static struct homa_grantee *
homa_grant_best_needy(const struct homa_grantor *gr, u32 seen)
{
	struct homa_grantee *best = NULL;
	struct homa_grantee *g;
	u32 i;

	for (i = 0; i < gr->num_active; i++) {
		g = gr->active[i];
		if (g->needy && !(seen & 1u << i) &&
		    (!best || homa_grantee_outranks(g, best)))
			best = g;
	}
	return best;
}

/*
 * Share out the room there is, best message first.  No host has more of it than
 * it leaves, so one look at each message is enough: what others get makes nobody's
 * share larger.
 */
static u32 homa_grant_issue(struct homa_grantor *gr,
			    const struct homa_config *cfg,
			    struct homa_grant_cmd *cmds)
{
	struct homa_grantee *g;
	u32 seen = 0;
	u32 num = 0;
	u32 bytes;
	u32 i;

	for (i = 0; i < gr->num_active; i++)
		if (!homa_grant_want(gr, cfg, gr->active[i]))
			gr->active[i]->needy = false;
	while ((g = homa_grant_best_needy(gr, seen)) != NULL) {
		seen |= 1u << g->slot;
		bytes = homa_grant_bytes(gr, cfg, g);
		if (!bytes)
			continue;
		homa_grant_set(gr, cfg, g, g->granted + bytes);
		homa_grant_cmd(&cmds[num], g, homa_grant_priority(gr, cfg, g));
		g->needy = homa_grant_want(gr, cfg, g) > 0;
		cmds[num++].short_of_room = g->needy;
	}
	return num;
}

/* ---- the share of the oldest message (protocol §5.4) ---- */

/*
 * This share goes beyond the room, but by a quarter of it at most, and to no host that
 * has more than it leaves: it would take the room of others.
 */
static u32 homa_grant_fifo_bytes(const struct homa_config *cfg)
{
	return min(cfg->fifo_grant_increment, max(cfg->max_incoming / 4, 1u));
}

static u64 homa_grant_fifo_interval_ns(const struct homa_config *cfg)
{
	u32 share = cfg->link_mbps * cfg->grant_fifo_fraction;

	/* No share: never asked for. */
	return share ? div_u64((u64)homa_grant_fifo_bytes(cfg) * 8000000,
			       share) : 0;
}

static bool homa_grant_fifo_fits(const struct homa_grantor *gr,
				 const struct homa_config *cfg,
				 const struct homa_grantee *g)
{
	return gr->room_taken + g->peer->room <= cfg->max_incoming &&
	       g->rec_incoming < (u64)homa_grant_window(gr, cfg, g) +
				 2 * (u64)cfg->fifo_grant_increment;
}

static struct homa_grantee *homa_grant_oldest(struct homa_grantor *gr,
					      const struct homa_config *cfg)
{
	struct homa_grantee *g;
	u32 scanned = 0;

	if (gr->fifo && homa_grant_fifo_fits(gr, cfg, gr->fifo))
		return gr->fifo;
	list_for_each_entry(g, &gr->by_age, age) {
		if (homa_grant_fifo_fits(gr, cfg, g))
			return g;
		if (++scanned == HOMA_AGE_SCAN_MAX)
			break;
	}
	return NULL;
}

static u32 homa_grant_fifo(struct homa_grantor *gr,
			   const struct homa_config *cfg, u64 now_ns,
			   struct homa_grant_cmd *cmd)
{
	struct homa_grantee *g;
	u32 bytes = homa_grant_fifo_bytes(cfg);

	if (!bytes || !cfg->grant_fifo_fraction || now_ns < gr->fifo_due_ns)
		return 0;
	gr->fifo_due_ns = now_ns + homa_grant_fifo_interval_ns(cfg);
	g = homa_grant_oldest(gr, cfg);
	gr->fifo = g;
	if (!g)
		return 0;
	bytes = min(bytes, g->length - g->granted);
	homa_grant_set(gr, cfg, g, g->granted + bytes);
	homa_grant_cmd(cmd, g, max(cfg->num_priorities - 2, 0));
	cmd->fifo_bytes = bytes;
	return 1;
}

/* What every event ends with. */
static u32 homa_grant_finish(struct homa_grantor *gr,
			     const struct homa_config *cfg, u64 now_ns,
			     struct homa_grant_cmd *cmds)
{
	u32 num;

	homa_grant_balance(gr, cfg);
	num = homa_grant_issue(gr, cfg, cmds);
	/* Only in the company of another grant: no traffic of its own. */
	if (num)
		num += homa_grant_fifo(gr, cfg, now_ns, &cmds[num]);
	return num;
}

/* Somebody waits for room, and there is less than one of many messages gets. */
static bool homa_grant_scarce(const struct homa_grantor *gr,
			      const struct homa_config *cfg)
{
	return gr->room_taken + cfg->max_incoming / (homa_grant_slots(cfg) + 1) >=
	       cfg->max_incoming && homa_grant_best_needy(gr, 0);
}

/*
 * Until when a message has nothing to say: its next step, or some room for others.
 * While room is scarce, or it waits for a slot itself, each packet counts.
 */
static void homa_grant_hush(struct homa_grantor *gr,
			    const struct homa_config *cfg,
			    struct homa_grantee *g)
{
	u32 window = homa_grant_window(gr, cfg, g);
	u32 room = min(window, cfg->max_incoming) / HOMA_GRANT_STEPS;
	u32 step = window / HOMA_GRANT_STEPS;
	u32 next;

	g->quiet = 0;
	if (g->state != HOMA_GRANTEE_ACTIVE || homa_grant_scarce(gr, cfg))
		return;
	g->quiet = min(g->length - g->remaining + room, g->length);
	if (g->granted == g->length)
		return;
	next = g->granted + min(step, g->length - g->granted);
	g->quiet = min(g->quiet, next > window ? next - window : 0);
}

/* ---- events ---- */

static void homa_grant_link_age(struct homa_grantor *gr,
				struct homa_grantee *g)
{
	struct list_head *at = gr->by_age.prev;
	u32 scanned;

	/* Births are almost in order; a few steps back are enough. */
	for (scanned = 0; scanned < HOMA_AGE_SCAN_MAX; scanned++) {
		if (at == &gr->by_age ||
		    list_entry(at, struct homa_grantee, age)->birth_ns <=
		    g->birth_ns)
			break;
		at = at->prev;
	}
	list_add(&g->age, at);
}

/* Out of the slot or tree; the caller puts it somewhere else or forgets it. */
static void homa_grant_detach(struct homa_grantor *gr, struct homa_grantee *g)
{
	if (g->state == HOMA_GRANTEE_ACTIVE)
		homa_grant_deactivate(gr, g);
	else
		homa_grant_unwait(gr, g);
}

static void homa_grant_forget(struct homa_grantor *gr, struct homa_grantee *g)
{
	list_del_init(&g->age);
	if (gr->fifo == g)
		gr->fifo = NULL;
	homa_grant_take(gr, g, 0);
	g->rec_incoming = 0;
	g->needy = false;
	g->quiet = 0;
	g->peer = NULL;
	g->state = HOMA_GRANTEE_IDLE;
}

void homa_grantor_init(struct homa_grantor *gr)
{
	memset(gr, 0, sizeof(*gr));
	gr->peers = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&gr->by_age);
}

u32 homa_grantor_add(struct homa_grantor *gr, const struct homa_config *cfg,
		     struct homa_grantee *g, struct homa_grant_peer *peer,
		     u32 length, u32 received, u32 granted, u64 birth_ns,
		     u64 now_ns, struct homa_grant_cmd *cmds)
{
	u32 num;

	if (g->state != HOMA_GRANTEE_IDLE)
		return homa_grantor_progress(gr, cfg, g, received, now_ns,
					     cmds);
	if (received >= length || granted >= length)
		return 0;
	/* The share of the oldest is for those that wait, not for the first. */
	if (list_empty(&gr->by_age))
		gr->fifo_due_ns = now_ns + homa_grant_fifo_interval_ns(cfg);
	g->peer = peer;
	g->birth_ns = birth_ns;
	g->length = length;
	g->remaining = length - received;
	g->granted = 0;
	g->rec_incoming = 0;
	g->room = 0;
	homa_grant_link_age(gr, g);
	/*
	 * An announcement is a stranger's claim: account no more of it than a
	 * message gets when all slots are taken, and than its host may have, so
	 * that claims alone do not use up everybody's room.
	 */
	granted = min(granted, received + min(homa_grant_room(gr, cfg, g),
					      cfg->max_incoming /
					      (homa_grant_slots(cfg) + 1)));
	homa_grant_set(gr, cfg, g, max(granted, received));
	homa_grant_place(gr, cfg, g);
	num = homa_grant_finish(gr, cfg, now_ns, cmds);
	homa_grant_hush(gr, cfg, g);
	return num;
}

u32 homa_grantor_progress(struct homa_grantor *gr,
			  const struct homa_config *cfg,
			  struct homa_grantee *g, u32 received, u64 now_ns,
			  struct homa_grant_cmd *cmds)
{
	bool active = g->state == HOMA_GRANTEE_ACTIVE;
	u32 num;

	if (g->state == HOMA_GRANTEE_IDLE)
		return 0;
	/* The rank of a waiting message changes only outside its tree. */
	if (!active)
		homa_grant_detach(gr, g);
	homa_grant_received(gr, cfg, g, received);
	if (!g->remaining) {
		if (active)
			homa_grant_detach(gr, g);
		homa_grant_forget(gr, g);
	} else if (active) {
		g->needy = true;
	} else {
		homa_grant_place(gr, cfg, g);
	}
	num = homa_grant_finish(gr, cfg, now_ns, cmds);
	homa_grant_hush(gr, cfg, g);
	return num;
}

u32 homa_grantor_remove(struct homa_grantor *gr,
			const struct homa_config *cfg, struct homa_grantee *g,
			u64 now_ns, struct homa_grant_cmd *cmds)
{
	if (g->state == HOMA_GRANTEE_IDLE)
		return 0;
	homa_grant_detach(gr, g);
	homa_grant_forget(gr, g);
	return homa_grant_finish(gr, cfg, now_ns, cmds);
}
