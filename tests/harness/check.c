// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * What must hold after every event, and when everything is over.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

void sim_log(struct sim *s, const char *format, ...)
{
	va_list args;

	if (!s->verbose)
		return;
	printf("%12.3f us ", (double)s->now_ns / 1000);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void sim_fail(struct sim *s, const char *format, ...)
{
	va_list args;

	printf("seed %llu step %llu at %.3f us: ", s->seed, s->steps,
	       (double)s->now_ns / 1000);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\nreplay with: --seed %llu and the same options\n", s->seed);
	fflush(stdout);
	abort();
}

static bool legal(bool client, u8 from, u8 to)
{
	if (from == to)
		return true;
	if (client)
		return from == HOMA_RPC_OUTGOING && to == HOMA_RPC_INCOMING;
	return (from == HOMA_RPC_INCOMING && to == HOMA_RPC_IN_SERVICE) ||
	       (from == HOMA_RPC_IN_SERVICE && to == HOMA_RPC_OUTGOING);
}

static void check_rx(struct sim *s, struct rpc *r)
{
	const struct homa_rpc_core *c = &r->core;
	u32 i, missing = c->rx.length - c->rx.recv_end;

	for (i = 0; i < c->rx.num_gaps; i++)
		missing += c->rx.gaps[i].end - c->rx.gaps[i].start;
	CHECK(s, missing == c->rx.remaining);
	CHECK(s, c->rx.recv_end <= c->rx_granted);
	CHECK(s, c->rx_granted <= c->rx.length);
	CHECK(s, !c->rx_stalled == list_empty(&r->stalled));
	if (c->rx_stalled || c->error)
		return;
	/* Asked for again after buffers came; nothing has arrived yet. */
	if (c->rx.remaining == c->rx.length)
		return;
	/* The grantor knows of what needs it, and of nothing else. */
	if (homa_rpc_needs_grants(c))
		CHECK(s, r->grantee.state != HOMA_GRANTEE_IDLE ||
			 c->rx_granted == c->rx.length);
	else
		CHECK(s, r->grantee.state == HOMA_GRANTEE_IDLE);
	if (r->grantee.state != HOMA_GRANTEE_IDLE)
		CHECK(s, r->grantee.remaining == c->rx.remaining);
}

void check_rpc(struct sim *s, u32 h, struct rpc *r)
{
	const struct homa_rpc_core *c = &r->core;

	CHECK(s, c->state != HOMA_RPC_DEAD);
	CHECK(s, legal(homa_rpc_is_client(c), r->seen_state, c->state));
	r->seen_state = c->state;
	CHECK(s, c->quiet_since_ns <= s->now_ns);
	CHECK(s, c->need_acks <= HOMA_NEED_ACKS_MAX);
	CHECK(s, homa_rpc_is_client(c) || !c->error);
	if (c->tx_started) {
		CHECK(s, c->tx_unsched <= c->tx_granted);
		CHECK(s, c->tx_granted <= c->tx_len);
		CHECK(s, c->tx_next <= c->tx_len);
		CHECK(s, c->tx_next < c->tx_granted + c->tx_seg);
	}
	if (r->tx.queued)
		CHECK(s, r->tx.left == c->tx_len - c->tx_next);
	/* What may go and does not wait for the link has gone. */
	else if (c->tx_started && !c->error)
		CHECK(s, c->tx_next >= c->tx_granted);
	if (c->rx_started && c->state == HOMA_RPC_INCOMING)
		check_rx(s, r);
	CHECK(s, host_find(s, h, r->peer, c->id) == r);
}

void check_host(struct sim *s, u32 h)
{
	const struct host *host = &s->hosts[h];
	u64 room = 0, buffers = 0;
	u32 active = 0, queued = 0;
	struct rpc *r;
	u32 i;

	list_for_each_entry(r, &host->rpcs, link) {
		room += r->grantee.room;
		active += r->grantee.state == HOMA_GRANTEE_ACTIVE;
		queued += r->tx.queued;
		if (r->buffer)
			buffers += r->core.rx.length;
	}
	CHECK(s, host->grantor.room_taken == room);
	CHECK(s, host->grantor.num_active == active);
	CHECK(s, active <= s->cfg.max_overcommit);
	CHECK(s, host->srpt.count == queued);
	CHECK(s, host->pool_bytes + buffers == s->pool_bytes);
	/* Nobody in the queue is forgotten by the pacer. */
	CHECK(s, !queued || host->pace_at_ns);
	for (i = 0; i < active; i++)
		CHECK(s, host->grantor.active[i]->slot == i);
}

static void check_call(struct sim *s, const struct call *c)
{
	const struct faults *f = &s->faults;
	bool lossy = f->blackout_ns || f->loss > 150;

	CHECK(s, c->started);
	CHECK(s, c->completed + c->aborted + !!c->error == 1);
	if (!c->error)
		return;
	CHECK(s, c->error == ETIMEDOUT);
	if (!lossy)
		sim_fail(s, "RPC %llu timed out", c->id);
}

void check_end(struct sim *s)
{
	u32 i;

	for (i = 0; i < s->num_hosts; i++) {
		if (!list_empty(&s->hosts[i].rpcs))
			sim_fail(s, "host %u: RPC %llu is stuck", i,
				 list_first_entry(&s->hosts[i].rpcs, struct rpc,
						  link)->core.id);
		check_host(s, i);
		CHECK(s, list_empty(&s->hosts[i].stalled));
		CHECK(s, list_empty(&s->hosts[i].grantor.by_age));
		CHECK(s, !rb_first_cached(&s->hosts[i].grantor.peers));
		CHECK(s, !s->hosts[i].grantor.fifo);
	}
	for (i = 0; i < s->num_calls; i++)
		check_call(s, &s->calls[i]);
}
