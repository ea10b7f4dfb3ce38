// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa ss - sockets, their RPCs, and what each RPC waits for
 */
#include <arpa/inet.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cmd.h"
#include "info.h"
#include "json.h"
#include "message.h"
#include "opts.h"
#include "proc.h"
#include "table.h"
#include "units.h"
#include "waits.h"

struct ss_opts {
	bool json;
	bool no_rpcs;
	uint64_t port;
	const char *peer;
	uint64_t older_ns;
	bool faults;
};

static const struct opt opts[] = {
	OPT_FLAG("sockets", 's', struct ss_opts, no_rpcs, "sockets only, without their RPCs"),
	OPT_COUNT("port", 'p', struct ss_opts, port, 1, 65535, "only the socket with this port"),
	OPT_TEXT("peer", 'H', struct ss_opts, peer, "ADDRESS", "only RPCs with this host"),
	OPT_DURATION("older", 'o', struct ss_opts, older_ns, 0, 3600000000000,
		     "only RPCs at least so old"),
	OPT_FLAG("faults", 'f', struct ss_opts, faults,
		 "only RPCs that failed or whose peer is silent"),
	OPT_JSON(struct ss_opts, json),
	{ 0 }
};

static const struct opt_spec spec = {
	.about = "List Homa sockets of this network namespace and their RPCs: how much was "
		 "sent and received, how old they are, and what they wait for.",
	.more = "To list RPCs takes root. To follow one: homa trace --id RPC",
	.opts = opts,
};

/**
 * struct view - everything that is shown
 * @socks: sockets by port
 * @rpcs: RPCs by port, oldest first
 * @owners: processes
 */
struct view {
	struct info_sock *socks;
	size_t num_socks;
	struct info_rpc *rpcs;
	size_t num_rpcs;
	struct proc_owner *owners;
	size_t num_owners;
	const struct ss_opts *opts;
	struct in6_addr peer;
};

static int by_port(const void *a, const void *b)
{
	const struct info_sock *x = a, *y = b;

	return (x->port > y->port) - (x->port < y->port);
}

static int by_age(const void *a, const void *b)
{
	const struct info_rpc *x = a, *y = b;

	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return (x->age_ns < y->age_ns) - (x->age_ns > y->age_ns);
}

static bool wanted(const struct view *view, const struct info_rpc *rpc)
{
	if (view->opts->peer && memcmp(&view->peer, &rpc->peer, sizeof(rpc->peer)))
		return false;
	if (rpc->age_ns < view->opts->older_ns)
		return false;
	return !view->opts->faults || rpc->error || rpc->resends || rpc->stalled;
}

/* "name/123, other/124" */
static void process_text(const struct view *view, uint64_t inode, char *text, size_t size)
{
	const struct proc_owner *owner = NULL;

	text[0] = 0;
	while ((owner = proc_owner_next(view->owners, view->num_owners, inode, owner)))
		snprintf(text + strlen(text), size - strlen(text), "%s%s/%d",
			 *text ? ", " : "", owner->name, owner->pid);
}

static const char *progress(const struct info_rpc *rpc, char text[48])
{
	char done[UNITS_MAX], all[UNITS_MAX];

	text[0] = 0;
	if (rpc->state == WAITS_OUTGOING && rpc->has_tx)
		snprintf(text, 48, "tx %s/%s", units_bytes(rpc->tx_sent, done),
			 units_bytes(rpc->tx_length, all));
	else if (rpc->has_rx)
		snprintf(text, 48, "rx %s/%s", units_bytes(rpc->rx_received, done),
			 units_bytes(rpc->rx_length, all));
	return text;
}

static void print_rpcs(const struct view *view, const struct info_sock *sock)
{
	static const char * const headers[] = {
		"RPC", "PEER", ">AGE", "PROGRESS", "WAITS FOR", NULL
	};
	char peer[INFO_ADDRESS_MAX], age[UNITS_MAX], done[48], waits[WAITS_MAX];
	struct table *table = table_new(headers);
	const struct info_rpc *rpc;
	size_t i;

	for (i = 0; i < view->num_rpcs; i++) {
		rpc = &view->rpcs[i];
		if (rpc->port != sock->port || !wanted(view, rpc))
			continue;
		table_add(table, "%llu\t%s\t%s\t%s\t%s", (unsigned long long)rpc->id,
			  info_endpoint(&rpc->peer, rpc->peer_port, peer),
			  units_duration(rpc->age_ns, age), progress(rpc, done),
			  waits_text(rpc, waits));
	}
	if (table_rows(table))
		table_print(table, stdout, "  ");
	table_free(table);
}

static void print_sock(const struct view *view, const struct info_sock *sock)
{
	char queued[UNITS_MAX], memory[UNITS_MAX], room[UNITS_MAX], all[UNITS_MAX];
	char processes[200];

	process_text(view, sock->inode, processes, sizeof(processes));
	printf("port %u, %s, IPv%c, %u RPC%s%s%s\n", sock->port,
	       sock->server ? "server" : "client", sock->family == AF_INET ? '4' : '6',
	       sock->rpcs, sock->rpcs == 1 ? "" : "s", *processes ? ", " : "", processes);
	printf("  to send %s, received %s, buffers ", units_bytes(sock->tx_bytes, queued),
	       units_bytes(sock->rx_memory, memory));
	if (sock->region_bytes)
		printf("%s free of %s\n", units_bytes(sock->region_free, room),
		       units_bytes(sock->region_bytes, all));
	else
		printf("none: it cannot receive (SO_HOMA_RCVBUF)\n");
}

