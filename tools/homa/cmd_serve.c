// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa serve - answer homa ping and homa perf
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "json.h"
#include "message.h"
#include "opts.h"
#include "perf_cmd.h"
#include "perf_transport.h"
#include "units.h"

#define THREADS_MAX	256

enum protocols {
	PROTOCOLS_HOMA,
	PROTOCOLS_TCP,
	PROTOCOLS_BOTH,
};

static const char * const protocol_names[] = { "homa", "tcp", "both", NULL };

struct serve_opts {
	uint64_t port;
	uint64_t threads;
	unsigned int protocols;
	const char *address;
	const char *congestion;
	bool json;
};

static const struct opt opts[] = {
	OPT_COUNT("port", 'p', struct serve_opts, port, 1, 32767, "port to listen on"),
	OPT_COUNT("threads", 't', struct serve_opts, threads, 1, THREADS_MAX,
		  "threads that answer, for each protocol"),
	OPT_CHOICE("protocol", 'P', struct serve_opts, protocols, "NAME", protocol_names,
		   "homa, tcp or both"),
	OPT_TEXT("address", 'a', struct serve_opts, address, "ADDRESS",
		 "listen on this address only"),
	OPT_TEXT("congestion", 'C', struct serve_opts, congestion, "NAME",
		 "TCP: congestion control, such as dctcp"),
	OPT_JSON(struct serve_opts, json),
	{ 0 }
};

static const struct opt_spec spec = {
	.about = "Answer what homa ping and homa perf send, until interrupted.",
	.opts = opts,
};

/**
 * struct server - the threads of one protocol
 * @service: what they serve
 * @threads: they
 * @num_threads: how many
 * @transport: protocol
 */
struct server {
	struct perf_service *service;
	pthread_t threads[THREADS_MAX];
	unsigned int num_threads;
	const struct perf_transport *transport;
};

static void *serve(void *context)
{
	struct perf_service *service = context;
	struct perf_why why;
	int rc;

	rc = service->ops->serve(service, &why);
	if (rc)
		perf_exit(rc, &why);
	return NULL;
}

static int start(struct server *server, const struct perf_transport *transport,
		 const struct serve_opts *o, const struct perf_service_config *config)
{
	struct perf_why why;
	int rc;

	server->transport = transport;
	rc = transport->listen(&server->service, config, &why);
	if (rc)
		return perf_exit(rc, &why);
	while (server->num_threads < o->threads) {
		rc = pthread_create(&server->threads[server->num_threads], NULL, serve,
				    server->service);
		if (rc) {
			complain("thread %u: %s", server->num_threads + 1, strerror(rc));
			return TOOL_FAILED;
		}
		server->num_threads++;
	}
	if (!o->json)
		printf("%s: listening on %s\n", transport->name, config->addr.text);
	fflush(stdout);
	return TOOL_OK;
}

static void stop(struct server *server)
{
	if (!server->service)
		return;
	server->transport->stop(server->service);
	while (server->num_threads)
		pthread_join(server->threads[--server->num_threads], NULL);
}

static void report(const struct server *server, unsigned int num, bool json)
{
	json_t *root = json_new(json_object());
	char bytes[UNITS_MAX];
	unsigned int i;

	for (i = 0; i < num; i++) {
		const struct perf_service *s = server[i].service;
		json_t *object;

		if (!s)
			continue;
		if (!json) {
			printf("%s: %llu requests, %s, %llu with wrong bytes\n",
			       server[i].transport->name, (unsigned long long)s->requests,
			       units_bytes(s->bytes, bytes), (unsigned long long)s->wrong);
			continue;
		}
		object = json_new(json_object());
		json_set_uint(object, "requests", s->requests);
		json_set_uint(object, "request_bytes", s->bytes);
		json_set_uint(object, "wrong", s->wrong);
		json_set(root, server[i].transport->name, object);
	}
	if (json)
		json_print(root);
	else
		json_decref(root);
}

/* All addresses of both families, if this host has both. */
static int listen_address(struct perf_addr *addr, const struct serve_opts *o)
{
	struct perf_why why;
	int fd, rc;

	if (o->address) {
		rc = perf_addr_parse(addr, o->address, (uint16_t)o->port, AF_UNSPEC, &why);
		return rc ? perf_exit(rc, &why) : TOOL_OK;
	}
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	perf_addr_any(addr, fd < 0 ? AF_INET : AF_INET6, (uint16_t)o->port);
	if (fd >= 0)
		close(fd);
	return TOOL_OK;
}

/**
 * cmd_serve() - homa serve
 * @argc: number of arguments
 * @argv: arguments
 *
 * Return: enum tool_exit.
 */
int cmd_serve(int argc, char **argv)
{
	struct serve_opts o = { .port = PERF_PORT_DEFAULT, .threads = 1 };
	static struct server servers[2];
	struct perf_service_config config = { .congestion = NULL };
	sigset_t signals, before;
	int first, rc;

	rc = opts_parse(&spec, argc, argv, &o, &first);
	if (rc)
		return rc;
	config.congestion = o.congestion;
	rc = listen_address(&config.addr, &o);
	if (rc)
		return rc;
	perf_msg_init();
	/* The signals are for this thread; it waits for them. */
	perf_catch_signals();
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, &before);

	if (o.protocols != PROTOCOLS_TCP)
		rc = start(&servers[0], &perf_homa, &o, &config);
	if (!rc && o.protocols != PROTOCOLS_HOMA)
		rc = start(&servers[1], &perf_tcp, &o, &config);
	while (!rc && !perf_stopped)
		sigsuspend(&before);
	stop(&servers[0]);
	stop(&servers[1]);
	if (!rc)
		report(servers, 2, o.json);
	if (servers[0].service)
		perf_homa.free(servers[0].service);
	if (servers[1].service)
		perf_tcp.free(servers[1].service);
	return rc;
}
