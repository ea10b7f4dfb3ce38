#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: W11 B1
# tier: uml stock
# timeout: 150
#
# Links from the smallest to the largest MTU, and a route whose MTU is smaller
# than the link's. No Homa packet is larger, DF is set, RPCs complete.
. "$HOMA_TESTS/lib.sh"

# exchange WHAT MTU ADDRESS FAMILY
exchange()
{
	for end in c s; do
		: >"/tmp/sniff.$end"
		bg in_ns $end t_sniff -i ${end}0 -m "$2" -f "$4" >"/tmp/sniff.$end" 2>&1
		eval "sniff_$end=$!"
		wait_for 5 grep -q watching /tmp/sniff.$end || die "t_sniff does not start"
	done
	in_ns c homa_echo_client -n 2 -s 1,500,1425,9000,40001,65600,250000 "$3" ||
		die "$1: RPCs with $3"
	kill "$sniff_c" "$sniff_s"
	wait "$sniff_c" || die "$1: packets of the client: $(cat /tmp/sniff.c)"
	wait "$sniff_s" || die "$1: packets of the server: $(cat /tmp/sniff.s)"
	# Packets have to be filled, too.
	largest=$(sed -n 's/.*largest \([0-9]*\) .*/\1/p' /tmp/sniff.c)
	[ "$largest" -gt $(($2 * 9 / 10)) ] || die "$1: largest packet only $largest bytes"
	ok "$1, $3: $(tail -n 1 /tmp/sniff.c)"
}

hosts_veth
cut_packets c c0
cut_packets s s0
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"

for mtu in 65535 9000 1500 1280 576; do
	ip -n c link set c0 mtu $mtu || die "MTU $mtu"
	ip -n s link set s0 mtu $mtu || die "MTU $mtu"
	exchange "link MTU $mtu" $mtu 10.0.0.2 4
	# IPv6 needs 1280 bytes, and leaves a device with less.
	[ $mtu -lt 1280 ] || exchange "link MTU $mtu" $mtu fd00::2 6
done

ip -n c link set c0 mtu 1500
ip -n s link set s0 mtu 1500
ip -n c route replace 10.0.0.0/24 dev c0 mtu 1300
ip -n s route replace 10.0.0.0/24 dev s0 mtu 1300
exchange "route MTU 1300" 1300 10.0.0.2 4
