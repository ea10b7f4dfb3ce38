#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B5
# tier: uml stock
# timeout: 110
#
# Packets overtake each other in both directions; every byte must be right.
. "$HOMA_TESTS/lib.sh"

hosts_veth
netem c c0 delay 1ms 1ms reorder 30% 50% limit 10000
netem s s0 delay 1ms 1ms reorder 30% 50% limit 10000
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
for to in 10.0.0.2 fd00::2; do
	in_ns c homa_echo_client -n 3 -s 100,1425,20000,40001,300000,1000000 $to ||
		die "reordering, one RPC at a time, $to"
	in_ns c t_rpcs -n 60 -k 10 -l 1-300000 $to/4000 || die "reordering, many RPCs, $to"
	ok "reordering, $to"
done
