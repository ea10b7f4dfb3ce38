// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * The RPC lock, L2 (docs/locking.md).
 *
 * Look-ups return an RPC with its lock held, or none held; sparse cannot
 * follow that, so the lock is taken and released in functions of their own.
 * lockdep checks what really happens.
 */
#include "homa.h"

/**
 * homa_bucket_lock() - take the lock of all RPCs in a bucket
 * @bucket: bucket; the caller holds no other bucket lock
 */
void homa_bucket_lock(struct homa_bucket *bucket)
	__acquires(&bucket->lock)
{
	spin_lock_bh(&bucket->lock);
}

/**
 * homa_bucket_unlock() - release it
 * @bucket: bucket
 */
void homa_bucket_unlock(struct homa_bucket *bucket)
	__releases(&bucket->lock)
{
	spin_unlock_bh(&bucket->lock);
}
