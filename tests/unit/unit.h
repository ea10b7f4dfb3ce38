/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What every unit test includes: cmocka and the headers that it asks for.
 */
#ifndef HOMA_TESTS_UNIT_H
#define HOMA_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))

#endif /* HOMA_TESTS_UNIT_H */
