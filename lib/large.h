/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Messages of any size: what the files of HOMA_LARGE share. homa_large(7) has
 * the protocol.
 *
 * A client opens a transfer, sends chunks of it as requests of their own, several
 * at a time, and the last one with a request that the application's response
 * answers. A long response is announced, and fetched in chunks.
 */
#ifndef LH_LARGE_H
#define LH_LARGE_H

#include <netinet/in.h>

#include "internal.h"

/* Every message of the protocol begins with a frame of this size. */
#define LH_FRAME_BYTES 64

/* Message bytes in a chunk: with its frame it fills 15 bpages. */
#define LH_CHUNK_BYTES ((size_t)15 * HOMA_BPAGE_SIZE - LH_FRAME_BYTES)

/* Chunks of a transfer that are under way. */
#define LH_WINDOW 4

/* Transfers to a server that are under way. */
#define LH_INCOMING_MAX 1024

enum lh_frame_type {
	/* Requests. */
	LH_OPEN = 1,		/* total */
	LH_CHUNK = 2,		/* token, offset, bytes */
	LH_FINISH = 3,		/* token, offset, bytes: the last chunk */
	LH_FETCH = 4,		/* token, offset, bytes: of the response */
	LH_FORGET = 5,		/* token */
	/* Responses. */
	LH_OPENED = 129,	/* token */
	LH_ACK = 130,
	LH_REPLY = 131,		/* bytes: the response */
	LH_REPLY_LARGE = 132,	/* total: to be fetched */
	LH_DATA = 133,		/* offset, bytes */
	LH_ERROR = 134,		/* error */
};

enum lh_frame_error {
	LH_ERR_UNKNOWN = 1,	/* no such transfer */
	LH_ERR_TOO_LONG = 2,	/* longer than the server ever takes */
	LH_ERR_NO_MEMORY = 3,	/* not now */
	LH_ERR_BAD_FRAME = 4,
};

/**
 * struct lh_frame - the beginning of a message, decoded
 * @type:   an enum lh_frame_type
 * @error:  LH_ERROR: an enum lh_frame_error
 * @token:  the transfer
 * @total:  bytes of the large message
 * @offset: of the first byte after the frame
 * @bytes:  that follow the frame, or that are asked for
 */
struct lh_frame {
	uint8_t type;
	uint32_t error;
	uint64_t token;
	uint64_t total;
	uint64_t offset;
	uint32_t bytes;
};

/* Which chunks are there. */
struct lh_chunks {
	unsigned char *seen;	/* a byte for each */
	size_t count;
	size_t missing;
};

/* One large RPC of ours; homa.lock guards it. */
struct lh_transfer {
	struct lh_transfer *next;
	unsigned int refs;	/* the list, and each request under way */
	uint64_t rpc;		/* for the user */
	bool done;
	bool stalled;		/* had no send memory, and nothing is under way */
	unsigned int sending;	/* threads that read the user's message this moment */
	struct homa_msg *result;	/* for when they have finished */
	int result_error;
	struct sockaddr_storage to;
	socklen_t to_bytes;
	uint64_t token;		/* 0 = not open yet */
	struct iovec *iov;
	int iov_count;
	size_t total;
	size_t next_offset;	/* of the next chunk to send or to fetch */
	size_t retry[LH_WINDOW];	/* offsets that found no send memory */
	unsigned int num_retry;
	uint64_t under_way[LH_WINDOW + 1];	/* numbers of RPCs, 0 = unused */
	unsigned int num_under_way;
	struct homa_msg *reply;	/* LH_REPLY_LARGE: becomes the response */
	unsigned char *memory;
	size_t reply_total;
	struct lh_chunks chunks;
};

enum lh_incoming_state { LH_RECEIVING, LH_DELIVERED, LH_REPLYING };

/* A host that has transfers to us; homa.lock guards it. */
struct lh_host {
	struct lh_host *next;
	struct in6_addr address;	/* IPv4: in the first bytes */
	unsigned int num_transfers;
	size_t used_bytes;
};

