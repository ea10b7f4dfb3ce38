// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * test_script.c - tokens, expressions, statements
 */
#include <stdio.h>
#include <string.h>

#include "../script.h"

static int failures;

#define CHECK(cond)							\
	do {								\
		if (!(cond)) {						\
			printf("%s:%d: not true: %s\n", __FILE__,	\
			       __LINE__, #cond);			\
			failures++;					\
		}							\
	} while (0)

static void expressions(void)
{
	static const struct {
		const char *text;
		int64_t value;
	} table[] = {
		{ "1", 1 }, { "0x10", 16 }, { "-1", -1 }, { "~0", -1 },
		{ "!5", 0 }, { "1 + 2 * 3", 7 }, { "(1 + 2) * 3", 9 },
		{ "10 - 3 - 2", 5 }, { "7 / 2", 3 }, { "7 % 4", 3 },
		{ "6 ^ 3", 5 }, { "6 & 3 | 8", 10 }, { "1 << 4 + 1", 32 },
		{ "5 & 4 == 4", 1 }, { "3 < 4 && 4 <= 4", 1 },
		{ "1 != 1 || 2 > 1", 1 }, { "5ms", 5000000 },
		{ "4.5ms", 4500000 }, { "1s", 1000000000 }, { "7us", 7000 },
		{ "2ns", 2 }, { "0.25s", 250000000 }, { "all", 0xffffffff },
		{ "ETIMEDOUT", 110 }, { "$x", 40 }, { "$x+2", 42 },
		{ "$x^1", 41 }, { "- -3", 3 },
		{ "0xffffffffffffffff", -1 },
	};
	struct vars vars = { 0 };
	struct lexer lx;
	int64_t value;
	char why[200];
	size_t i;

	vars_set(&vars, "x", 40);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct expr *e;

		lexer_start(&lx, table[i].text);
		e = expr_parse(&lx);
		CHECK(!lx.error[0]);
		CHECK(lx.token.kind == TOKEN_END);
		value = 0x5a5a;
		if (!expr_eval(e, &vars, &value, why, sizeof(why)) ||
		    value != table[i].value) {
			printf("`%s` is %lld, not %lld\n", table[i].text,
			       (long long)value, (long long)table[i].value);
			failures++;
		}
	}
}

static void expressions__fail(void)
{
	static const char * const parse[] = {
		"", "1 +", "(1", "1.5", "5q", "word", "$", "*3",
	};
	static const char * const eval[] = { "$y", "1 / 0", "1 % 0", "1 / -1" };
	struct vars vars = { 0 };
	struct lexer lx;
	int64_t value;
	char why[200];
	size_t i;

	for (i = 0; i < sizeof(parse) / sizeof(parse[0]); i++) {
		lexer_start(&lx, parse[i]);
		expr_parse(&lx);
		if (!lx.error[0]) {
			printf("`%s` has no error\n", parse[i]);
			failures++;
		}
	}
	for (i = 0; i < sizeof(eval) / sizeof(eval[0]); i++) {
		lexer_start(&lx, eval[i]);
		CHECK(!expr_eval(expr_parse(&lx), &vars, &value, why,
				 sizeof(why)));
	}
}

static void statements__accepted(void)
{
	static const char * const lines[] = {
		"send DATA sport=1 dport=2 id=3 len=4",
		"send c data 0..4000 msglen=5000 mss=100",
		"send RAW hex=\"00 11 22\" proto=146",
		"send ICMP kind=port",
		"expect DATA id=?id sport=?port tos=0xc0 within 10ms",
		"expect c GRANT offset=1000..2000 prio<8 after 4ms within 5ms since m",
		"expect c data 0..$n retransmit=1 within 1ms",
		"expect none for 20ms",
		"expect none for 20ms RESEND NEED_ACK",
		"seek RESEND length=all",
		"maybe GRANT offset=?g within 1ms",
		"drain for 5ms",
		"wait 5ms",
		"wait 5ms since m",
		"mark m",
		"flow c sport=1 dport=2 id=$x+1 from=3",
		"ignore ACK CUTOFFS",
		"lint off",
		"gro on",
		"let x = $y * (2 + 1)",
		"check $x == 3 && $y < 2",
		"print \"text\" x=$x",
		"family 4",
		"repeat 3 {\nmark m\n}",
		"repeat 3 as i {\n  mark m\n  }",
		"while $x < 3 {\nlet x = $x + 1\n}",
		"if $v6 {\nmark a\n} else {\nmark b\n}",
		"app s socket bind=4000",
		"app s recv request len=100 id=?rid port=?p within 50ms",
		"app s recv private response id=$id errno=ETIMEDOUT after 99ms",
		"app s reply id=$rid len=200",
		"app s recv none for 5ms",
		"sh s sysctl -w net.homa.x=\"1 2\" | cat # raw",
		"# only a comment",
		"",
	};
	struct script script;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (!script_parse(&script, "t", lines[i])) {
			printf("`%s`: %s\n", lines[i], script.error);
			failures++;
		}
	}
}

static void statements__refused(void)
{
	static const char * const lines[] = {
		"sent DATA", "send", "send DATA lenn=3", "send DATA len<3",
		"send GRANT msglen=3", "send DATA homalen=3", "send data 5",
		"send DATA 0..5", "expect DATA trunc=3", "expect none",
		"expect none for 5ms BLAH", "expect DATA len=", "expect a b c", "seek none for 5ms",
		"mark", "mark a b", "flow", "flow c prio=3", "wait",
		"lint maybe", "let x", "check", "repeat 3", "repeat 3 {",
		"repeat 3 { mark a }", "}", "if 1 {\n} else\n", "mark a {",
		"app", "app s", "app s sned", "app s recv lne=3",
		"app s recv forever", "sh", "ignore NOTHING", "expect DATA ?x",
		"send DATA len=5q", "send DATA len=\"x",
	};
	struct script script;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (script_parse(&script, "t", lines[i])) {
			printf("`%s` was accepted\n", lines[i]);
			failures++;
		}
	}
}

static void blocks__nest(void)
{
	static const char text[] =
		"mark a\n"
		"repeat 2 {\n"
		"  if $v6 {\n"
		"    mark b\n"
		"  } else {\n"
		"    mark c\n"
		"    mark d\n"
		"  }\n"
		"  mark e\n"
		"}\n"
		"family 6\n";
	struct script script;
	const struct stmt *s;

	CHECK(script_parse(&script, "t", text));
	s = script.first;
	CHECK(s->verb == VERB_MARK && s->line == 1);
	s = s->next;
	CHECK(s->verb == VERB_REPEAT);
	CHECK(s->body->verb == VERB_IF && s->body->line == 3);
	CHECK(!strcmp(s->body->body->word[0], "b"));
	CHECK(!strcmp(s->body->other->next->word[0], "d"));
	CHECK(!strcmp(s->body->next->word[0], "e") && s->body->next->line == 9);
	CHECK(s->next->verb == VERB_FAMILY && !s->next->next);
	CHECK(script.families == 2);
}

static void errors__name_the_line(void)
{
	struct script script;

	CHECK(!script_parse(&script, "file", "mark a\n\nsend DATA lenn=1\n"));
	CHECK(!strncmp(script.error, "file:3:", 7));
	CHECK(strstr(script.error, "lenn"));
}

int main(void)
{
	expressions();
	expressions__fail();
	statements__accepted();
	statements__refused();
	blocks__nest();
	errors__name_the_line();
	printf(failures ? "%d checks failed\n" : "ok\n", failures);
	return failures ? 1 : 0;
}
