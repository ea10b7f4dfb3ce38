#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: H7 D5 W11
# tier: uml stock612
#
# A router and a bridge with our module loaded, and with a server on the very port:
# Homa packets that are not for them leave as they came. And
# the router has a link of smaller MTU: path MTU discovery serves both families.
. "$HOMA_TESTS/lib.sh"

# watch NS DEV DIRECTION FILE [-t]
watch()
{
	bg in_ns "$1" t_capture -i "$2" -d "$3" -o "/tmp/$4" $5 >"/tmp/$4.log" 2>&1
	watchers="$watchers $!:$4"
	wait_for 5 grep -q watching "/tmp/$4.log" || die "t_capture: $(cat "/tmp/$4.log")"
}

# same SENT RECEIVED: the same lines; else show what only one of them has
same()
{
	cmp "$1" "$2" && return
	wc -l "$1" "$2"
	awk 'NR == FNR { n[$0]++; next } { n[$0]-- }
		END { for (x in n) if (n[x]) print n[x], substr(x, 1, 200) }' "$1" "$2" |
		head -n 20
	return 1
}

# packets_pass FROM DEV TO DEV ADDRESS [-t]: RPCs from FROM to ADDRESS at TO
packets_pass()
{
	watchers=
	watch "$1" "$2" out sent.1 $6
	watch "$3" "$4" in received.1 $6
	watch "$3" "$4" out sent.2 $6
	watch "$1" "$2" in received.2 $6
	in_ns "$1" t_rpcs -n 15 -k 5 -l 1-60000 "$5/4000" || die "RPCs to $5"
	wait_for 10 all_ended "$3" || die "RPCs at $3 do not end"
	for watcher in $watchers; do
		kill "${watcher%:*}"
		wait "${watcher%:*}" || die "$watcher: $(cat "/tmp/${watcher#*:}.log")"
	done
	# Two CPUs may change the order.
	for file in sent.1 received.1 sent.2 received.2; do
		sort -o "/tmp/$file" "/tmp/$file" || die "sort"
	done
	same /tmp/sent.1 /tmp/received.1 || die "requests to $5 were changed on the way"
	same /tmp/sent.2 /tmp/received.2 || die "responses from $5 were changed on the way"
	ok "to $5: $(tail -n 1 /tmp/sent.1.log), back: $(tail -n 1 /tmp/sent.2.log)"
}

# server NS: an echo server on port 4000
server()
{
	bg in_ns "$1" homa_echo_server >"/tmp/server.$1" 2>&1
	wait_for 10 grep -q ready "/tmp/server.$1" || die "the server in $1 does not start"
}

hosts_bridge 2
# The switch has addresses, too: it is a host with a server of its own.
in_ns sw sysctl -q -w net.ipv6.conf.br0.disable_ipv6=0
address sw br0 9
server sw
server h2
packets_pass h1 eth0 h2 eth0 10.0.0.2
packets_pass h1 eth0 h2 eth0 fd00::2
[ "$(counter sw server_requests_started)" -eq 0 ] || die "the switch took requests"
in_ns h1 homa_echo_client -n 1 10.0.0.9 || die "the switch's own server"

hosts_router c s
server r
server s
packets_pass c c0 s s0 10.0.2.1 -t
packets_pass c c0 s s0 fd02::1 -t
[ "$(counter r server_requests_started)" -eq 0 ] || die "the router took requests"
in_ns c homa_echo_client -n 1 10.0.1.2 || die "the router's own server"

# The link between r and s becomes narrower, which c can only learn from r.
ip -n r link set r1 mtu 1300
ip -n s link set s0 mtu 1300
# sizes NS DEV FAMILY SERVER: RPCs; packets that leave DEV fit the narrow link
sizes()
{
	: >/tmp/sizes
	bg in_ns "$1" t_sniff -i "$2" -m 1300 -f "$3" >/tmp/sizes 2>&1
	sniff=$!
	wait_for 5 grep -q watching /tmp/sizes || die "t_sniff does not start"
	in_ns c homa_echo_client -n 2 -s 1,1400,100000 "$4" || die "RPCs with $4 over a narrow link"
	kill $sniff
	wait $sniff || die "packets that leave $2 for $4: $(cat /tmp/sizes)"
	grep -q 'largest 1300 bytes' /tmp/sizes || die "packets that leave $2 for $4: $(cat /tmp/sizes)"
}
cut_packets c c0
cut_packets r r1
for server in 10.0.2.1 fd02::1; do
	case $server in *:*) family=6 ;; *) family=4 ;; esac
	# Those that pass are whole, and none is a fragment; then c sends only such.
	sizes r r1 $family $server
	sizes c c0 $family $server
	learned=$(ip -n c route get $server | grep -o 'mtu [0-9]*')
	[ "$learned" = "mtu 1300" ] || die "path MTU to $server: '$learned'"
	ok "path MTU to $server was found: $learned"
done
