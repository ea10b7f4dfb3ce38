// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Links: what is known of the device that packets leave by, its speed and its
 * queue.  docs/decisions/0035-links.md says why.
 *
 * Each network device of a namespace has one, made and unlinked by a notifier.
 * A link may outlive its device: routes, held-back messages and sockets refer to
 * it, never to the device.
 */
#include <linux/ethtool.h>
#include <linux/if_macvlan.h>
#include <linux/if_team.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <net/bonding.h>
#include <net/sch_generic.h>
#include "homa.h"

/* Transmit queues looked at to find one that is full, of all devices together. */
#define QUEUES_MAX 64

/* Devices below one whose queues are looked at. */
#define LOWER_MAX 8

static struct hlist_head *bucket_of(struct homa_net *hn, int ifindex)
{
	return &hn->links[ifindex & (HOMA_LINK_BUCKETS - 1)];
}

/* Context: RCU read-side section, or RTNL held. */
static struct homa_link *find(struct homa_net *hn, int ifindex)
{
	struct homa_link *link;

	hlist_for_each_entry_rcu(link, bucket_of(hn, ifindex), node,
				 rcu_read_lock_bh_held() ||
				 lockdep_rtnl_is_held())
		if (link->ifindex == ifindex)
			return link;
	return NULL;
}

/**
 * homa_link_get() - the link of a device
 * @hn: namespace
 * @ifindex: device
 *
 * Context: RCU read-side section.
 * Return: referenced; without one for the device, that of all others.
 */
struct homa_link *homa_link_get(struct homa_net *hn, int ifindex)
{
	struct homa_link *link = find(hn, ifindex);

	if (link && refcount_inc_not_zero(&link->refs))
		return link;
	refcount_inc(&hn->link0.refs);
	return &hn->link0;
}

static void free_rcu_cb(struct rcu_head *head)
{
	struct homa_link *link = container_of(head, struct homa_link, rcu);

	homa_sched_exit(link);
	kfree(link);
}

/**
 * homa_link_put() - drop a reference
 * @link: link
 */
void homa_link_put(struct homa_link *link)
{
	/* That of a namespace itself never reaches 0. */
	if (refcount_dec_and_test(&link->refs))
		call_rcu(&link->rcu, free_rcu_cb);
}

/**
 * homa_link_rcu() - the link that a message leaves by
 * @rpc: RPC
 *
 * A guess where the socket has routes of its own; a wrong one costs nothing but
 * precision.
 *
 * Context: softirqs disabled.  Return: good until they are enabled.
 */
struct homa_link *homa_link_rcu(const struct homa_rpc *rpc)
{
	int bound = READ_ONCE(homa_sock_sk(rpc->hsk)->sk_bound_dev_if);
	const struct homa_route *route;
	struct homa_link *link;

	if (unlikely(bound)) {
		link = find(rpc->hn, bound);
		return link ?: &rpc->hn->link0;
	}
	route = rcu_dereference_bh(rpc->peer->route);
	return route ? route->link : &rpc->hn->link0;
}

/**
 * homa_link_mbps() - speed that a link is assumed to have
 * @link: link
 * @cfg: settings
 *
 * Return: what its device says, or else the setting.
 */
u32 homa_link_mbps(const struct homa_link *link, const struct homa_config *cfg)
{
	return READ_ONCE(link->dev_mbps) ?: cfg->link_mbps;
}

/**
 * homa_link_is_paced() - does the estimate of protocol §4.1 apply?
 * @link: link
 * @s: settings
 *
 * A device without a queue hands over at once what it is given, as fast as the
 * processor can: there is nothing to be estimated, unless somebody knows better
 * and has set net.homa.link_mbps.
 *
 * Return: false if messages are held back only by a queueing discipline that was
 * put on the device.
 */
bool homa_link_is_paced(const struct homa_link *link,
			const struct homa_settings *s)
{
	return !link->no_queue || READ_ONCE(link->dev_mbps) || s->link_mbps_set;
}

/* ---- the queue of the device ---- */

/*
 * Does the device hand packets over to others, one or more of a few?  (So does a
 * bridge; but what waits behind one of its many ports may be for anybody.)
 */
static bool has_lower(struct net_device *dev)
{
	return unlikely(!list_empty(&dev->adj_list.lower)) &&
	       (is_vlan_dev(dev) || netif_is_macvlan(dev) ||
		netif_is_bond_master(dev) || netif_is_team_master(dev));
}

/**
 * struct look - a look at the queues of a device, and of those below it
 * @devices_left: devices that may still be looked at
 * @queues_left: queues of them with a discipline, which has counts for each CPU
 * @waits: packets wait in one
 */
