// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Unit tests of tools/homa/opts.c.  What ends the process is tried in a child.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../cmd.h"
#include "../opts.h"

struct values {
	uint64_t count;
	uint64_t size_bytes;
	uint64_t interval_ns;
	const char *text;
	unsigned int choice;
	bool json;
};

static const char * const choices[] = { "homa", "tcp", NULL };

static const struct opt opts[] = {
	OPT_COUNT("count", 'c', struct values, count, 1, 1000, "so many"),
	OPT_BYTES("size", 0, struct values, size_bytes, 1, 1000000, "so long"),
	OPT_DURATION("interval", 'i', struct values, interval_ns, 1000000, 60000000000,
		     "so often"),
	OPT_TEXT("name", 0, struct values, text, "NAME", "so called"),
	OPT_CHOICE("transport", 't', struct values, choice, "PROTOCOL", choices, "one of two"),
	OPT_JSON(struct values, json),
	{ 0 }
};

static const struct opt_spec spec = {
	.args = "HOST", .min_args = 1, .max_args = 2, .about = "Do it.", .opts = opts,
};

static int words(char *line, char **argv)
{
	int argc = 0;

	while ((argv[argc] = strsep(&line, " ")))
		argc++;
	return argc;
}

static void values_are_read(void **state)
{
	char line[] = "homa_test -c 10 host --size=64Ki --interval 1.5ms other --name x -t tcp -j";
	struct values v = { 0 };
	char *argv[32];
	int argc, first;

	(void)state;
	argc = words(line, argv);
	assert_int_equal(opts_parse(&spec, argc, argv, &v, &first), TOOL_OK);
	assert_int_equal(v.count, 10);
	assert_int_equal(v.size_bytes, 65536);
	assert_int_equal(v.interval_ns, 1500000);
	assert_string_equal(v.text, "x");
	assert_int_equal(v.choice, 1);
	assert_true(v.json);
	assert_int_equal(argc - first, 2);
	assert_string_equal(argv[first], "host");
	assert_string_equal(argv[first + 1], "other");
}

static void defaults_stay(void **state)
{
	char line[] = "homa_test -- -host";
	struct values v = { .count = 3 };
	char *argv[32];
	int argc, first;

	(void)state;
	argc = words(line, argv);
	opts_parse(&spec, argc, argv, &v, &first);
	assert_int_equal(v.count, 3);
	assert_false(v.json);
	assert_string_equal(argv[first], "-host");
}

/* Run it in a child; return its exit status and the first of what it printed. */
static int in_child(const char *text, char *output, size_t size)
{
	struct values v = { .count = 3 };
	char line[256], *argv[32];
	int fds[2], status, first, argc;
	size_t used = 0;
	ssize_t len;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		snprintf(line, sizeof(line), "%s", text);
		argc = words(line, argv);
		opts_parse(&spec, argc, argv, &v, &first);
		_exit(99);
	}
	close(fds[1]);
	while ((len = read(fds[0], output + used, size - 1 - used)) > 0)
		used += (size_t)len;
	output[used] = 0;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void mistakes_are_explained(void **state)
{
	static const struct {
		const char *line;
		const char *message;
	} cases[] = {
		{ "t host -c 0", "--count: 0 is not from 1 to 1000" },
		{ "t host -c 1001", "--count: 1001 is not from 1 to 1000" },
		{ "t host -c ten", "--count: \"ten\" is not a number" },
		{ "t host --size 2M", "--size: 2M is not from 1 to 1M" },
		{ "t host -i 1us", "--interval: 1us is not from 1.00ms to 1:00min" },
		{ "t host -t udp", "--transport: \"udp\" is none of homa, tcp" },
		{ "t", "an argument is missing: HOST" },
		{ "t a b c", "\"c\" is one argument too many" },
		{ "t host --nonsense", "unrecognized option" },
	};
	char output[4096];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(in_child(cases[i].line, output, sizeof(output)), TOOL_USAGE);
		if (!strstr(output, cases[i].message))
			fail_msg("%s: %s", cases[i].line, output);
	}
}

static void help_knows_bounds_and_defaults(void **state)
{
	char output[4096];

	(void)state;
	assert_int_equal(in_child("t --help", output, sizeof(output)), 0);
	assert_non_null(strstr(output, "Usage: t [OPTION...] HOST"));
	assert_non_null(strstr(output, "Do it."));
	assert_non_null(strstr(output, "so many (1 to 1000; default 3)"));
	assert_non_null(strstr(output, "so long (1 to 1M; default none)"));
	assert_non_null(strstr(output, "one of two (default homa)"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(defaults_stay),
		cmocka_unit_test(mistakes_are_explained),
		cmocka_unit_test(help_knows_bounds_and_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
