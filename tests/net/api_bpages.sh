#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C11 C12 C13 E19 G2
# tier: uml stock
# timeout: 110
#
# Receive buffers: layout, returning them, running out of them.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_bpages || die "t_bpages"
