// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * sendmsg(): requests and responses (uapi §6).
 */
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
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

static int send_request(struct homa_sock *hsk, struct msghdr *msg, u32 len,
			const struct homa_peer_key *key, u16 port,
			struct homa_sendmsg_args *args, void __user *control)
{
	struct homa_net *hn = hsk->hn;
	struct homa_sendmsg_args __user *user_args = control;
	const struct homa_settings *s;
	struct homa_peer *peer;
	struct homa_way way;
	struct in6_addr saddr;
	struct homa_rpc *rpc;
	u64 now_ns;
	int seg;
	int err;

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
	args->id = homa_rpc_new_id(hn);
	rpc = homa_rpc_alloc(hsk, peer, args->id, port, GFP_KERNEL);
	if (!rpc)
		return -ENOMEM;
	rpc->saddr = saddr;
	err = fill(rpc, msg, len, sizeof(*rpc));
	if (err)
		goto put;
	rpc->cookie = args->completion_cookie;
	rpc->private = args->flags & HOMA_SENDMSG_PRIVATE;

	/* The id must have reached the application before a response can. */
	if (put_user(args->id, &user_args->id)) {
		err = -EFAULT;
		goto put;
	}
	now_ns = ktime_get_ns();
	rpc->birth_ns = now_ns;
	rcu_read_lock();
	seg = homa_route_way(rpc, &way);
	if (seg < 0) {
		rcu_read_unlock();
		err = explain(hsk, seg, "no route to the destination");
		goto take_back;
	}
	homa_rpc_hold(rpc);
	homa_rpc_lock(rpc);
	s = rcu_dereference(hn->settings);
	homa_rpc_init_client(&rpc->core, args->id, len, seg, &s->core, now_ns);
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
take_back:
	/* An id that is left there would make the next call a response. */
	if (put_user(0, &user_args->id))
		err = -EFAULT;
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

static int send_response(struct homa_sock *hsk, struct msghdr *msg, u32 len,
			 const struct homa_peer_key *key,
			 const struct homa_sendmsg_args *args)
{
	const struct homa_settings *s;
	struct homa_rpc *rpc;
	struct homa_way way;
	bool waiting;
	u64 now_ns;
	int seg;
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
	if (err)
		goto put;

	now_ns = ktime_get_ns();
	rcu_read_lock();
	seg = homa_route_way(rpc, &way);
	if (seg < 0) {
		rcu_read_unlock();
		err = explain(hsk, seg, "no route to the client");
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
	/* An answer that cannot be sent ends the RPC: the client has to learn
	 * it, and the request must not run again (uapi §6, protocol §9).
	 */
	if (err && waiting) {
		homa_zerocopy_abort(&rpc->msgout);
		end(rpc);
	}
	homa_rpc_put(rpc);
	return err;
}

/**
 * homa_sendmsg() - send a request or a response
 * @sk: socket
 * @msg: msg_control is a user pointer to struct homa_sendmsg_args,
 *	msg_controllen is 0
 * @len: message length
 *
 * Return: 0, or a negative errno (uapi §6).
 */
int homa_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct homa_sock *hsk = homa_sk(sk);
	struct homa_sendmsg_args args;
	struct homa_peer_key key;
	void __user *control;
	u64 start = homa_cycles();
	u16 port;
	int err;

	if (!msg->msg_name && READ_ONCE(sk->sk_state) != TCP_ESTABLISHED)
		return explain(hsk, -EINVAL, "no destination address");
	/* With a length the socket layer has copied it into the kernel. */
	if (!msg->msg_control_is_user)
		return explain(hsk, -EINVAL, "msg_controllen is not zero");
	control = msg->msg_control_user;
	if (copy_from_user(&args, control, sizeof(args)))
		return -EFAULT;
	if (args.flags & ~HOMA_SENDMSG_VALID_FLAGS || args.reserved)
		return explain(hsk, -EINVAL,
			       "unknown flag, or reserved field not zero");

	err = homa_sock_wait_room(hsk, msg->msg_flags & MSG_DONTWAIT);
	if (err)
		return err;
	err = homa_addr_from_user(sk, msg, &key, &port);
	if (err)
		return explain(hsk, err,
			       "destination address too short or of another family");
	if (!len || len > HOMA_MAX_MESSAGE_LENGTH)
		return explain(hsk, -EINVAL,
			       "message length is not 1 to 1000000");
	if (args.id) {
		err = send_response(hsk, msg, len, &key, &args);
		HOMA_INC(hsk->hn, reply_calls);
		HOMA_ADD(hsk->hn, reply_cycles, homa_cycles_since(start));
		return err;
	}
	if (!port)
		return explain(hsk, -EINVAL, "destination port is zero");
	err = send_request(hsk, msg, len, &key, port, &args, control);
	HOMA_INC(hsk->hn, send_calls);
	HOMA_ADD(hsk->hn, send_cycles, homa_cycles_since(start));
	return err;
}
