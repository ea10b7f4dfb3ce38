// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * proc.c - which processes have a socket open
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"

/* The list while it grows. */
struct owners {
	struct proc_owner *list;
	size_t count;
	size_t room;
};

static void read_name(const char *pid, char *name, size_t size)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(name, (int)size, file))
		snprintf(name, size, "?");
	name[strcspn(name, "\n")] = 0;
	/* Processes name themselves: nothing in it may steer a terminal, or end a column. */
	for (; *name; name++)
		if (*name < ' ' || *name > '~')
			*name = '?';
	if (file)
		fclose(file);
}

static void add(struct owners *owners, const char *pid, uint64_t inode)
{
	struct proc_owner *owner;
	size_t i;

	/* Descriptors that were duplicated count once. */
	for (i = owners->count; i > 0 && owners->list[i - 1].pid == atoi(pid); i--)
		if (owners->list[i - 1].inode == inode)
			return;
	if (owners->count == owners->room) {
		i = owners->room ? 2 * owners->room : 256;
		owner = reallocarray(owners->list, i, sizeof(*owner));
		if (!owner)
			return;
		owners->list = owner;
		owners->room = i;
	}
	owner = &owners->list[owners->count++];
	owner->inode = inode;
	owner->pid = atoi(pid);
	read_name(pid, owner->name, sizeof(owner->name));
}

static void look_at(struct owners *owners, const char *pid)
{
	char path[300], target[64];
	struct dirent *entry;
	uint64_t inode;
	ssize_t len;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		if (len <= 0)
			continue;
		target[len] = 0;
		if (sscanf(target, "socket:[%lu]", &inode) == 1)
			add(owners, pid, inode);
	}
	closedir(dir);
}

/**
 * proc_owners() - all sockets of all processes that we may look at
 * @owners: result, for free(); may be NULL if there are none
 *
 * Return: the number of them.
 */
size_t proc_owners(struct proc_owner **owners)
{
	struct owners found = { 0 };
	struct dirent *entry;
	DIR *dir = opendir("/proc");

	while (dir && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			look_at(&found, entry->d_name);
	if (dir)
		closedir(dir);
	*owners = found.list;
	return found.count;
}

/**
 * proc_owner_next() - the next process that has a socket open
 * @owners: from proc_owners()
 * @count: from proc_owners()
 * @inode: of the socket
 * @after: the last one found, NULL at first
 *
 * Return: a process, or NULL.
 */
const struct proc_owner *proc_owner_next(const struct proc_owner *owners, size_t count,
					 uint64_t inode, const struct proc_owner *after)
{
	size_t i;

	for (i = after ? (size_t)(after - owners) + 1 : 0; i < count; i++)
		if (inode && owners[i].inode == inode)
			return &owners[i];
	return NULL;
}
