// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * t_netlink - talks to the generic-netlink family "homa"
 *
 *    t_netlink counter-get | socket-get | rpc-get [PORT] | peer-get
 *        a line for each entry, name=value for each attribute
 *    t_netlink param-get [NAME]
 *    t_netlink param-set NAME VALUE...
 *    -u  without privileges;  -s  read slowly, in small pieces
 *    -n COUNT  with so many Homa sockets open
 *    -b  send what the policy must refuse instead
 *
 * Without a library, because guests run static programs.  Exit status 1 and
 * "error NUMBER: TEXT" when the kernel refuses.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/homa.h>
#include <linux/homa_netlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum kind { NONE, TEXT, NUMBER, SIGNED, ADDRESS, FLAG };

struct attr_kind {
	const char *name;
	enum kind kind;
};

static const struct attr_kind counter_attrs[HOMA_A_COUNTER_MAX + 1] = {
	[HOMA_A_COUNTER_NAME] = { "name", TEXT },
	[HOMA_A_COUNTER_VALUE] = { "value", NUMBER },
};

static const struct attr_kind socket_attrs[HOMA_A_SOCKET_MAX + 1] = {
	[HOMA_A_SOCKET_PORT] = { "port", NUMBER },
	[HOMA_A_SOCKET_FAMILY] = { "family", NUMBER },
	[HOMA_A_SOCKET_SERVER] = { "server", NUMBER },
	[HOMA_A_SOCKET_UID] = { "uid", NUMBER },
	[HOMA_A_SOCKET_INODE] = { "inode", NUMBER },
	[HOMA_A_SOCKET_RPCS] = { "rpcs", NUMBER },
	[HOMA_A_SOCKET_TX_BYTES] = { "tx-bytes", NUMBER },
	[HOMA_A_SOCKET_TX_LIMIT] = { "tx-limit", NUMBER },
	[HOMA_A_SOCKET_RX_MEMORY] = { "rx-memory", NUMBER },
	[HOMA_A_SOCKET_REGION_BYTES] = { "region-bytes", NUMBER },
	[HOMA_A_SOCKET_REGION_FREE] = { "region-free", NUMBER },
};

static const struct attr_kind rpc_attrs[HOMA_A_RPC_MAX + 1] = {
	[HOMA_A_RPC_ID] = { "id", NUMBER },
	[HOMA_A_RPC_PORT] = { "port", NUMBER },
	[HOMA_A_RPC_PEER] = { "peer", ADDRESS },
	[HOMA_A_RPC_PEER_PORT] = { "peer-port", NUMBER },
	[HOMA_A_RPC_STATE] = { "state", NUMBER },
	[HOMA_A_RPC_PRIVATE] = { "private", NUMBER },
	[HOMA_A_RPC_STALLED] = { "stalled", NUMBER },
	[HOMA_A_RPC_AGE_NS] = { "age-ns", NUMBER },
	[HOMA_A_RPC_ERROR] = { "error", NUMBER },
	[HOMA_A_RPC_TX_LENGTH] = { "tx-length", NUMBER },
	[HOMA_A_RPC_TX_SENT] = { "tx-sent", NUMBER },
	[HOMA_A_RPC_TX_GRANTED] = { "tx-granted", NUMBER },
	[HOMA_A_RPC_RX_LENGTH] = { "rx-length", NUMBER },
	[HOMA_A_RPC_RX_RECEIVED] = { "rx-received", NUMBER },
	[HOMA_A_RPC_RX_GRANTED] = { "rx-granted", NUMBER },
	[HOMA_A_RPC_RX_GAPS] = { "rx-gaps", NUMBER },
	[HOMA_A_RPC_SILENT_NS] = { "silent-ns", NUMBER },
	[HOMA_A_RPC_RESENDS] = { "resends", NUMBER },
	[HOMA_A_RPC_PACED] = { "paced", NUMBER },
};

