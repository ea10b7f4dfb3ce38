/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Smaller and larger of two values, each evaluated once.
 *
 * min(), max() and clamp() insist on operands of one type, which is what the
 * oldest supported kernel does.
 */
#ifndef HOMA_CORE_PORT_MINMAX_H
#define HOMA_CORE_PORT_MINMAX_H

#include "types.h"

#define homa_port_pick(a, op, b) ({					\
	__typeof__(a) pick_a = (a);					\
	__typeof__(b) pick_b = (b);					\
	(void)(&pick_a == &pick_b);					\
	pick_a op pick_b ? pick_a : pick_b;				\
})

#define homa_port_pick_t(type, a, op, b) ({				\
	type pick_a = (type)(a);					\
	type pick_b = (type)(b);					\
	pick_a op pick_b ? pick_a : pick_b;				\
})

#define min(a, b)		homa_port_pick(a, <, b)
#define max(a, b)		homa_port_pick(a, >, b)
#define min_t(type, a, b)	homa_port_pick_t(type, a, <, b)
#define max_t(type, a, b)	homa_port_pick_t(type, a, >, b)

#define clamp(val, lo, hi) ({						\
	__typeof__(val) clamp_val = (val);				\
	__typeof__(lo) clamp_lo = (lo);					\
	__typeof__(hi) clamp_hi = (hi);					\
	(void)(&clamp_val == &clamp_lo && &clamp_val == &clamp_hi);	\
	clamp_val > clamp_hi ? clamp_hi :				\
		clamp_val < clamp_lo ? clamp_lo : clamp_val;		\
})

#define clamp_t(type, val, lo, hi)					\
	clamp((type)(val), (type)(lo), (type)(hi))

#define swap(a, b) do {							\
	__typeof__(a) swap_a = (a);					\
	(a) = (b);							\
	(b) = swap_a;							\
} while (0)

#endif /* HOMA_CORE_PORT_MINMAX_H */
