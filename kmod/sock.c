// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Socket calls but messages, addresses and options (uapi §2, §10, §11).
 */
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <net/inet_common.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/transp_v6.h>
#include "homa.h"

/**
 * homa_sock_explain() - keep a text for HOMAIOCINFO
 * @hsk: socket whose call fails
 * @text: why, and what to do; it has to stay: a literal
 *
 * Threads that fail at the same time replace each other's text.
 */
void homa_sock_explain(struct homa_sock *hsk, const char *text)
{
	WRITE_ONCE(hsk->error_text, text);
}

static void destruct(struct sock *sk)
{
	homa_pool_delete(homa_sk(sk)->pool);
	homa_mem_sock_exit(homa_sk(sk));
	homa_link_sock_exit(homa_sk(sk));
	if (sk->sk_family == AF_INET6)
		inet6_sock_destruct(sk);
	else
		inet_sock_destruct(sk);
}

/**
 * homa_sock_init() - a new socket: client only, with an automatic port
 * @sk: socket
 *
 * Context: process.  Return: 0, -ENOMEM, -EADDRNOTAVAIL.
 */
int homa_sock_init(struct sock *sk)
{
	struct homa_sock *hsk = homa_sk(sk);
	struct homa_net *hn = homa_net(sock_net(sk));
	int err;

	hsk->hn = hn;
	hsk->server = false;
	hsk->shutdown = false;
	hsk->tx_blocked = false;
	spin_lock_init(&hsk->ready_lock);
	homa_spare_init(&hsk->spare);
	INIT_HLIST_NODE(&hsk->port_link);
	INIT_LIST_HEAD(&hsk->rpcs);
	INIT_LIST_HEAD(&hsk->ready);
	INIT_LIST_HEAD(&hsk->early);
	INIT_LIST_HEAD(&hsk->evictable);
	hsk->num_rpcs = 0;
	hsk->num_clients = 0;
	hsk->peak_clients = 0;
	hsk->num_ready = 0;
	memset(hsk->bulk_links, 0, sizeof(hsk->bulk_links));
	hsk->pool = NULL;
	hsk->poll_credit = 0;
	hsk->error_text = "";
	/* Packets are cut to the path MTU: IP must never fragment them, also
	 * where the host's default is not to discover it (wire §1).
	 */
	inet_sk(sk)->pmtudisc = IP_PMTUDISC_DO;
	if (sk->sk_family == AF_INET6)
		inet6_sk(sk)->pmtudisc = IPV6_PMTUDISC_DO;
	/* Some options of SOL_SOCKET cannot be had, see homa_sockopt_set(). */
	homa_compat_custom_sockopt(sk->sk_socket);
	homa_mem_sock_init(hsk);
	sk->sk_destruct = destruct;
	sock_set_flag(sk, SOCK_RCU_FREE);
	/* Room for senders depends on tx_mem, not on packets in flight. */
	sock_set_flag(sk, SOCK_USE_WRITE_QUEUE);

	rcu_read_lock();
	WRITE_ONCE(sk->sk_sndbuf, rcu_dereference(hn->settings)->wmem_max);
	rcu_read_unlock();
	err = homa_net_setup_tables(hn);
	if (!err)
		err = homa_port_assign(hsk);
	return err;
}

/**
 * homa_sock_next_rpc() - walk over the RPCs of a socket, oldest first
 * @hsk: socket
 * @at: NULL for the first, or a referenced RPC of the socket
 *
 * If @at was ended meanwhile the walk starts again, so it ends only when the
 * visits leave RPCs as they are or end them; a visitor that ends RPCs takes
 * the successor first.
 *
 * Return: referenced RPC, or NULL.
 */
struct homa_rpc *homa_sock_next_rpc(struct homa_sock *hsk, struct homa_rpc *at)
{
	struct homa_rpc *rpc = NULL;
	struct list_head *pos = &hsk->rpcs;

	spin_lock_bh(&hsk->ready_lock);
	if (at && !list_empty(&at->sock_link))
		pos = &at->sock_link;
	if (!list_empty(&hsk->rpcs) && !list_is_last(pos, &hsk->rpcs)) {
		rpc = list_entry(pos->next, struct homa_rpc, sock_link);
		homa_rpc_hold(rpc);	/* linked, so alive */
	}
	spin_unlock_bh(&hsk->ready_lock);
	return rpc;
}

