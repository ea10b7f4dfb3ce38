// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * top_frame.c - read and print what homa top shows
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd.h"
#include "json.h"
#include "table.h"
#include "top_frame.h"
#include "units.h"
#include "waits.h"

/**
 * struct host_load - RPCs with one host
 * @address: the host
 * @client: we are the client
 * @server: it is the client
 * @tx_bytes: still to be sent to it
 * @rx_bytes: still to be received from it
 * @oldest_ns: age of the oldest RPC
 * @resends: how often it was asked in vain, all RPCs
 */
struct host_load {
	struct in6_addr address;
	unsigned int client;
	unsigned int server;
	uint64_t tx_bytes;
	uint64_t rx_bytes;
	uint64_t oldest_ns;
	unsigned int resends;
};

static int by_age(const void *a, const void *b)
{
	const struct info_rpc *x = a, *y = b;

	return (x->age_ns < y->age_ns) - (x->age_ns > y->age_ns);
}

/**
 * top_read() - ask the kernel
 * @info: connection
 * @data: result, for top_free()
 *
 * Return: TOOL_OK, or why not; has complained then.
 */
int top_read(struct info *info, struct top_data *data)
{
	struct info_sock *socks;
	int rc;

	memset(data, 0, sizeof(*data));
	rc = metrics_read(&data->metrics);
	if (!rc)
		rc = info_rpcs(info, &data->rpcs, &data->num_rpcs);
	if (!rc)
		rc = info_socks(info, &socks, &data->num_socks);
	if (!rc)
		free(socks);
	if (data->num_rpcs)
		qsort(data->rpcs, data->num_rpcs, sizeof(*data->rpcs), by_age);
	return rc;
}

/**
 * top_free() - free what was read
 * @data: the data
 */
void top_free(struct top_data *data)
{
	metrics_free(&data->metrics);
	free(data->rpcs);
	memset(data, 0, sizeof(*data));
}

static double seconds_between(const struct top_data *now, const struct top_data *before)
{
	uint64_t ns = now->metrics.when_ns - before->metrics.when_ns;

	return ns ? (double)ns / 1e9 : 1;
}

static double rate(const struct top_data *now, const struct top_data *before, const char *name)
{
	return (double)metrics_since(&now->metrics, &before->metrics, name) /
	       seconds_between(now, before);
}

/* The sum of counters whose names begin so. */
static double rate_of_all(const struct top_data *now, const struct top_data *before,
			  const char *prefix)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < now->metrics.count; i++)
		if (!strncmp(now->metrics.list[i].name, prefix, strlen(prefix)))
			sum += rate(now, before, now->metrics.list[i].name);
	return sum;
}

static void account(struct host_load *load, const struct info_rpc *rpc)
{
	if (rpc->id & 1)
		load->server++;
	else
		load->client++;
	if (rpc->state == WAITS_OUTGOING)
		load->tx_bytes += rpc->tx_length - rpc->tx_sent;
	else if (rpc->state == WAITS_INCOMING && rpc->has_rx)
		load->rx_bytes += rpc->rx_length - rpc->rx_received;
	if (rpc->age_ns > load->oldest_ns)
		load->oldest_ns = rpc->age_ns;
	if (waits_for_peer(rpc))
		load->resends += rpc->resends;
}

static int by_load(const void *a, const void *b)
{
	const struct host_load *x = a, *y = b;
	uint64_t p = x->tx_bytes + x->rx_bytes, q = y->tx_bytes + y->rx_bytes;

	if (p != q)
		return p < q ? 1 : -1;
	return (int)(y->client + y->server) - (int)(x->client + x->server);
}

static int by_peer(const void *a, const void *b)
{
	const struct info_rpc *const *x = a, *const *y = b;

	return memcmp(&(*x)->peer, &(*y)->peer, sizeof((*x)->peer));
}

