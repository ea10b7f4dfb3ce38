#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B1 B2 W23
# tier: uml stock newest
# timeout: 120
#
# veth and loopback with each combination of GRO and segmentation offload: RPCs
# complete, and TCP beside them is unharmed.
. "$HOMA_TESTS/lib.sh"

# set NS DEV FEATURE...: what the device cannot change is left as it is
set_features()
{
	homa_ns=$1 homa_dev=$2
	shift 2
	in_ns "$homa_ns" ethtool -K "$homa_dev" "$@" >/dev/null 2>&1
}

exchange()
{
	in_ns c homa_echo_client -n 5 -s 1,1425,20000,65537,500000 "$2" || die "$1: echo with $2"
	in_ns c t_rpcs -n 60 -k 12 -l 1-200000 "$2/4000" || die "$1: many RPCs with $2"
}

hosts_veth
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
for gro in on off; do
	for tso in on off; do
		for end in c s; do
			set_features $end ${end}0 gro $gro
			set_features $end ${end}0 tso $tso gso $tso
		done
		exchange "veth, GRO $gro, segmentation $tso" 10.0.0.2
		exchange "veth, GRO $gro, segmentation $tso" fd00::2
		bench_rtt -P tcp -C c -S s -l 100,100000 -r 20 -w 20 10.0.0.2 || die "TCP"
		bench_rtt -P tcp -C c -S s -l 100,100000 -r 20 -w 20 fd00::2 || die "TCP, IPv6"
		ok "veth, GRO $gro, segmentation $tso"
	done
done

bg in_ns c homa_echo_server >/tmp/server.c 2>&1
wait_for 10 grep -q ready /tmp/server.c || die "the server does not start"
for gro in off on; do
	set_features c lo gro $gro
	exchange "loopback, GRO $gro" 127.0.0.1
	exchange "loopback, GRO $gro" ::1
	ok "loopback, GRO $gro"
done
