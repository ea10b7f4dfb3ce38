#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C19 C20
# tier: uml stock
# timeout: 70
#
# shutdown() and close() at any moment.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_shutdown || die "t_shutdown"
