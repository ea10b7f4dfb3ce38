/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Windows that follow the network.  Included by homa.h.
 */
#ifndef HOMA_KMOD_TUNE_H
#define HOMA_KMOD_TUNE_H

/**
 * struct homa_tuned - what was found for a host
 * @rtt: round-trip time
 * @known: it was measured lately
 * @unsched_bytes: sent to it without GRANT
 * @window: granted to it, if it is the only one
 */
struct homa_tuned {
	struct homa_rtt rtt;
	bool known;
	u32 unsched_bytes;
	u32 window;
};

void homa_tune_rtt(struct homa_peer *peer, u64 rtt_ns, u64 now_ns);
void homa_tune_arrived_locked(struct homa_rpc *rpc, u32 received,
			      const struct homa_settings *s, u64 now_ns);
void homa_tune_unsched_locked(struct homa_rpc *rpc,
			      const struct homa_settings *s, u64 now_ns);
void homa_tune_get(struct homa_peer *peer, struct homa_tuned *t);

#endif /* HOMA_KMOD_TUNE_H */
