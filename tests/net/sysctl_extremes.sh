#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: G9 H15
# tier: uml
# timeout: 100
#
# Each parameter in turn gets every value at its boundaries that it accepts, while
# RPCs run; they may fail then. Another host on the machine does not notice, and
# with the old values all is as before.
. "$HOMA_TESTS/lib.sh"

values="0 1 100 65536 4294967295"
dir=/proc/sys/net/homa

# Where time is virtual, a process that never sleeps stops it: RPCs come in bursts.
hosts_veth
for ns in c s; do
	bg in_ns $ns homa_echo_server >"/tmp/server.$ns" 2>&1
	wait_for 10 grep -q ready "/tmp/server.$ns" || die "the server in $ns does not start"
done
in_ns c sh -c "cd $dir && grep -H . *" >/tmp/before
in_ns s sh -c "
	cd $dir || exit 1
	for name in *; do
		[ -w \$name ] || continue
		# What was read is no value to be written back: it is used up.
		[ \$name = next_id ] && continue
		old=\$(cat \$name)
		taken=0
		for value in $values '0 0 0 0 0 0 0 0'; do
			echo \"\$value\" 2>/dev/null >\$name || continue
			taken=\$((taken + 1))
			t_rpcs -E -n 2 -k 2 -l 1,60000 127.0.0.1/4000 >/tmp/burst 2>&1 ||
				{ echo \"\$name = \$value: \$(cat /tmp/burst)\"; exit 1; }
		done
		echo \"\$old\" >\$name || { echo \"\$name does not take '\$old' back\"; exit 1; }
		echo \$name: \$taken values
	done" || die "parameters"
in_ns c sh -c "cd $dir && grep -H . *" >/tmp/after
cmp /tmp/before /tmp/after || die "another host's parameters changed"
in_ns c homa_echo_client -n 2 -s 1,100000,1000000 10.0.0.2 || die "RPCs afterwards"
ok "all parameters at their boundaries"
