/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Property tests: random steps against a model that is too simple to be wrong.
 *
 * A program defines prop_run(); prop.c calls it with many seeds.  What fails
 * is printed with its seed, and `PROGRAM SEED` does the same steps again.
 */
#ifndef HOMA_TESTS_PROP_H
#define HOMA_TESTS_PROP_H

#include "core/port.h"

/**
 * struct prop - one run
 * @seed: determines everything that happens
 * @step: number of the step, for messages; set by prop_step()
 * @state: of the random number generator
 */
struct prop {
	u64 seed;
	u32 step;
	u64 state;
};

/**
 * prop_run() - one run, provided by the test
 * @p: source of all its decisions
 */
void prop_run(struct prop *p);

/* Evenly distributed. */
u64 prop_u64(struct prop *p);

/* 0 <= result < @n; 0 when @n is 0. */
u32 prop_below(struct prop *p, u32 n);

/* @low <= result <= @high */
u32 prop_range(struct prop *p, u32 low, u32 high);

/* True once in @n times. */
bool prop_one_in(struct prop *p, u32 n);

/* A length: small, large, and next to a power of two equally often; 1..@max. */
u32 prop_length(struct prop *p, u32 max);

/* Count steps: for (...; prop_step(p, n); ). */
bool prop_step(struct prop *p, u32 steps);

__attribute__((noreturn))
void prop_failed(const char *file, int line, const char *what);

/* Something that always holds. */
#define PROP_CHECK(condition) do {					\
	if (!(condition))						\
		prop_failed(__FILE__, __LINE__, #condition);		\
} while (0)

#endif /* HOMA_TESTS_PROP_H */
