// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Windows that follow the network: round-trip times of hosts, speeds of links, and
 * what core/tune.h makes of them (docs/decisions/0067-windows.md).
 */
#include <net/dst.h>
#include "homa.h"

/* Of a host without a cached route: sockets that are bound or marked have their own. */
#define PACKET_BYTES 1500u

/**
 * homa_tune_rtt() - an answer of a host was timed
 * @peer: host
 * @rtt_ns: from homa_rpc_time_grant() or homa_rpc_time_data(), 0 = none
 * @now_ns: current time
 *
 * Context: any; takes peer->lock.
 */
void homa_tune_rtt(struct homa_peer *peer, u64 rtt_ns, u64 now_ns)
{
	struct homa_rtt rtt;

	if (!rtt_ns)
		return;
	spin_lock_bh(&peer->lock);
	rtt = peer->rtt;
	homa_rtt_sample(&rtt, rtt_ns, now_ns);
	WRITE_ONCE(peer->rtt.smooth_ns, rtt.smooth_ns);
	WRITE_ONCE(peer->rtt.dev_ns, rtt.dev_ns);
	WRITE_ONCE(peer->rtt.min_ns, rtt.min_ns);
	WRITE_ONCE(peer->rtt.min_at, rtt.min_at);
	spin_unlock_bh(&peer->lock);
}

/*
 * A look without the lock: values of two samples may be mixed, and each of them
 * is one that could have been.
 */
static struct homa_rtt peek(const struct homa_peer *peer)
{
	return (struct homa_rtt) {
		.smooth_ns = READ_ONCE(peer->rtt.smooth_ns),
		.dev_ns = READ_ONCE(peer->rtt.dev_ns),
		.min_ns = READ_ONCE(peer->rtt.min_ns),
		.min_at = READ_ONCE(peer->rtt.min_at),
	};
}

/* Speed that somebody knows: the device, or who set it.  0 = nobody. */
static u32 told_mbps(const struct homa_link *link,
		     const struct homa_settings *s)
{
	u32 mbps = READ_ONCE(link->dev_mbps);

	return mbps || !s->link_mbps_set ? mbps : s->core.link_mbps;
}

/* What leaves by a link; less than what was told when its queue drains so slowly. */
static u32 out_mbps(const struct homa_link *link,
		    const struct homa_settings *s)
{
	u32 told = told_mbps(link, s);

	return told ? homa_meter_mbps(&link->meter, told) :
		      READ_ONCE(link->meter.mbps);
}

static u32 packet_bytes(const struct homa_peer *peer)
{
	const struct homa_route *route = rcu_dereference_bh(peer->route);

	return route ? dst_mtu(route->dst) : PACKET_BYTES;
}

static u32 window_locked(const struct homa_peer *peer,
			 const struct homa_link *link,
			 const struct homa_settings *s, u64 now_ns)
{
	struct homa_rtt rtt = peek(peer);
	u32 mbps = told_mbps(link, s);
	u32 measured_max = 0;

	lockdep_assert_held(&link->hn->grant_lock);
	if (!mbps) {
		mbps = homa_arrival_mbps(&link->arrival, now_ns);
		measured_max = homa_grant_window_of(&s->core, 0);
	}
	return homa_tune_window(&rtt, mbps, measured_max, packet_bytes(peer),
				now_ns);
}

/* Data came by a link that does not tell its speed.  Return: something new is known. */
static bool measure_locked(struct homa_link *link, u32 bytes, u64 now_ns)
{
	if (link->hn->num_grantable)
		return homa_arrival_add(&link->arrival, bytes, now_ns);
	homa_arrival_start(&link->arrival, now_ns);
	return false;
}

/**
 * homa_tune_arrived_locked() - bytes of a message that needs GRANTs came
 * @rpc: its RPC, before the grantor knows of them
 * @received: bytes that are here by now
 * @s: settings
 * @now_ns: current time
 *
 * Finds the window of the message.  Context: softirqs disabled, grantor lock held.
 */
