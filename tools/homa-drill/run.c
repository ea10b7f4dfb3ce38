// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * run.c - execute a script: control flow, variables, time
 */
#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** A loop that runs so often is a mistake in the script. */
#define ROUNDS_MAX	1000000

static bool run_block(struct run *run, const struct stmt *s);

/**
 * run_eval() - compute an expression; failure ends the script
 * @run: the run
 * @s: the statement it belongs to
 * @e: the expression
 * @value: result
 *
 * Return: true on success.
 */
bool run_eval(struct run *run, const struct stmt *s, const struct expr *e,
	      int64_t *value)
{
	char why[200];

	if (expr_eval(e, &run->vars, value, why, sizeof(why)))
		return true;
	return report_failure(run, s, "%s", why);
}

/**
 * run_arg() - value of an argument
 * @run: the run
 * @s: the statement
 * @name: name of the argument
 * @value: result; unchanged if there is no such argument
 *
 * Return: false if the value cannot be computed.
 */
bool run_arg(struct run *run, const struct stmt *s, const char *name,
	     int64_t *value)
{
	const struct arg *arg = stmt_arg(s, name);

	if (!arg || !arg->low)
		return true;
	return run_eval(run, s, arg->low, value);
}

/**
 * run_capture() - store a result if the script captures it
 * @run: the run
 * @s: the statement
 * @name: name of the result
 * @value: its value
 *
 * Return: false if there are too many variables.
 */
bool run_capture(struct run *run, const struct stmt *s, const char *name,
		 int64_t value)
{
	const struct arg *arg = stmt_arg(s, name);

	if (!arg || arg->op != ARG_CAPTURE)
		return true;
	if (vars_set(&run->vars, arg->text, value))
		return true;
	return report_failure(run, s, "too many variables");
}

static const char *op_text(enum arg_op op)
{
	static const char * const texts[] = {
		[ARG_EQ] = "", [ARG_NE] = "not ", [ARG_LT] = "less than ",
		[ARG_LE] = "at most ", [ARG_GT] = "more than ",
		[ARG_GE] = "at least ", [ARG_RANGE] = "from ",
	};

	return texts[op];
}

/**
 * run_compare() - does a value fulfil an argument?
 * @run: the run
 * @s: the statement
 * @arg: the argument
 * @what: name of the value
 * @value: the value
 * @mask: bits that count
 * @why: where to say what differs
 * @size: bytes in @why
 *
 * Captures always match; the caller stores them when the whole statement
 * matched.
 *
 * Return: true if it does.
 */
bool run_compare(struct run *run, const struct stmt *s, const struct arg *arg,
		 const char *what, uint64_t value, uint64_t mask, char *why,
		 size_t size)
{
	int64_t low, high = 0;
	uint64_t a, b;
	bool match;

	if (arg->op == ARG_CAPTURE)
		return true;
	if (!arg->low || !run_eval(run, s, arg->low, &low) ||
	    (arg->op == ARG_RANGE && !run_eval(run, s, arg->high, &high))) {
		snprintf(why, size, "%s cannot be compared", what);
		return false;
	}
	a = (uint64_t)low & mask;
	b = (uint64_t)high & mask;
	switch (arg->op) {
	case ARG_EQ:
		match = value == a;
		break;
	case ARG_NE:
		match = value != a;
		break;
	case ARG_LT:
		match = value < a;
		break;
	case ARG_LE:
		match = value <= a;
		break;
	case ARG_GT:
		match = value > a;
		break;
	case ARG_GE:
		match = value >= a;
		break;
	case ARG_RANGE:
		match = value >= a && value <= b;
		break;
	default:
		match = false;
		break;
	}
	if (match)
		return true;
	if (arg->op == ARG_RANGE)
		snprintf(why, size, "%s is %llu instead of %llu..%llu", what,
			 (unsigned long long)value, (unsigned long long)a,
			 (unsigned long long)b);
	else
		snprintf(why, size, "%s is %llu instead of %s%llu", what,
			 (unsigned long long)value, op_text(arg->op),
			 (unsigned long long)a);
	return false;
}

/* Time that `within`, `after`, `for` and `wait` count from. */
static bool reference(struct run *run, const struct stmt *s, int64_t *ref_ns)
{
	const struct arg *since = stmt_arg(s, "since");

	*ref_ns = run->last_ns;
	if (!since || vars_get(&run->marks, since->text, ref_ns))
		return true;
	return report_failure(run, s, "there is no mark %s", since->text);
}

/**
 * run_window() - read `after`, `within` and `since`
 * @run: the run
 * @s: the statement
 * @default_ns: value of `within` if it is not given
 * @window: result
 *
 * Return: true on success.
 */
bool run_window(struct run *run, const struct stmt *s, int64_t default_ns,
		struct window *window)
{
	int64_t after_ns = 0, within_ns = default_ns;

