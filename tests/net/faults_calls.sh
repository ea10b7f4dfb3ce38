#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: G3
# tier: uml
# timeout: 120
#
# Every allocation and every access to user memory of every call fails once, over
# both families. The runner's search for leaks is part of this test, and so are the
# module's own accounts: a socket that is destroyed with something charged to it, and
# an account of the host that is not empty in the end, are kernel warnings.
. "$HOMA_TESTS/lib.sh"

new_host c
ip -n c link set lo mtu 1500
ip -n c -6 route add local fd01::/64 dev lo || die "no route"
ip -n c link add v0 type veth peer name v1 || die "no veth"
ip -n c link set v0 up
insmod "$(dirname "$HOMA_KO")/homa_diag.ko" || die "no homa_diag"
# ip netns exec shows a fresh /sys.
in_ns c sh -c "mount -t debugfs none /sys/kernel/debug && t_faults calls" || die "faults in calls"
