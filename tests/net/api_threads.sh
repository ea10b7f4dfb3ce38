#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B4 B7 C17
# tier: uml smp stock
# clock: wall
# timeout: 130
#
# Many threads on the same two sockets: nothing is lost, nothing comes twice.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_threads -n 100 -l 60000 127.0.0.1 || die "t_threads, IPv4"
in_ns t t_threads -n 100 -l 60000 ::1 || die "t_threads, IPv6"