	if (!reference(run, s, &window->ref_ns) ||
	    !run_arg(run, s, "after", &after_ns) ||
	    !run_arg(run, s, "within", &within_ns))
		return false;
	/* Without `after` even a packet that came before counts. */
	window->first_ns = stmt_arg(s, "after") ? window->ref_ns + after_ns :
						  INT64_MIN;
	window->last_ns = window->ref_ns + within_ns;
	return true;
}

/**
 * run_in_window() - is a time inside a window?
 * @window: the window
 * @ts_ns: the time
 * @why: where to say what is wrong
 * @size: bytes in @why
 *
 * Return: true if it is.
 */
bool run_in_window(const struct window *window, int64_t ts_ns, char *why,
		   size_t size)
{
	double at_ms = (double)(ts_ns - window->ref_ns) / 1e6;

	if (ts_ns < window->first_ns) {
		snprintf(why, size, "too early: after %.6f ms instead of %.6f",
			 at_ms, (double)(window->first_ns - window->ref_ns) /
			 1e6);
		return false;
	}
	if (ts_ns > window->last_ns) {
		snprintf(why, size, "too late: after %.6f ms instead of %.6f",
			 at_ms, (double)(window->last_ns - window->ref_ns) /
			 1e6);
		return false;
	}
	return true;
}

static bool do_wait(struct run *run, const struct stmt *s)
{
	int64_t ref_ns, wait_ns = 0;
	struct timespec ts;

	if (!reference(run, s, &ref_ns) || !run_arg(run, s, "", &wait_ns))
		return false;
	/*
	 * Without `since` a wait begins now: the last event may be a packet
	 * that is long past.
	 */
	run->last_ns = (stmt_arg(s, "since") ? ref_ns : now_ns()) + wait_ns;
	ts.tv_sec = run->last_ns / 1000000000;
	ts.tv_nsec = run->last_ns % 1000000000;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL))
		;
	return true;
}

/**
 * run_flow() - find a flow
 * @run: the run
 * @name: its name
 *
 * Return: the flow or NULL.
 */
struct flow *run_flow(struct run *run, const char *name)
{
	int i;

	for (i = 0; i < run->num_flows; i++)
		if (!strcmp(run->flows[i].name, name))
			return &run->flows[i];
	return NULL;
}

/* A flow that exists keeps what the statement does not mention. */
static bool do_flow(struct run *run, const struct stmt *s)
{
	struct flow *flow = run_flow(run, s->word[0]);
	const struct arg *arg;
	int64_t value;
	int field;

	if (!flow && run->num_flows == FLOWS_MAX)
		return report_failure(run, s, "too many flows");
	if (!flow) {
		flow = &run->flows[run->num_flows++];
		flow->name = s->word[0];
	}
	for (arg = s->args; arg; arg = arg->next) {
		field = drill_field_find(arg->name, DRILL_DATA);
		if (!run_eval(run, s, arg->low, &value))
			return false;
		flow->set[field] = true;
		flow->value[field] = (uint64_t)value;
	}
	return true;
}

static bool do_types(struct run *run, const struct stmt *s)
{
	uint32_t mask;
	int i;

	/* What came before `unignore` is still ignored. */
	if (s->verb == VERB_UNIGNORE && !run_flush(run, s))
		return false;
	for (i = 0; i < s->words; i++) {
		mask = DRILL_BIT(drill_type_find(s->word[i]));
		if (s->verb == VERB_IGNORE)
			run->ignored |= mask;
		else
			run->ignored &= ~mask;
	}
	return true;
}

static bool do_print(struct run *run, const struct stmt *s)
{
	const struct arg *arg;
	int64_t value;
	int i;

	for (i = 0; i < s->words; i++)
		printf("%s ", s->word[i]);
	for (arg = s->args; arg; arg = arg->next) {
		if (arg->op == ARG_TEXT) {
			printf("%s ", arg->text);
			continue;
		}
		if (!run_eval(run, s, arg->low, &value))
			return false;
		printf("%s%s%lld ", arg->name, *arg->name ? "=" : "",
		       (long long)value);
	}
	printf("\n");
	return true;
}

