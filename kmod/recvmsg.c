// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * recvmsg(): returned buffers in, one message out (uapi §7).
 */
#include <linux/uaccess.h>
#include "homa.h"
#include "trace.h"

/**
 * struct delivery - a message on its way to the application
 * @packets: its data
 * @args: what recvmsg returns
 * @key: peer
 * @dport: peer's port
 * @len: message length
 * @request_len: for a response: length of the request
 */
struct delivery {
	struct sk_buff_head packets;
	struct homa_recvmsg_args *args;
	struct homa_peer_key key;
	u16 dport;
	u32 len;
	u32 request_len;
};

/* Too many acks wait for a packet to ride on: send them, and this RPC's. */
static noinline void send_acks(struct homa_rpc *rpc)
{
	struct homa_hdr hdr = { .type = HOMA_ACK };

	hdr.ack.num = homa_peer_take_acks(rpc->peer, hdr.ack.acks,
					  HOMA_ACKS_MAX);
	HOMA_INC(rpc->hn, ack_overflows);
	homa_tx_rpc_control(rpc, &hdr);
}

/* Queue the ack of a delivered response; send a full list (protocol §8). */
static void acknowledge(struct homa_rpc *rpc)
{
	struct homa_ack ack = {
		.client_id = rpc->core.id,
		.server_port = rpc->dport,
	};

	if (!homa_peer_add_ack(rpc->peer, &ack))
		send_acks(rpc);
}

/* For SIOCGSTAMP: when the last packet of the message came. */
static void note_arrival(struct sock *sk, const struct sk_buff_head *packets)
{
	if (sock_flag(sk, SOCK_TIMESTAMP))
		sock_write_timestamp(sk, skb_peek_tail(packets)->tstamp);
}

/*
 * Take the message, or the error, out of an RPC.  Client RPCs end here.
 * Return: 1 message, 0 nothing (it was somebody else's), -errno of the RPC.
 */
static int collect(struct homa_rpc *rpc, struct delivery *d)
{
	struct homa_rpc_verdict v = {};
	struct homa_todo todo __uninitialized;
	bool client;
	int ret = 0;

	homa_todo_init(&todo);
	homa_rpc_lock(rpc);
	if (!homa_rpc_alive(rpc))
		goto unlock;

	client = homa_rpc_is_client(&rpc->core);
	d->key = rpc->peer->key;
	d->dport = rpc->dport;
	d->args->completion_cookie = client ? rpc->cookie : 0;
	if (rpc->core.error) {
		d->args->id = rpc->core.id;
		ret = -rpc->core.error;
		homa_rpc_end_locked(rpc, HOMA_END_FAILED, &todo);
	} else if (homa_rpc_rx_complete(&rpc->core) &&
		   rpc->core.state == HOMA_RPC_INCOMING) {
		d->args->id = rpc->core.id;
		d->len = rpc->core.rx.length;
		d->request_len = rpc->core.tx_len;
		/* From here on packets and buffers are ours alone. */
		skb_queue_splice_init(&rpc->rxq, &d->packets);
		note_arrival(homa_sock_sk(rpc->hsk), &d->packets);
		d->args->bpage_offsets[0] = rpc->bpages[0];
		if (rpc->num_bpages > 1)
			memcpy(d->args->bpage_offsets, rpc->bpages,
			       rpc->num_bpages * sizeof(rpc->bpages[0]));
		d->args->num_bpages = rpc->num_bpages;
		rpc->num_bpages = 0;
		v = homa_rpc_delivered(&rpc->core);
		trace_homa_rpc_delivered(rpc);
		if (v.actions & HOMA_ACT_END)
			homa_rpc_end_locked(rpc, HOMA_END_DELIVERED,
					    &todo);
		ret = 1;
	}
unlock:
	homa_rpc_unlock(rpc);
	homa_todo_run(&todo);
	if (v.actions & HOMA_ACT_ACK)
		acknowledge(rpc);
	return ret;
}

/*
 * The application will not know of a message that was taken out: take its
 * buffers back and, because nobody will answer it, end a server RPC.
 */
static void forget(struct homa_sock *hsk, struct delivery *d)
{
	struct homa_recvmsg_args *args = d->args;
	struct homa_todo todo;
	struct homa_rpc *rpc;

	homa_pool_free(hsk->pool, args->bpage_offsets, args->num_bpages);
	args->num_bpages = 0;
	homa_pool_serve(hsk);
	rpc = homa_rpc_find_server(hsk, args->id, &d->key);
	if (!rpc)
		return;
	homa_todo_init(&todo);
	homa_rpc_end_locked(rpc, HOMA_END_NOT_READ, &todo);
	homa_rpc_unlock(rpc);
	homa_todo_run(&todo);
}

static void explain_copy(struct homa_sock *hsk, int err)
{
	if (err == -EPERM)
		homa_sock_explain(hsk,
				  "receive region set for other memory, by another user or without CAP_SYS_PTRACE");
	else
		homa_sock_explain(hsk, "receive region is not writable");
}

/* Wait for a message and copy it.  Return: its length or a negative errno. */
static int wait_and_copy(struct homa_sock *hsk, struct delivery *d, bool nonblock)
{
	struct homa_recvmsg_args *args = d->args;
	struct homa_rpc *rpc;
	u64 id = args->id;
	int ret;

	do {
		if (id)
			rpc = homa_ready_wait_private(hsk, id, nonblock);
		else
			rpc = homa_ready_wait(hsk, nonblock);
		if (rpc == ERR_PTR(-ENOENT)) {
			homa_sock_explain(hsk, "no such client RPC");
			return -EINVAL;
		}
		if (IS_ERR(rpc)) {
			/* A private wait that consumed nothing says so. */
			args->id = 0;
			return PTR_ERR(rpc);
		}
		ret = collect(rpc, d);
		if (ret > 0) {
			ret = homa_pool_copy(hsk->pool, &d->packets,
					     args->bpage_offsets);
			if (ret) {
				explain_copy(hsk, ret);
				forget(hsk, d);
			} else {
				ret = d->len;
			}
		} else if (!ret && id) {
			/* Aborted or shut down while we waited for it. */
			args->id = id;
			ret = -EINVAL;
		}
		homa_rpc_put(rpc);
	} while (!ret);
	return ret;
}