static bool concerns(const struct homa_rpc *rpc, const struct in6_addr *addr,
		     u16 dport, bool clients_only)
{
	if (clients_only && !homa_rpc_is_client(&rpc->core))
		return false;
	if (addr && !ipv6_addr_equal(addr, &rpc->peer->key.addr))
		return false;
	return !dport || rpc->dport == dport;
}

/**
 * homa_sock_fail_rpcs() - RPCs of a socket cannot succeed any more
 * @hsk: socket
 * @addr: only those with this peer; NULL = all
 * @dport: only those with this peer port; 0 = all
 * @clients_only: leave server RPCs alone
 * @error: positive errno for the application; 0 = end them silently
 * @visits: stop after so many RPCs; U32_MAX = when all have been seen
 *
 * Context: no Homa lock held.  Return: number of RPCs concerned.
 */
int homa_sock_fail_rpcs(struct homa_sock *hsk, const struct in6_addr *addr,
			u16 dport, bool clients_only, int error, u32 visits)
{
	struct homa_rpc *rpc = homa_sock_next_rpc(hsk, NULL);
	struct homa_rpc *next;
	struct homa_todo todo;
	int num = 0;

	for (; rpc; rpc = next) {
		next = visits-- ? homa_sock_next_rpc(hsk, rpc) : NULL;
		homa_todo_init(&todo);
		homa_rpc_lock(rpc);
		if (homa_rpc_alive(rpc) &&
		    concerns(rpc, addr, dport, clients_only)) {
			num++;
			if (error)
				homa_rpc_fail_locked(rpc, error, &todo);
			else
				homa_rpc_end_locked(rpc, clients_only ?
						    HOMA_END_ABORTED :
						    HOMA_END_SHUTDOWN, &todo);
		}
		homa_rpc_unlock(rpc);
		homa_todo_run(&todo);
		homa_rpc_put(rpc);
	}
	return num;
}

/**
 * homa_sock_down() - disable a socket for good; idempotent
 * @hsk: socket
 *
 * Context: process, lock_sock() held.  The file descriptor may be gone.
 */
void homa_sock_down(struct homa_sock *hsk)
{
	struct sock *sk = homa_sock_sk(hsk);
	struct socket_wq *wq;

	spin_lock_bh(&hsk->ready_lock);
	WRITE_ONCE(hsk->shutdown, true);	/* no RPC is added after this */
	spin_unlock_bh(&hsk->ready_lock);
	homa_port_release(hsk);
	homa_sock_fail_rpcs(hsk, NULL, 0, false, 0, U32_MAX);
	homa_spare_exit(&hsk->spare);
	/* Whoever sleeps has to see it, not just one of them. */
	rcu_read_lock();
	wq = rcu_dereference(sk->sk_wq);	/* NULL after close() */
	if (skwq_has_sleeper(wq))
		wake_up_interruptible_all(&wq->wait);
	rcu_read_unlock();
	sk->sk_state_change(sk);
}

/**
 * homa_sock_close() - the last file descriptor is gone
 * @sk: socket
 * @timeout: unused
 */
void homa_sock_close(struct sock *sk, long timeout)
{
	lock_sock(sk);
	homa_sock_down(homa_sk(sk));
	release_sock(sk);
	/* Calls are over; packets on their way hold the rest of the pool. */
	homa_pool_forget_region(homa_sk(sk)->pool);
	sk_common_release(sk);
}

/**
 * homa_sock_destroy() - an administrator closes a socket (sock_diag)
 * @sk: socket, referenced
 * @err: unused; calls fail as after shutdown()
 *
 * Return: 0.
 */
int homa_sock_destroy(struct sock *sk, int err)
{
	lock_sock(sk);
	homa_sock_down(homa_sk(sk));
	release_sock(sk);
	return 0;
}

/**
 * homa_sock_unhash() - make a socket unreachable for packets; idempotent
 * @sk: socket
 *
 * homa_sock_down() did it before, unless socket() itself failed late: then
 * close() is never called.
 */
void homa_sock_unhash(struct sock *sk)
{
	homa_port_release(homa_sk(sk));
}

/* ---- send buffer ---- */

/**
 * homa_sock_writable() - is there room for another message?
 * @hsk: socket
 */
bool homa_sock_writable(struct homa_sock *hsk)
{
	return atomic_long_read(&hsk->tx_mem) <
	       READ_ONCE(homa_sock_sk(hsk)->sk_sndbuf);
}

/**
 * homa_sock_wake_senders() - tx_mem became less: wake who waits for room
 * @hsk: socket
 */
