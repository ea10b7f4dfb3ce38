// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Acks in: a client's host says which RPCs are finished (protocol §8).
 *
 * An ack rides on any packet to the host, so it may name an RPC of a socket that
 * the packet was not sent to.  docs/decisions/0075-acks-of-other-sockets.md.
 */
#include "homa.h"

/**
 * homa_ack_sock() - the socket whose RPC an ack may end
 * @hsk: socket that the packet was sent to, and may get it
 * @skb: packet
 * @hdr: its parsed header
 * @key: the host that sent it
 * @daddr: its destination
 * @ack: names the RPC; client_id 0 = none
 *
 * Whatever keeps the packet from another socket keeps the ack from its RPCs.  Nobody
 * is asked about an RPC that does not exist.
 *
 * Context: softirq, rcu_read_lock(), no Homa lock held.
 * Return: NULL if there is none, or one that must not get the packet.
 */
struct homa_sock *homa_ack_sock(struct homa_sock *hsk, struct sk_buff *skb,
				const struct homa_hdr *hdr,
				const struct homa_peer_key *key,
				const struct in6_addr *daddr,
				const struct homa_ack *ack)
{
	struct homa_sock *other;
	struct homa_rpc *rpc;

	if (!homa_id_is_client(ack->client_id) || !ack->client_id)
		return NULL;
	if (ack->server_port == hdr->dport)
		return hsk;
	other = homa_port_find_rcu(hsk->hn, ack->server_port);
	if (!other)
		return NULL;
	rpc = homa_rpc_find_server(other, homa_wire_local_id(ack->client_id),
				   key);
	if (!rpc)
		return NULL;
	homa_rpc_unlock(rpc);
	if (homa_bind_hears(other, skb, daddr) &&
	    homa_rx_permit(other, skb) == HOMA_REASON_NONE)
		return other;
	HOMA_INC(hsk->hn, refused_acks);
	return NULL;
}

/**
 * homa_ack_rx() - end an RPC that is acknowledged
 * @hsk: its socket
 * @key: the client's host
 * @client_id: the client's name of it; nothing happens if there is none
 *
 * Context: softirq, rcu_read_lock(), no Homa lock held.
 */
void homa_ack_rx(struct homa_sock *hsk, const struct homa_peer_key *key,
		 u64 client_id)
{
	struct homa_todo todo __uninitialized;
	struct homa_net *hn = hsk->hn;
	struct homa_rpc *rpc;

	if (!client_id || !homa_id_is_client(client_id))
		return;
	rpc = homa_rpc_find_server(hsk, homa_wire_local_id(client_id), key);
	if (!rpc)
		return;
	homa_todo_init(&todo);
	if (homa_rpc_ack(&rpc->core).actions & HOMA_ACT_END) {
		/* Only who was sent something can show that he heard it. */
		if (rpc->core.state == HOMA_RPC_OUTGOING && rpc->core.tx_next)
			homa_peer_set_known(rpc->peer);
		HOMA_INC(hn, server_responses_done);
		HOMA_ADD(hn, server_response_bytes_done, rpc->core.tx_len);
		homa_rpc_end_locked(rpc, HOMA_END_ACKED, &todo);
	}
	homa_rpc_unlock(rpc);
	homa_todo_run(&todo);
}
