// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * waits.c - what an RPC waits for
 */
#include <stdio.h>
#include <string.h>

#include "units.h"
#include "waits.h"

static bool is_client(const struct info_rpc *rpc)
{
	return !(rpc->id & 1);
}

static enum waits incoming(const struct info_rpc *rpc)
{
	if (rpc->stalled)
		return WAITS_BUFFERS;
	if (!rpc->has_rx)
		return is_client(rpc) ? WAITS_RESPONSE : WAITS_DATA;
	if (rpc->rx_received >= rpc->rx_length)
		return WAITS_READER;
	/* All that was allowed is here. */
	if (rpc->rx_received >= rpc->rx_granted)
		return WAITS_OUR_GRANTS;
	return WAITS_DATA;
}

static enum waits outgoing(const struct info_rpc *rpc)
{
	if (rpc->tx_sent >= rpc->tx_length)
		return is_client(rpc) ? WAITS_RESPONSE : WAITS_ACK;
	if (rpc->tx_sent >= rpc->tx_granted)
		return WAITS_GRANTS;
	return rpc->paced ? WAITS_LINK : WAITS_SENDING;
}

/**
 * waits_for() - what an RPC waits for
 * @rpc: the RPC
 *
 * Return: one of enum waits.
 */
enum waits waits_for(const struct info_rpc *rpc)
{
	if (rpc->error)
		return WAITS_READER;
	switch (rpc->state) {
	case WAITS_INCOMING:
		return incoming(rpc);
	case WAITS_IN_SERVICE:
		return WAITS_APPLICATION;
	default:
		return outgoing(rpc);
	}
}

/**
 * waits_for_peer() - is it the other host's turn?
 * @rpc: the RPC
 *
 * Return: true if so.
 */
bool waits_for_peer(const struct info_rpc *rpc)
{
	switch (waits_for(rpc)) {
	case WAITS_GRANTS:
	case WAITS_RESPONSE:
	case WAITS_DATA:
	case WAITS_ACK:
		return true;
	default:
		return false;
	}
}

/**
 * waits_word() - the name of what an RPC waits for
 * @waits: what
 *
 * Return: a word, also used in JSON.
 */
const char *waits_word(enum waits waits)
{
	static const char * const words[] = {
		[WAITS_READER] = "reader", [WAITS_APPLICATION] = "application",
		[WAITS_LINK] = "link", [WAITS_SENDING] = "sending",
		[WAITS_GRANTS] = "grants", [WAITS_RESPONSE] = "response",
		[WAITS_DATA] = "data", [WAITS_OUR_GRANTS] = "our_grants",
		[WAITS_BUFFERS] = "buffers", [WAITS_ACK] = "ack",
	};

	return words[waits];
}

/**
 * waits_state() - name of a state
 * @state: as in <linux/homa_netlink.h>
 *
 * Return: a word.
 */
const char *waits_state(uint8_t state)
{
	static const char * const words[] = { "outgoing", "incoming", "in_service" };

	return state < sizeof(words) / sizeof(words[0]) ? words[state] : "unknown";
}

/**
 * waits_text() - what an RPC waits for, for people
 * @rpc: the RPC
 * @text: where to write
 *
 * Return: @text, like "response (silent 35.0ms, asked 6 times)".
 */
const char *waits_text(const struct info_rpc *rpc, char text[WAITS_MAX])
{
	enum waits waits = waits_for(rpc);
	char silent[UNITS_MAX];
	size_t len;

	snprintf(text, WAITS_MAX, "%s",
		 waits == WAITS_OUR_GRANTS ? "our grants" : waits_word(waits));
	len = strlen(text);
	if (rpc->error)
		snprintf(text + len, WAITS_MAX - len, " (error: %s)",
			 strerror((int)rpc->error));
	else if (waits_for_peer(rpc) && rpc->resends)
		snprintf(text + len, WAITS_MAX - len, " (silent %s, asked %u time%s)",
			 units_duration(rpc->silent_ns, silent), rpc->resends,
			 rpc->resends == 1 ? "" : "s");
	return text;
}
