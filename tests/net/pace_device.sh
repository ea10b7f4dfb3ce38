#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: F9 F10
# tier: uml stock612
#
# The link is slower than anybody told Homa: a shaper lets 100 Mbit/s through, the
# setting says 25 Gbit/s. The queue of the device must not fill with a message of
# 1,000,000 bytes: others wait for two of its packets at most. The shaper passes
# large buffers on the device whole, or cuts them, and both are followed until
# they are gone.
. "$HOMA_TESTS/lib.sh"

mbps=100

measure() { t_defer "$@" -q 2 -m $mbps $slack -c c -s s -i s0 10.0.0.2; }
settings() { in_ns c sysctl -q -w "$@" || die "no net.homa"; }
shape() { tc -n c qdisc replace dev c0 root tbf rate ${mbps}mbit limit 8mb "$@" || die "no tbf"; }

# Where instructions take time, so does the way of a packet to the other host.
slack="-t 300000"
fq_slack=$slack
if [ "$HOMA_TIER" = uml ]; then
	slack="-t 20000"
	# fq sends a packet at once and waits afterwards as long as it takes, so who comes
	# just behind one waits for three.
	fq_slack="-t 140000"
fi

hosts_veth
# The receiver is to see packets.
cut_packets c c0
settings net.homa.unsched_bytes=1000000 net.homa.pacer_fifo_fraction=0
shape burst 1600

measure || die "messages beside a long one"
[ "$(counter c pacer_device_full)" -gt 0 ] || die "the pacer never waited for the device"
ok "messages wait for two packets of a long one at most"

settings net.homa.flags=2
# The first short message arrives behind the long one.
measure >/tmp/without 2>&1 && die "nothing waits without pacing: this test sees nothing"
grep -q 'returned 1000000, expected 1$' /tmp/without || die "without pacing: $(cat /tmp/without)"
settings net.homa.flags=0
ok "without pacing they wait longer"

# fq has a queue for each socket, and lets 100 Mbit/s out of it, counted in quanta.
tc -n c qdisc replace dev c0 root fq maxrate ${mbps}mbit quantum 1514 initial_quantum 1514 ||
	die "no fq"
slack=$fq_slack
measure || die "messages beside a long one in a queue of fq"
ok "they do so behind fq, too"

# A burst of many packets: tbf takes buffers whole.
shape burst 20000
bg in_ns s homa_echo_server -p 4001 >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
in_ns c t_rpcs -n 40 -k 10 -l 100,1000,20000,500000 10.0.0.2/4001 || die "RPCs through a full device"
tc -n c qdisc del dev c0 root
in_ns c t_rpcs -n 40 -k 10 -l 100,1000,20000,500000 10.0.0.2/4001 || die "RPCs without the shaper"
ok "the queue is followed whatever it is"

# It goes away while messages wait for it.
shape burst 1600
in_ns c t_rpcs -n 40 -k 10 -l 1000000 10.0.0.2/4001 >/tmp/rpcs 2>&1 &
held=$!
had=$(counter c pacer_device_full)
waited() { [ "$(counter c pacer_device_full)" -gt "$had" ]; }
wait_for 10 waited || die "the pacer does not wait for the device any more"
ip -n c link del c0
kill $held
wait $held
ok "a device that goes away holds nothing"
