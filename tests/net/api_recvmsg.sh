#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C9 C10 C14 C15 C30 E5
# tier: uml stock newest
# timeout: 60
#
# recvmsg(): every row of its tables, signals, addresses.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_recvmsg || die "t_recvmsg"
