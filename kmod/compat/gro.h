/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* GRO of older kernels, for gro.c. */
#ifndef HOMA_COMPAT_GRO_H
#define HOMA_COMPAT_GRO_H

#include <net/gro.h>

/* Bytes between the network header and the transport header of @skb. */
static inline u32 homa_gro_ip_len(const struct sk_buff *skb)
{
#ifdef HOMA_HAVE_GRO_NETWORK_OFFSET
	return skb_gro_offset(skb) - skb_gro_receive_network_offset(skb);
#else
	return skb_gro_offset(skb) - skb_network_offset(skb);
#endif
}

#endif /* HOMA_COMPAT_GRO_H */
