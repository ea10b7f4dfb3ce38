// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * recvmsg(): returned buffers in, one message out (uapi §7).
 */
#include <linux/uaccess.h>
#include "homa.h"

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
	const char *why = NULL;

	if (args->num_bpages > HOMA_MAX_BPAGES)
		why = "num_bpages is above 16";
	else if (args->reserved)
		why = "reserved field of homa_recvmsg_args is not zero";
	if (why) {
		homa_sock_explain(hsk, why);
		return -EINVAL;
	}
	return homa_deliver_check(hsk);
}

/* Give buffers back, and get a message.  Return: its length, or a negative errno. */
static int exchange_buffers(struct homa_sock *hsk, struct homa_delivery *d, bool nonblock)
{
	struct homa_recvmsg_args *args = d->args;
	u32 num = args->num_bpages;
	int err = check_args(hsk, args);

	if (err)
		return err;
	if (num) {
		args->num_bpages = 0;
		if (homa_deliver_return(hsk, args->bpage_offsets, num) < num)
			return -EINVAL;
	}
	args->completion_cookie = 0;
	return homa_deliver(hsk, d, sock_rcvtimeo(homa_sock_sk(hsk), nonblock));
}

/**
 * homa_recvmsg() - receive a request or a response
 * @sk: socket
 * @msg: msg_control is a user pointer to struct homa_recvmsg_args; or from
 *	HOMAIOCEXCHANGE
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
	struct homa_delivery d __uninitialized;
	u64 began = homa_cycles();
	void __user *control;
	int ret;

	if (homa_exchange_asks(msg))
		return homa_exchange_recv(hsk, msg);
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

	d.args = &args;
	d.room = 0;
	d.busy = false;
	ret = exchange_buffers(hsk, &d, flags & MSG_DONTWAIT);
	if (ret > 0) {
		homa_pool_deliver(hsk->pool, args.bpage_offsets,
				  args.num_bpages);
		if (msg->msg_name)
			msg->msg_namelen =
				homa_addr_to_sockaddr(sk, &d.key, d.dport,
						      msg->msg_name);
	}
	if (args_to_user(control, &args)) {
		if (ret > 0) {
			homa_pool_return(hsk->pool, args.bpage_offsets,
					 args.num_bpages);
			args.num_bpages = 0;
			homa_deliver_forget(hsk, &d);
		}
		ret = -EFAULT;
	}
	HOMA_INC(hsk->hn, recv_calls);
	HOMA_ADD(hsk->hn, recv_cycles, homa_cycles_since(began));
	return ret;
}
