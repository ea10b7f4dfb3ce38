// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Large messages: what each client's host holds here. One host gets at most half
 * of the memory and half of the transfers, so that none can keep the others out,
 * however many sockets it uses.
 */
#include <stdlib.h>
#include <string.h>

#include "large.h"

/* The address alone: a host may use as many ports as it likes. */
static void address_of(const struct homa_msg *msg, struct in6_addr *address)
{
	const struct sockaddr *peer = (const struct sockaddr *)&msg->peer;

	memset(address, 0, sizeof(*address));
	if (peer->sa_family == AF_INET)
		memcpy(address, &((const struct sockaddr_in *)peer)->sin_addr,
		       sizeof(struct in_addr));
	else
		*address = ((const struct sockaddr_in6 *)peer)->sin6_addr;
}

/**
 * lh_host_get() - the host that sent a message, for a transfer of its
 * @homa: the handle, locked
 * @msg:  the message
 *
 * Return: the host, or NULL: it has as many transfers as one may have, or there is no memory.
 */
struct lh_host *lh_host_get(struct homa *homa, const struct homa_msg *msg)
{
	struct lh_host *host = homa->large->hosts;
	struct in6_addr address;

	address_of(msg, &address);
	while (host && memcmp(&host->address, &address, sizeof(address)))
		host = host->next;
	if (!host) {
		host = calloc(1, sizeof(*host));
		if (!host)
			return NULL;
		host->address = address;
		host->next = homa->large->hosts;
		homa->large->hosts = host;
	}
	if (host->num_transfers >= LH_INCOMING_MAX / 2)
		return NULL;
	host->num_transfers++;
	return host;
}

/**
 * lh_host_put() - a transfer of a host is gone
 * @homa: the handle, locked
 * @host: the host, may be NULL
 */
void lh_host_put(struct homa *homa, struct lh_host *host)
{
	struct lh_host **at = &homa->large->hosts;

	if (!host || --host->num_transfers)
		return;
	while (*at != host)
		at = &(*at)->next;
	*at = host->next;
	free(host);
}

/**
 * lh_host_alloc() - memory for a large message from or to a host, within its share
 * @homa:     the handle, locked
 * @incoming: its transfer
 * @bytes:    how much
 *
 * Return: the memory, or NULL.
 */
void *lh_host_alloc(struct homa *homa, struct lh_incoming *incoming, size_t bytes)
{
	struct lh_host *host = incoming->host;
	size_t share = homa->large->max_bytes / 2;
	void *memory;

	if (host->used_bytes > share || bytes > share - host->used_bytes)
		return NULL;
	memory = lh_large_alloc(homa, bytes);
	if (memory)
		host->used_bytes += bytes;
	return memory;
}

/**
 * lh_host_release() - give memory of lh_host_alloc() back
 * @homa:     the handle, locked
 * @incoming: its transfer
 * @memory:   the memory, may be NULL
 * @bytes:    its size
 */
void lh_host_release(struct homa *homa, struct lh_incoming *incoming, void *memory, size_t bytes)
{
	if (!memory)
		return;
	incoming->host->used_bytes -= bytes;
	lh_large_release(homa, memory, bytes);
}
