#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Show Homa at work: two hosts, RPCs of all sizes over IPv4 and IPv6, with and
# without packet loss, every byte checked, and round trip times beside UDP's and
# TCP's. Runs inside a guest (./dev demo), where the module is loaded already.
#
#   +------- host c --------+             +------- host s --------+
#   | homa_echo_client      |    veth     |      homa_echo_server |
#   |  10.0.0.1, fd00::1 c0 |-------------| s0 10.0.0.2, fd00::2  |
#   +-----------------------+             +-----------------------+
. "$HOMA_TESTS/lib.sh"

sizes=1,100,1424,1425,20000,40001,65537,500000,1000000
failed=0

say() {
	echo "$@"
}

title() {
	echo
	echo "== $*"
}

show() {
	echo "  \$ $*"
	"$@" 2>&1 | sed 's/^/    /'
}

# echo_rpcs COUNT ADDRESS: the heart of it. A hang counts as a failure.
echo_rpcs() {
	echo "  \$ homa_echo_client -n $1 -s $sizes $2"
	if in_ns c timeout 60 homa_echo_client -n "$1" -s $sizes "$2" >"$out" 2>&1; then
		sed 's/^/    /' "$out"
	else
		sed 's/^/    /' "$out"
		echo "    FAILED"
		failed=$((failed + 1))
	fi
}

# rtt PROTO SIZE ROUNDS: median microseconds of a round trip, as a table cell
rtt() {
	us=$(timeout 60 bench_rtt -j -C c -S s -P "$1" -l "$2" -r "$3" -w 20 10.0.0.2 |
		sed -n 's/.*"median_ns":\([0-9]*\).*/\1/p')
	if [ -n "$us" ]; then
		printf '%10d' $(((us + 500) / 1000))
	else
		printf '%10s' failed
		return 1
	fi
}

out=/tmp/demo.out

say "Homa carries remote procedure calls across a data centre: a request of up to"
say "1,000,000 bytes goes to a server, a response comes back. This is our kernel"
say "module in an unmodified distribution kernel."

title "The kernel, and the module in it"
show uname -sr
show grep '^homa ' /proc/modules

title "Two hosts, c and s, each a network namespace, joined by a virtual cable (MTU 1500)"
hosts_veth
show ip -n c -brief address show dev c0
show ip -n s -brief address show dev s0
say "  On s we start the echo server (examples/homa_echo_server.c):"
say "  \$ homa_echo_server"
bg in_ns s homa_echo_server >"$out.server" 2>&1
wait_for 10 grep -q ready "$out.server" || die "the echo server did not start: $(cat "$out.server")"
sed 's/^/    /' "$out.server"

title "RPCs from 1 byte to 1,000,000 bytes over IPv4; every byte of the responses is compared"
echo_rpcs 5 10.0.0.2

title "The same over IPv6"
echo_rpcs 5 fd00::2

title "The same while the cable loses 5 % of the packets, each way"
netem c c0 loss 5%
netem s s0 loss 5%
show tc -n c qdisc show dev c0
echo_rpcs 2 10.0.0.2
echo_rpcs 2 fd00::2
for end in c s; do
	in_ns $end tc qdisc del dev ${end}0 root
	in_ns $end ethtool -K ${end}0 gso on >/dev/null
done
say "  Lost packets are missed after 5 ms, asked for again, and sent again."

title "Round trips beside UDP and TCP, on the cable without loss: median, in microseconds"
printf '  %20s %10s %10s\n' "100 bytes" "20,000" "500,000"
for proto in homa udp tcp; do
	printf '  %-9s' "$proto"
	rtt $proto 100 300 || failed=$((failed + 1))
	printf ' '
	rtt $proto 20000 100 || failed=$((failed + 1))
	printf ' '
	if [ $proto = udp ]; then
		printf '%10s' "-"
	else
		rtt $proto 500000 20 || failed=$((failed + 1))
	fi
	echo
done
say "  (UDP has no messages of 500,000 bytes. In an emulated machine all times are many"
say "  times longer than in a real one; compare them only with each other.)"

echo
if [ "$failed" = 0 ]; then
	say "DEMO PASSED: every RPC was answered, every byte was right."
else
	say "DEMO FAILED: $failed step(s) above did not do what they should."
fi
[ "$failed" = 0 ]
