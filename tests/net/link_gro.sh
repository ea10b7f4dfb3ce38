#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: W4 W26 H7
# tier: uml stock
# timeout: 90
#
# GRO joins packets of a message that arrive one by one. The receiver takes the
# buffer as one; a router and a bridge send the packets on as they came, to the last
# bit. Packet filters see all of it, and garbage goes the way it went without GRO.
. "$HOMA_TESTS/lib.sh"

# gro NS DEV on|off: may DEV put together what arrives?
gro() { in_ns "$1" ethtool -K "$2" gro "$3" || die "ethtool gro"; }

# exchange WHAT ADDRESS MTU: what s0 hears has to be no larger than MTU
exchange()
{
	bg in_ns s t_sniff -r -i s0 -m "$3" >/tmp/sniff 2>&1
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
cut_all c c0
cut_all s s0
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
for to in 10.0.0.2 fd00::2; do
	for state in off on; do
		gro c c0 $state
		gro s s0 $state
		case $state in
		off)	exchange "GRO off" $to 1500
			[ "$largest" -le 1500 ] ;;
		on)	exchange "GRO on" $to 65535
			[ "$largest" -gt 15000 ] ;;
		esac || die "GRO $state: the largest packet has $largest bytes"
	done
done

# A filter that drops, and one that drops only what is not from a bulk message.
in_ns s nft -f - <<'END' && {
table inet t { chain input { type filter hook input priority 0;
	meta l4proto 146 counter drop; } }
END
	in_ns s true
	in_ns c timeout 20 homa_echo_client -n 1 -s 100000 10.0.0.2 >/tmp/client 2>&1 &&
		die "an RPC passed a filter that drops all of them"
	in_ns s nft list ruleset | grep -q 'counter packets [1-9]' || die "the filter saw nothing"
	in_ns s nft delete table inet t
	ok "the packet filter dropped it"
}

# Garbage over a link with GRO; RPCs afterwards.
for to in 10.0.0.1:10.0.0.2 fd00::1:fd00::2; do
	case $to in fd*) us=fd00::1 host=fd00::2 ;; *) us=10.0.0.1 host=10.0.0.2 ;; esac
	in_ns c t_fuzz_packets -i c0 -r 7 -n 3000 02:00:00:00:00:02 $us $host || die "t_fuzz_packets"
	in_ns c homa_echo_client -n 2 -s 1,100000 $host || die "RPCs after garbage"
done
ok "garbage"

# watch NS DEV DIRECTION FILE [-t]
watch()
{
	bg in_ns "$1" t_capture -i "$2" -d "$3" -o "/tmp/$4" $5 >"/tmp/$4.log" 2>&1
	watchers="$watchers $!:$4"
	wait_for 5 grep -q watching "/tmp/$4.log" || die "t_capture: $(cat "/tmp/$4.log")"
}

# pass WHAT FROM DEV TO DEV ADDRESS [-t]: what FROM sends arrives as it was
pass()
{
	watchers=
	watch "$2" "$3" out sent "$7"
	watch "$4" "$5" in received "$7"
	in_ns "$2" t_rpcs -n 12 -k 4 -l 1-200000 "$6/4000" || die "$1: RPCs to $6"
	wait_for 10 all_ended "$4" || die "$1: RPCs at $4 do not end"
	for watcher in $watchers; do
		kill "${watcher%:*}"
		wait "${watcher%:*}" || die "$1: $watcher: $(cat "/tmp/${watcher#*:}.log")"
	done
	sort -o /tmp/sent /tmp/sent
	sort -o /tmp/received /tmp/received
	cmp /tmp/sent /tmp/received || die "$1: packets to $6 were changed on the way"
	ok "$1, to $6: $(tail -n 1 /tmp/sent.log)"
}

# joined: GRO joined what arrived there, or the step before shows nothing
joined()
{
	[ "$(sed -n 's/.*largest \([0-9]*\) .*/\1/p' /tmp/middle)" -gt 3000 ] ||
		die "GRO did not join anything in the middle: $(cat /tmp/middle)"
}

# middle NS DEV FROM DEV TO DEV ADDRESS WHAT [-t]
middle()
{
	: >/tmp/middle
	bg in_ns "$1" t_sniff -r -i "$2" -m 65535 >/tmp/middle 2>&1
	sniff=$!
	wait_for 5 grep -q watching /tmp/middle || die "t_sniff does not start"
	pass "$8" "$3" "$4" "$5" "$6" "$7" "$9"
	kill $sniff
	wait $sniff || die "$8: $(cat /tmp/middle)"
	joined
}

hosts_bridge 2
cut_all h1 eth0
cut_all sw p2
gro sw p1 on
gro h2 eth0 off
bg in_ns h2 homa_echo_server >/tmp/server.h2 2>&1
wait_for 10 grep -q ready /tmp/server.h2 || die "the server does not start"
middle sw p1 h1 eth0 h2 eth0 10.0.0.2 bridge
middle sw p1 h1 eth0 h2 eth0 fd00::2 bridge

hosts_router a b
cut_all a a0
cut_all r r1
gro r r0 on
gro b b0 off
bg in_ns b homa_echo_server >/tmp/server.b 2>&1
wait_for 10 grep -q ready /tmp/server.b || die "the server does not start"
middle r r0 a a0 b b0 10.0.2.1 router -t
middle r r0 a a0 b b0 fd02::1 router -t
# All identifications are 0 now: no buffers are made, so none are cut at a.
single_packets a a0
middle r r0 a a0 b b0 10.0.2.1 "router, single packets" -t
# A narrower link behind the router: the sender learns of it.
ip -n r link set r1 mtu 1300
ip -n b link set b0 mtu 1300
for to in 10.0.2.1 fd02::1; do
	in_ns a homa_echo_client -n 2 -s 1,1400,100000 $to || die "RPCs over a narrow link"
done
ok "narrow link behind the router"
