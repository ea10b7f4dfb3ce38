// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * parse.c - script text to statements
 *
 * One statement per line: a verb, then words and arguments in any order.
 * Blocks end with a line that begins with }. What a verb accepts is in
 * grammar.c.
 */
#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	enum verb verb;
} verbs[] = {
	{ "send", VERB_SEND }, { "expect", VERB_EXPECT },
	{ "seek", VERB_SEEK }, { "maybe", VERB_MAYBE },
	{ "drain", VERB_DRAIN },
	{ "wait", VERB_WAIT }, { "mark", VERB_MARK },
	{ "flow", VERB_FLOW }, { "ignore", VERB_IGNORE },
	{ "unignore", VERB_UNIGNORE }, { "lint", VERB_LINT },
	{ "gro", VERB_GRO }, { "let", VERB_LET }, { "check", VERB_CHECK },
	{ "print", VERB_PRINT }, { "family", VERB_FAMILY },
	{ "repeat", VERB_REPEAT }, { "while", VERB_WHILE },
	{ "if", VERB_IF }, { "app", VERB_APP }, { "sh", VERB_SH },
};

/* Where parsing stands: the rest of the text, and the current line. */
struct parser {
	struct script *script;
	const char *rest;
	int line;
	bool failed;
};

static void fail(struct parser *ps, const char *why)
{
	if (ps->failed)
		return;
	ps->failed = true;
	snprintf(ps->script->error, sizeof(ps->script->error), "%s:%d: %s",
		 ps->script->name, ps->line, why);
}

/* Return: the next line, allocated, without leading blanks; NULL at the end. */
static char *next_line(struct parser *ps)
{
	const char *end;
	char *line;

	if (!*ps->rest)
		return NULL;
	ps->line++;
	end = strchrnul(ps->rest, '\n');
	while (*ps->rest == ' ' || *ps->rest == '\t')
		ps->rest++;
	line = strndup(ps->rest, (size_t)(end - ps->rest));
	if (!line)
		abort();
	ps->rest = *end ? end + 1 : end;
	return line;
}

static struct arg *add_arg(struct stmt *s, const char *name)
{
	struct arg **tail = &s->args;
	struct arg *arg = calloc(1, sizeof(*arg));

	if (!arg)
		abort();
	while (*tail)
		tail = &(*tail)->next;
	*tail = arg;
	arg->name = name;
	return arg;
}

static bool is_time_word(const char *word)
{
	return !strcmp(word, "after") || !strcmp(word, "within") ||
	       !strcmp(word, "for") || !strcmp(word, "since") ||
	       !strcmp(word, "as");
}

static bool arg_operator(const struct lexer *lx, enum arg_op *op)
{
	static const struct {
		const char *text;
		enum arg_op op;
	} ops[] = {
		{ "=", ARG_EQ }, { "!=", ARG_NE }, { "<", ARG_LT },
		{ "<=", ARG_LE }, { ">", ARG_GT }, { ">=", ARG_GE },
	};
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (lexer_is(lx, ops[i].text)) {
			*op = ops[i].op;
			return true;
		}
	}
	return false;
}

static void parse_arg_value(struct lexer *lx, struct arg *arg)
{
	if (lx->token.kind == TOKEN_CAPTURE || lx->token.kind == TOKEN_STRING) {
		if (arg->op != ARG_EQ)
			lexer_error(lx, "captures need =");
		arg->op = lx->token.kind == TOKEN_CAPTURE ? ARG_CAPTURE :
							    ARG_TEXT;
		arg->text = strdup(lx->token.text);
		lexer_next(lx);
		return;
	}
	arg->low = expr_parse_value(lx);
	if (lexer_is(lx, "..")) {
		if (arg->op != ARG_EQ)
			lexer_error(lx, "ranges need =");
		arg->op = ARG_RANGE;
		lexer_next(lx);
		arg->high = expr_parse_value(lx);
	}
}

static void parse_word(struct lexer *lx, struct stmt *s)
{
	const char *word = strdup(lx->token.text);
	struct arg *arg;
	enum arg_op op;

	lexer_next(lx);
	if (arg_operator(lx, &op)) {
		lexer_next(lx);
		arg = add_arg(s, word);
		arg->op = op;
		parse_arg_value(lx, arg);
		return;
	}
	if (!is_time_word(word)) {
		if (s->words == (int)(sizeof(s->word) / sizeof(s->word[0])))
			lexer_error(lx, "too many words");
		else
			s->word[s->words++] = word;
		return;
	}
	arg = add_arg(s, word);
	if (strcmp(word, "since") && strcmp(word, "as")) {
		arg->low = expr_parse_value(lx);
		return;
	}
	arg->op = ARG_TEXT;
	arg->text = strdup(lx->token.text);
	if (lx->token.kind != TOKEN_WORD)
		lexer_error(lx, "a name is missing after %s", word);
	lexer_next(lx);
}

static void parse_items(struct lexer *lx, struct stmt *s)
{
	while (lx->token.kind != TOKEN_END && !lexer_is(lx, "{")) {
		if (lx->token.kind == TOKEN_WORD) {
			parse_word(lx, s);
		} else if (lx->token.kind == TOKEN_CAPTURE) {
			lexer_error(lx, "a capture needs a name in front");
		} else {
			struct arg *arg = add_arg(s, "");

			parse_arg_value(lx, arg);
		}
	}
}

