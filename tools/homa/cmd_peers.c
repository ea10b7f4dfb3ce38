// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * homa peers - the hosts that this one talks to
 */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "info.h"
#include "json.h"
#include "message.h"
#include "opts.h"
#include "table.h"
#include "units.h"
#include "waits.h"

struct peers_opts {
	bool json;
	bool cutoffs;
};

static const struct opt opts[] = {
	OPT_FLAG("cutoffs", 'c', struct peers_opts, cutoffs,
		 "the longest message of each priority level, too"),
	OPT_JSON(struct peers_opts, json),
	{ 0 }
};

static const struct opt_spec spec = {
	.args = "[ADDRESS...]", .max_args = 64,
	.about = "List the hosts that this network namespace exchanged RPCs with.",
	.more = "CLIENT and SERVER: RPCs that this host, and that host, is the client and "
		"the server of. SILENT: RPCs that wait for packets of that host in vain. "
		"GRANTED: bytes that it may send and that have not come yet. "
		"UNACKED: finished RPCs that it was not told of yet. IDLE: since it was "
		"last needed. RTT and MIN: round-trip time, usual and least, of the last seconds. "
		"UNSCHED: bytes of a message that are sent to it without a grant. WINDOW: bytes "
		"that it is granted ahead of what has come. Takes root.",
	.opts = opts,
};

/**
 * struct load - RPCs with one host
 * @client: we are the client
 * @server: it is the client
 * @silent: it was asked for missing data, in vain so far
 * @granted_bytes: bytes that it may send and that have not come yet
 */
struct load {
	unsigned int client;
	unsigned int server;
	unsigned int silent;
	uint64_t granted_bytes;
};

struct view {
	struct info_peer *peers;
	size_t num_peers;
	struct info_rpc *rpcs;
	size_t num_rpcs;
	struct in6_addr *only;
	size_t num_only;
};

static uint64_t granted(const struct info_rpc *rpc)
{
	if (!rpc->has_rx || rpc->rx_granted <= rpc->rx_received)
		return 0;
	return rpc->rx_granted - rpc->rx_received;
}

static struct load load_of(const struct view *view, const struct info_peer *peer)
{
	struct load load = { 0 };
	size_t i;

	for (i = 0; i < view->num_rpcs; i++) {
		if (memcmp(&view->rpcs[i].peer, &peer->address, sizeof(peer->address)))
			continue;
		if (view->rpcs[i].id & 1)
			load.server++;
		else
			load.client++;
		if (view->rpcs[i].resends && waits_for_peer(&view->rpcs[i]))
			load.silent++;
		load.granted_bytes += granted(&view->rpcs[i]);
	}
	return load;
}

static bool wanted(const struct view *view, const struct info_peer *peer)
{
	size_t i;

	for (i = 0; i < view->num_only; i++)
		if (!memcmp(&view->only[i], &peer->address, sizeof(peer->address)))
			return true;
	return !view->num_only;
}

static const char *name_of(const struct info_peer *peer, char text[INFO_ADDRESS_MAX])
{
	char dev[IF_NAMESIZE];
	size_t len;

	info_address(&peer->address, text);
	len = strlen(text);
	if (peer->scope && if_indextoname(peer->scope, dev))
		snprintf(text + len, INFO_ADDRESS_MAX - len, "%%%s", dev);
	return text;
}

/* "1.42k/8.20k/all": from the highest level in use to the lowest. */
static const char *cutoffs_text(const struct info_peer *peer, char *text, size_t size)
{
	char bytes[UNITS_MAX];
	unsigned int i;

	text[0] = 0;
	if (!peer->cutoff_version)
		return text;
	for (i = peer->num_cutoffs; i-- > 0;) {
		if (!peer->cutoffs[i])
			continue;
		snprintf(text + strlen(text), size - strlen(text), "%s%u:%s",
			 *text ? " " : "", i,
			 peer->cutoffs[i] >= 1000000 ? "rest" :
			 units_bytes(peer->cutoffs[i], bytes));
	}
	return text;
}

