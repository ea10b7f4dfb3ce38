#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: W26 B1
# tier: uml stock newest
# timeout: 60
#
# Many packets of a message travel in one buffer. A veth passes it on uncut, and
# the receiver takes it as one; where a device cannot do that, and behind a
# router with a smaller MTU, packets are cut that fit, and mean the same.
. "$HOMA_TESTS/lib.sh"

# exchange WHAT ADDRESS MTU: what s0 hears has to be no larger than MTU
exchange()
{
	bg in_ns s t_sniff -i s0 -m "$3" >/tmp/sniff 2>&1
	sniff=$!
	wait_for 5 grep -q watching /tmp/sniff || die "t_sniff does not start"
	in_ns c homa_echo_client -n 3 -s 1425,20000,65537,500000 "$2" || die "$1: echo with $2"
	in_ns c t_rpcs -n 40 -k 8 -l 1-200000 "$2/4000" || die "$1: many RPCs with $2"
	kill "$sniff"
	wait "$sniff" || die "$1: $(cat /tmp/sniff)"
	largest=$(sed -n 's/.*largest \([0-9]*\) .*/\1/p' /tmp/sniff)
	ok "$1, $2: $(tail -n 1 /tmp/sniff)"
}

hosts_veth
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"

for to in 10.0.0.2 fd00::2; do
	exchange "uncut" $to 65535
	[ "$largest" -gt 15000 ] || die "only $largest bytes in the largest buffer"
done
# Lost as a whole: not by netem(), which would have none made.
tc -n c qdisc add dev c0 root netem loss 3% || die "no netem"
tc -n s qdisc add dev s0 root netem loss 3% || die "no netem"
for to in 10.0.0.2 fd00::2; do
	exchange "uncut, lossy" $to 65535
	[ "$largest" -gt 15000 ] || die "only $largest bytes in the largest buffer"
done
tc -n c qdisc del dev c0 root
tc -n s qdisc del dev s0 root
for way in tx-sctp-segmentation tso gso sg; do
	in_ns c ethtool -K c0 $way off >/dev/null || die "$way cannot be turned off"
	in_ns s ethtool -K s0 $way off >/dev/null || die "$way cannot be turned off"
	for to in 10.0.0.2 fd00::2; do
		exchange "$way off" $to 1500
		[ "$largest" -gt 1400 ] || die "only $largest bytes in the largest packet"
	done
	in_ns c ethtool -K c0 $way on >/dev/null
	in_ns s ethtool -K s0 $way on >/dev/null
done
