// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * json.c - output for scripts; whoever runs out of memory ends here
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "json.h"
#include "message.h"

static void out_of_memory(void)
{
	complain("out of memory");
	exit(TOOL_FAILED);
}

/**
 * json_new() - check a value that was just made
 * @value: json_object() or the like
 *
 * Return: @value, never NULL.
 */
json_t *json_new(json_t *value)
{
	if (!value)
		out_of_memory();
	return value;
}

/**
 * json_set() - add a member
 * @object: the object
 * @key: name of the member
 * @value: its value; the reference is taken
 */
void json_set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, json_new(value)))
		out_of_memory();
}

/**
 * json_set_uint() - add a number
 * @object: the object
 * @key: name of the member
 * @value: the number; beyond 2^63 - 1 it is shown as that
 */
void json_set_uint(json_t *object, const char *key, uint64_t value)
{
	json_set(object, key, json_integer(value > INT64_MAX ? INT64_MAX : (int64_t)value));
}

/* What is not UTF-8, as the name of a device need not be, with "?" for its strange bytes. */
static json_t *mended(const char *value)
{
	char *copy = strdup(value);
	json_t *text;
	size_t i;

	if (!copy)
		out_of_memory();
	for (i = 0; copy[i]; i++)
		if (copy[i] & 0x80)
			copy[i] = '?';
	text = json_string(copy);
	free(copy);
	return text;
}

/**
 * json_set_text() - add a text
 * @object: the object
 * @key: name of the member
 * @value: UTF-8; NULL becomes null
 */
void json_set_text(json_t *object, const char *key, const char *value)
{
	json_t *text = value ? json_string(value) : json_null();

	json_set(object, key, text ? text : mended(value));
}

/**
 * json_set_bool() - add true or false
 * @object: the object
 * @key: name of the member
 * @value: 0 is false
 */
void json_set_bool(json_t *object, const char *key, int value)
{
	json_set(object, key, json_boolean(value));
}

static void print(json_t *value, size_t flags)
{
	if (json_dumpf(value, stdout, flags | JSON_ENCODE_ANY))
		out_of_memory();
	putchar('\n');
	json_decref(value);
}

/**
 * json_print() - print a report, indented
 * @value: the report; the reference is taken
 */
void json_print(json_t *value)
{
	print(value, JSON_INDENT(2));
}

/**
 * json_print_line() - print one report of many as one line, at once
 * @value: the report; the reference is taken
 */
void json_print_line(json_t *value)
{
	print(value, JSON_COMPACT);
	fflush(stdout);
}
