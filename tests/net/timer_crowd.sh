#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: E5 G5
# tier: uml stock612
# timeout: 120
#
# Ten thousand RPCs are in service. What the timer does for a new RPC does not
# depend on how many others there are, none of the others is forgotten, and in the end
# all are answered.
. "$HOMA_TESTS/lib.sh"

rpcs=10000 new=300

hosts_veth
quiet_neighbours
for ns in c s; do
	in_ns $ns sysctl -q -w net.homa.rpc_sock_max=100000 net.homa.rpc_net_max=200000 \
		net.homa.wmem_max=1000000000
done
# The client asks seldom whether the server still works on them.
in_ns c sysctl -q -w net.homa.timeout_ticks=4000 net.homa.resend_ticks=1000
in_ns s sysctl -q -w net.homa.timeout_ticks=4000

bg in_ns s homa_echo_server >/tmp/server
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
bg t_crowd -s s -c c -a 10.0.0.2 -n $rpcs -g /tmp/go >/tmp/crowd
crowd=$!
wait_for 100 grep -q 'in service' /tmp/crowd || { cat /tmp/crowd; die "no crowd"; }

# Each of them waits for an answer, so the client's timer has to know it.
all_seen() { [ "$(counter c timer_looks)" -ge $rpcs ]; }
wait_for 20 all_seen || die "the timer looked at $(counter c timer_looks) of $rpcs requests"
ok "$rpcs RPCs in service; the client's timer knows all of them"

looks=$(counter s timer_looks)
# Long requests are still there when the timer comes.
in_ns c homa_echo_client -n $new -s 100 10.0.0.2 >/dev/null || die "no service beside them"
in_ns c homa_echo_client -n 20 -s 100000 10.0.0.2 >/dev/null || die "no service beside them"
looks=$(($(counter s timer_looks) - looks))
[ $looks -le $((4 * new)) ] || die "for $new RPCs the timer looked at $looks"
ok "for $new new RPCs the server's timer looked at $looks"

touch /tmp/go
wait $crowd || { cat /tmp/crowd; die "not all were answered"; }
[ "$(counter c rpc_timeouts)" -eq 0 ] || die "$(counter c rpc_timeouts) RPCs timed out"
ok "all are answered"
