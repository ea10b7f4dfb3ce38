// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * trace_line.c - read a line of tracefs, and say what it means
 *
 *	  echo-42  [000] ..s1.  12.345678: homa_tx: DATA from A port 1 to B port 2 k=v ...
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "info.h"
#include "trace_line.h"

/* The text behind " KEY=", or NULL. */
static const char *value_of(const char *line, const char *key)
{
	size_t len = strlen(key);
	const char *at = line;

	while ((at = strstr(at, key))) {
		if ((at == line || at[-1] == ' ') && at[len] == '=')
			return at + len + 1;
		at += len;
	}
	return NULL;
}

static uint64_t number(const char *line, const char *key)
{
	const char *text = value_of(line, key);

	return text ? strtoull(text, NULL, 10) : 0;
}

static void word(const char *line, const char *key, char *out, size_t size)
{
	const char *text = value_of(line, key);

	snprintf(out, size, "%.*s", text ? (int)strcspn(text, " \n") : 0, text ? text : "");
}

static void address(const char *text, struct in6_addr *out)
{
	char copy[INFO_ADDRESS_MAX];

	if (!text)
		return;
	snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(text, " \n"), text);
	info_parse_address(copy, out);
}

static const char *behind(const char *line, const char *what)
{
	const char *at = strstr(line, what);

	return at ? at + strlen(what) : NULL;
}

static void triple(const char *line, const char *key, uint32_t out[3])
{
	const char *text = value_of(line, key);

	if (text)
		sscanf(text, "%" SCNu32 "/%" SCNu32 "/%" SCNu32, &out[0], &out[1], &out[2]);
}

/* "  12.345678: homa_": the time ends where the name begins. */
static const char *parse_head(const char *line, struct trace_event *event)
{
	const char *name = strstr(line, ": homa_"), *at;
	uint64_t seconds, micros;
	size_t len;

	if (!name)
		return NULL;
	for (at = name; at > line && at[-1] != ' '; at--)
		;
	if (sscanf(at, "%" SCNu64 ".%6" SCNu64, &seconds, &micros) != 2)
		return NULL;
	event->when_ns = seconds * 1000000000 + micros * 1000;
	name += strlen(": homa_");
	len = strcspn(name, ":");
	if (!len || !name[len] || len >= sizeof(event->name))
		return NULL;
	memcpy(event->name, name, len);
	event->name[len] = 0;
	/* The blank stays, so that the first word has one before it too. */
	return name + len + 1;
}

/**
 * trace_parse() - read a line
 * @line: of trace_pipe
 * @event: result
 *
 * Return: false if it is no event of Homa.
 */
bool trace_parse(const char *line, struct trace_event *event)
{
	const char *rest;
	uint64_t id;
	bool packet;

	memset(event, 0, sizeof(*event));
	event->packets = 1;
	rest = parse_head(line, event);
	if (!rest)
		return false;
	packet = !strcmp(event->name, "tx") || !strcmp(event->name, "rx");
	if (packet)
		sscanf(rest, " %15s", event->type);
	address(behind(rest, " from "), &event->from);
	address(behind(rest, " to "), &event->to);
	address(value_of(rest, "peer"), &event->peer);
	id = number(rest, packet ? "sender_id" : "id");
	/* What a client sends arrives at a server. */
	if (strcmp(event->name, "rx"))
		event->client = !(id & 1);
	else
		event->client = id & 1;
	event->id = id & ~(uint64_t)1;
	event->offset = (uint32_t)number(rest, "offset");
	event->bytes = (uint32_t)number(rest, "bytes");
	event->msg_len = (uint32_t)number(rest, "msg_len");
	event->retransmit = number(rest, "retransmit");
	event->priority = (uint8_t)number(rest, "priority");
	event->rounds = (uint16_t)number(rest, "rounds");
	event->error = (int)number(rest, "error");
	triple(rest, "tx", event->tx);
	triple(rest, "rx", event->rx);
	if (!strcmp(event->name, "resend")) {
		event->offset = (uint32_t)number(rest, "start");
		event->bytes = (uint32_t)number(rest, "end");
	}
	if (!strcmp(event->name, "drop"))
		event->bytes = (uint32_t)number(rest, "len");
	word(rest, value_of(rest, "why") ? "why" : "reason", event->why, sizeof(event->why));
	return true;
}