struct look {
	u32 devices_left;
	u32 queues_left;
	bool waits;
};

static void look_at(struct net_device *dev, struct look *look)
{
	u32 num = min_t(u32, READ_ONCE(dev->real_num_tx_queues), QUEUES_MAX);
	u32 i;

	for (i = 0; i < num && look->queues_left && !look->waits; i++) {
		const struct Qdisc *q;

		q = rcu_dereference_bh(netdev_get_tx_queue(dev, i)->qdisc);
		/* Nothing waits in a device that hands on what it is given, or is down. */
		if (!q || !q->enqueue || q == &noop_qdisc)
			continue;
		look->queues_left--;
		look->waits = qdisc_qlen_sum(q) > 0;
	}
}

static int look_at_lower(struct net_device *dev,
			 struct netdev_nested_priv *priv)
{
	struct look *look = priv->data;

	if (!look->devices_left--)
		return 1;
	look_at(dev, look);
	return look->waits;
}

static noinline void look_below(struct net_device *dev, struct look *look)
{
	struct netdev_nested_priv priv = { .data = look };

	/* The walk asks for this, softirqs disabled or not. */
	rcu_read_lock();
	netdev_walk_all_lower_dev_rcu(dev, look_at_lower, &priv);
	rcu_read_unlock();
}

/**
 * homa_link_backlogged() - do packets wait in the device's queue?
 * @link: link
 *
 * Or in that of a device below it.  Whose packets does not matter.
 * Context: softirqs disabled.
 */
bool homa_link_backlogged(const struct homa_link *link)
{
	struct look look = {
		.devices_left = LOWER_MAX, .queues_left = QUEUES_MAX,
	};
	struct net_device *dev = rcu_dereference_bh(link->dev);

	if (!dev)
		return false;
	look_at(dev, &look);
	if (!look.waits && has_lower(dev))
		look_below(dev, &look);
	return look.waits;
}

/* A buffer has left the device, or was dropped. */
static void done(struct sk_buff *skb, u32 slot)
{
	struct homa_link *link;

	/* sock_wfree() may be the end of the socket, and of the module. */
	rcu_read_lock();
	link = READ_ONCE(homa_sk(skb->sk)->bulk_links[slot]);
	homa_sched_drained(link, skb->truesize);
	sock_wfree(skb);
	rcu_read_unlock();
}

static void done_0(struct sk_buff *skb)
{
	done(skb, 0);
}

static void done_1(struct sk_buff *skb)
{
	done(skb, 1);
}

static void (*const done_in_slot[HOMA_BULK_LINKS])(struct sk_buff *skb) = {
	done_0, done_1,
};

/* Where a socket remembers a link for as long as it lives; -1 if nowhere. */
static int slot_of(struct homa_sock *hsk, struct homa_link *link)
{
	struct homa_link *old;
	int i;

	for (i = 0; i < HOMA_BULK_LINKS; i++) {
		old = READ_ONCE(hsk->bulk_links[i]);
		if (!old) {
			if (!refcount_inc_not_zero(&link->refs))
				return -1;
			old = cmpxchg(&hsk->bulk_links[i], NULL, link);
			if (!old)
				return i;
			homa_link_put(link);
		}
		if (old == link)
			return i;
	}
	return -1;
}

/**
 * homa_link_charge() - count a buffer until it has left the device
 * @rpc: its RPC
 * @skb: buffer that the socket owns, complete
 *
 * A socket with more links than it can remember has the others uncounted.
 * Context: rcu_read_lock(), no Homa lock held.
 */
void homa_link_charge(const struct homa_rpc *rpc, struct sk_buff *skb)
{
	struct homa_link *link;
	int slot;

	local_bh_disable();
	link = homa_link_rcu(rpc);
	slot = slot_of(rpc->hsk, link);
	if (slot >= 0) {
		atomic_add(skb->truesize, &link->queued_bytes);
		skb->destructor = done_in_slot[slot];
	}
	local_bh_enable();
}

/**
 * homa_link_pass_charge() - a counted buffer was cut into packets
 * @from: the buffer, about to be freed
 * @to: the last packet; the others are not counted
 */
void homa_link_pass_charge(struct sk_buff *from, struct sk_buff *to)
{
	if (from->destructor != done_0 && from->destructor != done_1)
		return;
	swap(to->truesize, from->truesize);
	swap(to->destructor, from->destructor);
	swap(to->sk, from->sk);
}

/**
 * homa_link_sock_exit() - a socket forgets its links
 * @hsk: socket without packets
 */
void homa_link_sock_exit(struct homa_sock *hsk)
{
	int i;

	for (i = 0; i < HOMA_BULK_LINKS; i++)
		if (hsk->bulk_links[i])
			homa_link_put(hsk->bulk_links[i]);
}