/* RPCs by host, busiest first; for free(). */
static struct host_load *load_by_host(const struct top_data *data, size_t *count)
{
	const struct info_rpc **sorted = calloc(data->num_rpcs + 1, sizeof(*sorted));
	struct host_load *loads = calloc(data->num_rpcs + 1, sizeof(*loads));
	size_t i;

	*count = 0;
	for (i = 0; sorted && i < data->num_rpcs; i++)
		sorted[i] = &data->rpcs[i];
	if (sorted)
		qsort(sorted, data->num_rpcs, sizeof(*sorted), by_peer);
	for (i = 0; sorted && loads && i < data->num_rpcs; i++) {
		if (!i || by_peer(&sorted[i - 1], &sorted[i]))
			loads[(*count)++].address = sorted[i]->peer;
		account(&loads[*count - 1], sorted[i]);
	}
	free(sorted);
	if (loads)
		qsort(loads, *count, sizeof(*loads), by_load);
	return loads;
}

static void print_rates(FILE *out, const struct top_data *now, const struct top_data *before)
{
	char a[UNITS_MAX], b[UNITS_MAX], c[UNITS_MAX], d[UNITS_MAX], e[UNITS_MAX];
	char clock[16];
	time_t t = time(NULL);
	struct tm tm;

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&t, &tm));
	fprintf(out, "homa top  %s  %zu sockets, %zu RPCs in flight\n", clock,
		now->num_socks, now->num_rpcs);
	fprintf(out, "per second  RPCs done: client %s, server %s   failed %s\n",
		units_count(rate(now, before, "client_requests_done"), a),
		units_count(rate(now, before, "server_responses_done"), b),
		units_count(rate(now, before, "rpc_timeouts"), c));
	fprintf(out, "            bytes: out %s, in %s   data packets: out %s, in %s\n",
		units_count(rate(now, before, "sent_msg_bytes"), a),
		units_count(rate(now, before, "client_response_bytes_done") +
			    rate(now, before, "server_request_bytes_started"), b),
		units_count(rate(now, before, "packets_sent_DATA"), c),
		units_count(rate(now, before, "packets_rcvd_DATA"), d));
	fprintf(out, "            grants: out %s, in %s   sent again %s, asked again %s   drops %s\n",
		units_count(rate(now, before, "packets_sent_GRANT"), a),
		units_count(rate(now, before, "packets_rcvd_GRANT"), b),
		units_count(rate(now, before, "resent_packets"), c),
		units_count(rate(now, before, "packets_sent_RESEND"), d),
		units_count(rate_of_all(now, before, "drop_"), e));
	fprintf(out, "            held back by pacing: messages %s, packets %s\n\n",
		units_count(rate(now, before, "throttle_list_adds"), a),
		units_count(rate(now, before, "pacer_packets"), b));
}

static size_t print_hosts(FILE *out, const struct top_data *now, size_t rows, size_t width)
{
	static const char * const headers[] = {
		"HOST", ">CLIENT", ">SERVER", ">TO SEND", ">TO GET", ">OLDEST", ">ASKED", NULL
	};
	char host[INFO_ADDRESS_MAX], tx[UNITS_MAX], rx[UNITS_MAX], age[UNITS_MAX];
	struct table *table = table_new(headers);
	struct host_load *loads;
	size_t count, i;

	loads = load_by_host(now, &count);
	for (i = 0; i < count && i < rows; i++)
		table_add(table, "%s\t%u\t%u\t%s\t%s\t%s\t%u",
			  info_address(&loads[i].address, host), loads[i].client,
			  loads[i].server, units_bytes(loads[i].tx_bytes, tx),
			  units_bytes(loads[i].rx_bytes, rx),
			  units_duration(loads[i].oldest_ns, age), loads[i].resends);
	free(loads);
	table_fit(table, width);
	if (table_rows(table))
		table_print(table, out, "");
	table_free(table);
	return i;
}

