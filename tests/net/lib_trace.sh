# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Homa's tracepoints, and the kernel's own event for dropped packets; sourced after
# lib.sh by the tests that look at them.

tracing=/sys/kernel/tracing
[ -d $tracing/events ] || mount -t tracefs nodev $tracing || die "no tracefs"
[ -d $tracing/events/homa ] || die "the module has no events"

# record: begin anew
at_exit off
record()
{
	echo >$tracing/trace
	echo 1 >$tracing/events/homa/enable
	echo 1 >$tracing/events/skb/kfree_skb/enable
}

# The events are the machine's, not this test's.
off()
{
	echo 0 >$tracing/events/homa/enable
	echo 0 >$tracing/events/skb/kfree_skb/enable
}

# stop: what was recorded is in /tmp/trace
stop()
{
	off
	cat $tracing/trace >/tmp/trace
}

# recorded PATTERN...: an event that matches all of them
recorded()
{
	cp /tmp/trace /tmp/hits
	for pattern in "$@"; do
		grep -e "$pattern" /tmp/hits >/tmp/less
		mv /tmp/less /tmp/hits
	done
	[ -s /tmp/hits ] || { head -n 40 /tmp/trace; die "no event with: $*"; }
}
