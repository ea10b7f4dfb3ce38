// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * HOMAIOCEXCHANGE: messages out, then messages in, with one system call
 * (docs/decisions/0090).
 *
 * Security modules are asked as by sendmmsg() and recvmmsg(): for each destination
 * that is not the one before, and once for what is received.  Only the socket layer
 * can ask them, so those messages take the way through it, and come back here from
 * homa_sendmsg() and homa_recvmsg().
 */
#include <linux/file.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include "homa.h"

/* Messages that are made ready together. */
#define BATCH		16
/* Those that are not longer are sent in one go: their packets share a softirq. */
#define SHORT_BYTES	1500

/* What homa_exchange_send() is to do. */
struct sending {
	struct homa_sendmsg_args args;
	struct homa_outgoing *out;
	long timeo;
};

/* How long the call may wait, in jiffies; 0 = not, and -1 = as long as other calls. */
struct patience {
	long timeo;
	unsigned long end;
};

/* What homa_exchange_recv() is to do. */
struct receiving {
	struct homa_recv __user *to;
	u64 id;
	bool busy;
	long timeo;
};

/* Tells homa_exchange_asks() that it is us. */
struct ubuf_info homa_exchange_mark;

/* The destination for which security modules were asked last. */
struct asked {
	bool valid;
	union homa_address to;
};

static int explain(struct homa_sock *hsk, int err, const char *why)
{
	homa_sock_explain(hsk, why);
	return err;
}

/**
 * homa_exchange_send() - a message from HOMAIOCEXCHANGE came through the socket layer
 * @hsk: socket
 * @msg: message
 * @len: its length
 *
 * Return: as homa_send_prepare().
 */
int homa_exchange_send(struct homa_sock *hsk, struct msghdr *msg, size_t len)
{
	struct sending *s = msg->msg_control;

	return homa_send_prepare(hsk, msg, len, &s->args, s->timeo, s->out);
}

static void set_name(struct msghdr *msg, union homa_address *to)
{
	if (to->sa.sa_family == AF_UNSPEC)
		return;
	msg->msg_name = to;
	msg->msg_namelen = to->sa.sa_family == AF_INET ?
			   sizeof(struct sockaddr_in) : sizeof(*to);
}

/* What is left of it; @usual: how long other calls wait. */
static long left(const struct patience *patience, long usual)
{
	if (patience->timeo <= 0)
		return patience->timeo ? usual : 0;
	return max_t(long, patience->end - jiffies, 0);
}

/* Make a message ready to be sent.  Return: 0, or a negative errno. */
static int prepare(struct socket *sock, struct homa_send __user *user, bool call,
		   long timeo, struct asked *asked, struct homa_outgoing *out)
{
	struct homa_sock *hsk = homa_sk(sock->sk);
	struct msghdr msg = {
		.msg_flags = timeo ? 0 : MSG_DONTWAIT,
		.msg_ubuf = &homa_exchange_mark,
	};
	struct homa_send m __uninitialized;
	struct sending s __uninitialized;
	void __user *data;
	int err;

	if (copy_from_user(&m, user, sizeof(m)))
		return -EFAULT;
	if (m.reserved)
		return explain(hsk, -EINVAL, "reserved field of homa_send is not zero");
	if (call && m.id)
		return explain(hsk, -EINVAL, "HOMA_EXCHANGE_CALL is for a new request");
	data = u64_to_user_ptr(m.data);
	if (!access_ok(data, m.length))
		return -EFAULT;
	s.out = out;
	s.args.id = m.id;
	s.args.completion_cookie = m.completion_cookie;
	s.args.flags = m.flags | (call ? HOMA_SENDMSG_PRIVATE : 0);
	s.args.reserved = 0;
	s.timeo = timeo;
	set_name(&msg, &m.to);
	iov_iter_ubuf(&msg.msg_iter, ITER_SOURCE, data, m.length);
	if (asked->valid && !memcmp(&asked->to, &m.to, sizeof(m.to))) {
		err = homa_send_prepare(hsk, &msg, m.length, &s.args, timeo, out);
	} else {
		msg.msg_control = &s;
		err = sock_sendmsg(sock, &msg);
		/* Somebody could connect the socket to elsewhere meanwhile. */
		asked->valid = !err && m.to.sa.sa_family != AF_UNSPEC;
		asked->to = m.to;
	}
	/* The id must have reached the application before a response can. */
	if (!err && !m.id && put_user(s.args.id, &user->id)) {
		homa_send_drop(out);
		err = -EFAULT;
	}
	return err;
}

