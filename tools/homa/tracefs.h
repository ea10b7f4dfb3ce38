/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A trace buffer of our own (an instance of tracefs) with Homa's events, so that
 * nobody else who traces is disturbed.
 */
#ifndef HOMA_TOOL_TRACEFS_H
#define HOMA_TOOL_TRACEFS_H

#include <stdint.h>

/**
 * struct tracefs - the instance
 * @dir: its directory
 * @fd: its lines, non-blocking
 */
struct tracefs {
	char dir[128];
	int fd;
};

int tracefs_start(struct tracefs *t, uint64_t id);
void tracefs_quiet(const struct tracefs *t);
void tracefs_stop(struct tracefs *t);

#endif /* HOMA_TOOL_TRACEFS_H */
