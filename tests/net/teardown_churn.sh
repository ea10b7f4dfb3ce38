#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C20
# tier: uml smp stock
# timeout: 120
#
# Sockets come and go at any moment with RPCs under way, within a host and
# between hosts, over IPv4 and IPv6, also on a bad link.
. "$HOMA_TESTS/lib.sh"

# both SECONDS SEED ADDRESS...: churn in both hosts at the same time
both()
{
	homa_seconds=$1 seed=$2
	shift 2
	bg in_ns s t_churn -s "$homa_seconds" -r "$((seed + 1))" "$@" >/tmp/churn.s 2>&1
	other=$!
	in_ns c t_churn -s "$homa_seconds" -r "$seed" "$@" || die "churn in c, seed $seed"
	wait "$other" || die "churn in s, seed $((seed + 1)): $(cat /tmp/churn.s)"
}

# An emulated second of work takes many real ones.
seconds=4
[ "$HOMA_TIER" = uml ] || seconds=2

hosts_veth
in_ns c t_churn -s $seconds -r 1 127.0.0.1 || die "churn within a host"
both $seconds 10 10.0.0.1 10.0.0.2
both $seconds 20 fd00::1 fd00::2
netem c c0 loss 5% delay 1ms 1ms
netem s s0 loss 5% delay 1ms 1ms
both $seconds 30 10.0.0.1 10.0.0.2
ok "churn"
