#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: G3
# tier: uml
# timeout: 120
#
# Each allocation fails once while packets are received and sent: RPCs complete, and
# nothing stays charged (see faults_calls). They fail while a namespace is made: none
# is left half.
. "$HOMA_TESTS/lib.sh"

new_host c
# Small packets, as on a real link.
ip -n c link set lo mtu 1500
ip -n c -6 route add local fd01::/64 dev lo || die "no route"
# ip netns exec shows a fresh /sys.
in_ns c sh -c "mount -t debugfs none /sys/kernel/debug && t_faults rpcs" || die "faults in RPCs"
t_faults_load netns || die "faults in namespaces"
