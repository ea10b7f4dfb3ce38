#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C27
# tier: stock612
# timeout: 90
#
# The commands of docs/operations.md do what the text says, or at least succeed: each
# indented line that begins with "$", in one shell, in the host c, whose device is
# called eth0 as in the text.
. "$HOMA_TESTS/lib.sh"

hosts_veth
ip -n c link set c0 down
ip -n c link set c0 name eth0
ip -n c link set eth0 up
wait_for 5 link_up c eth0 || die "the veth link did not come up"
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
in_ns c homa_echo_client -n 3 -s 100 10.0.0.2 || die "echo"

sed -n 's/^    \$ //p' "$HOMA_BASE/docs/operations.md" >/tmp/commands
[ "$(wc -l </tmp/commands)" -ge 15 ] || die "where are the commands?"
# doctor's status 1 says that it found something, which is no failure here.
while read -r command; do
	echo "\$ $command"
	in_ns c sh -c "$command" >/tmp/out 2>&1
	status=$?
	[ $status = 0 ] || { [ $status = 1 ] && [ "${command%% *}" = homa ] &&
		[ "${command#homa doctor}" != "$command" ]; } ||
		die "status $status: $(cat /tmp/out)"
	head -n 3 /tmp/out
done </tmp/commands
[ "$(in_ns c cat /proc/sys/net/homa/unsched_bytes)" = 60000 ] || die "unsched_bytes was not set"
[ "$(in_ns c cat /proc/sys/net/homa/num_priorities)" = 4 ] || die "num_priorities was not set"
[ "$(in_ns c cat /proc/sys/net/homa/link_mbps)" = 10000 ] || die "link_mbps was not set"
in_ns c homa_echo_client -n 3 -s 100,100000 10.0.0.2 || die "echo with these settings"
