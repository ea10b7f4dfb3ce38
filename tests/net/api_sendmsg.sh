#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B6 C5 C6 C7 C8 D4 G1
# tier: uml stock
# timeout: 60
#
# sendmsg(): every row of its tables.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_sendmsg || die "t_sendmsg"