/* ---- speed ---- */

static int not_hardware(struct net_device *dev,
			struct netdev_nested_priv *priv)
{
	/* Those in between have none either: only the lowest counts. */
	return !dev->dev.parent && list_empty(&dev->adj_list.lower);
}

/*
 * Does the device know how fast it is?  What has hardware does, and what splits
 * or bundles such devices.  A veth or tun says 10 Gbit/s, a bridge what its ports
 * say: that means nothing.
 */
static bool knows_speed(struct net_device *dev)
{
	struct netdev_nested_priv priv = {};

	if (dev->dev.parent)
		return true;
	if (!is_vlan_dev(dev) && !netif_is_macvlan(dev) &&
	    !netif_is_bond_master(dev) && !netif_is_team_master(dev))
		return false;
	if (list_empty(&dev->adj_list.lower))
		return false;
	return !netdev_walk_all_lower_dev(dev, not_hardware, &priv);
}

static u32 ask(struct net_device *dev)
{
	struct ethtool_link_ksettings settings = {};

	ASSERT_RTNL();
	if (!knows_speed(dev) ||
	    __ethtool_get_link_ksettings(dev, &settings) ||
	    settings.base.speed == (u32)SPEED_UNKNOWN)
		return 0;
	return min_t(u32, settings.base.speed, HOMA_LINK_MBPS_MAX);
}

/*
 * Drivers may sleep, and take locks that a notifier may hold: they are asked by a
 * work item.
 */
static void ask_work(struct work_struct *work)
{
	struct homa_net *hn = container_of(work, struct homa_net, link_ask);
	struct net_device *dev;
	struct homa_link *link;

	rtnl_lock();
	for_each_netdev(hn->net, dev) {
		link = find(hn, dev->ifindex);
		if (link)
			WRITE_ONCE(link->dev_mbps, ask(dev));
	}
	rtnl_unlock();
}

/* ---- devices come and go ---- */

static void init(struct homa_link *link, struct homa_net *hn, int ifindex)
{
	INIT_HLIST_NODE(&link->node);
	refcount_set(&link->refs, 1);
	link->hn = hn;
	link->ifindex = ifindex;
	homa_sched_init(link);
}

static void add(struct homa_net *hn, struct net_device *dev)
{
	struct homa_link *link;

	ASSERT_RTNL();
	if (find(hn, dev->ifindex))
		return;
	/* Without memory the device shares the link of all others. */
	link = kzalloc(sizeof(*link), GFP_KERNEL);
	if (!link)
		return;
	init(link, hn, dev->ifindex);
	link->no_queue = dev->priv_flags & IFF_NO_QUEUE;
	rcu_assign_pointer(link->dev, dev);
	hlist_add_head_rcu(&link->node, bucket_of(hn, dev->ifindex));
}

static void remove(struct homa_net *hn, struct net_device *dev)
{
	struct homa_link *link;

	ASSERT_RTNL();
	link = find(hn, dev->ifindex);
	if (!link)
		return;
	/* The device is freed after a grace period. */
	RCU_INIT_POINTER(link->dev, NULL);
	hlist_del_init_rcu(&link->node);
	homa_link_put(link);
}

static int event(struct notifier_block *nb, unsigned long what, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct homa_net *hn = homa_net(dev_net(dev));

	switch (what) {
	case NETDEV_REGISTER:
		add(hn, dev);
		break;
	case NETDEV_UP:
	case NETDEV_CHANGE:
		schedule_work(&hn->link_ask);
		break;
	case NETDEV_UNREGISTER:
		remove(hn, dev);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block notifier = { .notifier_call = event };

/**
 * homa_links_init() - a namespace without devices
 * @hn: namespace
 */
void homa_links_init(struct homa_net *hn)
{
	u32 i;

	for (i = 0; i < HOMA_LINK_BUCKETS; i++)
		INIT_HLIST_HEAD(&hn->links[i]);
	INIT_WORK(&hn->link_ask, ask_work);
	init(&hn->link0, hn, 0);
}

/**
 * homa_links_exit() - the reverse
 * @hn: namespace without devices and RPCs
 */
void homa_links_exit(struct homa_net *hn)
{
	cancel_work_sync(&hn->link_ask);
	homa_sched_exit(&hn->link0);
}

/**
 * homa_link_notifier_init() - learn of all devices there are
 *
 * Return: 0 or a negative errno.
 */
int homa_link_notifier_init(void)
{
	return register_netdevice_notifier(&notifier);
}

/** homa_link_notifier_exit() - forget all devices */
void homa_link_notifier_exit(void)
{
	unregister_netdevice_notifier(&notifier);
}
