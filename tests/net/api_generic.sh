#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C23
# tier: uml stock
# timeout: 40
#
# Calls, options and ioctls that Homa refuses.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_generic || die "t_generic"
