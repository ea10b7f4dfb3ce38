#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C29 G3
# tier: uml stock
# timeout: 70
#
# The limit of transmit memory: EAGAIN, blocking, waking, giving back.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_wmem || die "t_wmem"
