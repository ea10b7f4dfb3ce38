#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B7 C14 C16 C17
# tier: uml stock
# timeout: 60
#
# Private RPCs, and which call receives what.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_private || die "t_private"
