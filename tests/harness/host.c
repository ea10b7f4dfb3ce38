// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * A host's RPCs: life, memory, timers, and carrying out verdicts.
 */
#include <errno.h>
#include <stdlib.h>

#include "sim.h"

u64 host_dedup_key(u32 peer, u64 id)
{
	return (id ^ ((u64)peer << 56)) * 0x9e3779b97f4a7c15ull;
}

struct rpc *host_find(struct sim *s, u32 h, u32 peer, u64 id)
{
	struct rpc *r;

	list_for_each_entry(r, &s->hosts[h].rpcs, link)
		if (r->core.id == id && r->peer == peer)
			return r;
	return NULL;
}

struct rpc *host_new(struct sim *s, u32 h, u32 peer)
{
	struct rpc *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->peer = peer;
	r->birth_ns = s->now_ns;
	INIT_LIST_HEAD(&r->stalled);
	list_add_tail(&r->link, &s->hosts[h].rpcs);
	return r;
}

bool host_take_buffer(struct sim *s, u32 h, struct rpc *r)
{
	u32 bytes = r->core.rx.length;

	if (s->hosts[h].pool_bytes < bytes)
		return false;
	s->hosts[h].pool_bytes -= bytes;
	r->buffer = malloc(bytes);
	if (!r->buffer)
		abort();
	return true;
}

/* Shortest first; each that now fits is asked for from the start. */
static void host_unstall(struct sim *s, u32 h)
{
	struct host *host = &s->hosts[h];
	struct homa_rpc_verdict v;
	struct rpc *r;

	while (!list_empty(&host->stalled)) {
		r = list_first_entry(&host->stalled, struct rpc, stalled);
		if (!host_take_buffer(s, h, r))
			break;
		list_del_init(&r->stalled);
		v = homa_rpc_buffers(&r->core, true, s->now_ns);
		CHECK(s, v.actions == HOMA_ACT_RESENDS || r->core.error);
		host_act(s, h, r, v);
	}
}

void host_return_buffer(struct sim *s, u32 h, struct rpc *r)
{
	if (!r->buffer)
		return;
	free(r->buffer);
	r->buffer = NULL;
	s->hosts[h].pool_bytes += r->core.rx.length;
	host_unstall(s, h);
}

void host_end(struct sim *s, u32 h, struct rpc *r)
{
	struct homa_grant_cmd cmds[HOMA_GRANT_CMDS_MAX];
	struct host *host = &s->hosts[h];
	u64 key = host_dedup_key(r->peer, r->core.id);
	u32 num;

	CHECK(s, homa_rpc_end(&r->core));
	sim_log(s, "%u: RPC %llu ends", h, r->core.id);
	list_del(&r->link);
	list_del_init(&r->stalled);
	homa_srpt_remove(&host->srpt, &r->tx);
	num = homa_grantor_remove(&host->grantor, &s->cfg, &r->grantee,
				  s->now_ns, cmds);
	tx_grants(s, h, cmds, num);
	if (r->core.delivered)
		homa_dedup_add(&host->dedup[key % DEDUP_BUCKETS], key,
			       s->now_ns);
	host_return_buffer(s, h, r);
	free(r);
}

/* Called after every event: the RPC may have to be looked at earlier now. */
void host_timer(struct sim *s, u32 h, struct rpc *r)
{
	u64 at_ns = homa_rpc_deadline(&r->core, &s->cfg);
	struct event e = {
		.kind = EV_TICK,
		.host = h,
		.peer = r->peer,
		.id = r->core.id,
	};

	if (at_ns == U64_MAX)
		return;
	at_ns = max(at_ns, s->now_ns) + sim_below(s, s->faults.late_us * 1000);
	if (r->tick_at_ns && r->tick_at_ns <= at_ns)
		return;
	r->tick_at_ns = at_ns;
	e.at_ns = at_ns;
	sim_push(s, &e);
}

void host_tick(struct sim *s, const struct event *e)
{
	struct rpc *r = host_find(s, e->host, e->peer, e->id);
	struct homa_rpc_verdict v = { 0 };
	struct homa_rpc_tick t;

	if (!r)
		return;
	if (r->tick_at_ns == e->at_ns)
		r->tick_at_ns = 0;
	t = homa_rpc_tick(&r->core, &s->cfg, s->now_ns);
	CHECK(s, t.next_ns > s->now_ns);
	v.actions = t.actions;
	host_act(s, e->host, r, v);
}

void host_act(struct sim *s, u32 h, struct rpc *r, struct homa_rpc_verdict v)
{
	u32 peer = r->peer;
	u64 id = r->core.id;

	if (v.actions & HOMA_ACT_DROP)
		s->drops[v.reason]++;
	if (v.actions & HOMA_ACT_TIMEOUT)
		v = homa_rpc_fail(&r->core, ETIMEDOUT);
	if (v.actions & HOMA_ACT_RETRANSMIT)
		tx_retransmit(s, h, r, v.start, v.end);
	if (v.actions & HOMA_ACT_XMIT)
		tx_xmit(s, h, r);
	if (v.actions & HOMA_ACT_RESENDS)
		tx_resends(s, h, r);
	if (v.actions & HOMA_ACT_BUSY)
		tx_control(s, h, peer, id, HOMA_BUSY);
	if (v.actions & HOMA_ACT_NEED_ACK)
		tx_control(s, h, peer, id, HOMA_NEED_ACK);
	if (v.actions & HOMA_ACT_ACK)
		tx_ack(s, h, peer, id);
	if (v.actions & HOMA_ACT_REPORT)
		app_ready(s, h, r);
	if (v.actions & HOMA_ACT_END) {
		host_end(s, h, r);
		return;
	}
	check_rpc(s, h, r);
	host_timer(s, h, r);
}
