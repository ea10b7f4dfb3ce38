#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C5 C9 G3
# tier: uml
# timeout: 120
#
# Every allocation and every access to user memory of every call fails once. The
# runner's search for leaks is part of this test.
. "$HOMA_TESTS/lib.sh"

new_host c
ip -n c link set lo mtu 1500
# ip netns exec shows a fresh /sys.
in_ns c sh -c "mount -t debugfs none /sys/kernel/debug && t_faults calls" || die "faults in calls"
