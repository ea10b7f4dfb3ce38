// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Unit tests of tools/homa/doctor_firewall.c: sets of rules as nft prints them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../doctor.h"

#define CHAIN(hook, policy) \
	"{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"c\",\"type\":\"filter\"," \
	"\"hook\":\"" hook "\",\"prio\":0,\"policy\":\"" policy "\"}}"
#define RULE(expr) \
	"{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"c\",\"handle\":4,\"expr\":[" \
	expr "]}}"
#define PROTO(right) \
	"{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"l4proto\"}},\"right\":" right "}}"
#define IPPROTO(right) \
	"{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"ip\"," \
	"\"field\":\"protocol\"}},\"right\":" right "}}"
#define FROM \
	"{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"ip\"," \
	"\"field\":\"saddr\"}},\"right\":\"10.0.0.9\"}}"
#define ACCEPT	"{\"accept\":null}"
#define DROP	"{\"drop\":null}"
#define IN(chain, expr) \
	"{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"" chain "\",\"expr\":[" \
	expr "]}}"
#define JUMP(chain)	"{\"jump\":{\"target\":\"" chain "\"}}"
#define GOTO(chain)	"{\"goto\":{\"target\":\"" chain "\"}}"
#define RETURN	"{\"return\":null}"
#define IIF(name) \
	"{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"iifname\"}},\"right\":\"" name "\"}}"
#define CT(states) \
	"{\"match\":{\"op\":\"in\",\"left\":{\"ct\":{\"key\":\"state\"}},\"right\":" states "}}"
#define TCP22 \
	"{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"tcp\"," \
	"\"field\":\"dport\"}},\"right\":22}}"
#define TH4000 \
	"{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"th\"," \
	"\"field\":\"dport\"}},\"right\":4000}}"
#define COUNTER	"{\"counter\":{\"packets\":0,\"bytes\":0}}"

static enum doctor_level worst(const char *items, char *mend, size_t size)
{
	enum doctor_level level = DOCTOR_OK;
	struct doctor d = { 0 };
	char json[4096];
	size_t i;

	snprintf(json, sizeof(json), "{\"nftables\":[%s]}", items);
	doctor_ruleset(&d, json);
	assert_true(d.count > 0);
	mend[0] = 0;
	for (i = 0; i < d.count; i++) {
		if (d.findings[i].level > level)
			level = d.findings[i].level;
		if (d.findings[i].mend)
			snprintf(mend, size, "%s", d.findings[i].mend);
		free(d.findings[i].check);
		free(d.findings[i].what);
		free(d.findings[i].mend);
	}
	free(d.findings);
	return level;
}

