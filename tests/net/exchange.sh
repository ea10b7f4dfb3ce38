#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock newest
# timeout: 90
#
# HOMAIOCEXCHANGE: every sentence of its documentation in include/uapi/linux/homa.h; and
# the example of docs/programming.md.
. "$HOMA_TESTS/lib.sh"

hosts_veth
new_host t
for name in exchange exchange_args exchange_mixed exchange_wait exchange_threads; do
	in_ns t "t_$name" || die "t_$name"
	ok "t_$name"
done

bg in_ns s homa_exchange serve >/tmp/ready
wait_for 10 grep -q ready /tmp/ready || die "the example does not serve"
for address in ::ffff:10.0.0.2 fd00::2; do
	[ "$(in_ns c homa_exchange $address Ada)" = 'Hello, Ada!' ] || die "the example at $address"
done
long=$(seq 100 | tr -d '\n')
[ "$(in_ns c homa_exchange fd00::2 "$long")" = 'That is no name.' ] || die "a name that is too long"
[ "$(in_ns c homa_hello_client fd00::2 Bob)" = 'Hello, Bob!' ] || die "the example and libhoma"
in_ns s homa_exchange ::1 Ada >/dev/null || die "the example on its own host"
in_ns c homa_exchange ::1 Ada 2>/tmp/error && die "a greeting from nobody"
grep -q '::1: ' /tmp/error || die "the example does not complain: $(cat /tmp/error)"
ok "the example"

ip -n s addr add fe80::2/64 dev s0 nodad
ip -n c addr add fe80::1/64 dev c0 nodad
quiet_neighbours
ip -n s neigh replace fe80::1 lladdr 02:00:00:00:00:01 dev s0 nud permanent
ip -n c neigh replace fe80::2 lladdr 02:00:00:00:00:02 dev c0 nud permanent
t_exchange_mixed scoped || die "link-local addresses"