/**
 * trace_merge() - take a further packet of data into an event
 * @event: event, changed if it can be
 * @next: the event after it
 *
 * Return: true if @next needs not be shown.
 */
bool trace_merge(struct trace_event *event, const struct trace_event *next)
{
	if (strcmp(event->type, "DATA") || strcmp(next->type, "DATA") ||
	    strcmp(event->name, next->name) || event->id != next->id ||
	    event->client != next->client || event->retransmit != next->retransmit ||
	    event->priority != next->priority ||
	    next->offset != event->offset + event->bytes)
		return false;
	event->bytes += next->bytes;
	event->packets += next->packets;
	return true;
}

/**
 * trace_concerns() - does it happen between us and a host?
 * @event: event
 * @host: the host
 *
 * Return: true if so.
 */
bool trace_concerns(const struct trace_event *event, const struct in6_addr *host)
{
	return !memcmp(&event->from, host, sizeof(*host)) ||
	       !memcmp(&event->to, host, sizeof(*host)) ||
	       !memcmp(&event->peer, host, sizeof(*host));
}

/**
 * trace_shown() - is it worth a line?
 * @event: event
 *
 * Return: false if another event says the same.
 */
bool trace_shown(const struct trace_event *event)
{
	/* Each is followed, or preceded, by the packet or by the words about it. */
	return strcmp(event->name, "grant") &&
	       !(!strcmp(event->name, "tx") && !strcmp(event->type, "RESEND")) &&
	       !(!strcmp(event->name, "tx") && !strcmp(event->type, "NEED_ACK"));
}

static void data_text(const struct trace_event *e, const char *verb, char *text)
{
	char more[40] = "", level[24] = "";

	if (e->packets > 1)
		snprintf(more, sizeof(more), " in %u buffers", e->packets);
	if (!strcmp(e->name, "tx"))
		snprintf(level, sizeof(level), ", priority %u", e->priority);
	snprintf(text, TRACE_TEXT_MAX, "%s bytes %u-%u of %u%s%s%s", verb, e->offset,
		 e->offset + e->bytes, e->msg_len, more, level,
		 e->retransmit ? ", AGAIN" : "");
}

static void packet_text(const struct trace_event *e, char *text)
{
	static const struct {
		const char *type;
		const char *sent;
		const char *received;
	} words[] = {
		{ "RPC_UNKNOWN", "says that it knows no such RPC",
		  "hears that the other host knows no such RPC" },
		{ "BUSY", "says that it is alive but busy", "hears that the other host is busy" },
		{ "CUTOFFS", "sends its cutoffs", "gets the cutoffs of the other host" },
		{ "FREEZE", "sends FREEZE", "gets FREEZE" },
		{ "NEED_ACK", "asks for an ack", "is asked for an ack" },
		{ "ACK", "acknowledges the response", "gets the ack" },
	};
	bool sent = !strcmp(e->name, "tx");
	size_t i;

	snprintf(text, TRACE_TEXT_MAX, "%s %s", sent ? "sends" : "gets", e->type);
	if (!strcmp(e->type, "DATA"))
		data_text(e, sent ? "sends" : "gets", text);
	else if (!strcmp(e->type, "GRANT"))
		snprintf(text, TRACE_TEXT_MAX, sent ? "lets the other host send up to byte %u" :
			 "may send up to byte %u", e->offset);
	else if (!strcmp(e->type, "RESEND"))
		snprintf(text, TRACE_TEXT_MAX, "is asked to send from byte %u on again", e->offset);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].type, e->type))
			snprintf(text, TRACE_TEXT_MAX, "%s",
				 sent ? words[i].sent : words[i].received);
}

