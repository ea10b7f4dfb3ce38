/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where the core gets its types, containers and arithmetic from.
 *
 * The core uses the kernel's names.  In the kernel they come from the kernel,
 * everywhere else from the twins in port/.  No other file of the core knows
 * where it runs.
 */
#ifndef HOMA_CORE_PORT_H
#define HOMA_CORE_PORT_H

#ifdef __KERNEL__
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/rbtree.h>
#include <linux/string.h>
#include <linux/types.h>
#else
#include "port/types.h"
#include "port/minmax.h"
#include "port/math64.h"
#include "port/string.h"
#include "port/list.h"
#include "port/rbtree.h"
#endif

#endif /* HOMA_CORE_PORT_H */
