/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Many servers answer one client at once (SIGCOMM '18, "incast").
 *
 * The client knows how many answers may come, the servers do not.  So each request
 * says how many bytes of its response may come without a GRANT, in a byte of
 * the DATA header that others send as 0 and ignore
 * (docs/decisions/0036-incast.md).
 */
#ifndef HOMA_CORE_INCAST_H
#define HOMA_CORE_INCAST_H

#include "port.h"
#include "config.h"

/* What 1 in that byte means. */
#define HOMA_INCAST_UNIT_BYTES	256u

/* No client asks for less: short responses need no GRANT in any case. */
#define HOMA_INCAST_BYTES_MIN	512u

/**
 * homa_incast_peak() - how many requests a client has had outstanding of late
 * @peak: result of the last call, 0 at first
 * @outstanding: requests without response, the new one included
 *
 * Called once for each request.  When fewer are outstanding than once were, the
 * result falls by a part in 64 with each request: the first requests of the
 * next burst are to know that others will follow.
 */
u32 homa_incast_peak(u32 peak, u32 outstanding);

/**
 * homa_incast_limit() - what to put in a request
 * @cfg: incast_bytes and unsched_bytes are used
 * @peak: from homa_incast_peak()
 *
 * All responses together may send incast_bytes unasked.
 *
 * Return: units; 0 = no limit but the server's own.
 */
u8 homa_incast_limit(const struct homa_config *cfg, u32 peak);

/**
 * homa_incast_unsched() - unscheduled bytes of a response
 * @limit: from the request, any value
 * @seg: message bytes of a packet
 * @unsched_bytes: the server's own limit, > 0
 *
 * Return: at most @unsched_bytes; whole packets, if more than one.
 */
u32 homa_incast_unsched(u8 limit, u32 seg, u32 unsched_bytes);

#endif /* HOMA_CORE_INCAST_H */