static const struct attr_kind peer_attrs[HOMA_A_PEER_MAX + 1] = {
	[HOMA_A_PEER_ADDRESS] = { "address", ADDRESS },
	[HOMA_A_PEER_SCOPE] = { "scope", NUMBER },
	[HOMA_A_PEER_IDLE_MS] = { "idle-ms", NUMBER },
	[HOMA_A_PEER_PENDING_ACKS] = { "pending-acks", NUMBER },
	[HOMA_A_PEER_CUTOFF_VERSION] = { "cutoff-version", NUMBER },
	[HOMA_A_PEER_CUTOFFS] = { "cutoffs", NUMBER },
	[HOMA_A_PEER_SERVER_RPCS] = { "server-rpcs", NUMBER },
	[HOMA_A_PEER_MTU] = { "mtu", NUMBER },
	[HOMA_A_PEER_RTT_NS] = { "rtt-ns", NUMBER },
	[HOMA_A_PEER_RTT_DEV_NS] = { "rtt-dev-ns", NUMBER },
	[HOMA_A_PEER_RTT_MIN_NS] = { "rtt-min-ns", NUMBER },
	[HOMA_A_PEER_UNSCHED_BYTES] = { "unsched-bytes", NUMBER },
	[HOMA_A_PEER_WINDOW] = { "window", NUMBER },
};

static const struct attr_kind param_attrs[HOMA_A_PARAM_MAX + 1] = {
	[HOMA_A_PARAM_NAME] = { "name", TEXT },
	[HOMA_A_PARAM_VALUE] = { "value", SIGNED },
	[HOMA_A_PARAM_MIN_VALUE] = { "min-value", SIGNED },
	[HOMA_A_PARAM_MAX_VALUE] = { "max-value", SIGNED },
	[HOMA_A_PARAM_READ_ONLY] = { "read-only", FLAG },
};

static const struct command {
	const char *name;
	uint8_t cmd;
	const struct attr_kind *attrs;
	unsigned int attrs_max;
} commands[] = {
	{ "counter-get", HOMA_CMD_COUNTER_GET, counter_attrs, HOMA_A_COUNTER_MAX },
	{ "socket-get", HOMA_CMD_SOCKET_GET, socket_attrs, HOMA_A_SOCKET_MAX },
	{ "rpc-get", HOMA_CMD_RPC_GET, rpc_attrs, HOMA_A_RPC_MAX },
	{ "peer-get", HOMA_CMD_PEER_GET, peer_attrs, HOMA_A_PEER_MAX },
	{ "param-get", HOMA_CMD_PARAM_GET, param_attrs, HOMA_A_PARAM_MAX },
	{ "param-set", HOMA_CMD_PARAM_SET, param_attrs, HOMA_A_PARAM_MAX },
};

static int fd;
static bool slow;
static union {
	struct nlmsghdr hdr;
	char bytes[4096];
} request;

static void begin(uint16_t type, uint16_t flags, uint8_t cmd)
{
	struct genlmsghdr *genl = NLMSG_DATA(&request.hdr);

	memset(&request, 0, sizeof(request));
	request.hdr.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	request.hdr.nlmsg_type = type;
	request.hdr.nlmsg_flags = NLM_F_REQUEST | flags;
	request.hdr.nlmsg_seq = 1;
	genl->cmd = cmd;
	genl->version = 1;
}