static void print_all(const struct view *view)
{
	bool first = true;
	size_t i;

	for (i = 0; i < view->num_socks; i++) {
		if (view->opts->port && view->socks[i].port != view->opts->port)
			continue;
		if (!first)
			putchar('\n');
		first = false;
		print_sock(view, &view->socks[i]);
		print_rpcs(view, &view->socks[i]);
	}
	if (first)
		printf("No Homa sockets%s.\n", view->opts->port ? " with this port" : "");
}

static json_t *rpc_json(const struct info_rpc *rpc)
{
	json_t *object = json_new(json_object());
	char text[INFO_ADDRESS_MAX];

	/* Ids have 64 bits; many readers of JSON have only 53. */
	snprintf(text, sizeof(text), "%llu", (unsigned long long)rpc->id);
	json_set_text(object, "id", text);
	json_set_text(object, "role", rpc->id & 1 ? "server" : "client");
	json_set_text(object, "peer", info_address(&rpc->peer, text));
	json_set_uint(object, "peer_port", rpc->peer_port);
	json_set_text(object, "state", waits_state(rpc->state));
	json_set_bool(object, "private", rpc->private);
	json_set_uint(object, "age_ns", rpc->age_ns);
	json_set_uint(object, "silent_ns", rpc->silent_ns);
	json_set_uint(object, "resends", rpc->resends);
	json_set_text(object, "waits_for", waits_word(waits_for(rpc)));
	json_set_uint(object, "error", rpc->error);
	if (rpc->has_tx) {
		json_set_uint(object, "tx_bytes", rpc->tx_length);
		json_set_uint(object, "tx_sent_bytes", rpc->tx_sent);
		json_set_uint(object, "tx_granted_bytes", rpc->tx_granted);
	}
	if (rpc->has_rx) {
		json_set_uint(object, "rx_bytes", rpc->rx_length);
		json_set_uint(object, "rx_received_bytes", rpc->rx_received);
		json_set_uint(object, "rx_granted_bytes", rpc->rx_granted);
		json_set_uint(object, "rx_gaps", rpc->rx_gaps);
	}
	return object;
}

static json_t *processes_json(const struct view *view, uint64_t inode)
{
	const struct proc_owner *owner = NULL;
	json_t *array = json_new(json_array());
	json_t *object;

	while ((owner = proc_owner_next(view->owners, view->num_owners, inode, owner))) {
		object = json_new(json_object());
		json_set_uint(object, "pid", (uint64_t)owner->pid);
		json_set_text(object, "name", owner->name);
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *sock_json(const struct view *view, const struct info_sock *sock)
{
	json_t *object = json_new(json_object());
	json_t *rpcs;
	size_t i;

	json_set_uint(object, "port", sock->port);
	json_set_text(object, "family", sock->family == AF_INET ? "ipv4" : "ipv6");
	json_set_bool(object, "server", sock->server);
	json_set_uint(object, "uid", sock->uid);
	json_set(object, "processes", processes_json(view, sock->inode));
	json_set_uint(object, "tx_bytes", sock->tx_bytes);
	json_set_uint(object, "tx_limit_bytes", sock->tx_limit);
	json_set_uint(object, "rx_memory_bytes", sock->rx_memory);
	json_set_uint(object, "region_bytes", sock->region_bytes);
	json_set_uint(object, "region_free_bytes", sock->region_free);
	json_set_uint(object, "rpc_count", sock->rpcs);
	if (view->opts->no_rpcs)
		return object;
	rpcs = json_new(json_array());
	for (i = 0; i < view->num_rpcs; i++)
		if (view->rpcs[i].port == sock->port && wanted(view, &view->rpcs[i]))
			json_array_append_new(rpcs, rpc_json(&view->rpcs[i]));
	json_set(object, "rpcs", rpcs);
	return object;
}

static void print_json(const struct view *view)
{
	json_t *report = json_new(json_object());
	json_t *socks = json_new(json_array());
	size_t i;

	for (i = 0; i < view->num_socks; i++)
		if (!view->opts->port || view->socks[i].port == view->opts->port)
			json_array_append_new(socks, sock_json(view, &view->socks[i]));
	json_set(report, "sockets", socks);
	json_print(report);
}

/* RPCs may only be listed by root; sockets are still worth showing then. */
static int fetch(struct view *view, bool rpcs)
{
	struct info *info;
	int rc;

	rc = info_open(&info);
	if (rc)
		return rc;
	rc = info_socks(info, &view->socks, &view->num_socks);
	if (!rc && rpcs)
		rc = info_rpcs(info, &view->rpcs, &view->num_rpcs);
	info_close(info);
	if (view->num_socks)
		qsort(view->socks, view->num_socks, sizeof(*view->socks), by_port);
	if (view->num_rpcs)
		qsort(view->rpcs, view->num_rpcs, sizeof(*view->rpcs), by_age);
	view->num_owners = proc_owners(&view->owners);
	return rc;
}

/**
 * cmd_ss() - list sockets and RPCs
 * @argc: number of words
 * @argv: words
 *
 * Return: enum tool_exit.
 */
int cmd_ss(int argc, char **argv)
{
	struct ss_opts o = { 0 };
	struct view view = { .opts = &o };
	int rc, first;

	opts_parse(&spec, argc, argv, &o, &first);
	if (o.peer && !info_parse_address(o.peer, &view.peer)) {
		complain("--peer: \"%s\" is no numeric address", o.peer);
		hint("getent hosts %s", o.peer);
		return TOOL_USAGE;
	}
	rc = fetch(&view, !o.no_rpcs);
	if (rc == TOOL_OK || rc == TOOL_NO_PERMISSION) {
		if (o.json)
			print_json(&view);
		else
			print_all(&view);
	}
	free(view.socks);
	free(view.rpcs);
	free(view.owners);
	return rc;
}
