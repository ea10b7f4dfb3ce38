/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What bench_rtt's protocols have in common: a server that answers for ever with
 * what it got, or the beginning of it, and a client that makes one round trip at
 * a time.
 */
#ifndef BENCH_RTT_H
#define BENCH_RTT_H

#include <stdbool.h>
#include <stddef.h>

#include "bench_util.h"

/* Longest message of any protocol: Homa's limit. */
#define BENCH_BYTES_MAX 1000000

/**
 * struct bench_proto - one protocol to measure
 * @name:      as given on the command line
 * @bytes_min: shortest message that it can echo
 * @bytes_max: longest message that it can echo
 * @listen:    open a server on the wildcard address of @addr's family and port
 * @serve:     answer messages for ever; returns only to report an error
 * @connect:   open a client of the server at @addr
 * @round:     one round trip of the @bytes bytes at @out, to the server at @addr.
 *             Returns 0, or 1 if the network lost it and it has to be repeated
 * @check:     does the answer of the last round equal the beginning of the @bytes
 *             bytes at @out? (Not timed.)
 *
 * An answer is as long as bench_answer() says.
 *
 * Errors other than loss end the program.
 */
struct bench_proto {
	const char *name;
	size_t bytes_min;
	size_t bytes_max;
	int (*listen)(const struct bench_addr *addr);
	void (*serve)(int fd);
	int (*connect)(const struct bench_addr *addr);
	int (*round)(int fd, const struct bench_addr *addr, const void *out, size_t bytes);
	bool (*check)(const void *out, size_t bytes);
};

extern const struct bench_proto bench_homa;
extern const struct bench_proto bench_exchange;
extern const struct bench_proto bench_lib;
extern const struct bench_proto bench_udp;
extern const struct bench_proto bench_tcp;

/**
 * bench_answer() - how long the answer to a message is
 * @bytes: length of the message
 *
 * Client and server are one program and agree on it.
 *
 * Return: bytes, from the beginning of the message.
 */
size_t bench_answer(size_t bytes);

/* Where messages go that come in (not those in a receive region). */
extern unsigned char bench_in[BENCH_BYTES_MAX];

#endif /* BENCH_RTT_H */