static void rules_are_judged(void **state)
{
	static const struct {
		const char *items;
		enum doctor_level level;
	} cases[] = {
		{ "", DOCTOR_OK },
		{ CHAIN("input", "accept"), DOCTOR_OK },
		{ CHAIN("input", "drop"), DOCTOR_PROBLEM },
		{ CHAIN("output", "drop"), DOCTOR_PROBLEM },
		{ CHAIN("input", "drop") "," RULE(PROTO("146") "," TH4000 "," ACCEPT), DOCTOR_NOTE },
		{ CHAIN("input", "accept") "," RULE(PROTO("146") "," TH4000 "," DROP), DOCTOR_NOTE },
		/* Forwarded packets are not ours. */
		{ CHAIN("forward", "drop"), DOCTOR_OK },
		{ CHAIN("input", "drop") "," RULE(PROTO("146") "," ACCEPT), DOCTOR_OK },
		{ CHAIN("input", "drop") "," RULE(PROTO("{\"set\":[6,146]}") "," COUNTER "," ACCEPT),
		  DOCTOR_OK },
		{ CHAIN("input", "drop") "," RULE(PROTO("{\"set\":[6,17]}") "," ACCEPT),
		  DOCTOR_PROBLEM },
		{ CHAIN("input", "drop") "," RULE(PROTO("\"tcp\"") "," ACCEPT), DOCTOR_PROBLEM },
		{ CHAIN("input", "drop") "," RULE(ACCEPT), DOCTOR_OK },
		{ CHAIN("input", "accept") "," RULE(IPPROTO("146") "," DROP), DOCTOR_PROBLEM },
		{ CHAIN("input", "accept") "," RULE(IPPROTO("{\"range\":[100,200]}") "," DROP),
		  DOCTOR_PROBLEM },
		{ CHAIN("input", "accept") "," RULE(IPPROTO("17") "," DROP), DOCTOR_OK },
		{ CHAIN("input", "accept") "," RULE(DROP), DOCTOR_PROBLEM },
		/* Accepted before it is dropped. */
		{ CHAIN("input", "accept") "," RULE(PROTO("146") "," ACCEPT) "," RULE(DROP),
		  DOCTOR_OK },
		/* One host's only. */
		{ CHAIN("input", "accept") "," RULE(FROM "," PROTO("146") "," DROP), DOCTOR_NOTE },
		{ CHAIN("input", "accept") "," RULE(FROM "," DROP), DOCTOR_OK },
		/* What accepts only a part, or may. */
		{ CHAIN("input", "drop") "," RULE(FROM "," ACCEPT), DOCTOR_NOTE },
		{ CHAIN("input", "accept") "," RULE(FROM "," PROTO("146") "," ACCEPT) ","
		  RULE(PROTO("146") "," DROP), DOCTOR_NOTE },
		/* What accepts no request from another host. */
		{ CHAIN("input", "drop") "," RULE(CT("[\"established\",\"related\"]") "," ACCEPT) ","
		  RULE(IIF("lo") "," ACCEPT) "," RULE(TCP22 "," ACCEPT), DOCTOR_PROBLEM },
		{ CHAIN("input", "drop") "," RULE(CT("{\"set\":[\"established\",\"new\"]}") "," ACCEPT),
		  DOCTOR_NOTE },
		{ CHAIN("input", "accept") "," RULE(CT("\"invalid\"") "," DROP), DOCTOR_OK },
		/* Other chains, as firewalld and ufw have them. */
		{ CHAIN("input", "accept") "," RULE(JUMP("a")) "," IN("a", DROP), DOCTOR_PROBLEM },
		{ CHAIN("input", "drop") "," RULE(JUMP("a")) "," IN("a", PROTO("146") "," ACCEPT),
		  DOCTOR_OK },
		{ CHAIN("input", "drop") "," RULE(JUMP("a")) "," IN("a", TCP22 "," ACCEPT) ","
		  RULE(PROTO("146") "," ACCEPT), DOCTOR_OK },
		{ CHAIN("input", "accept") "," RULE(GOTO("a")) "," RULE(DROP) "," IN("a", TCP22 "," DROP),
		  DOCTOR_OK },
		{ CHAIN("input", "drop") "," RULE(GOTO("a")) "," RULE(ACCEPT) "," IN("a", TCP22 "," DROP),
		  DOCTOR_PROBLEM },
		{ CHAIN("input", "accept") "," RULE(JUMP("a")) "," IN("a", RETURN) "," IN("a", DROP),
		  DOCTOR_OK },
		{ CHAIN("input", "accept") "," RULE(JUMP("a")) "," IN("a", FROM "," RETURN) ","
		  IN("a", DROP), DOCTOR_NOTE },
		{ CHAIN("input", "accept") "," RULE(IIF("eth0") "," GOTO("a")) "," RULE(GOTO("a")) ","
		  IN("a", JUMP("b")) "," IN("a", DROP) "," IN("b", TCP22 "," ACCEPT), DOCTOR_PROBLEM },
		{ CHAIN("input", "accept") "," RULE(IIF("eth0") "," JUMP("a")) "," IN("a", DROP),
		  DOCTOR_OK },
		{ CHAIN("input", "drop") "," RULE(IIF("eth0") "," JUMP("a")) "," IN("a", ACCEPT),
		  DOCTOR_NOTE },
		{ CHAIN("input", "accept") "," RULE(PROTO("146") "," JUMP("a")) "," IN("a", DROP),
		  DOCTOR_PROBLEM },
		{ CHAIN("input", "accept") "," RULE(PROTO("146") "," FROM "," JUMP("a")) "," IN("a", DROP),
		  DOCTOR_NOTE },
		/* A circle; Linux refuses it. */
		{ CHAIN("input", "accept") "," RULE(JUMP("a")) "," IN("a", JUMP("a")), DOCTOR_OK },
		{ CHAIN("input", "accept") "," RULE(JUMP("nowhere")), DOCTOR_OK },
	};
	char mend[200];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (worst(cases[i].items, mend, sizeof(mend)) != cases[i].level)
			fail_msg("case %zu: %s", i, cases[i].items);
		if (cases[i].level != DOCTOR_OK)
			assert_string_equal(mend, "nft insert rule inet t c meta l4proto 146 accept");
	}
}

static void other_families_are_not_ours(void **state)
{
	char mend[200];

	(void)state;
	assert_int_equal(worst("{\"chain\":{\"family\":\"arp\",\"table\":\"t\",\"name\":\"c\","
			       "\"hook\":\"input\",\"policy\":\"drop\"}}", mend, sizeof(mend)),
			 DOCTOR_OK);
}

static void strange_names_are_not_run(void **state)
{
	static const char json[] = "{\"nftables\":[{\"chain\":{\"family\":\"ip\",\"table\":\"t\","
		"\"name\":\"c;id\",\"hook\":\"input\",\"policy\":\"drop\"}}]}";
	struct doctor d = { 0 };

	(void)state;
	doctor_ruleset(&d, json);
	assert_int_equal(d.count, 1);
	assert_int_equal(d.findings[0].level, DOCTOR_PROBLEM);
	assert_false(d.findings[0].here);
	free(d.findings[0].check);
	free(d.findings[0].what);
	free(d.findings[0].mend);
	free(d.findings);
	assert_true(doctor_plain("eth0.100") && doctor_plain("br-lan") && doctor_plain("if6@if7"));
	assert_false(doctor_plain("") || doctor_plain("-s") || doctor_plain("a$(id)") ||
		     doctor_plain("a;b") || doctor_plain("a>b") || doctor_plain("a b"));
}

static void nonsense_is_a_note(void **state)
{
	struct doctor d = { 0 };
	char mend[200];

	(void)state;
	assert_int_equal(worst("{\"chain\":7},{\"rule\":[]},3", mend, sizeof(mend)), DOCTOR_OK);
	doctor_ruleset(&d, "not JSON");
	assert_int_equal(d.count, 1);
	assert_int_equal(d.findings[0].level, DOCTOR_NOTE);
	free(d.findings[0].check);
	free(d.findings[0].what);
	free(d.findings);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_judged),
		cmocka_unit_test(other_families_are_not_ours),
		cmocka_unit_test(strange_names_are_not_run),
		cmocka_unit_test(nonsense_is_a_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
