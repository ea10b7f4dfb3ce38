/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * 64-bit division that needs no run-time library on a 32-bit machine.
 */
#ifndef HOMA_CORE_PORT_MATH64_H
#define HOMA_CORE_PORT_MATH64_H

#include "types.h"

/*
 * Schoolbook division: the high word directly, the low word bit by bit.
 * Compiled everywhere so that it is tested everywhere.
 */
static inline u64 homa_port_long_div(u64 dividend, u32 divisor)
{
	u32 high = dividend >> 32;
	u32 low = (u32)dividend;
	u32 rest = high % divisor;
	u32 quotient = 0;
	u32 carry;
	int bit;

	for (bit = 0; bit < 32; bit++) {
		carry = rest >> 31;
		rest = rest << 1 | low >> 31;
		low <<= 1;
		quotient <<= 1;
		if (carry || rest >= divisor) {
			rest -= divisor;
			quotient |= 1;
		}
	}
	return (u64)(high / divisor) << 32 | quotient;
}

/**
 * div_u64() - unsigned 64-bit by 32-bit division
 * @dividend: what is divided
 * @divisor: not 0
 *
 * Return: the quotient, rounded down.
 */
static inline u64 div_u64(u64 dividend, u32 divisor)
{
#if __SIZEOF_LONG__ == 8
	return dividend / divisor;
#else
	return homa_port_long_div(dividend, divisor);
#endif
}

#endif /* HOMA_CORE_PORT_MATH64_H */
