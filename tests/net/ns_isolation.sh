#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: H10 D1
# tier: uml stock
#
# Hosts on one machine share nothing: the same port in each, the same address
# in each, and what one host's server answers the other's client never sees.
. "$HOMA_TESTS/lib.sh"

hosts_veth
in_ns s sysctl -q -w net.ipv4.icmp_ratelimit=0
for ns in c s; do
	bg in_ns $ns homa_echo_server -p 500 >"/tmp/server.$ns" 2>&1
	wait_for 10 grep -q ready "/tmp/server.$ns" || die "port 500 in $ns: $(cat "/tmp/server.$ns")"
done
ok "the same port in two hosts"

in_ns c t_rpcs -n 50 -l 1-50000 127.0.0.1/500 10.0.0.2/500 10.0.0.1/500 ||
	die "servers in two hosts"
ok "RPCs to the same port of both"

# Only s has a server on port 501; the same socket address in c has none.
bg in_ns s homa_echo_server -p 501 >/tmp/server.501 2>&1
wait_for 10 grep -q ready /tmp/server.501 || die "port 501: $(cat /tmp/server.501)"
in_ns c homa_echo_client -p 501 10.0.0.2 || die "port 501 of s"
if in_ns c homa_echo_client -p 501 127.0.0.1 >/tmp/client 2>&1; then
	die "a server of another host answered"
fi
grep -q 'not connected' /tmp/client || die "expected ENOTCONN: $(cat /tmp/client)"
ok "a port of one host is not in the other"
