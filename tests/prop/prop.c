// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Runs a property test with many seeds.
 *
 * PROGRAM: a fixed set of seeds, and a few that differ each time.
 * PROGRAM SEED [RUNS]: from that seed on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "prop.h"

#define FIXED_RUNS	40
#define FRESH_RUNS	10

static struct prop current;

/* splitmix64 */
u64 prop_u64(struct prop *p)
{
	u64 z = p->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

u32 prop_below(struct prop *p, u32 n)
{
	return n ? (u32)((prop_u64(p) >> 32) * n >> 32) : 0;
}

u32 prop_range(struct prop *p, u32 low, u32 high)
{
	return low + prop_below(p, high - low + 1);
}

bool prop_one_in(struct prop *p, u32 n)
{
	return !prop_below(p, n);
}

u32 prop_length(struct prop *p, u32 max)
{
	u32 power = 0;

	switch (prop_below(p, 3)) {
	case 0:
		return prop_range(p, 1, max);
	case 1:
		return prop_range(p, 1, min(max, 20u));
	}
	while (power < 31 && 1u << (power + 1) <= max)
		power++;
	return clamp((1u << prop_range(p, 0, power)) + prop_below(p, 3) - 1,
		     1u, max);
}

bool prop_step(struct prop *p, u32 steps)
{
	return p->step++ < steps;
}

void prop_failed(const char *file, int line, const char *what)
{
	printf("%s:%d: seed %llu step %u: not true: %s\n", file, line,
	       current.seed, current.step, what);
	fflush(stdout);
	abort();
}

static void run(u64 seed)
{
	printf("seed %llu\n", seed);
	fflush(stdout);
	current = (struct prop){ .seed = seed, .state = seed };
	prop_run(&current);
}

int main(int argc, char **argv)
{
	struct timespec now;
	u64 seed;
	u32 i;

	if (argc > 1) {
		u32 runs = argc > 2 ? (u32)strtoul(argv[2], NULL, 0) : 1;

		seed = strtoull(argv[1], NULL, 0);
		for (i = 0; i < runs; i++)
			run(seed + i);
		return 0;
	}
	for (i = 1; i <= FIXED_RUNS; i++)
		run(i);
	clock_gettime(CLOCK_REALTIME, &now);
	seed = (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
	for (i = 0; i < FRESH_RUNS; i++)
		run(seed + i);
	return 0;
}
