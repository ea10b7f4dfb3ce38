/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Output for scripts.  Keys are stable: they are documented in the man pages, a
 * new one may appear, none changes its meaning.  Names are in snake_case with
 * their unit (age_ns, tx_bytes).
 */
#ifndef HOMA_TOOL_JSON_H
#define HOMA_TOOL_JSON_H

#include <jansson.h>
#include <stdint.h>

void json_set(json_t *object, const char *key, json_t *value);
void json_set_uint(json_t *object, const char *key, uint64_t value);
void json_set_text(json_t *object, const char *key, const char *value);
void json_set_bool(json_t *object, const char *key, int value);
json_t *json_new(json_t *value);
void json_print(json_t *value);
void json_print_line(json_t *value);

#endif /* HOMA_TOOL_JSON_H */
