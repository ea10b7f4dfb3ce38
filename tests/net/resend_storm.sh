#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml
#
# A link that silently loses large packets: for four seconds the client asks for its
# response, or is told that the server knows nothing, each 5 ms and more often.  Not all of
# the message is sent each time.  Of a request that cannot arrive the server says BUSY all
# the same, until it forgets it, because its short last packet does; so it ends when
# the server has been forgetting it for a minute.
. "$HOMA_TESTS/lib.sh"

asked() { echo $(($(counter "$1" packets_rcvd_RESEND) + $(counter "$1" packets_rcvd_RPC_UNKNOWN))); }

# storm SMALL LARGE SECONDS: SMALL's device takes no packet of full length, so those of LARGE,
# which are 29 for 40,000 bytes, do not arrive until the client gives up, after SECONDS.
storm()
{
	ip -n "$1" link set "${1}0" mtu 1400 || die "no MTU"
	before=$(counter "$2" resent_packets)
	asked_before=$(asked "$2")
	in_ns c homa_echo_client -n 1 -s 40000 10.0.0.2 >/tmp/client 2>&1 &&
		die "the client has its answer"
	grep -q 'Connection timed out' /tmp/client || die "the client: $(cat /tmp/client)"
	ip -n "$1" link set "${1}0" mtu 1500 || die "no MTU"
	packets=$(($(counter "$2" resent_packets) - before))
	asked=$(($(asked "$2") - asked_before))
	[ $asked -gt 700 ] || die "asked for only $asked times"
	# All of it four times and 16 times more in each second, and one packet each time.
	[ $packets -ge $asked ] && [ $packets -lt $((asked + (4 + $3 * 20) * 29)) ] ||
		die "$packets packets were sent again, asked for $asked times"
	in_ns c homa_echo_client -n 1 -s 40000 10.0.0.2 || die "no answer when the link is good again"
	ok "packets of $2 do not arrive: $packets sent again, asked for $asked times"
}

hosts_veth
cut_packets c c0
cut_packets s s0
in_ns c sysctl -q -w net.homa.timeout_ticks=4000
in_ns s sysctl -q -w net.homa.timeout_ticks=4000
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
in_ns c homa_echo_client -n 1 -s 40000 10.0.0.2 || die "no answer"
storm c s 4
storm s c 65
