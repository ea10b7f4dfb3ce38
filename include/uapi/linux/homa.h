/* SPDX-License-Identifier: ((GPL-2.0-or-later WITH Linux-syscall-note) OR BSD-2-Clause) */
/*
 * The Homa socket interface: remote procedure calls over datagram sockets.
 *
 * Documentation
 * =============
 *
 * A Homa socket carries RPCs. A client sends a request message, the server
 * answers it with one response message; each is 1 to HOMA_MAX_MESSAGE_LENGTH
 * bytes long and is delivered whole or not at all. There are no connections:
 * one socket talks to any number of peers, as client and server at once.
 *
 *    fd = socket(AF_INET or AF_INET6, SOCK_DGRAM, IPPROTO_HOMA);
 *
 * A new socket is a client with an automatic port (HOMA_MIN_DEFAULT_PORT and
 * above). bind() to a port from 1 to HOMA_MIN_DEFAULT_PORT - 1 makes it a
 * server: it then accepts requests. The address given to bind() is ignored.
 *
 * All addresses inside these structures are 64-bit integers, never pointers,
 * and every structure has the same size and layout on 32-bit and 64-bit ABIs.
 * Members are in host byte order, but for socket addresses. Members named
 * "reserved" or "_pad" must be zero, or the call fails with EINVAL.
 *
 * Receive region: setsockopt(fd, IPPROTO_HOMA, SO_HOMA_RCVBUF)
 * ------------------------------------------------------------
 *
 * Takes a struct homa_rcvbuf_args and must come before the first message.
 * The region is where incoming messages are put. It can be set once; what
 * SO_HOMA_RCVBUF_MOVE does is below:
 *
 *    start:  address of writable memory, page aligned (mmap() it). The first
 *            16 bytes of the region may be overwritten by this call.
 *    length: bytes; at least (CPUs of the machine) * HOMA_BPAGE_SIZE + 2000000
 *            and at most 4 GiB. It is rounded down to whole bpages.
 *
 * getsockopt() returns the address and the rounded length, or 0 and 0.
 *
 * The address is used in the memory of the process that calls recvmsg(). For
 * another one than that which set the region this is so only if the latter
 * might write to its memory anyway, as by ptrace(); otherwise recvmsg() fails
 * with EPERM.
 *
 * SO_HOMA_RCVBUF_MOVE takes the same structure, with the same errors, and
 * replaces a region by another one that is at least as long, or the same one
 * after mremap(). Buffers keep their offsets, in the new region. A call of
 * recvmsg() that runs meanwhile may still write to the old one. It is not in
 * HomaModule, where the option is unknown (ENOPROTOOPT).
 *
 * Accepting requests: setsockopt(fd, IPPROTO_HOMA, SO_HOMA_SERVER)
 * ----------------------------------------------------------------
 *
 * Takes an int: non-zero accepts incoming requests, 0 rejects them. bind() to
 * a non-zero port turns it on. getsockopt() returns 0 or 1.
 *
 * Sending: sendmsg()
 * ------------------
 *
 *    msg_name, msg_namelen: where to. A sockaddr_in on AF_INET sockets, a
 *            sockaddr_in6 on AF_INET6 sockets; a v4-mapped address uses IPv4.
 *    msg_iov, msg_iovlen: the message.
 *    msg_control: address of a struct homa_sendmsg_args, in and out.
 *    msg_controllen: 0! The structure is not a list of control headers, and a
 *            different length makes the call fail with EINVAL.
 *
 *    id:     0 sends a new request; its id (even) is returned here. Otherwise
 *            it is the id (odd) of a request received before, and the message
 *            is the response to it; send it to the address which recvmsg()
 *            returned with the request.
 *    completion_cookie: requests: any value; recvmsg() returns it together
 *            with the response. Responses: 0.
 *    flags:  0 or HOMA_SENDMSG_PRIVATE (requests only): the response is given
 *            only to a recvmsg() which names this id.
 *
 * Returns 0, not a count of bytes. Success means that the message was copied
 * and queued; for a response it says nothing about the fate of the RPC, and is
 * returned too if the client has meanwhile given up.
 *
 * Receiving: recvmsg()
 * --------------------
 *
 *    msg_name, msg_namelen: optional, receives the address of the peer.
 *    msg_iov: unused.
 *    msg_control: address of a struct homa_recvmsg_args, in and out.
 *    msg_controllen: sizeof(struct homa_recvmsg_args). The socket layer sets
 *            it to 0, so it (like msg_namelen) has to be set for each call.
 *
 *    id:     in: 0 takes any request or any response that is not private,
 *            else the id of one private request of ours. out: the RPC that the
 *            message belongs to; even for a response, odd for a request.
 *    completion_cookie: out: the cookie of the request, 0 for requests.
 *    num_bpages: in: number of bpage_offsets which are given back to the
 *            kernel, at most HOMA_MAX_BPAGES. out: number of bpage_offsets
 *            that hold the message.
 *    bpage_offsets: in: as returned by earlier calls, each exactly once, in
 *            any order and from any message. They are given back even if the
 *            call fails afterwards, as with MSG_DONTWAIT and EAGAIN. out: where
 *            the message is:
 *
 *               byte i is at  start + bpage_offsets[i >> HOMA_BPAGE_SHIFT]
 *                                   + (i & (HOMA_BPAGE_SIZE - 1))
 *
 *            Each entry lies within one bpage; all but the last are whole
 *            bpages. The memory is ours until it is given back.
 *
 * Returns the length of the message. If it fails with an id other than 0
 * (and, for a private wait, with the error of the RPC), then this request of
 * ours is finished, without a response, for the reason in errno: ETIMEDOUT
 * (peer silent), ENOTCONN (nobody listens there), EHOSTUNREACH,
 * EPROTONOSUPPORT (peer has no Homa), or the value given to HOMAIOCABORT.
 *
 * A server has to answer every request that it receives, with sendmsg().
 *
 * ioctl()
 * -------
 *
 * HOMAIOCABORT ends requests of ours; servers are not told.
 *
 *    id:     which one, or 0 for all of this socket.
 *    error:  a positive errno, which recvmsg() then returns for the RPC; or 0,
 *            and recvmsg() will never return it.
 *
 * HOMAIOCINFO describes the socket and its RPCs, in a struct homa_info:
 *
 *    rpc_info, rpc_info_length: in: address and bytes of an array of struct
 *            homa_rpc_info, or 0. As many whole entries as fit are written,
 *            oldest RPC first.
 *    num_rpcs: out: number of RPCs, which may be more than fit.
 *    error_msg: out: what was wrong with the last call that failed, as text.
 *
 * HOMAIOCFREEZE takes no argument and stops the kernel's trace buffer, if it
 * has one. All other requests fail with EINVAL.
 *
 * Sending and receiving with one call: HOMAIOCEXCHANGE
 * ----------------------------------------------------
 *
 * Sends any number of messages, then waits for one and takes as many as there
 * are, up to a given number. It does what sendmsg() and recvmsg() do, with
 * fewer system calls and less to copy: a server sends its response and waits
 * for the next request, a client sends a request and waits for the response.
 * It is not in HomaModule, where the request is unknown (EINVAL).
 *
 *    sends, num_sends: in: messages to be sent, in this order, at most
 *            HOMA_EXCHANGE_MAX. out: how many were sent. Requests and
 *            responses may be mixed. The ids of requests are returned in them.
 *    recvs, num_recvs: in: room for messages that were received, at most
 *            HOMA_EXCHANGE_MAX; 0 = do not receive. out: how many were.
 *            The error of one of our RPCs is an element, too, with the errno in
 *            "error".
 *    returns, num_returns: in: bpage_offsets that are given back, before
 *            anything else, at most HOMA_EXCHANGE_RETURNS_MAX. out: num_returns
 *            is how many were not, the last ones; after EINVAL because of one
 *            that is not ours to give it is the first of these.
 *    id:     in: 0 takes any request or any response that is not private, else
 *            the id of one private request of ours.
 *    flags:  HOMA_EXCHANGE_CALL: the first message to be sent is a request that
 *            is private, and its response is what is received. id is 0 and
 *            num_sends and num_recvs are 1.
 *    timeout_ns: how long to wait for room to send and for the first message
 *            together, rounded up to ticks of the kernel; 0 = do not wait; -1 =
 *            as sendmsg() and recvmsg() would (SO_SNDTIMEO, SO_RCVTIMEO). With
 *            O_NONBLOCK nothing is waited for.
 *
 * A received message that is not longer than the room at "data" is copied
 * there. Otherwise, for example with room 0, it is in the receive region as
 * with recvmsg(), and num_bpages is not 0.
 *
 * The counts are valid whatever is returned, except EFAULT for the structure
 * itself. It fails as sendmsg() does if a message cannot be sent; the ones
 * before it were, and nothing was received. If all were sent, it fails as
 * recvmsg() does if nothing can be received: with EAGAIN when the time is over,
 * EINTR after a signal. With HOMA_EXCHANGE_CALL the request is then still under
 * way, and its id is in it, if num_sends is 1: wait for it again with "id", or end
 * it with HOMAIOCABORT.
 */

