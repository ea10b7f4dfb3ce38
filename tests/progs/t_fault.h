/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Fault injection: which allocations (or accesses to user memory) fail. Needs a
 * kernel with fault injection, and root; what cannot be set ends the program.
 */
#ifndef T_FAULT_H
#define T_FAULT_H

#include <stdbool.h>

/* No fault by chance; before everything else. */
void t_fault_prepare(void);

/* From here on the @n-th of what can fail in this thread fails; 0 = nothing. */
void t_fault_nth(unsigned int n);

/* Stop that. How many more had been needed for it to fail: 0 = it did. */
unsigned int t_fault_left(void);

/*
 * Allocations that cannot wait, of the whole machine: @space bytes of "failslab"
 * (or pages of "fail_page_alloc") succeed, then one allocation fails.
 */
void t_fault_arm(const char *kind, unsigned int space);

/* Stop that. True if one failed; @passed: bytes (or pages) that succeeded before. */
bool t_fault_disarm(const char *kind, unsigned int space, unsigned int *passed);

/* May a call end so because of a fault? */
bool t_fault_clean(int ret);

/* How many have failed so far. */
unsigned int t_fault_count(void);

#endif /* T_FAULT_H */
