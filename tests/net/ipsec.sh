#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: H9 W11
# tier: stock612
#
# IPsec: RPCs between two hosts in transport mode, no packet of them in clear; a
# host whose policy demands IPsec takes no clear packets and does not answer
# them; policies that block; and all of it for connections that exist already.
. "$HOMA_TESTS/lib.sh"

key=0x0102030405060708090a0b0c0d0e0f1011121314

# sa SOURCE DESTINATION SPI: how packets of one direction are protected, in both hosts
sa()
{
	for ns in c s; do
		ip -n $ns xfrm state add src "$1" dst "$2" proto esp spi "$3" reqid 1 \
			mode transport aead 'rfc4106(gcm(aes))' $key 128 || die "no security association"
	done
}

# demand NS DIRECTION SOURCE DESTINATION: these Homa packets have to be protected
demand()
{
	ip -n "$1" xfrm policy add src "$3" dst "$4" proto 146 dir "$2" \
		tmpl src "$3" dst "$4" proto esp reqid 1 mode transport || die "no policy"
}

# block NS DIRECTION SOURCE DESTINATION, unblock ...
block()
{
	ip -n "$1" xfrm policy add src "$3" dst "$4" proto 146 dir "$2" action block ||
		die "no policy"
}
forget()
{
	ip -n "$1" xfrm policy delete src "$3" dst "$4" proto 146 dir "$2" ||
		die "no policy to delete"
}

# fails ERROR [OPTIONS]: an RPC of c fails with it
fails()
{
	homa_error=$1
	shift
	in_ns c homa_echo_client -n 1 "$@" $server >/tmp/client 2>&1 &&
		die "$server: the RPC was not stopped"
	grep -q "$homa_error" /tmp/client || die "$server: expected '$homa_error': $(cat /tmp/client)"
}

# unused MODULE: nobody has a reference to it
unused() { awk -v name="$1" '$1 == name { found = $3 } END { exit found != "0" }' /proc/modules; }

hosts_veth
in_ns s sysctl -q -w net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
bg in_ns s homa_echo_server >/tmp/server 2>&1
server_pid=$!
wait_for 10 grep -q ready /tmp/server || die "the server does not start"

for client in 10.0.0.1 fd00::1; do
	server=${client%1}2
	case $client in *:*) family=6 ;; *) family=4 ;; esac
	in_ns c homa_echo_client -n 1 $server || die "$server: RPC in clear"

	demand s in $client $server
	fails 'timed out'
	# Not even an error tells who is there.
	fails 'timed out' -p 4001
	ok "$server: clear packets are not taken"

	# From here on all is protected, though routes in clear are cached.
	demand c out $client $server
	demand c in $server $client
	demand s out $server $client
	sa $client $server 0x1001
	sa $server $client 0x1002
	for end in c s; do
		: >/tmp/esp.$end
		bg in_ns $end t_sniff -i ${end}0 -m 1500 -p 50 -f $family >/tmp/esp.$end 2>&1
		eval "esp_$end=$!"
		wait_for 5 grep -q watching /tmp/esp.$end || die "t_sniff does not start"
	done
	: >/tmp/clear.log
	bg in_ns c t_capture -i c0 -d out -o /tmp/clear >/tmp/clear.log 2>&1
	capture=$!
	wait_for 5 grep -q watching /tmp/clear.log || die "t_capture does not start"
	in_ns c homa_echo_client -n 2 -s 1,1400,40001,100000 $server || die "$server: RPCs with IPsec"
	kill $capture
	wait $capture && die "$server: packets in clear: $(cat /tmp/clear.log)"
	grep -q ' 0 packets' /tmp/clear.log || die "t_capture: $(cat /tmp/clear.log)"
	# What protects a packet takes room: with it the packet fits, and hardly less.
	kill $esp_c $esp_s
	wait $esp_c || die "$server: packets of c: $(cat /tmp/esp.c)"
	wait $esp_s || die "$server: packets of s: $(cat /tmp/esp.s)"
	for end in c s; do
		largest=$(sed -n 's/.*largest \([0-9]*\) bytes.*/\1/p' /tmp/esp.$end)
		[ "$largest" -ge 1450 ] || die "$server: packets of $end have $largest bytes at most"
	done
	ok "$server: RPCs in transport mode; $(tail -n 1 /tmp/esp.c)"

	# A request that waits for its reader holds nothing of that.
	kill -STOP $server_pid
	had=$(counter s requests_received)
	arrived() { [ "$(counter s requests_received)" -gt "$had" ]; }
	bg in_ns c homa_echo_client -n 1 $server >/dev/null 2>&1
	waiting=$!
	wait_for 10 arrived || die "$server: no request arrives"
	ip -n c xfrm state flush
	ip -n s xfrm state flush
	# A cached route does, until it is used again.
	in_ns s homa_echo_client -n 1 $client >/dev/null 2>&1 && die "$server: RPC without keys"
	in_ns c homa_echo_client -n 1 $server >/dev/null 2>&1 && die "$server: RPC without keys"
	wait_for 10 unused esp$family || die "$server: the request holds a security association"
	kill $waiting 2>/dev/null
	kill -CONT $server_pid
	wait $waiting
	ok "$server: a request that waits holds no security association"

	# And the other way round nothing is taken in clear, though it went well before.
	forget c out $client $server
	fails 'timed out'
	forget c in $server $client
	forget s out $server $client
	forget s in $client $server
	in_ns c homa_echo_client -n 1 $server || die "$server: RPC in clear again"

	block c out $client $server
	fails 'not permitted\|denied'
	forget c out $client $server
	for place in "s in $client $server" "c in $server $client" "s out $server $client"; do
		block $place
		fails 'timed out'
		forget $place
	done
	in_ns c homa_echo_client -n 1 $server || die "$server: RPC without policies"
	ok "$server: blocked"
done

# Hosts that knew each other by IPsec, and whose keys are gone, can go as well: the
# routes that IPsec made hold no device (the runner waits for that).
for client in 10.0.0.1 fd00::1; do
	server=${client%1}2
	demand s in $client $server
	demand c out $client $server
	demand c in $server $client
	demand s out $server $client
	sa $client $server 0x1001
	sa $server $client 0x1002
	in_ns c homa_echo_client -n 1 -s 1,100000 $server || die "$server: RPCs with IPsec"
done
ip -n c xfrm state flush
ip -n s xfrm state flush
in_ns c homa_echo_client -n 1 10.0.0.2 && die "an RPC without keys"
in_ns c homa_echo_client -n 1 fd00::2 && die "an RPC without keys"
true
