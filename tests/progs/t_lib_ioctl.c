// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/*
 * Between libhoma and the kernel (--wrap=ioctl): counts HOMAIOCEXCHANGE, and with
 * HOMA_TEST_NO_EXCHANGE in the environment plays a kernel that does not know it.
 * lib/test/fake_homa.c does the same where there is no kernel.
 */
#include <stdlib.h>

#include "t_lib.h"

int __real_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg);

unsigned int t_lib_exchanges;

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	const struct homa_exchange *args = arg;

	if (request == HOMAIOCEXCHANGE) {
		if (getenv("HOMA_TEST_NO_EXCHANGE")) {
			errno = EINVAL;
			return -1;
		}
		if (args->num_recvs)
			__atomic_add_fetch(&t_lib_exchanges, 1, __ATOMIC_SEQ_CST);
	}
	return __real_ioctl(fd, request, arg);
}
