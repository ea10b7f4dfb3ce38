#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B4
# tier: uml smp stock612
# clock: wall
# timeout: 130
#
# libhoma: many threads do everything on the same handle, with and without loss.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_lib_threads 127.0.0.1 || die "t_lib_threads, IPv4"
HOMA_TEST_NO_EXCHANGE=1 in_ns t t_lib_threads -n 50 ::1 ||
	die "t_lib_threads without HOMAIOCEXCHANGE"
netem t lo loss 2%
in_ns t t_lib_threads -n 20 -t 2 ::1 || die "t_lib_threads, IPv6, 2 % loss"
