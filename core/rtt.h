/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Round-trip time to a host, from packets that Homa sends in any case.
 *
 * What answers in the kernel is timed: a GRANT answers the first packet of a
 * message that needs one, and the first bytes that a GRANT permits answer the
 * GRANT.  Requests and responses are not, because an application lies between
 * them.  A receiver that has other messages grants late, and a sender that has
 * unscheduled bytes left sends those first: such samples are too long, which the
 * least of them and the bounds in tune.h are for.  One sample for each message and
 * direction: by the second GRANT a sender has bytes left of the first as a rule.
 * Whatever was sent or asked for again is not timed: nobody knows which copy was
 * answered.
 */
#ifndef HOMA_CORE_RTT_H
#define HOMA_CORE_RTT_H

#include "port.h"

/* Longer ones are a host that was stopped, not a network. */
#define HOMA_RTT_NS_MAX		1000000000u

/**
 * struct homa_rtt_probe - what of one message is being timed
 * @since_ns: when it was sent, 0 = nothing runs
 * @offset: receiver: first byte that was not permitted before, 0 = no GRANT yet
 *
 * All zero is the initial state.
 */
struct homa_rtt_probe {
	u64 since_ns;
	u32 offset;
};

/* homa_rtt_probe_cancel() - the answer would be ambiguous, or none is due */
static inline void homa_rtt_probe_cancel(struct homa_rtt_probe *p)
{
	p->since_ns = 0;
}

/**
 * homa_rtt_probe_end() - the answer is here
 * @p: probe
 * @now_ns: current time
 *
 * Return: the time it took; 0 if nothing was timed.
 */
static inline u64 homa_rtt_probe_end(struct homa_rtt_probe *p, u64 now_ns)
{
	u64 since_ns = p->since_ns;

	p->since_ns = 0;
	return since_ns && now_ns > since_ns ? now_ns - since_ns : 0;
}

/**
 * struct homa_rtt - round-trip time to one host
 * @smooth_ns: moving average, as in RFC 6298
 * @dev_ns: mean deviation from it, as in RFC 6298
 * @min_ns: least sample since 10 s, then what comes next; 0 = no sample yet
 * @min_at: when that was, in units of 2^20 ns; wraps around
 *
 * All zero is the initial state.
 */
struct homa_rtt {
	u32 smooth_ns;
	u32 dev_ns;
	u32 min_ns;
	u32 min_at;
};

/**
 * homa_rtt_sample() - an answer was timed
 * @r: host
 * @rtt_ns: sample; 0 and more than HOMA_RTT_NS_MAX are ignored
 * @now_ns: current time
 */
void homa_rtt_sample(struct homa_rtt *r, u64 rtt_ns, u64 now_ns);

/**
 * homa_rtt_known() - is there a round-trip time to reckon with?
 * @r: host
 * @now_ns: current time
 *
 * Return: false without a sample in the last 20 s; the network may have changed.
 */
bool homa_rtt_known(const struct homa_rtt *r, u64 now_ns);

#endif /* HOMA_CORE_RTT_H */
