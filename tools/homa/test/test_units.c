// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Unit tests of tools/homa/units.c: tables of quantities, read and written.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../units.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void bytes_are_written(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0" }, { 9999, "9999" }, { 10000, "10.0k" }, { 99949, "99.9k" },
		{ 99950, "100k" }, { 999499, "999k" }, { 999500, "1.00M" },
		{ 1000000, "1.00M" }, { 65536000, "65.5M" }, { UINT64_MAX, "18.4E" },
	};
	char text[UNITS_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_string_equal(units_bytes(cases[i].bytes, text), cases[i].text);
}

static void counts_are_written(void **state)
{
	char text[UNITS_MAX];

	(void)state;
	assert_string_equal(units_count(0, text), "0");
	assert_string_equal(units_count(0.25, text), "0.25");
	assert_string_equal(units_count(9.999, text), "10.0");
	assert_string_equal(units_count(1234, text), "1234");
	assert_string_equal(units_count(1234.5, text), "1.23k");
	assert_string_equal(units_count(2.5e6, text), "2.50M");
}

static void durations_are_written(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0ns" }, { 999, "999ns" }, { 1000, "1.00us" }, { 999499, "999us" },
		{ 999500, "1.00ms" }, { 12345678, "12.3ms" }, { 999499999, "999ms" },
		{ 999500000, "1.00s" }, { 59499999999, "59.5s" }, { 59500000000, "1:00min" },
		{ 125000000000, "2:05min" }, { 3599600000000, "1:00h" },
		{ 11220000000000, "3:07h" }, { 172800000000000, "2d" },
	};
	char text[UNITS_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_string_equal(units_duration(cases[i].ns, text), cases[i].text);
}

static void quantities_are_read(void **state)
{
	uint64_t value;

	(void)state;
	assert_true(units_parse_bytes("1500", &value));
	assert_int_equal(value, 1500);
	assert_true(units_parse_bytes("64Ki", &value));
	assert_int_equal(value, 65536);
	assert_true(units_parse_bytes("1.5MB", &value));
	assert_int_equal(value, 1500000);
	assert_true(units_parse_count("10k", &value));
	assert_int_equal(value, 10000);
	assert_true(units_parse_duration("2", &value));
	assert_int_equal(value, 2000000000);
	assert_true(units_parse_duration(".5ms", &value));
	assert_int_equal(value, 500000);
	assert_true(units_parse_duration("1min", &value));
	assert_int_equal(value, 60000000000);
}

static void nonsense_is_refused(void **state)
{
	static const char * const cases[] = {
		"", "-1", "+1", " 1", "x", "1x", "1 k", "nan", "inf", "0x10", "1e300", "1k5",
		"99999999999999999999",
	};
	uint64_t value = 77;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		assert_false(units_parse_bytes(cases[i], &value));
		assert_false(units_parse_count(cases[i], &value));
		assert_false(units_parse_duration(cases[i], &value));
	}
	assert_int_equal(value, 77);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_written),
		cmocka_unit_test(counts_are_written),
		cmocka_unit_test(durations_are_written),
		cmocka_unit_test(quantities_are_read),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
