#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C24
# tier: stock612
# timeout: 120
#
# The API tests as 32-bit programs: same structures, compat system calls. (Those of
# addresses and options run as such beside the 64-bit ones.)
. "$HOMA_TESTS/lib.sh"

new_host t
for name in abort batch bind bpages exchange exchange_args exchange_mixed generic poll private \
	    rcvbuf recvmsg sendmsg shutdown wmem; do
	in_ns t "t_${name}_32" || die "t_$name as a 32-bit program"
done
