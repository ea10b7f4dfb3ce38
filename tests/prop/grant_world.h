/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A grantor and its model that live through the same events, and what must
 * hold after each.
 */
#ifndef HOMA_TESTS_GRANT_WORLD_H
#define HOMA_TESTS_GRANT_WORLD_H

#include "grant_model.h"

/**
 * struct grant_world - both, and what the next event is about
 * @now_ns: set by the caller before an event, never backwards
 * @before: offsets granted before the event
 * @same: the settings are the first ones, and windows did not shrink
 *
 * Events and checks return NULL, or the claim that does not hold.
 */
struct grant_world {
	struct homa_config cfg;
	struct homa_config first;
	struct homa_grantor gr;
	struct homa_grant_peer peer[GRANT_MODEL_PEERS];
	struct homa_grantee msg[GRANT_MODEL_MSGS];
	struct homa_grant_cmd cmds[HOMA_GRANT_CMDS_MAX];
	struct grant_model model;
	u64 now_ns;
	u64 last_birth_ns;
	u32 before[GRANT_MODEL_MSGS];
	bool same;
};

/* A window was found for a message; counts from its next event on. */
void grant_world_tune(struct grant_world *w, u32 i, u32 window);
void grant_world_init(struct grant_world *w, const struct homa_config *cfg);
const char *grant_world_add(struct grant_world *w, u32 i, u32 peer, u32 length,
			    u32 received, u32 granted);
const char *grant_world_progress(struct grant_world *w, u32 i, u32 received);
/*
 * grant_world_progress() right after another event of the same message: what its
 * grantee said of being quiet has to be true.
 */
const char *grant_world_again(struct grant_world *w, u32 i, u32 received);
const char *grant_world_remove(struct grant_world *w, u32 i);
/* All messages end; nothing is left. */
const char *grant_world_end(struct grant_world *w);

#endif /* HOMA_TESTS_GRANT_WORLD_H */
