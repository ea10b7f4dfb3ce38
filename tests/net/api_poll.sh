#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C18
# tier: uml stock newest
# timeout: 110
#
# poll, select, epoll; no wake-up is lost with edge triggering.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_poll || die "t_poll"