#ifndef _UAPI_LINUX_HOMA_H
#define _UAPI_LINUX_HOMA_H

#include <linux/ioctl.h>
#include <linux/socket.h>
#include <linux/types.h>
#ifndef __KERNEL__
#include <sys/socket.h>		/* for struct sockaddr_storage */
#endif

/* Both the socket protocol and the protocol number in IP headers. It is also
 * the level for getsockopt() and setsockopt().
 */
#ifndef IPPROTO_HOMA
#define IPPROTO_HOMA 146
#endif

/* Longest request or response: decimal, not a power of two. */
#define HOMA_MAX_MESSAGE_LENGTH 1000000

/* The receive region is an array of buffer pages ("bpages"). */
#define HOMA_BPAGE_SHIFT 16
#define HOMA_BPAGE_SIZE (1 << HOMA_BPAGE_SHIFT)

/* Most bpages that one message can occupy. */
#define HOMA_MAX_BPAGES \
	((HOMA_MAX_MESSAGE_LENGTH + HOMA_BPAGE_SIZE - 1) >> HOMA_BPAGE_SHIFT)

/* Ports from here to 65535 are given to sockets automatically; smaller ones
 * are for bind().
 */
#define HOMA_MIN_DEFAULT_PORT 0x8000

/* Socket options, level IPPROTO_HOMA. */
#define SO_HOMA_RCVBUF 10	/* struct homa_rcvbuf_args */
#define SO_HOMA_SERVER 11	/* int */
#define SO_HOMA_RCVBUF_MOVE 32	/* struct homa_rcvbuf_args */

