// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Packets in (protocol §1.3).
 */
#include "sim.h"

static void take_ack(struct sim *s, u32 h, u32 peer, u64 client_id)
{
	struct rpc *r = host_find(s, h, peer, client_id ^ 1);

	if (r && client_id)
		host_act(s, h, r, homa_rpc_ack(&r->core));
}

/* A message without buffers waits in the order of length. */
static void stall(struct sim *s, u32 h, struct rpc *r)
{
	struct host *host = &s->hosts[h];
	struct rpc *other;

	list_for_each_entry(other, &host->stalled, stalled)
		if (other->core.rx.length > r->core.rx.length)
			break;
	/* At the end of the list, other stands for its head. */
	list_add_tail(&r->stalled, &other->stalled);
	sim_log(s, "%u: RPC %llu has no buffers", h, r->core.id);
}

static void take_bytes(struct sim *s, u32 h, struct rpc *r,
		       const struct homa_hdr *hdr, const u8 *data)
{
	struct homa_grant_cmd cmds[HOMA_GRANT_CMDS_MAX];
	struct host *host = &s->hosts[h];
	u32 at = hdr->data.offset;
	u32 end = at + hdr->data.len;
	struct homa_reasm_verdict t;
	u32 received, num;

	do {
		t = homa_rpc_take(&r->core, at, end, s->now_ns);
		CHECK(s, t.code != HOMA_REASM_BAD);
		if (t.code != HOMA_REASM_KEEP && t.code != HOMA_REASM_PART)
			break;
		CHECK(s, t.start >= at && t.start < t.end && t.end <= end);
		memcpy(r->buffer + t.start, data + t.start - hdr->data.offset,
		       t.end - t.start);
		at = t.end;
	} while (at < end);

	received = homa_reasm_received(&r->core.rx);
	if (homa_rpc_needs_grants(&r->core))
		num = homa_grantor_add(&host->grantor, &s->cfg, &r->grantee,
				       &host->peers[r->peer],
				       r->core.rx.length, received,
				       r->core.rx_granted, r->birth_ns,
				       s->now_ns, cmds);
	else if (homa_grantee_is_quiet(&r->grantee, received))
		num = 0;
	else
		num = homa_grantor_progress(&host->grantor, &s->cfg,
					    &r->grantee, received, s->now_ns,
					    cmds);
	tx_grants(s, h, cmds, num);
	if (homa_rpc_rx_complete(&r->core))
		app_ready(s, h, r);
}

static struct rpc *data_rpc(struct sim *s, u32 h, u32 peer, u64 id)
{
	struct rpc *r = host_find(s, h, peer, id);
	u64 key = host_dedup_key(peer, id);

	if (r)
		return r;
	if (homa_id_is_client(id)) {
		s->drops[HOMA_REASON_UNKNOWN_RPC]++;
		return NULL;
	}
	if (homa_dedup_seen(&s->hosts[h].dedup[key % DEDUP_BUCKETS], key,
			    s->now_ns)) {
		s->drops[HOMA_REASON_FINISHED_RPC]++;
		return NULL;
	}
	r = host_new(s, h, peer);
	homa_rpc_init_server(&r->core, id, s->now_ns);
	r->seen_state = r->core.state;
	return r;
}

static void rx_data(struct sim *s, u32 h, u32 peer, u64 id,
		    const struct homa_hdr *hdr, const u8 *data)
{
	struct rpc *r = data_rpc(s, h, peer, id);
	struct homa_rpc_verdict v;
	bool have;

	if (!r)
		return;
	v = homa_rpc_data(&r->core, hdr->data.msg_len, hdr->data.incoming,
			  s->now_ns);
	if (v.actions & HOMA_ACT_ALLOC) {
		have = host_take_buffer(s, h, r);
		homa_rpc_buffers(&r->core, have, s->now_ns);
		if (!have) {
			stall(s, h, r);
			v.actions &= ~(u32)HOMA_ACT_TAKE;
		}
	}
	if (v.actions & HOMA_ACT_TAKE)
		take_bytes(s, h, r, hdr, data);
	host_act(s, h, r, v);
}

static void rx_known(struct sim *s, u32 h, struct rpc *r,
		     const struct homa_hdr *hdr)
{
	struct homa_rpc_verdict v = { 0 };
	u64 quiet_ns = r->core.quiet_since_ns;

	switch (hdr->type) {
	case HOMA_GRANT:
		v = homa_rpc_grant(&r->core, hdr->grant.offset,
				   hdr->grant.priority, s->now_ns);
		break;
	case HOMA_RESEND:
		v = homa_rpc_resend(&r->core, hdr->resend.offset,
				    hdr->resend.length, hdr->resend.all,
				    s->now_ns);
		break;
	case HOMA_BUSY:
		homa_rpc_busy(&r->core, s->now_ns);
		break;
	case HOMA_RPC_UNKNOWN:
		v = homa_rpc_unknown(&r->core, s->now_ns);
		CHECK(s, r->core.quiet_since_ns == quiet_ns);
		break;
	case HOMA_NEED_ACK:
		v = homa_rpc_need_ack(&r->core);
		CHECK(s, r->core.quiet_since_ns == quiet_ns);
		break;
	}
	host_act(s, h, r, v);
}

static void rx_unknown(struct sim *s, u32 h, u32 peer, u64 id, u8 type)
{
	s->drops[HOMA_REASON_UNKNOWN_RPC]++;
	if (type == HOMA_RESEND)
		tx_control(s, h, peer, id, HOMA_RPC_UNKNOWN);
	else if (type == HOMA_NEED_ACK && homa_id_is_client(id))
		tx_ack(s, h, peer, id);
}

static void rx_ack(struct sim *s, u32 h, u32 peer, u64 id,
		   const struct homa_hdr *hdr)
{
	u32 i;

	take_ack(s, h, peer, id ^ 1);
	for (i = 0; i < hdr->ack.num; i++)
		take_ack(s, h, peer, hdr->ack.acks[i].client_id);
}

void rx_packet(struct sim *s, const struct event *e)
{
	const struct packet *p = e->packet;
	struct homa_hdr hdr;
	struct rpc *r;
	u64 id;

	CHECK(s, homa_wire_parse(&hdr, p->data, p->bytes, p->bytes) ==
		 HOMA_REASON_NONE);
	id = homa_wire_local_id(hdr.sender_id);
	switch (hdr.type) {
	case HOMA_DATA:
		take_ack(s, e->host, e->peer, hdr.data.ack.client_id);
		rx_data(s, e->host, e->peer, id, &hdr, p->data + hdr.hdr_len);
		break;
	case HOMA_ACK:
		rx_ack(s, e->host, e->peer, id, &hdr);
		break;
	default:
		r = host_find(s, e->host, e->peer, id);
		if (r)
			rx_known(s, e->host, r, &hdr);
		else
			rx_unknown(s, e->host, e->peer, id, hdr.type);
	}
}