/*
 * Most calls give back and get a buffer or two; room for 16 is copied only if
 * there are more.
 */
#define BPAGES_USUAL 2
#define ARGS_BYTES_USUAL offsetof(struct homa_recvmsg_args, \
				  bpage_offsets[BPAGES_USUAL])

static int args_from_user(struct homa_recvmsg_args *args,
			  const void __user *from)
{
	size_t rest = sizeof(*args) - ARGS_BYTES_USUAL;

	if (copy_from_user(args, from, ARGS_BYTES_USUAL))
		return -EFAULT;
	if (likely(args->num_bpages <= BPAGES_USUAL)) {
		/* A long message may have more, and then all are copied out. */
		memset(&args->bpage_offsets[BPAGES_USUAL], 0, rest);
		return 0;
	}
	return copy_from_user(&args->bpage_offsets[BPAGES_USUAL],
			      from + ARGS_BYTES_USUAL, rest) ? -EFAULT : 0;
}

static int args_to_user(void __user *to, const struct homa_recvmsg_args *args)
{
	/* Constant sizes are checked by the compiler, others on each call. */
	if (likely(args->num_bpages <= BPAGES_USUAL))
		return copy_to_user(to, args, ARGS_BYTES_USUAL) ? -EFAULT : 0;
	return copy_to_user(to, args, sizeof(*args)) ? -EFAULT : 0;
}

static int check_args(struct homa_sock *hsk,
		      const struct homa_recvmsg_args *args)
{
	struct homa_pool *pool = homa_sock_pool(hsk);
	const char *why = NULL;
	u64 start;
	int err;

	if (args->num_bpages > HOMA_MAX_BPAGES)
		why = "num_bpages is above 16";
	else if (args->reserved)
		why = "reserved field of homa_recvmsg_args is not zero";
	else if (!pool)
		why = "no receive region: set SO_HOMA_RCVBUF first";
	if (why) {
		homa_sock_explain(hsk, why);
		return -EINVAL;
	}
	/* Before anything is given back or taken. */
	err = homa_pool_start(pool, &start);
	if (err)
		explain_copy(hsk, err);
	return err;
}

static void count(struct homa_net *hn, const struct delivery *d)
{
	if (homa_id_is_client(d->args->id)) {
		HOMA_INC(hn, client_requests_done);
		HOMA_ADD(hn, client_request_bytes_done, d->request_len);
	} else {
		HOMA_INC(hn, server_requests_done);
		HOMA_ADD(hn, server_request_bytes_done, d->len);
	}
}

/**
 * homa_recvmsg() - receive a request or a response
 * @sk: socket
 * @msg: msg_control is a user pointer to struct homa_recvmsg_args
 * @len: used for MSG_ERRQUEUE only
 * @flags: MSG_DONTWAIT; MSG_ERRQUEUE: notifications of MSG_ZEROCOPY, with
 *	ordinary control messages
 *
 * Return: message length, or a negative errno (uapi §7).
 */
int homa_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags)
{
	struct homa_sock *hsk = homa_sk(sk);
	struct homa_recvmsg_args args __uninitialized;
	struct delivery d __uninitialized;
	u64 began = homa_cycles();
	void __user *control;
	int ret;

	if (unlikely(flags & MSG_ERRQUEUE))
		return homa_compat_recv_error(sk, msg, len);
	/* The interface passes a plain struct through the control pointer. */
	if (!msg->msg_control_user || !msg->msg_control_is_user ||
	    msg->msg_controllen != sizeof(args)) {
		homa_sock_explain(hsk, "msg_control is not a homa_recvmsg_args");
		return -EINVAL;
	}
	control = msg->msg_control_user;
	if (args_from_user(&args, control))
		return -EFAULT;

	__skb_queue_head_init(&d.packets);
	d.args = &args;
	ret = check_args(hsk, &args);
	if (ret)
		goto out;
	if (args.num_bpages) {
		ret = homa_pool_return(hsk->pool, args.bpage_offsets,
				       args.num_bpages);
		args.num_bpages = 0;
		homa_pool_serve(hsk);
		if (ret) {
			homa_sock_explain(hsk, "a returned bpage is not owned by the application");
			goto out;
		}
	}
	args.completion_cookie = 0;
	ret = wait_and_copy(hsk, &d, flags & MSG_DONTWAIT);
	if (ret > 0) {
		count(hsk->hn, &d);
		if (msg->msg_name)
			msg->msg_namelen =
				homa_addr_to_sockaddr(sk, &d.key, d.dport,
						      msg->msg_name);
	}
out:
	if (ret > 0)
		homa_pool_deliver(hsk->pool, args.bpage_offsets,
				  args.num_bpages);
	if (args_to_user(control, &args)) {
		if (ret > 0) {
			homa_pool_return(hsk->pool, args.bpage_offsets,
					 args.num_bpages);
			args.num_bpages = 0;
			forget(hsk, &d);
		}
		ret = -EFAULT;
	}
	HOMA_INC(hsk->hn, recv_calls);
	HOMA_ADD(hsk->hn, recv_cycles, homa_cycles_since(began));
	return ret;
}
