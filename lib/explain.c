// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Why something failed, in words: the kernel's where it has some, else ours. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "internal.h"

static __thread char explanation[HOMA_ERROR_MSG_SIZE];

const char *homa_explain(void)
{
	return explanation;
}

/**
 * lh_fail() - remember a text of ours
 * @err: -errno
 * @why: the text
 *
 * Return: @err.
 */
int lh_fail(int err, const char *why)
{
	snprintf(explanation, sizeof(explanation), "%s", why);
	return err;
}

/**
 * lh_fail_errno() - remember the kernel's text, right after a failed call on the socket
 * @homa: the handle
 *
 * Another thread's failing call on the same socket can come in between; then the text is
 * that one's.
 *
 * Return: -errno.
 */
int lh_fail_errno(struct homa *homa)
{
	struct homa_info info = { 0 };
	int err = errno;

	if (ioctl(homa->fd, HOMAIOCINFO, &info) == 0 && info.error_msg[0])
		return lh_fail(-err, info.error_msg);
	return lh_fail(-err, strerror(err));
}

/**
 * lh_fail_rpc() - say what an error of an RPC means
 * @err: -errno
 *
 * Return: @err.
 */
int lh_fail_rpc(int err)
{
	switch (err) {
	case -ETIMEDOUT:
		return lh_fail(err, "the server's host is silent");
	case -ENOTCONN:
		return lh_fail(err, "no server listens on that port of the host");
	case -EHOSTUNREACH:
		return lh_fail(err, "the network cannot reach the server's host");
	case -EPROTONOSUPPORT:
		return lh_fail(err, "the server's host does not speak Homa");
	case -EOPNOTSUPP:
		return lh_fail(err, "the server's program does not take large messages");
	case -EMSGSIZE:
		return lh_fail(err, "the message does not fit into large_memory_bytes");
	case -ENOBUFS:
		return lh_fail(err, "large messages hold as much as large_memory_bytes allows");
	case -ECONNRESET:
		return lh_fail(err, "the server has forgotten the transfer");
	case -EPROTO:
		return lh_fail(err, "the server's program does not follow the protocol");
	case -EFAULT:
		return lh_fail(err, "the receive region is not writable");
	default:
		return lh_fail(err, strerror(-err));
	}
}

/**
 * lh_usable() - refuse handles of the parent process, and closed ones
 * @homa: the handle
 *
 * Return: 0 or -errno.
 */
int lh_usable(const struct homa *homa)
{
	if (!*(volatile unsigned char *)homa->alive)
		return lh_fail(-ESTALE, "the handle belongs to the parent process; open one after fork()");
	if (homa->closed)
		return lh_fail(-ESHUTDOWN, "the handle was closed");
	explanation[0] = 0;
	return 0;
}