static struct stmt *parse_block(struct parser *ps, bool inner, char **closer);

static void parse_body(struct parser *ps, struct lexer *lx, struct stmt *s)
{
	char *closer = NULL;

	if (!lexer_is(lx, "{")) {
		fail(ps, "{ is missing");
		return;
	}
	lexer_next(lx);
	if (lx->token.kind != TOKEN_END) {
		fail(ps, "the line must end after {");
		return;
	}
	s->body = parse_block(ps, true, &closer);
	if (ps->failed || !closer)
		return;
	lexer_start(lx, closer + 1);
	if (s->verb == VERB_IF && lx->token.kind == TOKEN_WORD &&
	    !strcmp(lx->token.text, "else")) {
		lexer_next(lx);
		if (!lexer_is(lx, "{")) {
			fail(ps, "{ is missing after else");
			return;
		}
		s->other = parse_block(ps, true, &closer);
		if (ps->failed)
			return;
		lexer_start(lx, closer + 1);
	}
	if (lx->token.kind != TOKEN_END)
		fail(ps, "the line must end after }");
}

static struct stmt *parse_stmt(struct parser *ps, char *line)
{
	struct stmt *s = calloc(1, sizeof(*s));
	struct lexer lx;
	char why[200];
	size_t i;

	if (!s)
		abort();
	s->line = ps->line;
	s->source = line;
	lexer_start(&lx, line);
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (lx.token.kind == TOKEN_WORD &&
		    !strcmp(verbs[i].name, lx.token.text))
			break;
	if (i == sizeof(verbs) / sizeof(verbs[0])) {
		snprintf(why, sizeof(why), "unknown verb `%.60s`", line);
		fail(ps, why);
		return s;
	}
	s->verb = verbs[i].verb;
	if (s->verb == VERB_SH) {
		/* The rest is for the shell: one word, then raw text. */
		lexer_next(&lx);
		s->word[s->words++] = lexer_is(&lx, "-") ? "-" :
				      strdup(lx.token.text);
		s->raw = strdup(lx.p);
		if (lx.token.kind == TOKEN_END)
			fail(ps, "sh needs a namespace (or -) and a command");
		return s;
	}
	lexer_next(&lx);
	if (s->verb == VERB_REPEAT || s->verb == VERB_WHILE ||
	    s->verb == VERB_IF || s->verb == VERB_CHECK)
		s->cond = expr_parse(&lx);
	if (!lx.error[0])
		parse_items(&lx, s);
	if (lx.error[0])
		fail(ps, lx.error);
	else if (s->verb == VERB_REPEAT || s->verb == VERB_WHILE ||
		 s->verb == VERB_IF)
		parse_body(ps, &lx, s);
	else if (lx.token.kind != TOKEN_END)
		fail(ps, "{ is out of place");
	if (!ps->failed && !grammar_check(s, why, sizeof(why))) {
		ps->line = s->line;
		fail(ps, why);
	}
	if (s->verb == VERB_FAMILY && s->args && s->args->low) {
		struct vars none = { 0 };
		int64_t family = 0;

		expr_eval(s->args->low, &none, &family, why, sizeof(why));
		ps->script->families = family == 6 ? 2 : 1;
	}
	return s;
}

static struct stmt *parse_block(struct parser *ps, bool inner, char **closer)
{
	struct stmt *first = NULL, **tail = &first;
	struct token token;
	char *line;

	while (!ps->failed) {
		line = next_line(ps);
		if (!line) {
			if (inner)
				fail(ps, "} is missing");
			break;
		}
		if (line[0] == '}') {
			if (!inner)
				fail(ps, "} is out of place");
			*closer = line;
			break;
		}
		lex_next(line, &token);
		if (token.kind == TOKEN_END)
			continue;
		*tail = parse_stmt(ps, line);
		tail = &(*tail)->next;
	}
	return first;
}

/**
 * script_parse() - parse a whole script
 * @script: result
 * @name: file name for messages
 * @text: the script
 *
 * Return: false if it has an error; the message is in @script.
 */
bool script_parse(struct script *script, const char *name, const char *text)
{
	struct parser ps = { .script = script, .rest = text };
	char *closer = NULL;

	memset(script, 0, sizeof(*script));
	script->name = name;
	script->families = 3;
	script->first = parse_block(&ps, false, &closer);
	return !ps.failed;
}

/**
 * script_load() - read and parse a script file
 * @script: result
 * @path: file
 *
 * Return: false on error; the message is in @script.
 */
bool script_load(struct script *script, const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;
	ssize_t n;

	memset(script, 0, sizeof(*script));
	if (!file) {
		snprintf(script->error, sizeof(script->error),
			 "%s: cannot open: %m", path);
		return false;
	}
	n = getdelim(&text, &size, '\0', file);
	fclose(file);
	return script_parse(script, path, n < 0 ? "" : text);
}

/**
 * stmt_arg() - first argument with a name
 * @s: statement
 * @name: the name, "" for values without one
 *
 * Return: the argument or NULL.
 */
const struct arg *stmt_arg(const struct stmt *s, const char *name)
{
	const struct arg *arg;

	for (arg = s->args; arg; arg = arg->next)
		if (!strcmp(arg->name, name))
			return arg;
	return NULL;
}
