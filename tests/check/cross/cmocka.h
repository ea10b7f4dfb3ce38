/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * As much of cmocka as the unit tests use, for machines that Debian has no
 * cmocka for beside our own. A failed assertion ends the program.
 */
#ifndef HOMA_TESTS_CROSS_CMOCKA_H
#define HOMA_TESTS_CROSS_CMOCKA_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
	const char *name;
	void (*run)(void **state);
};

#define cmocka_unit_test(function)	{ #function, function }

#define cross_fail(format, ...) do {					\
	printf("%s:%d: " format "\n", __FILE__, __LINE__, ##__VA_ARGS__);	\
	exit(1);							\
} while (0)

#define assert_true(condition) do {					\
	if (!(condition))						\
		cross_fail("%s", #condition);				\
} while (0)

#define assert_false(condition)		assert_true(!(condition))
#define assert_null(pointer)		assert_true(!(pointer))
#define assert_non_null(pointer)	assert_true(pointer)
#define assert_ptr_equal(a, b)		assert_true((a) == (b))
#define assert_memory_equal(a, b, n)	assert_true(!memcmp(a, b, n))

/* Like cmocka's, in the largest integer: negative numbers of any type agree. */
#define assert_int_equal(a, b) do {					\
	uintmax_t cross_a = (uintmax_t)(a), cross_b = (uintmax_t)(b);	\
	if (cross_a != cross_b)						\
		cross_fail("%s is %" PRIuMAX ", not %" PRIuMAX, #a,	\
			   cross_a, cross_b);				\
} while (0)

#define assert_in_range(value, low, high) do {				\
	uintmax_t cross_value = (uintmax_t)(value);			\
	assert_true(cross_value >= (uintmax_t)(low) &&			\
		    cross_value <= (uintmax_t)(high));			\
} while (0)

#define fail()			cross_fail("failed")
#define fail_msg(...)		cross_fail(__VA_ARGS__)

#define cmocka_run_group_tests(tests, setup, teardown)			\
	cross_run(tests, sizeof(tests) / sizeof((tests)[0]))

static inline int cross_run(const struct CMUnitTest *tests, size_t n)
{
	void *state = NULL;

	for (size_t i = 0; i < n; i++) {
		tests[i].run(&state);
		printf("%s: ok\n", tests[i].name);
	}
	return 0;
}

#endif /* HOMA_TESTS_CROSS_CMOCKA_H */