/**
 * struct homa_rcvbuf_args - argument of SO_HOMA_RCVBUF, SO_HOMA_RCVBUF_MOVE
 * @start:  address of the first byte of the region
 * @length: bytes of the region
 */
struct homa_rcvbuf_args {
	__u64 start;
	__u64 length;
};

/* Bits of homa_sendmsg_args.flags. */
#define HOMA_SENDMSG_PRIVATE 0x01	/* response only to recvmsg() with id */
#define HOMA_SENDMSG_VALID_FLAGS 0x01	/* all other bits must be 0 */

/**
 * struct homa_sendmsg_args - msg_control of sendmsg() (msg_controllen is 0)
 * @id:                in: 0 = new request, else respond to this; out: id
 * @completion_cookie: in: requests: returned with the response; responses: 0
 * @flags:             in: HOMA_SENDMSG_* bits
 * @reserved:          in: 0
 */
struct homa_sendmsg_args {
	__u64 id;
	__u64 completion_cookie;
	__u32 flags;
	__u32 reserved;
};

/**
 * struct homa_recvmsg_args - msg_control of recvmsg()
 * @id:                in: 0 = any, else one private RPC; out: RPC delivered
 * @completion_cookie: out: cookie of our request, 0 for incoming requests
 * @num_bpages:        in: buffers given back; out: buffers of the message
 * @reserved:          in: 0
 * @bpage_offsets:     in, out: offsets from the start of the receive region
 */
