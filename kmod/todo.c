// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * What a locked section left to do: sending, waking, freeing (docs/locking.md).
 */
#include "homa.h"
#include "trace.h"

static void send_grant(struct homa_rpc *rpc, u32 offset, u8 priority)
{
	struct homa_hdr hdr = { .type = HOMA_GRANT };
	bool useful;

	homa_rpc_lock(rpc);
	useful = homa_rpc_granted(&rpc->core, offset, ktime_get_ns());
	if (useful)
		homa_timer_start_locked(rpc);
	homa_rpc_unlock(rpc);
	if (!useful)
		return;
	trace_homa_grant(rpc, offset, priority);
	hdr.grant.offset = offset;
	hdr.grant.priority = priority;
	homa_tx_rpc_control(rpc, &hdr);
}

/**
 * homa_todo_run_rest() - what there is seldom to do; use homa_todo_run()
 * @todo: list
 *
 * Context: no Homa lock held.
 */
void homa_todo_run_rest(struct homa_todo *todo)
{
	u32 i;

	if (todo->wake_private) {
		wake_up_interruptible(&todo->wake_private->wait);
		homa_rpc_put(todo->wake_private);
	}
	for (i = 0; i < todo->num_grants; i++) {
		send_grant(todo->grants[i].rpc, todo->grants[i].offset,
			   todo->grants[i].priority);
		homa_rpc_put(todo->grants[i].rpc);
	}
	if (!skb_queue_empty(&todo->free))
		__skb_queue_purge(&todo->free);
	if (todo->serve)
		homa_pool_serve(todo->serve);
}
