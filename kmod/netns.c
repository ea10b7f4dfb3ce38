// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Homa's state of one network namespace: created and destroyed with it.
 */
#include <linux/random.h>
#include <net/netns/generic.h>
#include "homa.h"

static unsigned int homa_net_id __read_mostly;

/**
 * homa_net() - Homa's state of a namespace
 * @net: a live namespace
 *
 * Return: the state, never NULL while the module is registered.
 */
struct homa_net *homa_net(const struct net *net)
{
	return net_generic(net, homa_net_id);
}

/**
 * homa_net_setup_tables() - make the hash tables of a namespace
 * @hn: namespace
 *
 * Context: process; called for each new socket, works only once.
 * Return: 0 or -ENOMEM.
 */
int homa_net_setup_tables(struct homa_net *hn)
{
	struct homa_tables *t;
	int err = 0;
	u32 i;

	if (smp_load_acquire(&hn->tables))	/* pairs with the release below */
		return 0;

	mutex_lock(&hn->setup_lock);
	if (hn->tables)
		goto out;
	t = kvzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	if (!t) {
		err = -ENOMEM;
		goto out;
	}
	t->young = alloc_percpu_gfp(struct homa_young, GFP_KERNEL_ACCOUNT);
	err = t->young ? homa_sizes_init(t) : -ENOMEM;
	if (err) {
		free_percpu(t->young);
		kvfree(t);
		goto out;
	}
	for (i = 0; i < HOMA_RPC_BUCKETS; i++) {
		spin_lock_init(&t->buckets[i].lock);
		INIT_LIST_HEAD(&t->buckets[i].young);
	}
	/* Readers in softirq see NULL or tables that are initialised. */
	smp_store_release(&hn->tables, t);
out:
	mutex_unlock(&hn->setup_lock);
	return err;
}

static int __net_init homa_net_init(struct net *net)
{
	struct homa_net *hn = homa_net(net);
	struct homa_settings *s;
	int err;

	hn->net = net;
	mutex_init(&hn->setup_lock);
	mutex_init(&hn->settings_lock);
	spin_lock_init(&hn->port_lock);
	spin_lock_init(&hn->grant_lock);
	spin_lock_init(&hn->evict_lock);
	INIT_LIST_HEAD(&hn->evictable);
	hn->next_port = HOMA_MIN_DEFAULT_PORT;
	get_random_bytes(hn->hash_key, sizeof(hn->hash_key));
	/* A restarted client must not meet answers to its former self
	 * (protocol §2, conformance E17).
	 */
	atomic64_set(&hn->next_id, get_random_u64() & ~1ULL);
	homa_grantor_init(&hn->grantor);

	hn->mib = alloc_percpu(struct homa_mib);
	if (!hn->mib)
		return -ENOMEM;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s) {
		err = -ENOMEM;
		goto err_mib;
	}
	homa_settings_init(&hn->settings_raw);
	*s = hn->settings_raw;
	rcu_assign_pointer(hn->settings, s);

	err = homa_peers_init(hn);
	if (err)
		goto err_settings;
	homa_links_init(hn);
	homa_timer_init(hn);
	homa_adapt_init(hn);
	err = homa_sysctl_init(hn);
	if (err)
		goto err_peers;
	err = homa_proc_init(hn);
	if (err)
		goto err_sysctl;
	return 0;

err_sysctl:
	homa_sysctl_exit(hn);
err_peers:
	homa_timer_exit(hn);
	homa_links_exit(hn);
	homa_peers_exit(hn);
err_settings:
	kfree(s);
err_mib:
	free_percpu(hn->mib);
	return err;
}

static void __net_exit homa_net_pre_exit(struct net *net)
{
	homa_peers_drop_routes(homa_net(net));
}

static void __net_exit homa_net_exit(struct net *net)
{
	struct homa_net *hn = homa_net(net);

	/*
	 * No socket is left (each holds its namespace), so no RPC is: a socket
	 * ends its RPCs before it goes.  Packets in flight may still hold the
	 * last references; they drop them before sk_free() lets the namespace
	 * go.
	 */
	homa_proc_exit(hn);
	homa_sysctl_exit(hn);
	homa_adapt_exit(hn);
	homa_timer_exit(hn);
	homa_links_exit(hn);
	homa_peers_exit(hn);
	WARN_ON_ONCE(atomic_read(&hn->rpc_count));
	if (hn->tables) {
		homa_sizes_exit(hn->tables);
		free_percpu(hn->tables->young);
	}
	kvfree(hn->tables);
	kfree(rcu_dereference_protected(hn->settings, 1));
	free_percpu(hn->mib);
}

static struct pernet_operations homa_net_ops = {
	.init = homa_net_init,
	.pre_exit = homa_net_pre_exit,
	.exit = homa_net_exit,
	.id = &homa_net_id,
	.size = sizeof(struct homa_net),
};

/**
 * homa_netns_init() - give every namespace its Homa state
 *
 * Return: 0 or a negative errno.
 */
int homa_netns_init(void)
{
	return register_pernet_subsys(&homa_net_ops);
}

/** homa_netns_exit() - the reverse; waits for RCU readers */
void homa_netns_exit(void)
{
	unregister_pernet_subsys(&homa_net_ops);
	rcu_barrier();
}
