// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Messages on their way to the application: taken out of their RPCs, copied (uapi §7).
 */
#include "homa.h"
#include "trace.h"

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
static void acknowledge(struct homa_rpc *rpc, bool busy)
{
	struct homa_ack ack = {
		.client_id = rpc->core.id,
		.server_port = rpc->dport,
	};

	/* Each RPC under way may be followed by a request that takes an ack along. */
	if (!homa_peer_add_ack(rpc->peer, &ack, busy ? READ_ONCE(rpc->hsk->num_clients) : 0))
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
static int collect(struct homa_rpc *rpc, struct homa_delivery *d)
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
		d->failed = true;
		ret = -rpc->core.error;
		homa_rpc_end_locked(rpc, HOMA_END_FAILED, &todo);
	} else if (homa_rpc_rx_complete(&rpc->core) &&
		   rpc->core.state == HOMA_RPC_INCOMING) {
		d->args->id = rpc->core.id;
		d->len = rpc->core.rx.length;
		d->request_len = rpc->core.tx_len;
		/* From here on packets and buffers are ours alone. */
		skb_queue_splice_init(&rpc->rxq, &d->packets);
		d->early = rpc->early;
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
		acknowledge(rpc, d->busy);
	return ret;
}

/**
 * homa_deliver_forget() - the application will not know of a message that was taken out
 * @hsk: socket
 * @d: the message; its buffers are taken back
 *
 * Because nobody will answer it, a server RPC ends.  Context: process.
 */
void homa_deliver_forget(struct homa_sock *hsk, struct homa_delivery *d)
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

/* Say why the receive region cannot be written.  Return: @err. */
static int explain_region(struct homa_sock *hsk, int err)
{
	if (err == -EPERM)
		homa_sock_explain(hsk,
				  "receive region set for other memory, by another user or without CAP_SYS_PTRACE");
	else
		homa_sock_explain(hsk, "receive region is not writable");
	return err;
}

/* Copy a message to where the application wants it. */
static int copy_out(struct homa_sock *hsk, struct homa_delivery *d)
{
	struct homa_recvmsg_args *args = d->args;
	int err;

	if (d->len > d->room) {
		err = homa_pool_copy(hsk->pool, &d->packets, args->bpage_offsets,
				     &d->early);
		return err ? explain_region(hsk, err) : 0;
	}
	err = homa_pool_copy_to(&d->packets, d->to);
	if (err) {
		homa_sock_explain(hsk, "room for a message is not writable");
		return err;
	}
	/* They kept the place until now. */
	homa_pool_free(hsk->pool, args->bpage_offsets, args->num_bpages);
	args->num_bpages = 0;
	homa_pool_serve(hsk);
	return 0;
}

static void count(struct homa_net *hn, const struct homa_delivery *d)
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
 * homa_deliver() - wait for a message, and copy it to the application
 * @hsk: socket with a receive region
 * @d: @to, @room, @busy and @args are set; args->id: 0 = any, else one private RPC; the rest
 *	is filled in.  Buffers are not the application's yet: homa_pool_deliver()
 * @timeo: jiffies to wait; 0 = not
 *
 * Context: process.
 * Return: length of the message, or a negative errno (uapi §7): if @failed is set,
 * that of the RPC.
 */
int homa_deliver(struct homa_sock *hsk, struct homa_delivery *d, long timeo)
{
	bool ends = timeo && timeo != MAX_SCHEDULE_TIMEOUT;
	struct homa_recvmsg_args *args = d->args;
	unsigned long end = jiffies + timeo;
	struct homa_rpc *rpc;
	u64 id = args->id;
	int ret;

	__skb_queue_head_init(&d->packets);
	d->failed = false;
	do {
		if (id)
			rpc = homa_ready_wait_private(hsk, id, d->room, timeo);
		else
			rpc = homa_ready_wait(hsk, d->room, timeo);
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
			ret = copy_out(hsk, d);
			if (ret)
				homa_deliver_forget(hsk, d);
			else
				ret = d->len;
		} else if (!ret && id) {
			/* Aborted or shut down while we waited for it. */
			args->id = id;
			ret = -EINVAL;
		}
		homa_rpc_put(rpc);
		/* It was somebody else's. */
		if (!ret && ends)
			timeo = max_t(long, end - jiffies, 0);
	} while (!ret);
	if (ret > 0)
		count(hsk->hn, d);
	return ret;
}

/**
 * homa_deliver_check() - may this process receive?
 * @hsk: socket
 *
 * Before anything is given back or taken.
 *
 * Context: process.
 * Return: 0, -EINVAL without a region, -EPERM if it is not for this process.
 */
int homa_deliver_check(struct homa_sock *hsk)
{
	struct homa_pool *pool = homa_sock_pool(hsk);
	u64 start;
	int err;

	if (!pool) {
		homa_sock_explain(hsk, "no receive region: set SO_HOMA_RCVBUF first");
		return -EINVAL;
	}
	err = homa_pool_start(pool, &start);
	return err ? explain_region(hsk, err) : 0;
}

/**
 * homa_deliver_return() - the application gives buffers back
 * @hsk: socket with a receive region
 * @offsets: as delivered, but not to be trusted
 * @count: how many
 *
 * Context: process.  Return: how many were taken, until the first that it does not have.
 */
u32 homa_deliver_return(struct homa_sock *hsk, const u32 *offsets, u32 count)
{
	u32 taken = homa_pool_return(hsk->pool, offsets, count);

	homa_pool_serve(hsk);
	if (taken < count)
		homa_sock_explain(hsk, "a returned bpage is not owned by the application");
	return taken;
}
