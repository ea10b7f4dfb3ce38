#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: G4
# tier: uml
# timeout: 60
#
# Hosts that nobody talks to are forgotten: above peer_gc_threshold after
# peer_idle_secs_max, above three quarters of peer_net_max after
# peer_idle_secs_min, and at peer_net_max at once.
. "$HOMA_TESTS/lib.sh"

hosts_veth
ip -n c route add default via 10.0.0.2
ip -n c neigh replace 10.0.0.2 lladdr 02:00:00:00:00:02 dev c0 nud permanent
in_ns c sysctl -q -w net.homa.timeout_ticks=20

hosts_now() { echo $(($(counter c peer_allocs) - $(counter c peer_evictions))); }
has() { [ "$(hosts_now)" -eq "$1" ]; }
# Some more than that: the collector may miss one when the table shrinks.
left() { [ "$(hosts_now)" -ge "$1" ] && [ "$(hosts_now)" -le $(($1 + 20)) ]; }

# By default: more than 5000 hosts, idle for 120 s.
in_ns c t_mem hosts 20.1 5000 || die "requests to 5000 hosts"
sleep 130
has 5000 || die "$(hosts_now) hosts, expected 5000: not enough to forget any"
in_ns c t_mem hosts 20.2 2000 || die "requests to 2000 hosts"
sleep 3
left 5000 || die "$(hosts_now) hosts, expected 5000: the old ones are idle"
in_ns c sysctl -q -w net.homa.peer_gc_threshold=100
in_ns c t_mem hosts 20.3 1 || die "a request"
sleep 110
left 2001 || die "$(hosts_now) hosts, expected the 2001 that were used less than 120 s ago"
in_ns c t_mem hosts 20.2 300 || die "requests to 300 hosts"	# in use again
sleep 20
left 300 || die "$(hosts_now) hosts, expected the 300 that were used"
ok "idle hosts"

# Less room: 75 % of 400 are taken.
in_ns c sysctl -q -w net.homa.peer_net_max=400 net.homa.peer_gc_threshold=16777216
in_ns c t_mem hosts 20.4 50 || die "requests to 50 hosts"
sleep 15
left 300 || die "$(hosts_now) hosts, expected 300: with them there is room"
ok "when there is little room"

# No room at all, and requests under way: ENOBUFS. Later they make room at once.
if in_ns c t_mem hosts 20.5 401 2>/tmp/error; then die "more than peer_net_max hosts"; fi
grep -q 'No buffer space' /tmp/error || die "$(cat /tmp/error), expected ENOBUFS"
has 400 || die "$(hosts_now) hosts, expected 400"
in_ns c t_mem hosts 20.6 100 || die "no room for new hosts although nobody uses the old ones"
ok "when there is none"
