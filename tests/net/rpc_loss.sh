#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: E9
# tier: uml smp stock
# timeout: 150
#
# 1, 5 and 10 % of the packets are lost, or many duplicated, in both
# directions: all RPCs complete, every byte is right.
. "$HOMA_TESTS/lib.sh"

# try COUNT NETEM...: RPCs over an impaired link, both families
try()
{
	count=$1
	shift
	netem c c0 "$@" limit 10000
	netem s s0 "$@" limit 10000
	for to in 10.0.0.2 fd00::2; do
		in_ns c homa_echo_client -n 2 -s 100,1425,40001,200000 $to ||
			die "$*: one RPC at a time, $to"
		in_ns c t_rpcs -n "$count" -k 8 -l 1-100000 -P 10 $to/4000 ||
			die "$*: many RPCs, $to"
	done
	ok "$*"
}

hosts_veth
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
# Who has which MAC must be known before packets get lost: the kernel repeats a
# lost question after a second, when an RPC has long been given up. So it does
# when IPv6 was not ready yet at the other end of a new link (seen on 6.1).
for to in 10.0.0.2 fd00::2; do
	wait_for 10 in_ns c homa_echo_client -n 1 -s 100 $to || die "without loss, $to"
done
try 60 loss 1%
try 40 loss 5%
try 30 loss 10%
try 60 duplicate 20%
try 30 loss 3% duplicate 10% delay 1ms 1ms reorder 20% 50%
in_ns c homa_echo_client -n 1 -s 1000000 10.0.0.2 || die "1,000,000 bytes with everything"
