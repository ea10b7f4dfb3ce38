#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: H14 C2
# tier: uml stock612
# timeout: 60
#
# bind() to a local address, link-local addresses, privileged ports.
. "$HOMA_TESTS/lib.sh"

hosts_veth
ip -n s addr add 10.0.0.22/24 dev s0
ip -n s addr add fd00::22/64 dev s0 nodad
ip -n s addr add fe80::2/64 dev s0 nodad
ip -n c addr add fe80::1/64 dev c0 nodad
# A new address with the same prefix must not become the preferred one.
ip -n s addr change fd00::22/64 dev s0 preferred_lft 0 nodad
quiet_neighbours
ip -n s neigh replace fe80::1 lladdr 02:00:00:00:00:01 dev s0 nud permanent
for address in 10.0.0.22 fd00::22 fe80::2; do
	ip -n c neigh replace $address lladdr 02:00:00:00:00:02 dev c0 nud permanent
done
t_bindaddr || die "t_bindaddr"
# Once more as a program of the 32-bit ABI.
[ "$HOMA_TIER" != stock ] || t_bindaddr_32 || die "t_bindaddr as a 32-bit program"
