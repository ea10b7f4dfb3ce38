// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Messages on their way out: an RPC gets its message, where calls may sleep and
 * fail, and is sent, where they do not (uapi §6).
 */
#include <linux/uio.h>
#include <net/ipv6.h>
#include "homa.h"
#include "trace.h"

static int explain(struct homa_sock *hsk, int err, const char *why)
{
	homa_sock_explain(hsk, why);
	return err;
}

static bool zerocopy(const struct homa_sock *hsk, const struct msghdr *msg)
{
	return unlikely(msg->msg_flags & MSG_ZEROCOPY) &&
	       sock_flag(&hsk->inet.sk, SOCK_ZEROCOPY);
}

static int fill(struct homa_rpc *rpc, struct msghdr *msg, u32 len, u32 extra)
{
	if (zerocopy(rpc->hsk, msg))
		return homa_zerocopy_fill(rpc, &msg->msg_iter, len, extra);
	return homa_msgout_fill(rpc, &msg->msg_iter, len, extra);
}

static int prepare_request(struct homa_sock *hsk, struct msghdr *msg, u32 len,
			   const struct homa_peer_key *key, u16 port,
			   struct homa_sendmsg_args *args,
			   struct homa_outgoing *out)
{
	struct homa_peer *peer;
	struct in6_addr saddr __uninitialized;
	struct homa_rpc *rpc;
	int err;

	if (!port)
		return explain(hsk, -EINVAL, "destination port is zero");
	if (!key->scope && ipv6_addr_type(&key->addr) & IPV6_ADDR_LINKLOCAL)
		return explain(hsk, -EINVAL,
			       "link-local destination without scope id");
	err = homa_bind_source(homa_sock_sk(hsk), &key->addr, &saddr);
	if (err)
		return explain(hsk, err,
			       "destination of an IP version that the socket is not bound to");
	if (homa_rpc_limit(hsk))
		return explain(hsk, -ENOBUFS, "too many RPCs: net.homa.rpc_net_max");
	peer = homa_peer_get(hsk, key, GFP_KERNEL);
	if (IS_ERR(peer))
		return explain(hsk, PTR_ERR(peer),
			       PTR_ERR(peer) == -ENOBUFS ?
			       "too many hosts in use" : "out of memory");
	args->id = homa_rpc_new_id(hsk->hn);
	rpc = homa_rpc_alloc(hsk, peer, args->id, port, GFP_KERNEL);
	if (!rpc)
		return -ENOMEM;
	rpc->saddr = saddr;
	err = fill(rpc, msg, len, sizeof(*rpc));
	if (err) {
		homa_zerocopy_abort(&rpc->msgout);
		homa_rpc_put(rpc);
		return err;
	}
	rpc->cookie = args->completion_cookie;
	rpc->private = args->flags & HOMA_SENDMSG_PRIVATE;
	out->rpc = rpc;
	return 0;
}

static int launch_request(struct homa_rpc *rpc, u64 id, u32 len)
{
	struct homa_sock *hsk = rpc->hsk;
	struct homa_net *hn = rpc->hn;
	const struct homa_settings *s;
	u64 now_ns = ktime_get_ns();
	struct homa_way way __uninitialized;
	int seg;
	int err;

	rpc->birth_ns = now_ns;
	rcu_read_lock();
	seg = homa_route_way(rpc, &way);
	if (seg < 0) {
		rcu_read_unlock();
		err = explain(hsk, seg, "no route to the destination");
		goto put;
	}
	homa_rpc_hold(rpc);
	homa_rpc_lock(rpc);
	s = rcu_dereference(hn->settings);
	homa_rpc_init_client(&rpc->core, id, len, seg, &s->core, now_ns);
	err = homa_rpc_insert_locked(rpc);
	if (!err) {
		homa_tune_unsched_locked(rpc, s, now_ns);
		homa_rpc_limit_response(&rpc->core,
					homa_incast_limit(&s->core, READ_ONCE(hsk->peak_clients)));
		HOMA_INC(hn, client_requests_started);
		HOMA_ADD(hn, client_request_bytes_started, len);
		HOMA_ADD(hn, sent_msg_bytes, len);
		homa_tx_first_unlock(rpc, &way, now_ns);
		rcu_read_unlock();
		homa_rpc_put(rpc);
		return 0;
	}
	homa_rpc_unlock(rpc);
	homa_route_put(&way);
	rcu_read_unlock();
	homa_rpc_put(rpc);
put:
	homa_zerocopy_abort(&rpc->msgout);
	homa_rpc_put(rpc);
	return err;
}

