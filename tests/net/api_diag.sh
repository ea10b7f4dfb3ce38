#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock newest
# timeout: 60
#
# sock_diag: homa_diag.ko comes when it is asked for, lists sockets and RPCs
# (t_diag), keeps homa.ko while it is there, and goes.
. "$HOMA_TESTS/lib.sh"

[ -n "$HOMA_KO" ] || skip "Homa is built into this kernel"

new_host a
new_host b
in_ns a sysctl -q -w net.homa.rpc_sock_max=12345

[ ! -d /sys/module/homa_diag ] || die "homa_diag is there already"
if [ "$HOMA_TIER" = uml ]; then
	# No modules of its own in the root file system; inet_diag is built in,
	# and without CONFIG_INET_DIAG_DESTROY.
	insmod "$(dirname "$HOMA_KO")/homa_diag.ko" || die "insmod"
	t_diag || die "t_diag"
else
	t_diag -d || die "t_diag"
	[ -d /sys/module/homa_diag ] || die "homa_diag was not loaded by the request"
fi
rmmod homa 2>/dev/null && die "homa is unloaded under homa_diag"
rmmod homa_diag || die "homa_diag cannot be unloaded"
ok "unloaded"
