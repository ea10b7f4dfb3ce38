#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B1 G3
# tier: uml stock612 newest
# timeout: 70
#
# MSG_ZEROCOPY: messages from pages of the application, and the notifications.
. "$HOMA_TESTS/lib.sh"

# Nothing that t sends to d gets there.
new_host t
new_host d
ip -n t link add t0 type veth peer name d0 netns d || die "no veth"
ip -n d link set d0 up
ip -n t addr add 10.9.9.1/24 dev t0
ip -n t addr add fd09::1/64 dev t0 nodad
ip -n t link set t0 up
wait_for 5 link_up t t0 || die "the veth link did not come up"
ip -n t neigh add 10.9.9.9 lladdr 02:00:00:00:00:09 dev t0 nud permanent
ip -n t neigh add fd09::9 lladdr 02:00:00:00:00:09 dev t0 nud permanent
tc -n t qdisc add dev t0 root netem loss 100% || die "no netem"
in_ns t t_zerocopy 127.0.0.1 10.9.9.9 || die "t_zerocopy over IPv4"
in_ns t t_zerocopy ::1 fd09::9 || die "t_zerocopy over IPv6"
