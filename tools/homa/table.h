/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Aligned columns.  Columns are as wide as their widest cell; one that is empty
 * in every row is left out.
 */
#ifndef HOMA_TOOL_TABLE_H
#define HOMA_TOOL_TABLE_H

#include <stddef.h>
#include <stdio.h>

struct table;

struct table *table_new(const char *const *headers);
void table_add(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void table_fit(struct table *table, size_t width);
size_t table_rows(const struct table *table);
void table_print(const struct table *table, FILE *out, const char *indent);
void table_free(struct table *table);

#endif /* HOMA_TOOL_TABLE_H */