static noinline void end(struct homa_rpc *rpc)
{
	struct homa_todo todo;

	homa_todo_init(&todo);
	homa_rpc_lock(rpc);
	homa_rpc_end_locked(rpc, HOMA_END_NOT_SENT, &todo);
	homa_rpc_unlock(rpc);
	homa_todo_run(&todo);
}

/*
 * An answer that cannot be sent ends the RPC: the client has to learn it, and the
 * request must not run again (uapi §6, protocol §9).
 */
static void give_up_response(struct homa_rpc *rpc)
{
	homa_zerocopy_abort(&rpc->msgout);
	end(rpc);
}

static int prepare_response(struct homa_sock *hsk, struct msghdr *msg, u32 len,
			    const struct homa_peer_key *key,
			    const struct homa_sendmsg_args *args,
			    struct homa_outgoing *out)
{
	struct homa_rpc *rpc;
	bool waiting;
	int err;

	if (args->completion_cookie)
		return explain(hsk, -EINVAL,
			       "completion_cookie of a response is not zero");
	rpc = homa_rpc_find_server(hsk, args->id, key);
	if (!rpc) {
		/* The client gave up; sendmmsg() wants the bytes taken. */
		iov_iter_advance(&msg->msg_iter, len);
		return zerocopy(hsk, msg) ? homa_zerocopy_skip(hsk) : 0;
	}
	/* Who is first sends the response; from here on rpc->msgout is ours. */
	waiting = rpc->core.state == HOMA_RPC_IN_SERVICE && !rpc->responding;
	rpc->responding |= waiting;
	homa_rpc_hold(rpc);
	homa_rpc_unlock(rpc);

	if (!waiting) {
		err = explain(hsk, -EINVAL,
			      "the RPC does not wait for a response");
		goto put;
	}
	err = fill(rpc, msg, len, 0);
	if (err) {
		give_up_response(rpc);
		goto put;
	}
	out->rpc = rpc;
	return 0;
put:
	homa_rpc_put(rpc);
	return err;
}

static int launch_response(struct homa_rpc *rpc, u32 len)
{
	struct homa_sock *hsk = rpc->hsk;
	const struct homa_settings *s;
	u64 now_ns = ktime_get_ns();
	struct homa_way way __uninitialized;
	int err = 0;
	int seg;

	rcu_read_lock();
	seg = homa_route_way(rpc, &way);
	if (seg < 0) {
		rcu_read_unlock();
		err = explain(hsk, seg, "no route to the client");
		give_up_response(rpc);
		goto put;
	}
	homa_rpc_lock(rpc);
	s = rcu_dereference(hsk->hn->settings);
	if (homa_rpc_alive(rpc) &&
	    homa_rpc_respond(&rpc->core, len, seg, &s->core, now_ns)) {
		homa_tune_unsched_locked(rpc, s, now_ns);
		trace_homa_rpc_respond(rpc);
		HOMA_INC(hsk->hn, server_responses_started);
		HOMA_ADD(hsk->hn, server_response_bytes_started, len);
		HOMA_ADD(hsk->hn, sent_msg_bytes, len);
		homa_tx_first_unlock(rpc, &way, now_ns);
		rcu_read_unlock();
		goto put;
	}
	/* The client gave up meanwhile. */
	homa_rpc_unlock(rpc);
	homa_route_put(&way);
	rcu_read_unlock();
put:
	homa_rpc_put(rpc);
	return err;
}