static void print_rpcs(FILE *out, const struct top_data *now, size_t rows, size_t width)
{
	static const char * const headers[] = {
		"OLDEST RPCS", "PEER", ">AGE", ">LEFT", "WAITS FOR", NULL
	};
	char peer[INFO_ADDRESS_MAX], age[UNITS_MAX], left[UNITS_MAX], waits[WAITS_MAX];
	struct table *table = table_new(headers);
	struct host_load load;
	size_t i;

	for (i = 0; i < now->num_rpcs && i < rows; i++) {
		memset(&load, 0, sizeof(load));
		account(&load, &now->rpcs[i]);
		table_add(table, "%llu\t%s\t%s\t%s\t%s", (unsigned long long)now->rpcs[i].id,
			  info_endpoint(&now->rpcs[i].peer, now->rpcs[i].peer_port, peer),
			  units_duration(now->rpcs[i].age_ns, age),
			  units_bytes(load.tx_bytes + load.rx_bytes, left),
			  waits_text(&now->rpcs[i], waits));
	}
	table_fit(table, width);
	if (table_rows(table))
		table_print(table, out, "");
	table_free(table);
}

/**
 * top_print() - print everything
 * @out: where to
 * @now: data
 * @before: earlier data, for rates
 * @rows: lines that fit
 * @width: characters that fit in a line, 0 = any
 */
void top_print(FILE *out, const struct top_data *now, const struct top_data *before,
	       size_t rows, size_t width)
{
	/* Heads and blank lines take nine; hosts get at most a third of the rest. */
	size_t room = rows > 12 ? rows - 9 : 3;
	size_t hosts;

	print_rates(out, now, before);
	hosts = print_hosts(out, now, (room + 2) / 3, width);
	if (hosts)
		fputc('\n', out);
	print_rpcs(out, now, room - hosts, width);
	if (!now->num_rpcs)
		fprintf(out, "No RPCs in flight.\n");
}

/**
 * top_json() - the same for scripts
 * @now: data
 * @before: earlier data, for rates
 *
 * Return: an object.
 */
json_t *top_json(const struct top_data *now, const struct top_data *before)
{
	static const struct {
		const char *key;
		const char *counter;
	} rates[] = {
		{ "client_rpcs_per_s", "client_requests_done" },
		{ "server_rpcs_per_s", "server_responses_done" },
		{ "timeouts_per_s", "rpc_timeouts" },
		{ "tx_bytes_per_s", "sent_msg_bytes" },
		{ "tx_data_packets_per_s", "packets_sent_DATA" },
		{ "rx_data_packets_per_s", "packets_rcvd_DATA" },
		{ "tx_grants_per_s", "packets_sent_GRANT" },
		{ "rx_grants_per_s", "packets_rcvd_GRANT" },
		{ "resent_packets_per_s", "resent_packets" },
		{ "tx_resends_per_s", "packets_sent_RESEND" },
	};
	json_t *report = json_new(json_object()), *hosts = json_new(json_array()), *host;
	char text[INFO_ADDRESS_MAX];
	struct host_load *loads;
	size_t count, i;

	json_set_uint(report, "sockets", now->num_socks);
	json_set_uint(report, "rpcs", now->num_rpcs);
	for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		json_set(report, rates[i].key, json_real(rate(now, before, rates[i].counter)));
	json_set(report, "drops_per_s", json_real(rate_of_all(now, before, "drop_")));
	loads = load_by_host(now, &count);
	for (i = 0; i < count; i++) {
		host = json_new(json_object());
		json_set_text(host, "address", info_address(&loads[i].address, text));
		json_set_uint(host, "client_rpcs", loads[i].client);
		json_set_uint(host, "server_rpcs", loads[i].server);
		json_set_uint(host, "tx_left_bytes", loads[i].tx_bytes);
		json_set_uint(host, "rx_left_bytes", loads[i].rx_bytes);
		json_set_uint(host, "oldest_ns", loads[i].oldest_ns);
		json_set_uint(host, "asked_again", loads[i].resends);
		json_array_append_new(hosts, host);
	}
	free(loads);
	json_set(report, "hosts", hosts);
	return report;
}
