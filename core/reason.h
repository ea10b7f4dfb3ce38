/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Why a packet was not used.  One list; names and counters are generated.
 */
#ifndef HOMA_CORE_REASON_H
#define HOMA_CORE_REASON_H

/* X(name, description) */
#define HOMA_REASONS(X)							\
	X(NONE, "used")							\
	X(TOO_SHORT, "shorter than the header of its type")		\
	X(BAD_TYPE, "type outside 0x10-0x18")				\
	X(BAD_PORT, "source or destination port is zero")		\
	X(BAD_LENGTH, "message length is zero or above the maximum")	\
	X(BAD_RANGE, "data outside the message")			\
	X(NO_DATA, "DATA packet without data")				\
	X(LENGTH_CHANGED, "message length differs from the first packet") \
	X(DUPLICATE, "nothing new in the packet")			\
	X(GAPS_FULL, "too many holes in the message")			\
	X(NO_BUFFER, "no receive buffer for the message")		\
	X(WRONG_STATE, "the RPC is in a state that has no use for it")	\
	X(WRONG_ROLE, "sent to the wrong side of the RPC")		\
	X(UNKNOWN_RPC, "no such RPC")					\
	X(FINISHED_RPC, "request of an RPC that was executed before")	\
	X(NO_SOCKET, "no socket owns the port")				\
	X(NOT_SERVER, "the socket does not accept requests")		\
	X(WRONG_FAMILY, "IPv6 packet for an IPv4 socket")		\
	X(POLICY, "refused by an IPsec policy")				\
	X(FILTER, "refused by a socket, control group or LSM filter")	\
	X(NO_MEMORY, "out of memory or above a limit")			\
	X(IGNORED, "a kind of packet that this host does not act on")

enum homa_reason {
#define HOMA_REASON_ENUM(name, text) HOMA_REASON_##name,
	HOMA_REASONS(HOMA_REASON_ENUM)
#undef HOMA_REASON_ENUM
	HOMA_REASON_COUNT
};

#endif /* HOMA_CORE_REASON_H */
