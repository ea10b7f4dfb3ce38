#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: G5
# tier: uml stock612
#
# How much memory of received packets a socket may hold: eight times the size of its
# region, or SO_RCVBUF if that is more (docs/memory.md).
. "$HOMA_TESTS/lib.sh"

host_drill
# The request stays half here for as long as that takes.
in_ns s sysctl -q -w net.homa.timeout_ticks=4000
t_rcvlimit || die "the limit for received packets"
