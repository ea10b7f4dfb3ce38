/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The four functions that the core may take from its surroundings.
 */
#ifndef HOMA_CORE_PORT_STRING_H
#define HOMA_CORE_PORT_STRING_H

void *memcpy(void *to, const void *from, __SIZE_TYPE__ bytes);
void *memmove(void *to, const void *from, __SIZE_TYPE__ bytes);
void *memset(void *to, int value, __SIZE_TYPE__ bytes);
int memcmp(const void *a, const void *b, __SIZE_TYPE__ bytes);

#endif /* HOMA_CORE_PORT_STRING_H */
