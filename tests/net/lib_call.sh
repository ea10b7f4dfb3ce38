#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B1 B4
# tier: uml stock
# timeout: 120
#
# libhoma: homa_call() with one system call, and with several where the kernel does not
# know HOMAIOCEXCHANGE: deadlines, signals, RPCs that end otherwise, full buffers, fork.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_lib_call || die "t_lib_call"
HOMA_TEST_NO_EXCHANGE=1 in_ns t t_lib_call || die "t_lib_call without HOMAIOCEXCHANGE"
