#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock612
# timeout: 60
#
# connect(): default destination, admitted peer, AF_UNSPEC.
. "$HOMA_TESTS/lib.sh"

hosts_veth
quiet_neighbours
ip -n s addr add fe80::2/64 dev s0 nodad
ip -n s neigh replace fe80::1 lladdr 02:00:00:00:00:01 dev s0 nud permanent
ip -n c addr add fe80::1/64 dev c0 nodad
ip -n c neigh replace fe80::2 lladdr 02:00:00:00:00:02 dev c0 nud permanent
t_connect || die "t_connect"
# Once more as a program of the 32-bit ABI.
[ "$HOMA_TIER" != stock ] || t_connect_32 || die "t_connect as a 32-bit program"
