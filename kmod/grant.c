// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Grants for incoming messages: feeds the grantor (core/grant.h) and collects
 * its commands.
 */
#include "homa.h"

/* Copy commands while the grantor lock keeps their RPCs linked. */
static void collect_locked(struct homa_net *hn, struct homa_todo *todo,
			   const struct homa_grant_cmd *cmds, u32 num)
{
	u32 i;

	lockdep_assert_held(&hn->grant_lock);
	for (i = 0; i < num; i++) {
		struct homa_rpc *rpc = container_of(cmds[i].g, struct homa_rpc,
						    grantee);

		if (WARN_ON_ONCE(todo->num_grants >= HOMA_GRANT_CMDS_MAX))
			return;
		/* A grantee is linked, so its RPC is alive. */
		homa_rpc_hold(rpc);
		todo->grants[todo->num_grants].rpc = rpc;
		todo->grants[todo->num_grants].offset = cmds[i].offset;
		todo->grants[todo->num_grants].priority = cmds[i].priority;
		todo->num_grants++;
		if (cmds[i].fifo_bytes)
			HOMA_ADD(hn, fifo_grant_bytes, cmds[i].fifo_bytes);
		if (cmds[i].short_of_room)
			HOMA_INC(hn, needy_grants);
	}
}

/* A message came to the grantor, or left it. */
static void count_locked(struct homa_net *hn, int change)
{
	lockdep_assert_held(&hn->grant_lock);
	if (hn->num_grantable)
		HOMA_ADD(hn, grantable_rpcs_integral, hn->num_grantable *
			 homa_cycles_since(hn->grantable_since));
	hn->grantable_since = homa_cycles();
	hn->num_grantable += change;
	if (hn->num_grantable > hn->max_grantable)
		WRITE_ONCE(hn->max_grantable, hn->num_grantable);
}

/**
 * homa_grant_update_locked() - packets of a message arrived
 * @rpc: RPC that may need grants
 * @todo: to be run after unlocking
 *
 * Context: RPC lock held; takes the grantor lock.
 */
void homa_grant_update_locked(struct homa_rpc *rpc, struct homa_todo *todo)
{
	struct homa_grant_cmd cmds[HOMA_GRANT_CMDS_MAX];
	const struct homa_rpc_core *core = &rpc->core;
	struct homa_net *hn = rpc->hn;
	const struct homa_settings *s;
	u32 received;
	bool before, after;
	u64 now_ns;
	u32 num;

	lockdep_assert_held(&rpc->bucket->lock);
	/* The grantee leaves IDLE only here, under the RPC lock. */
	if (rpc->grantee.state == HOMA_GRANTEE_IDLE &&
	    !homa_rpc_needs_grants(core))
		return;

	received = homa_reasm_received(&core->rx);
	if (homa_grantee_is_quiet(&rpc->grantee, received))
		return;
	HOMA_INC(hn, grant_check_calls);
	rcu_read_lock();
	s = rcu_dereference(hn->settings);
	spin_lock(&hn->grant_lock);
	/* Here, so that times are in order. */
	now_ns = ktime_get_ns();
	before = rpc->grantee.state != HOMA_GRANTEE_IDLE;
	homa_tune_arrived_locked(rpc, received, s, now_ns);
	if (!before)
		num = homa_grantor_add(&hn->grantor, &s->core, &rpc->grantee,
				       &rpc->peer->grant, core->rx.length,
				       received, core->rx_granted,
				       rpc->birth_ns, now_ns, cmds);
	else
		num = homa_grantor_progress(&hn->grantor, &s->core,
					    &rpc->grantee, received, now_ns,
					    cmds);
	after = rpc->grantee.state != HOMA_GRANTEE_IDLE;
	if (after != before)
		count_locked(hn, after ? 1 : -1);
	collect_locked(hn, todo, cmds, num);
	spin_unlock(&hn->grant_lock);
	rcu_read_unlock();
}

/**
 * homa_grant_remove_locked() - a message needs no grants any more
 * @rpc: RPC; need not be known to the grantor
 * @todo: to be run after unlocking; grants for others
 *
 * Context: RPC lock held; takes the grantor lock.
 */
void homa_grant_remove_locked(struct homa_rpc *rpc, struct homa_todo *todo)
{
	struct homa_grant_cmd cmds[HOMA_GRANT_CMDS_MAX];
	struct homa_net *hn = rpc->hn;
	u32 num;

	lockdep_assert_held(&rpc->bucket->lock);
	if (rpc->grantee.state == HOMA_GRANTEE_IDLE)
		return;
	rcu_read_lock();
	spin_lock(&hn->grant_lock);
	num = homa_grantor_remove(&hn->grantor,
				  &rcu_dereference(hn->settings)->core,
				  &rpc->grantee, ktime_get_ns(), cmds);
	count_locked(hn, -1);
	collect_locked(hn, todo, cmds, num);
	spin_unlock(&hn->grant_lock);
	rcu_read_unlock();
}
