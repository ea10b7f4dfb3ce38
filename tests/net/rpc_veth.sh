#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B1 B2 W1 W11
# tier: uml stock newest
# timeout: 100
#
# The example programs between two hosts: every interesting length over IPv4,
# IPv6, and IPv4 through an IPv6 socket, which has to use IPv4 on the wire.
. "$HOMA_TESTS/lib.sh"

sizes=1,100,1404,1405,1424,1425,40000,40001,65535,65536,65537,999999,1000000

# exchange ADDRESS FAMILY [OPTION]: echo over it while watching both ends
exchange()
{
	# Packets of the last exchange are not this one's.
	wait_for 10 all_ended s || die "RPCs of the last exchange do not end"
	for end in c s; do
		: >"/tmp/sniff.$end"
		bg in_ns $end t_sniff -i ${end}0 -m 1500 -f "$2" >"/tmp/sniff.$end" 2>&1
		eval "sniff_$end=$!"
	done
	wait_for 5 grep -q watching /tmp/sniff.c || die "t_sniff does not start"
	wait_for 5 grep -q watching /tmp/sniff.s || die "t_sniff does not start"
	in_ns c homa_echo_client $3 -n 2 -s $sizes "$1" || die "echo with $1 $3"
	kill "$sniff_c" "$sniff_s"
	wait "$sniff_c" || die "packets of the client: $(cat /tmp/sniff.c)"
	wait "$sniff_s" || die "packets of the server: $(cat /tmp/sniff.s)"
	ok "echo with $1 $3: $(tail -n 1 /tmp/sniff.c), server: $(tail -n 1 /tmp/sniff.s)"
}

hosts_veth
cut_packets c c0
cut_packets s s0
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"

exchange 10.0.0.2 4
exchange fd00::2 6
exchange 10.0.0.2 4 -6
