#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock612
# timeout: 600
#
# Malformed packets of all types hit a host from one link, while it has RPCs with
# the sender of them and, over another link, RPCs whose contents are checked.
# A million of them in the debug kernel take three minutes of one processor.
# More packets, and other sequences of them: HOMA_FUZZ_PACKETS (for each family)
# and HOMA_FUZZ_SEED in the environment of ./dev.
. "$HOMA_TESTS/lib.sh"

if [ "$HOMA_TIER" = uml ]; then default=500000; else default=10000; fi
packets=${HOMA_FUZZ_PACKETS:-$default}
seed=${HOMA_FUZZ_SEED:-1}

# alive PID: true while the process runs
alive() { kill -0 "$1" 2>/dev/null; }

# Pages that sockets have reserved, and each processor up to 256 in advance.
held() { awk '$1 == "HOMA" { print $4; exit }' /proc/net/protocols; }
few_pages() { [ "$(held)" -le 600 ]; }

host_drill
new_host c
ip -n c link add c0 type veth peer name s1 netns s || die "no veth"
ip -n c addr add 10.0.1.1/24 dev c0
ip -n c addr add fd01::1/64 dev c0 nodad
ip -n s addr add 10.0.1.2/24 dev s1
ip -n s addr add fd01::2/64 dev s1 nodad
ip -n c link set c0 up
ip -n s link set s1 up
wait_for 5 link_up c c0 || die "the veth link did not come up"
wait_for 5 link_up s s1 || die "the veth link did not come up"
bg in_ns s homa_echo_server -p 4001 >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"

for family in 4 6; do
	if [ $family = 4 ]; then
		us=10.0.0.1 host=10.0.0.2 checked=10.0.1.2 option=
	else
		us=fd00::1 host=fd00::2 checked=fd01::2 option=-6
	fi
	in_ns c homa_echo_client -p 4001 -n 1 $checked || die "RPC before"
	# Serves the one who sends the packets, and sends requests to it.
	bg in_ns s t_rpcs $option -b 4000 -E -t 100000 -n 1000000000 -k 8 -l 1-3000 \
		$us/4000 $us/4001 >/tmp/victim 2>&1
	victim=$!
	bg in_ns c t_rpcs -u -g 5 -k 4 -l 1-20000 -r "$seed" $checked/4001 >/tmp/checked 2>&1
	rpcs=$!
	in_ns d t_fuzz_packets -i d0 -r "$seed" -n "$packets" 02:00:00:00:00:02 $us $host ||
		die "t_fuzz_packets"
	kill $rpcs
	wait $rpcs || die "RPCs over the other link (seed $seed): $(cat /tmp/checked)"
	cat /tmp/checked
	alive $victim || die "the process under attack ended: $(cat /tmp/victim)"
	pause=$(sed -n 's/.*at most \([0-9]*\) ms.*/\1/p' /tmp/checked)
	[ "$pause" -le 200 ] || die "$pause ms without a response over the other link"
	kill $victim
	wait $victim
	in_ns c homa_echo_client -p 4001 -n 2 -s 1,100000 $checked || die "RPCs after"
	wait_for 5 few_pages || die "$(held) pages are still held"
	ok "IPv$family, seed $seed: $packets packets; the RPCs meanwhile were right, $(held) pages left"
done
