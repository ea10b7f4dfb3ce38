// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Unit tests of tools/homa/table.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../table.h"

static char *printed(struct table *table)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	table_print(table, out, "  ");
	fclose(out);
	table_free(table);
	return text;
}

static void columns_are_aligned(void **state)
{
	static const char * const headers[] = { "NAME", ">BYTES", "STATE", NULL };
	struct table *table = table_new(headers);
	char *text;

	(void)state;
	table_add(table, "%s\t%d\t%s", "one", 1, "incoming");
	table_add(table, "%s\t%d\t%s", "another", 1000000, "");
	assert_int_equal(table_rows(table), 2);
	text = printed(table);
	assert_string_equal(text,
			    "  NAME       BYTES  STATE\n"
			    "  one            1  incoming\n"
			    "  another  1000000\n");
	free(text);
}

static void empty_columns_vanish(void **state)
{
	static const char * const headers[] = { "A", "NEVER", ">B", NULL };
	struct table *table = table_new(headers);
	char *text;

	(void)state;
	table_add(table, "x\t\t1");
	table_add(table, "y\t\t");
	text = printed(table);
	assert_string_equal(text, "  A  B\n  x  1\n  y\n");
	free(text);
}

static void many_rows_fit(void **state)
{
	static const char * const headers[] = { "A", ">B", NULL };
	struct table *table = table_new(headers);
	int i;

	(void)state;
	for (i = 0; i < 1000; i++)
		table_add(table, "row\t%d", i);
	assert_int_equal(table_rows(table), 1000);
	table_free(table);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(empty_columns_vanish),
		cmocka_unit_test(many_rows_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
