// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * lex.c - split script lines into tokens
 */
#include "script.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static const char *lex_name(const char *p, struct token *token)
{
	size_t n = 0;

	while (is_name_char(*p) && n < sizeof(token->text) - 1)
		token->text[n++] = *p++;
	token->text[n] = '\0';
	if (!n)
		token->kind = TOKEN_ERROR;
	return p;
}

static int64_t unit_ns(const char *unit)
{
	if (!strcmp(unit, "ns"))
		return 1;
	if (!strcmp(unit, "us"))
		return 1000;
	if (!strcmp(unit, "ms"))
		return 1000000;
	if (!strcmp(unit, "s"))
		return 1000000000;
	return 0;
}

/* 12, 0x1f, 4.5ms: a fraction needs a unit of time. */
static const char *lex_number(const char *p, struct token *token)
{
	int64_t fraction = 0, scale = 1, unit;
	const char *start = p;
	char suffix[4] = "";
	size_t n = 0;
	char *end;

	token->kind = TOKEN_NUMBER;
	token->number = (int64_t)strtoull(p, &end, 0);
	p = end;
	if (p[0] == '.' && isdigit((unsigned char)p[1])) {
		for (p++; isdigit((unsigned char)*p); p++) {
			if (scale >= 1000000000)
				continue;
			fraction = fraction * 10 + (*p - '0');
			scale *= 10;
		}
	}
	while (isalpha((unsigned char)*p) && n < sizeof(suffix) - 1)
		suffix[n++] = *p++;
	unit = n ? unit_ns(suffix) : 1;
	if (!unit || is_name_char(*p) || (scale > 1 && !n)) {
		token->kind = TOKEN_ERROR;
		snprintf(token->text, sizeof(token->text), "%.*s",
			 (int)(p - start), start);
		return p;
	}
	token->number = token->number * unit + fraction * unit / scale;
	return p;
}

/**
 * lex_next() - read one token
 * @p: where to read
 * @token: result
 *
 * Comments begin with # and go to the end of the line.
 *
 * Return: position behind the token.
 */
const char *lex_next(const char *p, struct token *token)
{
	static const char * const ops[] = {
		"..", "==", "!=", "<=", ">=", "<<", ">>", "&&", "||",
	};
	size_t i, n;

	while (*p == ' ' || *p == '\t')
		p++;
	token->at = p;
	token->text[0] = '\0';
	token->number = 0;
	if (!*p || *p == '#') {
		token->kind = TOKEN_END;
		return p;
	}
	if (isdigit((unsigned char)*p))
		return lex_number(p, token);
	if (isalpha((unsigned char)*p) || *p == '_') {
		token->kind = TOKEN_WORD;
		return lex_name(p, token);
	}
	if (*p == '$' || *p == '?') {
		token->kind = *p == '$' ? TOKEN_VAR : TOKEN_CAPTURE;
		return lex_name(p + 1, token);
	}
	if (*p == '"') {
		token->kind = TOKEN_STRING;
		for (n = 0, p++; *p && *p != '"'; p++)
			if (n < sizeof(token->text) - 1)
				token->text[n++] = *p;
		token->text[n] = '\0';
		if (*p != '"')
			token->kind = TOKEN_ERROR;
		else
			p++;
		return p;
	}
	token->kind = TOKEN_OP;
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (!strncmp(p, ops[i], 2)) {
			memcpy(token->text, ops[i], 3);
			return p + 2;
		}
	}
	token->text[0] = *p;
	token->text[1] = '\0';
	if (!strchr("+-*/%&|^~!()<>={},:", *p))
		token->kind = TOKEN_ERROR;
	return p + 1;
}

/**
 * lexer_start() - begin to read a line
 * @lx: reading position
 * @line: the line; must live as long as @lx
 */
void lexer_start(struct lexer *lx, const char *line)
{
	lx->p = line;
	lx->error[0] = '\0';
	lexer_next(lx);
}

/**
 * lexer_next() - go to the next token
 * @lx: reading position
 */
void lexer_next(struct lexer *lx)
{
	lx->p = lex_next(lx->p, &lx->token);
	if (lx->token.kind == TOKEN_ERROR)
		lexer_error(lx, "cannot read `%.40s`", lx->token.at);
}

/**
 * lexer_is() - is the current token this operator?
 * @lx: reading position
 * @op: operator
 *
 * Return: true if it is.
 */
bool lexer_is(const struct lexer *lx, const char *op)
{
	return lx->token.kind == TOKEN_OP && !strcmp(lx->token.text, op);
}

/**
 * lexer_error() - note an error and stop reading
 * @lx: reading position
 * @format: message
 *
 * Only the first error is kept.
 */
void lexer_error(struct lexer *lx, const char *format, ...)
{
	va_list args;

	if (!lx->error[0]) {
		va_start(args, format);
		vsnprintf(lx->error, sizeof(lx->error), format, args);
		va_end(args);
	}
	lx->token.kind = TOKEN_END;
	lx->p = "";
}