void homa_tune_arrived_locked(struct homa_rpc *rpc, u32 received,
			      const struct homa_settings *s, u64 now_ns)
{
	bool begins = rpc->grantee.state == HOMA_GRANTEE_IDLE;
	u32 bytes = received - homa_grantee_received(&rpc->grantee);
	struct homa_link *link = homa_link_rcu(rpc);
	bool news = begins;
	u32 window;

	lockdep_assert_held(&rpc->hn->grant_lock);
	if (!s->tune_windows) {
		homa_grantee_tune(&rpc->grantee, 0);
		return;
	}
	if (!told_mbps(link, s))
		news |= measure_locked(link, bytes, now_ns);
	if (!news)
		return;
	window = window_locked(rpc->peer, link, s, now_ns);
	/* A window that has been used may grow, but is not taken back. */
	if (begins || window > (rpc->grantee.tuned ?:
				homa_grant_window_of(&s->core, 0)))
		homa_grantee_tune(&rpc->grantee, window);
}

/**
 * homa_tune_unsched_locked() - how much of a message goes without a GRANT
 * @rpc: RPC of whose outgoing message nothing was sent
 * @s: settings
 * @now_ns: current time
 *
 * Context: RPC lock held.
 */
void homa_tune_unsched_locked(struct homa_rpc *rpc,
			      const struct homa_settings *s, u64 now_ns)
{
	struct homa_rtt rtt;
	u32 bytes;

	lockdep_assert_held(&rpc->bucket->lock);
	/* Most messages are one packet. */
	if (rpc->core.tx_len <= rpc->core.tx_seg || !s->tune_windows ||
	    s->unsched_bytes_set)
		return;
	rtt = peek(rpc->peer);
	bytes = homa_tune_unsched(&rtt, out_mbps(homa_link_rcu(rpc), s),
				  s->core.unsched_bytes, rpc->core.tx_seg,
				  now_ns);
	if (bytes)
		homa_rpc_tune_unsched(&rpc->core, bytes);
}

/**
 * homa_tune_get() - what was found for a host
 * @peer: host
 * @t: filled
 *
 * Context: process or softirq, no lock held.
 */
void homa_tune_get(struct homa_peer *peer, struct homa_tuned *t)
{
	u32 seg = PACKET_BYTES - HOMA_DATA_HDR_BYTES - sizeof(struct ipv6hdr);
	const struct homa_settings *s;
	const struct homa_route *route;
	struct homa_net *hn = peer->hn;
	u64 now_ns = ktime_get_ns();
	struct homa_link *link;

	spin_lock_bh(&peer->lock);
	t->rtt = peer->rtt;
	spin_unlock_bh(&peer->lock);
	t->known = homa_rtt_known(&t->rtt, now_ns);

	local_bh_disable();	/* a read-side section */
	s = rcu_dereference_bh(hn->settings);
	route = rcu_dereference_bh(peer->route);
	link = route ? route->link : &hn->link0;
	if (route)
		seg = homa_wire_seg_bytes(min_t(u32, dst_mtu(route->dst), IP_MAX_MTU),
					  ipv6_addr_v4mapped(&peer->key.addr) ?
					  sizeof(struct iphdr) :
					  sizeof(struct ipv6hdr));
	t->unsched_bytes = 0;
	t->window = 0;
	if (s->tune_windows) {
		t->unsched_bytes = s->unsched_bytes_set ? 0 :
				   homa_tune_unsched(&t->rtt, out_mbps(link, s),
						     s->core.unsched_bytes,
						     seg, now_ns);
		spin_lock(&hn->grant_lock);
		t->window = window_locked(peer, link, s, now_ns);
		spin_unlock(&hn->grant_lock);
	}
	if (!t->unsched_bytes)
		t->unsched_bytes = s->core.unsched_bytes;
	t->window = homa_grant_window_of(&s->core, t->window);
	local_bh_enable();
}
