#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: H9 E12
# tier: uml stock612
#
# An ack may come in a packet for another socket. It ends an RPC only if the RPC's own
# socket could have got that packet: socket filter, device, address, IPsec policy,
# BPF of the control group. The debug kernel lacks the last two.
. "$HOMA_TESTS/lib.sh"

hosts_veth
for kind in none filter "device c0" address; do
	# shellcheck disable=SC2086 # two words
	in_ns c t_acks $kind || die "acks and $kind"
done
if [ "$HOMA_TIER" = stock ]; then
	modprobe xfrm_user
	in_ns c t_acks policy || die "acks and IPsec policies of sockets"
	mkdir /tmp/cgroup
	mount -t cgroup2 none /tmp/cgroup || die "no control groups"
	in_ns c t_acks cgroup /tmp/cgroup/second || die "acks and control groups"
fi
