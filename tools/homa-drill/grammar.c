// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * grammar.c - what each verb accepts
 *
 * A misspelt field must not turn into a check that is never made, so every
 * word and argument is looked up before the script runs.
 */
#include "script.h"

#include <stdio.h>
#include <string.h>

/* One operation of `app NAME OP`; lists are separated by blanks. */
static const struct {
	const char *op;
	const char *words;
	const char *args;
} app_ops[] = {
	{ "socket", "inet inet6 nobuf", "bind port rcvbuf errno sndbuf" },
	{ "bind", "", "port errno" },
	{ "server", "on off", "" },
	{ "send", "private", "port host len seed cookie id errno" },
	{ "reply", "", "id len seed host port errno" },
	{ "recv", "request response none keep private",
	  "id len cookie errno host port seed within after since for" },
	{ "release", "", "" },
	{ "abort", "", "id error errno" },
	{ "shutdown", "", "" },
	{ "close", "", "" },
	{ "info", "", "num_rpcs avail" },
	{ "poll", "", "in out" },
};

static bool in_list(const char *list, const char *word)
{
	size_t n = strlen(word);
	const char *p = list;

	while ((p = strstr(p, word))) {
		if ((p == list || p[-1] == ' ') && (!p[n] || p[n] == ' '))
			return true;
		p += n;
	}
	return false;
}

static bool check_lists(const struct stmt *s, int first_word,
			const char *words, const char *args, char *why,
			size_t size)
{
	const struct arg *arg;
	int i;

	for (i = first_word; i < s->words; i++) {
		if (!in_list(words, s->word[i])) {
			snprintf(why, size, "unknown word `%s`", s->word[i]);
			return false;
		}
	}
	for (arg = s->args; arg; arg = arg->next) {
		if (!in_list(args, *arg->name ? arg->name : "value")) {
			snprintf(why, size, "unknown argument `%s`", arg->name);
			return false;
		}
	}
	return true;
}

static bool check_app(const struct stmt *s, char *why, size_t size)
{
	size_t i;

	if (s->words < 2) {
		snprintf(why, size, "app needs a socket name and an operation");
		return false;
	}
	for (i = 0; i < sizeof(app_ops) / sizeof(app_ops[0]); i++)
		if (!strcmp(app_ops[i].op, s->word[1]))
			return check_lists(s, 2, app_ops[i].words,
					   app_ops[i].args, why, size);
	snprintf(why, size, "unknown app operation `%s`", s->word[1]);
	return false;
}

/* send, expect, seek: [flow] TYPE fields, or [flow] data LOW..HIGH fields. */
static bool check_packet(const struct stmt *s, char *why, size_t size)
{
	bool expect = s->verb != VERB_SEND;
	const char *type_name;
	const struct arg *arg;
	int type, field;
	bool data;

	if (s->verb == VERB_EXPECT && s->words && !strcmp(s->word[0], "none")) {
		int i;

		for (i = 1; i < s->words; i++) {
			if (drill_type_find(s->word[i]) < 0) {
				snprintf(why, size, "unknown packet type `%s`",
					 s->word[i]);
				return false;
			}
		}
		if (!stmt_arg(s, "for")) {
			snprintf(why, size, "`expect none` needs `for`");
			return false;
		}
		return check_lists(s, s->words, "", "for since", why, size);
	}
	if (s->words < 1 || s->words > 2) {
		snprintf(why, size, "one packet type is needed");
		return false;
	}
	type_name = s->word[s->words - 1];
	data = !strcmp(type_name, "data") && s->verb != VERB_SEEK &&
	       s->verb != VERB_MAYBE;
	type = data ? DRILL_DATA : drill_type_find(type_name);
	if (type < 0) {
		snprintf(why, size, "unknown packet type `%s`", type_name);
		return false;
	}
	arg = stmt_arg(s, "");
	if (data != (arg && arg->op == ARG_RANGE)) {
		snprintf(why, size, "a range belongs to `data`, and only there");
		return false;
	}
	for (arg = s->args; arg; arg = arg->next) {
		if (!*arg->name)
			continue;
		if (expect ? in_list("after within since", arg->name) :
			     in_list("hex", arg->name))
			continue;
		if (data && in_list(expect ? "dups overshoot" : "mss gap",
				    arg->name))
			continue;
		field = drill_field_find(arg->name, type);
		if (field < 0 || !(drill_fields[field].use &
				   (expect ? FIELD_CAN_EXPECT :
					     FIELD_CAN_SEND))) {
			snprintf(why, size, "%s has no field `%s` here",
				 type_name, arg->name);
			return false;
		}
		if (!expect && arg->op != ARG_EQ) {
			snprintf(why, size, "`send` sets fields with =");
			return false;
		}
	}
	return true;
}

static bool check_flow(const struct stmt *s, char *why, size_t size)
{
	const struct arg *arg;

	for (arg = s->args; arg; arg = arg->next) {
		if (drill_field_find(arg->name, DRILL_DATA) < 0 ||
		    arg->op != ARG_EQ) {
			snprintf(why, size, "a flow cannot set `%s`",
				 arg->name);
			return false;
		}
	}
	if (s->words == 1)
		return true;
	snprintf(why, size, "a flow needs one name");
	return false;
}

static bool check_types(const struct stmt *s, char *why, size_t size)
{
	int i;

	for (i = 0; i < s->words; i++) {
		if (drill_type_find(s->word[i]) < 0) {
			snprintf(why, size, "unknown packet type `%s`",
				 s->word[i]);
			return false;
		}
	}
	return check_lists(s, s->words, "", "", why, size);
}

static bool has_words(const struct stmt *s, int words, int args, char *why,
		      size_t size)
{
	const struct arg *arg;

	for (arg = s->args; arg; arg = arg->next)
		args--;
	if (s->words == words && !args)
		return true;
	snprintf(why, size, "wrong number of words or arguments");
	return false;
}

/**
 * grammar_check() - are all words and arguments of a statement known?
 * @s: the statement
 * @why: where to say what is wrong
 * @size: bytes in @why
 *
 * Return: true if the statement can be executed.
 */
bool grammar_check(const struct stmt *s, char *why, size_t size)
{
	switch (s->verb) {
	case VERB_SEND:
	case VERB_EXPECT:
	case VERB_SEEK:
	case VERB_MAYBE:
		return check_packet(s, why, size);
	case VERB_FLOW:
		return check_flow(s, why, size);
	case VERB_APP:
		return check_app(s, why, size);
	case VERB_IGNORE:
	case VERB_UNIGNORE:
		return check_types(s, why, size);
	case VERB_DRAIN:
		return check_lists(s, 0, "", "for", why, size);
	case VERB_WAIT:
		return check_lists(s, 0, "", "value since", why, size) &&
		       (stmt_arg(s, "") || has_words(s, 0, -1, why, size));
	case VERB_LINT:
	case VERB_GRO:
		return check_lists(s, 0, "on off", "", why, size) &&
		       has_words(s, 1, 0, why, size);
	case VERB_MARK:
		return has_words(s, 1, 0, why, size);
	case VERB_LET:
		return has_words(s, 0, 1, why, size);
	case VERB_FAMILY:
		return has_words(s, 0, 1, why, size);
	case VERB_CHECK:
	case VERB_WHILE:
	case VERB_IF:
		return has_words(s, 0, 0, why, size);
	case VERB_REPEAT:
		return check_lists(s, 0, "", "as", why, size);
	case VERB_PRINT:
	case VERB_SH:
		return true;
	}
	return true;
}
