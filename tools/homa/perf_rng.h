/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Random numbers that a seed repeats (xoshiro256**, seeded by splitmix64).  Not for
 * secrets.
 */
#ifndef HOMA_TOOL_PERF_RNG_H
#define HOMA_TOOL_PERF_RNG_H

#include <math.h>
#include <stdint.h>

struct perf_rng {
	uint64_t s[4];
};

static inline uint64_t perf_rng_mix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Streams of different numbers are independent of each other. */
static inline void perf_rng_seed(struct perf_rng *rng, uint64_t seed, uint64_t stream)
{
	uint64_t state = seed ^ stream * 0xd1342543de82ef95;
	int i;

	for (i = 0; i < 4; i++)
		rng->s[i] = perf_rng_mix(&state);
}

static inline uint64_t perf_rng_next(struct perf_rng *rng)
{
	uint64_t *s = rng->s, five = s[1] * 5, result = (five << 7 | five >> 57) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = s[3] << 45 | s[3] >> 19;
	return result;
}

/* From 0 to less than 1. */
static inline double perf_rng_unit(struct perf_rng *rng)
{
	return (double)(perf_rng_next(rng) >> 11) * 0x1p-53;
}

static inline unsigned int perf_rng_below(struct perf_rng *rng, unsigned int limit)
{
	return (unsigned int)(perf_rng_unit(rng) * limit);
}

/* The time between two arrivals of a Poisson process with this mean. */
static inline double perf_rng_exponential(struct perf_rng *rng, double mean)
{
	return -mean * log1p(-perf_rng_unit(rng));
}

#endif /* HOMA_TOOL_PERF_RNG_H */