static void add(uint16_t type, const void *data, size_t bytes)
{
	struct nlattr *attr = (void *)(request.bytes + NLMSG_ALIGN(request.hdr.nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = (uint16_t)(NLA_HDRLEN + bytes);
	memcpy((char *)attr + NLA_HDRLEN, data, bytes);
	request.hdr.nlmsg_len = (uint32_t)(NLMSG_ALIGN(request.hdr.nlmsg_len) +
					   NLA_ALIGN(attr->nla_len));
}

static void print_attr(const struct command *command, const struct nlattr *attr)
{
	unsigned int type = attr->nla_type & NLA_TYPE_MASK;
	const char *data = (const char *)attr + NLA_HDRLEN;
	size_t bytes = attr->nla_len - NLA_HDRLEN;
	const struct attr_kind *kind;
	char text[INET6_ADDRSTRLEN];
	uint64_t number = 0;
	int32_t value;

	if (type > command->attrs_max || !command->attrs[type].name) {
		/* Padding in front of 64-bit values has no data. */
		if (bytes)
			errx(3, "unknown attribute %u", type);
		return;
	}
	kind = &command->attrs[type];
	switch (kind->kind) {
	case TEXT:
		printf("%s=%s ", kind->name, data);
		break;
	case NUMBER:
		/* Little-endian guests only. */
		memcpy(&number, data, bytes);
		printf("%s=%llu ", kind->name, (unsigned long long)number);
		break;
	case SIGNED:
		memcpy(&value, data, sizeof(value));
		printf("%s=%d ", kind->name, value);
		break;
	case ADDRESS:
		if (bytes != 16)
			errx(3, "%s has %zu bytes", kind->name, bytes);
		printf("%s=%s ", kind->name, inet_ntop(AF_INET6, data, text, sizeof(text)));
		break;
	default:
		printf("%s ", kind->name);
	}
}

static uint16_t family_id;

static void print(const struct command *command, const struct nlmsghdr *hdr)
{
	const char *at = (const char *)NLMSG_DATA(hdr) + GENL_HDRLEN;
	const char *end = (const char *)hdr + hdr->nlmsg_len;

	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *attr = (const void *)at;

		if (!command) {
			if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
				memcpy(&family_id, at + NLA_HDRLEN, sizeof(family_id));
		} else {
			print_attr(command, attr);
		}
		at += NLA_ALIGN(attr->nla_len);
	}
	if (command)
		puts("");
}

/* Send the request and read what comes; returns an errno. */
static int talk(const struct command *command)
{
	static char answer[65536];
	size_t room = slow ? 4096 : sizeof(answer);

	if (send(fd, &request, request.hdr.nlmsg_len, 0) < 0)
		err(2, "send");
	for (;;) {
		ssize_t got = recv(fd, answer, room, 0);
		const struct nlmsghdr *hdr = (const void *)answer;

		if (got < 0)
			err(2, "recv");
		if (slow)
			usleep(1000);
		for (; NLMSG_OK(hdr, (uint32_t)got); hdr = NLMSG_NEXT(hdr, got)) {
			const int *error = NLMSG_DATA(hdr);

			if (hdr->nlmsg_type == NLMSG_DONE)
				return -*error;
			if (hdr->nlmsg_type == NLMSG_ERROR)
				return -*error;
			print(command, hdr);
		}
	}
}

static void find_family(void)
{
	begin(GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY);
	add(CTRL_ATTR_FAMILY_NAME, HOMA_FAMILY_NAME, sizeof(HOMA_FAMILY_NAME));
	if (talk(NULL) || !family_id)
		errx(2, "no family %s", HOMA_FAMILY_NAME);
}

static void add_args(const struct command *command, char **args)
{
	uint16_t port;
	int32_t value;

	if (!args[0])
		return;
	if (command->cmd == HOMA_CMD_RPC_GET) {
		port = (uint16_t)atoi(args[0]);
		add(HOMA_A_RPC_PORT, &port, sizeof(port));
		return;
	}
	add(HOMA_A_PARAM_NAME, args[0], strlen(args[0]) + 1);
	while (*++args) {
		value = atoi(*args);
		add(HOMA_A_PARAM_VALUE, &value, sizeof(value));
	}
}

int main(int argc, char **argv)
{
	const struct command *command = NULL;
	bool bad = false, dump;
	size_t i;
	int opt, error;

	while ((opt = getopt(argc, argv, "usbn:")) != -1) {
		for (i = 0; opt == 'n' && i < (size_t)atoi(optarg); i++)
			if (socket(AF_INET, SOCK_DGRAM, IPPROTO_HOMA) < 0)
				err(2, "socket %zu", i);
		if (opt == 'u' && setuid(65534))
			err(2, "setuid");
		slow |= opt == 's';
		bad |= opt == 'b';
	}
	argv += optind;
	for (i = 0; argv[0] && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[0], commands[i].name))
			command = &commands[i];
	if (!command)
		errx(2, "unknown command");

	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	if (fd < 0)
		err(2, "socket");
	find_family();
	dump = command->cmd != HOMA_CMD_PARAM_SET &&
	       (command->cmd != HOMA_CMD_PARAM_GET || !argv[1]);
	begin(family_id, dump ? NLM_F_DUMP : NLM_F_ACK, command->cmd);
	add_args(command, argv + 1);
	if (bad)
		add(99, "x", 2);
	error = talk(command);
	if (error)
		printf("error %d: %s\n", error, strerror(error));
	return error ? 1 : 0;
}
