// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* Messages in pieces. */
#include "internal.h"

/**
 * lh_iov_check() - is this a message that can be sent?
 * @iov:       the pieces
 * @iov_count: how many
 * @bytes:     where its length is returned
 *
 * Return: 0 or -errno.
 */
int lh_iov_check(const struct iovec *iov, int iov_count, size_t *bytes)
{
	size_t sum = 0;
	int i;

	if (iov_count < 1 || iov_count > LH_IOV_MAX)
		return lh_fail(-EINVAL, "a message has 1 to 1024 pieces");
	for (i = 0; i < iov_count; i++) {
		if (iov[i].iov_len > SIZE_MAX / 2 - sum)
			return lh_fail(-EINVAL, "the pieces of the message are too long");
		sum += iov[i].iov_len;
	}
	if (!sum)
		return lh_fail(-EINVAL, "a message has at least one byte");
	*bytes = sum;
	return 0;
}
