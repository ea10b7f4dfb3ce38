#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock
# timeout: 90
#
# HOMAIOCEXCHANGE: every sentence of its documentation in include/uapi/linux/homa.h.
. "$HOMA_TESTS/lib.sh"

hosts_veth
new_host t
for name in exchange exchange_args exchange_mixed exchange_wait exchange_threads; do
	in_ns t "t_$name" || die "t_$name"
	ok "t_$name"
done

ip -n s addr add fe80::2/64 dev s0 nodad
ip -n c addr add fe80::1/64 dev c0 nodad
quiet_neighbours
ip -n s neigh replace fe80::1 lladdr 02:00:00:00:00:01 dev s0 nud permanent
ip -n c neigh replace fe80::2 lladdr 02:00:00:00:00:02 dev c0 nud permanent
t_exchange_mixed scoped || die "link-local addresses"
