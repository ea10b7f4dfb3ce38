/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Whole conversations over a bad network: hosts that wire the protocol core
 * together as the kernel module does, in virtual time.
 *
 * Everything that happens follows from the seed.  A host's code has the shape
 * of the module's: core call with plain values, then the verdict is carried
 * out.  Packets are bytes made by homa_wire_build() and read by
 * homa_wire_parse().
 */
#ifndef HOMA_TESTS_SIM_H
#define HOMA_TESTS_SIM_H

#include "core/dedup.h"
#include "core/grant.h"
#include "core/pace.h"
#include "core/rpc.h"
#include "core/srpt.h"
#include "core/wire.h"

#define US_NS		1000ull
#define MS_NS		1000000ull
#define HOSTS_MAX	6
#define CALLS_MAX	400
#define DEDUP_BUCKETS	256
#define PORT		4000
#define IP_HDR_BYTES	20
#define MTU		1500

enum event_kind {
	EV_CALL,	/* an application sends a request */
	EV_PACKET,	/* a packet arrives */
	EV_TICK,	/* an RPC's timer */
	EV_PACE,	/* the pacer of a host */
	EV_GRANT,	/* a grant command that was delayed */
	EV_READ,	/* an application reads a message or an error */
	EV_RESPOND,	/* an application answers */
	EV_ABORT,	/* an application loses interest */
};

struct packet {
	u32 bytes;
	u8 data[MTU];
};

/* An RPC is named by its host's index, the peer's and the host's own id. */
struct event {
	u64 at_ns;
	u64 seq;
	enum event_kind kind;
	u32 host;
	u32 peer;
	u64 id;
	u32 offset;
	u8 priority;
	struct packet *packet;
};

/* What the network and the applications do, all drawn from the seed. */
struct faults {
	u32 loss;		/* of 1000 */
	u32 duplicate;		/* of 1000 */
	u32 delay_us;
	u32 jitter_us;
	u32 late_us;		/* timers fire up to so much late */
	u32 abort;		/* of 1000 calls */
	u64 blackout_ns;	/* from here on nothing arrives; 0 = never */
};

/* One call as an all-knowing observer sees it. */
struct call {
	u32 client;
	u32 server;
	u64 id;
	u32 request_bytes;
	u32 response_bytes;
	u32 executed;
	bool started;
	bool completed;
	bool aborted;
	s32 error;
};

struct rpc {
	struct list_head link;
	struct homa_rpc_core core;
	struct homa_grantee grantee;
	struct homa_srpt_entry tx;
	struct list_head stalled;
	u32 peer;
	u64 birth_ns;
	u64 tick_at_ns;		/* 0 = no timer */
	u8 *buffer;		/* received bytes */
	u8 seen_state;		/* by check.c */
	bool reading;		/* EV_READ is under way */
};

struct host {
	struct list_head rpcs;
	struct list_head stalled;	/* shortest message first */
	struct homa_grantor grantor;
	struct homa_grant_peer peers[HOSTS_MAX];
	struct homa_ack acks[HOSTS_MAX][HOMA_ACKS_MAX];
	u32 num_acks[HOSTS_MAX];
	struct homa_srpt srpt;
	u64 idle_until_ns;
	u64 pace_at_ns;			/* 0 = pacer sleeps */
	struct homa_dedup dedup[DEDUP_BUCKETS];
	u64 pool_bytes;
	u64 next_id;
};

struct sim {
	u64 seed;
	u64 random;
	u64 now_ns;
	bool verbose;
	struct homa_config cfg;
	struct faults faults;
	u64 pool_bytes;
	u32 num_hosts;
	struct host hosts[HOSTS_MAX];
	struct call calls[CALLS_MAX];
	u32 num_calls;
	struct event *events;
	u32 num_events;
	u32 room_events;
	u64 event_seq;
	u64 steps;
	u64 packets;
	u64 lost;
	u64 drops[HOMA_REASON_COUNT];
};

/* queue.c: chance and time */
u64 sim_random(struct sim *s);
u32 sim_below(struct sim *s, u32 n);
bool sim_chance(struct sim *s, u32 per_mille);
void sim_push(struct sim *s, const struct event *e);
bool sim_pop(struct sim *s, struct event *e);

/* link.c: the network */
void link_send(struct sim *s, u32 from, u32 to, const struct packet *p);

/* host.c: RPCs and their memory */
struct rpc *host_find(struct sim *s, u32 h, u32 peer, u64 id);
struct rpc *host_new(struct sim *s, u32 h, u32 peer);
void host_end(struct sim *s, u32 h, struct rpc *r);
bool host_take_buffer(struct sim *s, u32 h, struct rpc *r);
void host_return_buffer(struct sim *s, u32 h, struct rpc *r);
void host_timer(struct sim *s, u32 h, struct rpc *r);
/* Carry out a verdict; @r may be gone afterwards. */
void host_act(struct sim *s, u32 h, struct rpc *r, struct homa_rpc_verdict v);
void host_tick(struct sim *s, const struct event *e);
u64 host_dedup_key(u32 peer, u64 id);

/* tx.c: packets out */
void tx_control(struct sim *s, u32 h, u32 peer, u64 id, u8 type);
void tx_xmit(struct sim *s, u32 h, struct rpc *r);
void tx_retransmit(struct sim *s, u32 h, struct rpc *r, u32 start, u32 end);
void tx_resends(struct sim *s, u32 h, struct rpc *r);
void tx_ack(struct sim *s, u32 h, u32 peer, u64 id);
void tx_queue_ack(struct sim *s, u32 h, u32 peer, u64 id);
void tx_pace(struct sim *s, u32 h);
void tx_grants(struct sim *s, u32 h, const struct homa_grant_cmd *cmds,
	       u32 num);
void tx_grant(struct sim *s, u32 h, u32 peer, u64 id, u32 offset, u8 priority);

/* rx.c: packets in */
void rx_packet(struct sim *s, const struct event *e);

/* app.c: who calls, who answers, who reads */
void app_plan(struct sim *s, u32 num_calls);
void app_event(struct sim *s, const struct event *e);
void app_ready(struct sim *s, u32 h, struct rpc *r);
u8 app_byte(u32 client, u64 client_id, bool response, u32 offset);
struct call *app_find_call(struct sim *s, u32 client, u64 id);

/* check.c: what must always hold */
void check_host(struct sim *s, u32 h);
void check_rpc(struct sim *s, u32 h, struct rpc *r);
void check_end(struct sim *s);
__attribute__((noreturn, format(printf, 2, 3)))
void sim_fail(struct sim *s, const char *format, ...);
__attribute__((format(printf, 2, 3)))
void sim_log(struct sim *s, const char *format, ...);

#define CHECK(s, condition) do {					\
	if (!(condition))						\
		sim_fail(s, "%s:%d: not true: %s", __FILE__, __LINE__,	\
			 #condition);					\
} while (0)

#endif /* HOMA_TESTS_SIM_H */
