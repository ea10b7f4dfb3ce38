#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C4 C25 C26
# tier: uml stock
# timeout: 60
#
# The receive region: SO_HOMA_RCVBUF, and memory that goes away.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_rcvbuf || die "t_rcvbuf"
