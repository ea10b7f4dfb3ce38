/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The interface of inet_diag, adapted to the newest one.
 */
#ifndef HOMA_COMPAT_DIAG_H
#define HOMA_COMPAT_DIAG_H

#include <linux/inet_diag.h>

/* Before 6.9 a mutex, held while a handler works, keeps its module. */
#ifdef HOMA_HAVE_DIAG_OWNER
#define HOMA_DIAG_OWNER .owner = THIS_MODULE,
#else
#define HOMA_DIAG_OWNER
#endif

/* Does a socket pass the filter of a dump?  Older kernels want the filter
 * instead of all that is known of the dump.
 */
static inline bool homa_diag_passes(const struct inet_diag_dump_data *data,
				    struct sock *sk)
{
#ifdef HOMA_HAVE_DIAG_BC_DATA
	return inet_diag_bc_sk(data, sk);
#else
	return inet_diag_bc_sk(data->inet_diag_nla_bc, sk);
#endif
}

#endif /* HOMA_COMPAT_DIAG_H */
