#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C1 C2 C3 D1
# tier: uml stock newest
# timeout: 60
#
# socket(), bind() and SO_HOMA_SERVER, on the loopback of one host.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_bind || die "t_bind"
