/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Integer types and the few macros that belong to no container.
 *
 * Built from what the compiler predefines, so that no library is needed.
 */
#ifndef HOMA_CORE_PORT_TYPES_H
#define HOMA_CORE_PORT_TYPES_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;

_Static_assert(sizeof(u16) == 2 && sizeof(u32) == 4 && sizeof(u64) == 8,
	       "integer sizes");

#ifndef bool
#define bool	_Bool
#define true	1
#define false	0
#endif

#ifndef NULL
#define NULL	((void *)0)
#endif

#define U8_MAX	((u8)~0U)
#define U16_MAX	((u16)~0U)
#define U32_MAX	(~0U)
#define U64_MAX	(~0ULL)
#define S32_MAX	((s32)(U32_MAX >> 1))
#define S64_MAX	((s64)(U64_MAX >> 1))

/* A value that another thread may change or read at the same time. */
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, val)	(*(volatile __typeof__(x) *)&(x) = (val))

#define BIT(nr)		(1UL << (nr))
#define BIT_ULL(nr)	(1ULL << (nr))

#define container_of(ptr, type, member)					\
	((type *)(void *)((char *)(ptr) - __builtin_offsetof(type, member)))

#endif /* HOMA_CORE_PORT_TYPES_H */
