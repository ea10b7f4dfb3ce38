#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: G9 H15
# tier: uml stock612
# timeout: 60
#
# Whatever is written to a parameter is refused or harmless. A namespace has
# parameters of its own; only homa_mem is the host's.
. "$HOMA_TESTS/lib.sh"

dir=/proc/sys/net/homa
new_host n
new_host m
settings() { (cd $dir && grep -H . *); }
settings_in() { in_ns $1 sh -c "cd $dir && grep -H . *"; }
settings >/tmp/init
settings_in n >/tmp/n
settings_in m >/tmp/m
cmp -s /tmp/n /tmp/m || die "new namespaces differ"

# Values that differ from the defaults, before and after the test program.
in_ns n sysctl -q -w net.homa.unsched_bytes=12345 net.homa.rpc_sock_max=54321
[ "$(in_ns n cat $dir/unsched_bytes)" = 12345 ] || die "unsched_bytes"
in_ns n t_params || die "t_params"
[ "$(in_ns n cat $dir/rpc_sock_max)" = 54321 ] || die "rpc_sock_max"
settings | cmp -s - /tmp/init || die "settings of the initial namespace changed"
settings_in m | cmp -s - /tmp/m || die "settings of another namespace changed"
ok "namespaces"

# The limits of the host: in the initial namespace, in order.
old=$(cat $dir/homa_mem)
at_exit 'echo "$old" >$dir/homa_mem'
for bad in "0 1 2" "3 2 1" "1 3 2" "-1 2 3" "1 2 99999999999999999999" "1 2 9223372036854775807" \
	word; do
	if echo "$bad" >$dir/homa_mem 2>/dev/null; then die "homa_mem takes $bad"; fi
	[ "$(cat $dir/homa_mem)" = "$old" ] || die "homa_mem changed although $bad was refused"
done
echo "100 200 300" >$dir/homa_mem || die "homa_mem takes no sane value"
[ "$(tr '\t' ' ' <$dir/homa_mem)" = "100 200 300" ] || die "homa_mem: $(cat $dir/homa_mem)"
echo "$old" >$dir/homa_mem || die "homa_mem does not take its old value back"
[ "$(in_ns n stat -c %a $dir/homa_mem)" = 444 ] || die "homa_mem can be changed in any namespace"
ok "homa_mem"
