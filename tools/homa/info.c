// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * info.c - ask the kernel through the generic-netlink family "homa"
 */
#include <errno.h>
#include <linux/homa_netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "info.h"
#include "message.h"

/**
 * struct info - a connection
 * @sk: netlink socket
 * @family: number of the family in this kernel
 */
struct info {
	struct nl_sock *sk;
	int family;
};

/**
 * struct dump - an answer being collected
 * @parse: reads one entry
 * @size: bytes of an entry
 * @entries: those read so far
 * @count: how many
 * @room: how many fit
 */
struct dump {
	bool (*parse)(struct nlattr *attrs, int bytes, void *entry);
	size_t size;
	char *entries;
	size_t count;
	size_t room;
};

static int no_family(int err)
{
	if (err != -NLE_OBJ_NOTFOUND) {
		complain("generic netlink: %s", nl_geterror(err));
		return TOOL_FAILED;
	}
	complain("this kernel knows no Homa: the module homa is not loaded");
	hint("modprobe homa   (homa doctor tells why if that fails)");
	return TOOL_NO_HOMA;
}

/**
 * info_open() - connect to the kernel
 * @info: result, for info_close(); NULL on failure
 *
 * Return: TOOL_OK, or why not.
 */
int info_open(struct info **info)
{
	struct info *new = calloc(1, sizeof(*new));
	int err;

	*info = NULL;
	if (new)
		new->sk = nl_socket_alloc();
	if (!new || !new->sk) {
		free(new);
		complain("out of memory");
		return TOOL_FAILED;
	}
	err = genl_connect(new->sk);
	new->family = err ? err : genl_ctrl_resolve(new->sk, HOMA_FAMILY_NAME);
	if (new->family < 0) {
		err = new->family;
		info_close(new);
		return no_family(err);
	}
	/* Large dumps must not overrun the socket. */
	nl_socket_set_buffer_size(new->sk, 1 << 20, 0);
	*info = new;
	return TOOL_OK;
}

/**
 * info_close() - disconnect
 * @info: connection, or NULL
 */
void info_close(struct info *info)
{
	if (!info)
		return;
	nl_socket_free(info->sk);
	free(info);
}

static int collect(struct nl_msg *msg, void *arg)
{
	struct genlmsghdr *genl = nlmsg_data(nlmsg_hdr(msg));
	struct dump *dump = arg;
	char *entry;

	if (dump->count == dump->room) {
		dump->room = dump->room ? 2 * dump->room : 64;
		entry = reallocarray(dump->entries, dump->room, dump->size);
		if (!entry)
			return -NLE_NOMEM;
		dump->entries = entry;
	}
	entry = dump->entries + dump->count * dump->size;
	memset(entry, 0, dump->size);
	/* What cannot be read is passed over: a newer kernel may say more. */
	if (dump->parse(genlmsg_attrdata(genl, 0), genlmsg_attrlen(genl, 0), entry))
		dump->count++;
	return NL_OK;
}

static int refused(int err)
{
	if (err == -NLE_PERM) {
		complain("only root may ask for this (CAP_NET_ADMIN in the network namespace)");
		hint("sudo %s", message_name());
		return TOOL_NO_PERMISSION;
	}
	complain("the kernel's answer: %s", nl_geterror(err));
	return TOOL_FAILED;
}

/* Ask for all entries of a kind. */
static int ask(struct info *info, int cmd, struct dump *dump)
{
	struct nl_msg *msg = nlmsg_alloc();
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int err = -NLE_NOMEM;

	if (msg && cb &&
	    genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, info->family, 0, NLM_F_DUMP,
			(uint8_t)cmd, HOMA_FAMILY_VERSION)) {
		nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, collect, dump);
		err = nl_send_auto(info->sk, msg);
		if (err >= 0)
			err = nl_recvmsgs(info->sk, cb);
	}
	if (cb)
		nl_cb_put(cb);
	nlmsg_free(msg);
	if (err >= 0)
		return TOOL_OK;
	free(dump->entries);
	dump->entries = NULL;
	dump->count = 0;
	return refused(err);
}

/**
 * info_socks() - all sockets of the namespace
 * @info: connection
 * @socks: result, for free()
 * @count: number of them
 *
 * Return: TOOL_OK, or why not.
 */
int info_socks(struct info *info, struct info_sock **socks, size_t *count)
{
	struct dump dump = { .parse = info_parse_sock, .size = sizeof(**socks) };
	int rc = ask(info, HOMA_CMD_SOCKET_GET, &dump);

	*socks = (void *)dump.entries;
	*count = dump.count;
	return rc;
}

/**
 * info_rpcs() - all RPCs of the namespace
 * @info: connection
 * @rpcs: result, for free()
 * @count: number of them
 *
 * Return: TOOL_OK, or why not.
 */
int info_rpcs(struct info *info, struct info_rpc **rpcs, size_t *count)
{
	struct dump dump = { .parse = info_parse_rpc, .size = sizeof(**rpcs) };
	int rc = ask(info, HOMA_CMD_RPC_GET, &dump);

	*rpcs = (void *)dump.entries;
	*count = dump.count;
	return rc;
}

/**
 * info_peers() - all hosts that the namespace remembers
 * @info: connection
 * @peers: result, for free()
 * @count: number of them
 *
 * Return: TOOL_OK, or why not.
 */
int info_peers(struct info *info, struct info_peer **peers, size_t *count)
{
	struct dump dump = { .parse = info_parse_peer, .size = sizeof(**peers) };
	int rc = ask(info, HOMA_CMD_PEER_GET, &dump);

	*peers = (void *)dump.entries;
	*count = dump.count;
	return rc;
}

/**
 * info_params() - all parameters of the namespace
 * @info: connection
 * @params: result, for free()
 * @count: number of them
 *
 * Return: TOOL_OK, or why not.
 */
int info_params(struct info *info, struct info_param **params, size_t *count)
{
	struct dump dump = { .parse = info_parse_param, .size = sizeof(**params) };
	int rc = ask(info, HOMA_CMD_PARAM_GET, &dump);

	*params = (void *)dump.entries;
	*count = dump.count;
	return rc;
}

/**
 * info_param_set() - change a parameter
 * @info: connection
 * @param: its name and values
 *
 * Return: TOOL_OK, or why not.
 */
int info_param_set(struct info *info, const struct info_param *param)
{
	struct nl_msg *msg = nlmsg_alloc();
	int err = -NLE_NOMEM;
	unsigned int i;

	if (msg && genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, info->family, 0, 0,
			       HOMA_CMD_PARAM_SET, HOMA_FAMILY_VERSION)) {
		err = nla_put_string(msg, HOMA_A_PARAM_NAME, param->name);
		for (i = 0; !err && i < param->num_values; i++)
			err = nla_put_s32(msg, HOMA_A_PARAM_VALUE, param->values[i]);
		if (!err)
			err = nl_send_auto(info->sk, msg);
		if (err >= 0)
			err = nl_wait_for_ack(info->sk);
	}
	nlmsg_free(msg);
	if (err >= 0)
		return TOOL_OK;
	if (err == -NLE_INVAL) {
		complain("%s: the value contradicts another parameter", param->name);
		hint("man 7 homa, section SYSCTLS, tells which ones belong together");
		return TOOL_FAILED;
	}
	return refused(err);
}
