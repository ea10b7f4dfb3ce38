/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Whether the calling process may be traced by its own user, for region.c. */
#ifndef HOMA_COMPAT_DUMPABLE_H
#define HOMA_COMPAT_DUMPABLE_H

#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#ifdef HOMA_HAVE_EXEC_STATE
#include <linux/sched/exec_state.h>
#endif

/*
 * Return: the user namespace in which CAP_SYS_PTRACE is needed to trace it; NULL if
 * it is dumpable.  Context: a system call, rcu_read_lock().
 */
static inline const struct user_namespace *homa_tracer_ns(void)
{
#ifdef HOMA_HAVE_EXEC_STATE
	const struct task_exec_state *state;

	state = rcu_dereference(current->exec_state);
	return READ_ONCE(state->dumpable) == TASK_DUMPABLE_OWNER ?
	       NULL : state->user_ns;
#else
	return get_dumpable(current->mm) == SUID_DUMP_USER ?
	       NULL : current->mm->user_ns;
#endif
}

#endif /* HOMA_COMPAT_DUMPABLE_H */
