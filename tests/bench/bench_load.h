/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What bench_load's protocols have in common: many short RPCs at a time. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <pthread.h>

#include "bench_util.h"

#define LOAD_BYTES_MAX 1400
#define LOAD_SLOTS_MAX 1024
#define LOAD_THREADS_MAX 64
#define LOAD_BATCH_MAX 64

/**
 * struct load - what to do, and how far it is
 * @addr:     of the first server; server i has the i-th address and port from there
 * @servers:  how many
 * @threads:  of the client, and of the server
 * @slots:    RPCs that are under way at any time; slot i asks server i modulo @servers
 * @batch:    messages that a thread of Homa takes with one call of recvmmsg(), and sends with
 *            one of sendmmsg(), 1 = recvmsg() and sendmsg(); or exchanges with HOMAIOCEXCHANGE
 * @bytes:    of a request, and of a response
 * @warmup:   RPCs before the timed ones
 * @rpcs:     timed RPCs
 * @mark:     tell ./dev profile when the timed RPCs begin and end
 *
 * The rest belongs to load_next() and load_count().
 */
struct load {
	struct bench_addr addr;
	unsigned int servers;
	unsigned int threads;
	unsigned int slots;
	unsigned int batch;
	size_t bytes;
	uint64_t warmup;
	uint64_t rpcs;
	bool mark;

	uint64_t started;
	uint64_t counted;
	uint64_t start_ns;
	uint64_t end_ns;
};

/**
 * struct load_proto - one protocol to measure
 * @name:  as given on the command line
 * @serve: open the servers, call bench_ready(), echo messages for ever
 * @run:   be the client: run all RPCs. Returns when load_count() said so
 */
struct load_proto {
	const char *name;
	void (*serve)(const void *load, int ready_fd);
	void (*run)(struct load *load);
};

extern const struct load_proto load_homa;
extern const struct load_proto load_exchange;
extern const struct load_proto load_tcp;

/**
 * load_next() - may another RPC start?
 * @load: shared by all threads
 *
 * Return: true, once for each RPC there is to run.
 */
bool load_next(struct load *load);

/**
 * load_count() - an RPC has ended
 * @load: shared by all threads
 *
 * Return: true for the last one.
 */
bool load_count(struct load *load);

/**
 * load_stamp() - write into a request what its response must have
 * @message: of load.bytes bytes
 * @bytes: length
 * @slot: which
 * @seq: how often the slot was used
 */
void load_stamp(unsigned char *message, size_t bytes, uint32_t slot, uint32_t seq);

/**
 * load_check() - end the program if a response is not that to the request
 * @message: of @bytes bytes
 * @bytes: length
 * @slot: which
 * @seq: how often the slot was used
 */
void load_check(const unsigned char *message, size_t bytes, uint32_t slot, uint32_t seq);

/**
 * load_threads() - run a function in several threads
 * @threads: how many, at most LOAD_THREADS_MAX
 * @function: gets its element of @contexts
 * @contexts: array
 * @size: of an element
 * @ids: filled in, for pthread_join()
 */
void load_threads(unsigned int threads, void *(*function)(void *), void *contexts, size_t size,
		  pthread_t *ids);

#endif /* BENCH_LOAD_H */