static void print_table(const struct peers_opts *o, const struct view *view)
{
	static const char * const headers[] = {
		"HOST", ">MTU", ">CLIENT", ">SERVER", ">SILENT", ">GRANTED", ">UNACKED", ">IDLE",
		">RTT", ">MIN", ">UNSCHED", ">WINDOW", "CUTOFFS", NULL
	};
	char host[INFO_ADDRESS_MAX], idle[UNITS_MAX], mtu[16], cutoffs[160], silent[16];
	char granted_text[UNITS_MAX], rtt[UNITS_MAX], least[UNITS_MAX];
	char unsched[UNITS_MAX], window[UNITS_MAX];
	struct table *table = table_new(headers);
	const struct info_peer *peer;
	struct load load;
	size_t i;

	for (i = 0; i < view->num_peers; i++) {
		peer = &view->peers[i];
		if (!wanted(view, peer))
			continue;
		load = load_of(view, peer);
		mtu[0] = silent[0] = cutoffs[0] = rtt[0] = least[0] = 0;
		if (peer->rtt_ns) {
			units_duration(peer->rtt_ns, rtt);
			units_duration(peer->rtt_min_ns, least);
		}
		if (peer->mtu)
			snprintf(mtu, sizeof(mtu), "%u", peer->mtu);
		if (load.silent)
			snprintf(silent, sizeof(silent), "%u", load.silent);
		if (o->cutoffs)
			cutoffs_text(peer, cutoffs, sizeof(cutoffs));
		table_add(table, "%s\t%s\t%u\t%u\t%s\t%s\t%u\t%s\t%s\t%s\t%s\t%s\t%s",
			  name_of(peer, host), mtu, load.client, load.server, silent,
			  units_bytes(load.granted_bytes, granted_text), peer->pending_acks,
			  units_duration(peer->idle_ms * 1000000, idle), rtt, least,
			  units_bytes(peer->unsched_bytes, unsched),
			  units_bytes(peer->window, window), cutoffs);
	}
	if (table_rows(table))
		table_print(table, stdout, "");
	else
		printf("No hosts%s.\n", view->num_only ? " with this address" : "");
	table_free(table);
}

static void print_json(const struct view *view)
{
	json_t *report = json_new(json_object());
	json_t *peers = json_new(json_array());
	const struct info_peer *peer;
	char text[INFO_ADDRESS_MAX];
	json_t *object, *cutoffs;
	struct load load;
	unsigned int j;
	size_t i;

	for (i = 0; i < view->num_peers; i++) {
		peer = &view->peers[i];
		if (!wanted(view, peer))
			continue;
		load = load_of(view, peer);
		object = json_new(json_object());
		json_set_text(object, "address", info_address(&peer->address, text));
		json_set_uint(object, "scope", peer->scope);
		json_set_uint(object, "mtu_bytes", peer->mtu);
		json_set_uint(object, "rtt_ns", peer->rtt_ns);
		json_set_uint(object, "rtt_deviation_ns", peer->rtt_dev_ns);
		json_set_uint(object, "rtt_min_ns", peer->rtt_min_ns);
		json_set_uint(object, "unsched_bytes", peer->unsched_bytes);
		json_set_uint(object, "window_bytes", peer->window);
		json_set_uint(object, "client_rpcs", load.client);
		json_set_uint(object, "server_rpcs", load.server);
		json_set_uint(object, "silent_rpcs", load.silent);
		json_set_uint(object, "granted_bytes", load.granted_bytes);
		json_set_uint(object, "pending_acks", peer->pending_acks);
		json_set_uint(object, "idle_ms", peer->idle_ms);
		json_set_uint(object, "cutoff_version", peer->cutoff_version);
		cutoffs = json_new(json_array());
		for (j = 0; j < peer->num_cutoffs; j++)
			json_array_append_new(cutoffs, json_integer(peer->cutoffs[j]));
		json_set(object, "cutoffs_bytes", cutoffs);
		json_array_append_new(peers, object);
	}
	json_set(report, "peers", peers);
	json_print(report);
}

static int by_address(const void *a, const void *b)
{
	const struct info_peer *x = a, *y = b;

	return memcmp(&x->address, &y->address, sizeof(x->address));
}

static int fetch(struct view *view)
{
	struct info *info;
	int rc;

	rc = info_open(&info);
	if (rc)
		return rc;
	rc = info_peers(info, &view->peers, &view->num_peers);
	if (!rc)
		rc = info_rpcs(info, &view->rpcs, &view->num_rpcs);
	info_close(info);
	if (view->num_peers)
		qsort(view->peers, view->num_peers, sizeof(*view->peers), by_address);
	return rc;
}

/**
 * cmd_peers() - list hosts
 * @argc: number of words
 * @argv: words
 *
 * Return: enum tool_exit.
 */
int cmd_peers(int argc, char **argv)
{
	struct in6_addr only[64];
	struct view view = { .only = only };
	struct peers_opts o = { 0 };
	int rc, first;

	opts_parse(&spec, argc, argv, &o, &first);
	for (; first < argc; first++) {
		if (!info_parse_address(argv[first], &only[view.num_only++])) {
			complain("\"%s\" is no numeric address", argv[first]);
			hint("getent hosts %s", argv[first]);
			return TOOL_USAGE;
		}
	}
	rc = fetch(&view);
	if (rc == TOOL_OK) {
		if (o.json)
			print_json(&view);
		else
			print_table(&o, &view);
	}
	if (rc == TOOL_OK && !view.num_peers && view.num_only)
		rc = TOOL_NOT_THERE;
	free(view.peers);
	free(view.rpcs);
	return rc;
}
