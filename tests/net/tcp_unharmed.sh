#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: W23
# tier: stock612
# timeout: 90
#
# TCP over IPv4 and IPv6, with and without homa.ko: the same contents in as many
# packets, which GRO and segmentation offload treat the same way. Beside
# RPCs the contents are right, too.
. "$HOMA_TESTS/lib.sh"

[ -n "$HOMA_KO" ] || skip "Homa is built into this kernel"

bytes=400000
segments=$((bytes / 1448))

# links GRO OFFLOAD: two fresh hosts on a link of 200 Mbit/s
links()
{
	ip netns del c 2>/dev/null
	ip netns del s 2>/dev/null
	hosts_veth
	for end in c s; do
		in_ns $end ethtool -K ${end}0 gro "$1" tso "$2" gso "$2" || die "ethtool"
		in_ns $end sysctl -q -w net.ipv4.tcp_no_metrics_save=1
		netem $end ${end}0 rate 200mbit delay 500us
	done
	quiet_neighbours
}

# tcp: contents are compared by t_tcp; what it counted goes to stdout
tcp()
{
	for host in 10.0.0.2 fd00::2; do
		t_tcp -c c -s s -i s0 -n $bytes $host >/tmp/tcp || die "TCP to $host: $(cat /tmp/tcp)"
		grep COUNTED /tmp/tcp
	done
}

# alike WITHOUT WITH: the same numbers but for 10 %, because how many pure acks
# there are depends on moments that are never quite the same
alike()
{
	paste "$1" "$2" | awk '{
		half = NF / 2
		for (i = 1; i <= half; i++) {
			a = $i + 0; b = $(i + half) + 0; d = a > b ? a - b : b - a
			if ($i ~ /^[0-9]+,?$/ && d > a / 10 + 5) exit 1
		}
	}'
}

for mode in "off off" "on off" "on on"; do
	rmmod homa || die "rmmod"
	links $mode
	tcp >/tmp/without || die "$(cat /tmp/without)"
	insmod "$HOMA_KO" || die "insmod"
	links $mode
	tcp >/tmp/with || die "$(cat /tmp/with)"
	alike /tmp/without /tmp/with ||
		die "GRO and segmentation $mode: without the module $(cat /tmp/without), with it $(cat /tmp/with)"
	grep -v -q 'again 0, bad 0' /tmp/with && die "segments were lost: $(cat /tmp/with)"
	# That the numbers show what GRO does.
	while read -r word host packets rest; do
		case $mode in
		"off off") [ "$packets" -ge $segments ] ;;
		*) [ "$packets" -lt $((segments / 3)) ] ;;
		esac || die "GRO and segmentation $mode: $(cat /tmp/with)"
	done </tmp/with
	ok "GRO and segmentation $mode: $(sed 's/COUNTED //' /tmp/with | tr '\n' ';')"
done

# Homa on the same link at the same time; it counts for both.
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
bg in_ns c t_rpcs -n 100 -k 10 -l 1-100000 10.0.0.2/4000 fd00::2/4000
rpcs=$!
tcp >/tmp/beside || die "TCP beside RPCs: $(cat /tmp/beside)"
wait $rpcs || die "RPCs beside TCP"
ok "beside RPCs: $(sed 's/COUNTED //' /tmp/beside | tr '\n' ';')"
