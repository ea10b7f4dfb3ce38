#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: D5 W8 W11 W26
# tier: uml stock612
# timeout: 60
#
# Large buffers arrive uncut at a router whose next link is narrower than the packets
# in them. It says so; what was in them is sent again in packets that fit, messages
# arrive whole, and new ones fit from the beginning. Both directions, both families,
# a link that becomes narrower twice, and RPCs under way when it does.
. "$HOMA_TESTS/lib.sh"

# c - q - r - s: neither end sees the narrow link between the two routers
for ns in c q r s; do
	new_host $ns
done
cable 1 c c0 1 q q0 2
cable 2 q q1 1 r r0 2
cable 3 r r1 2 s s0 1
for ns in q r; do
	in_ns $ns sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
done
ip -n c route add default via 10.0.1.2
ip -n c route add default via fd01::2
ip -n q route add 10.0.3.0/24 via 10.0.2.2
ip -n q route add fd03::/64 via fd02::2
ip -n r route add 10.0.1.0/24 via 10.0.2.1
ip -n r route add fd01::/64 via fd02::1
ip -n s route add default via 10.0.3.2
ip -n s route add default via fd03::2
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
for server in 10.0.3.1 fd03::1; do
	wait_for 20 in_ns c homa_echo_client -n 1 -s 1 $server || die "no way to $server"
done

# watch NS DEV MTU FILE [-r]: packets that leave DEV, or with -r arrive there
watch()
{
	bg in_ns "$1" t_sniff -i "$2" -m "$3" $5 >"/tmp/$4" 2>&1
	watchers="$watchers $!:$4"
	wait_for 5 grep -q watching "/tmp/$4" || die "t_sniff: $(cat "/tmp/$4")"
}

watched()
{
	for watcher in $watchers; do
		kill "${watcher%:*}"
		wait "${watcher%:*}" || die "$watcher: $(cat "/tmp/${watcher#*:}")"
	done
	watchers=
}
watchers=

largest() { sed -n 's/.*largest \([0-9]*\) .*/\1/p' "/tmp/$1"; }

# narrow MTU: the link between the routers
narrow()
{
	ip -n q link set q1 mtu "$1" && ip -n r link set r0 mtu "$1" || die "no MTU of $1"
}

# path_mtu NS ADDRESS: what NS knows
path_mtu() { ip -n "$1" route get "$2" | sed -n 's/.* mtu \([0-9]*\).*/\1/p'; }

# too_big NS: packets about which router NS has complained
too_big()
{
	in_ns "$1" awk '
		$1 == "Icmp:" && !column {
			for (i = 2; i <= NF; i++)
				if ($i == "OutDestUnreachs")
					column = i
			next
		}
		$1 == "Icmp:" { sum += $column }
		$1 == "Icmp6OutPktTooBigs" { sum += $2 }
		END { print sum + 0 }' /proc/net/snmp /proc/net/snmp6
}

# large FAMILY MTU: messages of many packets, both ways
large()
{
	case $1 in 4) client=10.0.1.1 server=10.0.3.1 ;; 6) client=fd01::1 server=fd03::1 ;; esac
	before_q=$(too_big q) before_r=$(too_big r)
	# The routers get large buffers: nobody has cut what arrives there.
	watch q q0 65535 at.q -r
	watch r r1 65535 at.r -r
	in_ns c homa_echo_client -n 1 -s 300000,20000,1 "$server" || die "RPCs with $server, MTU $2"
	watched
	for file in at.q at.r; do
		[ "$(largest $file)" -gt 15000 ] || die "$file: only $(largest $file) bytes"
	done
	[ "$(path_mtu c "$server")" = "$2" ] ||
		die "c: path MTU to $server is '$(path_mtu c "$server")', not $2"
	[ "$(path_mtu s "$client")" = "$2" ] ||
		die "s: path MTU to $client is '$(path_mtu s "$client")', not $2"
	[ "$(too_big q)" -gt "$before_q" ] || die "q did not complain"
	[ "$(too_big r)" -gt "$before_r" ] || die "r did not complain"
	# From here on all fits: buffers pass the routers, and no error comes back.
	wait_for 10 all_ended s || die "RPCs do not end"
	before_q=$(too_big q) before_r=$(too_big r)
	resent=$(($(counter c resent_packets) + $(counter s resent_packets)))
	watch q q1 65535 from.q
	watch r r0 65535 from.r
	in_ns c homa_echo_client -n 1 -s 300000,20000,1 "$server" || die "RPCs with $server afterwards"
	watched
	for file in from.q from.r; do
		[ "$(largest $file)" -gt 15000 ] || die "$file: only $(largest $file) bytes"
	done
	[ "$(too_big q)" -eq "$before_q" ] || die "c sends packets that do not fit"
	[ "$(too_big r)" -eq "$before_r" ] || die "s sends packets that do not fit"
	ok "IPv$1, MTU $2: $((before_q + before_r)) errors, $resent packets sent again in all"
}

narrow 1400
large 4 1400
narrow 1300
large 6 1300

# Cut behind the routers, each packet fits, and none is a fragment. (With IPv4 the link
# has become narrower a second time.)
cut_packets q q1
cut_packets r r0
watch q q1 1300 from.q
watch r r0 1300 from.r
for server in 10.0.3.1 fd03::1; do
	in_ns c t_rpcs -n 20 -k 4 -l 1-200000 "$server/4000" || die "many RPCs with $server"
done
watched
ok "cut: $(tail -n 1 /tmp/from.q), $(tail -n 1 /tmp/from.r)"

# It becomes narrower while there are RPCs under way.
bg in_ns c t_rpcs -u -k 8 -l 1-200000 -g 1 10.0.3.1/4000 fd03::1/4000 >/tmp/rpcs 2>&1
rpcs=$!
more() { [ "$(counter c client_responses_done)" -ge "$want" ]; }
for mtu in 1290 1280; do
	want=$(($(counter c client_responses_done) + 20))
	wait_for 20 more || die "no RPCs: $(cat /tmp/rpcs)"
	narrow $mtu
done
want=$(($(counter c client_responses_done) + 20))
wait_for 20 more || die "RPCs stand still: $(cat /tmp/rpcs)"
kill $rpcs
wait $rpcs || die "RPCs while the MTU changed: $(cat /tmp/rpcs)"
[ "$(counter c icmp_errors)" -gt 0 ] || die "c believed no ICMP error"
for server in 10.0.3.1 fd03::1; do
	[ "$(path_mtu c $server)" = 1280 ] || die "path MTU to $server: '$(path_mtu c $server)'"
done
for ns in c s; do
	[ "$(counter $ns rpc_timeouts)" -eq 0 ] || die "RPCs timed out at $ns"
done
ok "under way: $(tail -n 2 /tmp/rpcs | tr "\n" " ")"
