/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Which processes have a socket open, from /proc/PID/fd.
 */
#ifndef HOMA_TOOL_PROC_H
#define HOMA_TOOL_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct proc_owner - a process and a socket that it has open
 * @inode: of the socket
 * @pid: of the process
 * @name: its name
 */
struct proc_owner {
	uint64_t inode;
	pid_t pid;
	char name[32];
};

size_t proc_owners(struct proc_owner **owners);
const struct proc_owner *proc_owner_next(const struct proc_owner *owners, size_t count,
					 uint64_t inode, const struct proc_owner *after);

#endif /* HOMA_TOOL_PROC_H */
