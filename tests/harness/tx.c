// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Packets out: original data under pacing, everything else at once.
 */
#include "sim.h"

static void send(struct sim *s, u32 h, u32 peer, struct homa_hdr *hdr, u64 id)
{
	struct packet p;

	hdr->sender_id = id;
	hdr->sport = PORT;
	hdr->dport = PORT;
	p.bytes = homa_wire_build(p.data, hdr);
	link_send(s, h, peer, &p);
}

void tx_control(struct sim *s, u32 h, u32 peer, u64 id, u8 type)
{
	struct homa_hdr hdr = { .type = type };

	sim_log(s, "%u>%u RPC %llu type %#x", h, peer, id, type);
	send(s, h, peer, &hdr, id);
}

/* Every DATA packet takes the newest ack that waits for its host. */
static void piggyback(struct sim *s, u32 h, u32 peer, struct homa_hdr *hdr)
{
	struct host *host = &s->hosts[h];

	if (host->num_acks[peer])
		hdr->data.ack = host->acks[peer][--host->num_acks[peer]];
}

static void send_data(struct sim *s, u32 h, struct rpc *r,
		      struct homa_tx_range t, u32 incoming, bool again)
{
	bool client = homa_rpc_is_client(&r->core);
	u64 client_id = r->core.id & ~1ull;
	struct homa_hdr hdr = { .type = HOMA_DATA };
	struct packet p;
	u32 i;

	hdr.sender_id = r->core.id;
	hdr.sport = PORT;
	hdr.dport = PORT;
	hdr.data.offset = t.start;
	hdr.data.msg_len = r->core.tx_len;
	hdr.data.incoming = incoming;
	hdr.data.retransmit = again;
	piggyback(s, h, r->peer, &hdr);
	p.bytes = homa_wire_build(p.data, &hdr);
	for (i = t.start; i < t.end; i++)
		p.data[p.bytes++] = app_byte(client ? h : r->peer, client_id,
					     !client, i);
	CHECK(s, p.bytes + IP_HDR_BYTES <= MTU);
	sim_log(s, "%u>%u RPC %llu DATA [%u, %u) of %u%s", h, r->peer,
		r->core.id, t.start, t.end, r->core.tx_len,
		again ? " again" : "");
	link_send(s, h, r->peer, &p);
}

static u32 wire_ns(struct sim *s, u32 bytes)
{
	return homa_pace_wire_ns(bytes + HOMA_DATA_HDR_BYTES + IP_HDR_BYTES,
				 s->cfg.link_mbps);
}

static void wake_pacer(struct sim *s, u32 h, u64 at_ns)
{
	struct event e = { .kind = EV_PACE, .host = h, .at_ns = at_ns };

	if (s->hosts[h].pace_at_ns)
		return;
	s->hosts[h].pace_at_ns = at_ns;
	sim_push(s, &e);
}

/* One original packet, if the link may have it. */
static bool send_next(struct sim *s, u32 h, struct rpc *r, bool force)
{
	struct homa_tx_range t = homa_rpc_tx_next(&r->core);
	struct host *host = &s->hosts[h];
	struct homa_pace_verdict v;

	if (t.start == t.end)
		return false;
	force |= r->core.tx_len - r->core.tx_next <= s->cfg.defer_min_bytes;
	v = homa_pace_try(host->idle_until_ns, s->now_ns,
			  wire_ns(s, t.end - t.start),
			  s->cfg.max_nic_backlog_ns, force);
	if (!v.send) {
		homa_srpt_add(&host->srpt, &r->tx,
			      r->core.tx_len - r->core.tx_next, r->birth_ns);
		wake_pacer(s, h, v.idle_until_ns);
		return false;
	}
	host->idle_until_ns = v.idle_until_ns;
	/* Nothing leaves beyond the grant but the rest of a packet. */
	CHECK(s, t.start == r->core.tx_next && t.start < r->core.tx_granted);
	homa_rpc_tx_sent(&r->core, t.end, s->now_ns);
	homa_srpt_sent(&host->srpt, &r->tx, t.end - t.start);
	send_data(s, h, r, t, r->core.tx_unsched, false);
	return true;
}

void tx_xmit(struct sim *s, u32 h, struct rpc *r)
{
	/* In the queue it waits for its turn. */
	while (!r->tx.queued && send_next(s, h, r, false))
		;
}

