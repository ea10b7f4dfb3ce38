/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The grant rules of protocol §5 in their slowest form: one array, nothing
 * remembered that can be counted.
 */
#ifndef HOMA_TESTS_GRANT_MODEL_H
#define HOMA_TESTS_GRANT_MODEL_H

#include "core/grant.h"

#define GRANT_MODEL_MSGS	16
#define GRANT_MODEL_PEERS	5

struct grant_model_msg {
	enum homa_grantee_state state;
	u32 peer;
	u64 birth_ns;
	u32 length;
	u32 received;
	u32 granted;
	u32 limit;	/* all messages together, when it was last looked at */
	u32 room;	/* taken since then */
	bool needy;
	u32 tuned;	/* window found for it, 0 = none */
};

struct grant_model_cmd {
	u32 msg;
	u32 offset;
	u32 bytes;	/* how much more than before */
	u32 room;	/* what they take */
	u8 priority;
	bool fifo;
};

struct grant_model {
	struct grant_model_msg msg[GRANT_MODEL_MSGS];
	u32 fifo;	/* message, or GRANT_MODEL_MSGS */
	u64 fifo_due_ns;
	struct grant_model_cmd cmds[HOMA_GRANT_CMDS_MAX];
	u32 num_cmds;
};

void grant_model_init(struct grant_model *m);

/* The three events; what they cause is in @m->cmds. */
void grant_model_add(struct grant_model *m, const struct homa_config *cfg,
		     u32 i, u32 peer, u32 length, u32 received, u32 granted,
		     u64 birth_ns, u64 now_ns);
void grant_model_progress(struct grant_model *m, const struct homa_config *cfg,
			  u32 i, u32 received, u64 now_ns);
void grant_model_remove(struct grant_model *m, const struct homa_config *cfg,
			u32 i, u64 now_ns);

/* What can be counted. */
u32 grant_model_active(const struct grant_model *m);
u32 grant_model_peer_active(const struct grant_model *m, u32 peer);
bool grant_model_peer_waits(const struct grant_model *m, u32 peer);
u32 grant_model_incoming(const struct grant_model_msg *msg);
u64 grant_model_total(const struct grant_model *m);
/* What all together may be granted if message @i is one of them. */
u32 grant_model_limit(const struct grant_model *m,
		      const struct homa_config *cfg, u32 i);
/* Room that is taken by all, or by one host. */
u64 grant_model_taken(const struct grant_model *m);
u64 grant_model_peer_taken(const struct grant_model *m, u32 peer);
/* Bytes that message @i could be granted now. */
u32 grant_model_due(const struct grant_model *m, const struct homa_config *cfg,
		    u32 i);
u32 grant_model_window(const struct grant_model *m,
		       const struct homa_config *cfg, u32 i);

#endif /* HOMA_TESTS_GRANT_MODEL_H */
