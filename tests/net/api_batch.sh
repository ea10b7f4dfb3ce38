#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock612
# timeout: 60
#
# sendmmsg(), recvmmsg(), and both message calls through io_uring.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_batch || die "t_batch"
in_ns t t_uring
case $? in
0)	;;
77)	[ "$HOMA_TIER" = uml ] || die "io_uring is missing"
	ok "the debug kernel has no io_uring" ;;
*)	die "t_uring" ;;
esac
