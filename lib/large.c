// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Large messages: frames, memory, and what happens with time. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "large.h"

#define DEFAULT_MAX_BYTES ((uint64_t)512 << 20)
#define DEFAULT_EXPIRE_NS ((uint64_t)10 * 1000000000)

/* How often transfers without send memory try again. */
#define STALL_NS 5000000

/* Nobody's message begins like this by chance: 128 random bits. */
static const unsigned char magic[16] = {
	0xb1, 0x5e, 0x9c, 0x03, 0x7f, 0xd2, 0x48, 0xa6, 0xe0, 0x91, 0x3b, 0xc7, 0x64, 0x2d, 0xf8, 0x1a,
};

#define VERSION 1

/* Places in a frame; the rest is 0. */
enum {
	AT_VERSION = 16, AT_TYPE = 17, AT_ERROR = 20, AT_TOKEN = 24, AT_TOTAL = 32, AT_OFFSET = 40,
	AT_BYTES = 48,
};

static void put32(unsigned char *out, uint32_t value)
{
	value = htobe32(value);
	memcpy(out, &value, sizeof(value));
}

static void put64(unsigned char *out, uint64_t value)
{
	value = htobe64(value);
	memcpy(out, &value, sizeof(value));
}

static uint32_t get32(const unsigned char *in)
{
	uint32_t value;

	memcpy(&value, in, sizeof(value));
	return be32toh(value);
}

static uint64_t get64(const unsigned char *in)
{
	uint64_t value;

	memcpy(&value, in, sizeof(value));
	return be64toh(value);
}

/**
 * lh_frame_put() - write a frame
 * @out:   LH_FRAME_BYTES
 * @frame: what to write
 */
void lh_frame_put(unsigned char *out, const struct lh_frame *frame)
{
	memset(out, 0, LH_FRAME_BYTES);
	memcpy(out, magic, sizeof(magic));
	out[AT_VERSION] = VERSION;
	out[AT_TYPE] = frame->type;
	put32(out + AT_ERROR, frame->error);
	put64(out + AT_TOKEN, frame->token);
	put64(out + AT_TOTAL, frame->total);
	put64(out + AT_OFFSET, frame->offset);
	put32(out + AT_BYTES, frame->bytes);
}

/**
 * lh_frame_get() - read the frame of a message
 * @msg:   the message
 * @frame: where it is returned; the type is 0 if the version is not ours
 *
 * Return: false: it has none.
 */
bool lh_frame_get(const struct homa_msg *msg, struct lh_frame *frame)
{
	unsigned char in[LH_FRAME_BYTES];

	if (homa_msg_copy(msg, 0, in, sizeof(in)) != sizeof(in) || memcmp(in, magic, sizeof(magic)))
		return false;
	*frame = (struct lh_frame){
		.type = in[AT_VERSION] == VERSION ? in[AT_TYPE] : 0,
		.error = get32(in + AT_ERROR),
		.token = get64(in + AT_TOKEN),
		.total = get64(in + AT_TOTAL),
		.offset = get64(in + AT_OFFSET),
		.bytes = get32(in + AT_BYTES),
	};
	return true;
}

/**
 * lh_large_looks_framed() - would the server take this request for one of the protocol?
 * @iov:       the request
 * @iov_count: its pieces
 *
 * Then it has to be sent as a large one.
 *
 * Return: true if it begins with the magic bytes.
 */
bool lh_large_looks_framed(const struct iovec *iov, int iov_count)
{
	size_t seen = 0;
	int i;

	for (i = 0; i < iov_count && seen < sizeof(magic); i++) {
		size_t bytes = sizeof(magic) - seen;

		if (bytes > iov[i].iov_len)
			bytes = iov[i].iov_len;
		if (bytes && memcmp(iov[i].iov_base, magic + seen, bytes))
			return false;
		seen += bytes;
	}
	return seen == sizeof(magic);
}

/**
 * lh_large_alloc() - memory for a large message, within the limit of the handle
 * @homa:  the handle, locked
 * @bytes: how much
 *
 * Return: the memory, or NULL.
 */
void *lh_large_alloc(struct homa *homa, size_t bytes)
{
	struct lh_large *large = homa->large;
	void *memory;

	if (bytes > large->max_bytes - large->used_bytes)
		return NULL;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	large->used_bytes += bytes;
	return memory;
}

/**
 * lh_large_release() - give memory of lh_large_alloc() back
 * @homa:   the handle, locked
 * @memory: the memory, may be NULL
 * @bytes:  its size
 */
void lh_large_release(struct homa *homa, void *memory, size_t bytes)
{
	if (!memory)
		return;
	munmap(memory, bytes);
	homa->large->used_bytes -= bytes;
}

/**
 * lh_chunks_init() - no chunk has been seen
 * @chunks: the list
 * @total:  bytes of the message
 *
 * Return: 0 or -ENOMEM.
 */
int lh_chunks_init(struct lh_chunks *chunks, size_t total)
{
	chunks->count = (total + LH_CHUNK_BYTES - 1) / LH_CHUNK_BYTES;
	chunks->missing = chunks->count;
	chunks->seen = calloc(chunks->count, 1);
	return chunks->seen ? 0 : -ENOMEM;
}

/**
 * lh_chunk_bytes() - how long a chunk is
 * @total:  bytes of the message
 * @offset: of the chunk
 *
 * Return: its bytes; only the last one is shorter than the others.
 */
