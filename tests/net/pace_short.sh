#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: F9 F10
# tier: uml stock612
#
# A message of 1,000,000 bytes is held back by pacing. What is at most
# defer_min_bytes long leaves at once, what is longer but shorter than the long
# one waits only for what is on the link. In virtual time that is exact.
. "$HOMA_TESTS/lib.sh"

mbps=10

# measure OPTION...: t_defer with what all of it has in common
measure()
{
	t_defer "$@" -m $mbps $slack -c c -s s -i s0 10.0.0.2
}

settings() { in_ns c sysctl -q -w "$@" || die "no net.homa"; }

# Where instructions take time, so does the way of a packet to the other host; a
# packet on the link takes 1,262,000 ns.
slack="-t 300000"
[ "$HOMA_TIER" != uml ] || slack=

hosts_veth
settings net.homa.link_mbps=$mbps net.homa.unsched_bytes=1000000 net.homa.pacer_fifo_fraction=0

measure || die "messages beside a long one"
settings net.homa.defer_min_bytes=0
measure -e || die "short messages wait for nothing although they have to"
settings net.homa.defer_min_bytes=1000
ok "short messages are not held back"

# The frame check, the preamble and the gap are not in what netem counts.
netem c c0 rate ${mbps}mbit 28
measure -l || die "messages beside a long one on a slow link"
ok "short messages wait for at most a packet on the link"
