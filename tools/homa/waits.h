/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What an RPC waits for, worked out from what the kernel tells about it.
 */
#ifndef HOMA_TOOL_WAITS_H
#define HOMA_TOOL_WAITS_H

#include "info.h"

/* As in <linux/homa_netlink.h>. */
#define WAITS_OUTGOING		0
#define WAITS_INCOMING		1
#define WAITS_IN_SERVICE	2

/**
 * enum waits - what an RPC waits for
 * @WAITS_READER: the application, which has to read a message or an error
 * @WAITS_APPLICATION: the application, which has to answer
 * @WAITS_LINK: room on our own link (pacing)
 * @WAITS_SENDING: nothing: it is being sent
 * @WAITS_GRANTS: permission of the receiver to send more
 * @WAITS_RESPONSE: the response, of which nothing has come
 * @WAITS_DATA: more of the incoming message, which the peer may send
 * @WAITS_OUR_GRANTS: us, to let the peer send more: others are served first
 * @WAITS_BUFFERS: free receive buffers
 * @WAITS_ACK: the client's word that it has the response
 */
enum waits {
	WAITS_READER,
	WAITS_APPLICATION,
	WAITS_LINK,
	WAITS_SENDING,
	WAITS_GRANTS,
	WAITS_RESPONSE,
	WAITS_DATA,
	WAITS_OUR_GRANTS,
	WAITS_BUFFERS,
	WAITS_ACK,
};

/** Room for the text of waits_text(). */
#define WAITS_MAX	96

enum waits waits_for(const struct info_rpc *rpc);
bool waits_for_peer(const struct info_rpc *rpc);
const char *waits_word(enum waits waits);
const char *waits_state(uint8_t state);
const char *waits_text(const struct info_rpc *rpc, char text[WAITS_MAX]);

#endif /* HOMA_TOOL_WAITS_H */
