// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_json FILE PATH...: print values from JSON, one per line.
 *
 * A file is one value, or one value per line, which count as an array.  A path is
 * names and indices with dots between: sockets.0.rpcs.0.id; "#" at the end is the
 * number of members.  Exit status 1 if a file is no JSON or a path leads nowhere.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *load_lines(const char *path)
{
	json_t *array = json_array();
	json_error_t error;
	char *line = NULL;
	size_t size = 0;
	json_t *value;
	FILE *file;

	file = fopen(path, "r");
	while (file && getline(&line, &size, file) > 0) {
		value = json_loads(line, 0, &error);
		if (!value) {
			fprintf(stderr, "%s: %s\n", path, error.text);
			exit(1);
		}
		json_array_append_new(array, value);
	}
	return array;
}

static json_t *step(json_t *value, const char *name)
{
	if (json_is_array(value))
		return json_array_get(value, (size_t)atoi(name));
	return json_object_get(value, name);
}

static int print_at(json_t *value, char *path)
{
	char *name;

	while (value && (name = strsep(&path, "."))) {
		if (!strcmp(name, "#")) {
			printf("%zu\n", json_is_array(value) ? json_array_size(value) :
			       json_object_size(value));
			return 0;
		}
		value = step(value, name);
	}
	if (!value)
		return 1;
	if (json_is_string(value)) {
		puts(json_string_value(value));
	} else {
		json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
		putchar('\n');
	}
	return 0;
}

int main(int argc, char **argv)
{
	json_t *root;
	int i;

	if (argc < 3)
		return 2;
	root = json_load_file(argv[1], 0, NULL);
	if (!root)
		root = load_lines(argv[1]);
	for (i = 2; i < argc; i++) {
		if (print_at(root, argv[i])) {
			fprintf(stderr, "%s: no such value\n", argv[1]);
			return 1;
		}
	}
	return 0;
}