void tx_pace(struct sim *s, u32 h)
{
	struct host *host = &s->hosts[h];
	struct homa_srpt_verdict v;
	struct homa_tx_range t;
	struct rpc *r;

	host->pace_at_ns = 0;
	for (;;) {
		v = homa_srpt_next(&host->srpt, &s->cfg, s->now_ns,
				   host->idle_until_ns);
		if (!v.entry)
			break;
		r = container_of(v.entry, struct rpc, tx);
		send_next(s, h, r, true);
		t = homa_rpc_tx_next(&r->core);
		if (t.start == t.end)
			homa_srpt_remove(&host->srpt, &r->tx);
		check_rpc(s, h, r);
		host_timer(s, h, r);
	}
	if (v.not_before_ns != U64_MAX)
		wake_pacer(s, h, v.not_before_ns);
}

void tx_retransmit(struct sim *s, u32 h, struct rpc *r, u32 start, u32 end)
{
	struct homa_tx_range t;

	CHECK(s, start < end && end <= r->core.tx_next);
	for (; start < end; start = t.end) {
		t = homa_rpc_segment(&r->core, start);
		send_data(s, h, r, t, end, true);
	}
}

void tx_resends(struct sim *s, u32 h, struct rpc *r)
{
	struct homa_tx_range range;
	struct homa_hdr hdr = { 0 };
	u32 from = 0;
	u32 n;

	for (n = 0; n < HOMA_RESENDS_PER_ROUND; n++) {
		if (!homa_rpc_resend_range(&r->core, from, &range))
			break;
		hdr.type = HOMA_RESEND;
		hdr.resend.all = range.end == U32_MAX;
		hdr.resend.offset = range.start;
		hdr.resend.length = range.end - range.start;
		hdr.resend.priority = s->cfg.num_priorities - 1;
		sim_log(s, "%u>%u RPC %llu RESEND [%u, %u)", h, r->peer,
			r->core.id, range.start, range.end);
		send(s, h, r->peer, &hdr, r->core.id);
		if (hdr.resend.all)
			break;
		from = range.end;
	}
}

/* An ACK that names @id and all that wait for the same host. */
void tx_ack(struct sim *s, u32 h, u32 peer, u64 id)
{
	struct host *host = &s->hosts[h];
	struct homa_hdr hdr = { .type = HOMA_ACK };
	u32 i;

	hdr.ack.num = host->num_acks[peer];
	for (i = 0; i < hdr.ack.num; i++)
		hdr.ack.acks[i] = host->acks[peer][i];
	host->num_acks[peer] = 0;
	sim_log(s, "%u>%u RPC %llu ACK +%u", h, peer, id, hdr.ack.num);
	send(s, h, peer, &hdr, id);
}

void tx_queue_ack(struct sim *s, u32 h, u32 peer, u64 id)
{
	struct host *host = &s->hosts[h];
	struct homa_ack *ack;

	if (host->num_acks[peer] == HOMA_ACKS_MAX) {
		tx_ack(s, h, peer, id);
		return;
	}
	ack = &host->acks[peer][host->num_acks[peer]++];
	ack->client_id = id;
	ack->server_port = PORT;
}

/* The module, too, carries a command out after the grantor is unlocked. */
void tx_grant(struct sim *s, u32 h, u32 peer, u64 id, u32 offset, u8 priority)
{
	struct rpc *r = host_find(s, h, peer, id);
	struct homa_hdr hdr = { .type = HOMA_GRANT };

	if (!r || !homa_rpc_granted(&r->core, offset, s->now_ns))
		return;
	hdr.grant.offset = offset;
	hdr.grant.priority = priority;
	sim_log(s, "%u>%u RPC %llu GRANT %u prio %u", h, peer, id, offset,
		priority);
	send(s, h, peer, &hdr, id);
	check_rpc(s, h, r);
	host_timer(s, h, r);
}

void tx_grants(struct sim *s, u32 h, const struct homa_grant_cmd *cmds,
	       u32 num)
{
	struct event e = { .kind = EV_GRANT, .host = h };
	struct rpc *r;
	u32 i;

	CHECK(s, num <= HOMA_GRANT_CMDS_MAX);
	for (i = 0; i < num; i++) {
		r = container_of(cmds[i].g, struct rpc, grantee);
		e.peer = r->peer;
		e.id = r->core.id;
		e.offset = cmds[i].offset;
		e.priority = cmds[i].priority;
		e.at_ns = s->now_ns + sim_below(s, 500000);
		/* Late, or twice: harmless. */
		if (sim_chance(s, 50))
			sim_push(s, &e);
		else
			tx_grant(s, h, e.peer, e.id, e.offset, e.priority);
		if (sim_chance(s, 50))
			sim_push(s, &e);
	}
}