/* One large RPC at the server; homa.lock guards it. */
struct lh_incoming {
	struct lh_incoming *next;
	struct lh_host *host;
	enum lh_incoming_state state;
	unsigned int refs;	/* threads that copy, and the message at the application */
	bool listed;
	unsigned int fetching;	/* answers that are sent from @reply */
	uint64_t token;
	struct sockaddr_storage peer;
	uint64_t used_ns;	/* last progress */
	size_t total;
	unsigned char *memory;	/* LH_RECEIVING */
	struct lh_chunks chunks;
	struct homa_msg *finish;	/* waits for the other chunks */
	unsigned char *reply;	/* LH_REPLYING */
	size_t reply_total;
};

struct lh_large {
	size_t max_bytes;
	size_t used_bytes;
	uint64_t expire_ns;
	struct lh_transfer *transfers;
	unsigned int num_stalled;
	struct lh_incoming *incoming;
	unsigned int num_incoming;
	struct lh_host *hosts;
	struct lh_late *late;	/* answers that found no send memory, oldest first */
	struct lh_late **late_tail;
	bool late_busy;		/* a thread tries the oldest one */
};

/* large.c */
int lh_large_init(struct homa *homa, const struct homa_options *options);
void lh_large_close(struct homa *homa);
void lh_large_free(struct homa *homa);
void *lh_large_alloc(struct homa *homa, size_t bytes);		/* lock held; may be NULL */
void lh_large_release(struct homa *homa, void *memory, size_t bytes);	/* lock held */
int lh_chunks_init(struct lh_chunks *chunks, size_t total);
size_t lh_chunk_bytes(size_t total, size_t offset);
bool lh_chunk_valid(size_t total, uint64_t offset, uint32_t bytes);
void lh_frame_put(unsigned char *out, const struct lh_frame *frame);
bool lh_frame_get(const struct homa_msg *msg, struct lh_frame *frame);
bool lh_large_looks_framed(const struct iovec *iov, int iov_count);
int lh_large_unwrap(struct homa_msg *msg);
uint64_t lh_large_next_ns(struct homa *homa);			/* lock held */
void lh_large_work(struct homa *homa);

/* large_client.c */
int lh_large_start(struct homa *homa, uint64_t rpc, const struct sockaddr *to,
		   socklen_t to_bytes, const struct iovec *iov, int iov_count, size_t bytes,
		   bool nonblock, uint64_t end_ns);
void lh_large_response(struct homa *homa, struct lh_transfer *transfer, uint64_t rpc,
		       struct homa_msg *msg, int error);
void lh_large_cancel(struct homa *homa, struct lh_transfer *transfer);
void lh_large_kick(struct homa *homa);
void lh_transfer_free(struct homa *homa, struct lh_transfer *transfer);	/* lock held */

/* large_server.c */
void lh_large_request(struct homa *homa, struct homa_msg *msg, const struct lh_frame *frame);
int lh_large_reply(struct homa_msg *request, const struct iovec *iov, int iov_count, size_t bytes,
		   bool nonblock);
void lh_large_expire(struct homa *homa);
void lh_incoming_put(struct homa *homa, struct lh_incoming *incoming);	/* lock held */
void lh_incoming_drop(struct homa *homa, struct lh_incoming *incoming);	/* lock held */
void lh_incoming_free(struct homa *homa, struct lh_incoming *incoming);	/* lock held */

/* large_host.c: with the lock held */
struct lh_host *lh_host_get(struct homa *homa, const struct homa_msg *msg);	/* may be NULL */
void lh_host_put(struct homa *homa, struct lh_host *host);
void *lh_host_alloc(struct homa *homa, struct lh_incoming *incoming, size_t bytes);
void lh_host_release(struct homa *homa, struct lh_incoming *incoming, void *memory,
		     size_t bytes);

/* large_late.c */
void lh_late_answer(struct homa_msg *request, const struct lh_frame *frame,
		    struct lh_incoming *incoming);
void lh_late_work(struct homa *homa);
void lh_late_watch(struct homa *homa);				/* lock held */
void lh_late_close(struct homa *homa);

#endif /* LH_LARGE_H */
