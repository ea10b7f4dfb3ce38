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

	if (iov_count == 1 && iov->iov_len && iov->iov_len <= SIZE_MAX / 2) {
		*bytes = iov->iov_len;
		return 0;
	}
	if (iov_count < 1 || iov_count > LH_IOV_MAX)
		return lh_fail(-EINVAL, "a message has 1 to 1000 pieces");
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

/**
 * lh_iov_slice() - describe a part of a message
 * @iov:       the message
 * @iov_count: its pieces
 * @offset:    first byte of the part
 * @bytes:     its length; the message has these bytes
 * @out:       where the pieces of the part are returned
 * @out_max:   room in there
 *
 * Return: number of pieces, or -EINVAL if there are too many.
 */
int lh_iov_slice(const struct iovec *iov, int iov_count, size_t offset, size_t bytes,
		 struct iovec *out, int out_max)
{
	int i, num = 0;

	for (i = 0; i < iov_count && bytes; i++) {
		size_t part;

		if (offset >= iov[i].iov_len) {
			offset -= iov[i].iov_len;
			continue;
		}
		part = iov[i].iov_len - offset;
		if (part > bytes)
			part = bytes;
		if (num == out_max)
			return -EINVAL;
		out[num].iov_base = (unsigned char *)iov[i].iov_base + offset;
		out[num++].iov_len = part;
		bytes -= part;
		offset = 0;
	}
	return num;
}