size_t lh_chunk_bytes(size_t total, size_t offset)
{
	return total - offset < LH_CHUNK_BYTES ? total - offset : LH_CHUNK_BYTES;
}

/**
 * lh_chunk_valid() - is this a chunk of the message?
 * @total:  bytes of the message
 * @offset: what the peer says
 * @bytes:  what the peer says
 *
 * Return: true if it is.
 */
bool lh_chunk_valid(size_t total, uint64_t offset, uint32_t bytes)
{
	return offset < total && offset % LH_CHUNK_BYTES == 0 &&
	       bytes == lh_chunk_bytes(total, (size_t)offset);
}

/**
 * lh_large_unwrap() - take the frame off a message
 * @msg: the message; it is longer than a frame
 *
 * Messages up to a bpage are promised to lie in one piece; with a frame before it a message
 * may not, and is copied then.
 *
 * Return: 0 or -ENOMEM.
 */
int lh_large_unwrap(struct homa_msg *msg)
{
	size_t bytes = msg->length - LH_FRAME_BYTES;
	struct homa *homa = msg->homa;
	unsigned char *copy;

	if (msg->iov_count == 1 || bytes > HOMA_BPAGE_SIZE) {
		msg->iov[0].iov_base = (unsigned char *)msg->iov[0].iov_base + LH_FRAME_BYTES;
		msg->iov[0].iov_len -= LH_FRAME_BYTES;
		msg->length = bytes;
		return 0;
	}
	pthread_mutex_lock(&homa->lock);
	copy = lh_large_alloc(homa, bytes);
	pthread_mutex_unlock(&homa->lock);
	if (!copy)
		return -ENOMEM;
	homa_msg_copy(msg, LH_FRAME_BYTES, copy, bytes);
	homa_msg_release(msg);
	lh_msg_set_memory(msg, copy, bytes);
	return 0;
}

/**
 * lh_large_init() - let a handle have large messages
 * @homa:    the handle
 * @options: limits
 *
 * Return: 0 or -errno.
 */
int lh_large_init(struct homa *homa, const struct homa_options *options)
{
	uint64_t max_bytes = options->large_memory_bytes;
	struct lh_large *large;

	if (!max_bytes)
		max_bytes = DEFAULT_MAX_BYTES;
	if (max_bytes > SIZE_MAX / 2 || options->large_expire_ns > INT64_MAX)
		return lh_fail(-EINVAL, "homa_options: a limit of large messages is too large");
	large = calloc(1, sizeof(*large));
	if (!large)
		return lh_fail(-ENOMEM, "no memory for a handle");
	large->max_bytes = (size_t)max_bytes;
	large->expire_ns = options->large_expire_ns ? options->large_expire_ns : DEFAULT_EXPIRE_NS;
	homa->large = large;
	return 0;
}

/**
 * lh_large_close() - the handle is being closed: end all transfers
 * @homa: the handle; no other thread uses it
 */
void lh_large_close(struct homa *homa)
{
	struct lh_large *large = homa->large;
	struct lh_transfer *transfer;
	struct lh_incoming *incoming;
	uint32_t i;

	if (!large)
		return;
	lh_late_close(homa);
	pthread_mutex_lock(&homa->lock);
	/* Those that have ended live as long as requests of theirs are under way. */
	for (i = 0; i < homa->num_slots; i++) {
		transfer = homa->slots[i].state != LH_FREE && homa->slots[i].is_part ?
			homa->slots[i].transfer : NULL;
		if (transfer && transfer->done && --transfer->refs == 0)
			lh_transfer_free(homa, transfer);
	}
	while ((transfer = large->transfers)) {
		large->transfers = transfer->next;
		if (transfer->reply) {
			homa->num_msgs--;
			free(transfer->reply);
			transfer->reply = NULL;
		}
		lh_transfer_free(homa, transfer);
	}
	while ((incoming = large->incoming)) {
		large->incoming = incoming->next;
		incoming->listed = false;
		/* Those whose message the application has go with it. */
		if (incoming->refs)
			continue;
		if (incoming->finish) {
			homa->num_msgs--;
			free(incoming->finish);
		}
		lh_incoming_free(homa, incoming);
	}
	pthread_mutex_unlock(&homa->lock);
}

/**
 * lh_large_free() - the handle is gone
 * @homa: the handle
 */
void lh_large_free(struct homa *homa)
{
	free(homa->large);
}

/**
 * lh_large_next_ns() - when there will be something to do even if nothing is received
 * @homa: the handle, locked
 *
 * Return: the time, or LH_NEVER.
 */
uint64_t lh_large_next_ns(struct homa *homa)
{
	struct lh_large *large = homa->large;
	struct lh_incoming *incoming;
	uint64_t next_ns = LH_NEVER;

	if (!large)
		return LH_NEVER;
	if (large->num_stalled)
		next_ns = lh_now_ns() + STALL_NS;
	for (incoming = large->incoming; incoming; incoming = incoming->next)
		if (incoming->state != LH_DELIVERED &&
		    incoming->used_ns + large->expire_ns < next_ns)
			next_ns = incoming->used_ns + large->expire_ns;
	return next_ns;
}

/**
 * lh_large_work() - do what the time demands
 * @homa: the handle, not locked
 */
void lh_large_work(struct homa *homa)
{
	if (!homa->large)
		return;
	lh_large_expire(homa);
	lh_large_kick(homa);
	lh_late_work(homa);
}
