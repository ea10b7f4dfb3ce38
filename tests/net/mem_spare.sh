#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: G3
# tier: uml stock612
#
# A socket keeps pages of its long messages for the next ones. Contents are right
# all the same; an idle socket gives them back, and so does one that is closed.
. "$HOMA_TESTS/lib.sh"

sum() { echo $(($(counter c spare_blocks_$1) + $(counter s spare_blocks_$1))); }
none_kept() { [ "$(sum kept)" -eq $(($(sum used) + $(sum freed))) ]; }

hosts_veth
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"

# homa_echo_client compares every byte, and sizes alternate.
in_ns c homa_echo_client -n 20 -s 20000,500000,32768,1000000 10.0.0.2 || die "echo"
used=$(sum used)
[ "$used" -gt 500 ] || die "only $used blocks were used again"
# The last response is released when the client has said that it has it.
wait_for 5 all_ended s || die "RPCs do not end"
wait_for 5 none_kept || die "kept $(sum kept), used $(sum used), freed $(sum freed)"
[ "$(counter s spare_blocks_freed)" -gt 10 ] || die "the idle server gave nothing back"
ok "kept $(sum kept), used again $used, given back $(sum freed)"

# Short messages leave blocks alone.
kept=$(sum kept)
in_ns c homa_echo_client -n 20 -s 1,1424,16000 10.0.0.2 || die "echo"
[ "$(sum kept)" -eq "$kept" ] || die "short messages kept blocks"

# Many sockets of which each had a long message: together they keep little.
in_ns c t_rpcs -n 200 -k 20 -l 100000-1000000 10.0.0.2/4000 || die "many RPCs"
wait_for 5 all_ended s || die "RPCs do not end"
wait_for 5 none_kept || die "kept $(sum kept), used $(sum used), freed $(sum freed)"
ok "many messages at a time: kept $(sum kept), used again $(sum used), given back $(sum freed)"