struct homa_recvmsg_args {
	__u64 id;
	__u64 completion_cookie;
	__u32 num_bpages;
	__u32 reserved;
	__u32 bpage_offsets[HOMA_MAX_BPAGES];
};

/**
 * struct homa_abort_args - argument of HOMAIOCABORT
 * @id:    request to end, 0 = all requests of this socket
 * @error: errno for recvmsg() to return, 0 = recvmsg() never returns it
 * @_pad1: 0
 * @_pad2: 0
 */
struct homa_abort_args {
	__u64 id;
	__s32 error;
	__u32 _pad1;
	__u64 _pad2[2];
};

/* Bits of homa_rpc_info.flags. */
#define HOMA_RPC_BUF_STALL 1	/* waits for space in the receive region */
#define HOMA_RPC_PRIVATE 2	/* sent with HOMA_SENDMSG_PRIVATE */
#define HOMA_RPC_RX_READY 4	/* whole, in the region, not yet received */
#define HOMA_RPC_RX_COPY 8	/* has packets not yet copied to the region */

/**
 * struct homa_rpc_info - one RPC, as described by HOMAIOCINFO
 * @id:                even = we are the client, odd = the server
 * @peer:              the other end; sockaddr_in or sockaddr_in6, as the socket
 * @completion_cookie: cookie of our request, 0 for incoming requests
 * @tx_length:         bytes of our message, -1 = none yet
 * @tx_sent:           bytes of it that were given to IP
 * @tx_granted:        bytes of it that we may send
 * @tx_prio:           priority at which we may send it
 * @rx_length:         bytes of the peer's message, -1 = nothing came yet
 * @rx_remaining:      bytes of it that have not arrived
 * @rx_gaps:           holes in what has arrived
 * @rx_gap_bytes:      bytes in these holes
 * @rx_granted:        bytes of it that the peer may send
 * @flags:             HOMA_RPC_* bits
 * @_pad:              0
 */
struct homa_rpc_info {
	__u64 id;
	struct sockaddr_storage peer;
	__u64 completion_cookie;
	__s32 tx_length;
	__u32 tx_sent;
	__u32 tx_granted;
	__u32 tx_prio;
	__s32 rx_length;
	__u32 rx_remaining;
	__u32 rx_gaps;
	__u32 rx_gap_bytes;
	__u32 rx_granted;
	__u16 flags;
	__u16 _pad;
};

#define HOMA_ERROR_MSG_SIZE 104

/**
 * struct homa_info - argument of HOMAIOCINFO
 * @rpc_info:          in: address of an array of struct homa_rpc_info, or 0
 * @rpc_info_length:   in: bytes of this array
 * @bpool_avail_bytes: out: free bytes in the receive region, 0 without one
 * @port:              out: port of the socket
 * @num_rpcs:          out: RPCs of the socket; may exceed the array
 * @error_msg:         out: why the last failing call failed, "" = none did
 */
struct homa_info {
	__u64 rpc_info;
	__u64 rpc_info_length;
	__u64 bpool_avail_bytes;
	__u32 port;
	__u32 num_rpcs;
	char error_msg[HOMA_ERROR_MSG_SIZE];
};

/* Room for a sockaddr_in or a sockaddr_in6. */
union homa_address {
	struct sockaddr sa;
	__u32 words[7];
};

/**
 * struct homa_send - a message that HOMAIOCEXCHANGE sends
 * @id:                in: 0 = new request, else respond to this; out: id
 * @completion_cookie: in: requests: returned with the response; responses: 0
 * @data:              in: address of the message
 * @length:            in: its bytes
 * @flags:             in: HOMA_SENDMSG_* bits
 * @to:                in: where to; sa_family AF_UNSPEC = where connect() said
 * @reserved:          in: 0
 */
