/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The terminal, or its absence.
 */
#ifndef HOMA_TOOL_TERM_H
#define HOMA_TOOL_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t term_width(void);
bool term_sleep(uint64_t ns);

#endif /* HOMA_TOOL_TERM_H */
