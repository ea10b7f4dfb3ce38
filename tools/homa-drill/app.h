/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * app.h - the application side: a child process in the host's namespace
 *
 * The script's process asks, the child makes the system call and answers.
 * So a call that blocks for ever cannot block the script.
 */
#ifndef DRILL_APP_H
#define DRILL_APP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum app_op {
	APP_SOCKET, APP_BIND, APP_SERVER, APP_SEND, APP_REPLY, APP_RECV,
	APP_RELEASE, APP_ABORT, APP_SHUTDOWN, APP_CLOSE, APP_INFO, APP_POLL,
};

/** Sockets per script. */
#define APP_SOCKETS_MAX	32

/** Host number that means "where the request came from". */
#define APP_HOST_DEFAULT	0

/**
 * struct app_request - what the child is to do
 * @op: the call
 * @sock: number of the socket, given by the script's process
 * @ip_version: 4 or 6
 * @id: RPC
 * @cookie: completion cookie
 * @len: bytes of the message
 * @seed: its pattern; received data must have it
 * @any_data: do not look at received data
 * @host: destination host
 * @port: destination port, or port to bind
 * @region: bytes of the receive region, 0 for none
 * @sndbuf: SO_SNDBUF, 0 for the default
 * @error: for abort
 * @on: for server
 * @is_private: send or wait for a private RPC
 * @keep: do not give the buffers back with the next call
 * @deadline_ns: for recv
 */
struct app_request {
	enum app_op op;
	int sock;
	int ip_version;
	uint64_t id;
	uint64_t cookie;
	uint32_t len;
	uint32_t seed;
	bool any_data;
	unsigned int host;
	uint16_t port;
	uint64_t region;
	int sndbuf;
	int error;
	bool on;
	bool is_private;
	bool keep;
	int64_t deadline_ns;
};

/**
 * struct app_answer - what came of it
 * @err: 0 or errno of the call
 * @id: RPC
 * @cookie: completion cookie
 * @len: bytes of the message
 * @host: peer, -1 if it is none of the test network
 * @port: its port; for socket: our port
 * @when_ns: CLOCK_MONOTONIC when the call returned
 * @num_rpcs: from HOMAIOCINFO
 * @avail: free bytes of the region, from HOMAIOCINFO
 * @ready: events of poll()
 * @wrong: what is wrong with the message, empty if nothing
 */
struct app_answer {
	int err;
	uint64_t id;
	uint64_t cookie;
	uint32_t len;
	int host;
	uint16_t port;
	int64_t when_ns;
	uint32_t num_rpcs;
	uint64_t avail;
	int ready;
	char wrong[160];
};

/**
 * struct app - the child
 * @fd: socket to it
 * @pid: its process
 */
struct app {
	int fd;
	pid_t pid;
};

bool app_start(struct app *app, const char *ns);
bool app_call(struct app *app, const struct app_request *request,
	      struct app_answer *answer);
void app_stop(struct app *app);

/* ---- app_calls.c: runs in the child ---- */

void app_do(const struct app_request *request, struct app_answer *answer);

#endif