struct homa_send {
	__u64 id;
	__u64 completion_cookie;
	__u64 data;
	__u32 length;
	__u32 flags;
	union homa_address to;
	__u32 reserved;
};

/**
 * struct homa_recv - a message that HOMAIOCEXCHANGE received
 * @id:                out: RPC delivered; even for a response, odd for a request
 * @completion_cookie: out: cookie of our request, 0 for incoming requests
 * @data:              in: address of room for the message
 * @room:              in: its bytes; 0 = into the receive region
 * @length:            out: bytes of the message; 0 if the RPC failed
 * @error:             out: 0, or why the RPC failed
 * @num_bpages:        out: buffers of the message, 0 = it is at @data
 * @from:              out: the peer
 * @reserved:          in: 0
 * @bpage_offsets:     out: @num_bpages offsets from the start of the region
 */
struct homa_recv {
	__u64 id;
	__u64 completion_cookie;
	__u64 data;
	__u32 room;
	__u32 length;
	__s32 error;
	__u32 num_bpages;
	union homa_address from;
	__u32 reserved;
	__u32 bpage_offsets[HOMA_MAX_BPAGES];
};

/* Most messages that one HOMAIOCEXCHANGE sends, and receives. */
#define HOMA_EXCHANGE_MAX 1024

/* Most buffers that one HOMAIOCEXCHANGE takes back. */
#define HOMA_EXCHANGE_RETURNS_MAX 16384

/* Bits of homa_exchange.flags. */
#define HOMA_EXCHANGE_CALL 1	/* receive the response to the request sent */

/**
 * struct homa_exchange - argument of HOMAIOCEXCHANGE
 * @sends:       in: address of an array of struct homa_send
 * @recvs:       in: address of an array of struct homa_recv
 * @returns:     in: address of an array of bpage_offsets, __u32
 * @id:          in: 0 = receive any, else one private RPC
 * @timeout_ns:  in: how long to wait; 0 = not, -1 = as sendmsg() and recvmsg()
 * @num_sends:   in, out: messages to be sent; that were sent
 * @num_recvs:   in, out: room for messages; that were received
 * @num_returns: in, out: buffers to be given back; that are left
 * @flags:       in: HOMA_EXCHANGE_* bits
 */
struct homa_exchange {
	__u64 sends;
	__u64 recvs;
	__u64 returns;
	__u64 id;
	__s64 timeout_ns;
	__u32 num_sends;
	__u32 num_recvs;
	__u32 num_returns;
	__u32 flags;
};

#define HOMAIOCINFO _IOWR('h', 0x90, struct homa_info)
#define HOMAIOCABORT _IOWR('h', 0x91, struct homa_abort_args)
#define HOMAIOCFREEZE _IO('h', 0x92)
#define HOMAIOCEXCHANGE _IOWR('h', 0xa0, struct homa_exchange)

/* Bit of the sysctl net.homa.flags: do not hold back packets to keep the
 * queue of the network device short.
 */
#define HOMA_FLAG_DONT_THROTTLE 2

/* The layout is fixed for ever: a compiler that would lay a structure out
 * differently meets an array of negative size. (No _Static_assert: C90 and
 * C++98 programs may include this file. The arrays do not exist.)
 */
#define _HOMA_SIZE(type, bytes) \
	extern char _homa_size_of_##type[sizeof(struct type) == (bytes) ? 1 : -1]
_HOMA_SIZE(homa_rcvbuf_args, 16);
_HOMA_SIZE(homa_sendmsg_args, 24);
_HOMA_SIZE(homa_recvmsg_args, 88);
_HOMA_SIZE(homa_abort_args, 32);
_HOMA_SIZE(homa_rpc_info, 184);
_HOMA_SIZE(homa_info, 136);
_HOMA_SIZE(homa_send, 64);
_HOMA_SIZE(homa_recv, 136);
_HOMA_SIZE(homa_exchange, 56);
#undef _HOMA_SIZE

#endif /* _UAPI_LINUX_HOMA_H */
