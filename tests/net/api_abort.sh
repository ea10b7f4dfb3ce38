#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C16 C21 C22
# tier: uml stock
# timeout: 60
#
# HOMAIOCABORT and HOMAIOCINFO.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_abort || die "t_abort"
