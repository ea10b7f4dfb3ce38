/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * RPCs in every state that protocol §1.3 tells apart.
 *
 * All of them: 25,000 bytes go out, 20,000 come in, 1,000 per packet, 10,000
 * unscheduled, last event at FIXTURE_NS.
 */
#ifndef HOMA_TESTS_RPC_FIXTURE_H
#define HOMA_TESTS_RPC_FIXTURE_H

#include <string.h>

#include "core/rpc.h"

#define MS_NS		1000000ull
#define FIXTURE_NS	(1000 * MS_NS)
#define FIXTURE_ERRNO	5
#define TX_BYTES	25000u
#define RX_BYTES	20000u
#define RX_INCOMING	5000u
#define SEG_BYTES	1000u
#define UNSCHED_BYTES	10000u

enum fixture {
	C_OUTGOING,	/* unscheduled part sent */
	C_INCOMING,	/* first packet of the response received */
	C_COMPLETE,	/* response complete, not delivered */
	C_STALLED,	/* no buffers for the response */
	C_FAILED,
	C_DEAD,
	S_INCOMING,
	S_STALLED,
	S_COMPLETE,
	S_IN_SERVICE,
	S_OUTGOING,	/* unscheduled part of the response sent */
	S_SENT,		/* response sent in full */
	S_DEAD,
	NUM_FIXTURES
};

static const struct homa_config fixture_cfg = {
	.unsched_bytes = UNSCHED_BYTES,
	.max_incoming = 400000,
	.max_overcommit = 8,
	.link_mbps = 25000,
	.num_priorities = 8,
	.max_sched_prio = 3,
	.resend_ns = 5 * MS_NS,
	.resend_interval_ns = 5 * MS_NS,
	.timeout_ns = 100 * MS_NS,
	.request_ack_ns = 2 * MS_NS,
};

/* Let everything go that may go. */
static inline void fixture_send(struct homa_rpc_core *r, u64 now_ns)
{
	struct homa_tx_range t = homa_rpc_tx_next(r);

	while (t.start < t.end) {
		homa_rpc_tx_sent(r, t.end, now_ns);
		t = homa_rpc_tx_next(r);
	}
}

static inline void fixture_receive(struct homa_rpc_core *r, u32 bytes)
{
	homa_rpc_data(r, RX_BYTES, RX_INCOMING, FIXTURE_NS);
	if (!bytes)
		homa_rpc_buffers(r, false, FIXTURE_NS);
	else
		homa_rpc_take(r, 0, bytes, FIXTURE_NS);
}

static inline void fixture_make_client(struct homa_rpc_core *r,
				       enum fixture f)
{
	homa_rpc_init_client(r, 100, TX_BYTES, SEG_BYTES, &fixture_cfg,
			     FIXTURE_NS);
	fixture_send(r, FIXTURE_NS);
	if (f == C_OUTGOING)
		return;
	fixture_receive(r, f == C_STALLED ? 0 :
			   f == C_COMPLETE ? RX_BYTES : SEG_BYTES);
	if (f == C_FAILED)
		homa_rpc_fail(r, FIXTURE_ERRNO);
	if (f == C_DEAD)
		homa_rpc_end(r);
}

static inline void fixture_make_server(struct homa_rpc_core *r,
				       enum fixture f)
{
	homa_rpc_init_server(r, 101, FIXTURE_NS);
	fixture_receive(r, f == S_STALLED ? 0 :
			   f == S_INCOMING ? SEG_BYTES : RX_BYTES);
	if (f <= S_COMPLETE)
		return;
	homa_rpc_delivered(r);
	if (f == S_IN_SERVICE)
		return;
	homa_rpc_respond(r, TX_BYTES, SEG_BYTES, &fixture_cfg, FIXTURE_NS);
	fixture_send(r, FIXTURE_NS);
	if (f == S_OUTGOING)
		return;
	homa_rpc_grant(r, TX_BYTES, 2, FIXTURE_NS);
	fixture_send(r, FIXTURE_NS);
	if (f == S_DEAD)
		homa_rpc_end(r);
}

static inline void fixture_make(struct homa_rpc_core *r, enum fixture f)
{
	memset(r, 0, sizeof(*r));
	if (f < S_INCOMING)
		fixture_make_client(r, f);
	else
		fixture_make_server(r, f);
}

#endif /* HOMA_TESTS_RPC_FIXTURE_H */