void homa_sock_wake_senders(struct homa_sock *hsk)
{
	struct sock *sk = homa_sock_sk(hsk);
	struct socket_wq *wq;

	/* Orders the subtraction before the look at tx_blocked; pairs with
	 * the barrier in mark_blocked().
	 */
	smp_mb__after_atomic();
	if (READ_ONCE(hsk->tx_blocked) && homa_sock_writable(hsk)) {
		WRITE_ONCE(hsk->tx_blocked, false);
		/* Not sk_write_space(): its default looks at sk_wmem_alloc. */
		rcu_read_lock();
		wq = rcu_dereference(sk->sk_wq);	/* NULL after close() */
		if (skwq_has_sleeper(wq))
			wake_up_interruptible_poll(&wq->wait, EPOLLOUT |
						   EPOLLWRNORM);
		rcu_read_unlock();
	}
}

/**
 * homa_sock_uncharge() - bytes of an outgoing message were released
 * @hsk: socket
 * @bytes: how many
 */
void homa_sock_uncharge(struct homa_sock *hsk, u32 bytes)
{
	homa_mem_tx_uncharge(hsk, bytes);
	homa_sock_wake_senders(hsk);
}

static void mark_blocked(struct homa_sock *hsk)
{
	WRITE_ONCE(hsk->tx_blocked, true);
	smp_mb();	/* before tx_mem is read again; see uncharge */
}

/* What is said of messages that came is not for who waits for room. */
static int wake_sender(struct wait_queue_entry *wait, unsigned int mode,
		       int sync, void *key)
{
	if (key && !(key_to_poll(key) & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		return 0;
	return autoremove_wake_function(wait, mode, sync, key);
}

/**
 * homa_sock_wait_room() - wait until another message may be sent
 * @hsk: socket
 * @timeo: jiffies to wait; 0 = not
 *
 * Context: process.  Return: 0, -EAGAIN, -EINTR, -ESHUTDOWN.
 */
int homa_sock_wait_room(struct homa_sock *hsk, long timeo)
{
	struct sock *sk = homa_sock_sk(hsk);
	DEFINE_WAIT_FUNC(wait, wake_sender);
	int err = 0;

	if (homa_sock_writable(hsk))
		return 0;
	for (;;) {
		prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		mark_blocked(hsk);
		if (homa_sock_writable(hsk))
			break;
		if (READ_ONCE(hsk->shutdown))
			err = -ESHUTDOWN;
		else if (!timeo)
			err = -EAGAIN;
		else if (signal_pending(current))
			err = -EINTR;
		if (err)
			break;
		timeo = schedule_timeout(timeo);
	}
	finish_wait(sk_sleep(sk), &wait);
	return err;
}

/* ---- operations ---- */

static int homa_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk;

	lock_sock(sk);
	homa_sock_down(homa_sk(sk));
	release_sock(sk);
	return 0;
}

static __poll_t homa_poll(struct file *file, struct socket *sock,
			  struct poll_table_struct *wait)
{
	struct homa_sock *hsk = homa_sk(sock->sk);
	__poll_t mask = 0;

	sock_poll_wait(file, sock, wait);
	if (READ_ONCE(hsk->shutdown))
		mask |= EPOLLIN;
	if (homa_ready_pending(hsk))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (!homa_sock_writable(hsk))
		mark_blocked(hsk);
	if (homa_sock_writable(hsk))
		mask |= EPOLLOUT | EPOLLWRNORM;
	/* Notifications of MSG_ZEROCOPY; nothing else goes there. */
	if (!skb_queue_empty_lockless(&sock->sk->sk_error_queue))
		mask |= EPOLLERR;
	return mask;
}

const struct proto_ops homa_inet_ops = {
	.family = PF_INET,
	.owner = THIS_MODULE,
	.release = inet_release,
	.bind = homa_bind,
	.connect = inet_dgram_connect,
	.socketpair = sock_no_socketpair,
	.accept = sock_no_accept,
	.getname = inet_getname,
	.poll = homa_poll,
	.ioctl = homa_ioctl,
	.gettstamp = sock_gettstamp,
	.listen = sock_no_listen,
	.shutdown = homa_shutdown,
	.setsockopt = sock_common_setsockopt,
	.getsockopt = sock_common_getsockopt,
	.sendmsg = inet_sendmsg,
	.recvmsg = inet_recvmsg,
	.mmap = sock_no_mmap,
#ifdef CONFIG_COMPAT
	.compat_ioctl = homa_compat_ioctl,
#endif
};
