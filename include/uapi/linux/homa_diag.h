/* SPDX-License-Identifier: ((GPL-2.0-or-later WITH Linux-syscall-note) OR BSD-2-Clause) */
/*
 * Homa sockets and their RPCs through sock_diag(7): requests are struct
 * inet_diag_req_v2 with sdiag_protocol 146, answers struct inet_diag_msg.
 *
 * Who asks for INET_DIAG_INFO gets that attribute with struct homa_diag_info;
 * with CAP_NET_ADMIN in the network namespace also HOMA_DIAG_RPCS.  A socket
 * with more RPCs than fit comes again, in a message of its own that has the
 * same cookie and the next RPCs.  RPCs that begin or end meanwhile may be
 * missing or come twice.
 *
 * The structures may grow at their ends, and in attributes they are aligned to
 * 4 bytes only: a reader copies the length of the attribute or the size that it
 * knows, whichever is less.
 */
#ifndef _UAPI_LINUX_HOMA_DIAG_H
#define _UAPI_LINUX_HOMA_DIAG_H

#include <linux/types.h>

/* Attributes beside INET_DIAG_*, far from those. */
enum {
	HOMA_DIAG_RPCS = 146,	/* nested: HOMA_DIAG_RPC, oldest first */
};

/* In HOMA_DIAG_RPCS. */
enum {
	HOMA_DIAG_RPC = 1,	/* struct homa_diag_rpc */
};

/* homa_diag_info.flags */
#define HOMA_DIAG_SERVER	(1 << 0)	/* accepts requests */

/**
 * struct homa_diag_info - a socket
 * @client_rpcs: RPCs that it sent the requests of
 * @server_rpcs: RPCs that it received the requests of
 * @ready: RPCs with something for a receiver that names no id
 * @flags: HOMA_DIAG_SERVER
 * @rpc_limit: with so many RPCs it accepts no request (net.homa.rpc_sock_max)
 * @rx_memory: memory of received packets and of server RPCs, bytes
 * @tx_memory: memory of outgoing messages, bytes
 * @tx_limit: with so much of it sendmsg() waits (SO_SNDBUF)
 * @region_bytes: size of the receive region, whole bpages; 0 = none
 * @region_free: bytes of it that are free
 */
struct homa_diag_info {
	__u32 client_rpcs;
	__u32 server_rpcs;
	__u32 ready;
	__u32 flags;
	__u32 rpc_limit;
	__u32 rx_memory;
	__u64 tx_memory;
	__u64 tx_limit;
	__u64 region_bytes;
	__u64 region_free;
};

/* homa_diag_rpc.flags */
#define HOMA_DIAG_RPC_PRIVATE	(1 << 0)	/* for a receiver that names the id */
#define HOMA_DIAG_RPC_STALLED	(1 << 1)	/* waits for room in the region */
#define HOMA_DIAG_RPC_TX	(1 << 2)	/* the tx_ members are valid */
#define HOMA_DIAG_RPC_RX	(1 << 3)	/* the rx_ members are valid */
#define HOMA_DIAG_RPC_PACED	(1 << 4)	/* waits for its turn on our own link */

/**
 * struct homa_diag_rpc - an RPC of a socket
 * @id: even: our socket is the client
 * @age_ns: since it was made
 * @peer: the other host; IPv4 addresses are v4-mapped
 * @peer_scope: device of a link-local address, else 0
 * @peer_port: network byte order
 * @state: HOMA_RPC_STATE_*, see <linux/homa_netlink.h>
 * @flags: HOMA_DIAG_RPC_*
 * @error: errno that waits for the application, 0 = none
 * @tx_length: bytes of the outgoing message
 * @tx_sent: of these, given to the device
 * @tx_granted: of these, allowed to be sent
 * @rx_length: bytes of the incoming message
 * @rx_received: of these, here
 * @rx_granted: of these, allowed to the peer
 * @rx_gaps: ranges missing before the last byte that is here
 * @silent_ns: since the other host showed life, or last had no reason to
 * @resends: how often it was asked in vain for what is missing, meanwhile
 * @reserved: 0
 */
struct homa_diag_rpc {
	__u64 id;
	__u64 age_ns;
	__u8 peer[16];
	__u32 peer_scope;
	__be16 peer_port;
	__u8 state;
	__u8 flags;
	__u32 error;
	__u32 tx_length;
	__u32 tx_sent;
	__u32 tx_granted;
	__u32 rx_length;
	__u32 rx_received;
	__u32 rx_granted;
	__u32 rx_gaps;
	__u64 silent_ns;
	__u32 resends;
	__u32 reserved;
};

#endif /* _UAPI_LINUX_HOMA_DIAG_H */
