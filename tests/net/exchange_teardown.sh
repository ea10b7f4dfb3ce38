#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C20 G10 H10
# tier: uml stock612
# timeout: 60
#
# Threads that wait in HOMAIOCEXCHANGE, or are in the middle of one, are killed: nothing
# of them is left, neither in a namespace that is removed nor in the module.
. "$HOMA_TESTS/lib.sh"

[ -n "$HOMA_KO" ] || skip "Homa is built into this kernel"

# stay: a process with such threads in the host t; its pid is in $stays
stay()
{
	: >/tmp/stay
	bg in_ns t t_exchange_threads stay >/tmp/stay 2>&1
	stays=$!
	wait_for 20 grep -q ready /tmp/stay || die "$(cat /tmp/stay)"
	sleep 0.05
}

for round in 1 2; do
	new_host t
	stay
	rmmod homa 2>/dev/null && die "round $round: unloaded under a process that exchanges"
	kill -9 "$stays"
	wait "$stays" 2>/dev/null
	ip netns del t
	wait_for 10 rmmod homa || die "round $round: cannot be unloaded without sockets"
	insmod "$HOMA_KO" || die "round $round: cannot be loaded again"

	# The name goes first; the sockets keep the namespace.
	new_host t
	stay
	ip netns del t
	sleep 0.05
	kill -9 "$stays"
	wait "$stays" 2>/dev/null
	wait_for 10 rmmod homa || die "round $round: a removed namespace holds the module"
	insmod "$HOMA_KO" || die "round $round: cannot be loaded again"
	ok "round $round"
done

new_host t
in_ns t t_exchange_threads || die "exchanges afterwards"
