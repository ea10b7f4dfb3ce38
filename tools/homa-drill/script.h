/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * script.h - scripts: tokens, expressions, statements
 *
 * A script is parsed completely before anything is sent, so that an error
 * in its last line is found at once. The memory lives until the process
 * ends.
 */
#ifndef DRILL_SCRIPT_H
#define DRILL_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fields.h"

/* ---- lex.c ---- */

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_NUMBER,		/* times are converted to nanoseconds */
	TOKEN_VAR,		/* $name */
	TOKEN_CAPTURE,		/* ?name */
	TOKEN_STRING,
	TOKEN_OP,
	TOKEN_ERROR,
};

/**
 * struct token - one token
 * @kind: what it is
 * @text: name, string or operator
 * @number: value of numbers
 * @at: where it begins in the line
 */
struct token {
	enum token_kind kind;
	char text[256];
	int64_t number;
	const char *at;
};

const char *lex_next(const char *p, struct token *token);

/* ---- expr.c ---- */

struct expr;

/**
 * struct vars - the variables of a running script
 * @count: how many
 * @name: their names
 * @value: their values
 */
struct vars {
	int count;
	const char *name[256];
	int64_t value[256];
};

bool vars_set(struct vars *vars, const char *name, int64_t value);
bool vars_get(const struct vars *vars, const char *name, int64_t *value);
bool constant_find(const char *name, int64_t *value);

/**
 * struct lexer - reading position in a line
 * @p: rest of the line behind @token
 * @token: current token
 * @error: first error, empty if none
 */
struct lexer {
	const char *p;
	struct token token;
	char error[160];
};

void lexer_start(struct lexer *lx, const char *line);
void lexer_next(struct lexer *lx);
bool lexer_is(const struct lexer *lx, const char *op);
__attribute__((format(printf, 2, 3)))
void lexer_error(struct lexer *lx, const char *format, ...);

struct expr *expr_parse(struct lexer *lx);
struct expr *expr_parse_value(struct lexer *lx);
bool expr_eval(const struct expr *e, const struct vars *vars, int64_t *value,
	       char *why, size_t size);

/* ---- parse.c ---- */

enum verb {
	VERB_SEND,
	VERB_EXPECT,
	VERB_SEEK,
	VERB_MAYBE,
	VERB_DRAIN,
	VERB_WAIT,
	VERB_MARK,
	VERB_FLOW,
	VERB_IGNORE,
	VERB_UNIGNORE,
	VERB_LINT,
	VERB_GRO,
	VERB_LET,
	VERB_CHECK,
	VERB_PRINT,
	VERB_FAMILY,
	VERB_REPEAT,
	VERB_WHILE,
	VERB_IF,
	VERB_APP,
	VERB_SH,
};

enum arg_op {
	ARG_EQ,
	ARG_NE,
	ARG_LT,
	ARG_LE,
	ARG_GT,
	ARG_GE,
	ARG_RANGE,	/* name=low..high, both included */
	ARG_CAPTURE,	/* name=?variable */
	ARG_TEXT,	/* name="text" */
};

/**
 * struct arg - one argument `name=value`
 * @name: empty for a value without name, as in `wait 5ms`
 * @op: comparison
 * @low: value, or lower end of a range
 * @high: upper end of a range
 * @text: variable to capture into, or text
 */
struct arg {
	const char *name;
	enum arg_op op;
	struct expr *low;
	struct expr *high;
	const char *text;
	struct arg *next;
};

/**
 * struct stmt - one statement
 * @verb: what to do
 * @line: line in the script
 * @source: its text
 * @word: words that are neither verb nor argument
 * @words: how many
 * @args: arguments
 * @cond: condition or count of control statements, and of `check`
 * @raw: rest of the line of `sh`
 * @body: statements of a block
 * @other: statements of `else`
 * @next: following statement
 */
struct stmt {
	enum verb verb;
	int line;
	const char *source;
	const char *word[12];
	int words;
	struct arg *args;
	struct expr *cond;
	const char *raw;
	struct stmt *body;
	struct stmt *other;
	struct stmt *next;
};

/**
 * struct script - a parsed script
 * @name: file name for messages
 * @first: first statement
 * @families: bit 0: run over IPv4, bit 1: run over IPv6
 * @error: message if parsing failed, else empty
 */
struct script {
	const char *name;
	struct stmt *first;
	int families;
	char error[320];
};

bool script_parse(struct script *script, const char *name, const char *text);
bool script_load(struct script *script, const char *path);
const struct arg *stmt_arg(const struct stmt *s, const char *name);

/* ---- grammar.c ---- */

bool grammar_check(const struct stmt *s, char *why, size_t size);

#endif
