#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B4 B7
# tier: uml stock
# timeout: 110
#
# Four hosts on a bridge. One socket in each is client of the three others and
# server at once, with many RPCs under way, some of them private.
. "$HOMA_TESTS/lib.sh"

# everybody PREFIX SEED: all talk to all at addresses PREFIX1..4
everybody()
{
	rm -f /tmp/start
	for i in 1 2 3 4; do
		others=
		for j in 1 2 3 4; do
			[ $i = $j ] || others="$others $1$j/4000"
		done
		bg in_ns h$i t_rpcs -b 4000 -n 150 -k 12 -l 1-150000 -P 15 -r "$2$i" -t 90 -w /tmp/start $others \
			>"/tmp/rpcs.$i" 2>&1
		eval "pid_$i=$!"
	done
	for i in 1 2 3 4; do
		wait_for 10 grep -q ready "/tmp/rpcs.$i" || die "host $i: $(cat "/tmp/rpcs.$i")"
	done
	touch /tmp/start
	for i in 1 2 3 4; do
		wait_for 90 grep -q ' RPCs' "/tmp/rpcs.$i" || die "host $i: $(cat "/tmp/rpcs.$i")"
		grep -q ' 0 failed' "/tmp/rpcs.$i" || die "host $i: $(cat "/tmp/rpcs.$i")"
	done
	for i in 1 2 3 4; do
		eval "kill \$pid_$i; wait \$pid_$i"
	done
	ok "$1x: $(tail -n 1 /tmp/rpcs.1)"
}

hosts_bridge 4
everybody 10.0.0. 1
everybody fd00:: 2
