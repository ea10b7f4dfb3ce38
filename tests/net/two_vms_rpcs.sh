#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B1 B2 B4 W11
# tier: stock
# machines: 2
# timeout: 120
#
# Two virtual machines joined by a virtio-net cable; each runs this script
# (HOMA_VM is 1 or 2). Both serve and both are clients.
. "$HOMA_TESTS/lib.sh"

other=$((3 - HOMA_VM))
dev=eth0
wait_for 10 grep -q 1 /sys/class/net/$dev/carrier || die "no carrier on $dev"
# A round trip over the emulated cable takes 5 to 50 ms, which is more than the
# 5 ms of silence that mean loss in a data centre.
sysctl -q -w net.homa.timeout_ticks=4000 net.homa.resend_ticks=200 \
	net.homa.resend_interval=200 net.homa.request_ack_ticks=200

bg homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
vm_barrier servers
bg t_sniff -i $dev -m 1500 >/tmp/sniff 2>&1
sniff=$!
wait_for 5 grep -q watching /tmp/sniff || die "t_sniff does not start"

for to in 10.0.0.$other fd00::$other; do
	homa_echo_client -n 3 -s 1,100,1424,1425,40001,65537,500000,1000000 $to || die "echo with $to"
	t_rpcs -n 60 -k 10 -l 1-200000 -P 10 $to/4000 || die "many RPCs with $to"
	bench_rtt -P homa -p 4010 -l 100 -r 5 127.0.0.1 >/dev/null || die "loopback beside it"
	ok "RPCs with $to"
done
kill "$sniff"
wait "$sniff" || die "packets: $(cat /tmp/sniff)"
# The other machine may still need our server.
vm_barrier done
