#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: G5
# tier: uml stock612
# timeout: 120
#
# Requests from thousands of hosts that do not exist: what they leave behind is
# bounded, hosts that do exist are served meanwhile, also those that come for
# the first time, and in the end nothing is left (docs/memory.md).
. "$HOMA_TESTS/lib.sh"

hosts_veth
# Responses to forged addresses go back to c, which drops them.
ip -n s route add default via 10.0.0.1
ip -n s neigh replace 10.0.0.1 lladdr 02:00:00:00:00:01 dev s0 nud permanent
for i in 1 2 3 4 5 6; do
	ip -n c addr add 10.0.0.1$i/24 dev c0
	ip -n s neigh replace 10.0.0.1$i lladdr 02:00:00:00:00:01 dev s0 nud permanent
done
ip -n c neigh replace 10.0.0.2 lladdr 02:00:00:00:00:02 dev c0 nud permanent

requests=200000 hosts=10000 pause=0
if [ "$HOMA_TIER" = uml ]; then
	# The same, smaller.
	requests=5000 hosts=200 pause=4000
	in_ns s sysctl -q -w net.homa.peer_net_max=$hosts
fi

hosts_now() { echo $(($(counter s peer_allocs) - $(counter s peer_evictions))); }
bg in_ns s homa_echo_server >/tmp/server
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
in_ns c homa_echo_client -n 5 10.0.0.2 >/dev/null || die "no service before the flood"
before=$(held)

in_ns c t_flood -i c0 -m 02:00:00:00:00:02 -d 10.0.0.2 -n $requests -w $pause \
	>/tmp/flood &
flood=$!
homa_pids="$homa_pids $flood"
rounds=0 most=0
for i in 1 2 3 4 5 6; do
	kill -0 $flood 2>/dev/null || break
	# A host that was never here before.
	ip -n c route replace 10.0.0.2/32 dev c0 src 10.0.0.1$i
	in_ns c homa_echo_client -n 3 -s 100,20000 10.0.0.2 >/tmp/client 2>&1 ||
		{ cat /tmp/client; die "no service for new host $i during the flood"; }
	rounds=$((rounds + 1))
	now=$(hosts_now)
	[ $now -gt $most ] && most=$now
done
wait $flood || die "t_flood"
ok "$(cat /tmp/flood) forged requests; $rounds new hosts served meanwhile"
[ $rounds -ge 2 ] || die "the flood was over too soon to show anything"

now=$(hosts_now)
[ $now -gt $most ] && most=$now
echo "at most $most hosts remembered, $(held) pages reserved;" \
	"$(counter s server_requests_started) requests accepted," \
	"$(counter s rpc_evictions) ended early, $(counter s peer_limit) times no room for a host"
[ $(counter s server_requests_started) -gt $hosts ] || die "the flood did not arrive"
[ $(counter s peer_limit) -gt 0 ] || die "the flood did not reach the limit"
# Strangers get one half of the room (and each CPU may be one late).
[ $most -le $((hosts / 2 + 50)) ] || die "$most hosts are remembered"

few() { [ "$(hosts_now)" -le 20 ] && [ "$(held)" -le $((before + 1024)) ]; }
wait_for 20 few || die "afterwards $(hosts_now) hosts and $(held) pages are left"
in_ns c homa_echo_client -n 5 10.0.0.2 >/dev/null || die "no service after the flood"
ok "nothing is left: $(hosts_now) hosts, $(held) pages (before: $before)"