static const char *end_text(const char *why)
{
	static const struct {
		const char *why;
		const char *text;
	} words[] = {
		{ "DELIVERED", "the application has the response" },
		{ "FAILED", "the application was told the error" },
		{ "ACKED", "the client has the response" },
		{ "UNKNOWN", "the client does not know it any more" },
		{ "UNACKED", "the client never acknowledged" },
		{ "EVICTED", "it made room for another one" },
		{ "ERROR", "it cannot be served any more" },
		{ "NOT_SENT", "its response could not be sent" },
		{ "NOT_READ", "the application could not be given the message" },
		{ "ABORTED", "the application gave it up" },
		{ "SHUTDOWN", "its socket was closed" },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].why, why))
			return words[i].text;
	return why;
}

static void start_text(const struct trace_event *e, char *text)
{
	char peer[INFO_ADDRESS_MAX];

	info_address(&e->peer, peer);
	if (e->client)
		snprintf(text, TRACE_TEXT_MAX, "begins: %u bytes to %s", e->tx[2], peer);
	else
		snprintf(text, TRACE_TEXT_MAX, "begins: a request from %s", peer);
}

static void rpc_text(const struct trace_event *e, char *text)
{
	static const struct {
		const char *name;
		const char *text;
	} words[] = {
		{ "rpc_stall", "has NO RECEIVE BUFFERS: waits until the application returns some" },
		{ "rpc_delivered", "gives the message to the application" },
		{ "rpc_timeout", "GIVES UP: the other host was silent for too long" },
		{ "rpc_need_ack", "asks the client for an ack" },
		{ "rpc_hold_back", "waits for its turn on the link (pacing)" },
	};
	char end[16];
	size_t i;

	snprintf(text, TRACE_TEXT_MAX, "%s", e->name);
	if (!strcmp(e->name, "rpc_start"))
		start_text(e, text);
	else if (!strcmp(e->name, "rpc_incoming"))
		snprintf(text, TRACE_TEXT_MAX, "has room for the %u bytes that begin to arrive",
			 e->rx[2]);
	else if (!strcmp(e->name, "rpc_complete"))
		snprintf(text, TRACE_TEXT_MAX, "has all %u bytes", e->rx[2]);
	else if (!strcmp(e->name, "rpc_respond"))
		snprintf(text, TRACE_TEXT_MAX, "answers with %u bytes", e->tx[2]);
	else if (!strcmp(e->name, "rpc_fail"))
		snprintf(text, TRACE_TEXT_MAX, "FAILS: %s", strerror(e->error));
	else if (!strcmp(e->name, "rpc_end"))
		snprintf(text, TRACE_TEXT_MAX, "ends: %s", end_text(e->why));
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i].name, e->name))
			snprintf(text, TRACE_TEXT_MAX, "%s", words[i].text);
	if (strcmp(e->name, "resend"))
		return;
	snprintf(end, sizeof(end), "%u", e->bytes);
	snprintf(text, TRACE_TEXT_MAX, "MISSES bytes %u-%s, asks for them (round %u)", e->offset,
		 e->bytes == UINT32_MAX ? "end" : end, e->rounds);
}

/**
 * trace_text() - an event in words
 * @event: event
 * @text: where to write
 *
 * What needs attention is in capitals.
 *
 * Return: @text.
 */
const char *trace_text(const struct trace_event *event, char text[TRACE_TEXT_MAX])
{
	char from[INFO_ADDRESS_MAX];

	if (!strcmp(event->name, "drop"))
		snprintf(text, TRACE_TEXT_MAX, "DROPS a packet of %u bytes from %s: %s",
			 event->bytes, info_address(&event->from, from), event->why);
	else if (*event->type)
		packet_text(event, text);
	else
		rpc_text(event, text);
	return text;
}
