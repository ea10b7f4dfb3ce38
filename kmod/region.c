// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Where the receive region of a socket is, and whose memory may be written
 * (docs/decisions/0021).
 *
 * The region is an address; messages are written there in the memory of whoever
 * calls recvmsg() (uapi §2.1).  That is fine for a process that forks, and would
 * be a hole if the caller were somebody who got the socket from a stranger: that
 * one chose the address and the contents.  So a region remembers the memory that
 * it was set for, and who did it.  In other memory it counts only if that one
 * could write there anyway.
 */
#include <linux/cred.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include "homa.h"
#include "compat/dumpable.h"

/**
 * struct homa_region - address of a receive region; constant once published
 * @start: user address
 * @mm: memory of who set it; only the structure is referenced
 * @cred: who set it, referenced
 * @id: no other region has or had it; not 0
 */
struct homa_region {
	u64 start;
	struct mm_struct *mm;
	const struct cred *cred;
	u64 id;
};

static atomic64_t last_id;

/**
 * homa_region_new() - a region of the calling process
 * @start: user address
 *
 * Context: process.  Return: the region, or NULL without memory.
 */
struct homa_region *homa_region_new(u64 start)
{
	struct homa_region *region;

	region = kmalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return NULL;
	region->start = start;
	region->mm = current->mm;
	mmgrab(region->mm);
	region->cred = get_current_cred();
	region->id = atomic64_inc_return(&last_id);
	return region;
}

/**
 * homa_region_free() - nobody uses it any more
 * @region: may be NULL
 *
 * Context: process: with the structure of the memory its page tables go.
 */
void homa_region_free(struct homa_region *region)
{
	if (!region)
		return;
	mmdrop(region->mm);
	put_cred(region->cred);
	kfree(region);
}

/* May @who trace processes in @ns, or in one that it is inside of? */
static bool may_trace(const struct cred *who, const struct user_namespace *ns)
{
	if (!cap_raised(who->cap_effective, CAP_SYS_PTRACE))
		return false;
	for (; ns; ns = ns->parent) {
		if (ns == who->user_ns)
			return true;
	}
	return false;
}

/*
 * As for ptrace(): the same user, who is not less privileged, unless our memory is not
 * for his eyes either.  Security modules cannot be asked, for whoever set the region
 * may be gone; they were when we were given the socket, and are when we use it.
 */
static bool may_write_ours(const struct cred *who)
{
	const struct cred *us = current_cred();
	const struct user_namespace *tracer_ns = homa_tracer_ns();

	if (tracer_ns)
		return may_trace(who, tracer_ns);
	if (who == us || may_trace(who, us->user_ns))
		return true;
	return who->user_ns == us->user_ns &&
	       uid_eq(who->euid, us->euid) && uid_eq(who->euid, us->suid) &&
	       uid_eq(who->euid, us->uid) && gid_eq(who->egid, us->egid) &&
	       gid_eq(who->egid, us->sgid) && gid_eq(who->egid, us->gid) &&
	       cap_issubset(us->cap_permitted, who->cap_permitted);
}

/**
 * homa_region_start() - where the caller is to be given messages
 * @region: region
 * @start: user address
 *
 * Context: a system call, rcu_read_lock().
 * Return: 0, or -EPERM if it is not for the memory of this process.
 */
int homa_region_start(const struct homa_region *region, u64 *start)
{
	/* A thread of the kernel has no memory to write to. */
	if (!current->mm || (region->mm != current->mm &&
			     !may_write_ours(region->cred)))
		return -EPERM;
	*start = region->start;
	return 0;
}

/**
 * homa_region_own() - is it the very memory of the caller?
 * @region: region
 *
 * Context: a system call, rcu_read_lock().
 * Return: what tells this region from all others, or 0 if it is for other memory.
 */
u64 homa_region_own(const struct homa_region *region)
{
	return region->mm == current->mm ? region->id : 0;
}

/**
 * homa_region_where() - its address, for whoever wants to know
 * @region: region that stays
 */
u64 homa_region_where(const struct homa_region *region)
{
	return region->start;
}