/* Send what is ready.  Return: how many; if that is not all, with an error. */
static u32 launch(struct homa_outgoing *batch, u32 num, int *err)
{
	bool together = false;
	u32 i;

	for (i = 0; i < num && !*err; i++) {
		/* Softirqs need not wait for long messages, or for one. */
		bool join = num > 1 && batch[i].len <= SHORT_BYTES;

		if (join && !together)
			local_bh_disable();
		else if (!join && together)
			local_bh_enable();
		together = join;
		*err = homa_send_launch(&batch[i]);
	}
	if (together)
		local_bh_enable();
	return *err ? i - 1 : i;
}

/* Messages that could not be sent, or were not because of those. */
static void take_back(struct homa_outgoing *batch, u32 done, u32 num,
		      struct homa_send __user *user)
{
	u32 i;

	for (i = done; i < num; i++) {
		/* The first one has failed, so it is gone. */
		if (i > done)
			homa_send_drop(&batch[i]);
		/* An id that is left there would make the next call a response;
		 * the application cannot mean to send from memory that is gone.
		 */
		if (homa_id_is_client(batch[i].id))
			(void)put_user(0, &user[i].id);
	}
}

/*
 * Send messages.  @id: that of the request of HOMA_EXCHANGE_CALL.  @busy: becomes true
 * if there are requests among them: the first of a batch is looked at.
 * Return: 0, or the error of the first that was not sent.
 */
static int send_all(struct socket *sock, const struct homa_exchange *want,
		    struct homa_exchange *did, const struct patience *patience,
		    u64 *id, bool *busy)
{
	struct homa_send __user *user = u64_to_user_ptr(want->sends);
	bool call = want->flags & HOMA_EXCHANGE_CALL;
	struct homa_outgoing batch[BATCH] __uninitialized;
	struct asked asked __uninitialized;
	u32 remain = want->num_sends;
	int err = 0;

	asked.valid = false;
	while (remain && !err) {
		u32 max = min_t(u32, remain, BATCH);
		u32 num = 0;
		int failed = 0;
		u32 done;

		while (num < max) {
			/* What is ready may be what has to make room. */
			long timeo = num ? 0 : left(patience, sock_sndtimeo(sock->sk, false));

			err = prepare(sock, &user[num], call, timeo, &asked, &batch[num]);
			/* A long one goes at once. */
			if (err || batch[num++].len > SHORT_BYTES)
				break;
		}
		if (err == -EAGAIN && num)
			err = 0;	/* it is looked at again, for longer */
		if (call && num)
			*id = batch[0].id;
		*busy |= num && homa_id_is_client(batch[0].id);
		done = launch(batch, num, &failed);
		if (failed) {
			take_back(batch, done, num, user);
			err = failed;
		}
		did->num_sends += done;
		user += done;
		remain -= done;
		cond_resched();
	}
	return err;
}

static int fill_recv(struct homa_sock *hsk, const struct homa_delivery *d, int ret,
		     struct homa_recv *r)
{
	const struct homa_recvmsg_args *args = d->args;

