// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Unit tests of tools/homa/metrics.c: text in the form of /proc/net/homa_metrics.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "../metrics.h"

static int parse(const char *text, struct metrics *metrics)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");
	int err;

	assert_non_null(file);
	err = metrics_parse(file, metrics);
	fclose(file);
	return err;
}

#define HEAD \
	"time_cycles          77 time in the unit of all counters of time\n" \
	"cpu_khz         3000000 such units per millisecond\n"

static void cpus_are_summed(void **state)
{
	struct metrics m;

	(void)state;
	assert_int_equal(parse(HEAD
			       "core 0 counters of this CPU follow\n"
			       "packets_sent_DATA  5 DATA packets sent\n"
			       "drop_NO_SOCKET     1 no socket owns the port\n"
			       "core 1 counters of this CPU follow\n"
			       "packets_sent_DATA  7 DATA packets sent\n"
			       "drop_NO_SOCKET     0 no socket owns the port\n", &m), 0);
	assert_int_equal(m.count, 2);
	assert_int_equal(m.cycles_khz, 3000000);
	assert_int_equal(metrics_value(&m, "packets_sent_DATA"), 12);
	assert_int_equal(metrics_value(&m, "drop_NO_SOCKET"), 1);
	assert_int_equal(metrics_value(&m, "nothing"), 0);
	assert_string_equal(m.list[1].text, "no socket owns the port");
	metrics_free(&m);
}

static void growth_is_never_negative(void **state)
{
	struct metrics a, b;

	(void)state;
	assert_int_equal(parse("core 0 x\nn 5 t\n", &a), 0);
	assert_int_equal(parse("core 0 x\nn 9 t\n", &b), 0);
	assert_int_equal(metrics_since(&b, &a, "n"), 4);
	assert_int_equal(metrics_since(&a, &b, "n"), 0);
	metrics_free(&a);
	metrics_free(&b);
}

static void many_counters_fit(void **state)
{
	static char text[60000] = "core 0 x\n";
	struct metrics m;
	int i;

	(void)state;
	for (i = 0; i < 1500; i++)
		sprintf(text + strlen(text), "counter_%d %d what it is\n", i, i);
	assert_int_equal(parse(text, &m), 0);
	assert_int_equal(m.count, 1500);
	assert_int_equal(metrics_value(&m, "counter_1499"), 1499);
	metrics_free(&m);
}

static void nonsense_is_refused(void **state)
{
	static const char * const cases[] = {
		"\n", "no number\n", HEAD, "core 0 x\na 1 t\ncore 1 x\nb 1 t\n",
		"core 0 x\na 1 t\ncore 1 x\na 1 t\nb 1 t\n",
	};
	struct metrics m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i], &m), EBADMSG);
		metrics_free(&m);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpus_are_summed),
		cmocka_unit_test(growth_is_never_negative),
		cmocka_unit_test(many_counters_fit),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