/**
 * homa_send_prepare() - check a message and copy it from the application
 * @hsk: socket
 * @msg: where to, and the bytes; MSG_ZEROCOPY; control is not looked at
 * @len: message length
 * @args: as for sendmsg(); a new request gets its id there
 * @timeo: jiffies to wait for room; 0 = not
 * @out: filled in: to be launched or dropped
 *
 * The application has to learn the id before the launch: the response may come at
 * once.
 *
 * Context: process; may sleep for room, memory and page faults.
 * Return: 0, or a negative errno (uapi §6); then @out is not valid.
 */
int homa_send_prepare(struct homa_sock *hsk, struct msghdr *msg, size_t len,
		      struct homa_sendmsg_args *args, long timeo,
		      struct homa_outgoing *out)
{
	struct sock *sk = homa_sock_sk(hsk);
	u64 start = homa_cycles();
	struct homa_peer_key key __uninitialized;
	u16 port;
	int err;

	if (!msg->msg_name && READ_ONCE(sk->sk_state) != TCP_ESTABLISHED)
		return explain(hsk, -EINVAL, "no destination address");
	if (args->flags & ~HOMA_SENDMSG_VALID_FLAGS || args->reserved)
		return explain(hsk, -EINVAL,
			       "unknown flag, or reserved field not zero");
	err = homa_sock_wait_room(hsk, timeo);
	if (err)
		return err;
	err = homa_addr_from_user(sk, msg, &key, &port);
	if (err)
		return explain(hsk, err,
			       "destination address too short or of another family");
	if (!len || len > HOMA_MAX_MESSAGE_LENGTH)
		return explain(hsk, -EINVAL,
			       "message length is not 1 to 1000000");
	out->rpc = NULL;
	out->len = len;
	if (args->id) {
		err = prepare_response(hsk, msg, len, &key, args, out);
		HOMA_INC(hsk->hn, reply_calls);
		HOMA_ADD(hsk->hn, reply_cycles, homa_cycles_since(start));
	} else {
		err = prepare_request(hsk, msg, len, &key, port, args, out);
		HOMA_INC(hsk->hn, send_calls);
		HOMA_ADD(hsk->hn, send_cycles, homa_cycles_since(start));
	}
	out->id = args->id;
	return err;
}

/**
 * homa_send_launch() - send a message
 * @out: prepared message; not valid any more afterwards
 *
 * Context: process, softirqs may be disabled.
 * Return: 0, or a negative errno: then no response will come, or the RPC that
 * was to be answered has ended.
 */
int homa_send_launch(struct homa_outgoing *out)
{
	struct homa_rpc *rpc = out->rpc;
	u64 start = homa_cycles();
	struct homa_net *hn;
	int err;

	/* Nobody waits for the response. */
	if (!rpc)
		return 0;
	hn = rpc->hn;
	if (homa_id_is_client(out->id)) {
		err = launch_request(rpc, out->id, out->len);
		HOMA_ADD(hn, send_cycles, homa_cycles_since(start));
	} else {
		err = launch_response(rpc, out->len);
		HOMA_ADD(hn, reply_cycles, homa_cycles_since(start));
	}
	return err;
}

/**
 * homa_send_drop() - do not send a message after all
 * @out: prepared message; not valid any more afterwards
 *
 * A request that was to be answered can still be.  Context: process.
 */
void homa_send_drop(struct homa_outgoing *out)
{
	struct homa_rpc *rpc = out->rpc;

	if (!rpc)
		return;
	homa_zerocopy_abort(&rpc->msgout);
	if (!homa_id_is_client(out->id)) {
		homa_msgout_free(rpc->hsk, &rpc->msgout);
		homa_rpc_lock(rpc);
		rpc->responding = false;
		homa_rpc_unlock(rpc);
	}
	homa_rpc_put(rpc);
}