	r->id = args->id;
	r->completion_cookie = args->completion_cookie;
	r->length = ret > 0 ? ret : 0;
	r->error = ret < 0 ? -ret : 0;
	r->num_bpages = ret > 0 ? args->num_bpages : 0;
	memset(&r->from, 0, sizeof(r->from));
	homa_addr_to_sockaddr(homa_sock_sk(hsk), &d->key, d->dport, &r->from.sa);
	if (likely(!r->num_bpages))
		return offsetof(struct homa_recv, bpage_offsets);
	memcpy(r->bpage_offsets, args->bpage_offsets,
	       r->num_bpages * sizeof(r->bpage_offsets[0]));
	return offsetof(struct homa_recv, bpage_offsets[r->num_bpages]);
}

/* Receive a message, or the error of an RPC.  Return: 0, or a negative errno. */
static int receive(struct homa_sock *hsk, const struct receiving *what)
{
	struct homa_recvmsg_args args __uninitialized;
	struct homa_delivery d __uninitialized;
	struct homa_recv r __uninitialized;
	u64 began = homa_cycles();
	size_t size;
	int ret;

	if (get_user(r.data, &what->to->data) || get_user(r.room, &what->to->room) ||
	    get_user(r.reserved, &what->to->reserved))
		return -EFAULT;
	if (r.reserved)
		return explain(hsk, -EINVAL, "reserved field of homa_recv is not zero");
	args.id = what->id;
	args.num_bpages = 0;
	d.args = &args;
	d.to = u64_to_user_ptr(r.data);
	d.room = r.room;
	d.busy = what->busy;
	ret = homa_deliver(hsk, &d, what->timeo);
	if (ret < 0 && !d.failed)
		goto out;
	size = fill_recv(hsk, &d, ret, &r);
	if (r.num_bpages)
		homa_pool_deliver(hsk->pool, args.bpage_offsets, args.num_bpages);
	if (likely(size == offsetof(struct homa_recv, bpage_offsets)))
		size = copy_to_user(what->to, &r, offsetof(struct homa_recv, bpage_offsets));
	else
		size = copy_to_user(what->to, &r, size);
	if (size) {
		if (r.num_bpages)
			homa_pool_return(hsk->pool, args.bpage_offsets, args.num_bpages);
		args.num_bpages = 0;
		if (ret > 0)
			homa_deliver_forget(hsk, &d);
		ret = -EFAULT;
	} else {
		ret = 0;
	}
out:
	HOMA_INC(hsk->hn, recv_calls);
	HOMA_ADD(hsk->hn, recv_cycles, homa_cycles_since(began));
	return ret;
}

/**
 * homa_exchange_recv() - HOMAIOCEXCHANGE came through the socket layer to receive
 * @hsk: socket
 * @msg: tells where to
 *
 * Return: 0, or a negative errno.
 */
int homa_exchange_recv(struct homa_sock *hsk, struct msghdr *msg)
{
	return receive(hsk, msg->msg_control);
}

/* Receive messages: wait for one, and take what else there is. */
static int receive_all(struct socket *sock, const struct homa_exchange *want,
		       struct homa_exchange *did, u64 id, bool busy, long timeo)
{
	struct homa_sock *hsk = homa_sk(sock->sk);
	struct receiving what = {
		.to = u64_to_user_ptr(want->recvs),
		.id = id,
		.busy = busy,
		.timeo = timeo,
	};
	struct msghdr msg = {
		.msg_control = &what,
		.msg_ubuf = &homa_exchange_mark,
	};
	int err;

	err = sock_recvmsg(sock, &msg, timeo ? 0 : MSG_DONTWAIT);
	what.timeo = 0;
	while (!err) {
		if (++did->num_recvs == want->num_recvs || id || !homa_ready_pending(hsk))
			return 0;
		what.to++;
		err = receive(hsk, &what);
		/* Another thread was faster; or the next call will say what is wrong. */
		if (err == -EAGAIN || err == -ESHUTDOWN || err == -EINVAL)
			return 0;
		cond_resched();
	}
	return err;
}

/* Buffers that the application gives back. */
static int take_returns(struct homa_sock *hsk, const struct homa_exchange *want,
			struct homa_exchange *did)
{
	const u32 __user *user = u64_to_user_ptr(want->returns);
	u32 offsets[HOMA_MAX_BPAGES] __uninitialized;
	u32 taken;
	u32 n;

