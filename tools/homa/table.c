// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * table.c - aligned columns
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "message.h"
#include "table.h"

#define GAP	2

/**
 * struct table - cells, row by row
 * @headers: titles; a first character '>' aligns the column to the right
 * @columns: number of columns
 * @cells: texts
 * @used: number of cells
 * @room: cells that fit
 * @width: longest line, 0 = any; the last column is cut
 */
struct table {
	const char *const *headers;
	size_t columns;
	char **cells;
	size_t used;
	size_t room;
	size_t width;
};

static void *or_die(void *memory)
{
	if (!memory) {
		complain("out of memory");
		exit(TOOL_FAILED);
	}
	return memory;
}

static const char *title(const struct table *table, size_t column)
{
	const char *header = table->headers[column];

	return header[0] == '>' ? header + 1 : header;
}

/**
 * table_new() - make an empty table
 * @headers: titles up to NULL, kept; ">TITLE" is a column of numbers
 *
 * Return: the table, for table_free().
 */
struct table *table_new(const char *const *headers)
{
	struct table *table = or_die(calloc(1, sizeof(*table)));

	table->headers = headers;
	while (headers[table->columns])
		table->columns++;
	return table;
}

/**
 * table_add() - add cells to the table, usually a row
 * @table: the table
 * @format: as for printf(); a tab ends a cell
 */
void table_add(struct table *table, const char *format, ...)
{
	char *text, *cell, *rest;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	rest = or_die(text);
	while ((cell = strsep(&rest, "\t"))) {
		if (table->used == table->room) {
			table->room = table->room ? 2 * table->room : 64;
			table->cells = or_die(reallocarray(table->cells, table->room,
							   sizeof(*table->cells)));
		}
		table->cells[table->used++] = or_die(strdup(cell));
	}
	free(text);
}

/**
 * table_fit() - limit the length of lines
 * @table: the table
 * @width: so many characters; what does not fit of the last column is cut off
 */
void table_fit(struct table *table, size_t width)
{
	table->width = width;
}

/**
 * table_rows() - number of complete rows
 * @table: the table
 *
 * Return: the number.
 */
size_t table_rows(const struct table *table)
{
	return table->used / table->columns;
}

/* Width of a column, 0 if no row has anything in it. */
static size_t column_width(const struct table *table, size_t column)
{
	size_t i, len, width = 0;

	for (i = column; i < table->used; i += table->columns) {
		len = strlen(table->cells[i]);
		if (len > width)
			width = len;
	}
	len = strlen(title(table, column));
	return width && len > width ? len : width;
}

static void print_row(const struct table *table, FILE *out, const char *indent,
		      const size_t *widths, const char *const *cells)
{
	size_t column, pending = strlen(indent), at = pending;
	const char *cell;
	size_t fill;
	int room;

	/* Blanks are owed until something follows them. */
	for (column = 0; column < table->columns; column++) {
		if (!widths[column])
			continue;
		cell = cells[column];
		fill = widths[column] - strlen(cell);
		if (table->headers[column][0] == '>') {
			pending += fill;
			fill = 0;
		}
		if (*cell) {
			room = -1;
			if (table->width && column + 1 == table->columns)
				room = table->width > at ? (int)(table->width - at) : 1;
			fprintf(out, "%*s%.*s", (int)pending, "", room, cell);
			pending = 0;
		}
		pending += fill + GAP;
		at += widths[column] + GAP;
	}
	fputc('\n', out);
}

/**
 * table_print() - print titles and rows
 * @table: the table
 * @out: where to
 * @indent: blanks before each line
 */
void table_print(const struct table *table, FILE *out, const char *indent)
{
	size_t *widths = or_die(calloc(table->columns, sizeof(*widths)));
	const char **titles = or_die(calloc(table->columns, sizeof(*titles)));
	size_t i;

	for (i = 0; i < table->columns; i++) {
		widths[i] = column_width(table, i);
		titles[i] = title(table, i);
	}
	print_row(table, out, indent, widths, titles);
	for (i = 0; i + table->columns <= table->used; i += table->columns)
		print_row(table, out, indent, widths,
			  (const char *const *)table->cells + i);
	free(titles);
	free(widths);
}

/**
 * table_free() - free a table
 * @table: the table
 */
void table_free(struct table *table)
{
	size_t i;

	for (i = 0; i < table->used; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}
