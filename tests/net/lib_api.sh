#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B1 B2 C10 C16
# tier: uml stock
# timeout: 120
#
# libhoma: every function of the library, with its results and errors.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_lib || die "t_lib"
HOMA_TEST_NO_EXCHANGE=1 in_ns t t_lib || die "t_lib without HOMAIOCEXCHANGE"
