/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Reassembly with one flag per byte, and the comparison with core/reasm.
 *
 * Used by the property test and by the fuzz target.
 */
#ifndef HOMA_TESTS_REASM_MODEL_H
#define HOMA_TESTS_REASM_MODEL_H

#include "core/reasm.h"

#define REASM_MODEL_BYTES_MAX 8192u

/**
 * struct reasm_model - the state under test and its model
 * @r: state under test
 * @got: byte i has arrived
 */
struct reasm_model {
	struct homa_reasm r;
	bool got[REASM_MODEL_BYTES_MAX];
};

/**
 * reasm_model_init() - an empty message
 * @m: filled
 * @length: 1..REASM_MODEL_BYTES_MAX
 */
void reasm_model_init(struct reasm_model *m, u32 length);

/**
 * reasm_model_offer() - offer a packet as the shell does
 * @m: both
 * @start: any value
 * @end: any value
 *
 * Loops until nothing of it is left.  Return: what failed, or NULL.
 */
const char *reasm_model_offer(struct reasm_model *m, u32 start, u32 end);

/**
 * reasm_model_check() - all that must hold between the two
 * @m: both
 * @limit: for homa_reasm_missing()
 *
 * Return: what failed, or NULL.
 */
const char *reasm_model_check(const struct reasm_model *m, u32 limit);

#endif /* HOMA_TESTS_REASM_MODEL_H */
