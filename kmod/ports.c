// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Ports of a namespace: one socket owns one port, both families share them
 * (wire §2, uapi §2, §3).
 *
 * Found under RCU; sockets are freed after a grace period (SOCK_RCU_FREE).
 */
#include <linux/hash.h>
#include <linux/rculist.h>
#include "homa.h"

#define NUM_AUTO_PORTS (U16_MAX + 1 - HOMA_MIN_DEFAULT_PORT)

#define PORTS_PER_BUCKET (BIT(16) / HOMA_PORT_BUCKETS)

/* Orders ports by bucket, then by number. */
static u32 port_key(u16 port)
{
	return (port & (HOMA_PORT_BUCKETS - 1)) * PORTS_PER_BUCKET +
	       port / HOMA_PORT_BUCKETS;
}

static struct hlist_head *bucket(struct homa_net *hn, u16 port)
{
	return &hn->tables->ports[port & (HOMA_PORT_BUCKETS - 1)];
}

static struct homa_sock *lookup(struct homa_net *hn, u16 port)
{
	struct homa_sock *hsk;

	hlist_for_each_entry_rcu(hsk, bucket(hn, port), port_link,
				 lockdep_is_held(&hn->port_lock)) {
		if (READ_ONCE(hsk->port) == port)
			return hsk;
	}
	return NULL;
}

static void own_locked(struct homa_sock *hsk, u16 port)
{
	lockdep_assert_held(&hsk->hn->port_lock);
	WRITE_ONCE(hsk->port, port);
	WRITE_ONCE(hsk->inet.inet_num, port);
	hsk->inet.inet_sport = htons(port);
	hlist_add_head_rcu(&hsk->port_link, bucket(hsk->hn, port));
	if (port >= HOMA_MIN_DEFAULT_PORT)
		hsk->hn->num_auto_ports++;
}

static void disown_locked(struct homa_sock *hsk)
{
	lockdep_assert_held(&hsk->hn->port_lock);
	hlist_del_init_rcu(&hsk->port_link);
	if (hsk->port >= HOMA_MIN_DEFAULT_PORT)
		hsk->hn->num_auto_ports--;
}

/**
 * homa_port_find_rcu() - socket that owns a port
 * @hn: namespace
 * @port: host order
 *
 * Context: rcu_read_lock().  Return: the socket, valid inside the read
 * section, or NULL.
 */
struct homa_sock *homa_port_find_rcu(struct homa_net *hn, u16 port)
{
	/* Pairs with homa_net_setup_tables(). */
	if (!smp_load_acquire(&hn->tables))
		return NULL;
	return lookup(hn, port);
}

/**
 * homa_port_next_rcu() - walk over the sockets of a namespace
 * @hn: namespace
 * @next: in: 0, or as left by the last call; out: where to go on
 *
 * The order is that of buckets and then of ports, so that a walk can stop
 * anywhere and tells no socket twice.  Context: rcu_read_lock().
 *
 * Return: the next socket, valid inside the read section, or NULL.
 */
struct homa_sock *homa_port_next_rcu(struct homa_net *hn, u32 *next)
{
	struct homa_sock *best = NULL;
	struct homa_sock *hsk;
	u32 best_key, key;
	u32 b;

	/* Pairs with homa_net_setup_tables(). */
	if (!smp_load_acquire(&hn->tables))
		return NULL;
	for (b = *next / PORTS_PER_BUCKET; b < HOMA_PORT_BUCKETS && !best; b++) {
		hlist_for_each_entry_rcu(hsk, bucket(hn, b), port_link) {
			key = port_key(READ_ONCE(hsk->port));
			if (key < *next || (best && key > best_key))
				continue;
			best = hsk;
			best_key = key;
		}
	}
	if (best)
		*next = best_key + 1;
	return best;
}

/**
 * homa_port_assign() - give a new socket an automatic port
 * @hsk: socket without port
 *
 * Context: process.  Return: 0, or -EADDRNOTAVAIL if all are in use.
 */
int homa_port_assign(struct homa_sock *hsk)
{
	struct homa_net *hn = hsk->hn;
	int err = -EADDRNOTAVAIL;
	u32 i;

	spin_lock_bh(&hn->port_lock);
	if (hn->num_auto_ports >= NUM_AUTO_PORTS)
		goto unlock;
	for (i = 0; i < NUM_AUTO_PORTS; i++) {
		u16 port = hn->next_port;

		hn->next_port = port == U16_MAX ? HOMA_MIN_DEFAULT_PORT :
						  port + 1;
		if (lookup(hn, port))
			continue;
		own_locked(hsk, port);
		err = 0;
		break;
	}
unlock:
	spin_unlock_bh(&hn->port_lock);
	return err;
}

/**
 * homa_port_bind() - change port and address of a socket
 * @hsk: socket, lock_sock() held
 * @port: its own, or one below HOMA_MIN_DEFAULT_PORT; not 0
 * @addr: new local address, or NULL to leave it
 *
 * A port has one owner, whatever the addresses of sockets are (uapi §2).
 *
 * Return: 0; 1 if the socket owns it already; -EADDRINUSE; -ESHUTDOWN.
 */
int homa_port_bind(struct homa_sock *hsk, u16 port,
		   const struct in6_addr *addr)
{
	struct homa_net *hn = hsk->hn;
	struct homa_sock *owner;
	int err = 0;

	spin_lock_bh(&hn->port_lock);
	owner = lookup(hn, port);
	if (hlist_unhashed(&hsk->port_link)) {
		err = -ESHUTDOWN;
	} else if (owner && owner != hsk) {
		err = -EADDRINUSE;
	} else if (owner) {
		err = 1;
		if (addr)
			homa_bind_set_addr(homa_sock_sk(hsk), addr);
	} else {
		/*
		 * A reader on the old chain that passes through this socket
		 * may continue on the new chain and miss a socket behind it:
		 * a packet lost during bind(), recovered like any other.
		 */
		disown_locked(hsk);
		if (addr)
			homa_bind_set_addr(homa_sock_sk(hsk), addr);
		own_locked(hsk, port);
	}
	spin_unlock_bh(&hn->port_lock);
	return err;
}

/**
 * homa_port_release() - take the port from a socket; idempotent
 * @hsk: socket
 */
void homa_port_release(struct homa_sock *hsk)
{
	spin_lock_bh(&hsk->hn->port_lock);
	if (!hlist_unhashed(&hsk->port_link))
		disown_locked(hsk);
	spin_unlock_bh(&hsk->hn->port_lock);
}
