#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: H9
# tier: uml stock612
#
# What decides about the packets of a socket decides about Homa's, too: socket
# filters, IPsec policies of a socket, BPF programs of control groups, security
# modules. The debug kernel has only the first.
. "$HOMA_TESTS/lib.sh"

t_hooks filter || die "socket filters"
if [ "$HOMA_TIER" = stock ]; then
	modprobe xfrm_user
	t_hooks policy || die "IPsec policies of sockets"
	mkdir /tmp/cgroup
	mount -t cgroup2 none /tmp/cgroup || die "no control groups"
	t_hooks cgroup /tmp/cgroup/homa || die "control groups"
	t_hooks lsm || die "security modules"
	t_hooks classify || die "labels of flows"
	t_hooks calls || die "security modules asked by HOMAIOCEXCHANGE"
fi
