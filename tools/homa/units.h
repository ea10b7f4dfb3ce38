/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Quantities as people read and write them.  Bytes: k, M, G are 1000, Ki, Mi, Gi
 * 1024.  Times: ns, us, ms, s, min, h.  Output has three digits at least and never
 * more than eight characters.
 */
#ifndef HOMA_TOOL_UNITS_H
#define HOMA_TOOL_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Room for any text that is made here. */
#define UNITS_MAX	16

const char *units_bytes(uint64_t bytes, char text[UNITS_MAX]);
const char *units_count(double count, char text[UNITS_MAX]);
const char *units_duration(uint64_t ns, char text[UNITS_MAX]);
bool units_parse_bytes(const char *text, uint64_t *bytes);
bool units_parse_count(const char *text, uint64_t *count);
bool units_parse_duration(const char *text, uint64_t *ns);

#endif /* HOMA_TOOL_UNITS_H */
