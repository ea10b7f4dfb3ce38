/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What every fuzz target has: libFuzzer's entry point, and claims.
 */
#ifndef HOMA_TESTS_FUZZ_H
#define HOMA_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/port.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Something that holds for every input. */
#define FUZZ_CHECK(condition) do {					\
	if (!(condition)) {						\
		fprintf(stderr, "%s:%d: not true: %s\n", __FILE__,	\
			__LINE__, #condition);				\
		abort();						\
	}								\
} while (0)

/**
 * struct fuzz_input - an input that is consumed from the front
 * @data: what is left of it
 * @size: bytes left
 */
struct fuzz_input {
	const u8 *data;
	size_t size;
};

/* The next @bytes bytes as a number, zeros behind the end. */
static inline u64 fuzz_take(struct fuzz_input *in, u32 bytes)
{
	u64 value = 0;

	while (bytes--) {
		value <<= 8;
		if (in->size) {
			value |= *in->data++;
			in->size--;
		}
	}
	return value;
}

#endif /* HOMA_TESTS_FUZZ_H */
