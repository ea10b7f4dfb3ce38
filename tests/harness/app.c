// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The applications: they call, answer, read late, and lose interest.
 */
#include "sim.h"

/* What byte @offset of a message is: nobody has to keep it. */
u8 app_byte(u32 client, u64 client_id, bool response, u32 offset)
{
	u32 x = (u32)client_id * 2654435761u + client * 97 + response * 31;

	return (u8)((x >> 24) + offset * 7 + (offset >> 8) * 131 +
		    (offset >> 16) * 29);
}

struct call *app_find_call(struct sim *s, u32 client, u64 id)
{
	u32 i;

	for (i = 0; i < s->num_calls; i++)
		if (s->calls[i].started && s->calls[i].client == client &&
		    s->calls[i].id == id)
			return &s->calls[i];
	sim_fail(s, "host %u never called with id %llu", client, id);
}

/* Short ones are frequent, as in real workloads; 1..1,000,000. */
static u32 message_bytes(struct sim *s)
{
	switch (sim_below(s, 20)) {
	case 0:
		return 1 + sim_below(s, HOMA_MSG_BYTES_MAX);
	case 1:
	case 2:
	case 3:
		return 1 + sim_below(s, 200000);
	case 4:
		return HOMA_MSG_BYTES_MAX - sim_below(s, 2);
	case 5:
	case 6:
	case 7:
	case 8:
		return 1 + sim_below(s, 20000);
	default:
		return 1 + sim_below(s, 2000);
	}
}

void app_plan(struct sim *s, u32 num_calls)
{
	struct event e = { .kind = EV_CALL };
	struct call *c;

	for (; s->num_calls < num_calls; s->num_calls++) {
		c = &s->calls[s->num_calls];
		c->client = sim_below(s, s->num_hosts);
		c->server = sim_below(s, s->num_hosts - 1);
		c->server += c->server >= c->client;
		c->request_bytes = message_bytes(s);
		c->response_bytes = message_bytes(s);
		e.host = c->client;
		e.id = s->num_calls;
		e.at_ns = sim_below(s, 3000) * 1000 + 1;
		sim_push(s, &e);
	}
}

void app_ready(struct sim *s, u32 h, struct rpc *r)
{
	struct event e = {
		.kind = EV_READ,
		.host = h,
		.peer = r->peer,
		.id = r->core.id,
	};

	if (r->reading)
		return;
	r->reading = true;
	/* Most applications wait for their messages; some are slow. */
	e.at_ns = s->now_ns + 1000 +
		  (sim_chance(s, 100) ? sim_below(s, 30000000) : 0);
	sim_push(s, &e);
}

static void call(struct sim *s, const struct event *e)
{
	struct call *c = &s->calls[e->id];
	struct host *host = &s->hosts[e->host];
	struct event abort = { .kind = EV_ABORT, .host = e->host };
	u32 seg = homa_wire_seg_bytes(MTU, IP_HDR_BYTES);
	struct rpc *r = host_new(s, e->host, c->server);

	c->id = host->next_id;
	host->next_id += 2;
	c->started = true;
	sim_log(s, "%u: calls %u, RPC %llu, %u -> %u bytes", c->client,
		c->server, c->id, c->request_bytes, c->response_bytes);
	homa_rpc_init_client(&r->core, c->id, c->request_bytes, seg, &s->cfg,
			     s->now_ns);
	r->seen_state = r->core.state;
	tx_xmit(s, e->host, r);
	check_rpc(s, e->host, r);
	host_timer(s, e->host, r);
	if (!sim_chance(s, s->faults.abort))
		return;
	abort.peer = c->server;
	abort.id = c->id;
	abort.at_ns = s->now_ns + sim_below(s, 5000000);
	sim_push(s, &abort);
}

static void verify(struct sim *s, const struct rpc *r, u32 client,
		   bool response, u32 bytes)
{
	u64 client_id = r->core.id & ~1ull;
	u32 i;

	CHECK(s, r->core.rx.length == bytes);
	for (i = 0; i < bytes; i++)
		if (r->buffer[i] != app_byte(client, client_id, response, i))
			sim_fail(s, "RPC %llu: byte %u is wrong", r->core.id,
				 i);
}

static void read_request(struct sim *s, u32 h, struct rpc *r)
{
	struct call *c = app_find_call(s, r->peer, r->core.id ^ 1);
	struct event e = {
		.kind = EV_RESPOND,
		.host = h,
		.peer = r->peer,
		.id = r->core.id,
	};

	CHECK(s, c->server == h);
	verify(s, r, c->client, false, c->request_bytes);
	/* At most once, whatever the network does (protocol §9). */
	CHECK(s, ++c->executed == 1);
	sim_log(s, "%u: executes RPC %llu", h, r->core.id);
	host_return_buffer(s, h, r);
	e.at_ns = s->now_ns + 1000 + sim_below(s, sim_chance(s, 50) ?
					       300000000 : 1000000);
	sim_push(s, &e);
	check_rpc(s, h, r);
	host_timer(s, h, r);
}

static void read_response(struct sim *s, u32 h, struct rpc *r)
{
	struct call *c = app_find_call(s, h, r->core.id);

	CHECK(s, c->executed == 1 && !c->completed && !c->error);
	verify(s, r, h, true, c->response_bytes);
	c->completed = true;
	sim_log(s, "%u: completes RPC %llu", h, r->core.id);
	tx_queue_ack(s, h, r->peer, r->core.id);
	host_end(s, h, r);
}

static void read(struct sim *s, u32 h, struct rpc *r)
{
	struct homa_rpc_verdict v;

	r->reading = false;
	if (r->core.error) {
		CHECK(s, homa_rpc_is_client(&r->core));
		app_find_call(s, h, r->core.id)->error = r->core.error;
		sim_log(s, "%u: RPC %llu failed", h, r->core.id);
		host_end(s, h, r);
		return;
	}
	CHECK(s, r->core.state == HOMA_RPC_INCOMING);
	CHECK(s, homa_rpc_rx_complete(&r->core));
	v = homa_rpc_delivered(&r->core);
	if (homa_rpc_is_client(&r->core)) {
		CHECK(s, v.actions == (HOMA_ACT_ACK | HOMA_ACT_END));
		read_response(s, h, r);
	} else {
		CHECK(s, !v.actions);
		read_request(s, h, r);
	}
}

static void respond(struct sim *s, u32 h, struct rpc *r)
{
	struct call *c = app_find_call(s, r->peer, r->core.id ^ 1);
	u32 seg = homa_wire_seg_bytes(MTU, IP_HDR_BYTES);

	r->birth_ns = s->now_ns;
	CHECK(s, homa_rpc_respond(&r->core, c->response_bytes, seg, &s->cfg,
				  s->now_ns));
	sim_log(s, "%u: answers RPC %llu", h, r->core.id);
	tx_xmit(s, h, r);
	check_rpc(s, h, r);
	host_timer(s, h, r);
}

void app_event(struct sim *s, const struct event *e)
{
	struct rpc *r;

	if (e->kind == EV_CALL) {
		call(s, e);
		return;
	}
	r = host_find(s, e->host, e->peer, e->id);
	if (!r)
		return;
	switch (e->kind) {
	case EV_READ:
		read(s, e->host, r);
		break;
	case EV_RESPOND:
		respond(s, e->host, r);
		break;
	case EV_ABORT:
		app_find_call(s, e->host, e->id)->aborted = true;
		host_end(s, e->host, r);
		break;
	default:
		break;
	}
}
