/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What carries the messages of homa ping, serve and perf.  A protocol is a file with a
 * struct perf_transport, and a line in perf_transport.c.
 *
 * Functions that can fail return 0 or -errno, and say in struct perf_why what happened.
 */
#ifndef HOMA_TOOL_PERF_TRANSPORT_H
#define HOMA_TOOL_PERF_TRANSPORT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "perf_msg.h"

#define PERF_PORT_DEFAULT	4100

/**
 * struct perf_why - why something failed, for people
 * @text: what failed, with the system's reason
 * @hint: what to do next; may be empty
 */
struct perf_why {
	char text[192];
	char hint[192];
};

int perf_fail(struct perf_why *why, int rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** An address with its port. */
struct perf_addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
	char text[80];
};

int perf_addr_parse(struct perf_addr *addr, const char *text, uint16_t port, int family,
		    struct perf_why *why);
void perf_addr_any(struct perf_addr *addr, int family, uint16_t port);
int perf_netns_enter(const char *name, struct perf_why *why);

/**
 * struct perf_rpc - a request, from when it is due until its answer is there
 * @msg: the request
 * @target: index of its server
 * @due_ns: when it should have been sent; the time that latency counts from
 * @decile: which tenth of the messages it belongs to, by size
 * @counted: due in the time that is measured
 * @error: result: 0, or why there is no answer (an errno)
 * @wrong: result: the answer has wrong bytes
 * @next: of the transport while it has the request, else of its owner
 */
struct perf_rpc {
	struct perf_msg msg;
	unsigned int target;
	uint64_t due_ns;
	uint8_t decile;
	bool counted;
	int error;
	bool wrong;
	struct perf_rpc *next;
};

/**
 * struct perf_chan_config - how to open the client side
 * @targets: servers, all of one address family
 * @num_targets: how many
 * @connections: to each server, if the protocol has connections
 * @congestion: congestion control, if the protocol has several; NULL = the system's
 */
struct perf_chan_config {
	const struct perf_addr *targets;
	unsigned int num_targets;
	unsigned int connections;
	const char *congestion;
};

/**
 * struct perf_chan - the client side of one thread
 * @ops: protocol
 * @fd: becomes readable (poll(2)) when perf_transport.receive() has something to do
 */
struct perf_chan {
	const struct perf_transport *ops;
	int fd;
};

/**
 * struct perf_service_config - how to open the server side
 * @addr: where to listen
 * @congestion: as above
 */
struct perf_service_config {
	struct perf_addr addr;
	const char *congestion;
};

/**
 * struct perf_service - the server side
 * @ops: protocol
 * @requests: answered so far (all threads)
 * @bytes: of these requests
 * @wrong: of these, requests with wrong bytes
 */
struct perf_service {
	const struct perf_transport *ops;
	uint64_t requests;
	uint64_t bytes;
	uint64_t wrong;
};

/**
 * struct perf_transport - a protocol
 * @name: on the command line
 * @about: one line
 * @open: open the client side, for one thread
 * @send: send a request; -EAGAIN: not now, try again when something was received
 * @receive: get one finished request, with or without an answer: 1; 0 if there is none now
 * @close: forget all; requests under way are not returned
 * @listen: open the server side
 * @serve: answer requests, in as many threads as are wanted, until stop()
 * @stop: lets serve() return; from any thread
 * @free: after all serve() have returned
 */
struct perf_transport {
	const char *name;
	const char *about;
	int (*open)(struct perf_chan **chan, const struct perf_chan_config *config,
		    struct perf_why *why);
	int (*send)(struct perf_chan *chan, struct perf_rpc *rpc);
	int (*receive)(struct perf_chan *chan, struct perf_rpc **rpc);
	void (*close)(struct perf_chan *chan);
	int (*listen)(struct perf_service **service,
		      const struct perf_service_config *config, struct perf_why *why);
	int (*serve)(struct perf_service *service, struct perf_why *why);
	void (*stop)(struct perf_service *service);
	void (*free)(struct perf_service *service);
};

extern const struct perf_transport perf_homa;
extern const struct perf_transport perf_tcp;

/** All of them, up to NULL. */
extern const struct perf_transport *const perf_transports[];
const struct perf_transport *perf_transport_find(const char *name);

#endif /* HOMA_TOOL_PERF_TRANSPORT_H */
