// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Unit tests of tools/homa/proc.c and json.c: names that somebody else has chosen.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../json.h"
#include "../proc.h"

static void names_of_processes_are_plain(void **state)
{
	const struct proc_owner *owner;
	struct proc_owner *owners;
	struct stat socket_stat;
	size_t count;
	int fd;

	(void)state;
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &socket_stat), 0);
	assert_int_equal(prctl(PR_SET_NAME, "a\033[2J\xff\tb"), 0);
	count = proc_owners(&owners);
	owner = proc_owner_next(owners, count, socket_stat.st_ino, NULL);
	assert_non_null(owner);
	assert_int_equal(owner->pid, getpid());
	assert_string_equal(owner->name, "a?[2J??b");
	free(owners);
	close(fd);
}

static void texts_become_json(void **state)
{
	static const struct {
		const char *text;
		const char *json;
	} cases[] = {
		{ "eth0", "eth0" }, { "\xc3\xa4", "\xc3\xa4" }, { "a\xff\xc3", "a??" },
	};
	json_t *object;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		object = json_new(json_object());
		json_set_text(object, "name", cases[i].text);
		assert_string_equal(json_string_value(json_object_get(object, "name")),
				    cases[i].json);
		json_decref(object);
	}
	object = json_new(json_object());
	json_set_text(object, "name", NULL);
	assert_true(json_is_null(json_object_get(object, "name")));
	json_decref(object);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_processes_are_plain),
		cmocka_unit_test(texts_become_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
