#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock612
# timeout: 120
#
# The cutoffs of a host follow the lengths of the messages that it receives,
# the hosts that send to it learn the new ones, and a pinned table stays.
. "$HOMA_TESTS/lib.sh"

dir=/proc/sys/net/homa
version() { in_ns "$1" cat $dir/cutoff_version; }
newer() { [ "$(version s)" -gt "$1" ]; }
# learned: c was told the table of s
learned() { [ "$(counter c packets_rcvd_CUTOFFS)" -gt "$1" ]; }

hosts_veth
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"

# c keeps its table, s does not.
in_ns c sh -c "echo 1 >$dir/cutoffs_pinned"
before=$(in_ns s cat $dir/unsched_cutoffs)
in_ns c t_rpcs -n 10500 -k 50 -l 40,40,40,1000 10.0.0.2/4000 || die "short messages"
wait_for 40 newer 1 || die "the cutoffs do not follow 10,500 messages"
after=$(in_ns s cat $dir/unsched_cutoffs)
ok "cutoffs: $before -> $after, version $(version s)"
[ "$(version c)" = 1 ] || die "a pinned table changed"

# All of it is unscheduled, so all levels but the last share it: the highest is
# for messages far shorter than 1,000 bytes now, none is for scheduled data.
set -- $after
[ "$8" -le 1000 ] && [ "$8" -ge 20 ] || die "level 7 takes up to $8 bytes"
[ "$7" -ge "$8" ] && [ "$6" -ge "$7" ] && [ "$5" -ge "$6" ] || die "levels are not in order: $after"
[ "$(in_ns s cat $dir/max_sched_prio)" = 0 ] || die "max_sched_prio does not follow"

had=$(counter c packets_rcvd_CUTOFFS)
in_ns c t_rpcs -n 1 -l 100 10.0.0.2/4000 || die "one more"
wait_for 5 learned "$had" || die "c is not told the new table"
ok "the other host learned them"

# The same traffic again is no reason for a new table; once is enough for the
# debug kernel, which takes its time.
[ "$HOMA_TIER" != uml ] || exit 0
now=$(version s)
in_ns c t_rpcs -n 10500 -k 50 -l 40,40,40,1000 10.0.0.2/4000 || die "short messages again"
sleep 12
[ "$(version s)" = "$now" ] || die "the table changes although the traffic does not"
ok "stable"
