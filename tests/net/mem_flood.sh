#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: G5
# tier: uml stock612
# timeout: 120
#
# Requests from thousands of hosts that do not exist: what they leave behind is
# bounded, hosts that do exist are served meanwhile, also those that come for
# the first time, and in the end nothing is left (docs/memory.md).
. "$HOMA_TESTS/lib.sh"

new_hosts="11 12 13"
hosts_veth
# Responses to forged addresses go back to c, which drops them.
ip -n s route add default via 10.0.0.1
ip -n s route add default via fd00::1
quiet_neighbours
for i in $new_hosts; do
	ip -n c addr add 10.0.0.$i/24 dev c0
	ip -n c addr add fd00::$i/64 dev c0 nodad
	ip -n s neigh replace 10.0.0.$i lladdr 02:00:00:00:00:01 dev s0 nud permanent
	ip -n s neigh replace fd00::$i lladdr 02:00:00:00:00:01 dev s0 nud permanent
done

# A new host's first request has to get in between those of the flood; it is repeated
# every 5 ms. Whether that takes longer than the default 100 ms is a matter of luck.
in_ns c sysctl -q -w net.homa.timeout_ticks=1000

# What the requests of a family are at least; what the host may remember.
requests_4=200000 requests_6=30000 hosts=10000 pause=0 interval=0.2
if [ "$HOMA_TIER" = uml ]; then
	# The same, smaller.
	requests_4=5000 requests_6=1000 hosts=200 pause=4000 interval=0.01
	in_ns s sysctl -q -w net.homa.peer_net_max=$hosts
fi
# Strangers get one half of the room for hosts (and each CPU may be one late), and
# each has one RPC, less than a page with all that belongs to it. (Each of two CPUs may
# keep 256 pages of the machine's account to itself.)
hosts_limit=$((hosts / 2 + 50))
pages_limit=$((hosts_limit + 512))

hosts_now() { echo $(($(counter s peer_allocs) - $(counter s peer_evictions))); }

# sampler: until the file /tmp/over exists, note the hosts and pages there are
cat >/tmp/sampler <<'END'
until [ -e /tmp/over ]; do
	awk '$1 == "peer_allocs" { hosts += $2 }
		$1 == "peer_evictions" { hosts -= $2 }
		$1 == "HOMA" { pages = $4 }
		END { print hosts, pages }' /proc/net/homa_metrics /proc/net/protocols
	sleep $1
done
END

bg in_ns s homa_echo_server >/tmp/server
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
in_ns c homa_echo_client -n 5 10.0.0.2 >/dev/null || die "no service before the flood"
in_ns c homa_echo_client -n 5 fd00::2 >/dev/null || die "no service before the flood"
before=$(held)
few() { [ "$(hosts_now)" -le 20 ] && [ "$(held)" -le $((before + 1024)) ]; }

for net in 10.0.0. fd00::; do
	if [ $net = fd00:: ]; then
		requests=$requests_6 mask=128
	else
		requests=$requests_4 mask=32
	fi
	arrived=$(counter s packets_rcvd_DATA) accepted=$(counter s server_requests_started)
	limited=$(counter s peer_limit)
	rm -f /tmp/served /tmp/over
	bg in_ns c t_flood -i c0 -m 02:00:00:00:00:02 -d ${net}2 -n $requests -w $pause \
		-u /tmp/served >/tmp/flood
	flood=$!
	bg in_ns s sh /tmp/sampler $interval >/tmp/samples
	sampler=$!
	flooded() { [ "$(counter s peer_limit)" -gt $limited ]; }
	wait_for 20 flooded || die "the flood does not reach the limit"
	for i in $new_hosts; do
		# A host that was never here before.
		ip -n c route replace ${net}2/$mask dev c0 src $net$i
		in_ns c homa_echo_client -n 3 -s 100,20000 ${net}2 >/tmp/client 2>&1 ||
			{ cat /tmp/client; die "no service for $net$i during the flood"; }
		kill -0 $flood || die "the flood is over"
	done
	touch /tmp/served
	wait $flood || die "t_flood"
	touch /tmp/over
	wait $sampler || die "sampling"
	set -- $(awk '$1 > hosts { hosts = $1 } $2 > pages { pages = $2 }
		END { print NR, hosts, pages }' /tmp/samples)
	[ "$1" -ge 3 ] || die "only $1 samples"
	most_hosts=$2 most_pages=$3
	forged=$(cat /tmp/flood)
	arrived=$(($(counter s packets_rcvd_DATA) - arrived))
	accepted=$(($(counter s server_requests_started) - accepted))
	echo "$forged forged requests, $arrived packets of data, $accepted requests accepted," \
		"$(counter s rpc_evictions) ended early; at most $most_hosts hosts, $most_pages pages"
	[ $((forged * 10)) -ge $((requests * 9)) ] || die "the device took $forged of $requests"
	[ $((arrived * 10)) -ge $((forged * 9)) ] || die "$arrived of $forged arrived"
	[ $accepted -gt $hosts_limit ] || die "only $accepted requests were accepted"
	[ $most_hosts -le $hosts_limit ] || die "$most_hosts hosts are remembered"
	[ $most_pages -le $((before + pages_limit)) ] ||
		die "$most_pages pages are reserved, $before were before"
	wait_for 20 few || die "afterwards $(hosts_now) hosts and $(held) pages are left"
	ip -n c route del ${net}2/$mask dev c0
	in_ns c homa_echo_client -n 5 ${net}2 >/dev/null || die "no service after the flood"
	ok "${net}2: three new hosts were served meanwhile; nothing is left:" \
		"$(hosts_now) hosts, $(held) pages"
done
