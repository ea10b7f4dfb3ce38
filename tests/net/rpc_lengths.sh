#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B1 B2 B3
# tier: uml stock
# timeout: 110
#
# Every interesting length, there and back, between all pairs of address families.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_family || die "t_family"