static bool do_shell(struct run *run, const struct stmt *s)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return report_failure(run, s, "cannot fork: %m");
	if (!pid) {
		if (strcmp(s->word[0], "-") && !netns_join(s->word[0])) {
			perror(s->word[0]);
			_exit(127);
		}
		execl("/bin/sh", "sh", "-c", s->raw, (char *)NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		return report_failure(run, s, "the command failed (status %d)",
				      WIFEXITED(status) ? WEXITSTATUS(status) :
							  status);
	run->last_ns = now_ns();
	return true;
}

static bool do_repeat(struct run *run, const struct stmt *s)
{
	const struct arg *as = stmt_arg(s, "as");
	int64_t i, rounds;

	if (!run_eval(run, s, s->cond, &rounds))
		return false;
	for (i = 0; i < rounds; i++) {
		if (as && !vars_set(&run->vars, as->text, i))
			return report_failure(run, s, "too many variables");
		if (!run_block(run, s->body))
			return false;
	}
	return true;
}

static bool do_while(struct run *run, const struct stmt *s)
{
	int rounds = 0;
	int64_t value;

	for (;;) {
		if (!run_eval(run, s, s->cond, &value))
			return false;
		if (!value)
			return true;
		if (rounds++ == ROUNDS_MAX)
			return report_failure(run, s, "endless loop");
		if (!run_block(run, s->body))
			return false;
	}
}

static bool do_if(struct run *run, const struct stmt *s)
{
	int64_t value;

	if (!run_eval(run, s, s->cond, &value))
		return false;
	return run_block(run, value ? s->body : s->other);
}

static bool do_check(struct run *run, const struct stmt *s)
{
	int64_t value;

	if (!run_eval(run, s, s->cond, &value))
		return false;
	if (value)
		return true;
	return report_failure(run, s, "the condition is false");
}

static bool do_let(struct run *run, const struct stmt *s)
{
	int64_t value = 0;

	if (!s->args->low)
		return report_failure(run, s, "let needs a value");
	if (!run_eval(run, s, s->args->low, &value))
		return false;
	if (!vars_set(&run->vars, s->args->name, value))
		return report_failure(run, s, "too many variables");
	return true;
}

static bool run_stmt(struct run *run, const struct stmt *s)
{
	const struct config *config = run->config;

	if (config->verbose)
		printf("%s:%d: %s\n", run->script->name, s->line, s->source);
	switch (s->verb) {
	case VERB_SEND:
		return run_send(run, s);
	case VERB_EXPECT:
	case VERB_SEEK:
	case VERB_MAYBE:
		return run_expect(run, s);
	case VERB_DRAIN:
		return run_drain(run, s);
	case VERB_APP:
		return run_app(run, s);
	case VERB_WAIT:
		return do_wait(run, s);
	case VERB_MARK:
		return vars_set(&run->marks, s->word[0], run->last_ns);
	case VERB_FLOW:
		return do_flow(run, s);
	case VERB_IGNORE:
	case VERB_UNIGNORE:
		return do_types(run, s);
	case VERB_LINT:
		run->lint = !strcmp(s->word[0], "on");
		return true;
	case VERB_GRO:
		if (device_gro(config->host_ns, config->host_dev, config->ns,
			       config->dev, !strcmp(s->word[0], "on")))
			return true;
		return report_failure(run, s, "cannot switch GRO: %m");
	case VERB_LET:
		return do_let(run, s);
	case VERB_CHECK:
		return do_check(run, s);
	case VERB_PRINT:
		return do_print(run, s);
	case VERB_FAMILY:
		return true;
	case VERB_REPEAT:
		return do_repeat(run, s);
	case VERB_WHILE:
		return do_while(run, s);
	case VERB_IF:
		return do_if(run, s);
	case VERB_SH:
		return do_shell(run, s);
	}
	return false;
}

static bool run_block(struct run *run, const struct stmt *s)
{
	for (; s; s = s->next)
		if (!run_stmt(run, s))
			return false;
	return true;
}

static void set_standard_vars(struct run *run)
{
	bool v6 = run->config->ip_version == 6;

	/* wire §1.1: data bytes per packet at MTU 1500 */
	vars_set(&run->vars, "mss", v6 ? 1404 : 1424);
	vars_set(&run->vars, "v6", v6);
	vars_set(&run->vars, "self", run->config->self);
	vars_set(&run->vars, "host", run->config->host);
}

/**
 * run_script() - run a script once
 * @script: the script
 * @config: where
 *
 * Return: true if all of it came true.
 */
bool run_script(const struct script *script, const struct config *config)
{
	struct run *run = calloc(1, sizeof(*run));
	char why[200];
	bool ok;

	if (!run)
		return false;
	run->config = config;
	run->script = script;
	run->lint = true;
	run->link.fd = -1;
	run->app.fd = -1;
	set_standard_vars(run);
	if (!link_open(&run->link, config->ns, config->dev, why, sizeof(why))) {
		fprintf(stderr, "homa-drill: %s\n", why);
		free(run);
		return false;
	}
	if (!device_mac(config->host_ns, config->host_dev, run->host_mac)) {
		fprintf(stderr, "homa-drill: no device %s in namespace %s\n",
			config->host_dev, config->host_ns);
		link_close(&run->link);
		free(run);
		return false;
	}
	run->start_ns = now_ns();
	run->last_ns = run->start_ns;
	ok = run_block(run, script->first);
	app_stop(&run->app);
	link_close(&run->link);
	report_free(run);
	free(run);
	return ok;
}
