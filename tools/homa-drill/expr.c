// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * expr.c - integer expressions and variables
 *
 * 64-bit arithmetic that wraps. Precedence from weak to strong:
 *   ||  &&  comparisons  |  ^  &  shifts  + -  * / %  unary
 * Unlike in C all bit operators bind tighter than comparisons.
 */
#include "script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkt.h"

enum expr_op {
	EXPR_NUMBER, EXPR_VAR, EXPR_NEG, EXPR_INVERT, EXPR_NOT,
	EXPR_OR, EXPR_AND, EXPR_EQ, EXPR_NE, EXPR_LE, EXPR_GE, EXPR_LT,
	EXPR_GT, EXPR_BITOR, EXPR_XOR, EXPR_BITAND, EXPR_LEFT, EXPR_RIGHT,
	EXPR_ADD, EXPR_SUB, EXPR_MUL, EXPR_DIV, EXPR_MOD,
};

struct expr {
	enum expr_op op;
	int64_t number;
	const char *name;
	struct expr *left;
	struct expr *right;
};

static const struct {
	const char *text;
	enum expr_op op;
	int level;
} binary[] = {
	{ "||", EXPR_OR, 0 }, { "&&", EXPR_AND, 1 },
	{ "==", EXPR_EQ, 2 }, { "!=", EXPR_NE, 2 }, { "<=", EXPR_LE, 2 },
	{ ">=", EXPR_GE, 2 }, { "<", EXPR_LT, 2 }, { ">", EXPR_GT, 2 },
	{ "|", EXPR_BITOR, 3 }, { "^", EXPR_XOR, 4 }, { "&", EXPR_BITAND, 5 },
	{ "<<", EXPR_LEFT, 6 }, { ">>", EXPR_RIGHT, 6 },
	{ "+", EXPR_ADD, 7 }, { "-", EXPR_SUB, 7 },
	{ "*", EXPR_MUL, 8 }, { "/", EXPR_DIV, 8 }, { "%", EXPR_MOD, 8 },
};

#define LEVEL_UNARY	9
#define LEVEL_VALUE	3	/* values of arguments: no comparisons */

static const struct {
	const char *name;
	int64_t value;
} constants[] = {
	{ "all", 0xffffffff },
	{ "port", ICMP_KIND_PORT }, { "proto", ICMP_KIND_PROTO },
	{ "host", ICMP_KIND_HOST }, { "toobig", ICMP_KIND_TOOBIG },
	{ "other", ICMP_KIND_OTHER },
	{ "EAGAIN", EAGAIN }, { "EINTR", EINTR }, { "EINVAL", EINVAL },
	{ "EFAULT", EFAULT }, { "ENOMEM", ENOMEM },
	{ "ETIMEDOUT", ETIMEDOUT }, { "ENOTCONN", ENOTCONN },
	{ "EHOSTUNREACH", EHOSTUNREACH }, { "ENETUNREACH", ENETUNREACH },
	{ "EPROTONOSUPPORT", EPROTONOSUPPORT }, { "ESHUTDOWN", ESHUTDOWN },
	{ "EADDRINUSE", EADDRINUSE }, { "EAFNOSUPPORT", EAFNOSUPPORT },
	{ "ECANCELED", ECANCELED },
};

static struct expr *node(enum expr_op op, struct expr *left,
			 struct expr *right)
{
	struct expr *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	e->op = op;
	e->left = left;
	e->right = right;
	return e;
}

static struct expr *parse_level(struct lexer *lx, int level);

/**
 * constant_find() - value of a named constant
 * @name: errno name, ICMP kind, `all`
 * @value: result
 *
 * Return: false if there is no such constant.
 */
bool constant_find(const char *name, int64_t *value)
{
	size_t i;

	for (i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
		if (!strcmp(constants[i].name, name)) {
			*value = constants[i].value;
			return true;
		}
	}
	return false;
}

static struct expr *parse_primary(struct lexer *lx)
{
	struct expr *e;

	if (lexer_is(lx, "(")) {
		lexer_next(lx);
		e = parse_level(lx, 0);
		if (!lexer_is(lx, ")"))
			lexer_error(lx, "missing )");
		lexer_next(lx);
		return e;
	}
	e = node(EXPR_NUMBER, NULL, NULL);
	if (lx->token.kind == TOKEN_NUMBER) {
		e->number = lx->token.number;
	} else if (lx->token.kind == TOKEN_VAR) {
		e->op = EXPR_VAR;
		e->name = strdup(lx->token.text);
	} else if (lx->token.kind != TOKEN_WORD ||
		   !constant_find(lx->token.text, &e->number)) {
		lexer_error(lx, "a value is missing at `%.40s`", lx->token.at);
	}
	lexer_next(lx);
	return e;
}

static struct expr *parse_unary(struct lexer *lx)
{
	static const struct {
		const char *text;
		enum expr_op op;
	} unary[] = {
		{ "-", EXPR_NEG }, { "~", EXPR_INVERT }, { "!", EXPR_NOT },
	};
	size_t i;

	for (i = 0; i < sizeof(unary) / sizeof(unary[0]); i++) {
		if (lexer_is(lx, unary[i].text)) {
			lexer_next(lx);
			return node(unary[i].op, parse_unary(lx), NULL);
		}
	}
	return parse_primary(lx);
}

