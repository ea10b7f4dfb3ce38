#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: C27
# tier: stock
# clock: wall
#
# net.homa.poll_usecs: receivers poll where that finds messages, and with 0 never.
. "$HOMA_TESTS/lib.sh"

hosts_veth
bg in_ns s homa_echo_server >/tmp/server
wait_for 10 grep -q ready /tmp/server || die "the server does not start"

# The clients' answers come within a second, and one of two CPUs is idle mostly.
in_ns c sysctl -q -w net.homa.poll_usecs=1000000
in_ns s sysctl -q -w net.homa.poll_usecs=0
polled()
{
	in_ns c homa_echo_client -n 100 -s 100 10.0.0.2 || die "echo while polling"
	[ "$(counter c wait_fast)" -gt 0 ]
}
wait_for 20 polled || die "no receiver of 100,000 polled with success"
[ "$(counter c poll_cycles)" -gt 0 ] || die "polling took no time"
[ "$(counter s wait_fast)" -eq 0 ] && [ "$(counter s poll_cycles)" -eq 0 ] ||
	die "a receiver polled although poll_usecs is 0"
