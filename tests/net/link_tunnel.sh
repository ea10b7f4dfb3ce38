#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: W26 B1
# tier: stock
# timeout: 60
#
# Large buffers through a tunnel whose own header has a checksum: uncut, cut
# behind the tunnel's header, and on a link that computes no checksums. Every
# packet arrives; and what left the tunnel may go on to another host.
. "$HOMA_TESTS/lib.sh"

# c - r1 = tunnel = r2 - s: r1 and r2 are bridges between link and tunnel
for ns in c s r1 r2; do
	new_host $ns
done
modprobe vxlan 2>/dev/null
join() # NS DEV HOST: host HOST is behind a bridge in NS, beside the tunnel
{
	ip -n "$1" link add br0 type bridge || die "no bridge"
	ip -n "$1" link add p0 type veth peer name "$3"0 netns "$3" || die "no veth"
	ip -n "$1" link set p0 master br0 up
	ip -n "$1" link set vx0 master br0 up
	ip -n "$1" link set br0 up
}
ip -n r1 link add u0 type veth peer name u0 netns r2 || die "no veth"
ip -n r1 address add 10.9.0.1/24 dev u0
ip -n r2 address add 10.9.0.2/24 dev u0
ip -n r1 link set u0 mtu 1600 up
ip -n r2 link set u0 mtu 1600 up
ip -n r1 link add vx0 mtu 1500 type vxlan id 7 local 10.9.0.1 remote 10.9.0.2 dstport 4789 \
	udpcsum dev u0 || die "no vxlan"
ip -n r2 link add vx0 mtu 1500 type vxlan id 7 local 10.9.0.2 remote 10.9.0.1 dstport 4789 \
	udpcsum dev u0 || die "no vxlan"
join r1 vx0 c
join r2 vx0 s
address c c0 1
address s s0 2
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
for to in 10.0.0.2 fd00::2; do
	# Neighbours and the bridges' tables are known before packets count.
	wait_for 20 in_ns c homa_echo_client -n 1 -s 1 $to >/dev/null 2>&1 || die "no way to $to"
done

csum_errors() { in_ns "$1" awk '/^Udp: [0-9]/ { print $8 }' /proc/net/snmp; }

exchange() # WHAT
{
	resent=$(($(counter c resent_packets) + $(counter s resent_packets)))
	for to in 10.0.0.2 fd00::2; do
		in_ns c homa_echo_client -n 3 -s 1425,20000,65537,300000 $to || die "$1: echo with $to"
	done
	for ns in r1 r2; do
		[ "$(csum_errors $ns)" -eq 0 ] || die "$1: $(csum_errors $ns) wrong checksums in $ns"
	done
	now=$(($(counter c resent_packets) + $(counter s resent_packets)))
	[ "$now" -eq "$resent" ] || die "$1: $((now - resent)) packets had to be sent again"
	ok "$1"
}

exchange "uncut"
for ns in r1 r2; do
	in_ns $ns ethtool -K u0 tx-sctp-segmentation off >/dev/null || die "no ethtool"
done
exchange "cut behind the tunnel's header"
for ns in r1 r2; do
	in_ns $ns ethtool -K u0 tx off >/dev/null || die "no ethtool"
done
exchange "without checksums by the device"
