#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C1 C20 G10 H10
# tier: uml smp stock
# clock: wall
# timeout: 150
#
# Hundreds of sockets with RPCs under way are closed, or left to the end of
# their process; dozens of hosts are deleted together.
. "$HOMA_TESTS/lib.sh"

new_host t
in_ns t t_many -n 300 || die "closing many sockets"
in_ns t t_many -n 300 -x || die "leaving many sockets"
ok "many sockets"

for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	new_host n$i
	in_ns n$i t_many -n 6 -x >/dev/null || die "host n$i"
done
ip netns del t
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	ip netns del n$i
done
ok "many hosts"

if [ -n "$HOMA_KO" ]; then
	wait_for 10 rmmod homa || die "cannot be unloaded after that"
	insmod "$HOMA_KO" || die "cannot be loaded again"
fi
