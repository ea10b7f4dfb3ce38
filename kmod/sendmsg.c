// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * sendmsg(): a request or a response (uapi §6).
 */
#include <linux/uaccess.h>
#include "homa.h"

/* Send a new request, whose id the application learns. */
static int request(struct homa_outgoing *out, u64 id, u64 __user *user_id)
{
	int err;

	/* The id must have reached the application before a response can. */
	if (put_user(id, user_id)) {
		homa_send_drop(out);
		return -EFAULT;
	}
	err = homa_send_launch(out);
	/* An id that is left there would make the next call a response. */
	if (err && put_user(0, user_id))
		err = -EFAULT;
	return err;
}

/**
 * homa_sendmsg() - send a request or a response
 * @sk: socket
 * @msg: msg_control is a user pointer to struct homa_sendmsg_args,
 *	msg_controllen is 0; or from HOMAIOCEXCHANGE
 * @len: message length
 *
 * Return: 0, or a negative errno (uapi §6).
 */
int homa_sendmsg(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct homa_sendmsg_args __user *control;
	struct homa_sock *hsk = homa_sk(sk);
	struct homa_sendmsg_args args __uninitialized;
	struct homa_outgoing out __uninitialized;
	bool is_request;
	int err;

	if (homa_exchange_asks(msg))
		return homa_exchange_send(hsk, msg, len);
	/* With a length the socket layer has copied it into the kernel. */
	if (!msg->msg_control_is_user) {
		homa_sock_explain(hsk, "msg_controllen is not zero");
		return -EINVAL;
	}
	control = msg->msg_control_user;
	if (copy_from_user(&args, control, sizeof(args)))
		return -EFAULT;
	is_request = !args.id;
	err = homa_send_prepare(hsk, msg, len, &args,
				sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT), &out);
	if (err)
		return err;
	return is_request ? request(&out, args.id, &control->id) :
			    homa_send_launch(&out);
}
