/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Messages between the application and RPCs.  Included by homa.h.
 */
#ifndef HOMA_KMOD_MESSAGES_H
#define HOMA_KMOD_MESSAGES_H

#include <linux/skbuff.h>
#include <linux/socket.h>
#include <linux/types.h>

/**
 * struct homa_outgoing - a message that is ready to be sent
 * @rpc: its RPC, referenced; NULL = nobody waits for this response any more
 * @id: of the RPC
 * @len: message length
 */
struct homa_outgoing {
	struct homa_rpc *rpc;
	u64 id;
	u32 len;
};

/* ---- sendmsg.c, send.c: outgoing messages ---- */
int homa_sendmsg(struct sock *sk, struct msghdr *msg, size_t len);
int homa_send_prepare(struct homa_sock *hsk, struct msghdr *msg, size_t len,
		      struct homa_sendmsg_args *args, long timeo,
		      struct homa_outgoing *out);
int homa_send_launch(struct homa_outgoing *out);
void homa_send_drop(struct homa_outgoing *out);

/**
 * struct homa_delivery - a message on its way to the application
 * @packets: its data
 * @early: what of it was copied before it was complete
 * @args: what recvmsg() returns
 * @key: peer
 * @dport: peer's port
 * @failed: there is no message, for its RPC has failed
 * @busy: the application sends a request for each response, about
 * @len: message length
 * @request_len: for a response: length of the request
 * @room: bytes at @to; a longer message goes to the receive region
 * @to: where a message goes that is not longer than @room
 */
struct homa_delivery {
	struct sk_buff_head packets;
	struct homa_early early;
	struct homa_recvmsg_args *args;
	struct homa_peer_key key;
	u16 dport;
	bool failed;
	bool busy;
	u32 len;
	u32 request_len;
	u32 room;
	void __user *to;
};

/* ---- recvmsg.c, deliver.c: incoming messages ---- */
int homa_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags);
int homa_deliver(struct homa_sock *hsk, struct homa_delivery *d, long timeo);
int homa_deliver_check(struct homa_sock *hsk);
u32 homa_deliver_return(struct homa_sock *hsk, const u32 *offsets, u32 count);
void homa_deliver_forget(struct homa_sock *hsk, struct homa_delivery *d);

/* ---- exchange.c: HOMAIOCEXCHANGE ---- */
int homa_exchange(struct socket *sock, struct homa_exchange __user *user);
int homa_exchange_send(struct homa_sock *hsk, struct msghdr *msg, size_t len);
int homa_exchange_recv(struct homa_sock *hsk, struct msghdr *msg);

/* Nobody else has this address. */
extern struct ubuf_info homa_exchange_mark;

/*
 * Is it our own call that comes back through the socket layer?  A system call has control
 * data in user space, or a copy of some length; some leave msg_ubuf as it is.
 */
static inline bool homa_exchange_asks(const struct msghdr *msg)
{
	return !msg->msg_control_is_user && msg->msg_control && !msg->msg_controllen &&
	       msg->msg_ubuf == &homa_exchange_mark;
}

#endif /* HOMA_KMOD_MESSAGES_H */
