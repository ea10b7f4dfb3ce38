#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: G9 H15
# tier: uml
# timeout: 100
#
# Each parameter in turn gets its smallest and its largest value, and some between
# them, while RPCs run; they may fail then. What is outside is refused. Another host
# on the machine does not notice, and with the old values all is as before.
. "$HOMA_TESTS/lib.sh"

dir=/proc/sys/net/homa

# extremes: in its namespace; prints what went wrong
cat >/tmp/extremes <<'END'
cd /proc/sys/net/homa || exit 1
t_netlink param-get >/tmp/params || exit 1

fail() { echo "$*"; exit 1; }

# range NAME MIN|MAX: as the module tells it; nothing if it does not
range() { sed -n "s/^name=$1 .*$2-value=\([-0-9]*\) .*/\1/p" /tmp/params; }

# try NAME VALUE ADDRESS...: with RPCs to these
try()
{
	homa_name=$1 homa_value=$2
	shift 2
	echo "$homa_value" 2>/dev/null >"$homa_name" || return 1
	for address; do
		t_rpcs -E -n 2 -k 2 -l 1,60000 $address/4000 >/tmp/burst 2>&1 ||
			fail "$homa_name = $homa_value: $(cat /tmp/burst)"
	done
	taken=$((taken + 1))
}

here=127.0.0.1 both='127.0.0.1 10.0.0.1'

# eight VALUE: for each priority level
eight() { echo "$1 $1 $1 $1 $1 $1 $1 $1"; }

for name in *; do
	[ -w $name ] || continue
	# What was read is no value to be written back: it is used up.
	[ $name = next_id ] && continue
	old=$(cat $name)
	# A time-out is longer than what comes before it.
	old_timeout=$(cat timeout_ticks) old_resend=$(cat resend_ticks)
	case $name in
	resend_ticks) echo 4000 >timeout_ticks ;;
	timeout_ticks) echo 1 >resend_ticks ;;
	esac || fail "no room for $name"
	taken=0
	min=$(range $name min) max=$(range $name max)
	case $name in
	unsched_cutoffs|priority_map)
		[ -n "$max" ] || fail "no range of $name"
		for value in $min 1 $max; do
			try $name "$(eight $value)" $both || fail "$name refuses $value"
		done
		try $name "$(eight $((max + 1)))" && fail "$name takes $((max + 1))"
		;;
	*)
		for value in $min $max; do
			try $name $value $both || fail "$name refuses $value, its boundary"
		done
		if [ -n "$max" ]; then
			try $name $((min - 1)) && fail "$name takes $((min - 1))"
			try $name $((max + 1)) && fail "$name takes $((max + 1))"
		fi
		for value in 0 100 65536 '0 0 0 0'; do
			[ "$value" = "$min" ] || [ "$value" = "$max" ] || try $name "$value" $here
		done
		;;
	esac
	echo "$old" >$name || fail "$name does not take '$old' back"
	[ $name = timeout_ticks ] || echo $old_timeout >timeout_ticks
	[ $name = resend_ticks ] || echo $old_resend >resend_ticks
	[ $taken -gt 0 ] || fail "$name takes no value"
	echo "$name: ${min:+$min to $max, }$taken values"
done
END

# Where time is virtual, a process that never sleeps stops it: RPCs come in bursts.
hosts_veth
quiet_neighbours
for ns in c s; do
	bg in_ns $ns homa_echo_server >"/tmp/server.$ns" 2>&1
	wait_for 10 grep -q ready "/tmp/server.$ns" || die "the server in $ns does not start"
done
# max_grantable_rpcs counts: it is no parameter.
settings() { in_ns c sh -c "cd $dir && grep -H . *" | grep -v max_grantable_rpcs; }
settings >/tmp/before
in_ns s sh /tmp/extremes || die "parameters"
settings >/tmp/after
cmp /tmp/before /tmp/after || die "another host's parameters changed"
in_ns c homa_echo_client -n 2 -s 1,100000,1000000 10.0.0.2 || die "RPCs afterwards"
ok "all parameters at their boundaries"
