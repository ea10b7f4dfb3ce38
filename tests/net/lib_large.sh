#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock612
# timeout: 300
#
# libhoma: messages of any size, peers that do not know them, limits, and loss. Takes
# half a minute to a minute, in copies of megabytes; three minutes on a busy machine.
. "$HOMA_TESTS/lib.sh"

hosts_veth
in_ns c t_lib_large || die "t_lib_large"
bg in_ns s t_lib_large -s >/tmp/server
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
netem c c0 loss 1%
netem s s0 loss 1%
in_ns c t_lib_large 10.0.0.2 || die "t_lib_large over a bad cable, IPv4"
in_ns c t_lib_large fd00::2 || die "t_lib_large over a bad cable, IPv6"
