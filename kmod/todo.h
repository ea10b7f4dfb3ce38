/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What a locked section left to do (docs/locking.md).  Included by homa.h.
 */
#ifndef HOMA_KMOD_TODO_H
#define HOMA_KMOD_TODO_H

/**
 * struct homa_todo - what is to be done once the RPC lock is released
 * @num_grants: valid entries in @grants
 * @grants: GRANTs to send; each holds a reference to its RPC
 * @free: packets to free
 * @put: RPC that ended; its first reference is to be dropped
 * @wake: socket that has something to receive, or NULL
 * @wake_private: private RPC whose waiter has to look, referenced, or NULL
 * @serve: socket whose pool got buffers back, or NULL
 *
 * The caller guarantees that the sockets stay until homa_todo_run().  A locked
 * section asks the grantor at most once, so its commands fit.
 */
struct homa_todo {
	u32 num_grants;
	struct {
		struct homa_rpc *rpc;
		u32 offset;
		u8 priority;
	} grants[HOMA_GRANT_CMDS_MAX];
	struct sk_buff_head free;
	struct homa_rpc *put;
	struct homa_sock *wake;
	struct homa_rpc *wake_private;
	struct homa_sock *serve;
};

/*
 * Nothing to do yet; @todo is filled by the _locked() functions.  A compiler that
 * clears variables would clear @grants in vain: where each packet passes, the
 * variable is __uninitialized.
 */
static inline void homa_todo_init(struct homa_todo *todo)
{
	todo->num_grants = 0;
	__skb_queue_head_init(&todo->free);
	todo->put = NULL;
	todo->wake = NULL;
	todo->wake_private = NULL;
	todo->serve = NULL;
}

/* ---- todo.c: what is left to do after unlocking ---- */
void homa_todo_run_rest(struct homa_todo *todo);

/**
 * homa_todo_run() - do it
 * @todo: list; not to be used again
 *
 * Context: no Homa lock held.
 */
static inline void homa_todo_run(struct homa_todo *todo)
{
	if (todo->wake)
		homa_sock_sk(todo->wake)->sk_data_ready(homa_sock_sk(todo->wake));
	if (todo->num_grants || todo->wake_private || todo->serve ||
	    !skb_queue_empty(&todo->free))
		homa_todo_run_rest(todo);
	if (todo->put)
		homa_rpc_put(todo->put);
}

#endif /* HOMA_KMOD_TODO_H */