static bool binary_at(const struct lexer *lx, int level, enum expr_op *op)
{
	size_t i;

	for (i = 0; i < sizeof(binary) / sizeof(binary[0]); i++) {
		if (binary[i].level == level && lexer_is(lx, binary[i].text)) {
			*op = binary[i].op;
			return true;
		}
	}
	return false;
}

static struct expr *parse_level(struct lexer *lx, int level)
{
	struct expr *left;
	enum expr_op op;

	if (level == LEVEL_UNARY)
		return parse_unary(lx);
	left = parse_level(lx, level + 1);
	while (binary_at(lx, level, &op)) {
		lexer_next(lx);
		left = node(op, left, parse_level(lx, level + 1));
	}
	return left;
}

/**
 * expr_parse() - read an expression, comparisons included
 * @lx: reading position; its error is set on failure
 *
 * Return: the expression.
 */
struct expr *expr_parse(struct lexer *lx)
{
	return parse_level(lx, 0);
}

/**
 * expr_parse_value() - read the value of an argument
 * @lx: reading position; its error is set on failure
 *
 * Comparisons need parentheses here.
 *
 * Return: the expression.
 */
struct expr *expr_parse_value(struct lexer *lx)
{
	return parse_level(lx, LEVEL_VALUE);
}

static bool eval_binary(enum expr_op op, int64_t a, int64_t b, int64_t *value)
{
	uint64_t ua = (uint64_t)a, ub = (uint64_t)b;

	switch (op) {
	case EXPR_OR:
		*value = a || b;
		return true;
	case EXPR_AND:
		*value = a && b;
		return true;
	case EXPR_EQ:
		*value = a == b;
		return true;
	case EXPR_NE:
		*value = a != b;
		return true;
	case EXPR_LE:
		*value = a <= b;
		return true;
	case EXPR_GE:
		*value = a >= b;
		return true;
	case EXPR_LT:
		*value = a < b;
		return true;
	case EXPR_GT:
		*value = a > b;
		return true;
	case EXPR_BITOR:
		*value = a | b;
		return true;
	case EXPR_XOR:
		*value = a ^ b;
		return true;
	case EXPR_BITAND:
		*value = a & b;
		return true;
	case EXPR_LEFT:
		*value = (int64_t)(ua << (ub & 63));
		return true;
	case EXPR_RIGHT:
		*value = (int64_t)(ua >> (ub & 63));
		return true;
	case EXPR_ADD:
		*value = (int64_t)(ua + ub);
		return true;
	case EXPR_SUB:
		*value = (int64_t)(ua - ub);
		return true;
	case EXPR_MUL:
		*value = (int64_t)(ua * ub);
		return true;
	default:
		break;
	}
	if (!b || b == -1)
		return false;
	*value = op == EXPR_DIV ? a / b : a % b;
	return true;
}

/**
 * expr_eval() - compute an expression
 * @e: the expression
 * @vars: variables
 * @value: result
 * @why: where to say what is wrong
 * @size: bytes in @why
 *
 * Return: false for unknown variables and division by zero.
 */
bool expr_eval(const struct expr *e, const struct vars *vars, int64_t *value,
	       char *why, size_t size)
{
	int64_t a, b = 0;

	if (e->op == EXPR_NUMBER) {
		*value = e->number;
		return true;
	}
	if (e->op == EXPR_VAR) {
		if (vars_get(vars, e->name, value))
			return true;
		snprintf(why, size, "$%s is not set", e->name);
		return false;
	}
	if (!expr_eval(e->left, vars, &a, why, size))
		return false;
	if (e->right && !expr_eval(e->right, vars, &b, why, size))
		return false;
	switch (e->op) {
	case EXPR_NEG:
		*value = (int64_t)(0 - (uint64_t)a);
		return true;
	case EXPR_INVERT:
		*value = ~a;
		return true;
	case EXPR_NOT:
		*value = !a;
		return true;
	default:
		break;
	}
	if (eval_binary(e->op, a, b, value))
		return true;
	snprintf(why, size, "division by %lld", (long long)b);
	return false;
}

/**
 * vars_set() - give a variable a value
 * @vars: all variables
 * @name: name; must live as long as @vars
 * @value: new value
 *
 * Return: false if there are too many variables.
 */
bool vars_set(struct vars *vars, const char *name, int64_t value)
{
	int i;

	for (i = 0; i < vars->count; i++)
		if (!strcmp(vars->name[i], name))
			break;
	if (i == vars->count) {
		if (i == (int)(sizeof(vars->name) / sizeof(vars->name[0])))
			return false;
		vars->name[vars->count++] = name;
	}
	vars->value[i] = value;
	return true;
}

/**
 * vars_get() - value of a variable
 * @vars: all variables
 * @name: its name
 * @value: result
 *
 * Return: false if it was never set.
 */
bool vars_get(const struct vars *vars, const char *name, int64_t *value)
{
	int i;

	for (i = 0; i < vars->count; i++) {
		if (!strcmp(vars->name[i], name)) {
			*value = vars->value[i];
			return true;
		}
	}
	return false;
}
