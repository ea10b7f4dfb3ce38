#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: G10
# tier: uml stock
# timeout: 110
#
# The module stays while a socket is open, goes when none is, leaves nothing,
# and works when it comes back; also right after heavy traffic.
. "$HOMA_TESTS/lib.sh"

[ -n "$HOMA_KO" ] || skip "Homa is built into this kernel"

hosts_veth
# Virtual time passes only when all wait, as they do for this cable. A slow
# link also bounds the packets of the 0.3 s: an infinitely fast processor
# would fill any link, and every packet costs real time.
netem c c0 delay 300us

# slow_links: the module has new settings each time it comes.
slow_links()
{
	for ns in c s; do
		in_ns $ns sysctl -q -w net.homa.link_mbps=500 || die "no net.homa"
	done
}

for round in 1 2 3; do
	slow_links
	bg in_ns s homa_echo_server >/tmp/server 2>&1
	server=$!
	wait_for 10 grep -q ready /tmp/server || die "round $round: $(cat /tmp/server)"
	rmmod homa 2>/dev/null && die "round $round: unloaded under an open socket"
	in_ns c t_rpcs -n 60 -k 20 -l 1-200000 10.0.0.2/4000 || die "round $round: RPCs"
	rmmod homa 2>/dev/null && die "round $round: unloaded under an open socket"

	# A client that ends in the middle of RPCs, and the server with it.
	bg in_ns c t_rpcs -E -n 1000000 -k 50 -l 1-500000 10.0.0.2/4000 >/dev/null 2>&1
	client=$!
	sleep 0.3
	kill -9 "$client" "$server"
	wait "$client" "$server" 2>/dev/null
	: >/tmp/server
	# The dead sockets' work ends in the background; it must end soon.
	wait_for 10 rmmod homa || die "round $round: cannot be unloaded without sockets"
	[ ! -e /sys/module/homa ] || die "round $round: still there"
	in_ns s homa_echo_server -n 1 2>/dev/null && die "round $round: a socket without the module"
	insmod "$HOMA_KO" || die "round $round: cannot be loaded again"
	ok "round $round"
done
