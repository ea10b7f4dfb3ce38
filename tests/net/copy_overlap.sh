#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C11 C16 C20
# tier: uml stock612
# timeout: 120
#
# Part of a long message is copied to its reader while the rest is still on its way
# (docs/decisions/0091-overlap.md): contents are right, and nothing is left,
# whatever happens meanwhile.
. "$HOMA_TESTS/lib.sh"

slow() { tc -n t qdisc replace dev lo root netem rate "$1" limit 10000 || die "no netem"; }

new_host t
# What waits in the queue of the device is not lost.
in_ns t sysctl -q -w net.homa.timeout_ticks=4000 net.homa.resend_ticks=1000
ip -n t link set lo mtu 1500
slow 1gbit
in_ns t t_overlap -l || die "t_overlap, large buffers"
single_packets t lo
slow 20mbit
in_ns t t_overlap || die "t_overlap"
