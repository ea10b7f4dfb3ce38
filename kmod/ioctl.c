// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * HOMAIOCINFO and HOMAIOCABORT (uapi §9); HOMAIOCEXCHANGE is in exchange.c.
 */
#include <linux/compat.h>
#include <linux/uaccess.h>
#include <net/inet_common.h>
#include <net/ipv6.h>
#include "homa.h"

static void describe(struct homa_rpc *rpc, struct homa_rpc_info *info)
{
	const struct homa_rpc_core *core = &rpc->core;
	u32 i;

	memset(info, 0, sizeof(*info));
	homa_addr_to_sockaddr(homa_sock_sk(rpc->hsk), &rpc->peer->key,
			      rpc->dport, (struct sockaddr *)&info->peer);
	homa_rpc_lock(rpc);
	info->id = core->id;
	if (homa_rpc_is_client(core))
		info->completion_cookie = rpc->cookie;
	info->tx_length = -1;
	if (core->tx_started) {
		info->tx_length = core->tx_len;
		info->tx_sent = core->tx_next;
		info->tx_granted = core->tx_granted;
		info->tx_prio = core->tx_prio;
	}
	info->rx_length = -1;
	if (core->rx_started) {
		info->rx_length = core->rx.length;
		info->rx_remaining = core->rx.remaining;
		info->rx_granted = core->rx_granted;
		info->rx_gaps = core->rx.num_gaps;
		for (i = 0; i < core->rx.num_gaps; i++)
			info->rx_gap_bytes += core->rx.gaps[i].end -
					      core->rx.gaps[i].start;
	}
	if (core->rx_stalled)
		info->flags |= HOMA_RPC_BUF_STALL;
	if (rpc->private)
		info->flags |= HOMA_RPC_PRIVATE;
	if (homa_rpc_rx_complete(core) && core->state == HOMA_RPC_INCOMING)
		info->flags |= HOMA_RPC_RX_READY;
	if (!skb_queue_empty(&rpc->rxq))
		info->flags |= HOMA_RPC_RX_COPY;
	homa_rpc_unlock(rpc);
}

static int info(struct homa_sock *hsk, void __user *arg)
{
	struct homa_rpc_info entry;
	struct homa_info out;
	struct homa_rpc *next;
	struct homa_rpc *rpc;
	char __user *array;
	int err = 0;
	u64 room;

	if (copy_from_user(&out, arg, sizeof(out)))
		return -EFAULT;
	if (READ_ONCE(hsk->shutdown))
		return -ESHUTDOWN;
	array = u64_to_user_ptr(out.rpc_info);
	room = array ? div_u64(out.rpc_info_length, sizeof(entry)) : 0;

	out.bpool_avail_bytes =
		homa_pool_avail_bytes(homa_sock_pool(hsk));
	out.port = READ_ONCE(hsk->port);
	out.num_rpcs = READ_ONCE(hsk->num_rpcs);
	memset(out.error_msg, 0, sizeof(out.error_msg));
	strscpy(out.error_msg, READ_ONCE(hsk->error_text),
		sizeof(out.error_msg));

	/* An RPC that ends meanwhile restarts the walk: stop at the number
	 * that existed at the start.
	 */
	room = min_t(u64, room, out.num_rpcs);
	rpc = room ? homa_sock_next_rpc(hsk, NULL) : NULL;
	for (; rpc; rpc = next) {
		describe(rpc, &entry);
		if (copy_to_user(array, &entry, sizeof(entry)))
			err = -EFAULT;
		array += sizeof(entry);
		next = err || !--room ? NULL : homa_sock_next_rpc(hsk, rpc);
		homa_rpc_put(rpc);
	}
	if (copy_to_user(arg, &out, sizeof(out)))
		err = -EFAULT;
	return err;
}

static int abort_rpc(struct homa_sock *hsk, void __user *arg)
{
	struct homa_abort_args args;
	struct homa_todo todo;
	struct homa_rpc *rpc;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args._pad1 || args._pad2[0] || args._pad2[1] || args.error < 0 ||
	    args.error > MAX_ERRNO) {
		homa_sock_explain(hsk, "padding not zero, or error out of range");
		return -EINVAL;
	}
	if (!args.id) {
		homa_sock_fail_rpcs(hsk, NULL, 0, true, args.error,
				    U32_MAX);
		return 0;
	}
	rpc = homa_rpc_find_client(hsk, args.id);
	if (!rpc) {
		homa_sock_explain(hsk, "no such client RPC");
		return -EINVAL;
	}
	homa_todo_init(&todo);
	if (args.error)
		homa_rpc_fail_locked(rpc, args.error, &todo);
	else
		homa_rpc_end_locked(rpc, HOMA_END_ABORTED, &todo);
	homa_rpc_unlock(rpc);
	homa_todo_run(&todo);
	return 0;
}

/**
 * homa_ioctl() - ioctl() on a Homa socket
 * @sock: socket
 * @cmd: HOMAIOC*, or one that every socket has
 * @arg: user pointer
 *
 * Return: 0 or a negative errno; -EINVAL for unknown requests (uapi §9).
 */
int homa_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct homa_sock *hsk = homa_sk(sock->sk);
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case HOMAIOCINFO:
		return info(hsk, uarg);
	case HOMAIOCABORT:
		return abort_rpc(hsk, uarg);
	case HOMAIOCEXCHANGE:
		return homa_exchange(sock, uarg);
	case HOMAIOCFREEZE:
		return 0;	/* there is no trace buffer to freeze */
	}
	/* Interface and routing requests, 0x89xx, work on any socket. */
	if ((cmd & 0xff00) != 0x8900)
		return -EINVAL;
	return sock->sk->sk_family == AF_INET6 ? inet6_ioctl(sock, cmd, arg) :
						 inet_ioctl(sock, cmd, arg);
}

#ifdef CONFIG_COMPAT
/**
 * homa_compat_ioctl() - the same for 32-bit processes
 * @sock: socket
 * @cmd: as above; numbers and layouts are equal
 * @arg: 32-bit user pointer
 *
 * Return: as homa_ioctl().
 */
int homa_compat_ioctl(struct socket *sock, unsigned int cmd,
		      unsigned long arg)
{
	if ((cmd & 0xff00) == 0x8900)
		return -ENOIOCTLCMD;	/* the socket layer translates those */
	return homa_ioctl(sock, cmd, (unsigned long)compat_ptr(arg));
}
#endif