	while (did->num_returns) {
		n = min_t(u32, did->num_returns, ARRAY_SIZE(offsets));
		if (copy_from_user(offsets, user, n * sizeof(offsets[0])))
			return -EFAULT;
		taken = homa_deliver_return(hsk, offsets, n);
		user += taken;
		did->num_returns -= taken;
		if (taken < n)
			return -EINVAL;
		cond_resched();
	}
	return 0;
}

static void set_patience(struct patience *patience, const struct socket *sock, s64 timeout_ns)
{
	if (!timeout_ns || READ_ONCE(sock->file->f_flags) & O_NONBLOCK) {
		patience->timeo = 0;
	} else if (timeout_ns < 0) {
		patience->timeo = -1;
	} else {
		/* More than a part of the last tick. */
		patience->timeo = min_t(u64, nsecs_to_jiffies64(timeout_ns), LONG_MAX / 2) + 2;
		patience->end = jiffies + patience->timeo;
	}
}

static int check(struct homa_sock *hsk, const struct homa_exchange *x)
{
	const char *why = NULL;

	if (x->flags & ~HOMA_EXCHANGE_CALL)
		why = "unknown flag of homa_exchange";
	else if (x->num_sends > HOMA_EXCHANGE_MAX || x->num_recvs > HOMA_EXCHANGE_MAX)
		why = "num_sends or num_recvs is above 1024";
	else if (x->num_returns > HOMA_EXCHANGE_RETURNS_MAX)
		why = "num_returns is above 16384";
	else if (x->timeout_ns < -1)
		why = "timeout_ns is below -1";
	else if (x->flags & HOMA_EXCHANGE_CALL &&
		 (x->num_sends != 1 || x->num_recvs != 1 || x->id))
		why = "HOMA_EXCHANGE_CALL needs one message out, one in, and no id";
	return why ? explain(hsk, -EINVAL, why) : 0;
}

/* @want: what is asked for.  @did: its counts say what was done. */
static int exchange(struct socket *sock, const struct homa_exchange *want,
		    struct homa_exchange *did)
{
	struct patience patience __uninitialized;
	struct homa_sock *hsk = homa_sk(sock->sk);
	u64 id = want->id;
	bool busy = false;
	int err;

	err = check(hsk, want);
	set_patience(&patience, sock, want->timeout_ns);
	if (!err && (want->num_returns || want->num_recvs))
		err = homa_deliver_check(hsk);
	if (!err && want->num_returns)
		err = take_returns(hsk, want, did);
	if (!err && want->num_sends)
		err = send_all(sock, want, did, &patience, &id, &busy);
	if (!err && want->num_recvs)
		err = receive_all(sock, want, did, id, busy,
				  left(&patience, sock_rcvtimeo(sock->sk, false)));
	return err;
}

/**
 * homa_exchange() - ioctl HOMAIOCEXCHANGE
 * @sock: socket
 * @user: what to send and to receive
 *
 * Context: process.
 * Return: 0, or a negative errno; unless that is because of @user itself, the counts
 * there say what was done.
 */
int homa_exchange(struct socket *sock, struct homa_exchange __user *user)
{
	struct homa_exchange want __uninitialized;
	struct homa_exchange did __uninitialized;
	int err;

	if (copy_from_user(&want, user, sizeof(want)))
		return -EFAULT;
	did.num_sends = 0;
	did.num_recvs = 0;
	did.num_returns = want.num_returns;
	err = exchange(sock, &want, &did);
	/* Usually all was done. */
	if ((did.num_sends != want.num_sends && put_user(did.num_sends, &user->num_sends)) ||
	    (did.num_recvs != want.num_recvs && put_user(did.num_recvs, &user->num_recvs)) ||
	    (did.num_returns != want.num_returns &&
	     put_user(did.num_returns, &user->num_returns)))
		return -EFAULT;
	return err;
}
