// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa - everything about Homa on this machine, one subcommand each
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "message.h"

/* In the order of the help text. */
static const struct command commands[] = {
	{ "ping", cmd_ping, "measure round trips to a homa serve" },
	{ "perf", cmd_perf, "load servers, and time the answers" },
	{ "serve", cmd_serve, "answer homa ping and homa perf" },
	{ "doctor", cmd_doctor, "what is wrong here, and the command that mends it" },
	{ "ss", cmd_ss, "sockets, their RPCs, and what these wait for" },
	{ "stat", cmd_stat, "counters, what changes, why packets were not used" },
	{ "top", cmd_top, "a live view: hosts, RPCs in flight, rates" },
	{ "peers", cmd_peers, "the hosts that this one talks to" },
	{ "trace", cmd_trace, "a time line of one RPC, one host, or all" },
	{ "config", cmd_config, "show, change and keep parameters" },
	{ 0 }
};

static void help(FILE *out)
{
	const struct command *cmd;

	fprintf(out, "Usage: homa COMMAND [OPTION...]\n\n");
	for (cmd = commands; cmd->name; cmd++)
		fprintf(out, "  %-9s%s\n", cmd->name, cmd->help);
	fprintf(out,
		"\n"
		"homa COMMAND --help says more, man homa-COMMAND says all.\n"
		"Commands that report take --json.  Exit status: 0 done, 1 a fault was found,\n"
		"2 wrong usage, 3 no Homa here, 4 not permitted, 5 no such thing, 6 failed.\n");
}

static const struct command *find(const char *name)
{
	const struct command *cmd;

	for (cmd = commands; cmd->name; cmd++)
		if (!strcmp(cmd->name, name))
			return cmd;
	return NULL;
}

static int unknown(const char *name)
{
	const struct command *cmd;

	fprintf(stderr, "homa: there is no command \"%s\". There are:\n ", name);
	for (cmd = commands; cmd->name; cmd++)
		fprintf(stderr, " %s", cmd->name);
	fprintf(stderr, "\n");
	return TOOL_USAGE;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	char name[64];
	int rc;

	snprintf(name, sizeof(name), "homa %s", cmd->name);
	argv[0] = name;
	message_prefix(name);
	rc = cmd->run(argc, argv);
	/* A full disk or a closed pipe must not look like success. */
	if (fflush(stdout) && rc == TOOL_OK) {
		complain("the output cannot be written: %m");
		rc = TOOL_FAILED;
	}
	return rc;
}

/**
 * main() - entry point
 * @argc: number of arguments
 * @argv: arguments
 *
 * Return: enum tool_exit.
 */
int main(int argc, char **argv)
{
	static char help_option[] = "--help";
	const struct command *cmd;
	char *help_argv[3] = { 0 };

	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    (!strcmp(argv[1], "help") && argc == 2)) {
		help(stdout);
		return TOOL_OK;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("homa %s\n", HOMA_VERSION);
		return TOOL_OK;
	}
	if (!strcmp(argv[1], "help")) {
		cmd = find(argv[2]);
		help_argv[1] = help_option;
		return cmd ? run(cmd, 2, help_argv) : unknown(argv[2]);
	}
	cmd = find(argv[1]);
	return cmd ? run(cmd, argc - 1, argv + 1) : unknown(argv[1]);
}
