/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The subcommands.  Each takes its own argv (argv[0] is "homa NAME") and returns
 * one of enum tool_exit.
 */
#ifndef HOMA_TOOL_CMD_H
#define HOMA_TOOL_CMD_H

/**
 * enum tool_exit - exit status of every subcommand
 * @TOOL_OK: did what was asked
 * @TOOL_FOUND: did it, and the answer is bad: doctor found a fault, ping got no
 *	answer
 * @TOOL_USAGE: wrong options or arguments
 * @TOOL_NO_HOMA: this kernel has no Homa, or not the part that is needed
 * @TOOL_NO_PERMISSION: needs root or a capability
 * @TOOL_NOT_THERE: the thing that was named does not exist
 * @TOOL_FAILED: the system refused, or answered nonsense
 */
enum tool_exit {
	TOOL_OK = 0,
	TOOL_FOUND = 1,
	TOOL_USAGE = 2,
	TOOL_NO_HOMA = 3,
	TOOL_NO_PERMISSION = 4,
	TOOL_NOT_THERE = 5,
	TOOL_FAILED = 6,
};

/**
 * struct command - a subcommand
 * @name: as typed
 * @run: its function
 * @help: one line
 */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

int cmd_perf(int argc, char **argv);
int cmd_ping(int argc, char **argv);
int cmd_serve(int argc, char **argv);

int cmd_doctor(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_peers(int argc, char **argv);
int cmd_ss(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_trace(int argc, char **argv);

#endif /* HOMA_TOOL_CMD_H */
