# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# What the net tests share; sourced as  . "$HOMA_TESTS/lib.sh"
#
# A test runs alone in a guest with homa.ko loaded; exit status 0 is pass,
# 77 skip, anything else fail. The runner deletes namespaces and processes
# afterwards, so tests only clean up what they must observe being cleaned up.
# Addresses: host i is 10.0.0.i/24 and fd00::i/64, MAC 02:00:00:00:00:0i.

[ -n "$HOMA_TESTS" ] || { echo "run me with ./dev test, or in ./dev shell"; exit 1; }

homa_pids=

homa_cleanup()
{
	homa_status=$?
	trap - EXIT
	for homa_pid in $homa_pids; do
		kill "$homa_pid" 2>/dev/null
	done
	for homa_pid in $homa_pids; do
		# A process that ignores SIGTERM must not hold the test up.
		homa_tries=50
		while [ $homa_tries -gt 0 ] && kill -0 "$homa_pid" 2>/dev/null; do
			homa_tries=$((homa_tries - 1))
			[ $homa_tries -eq 0 ] && kill -9 "$homa_pid" 2>/dev/null
			sleep 0.1
		done
		wait "$homa_pid" 2>/dev/null
	done
	exit $homa_status
}
trap homa_cleanup EXIT
trap 'exit 143' TERM INT

# die MSG: fail the test now.
die()
{
	echo "FAILED: $*"
	exit 1
}

# skip MSG: this guest cannot run the test; the reason is shown.
skip()
{
	echo "SKIPPED: $*"
	echo "$*" >/run/skip
	exit 77
}

# ok MSG: a step worked.
ok() { echo "ok: $*"; }

# wait_for SECONDS CMD...: poll until CMD succeeds; fail when it never does.
wait_for()
{
	homa_left=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		homa_left=$((homa_left - 1))
		[ $homa_left -gt 0 ] || return 1
		sleep 0.05
	done
}

# in_ns NS CMD...: run CMD in namespace NS.
in_ns()
{
	homa_ns=$1
	shift
	ip netns exec "$homa_ns" "$@"
}

# bg CMD...: start CMD in the background; its pid is in $!, and it is ended and
# reaped when the test ends. `bg in_ns NS CMD...` works too.
bg()
{
	if [ "$1" = in_ns ]; then
		homa_ns=$2
		shift 2
		ip netns exec "$homa_ns" "$@" &
	else
		"$@" &
	fi
	homa_pids="$homa_pids $!"
}

# new_host NS: a namespace with loopback up and quiet IPv6.
new_host()
{
	ip netns add "$1" || die "cannot create namespace $1"
	in_ns "$1" sysctl -q -w net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.conf.default.router_solicitations=0 \
		net.ipv6.conf.all.accept_dad=0
	ip -n "$1" link set lo up
	# In real time a busy host must not make a peer look silent.
	case $HOMA_TIER in
	smp|kcsan)
		[ ! -e /proc/sys/net/homa ] ||
			in_ns "$1" sysctl -q -w net.homa.timeout_ticks=2000
		;;
	esac
}

# address NS DEV I: give DEV the addresses and the MAC of host I and start it.
address()
{
	ip -n "$1" link set "$2" address "02:00:00:00:00:$(printf %02x "$3")"
	ip -n "$1" addr add "10.0.0.$3/24" dev "$2"
	ip -n "$1" addr add "fd00::$3/64" dev "$2" nodad
	ip -n "$1" link set "$2" up
}

# hosts_veth: namespaces c (host 1, device c0) and s (host 2, device s0).
hosts_veth()
{
	new_host c
	new_host s
	ip -n c link add c0 type veth peer name s0 netns s || die "no veth"
	address c c0 1
	address s s0 2
	wait_for 5 link_up c c0 || die "the veth link did not come up"
	wait_for 5 link_up s s0 || die "the veth link did not come up"
}

# cable NET NS DEV HOST NS DEV HOST: a veth between two namespaces, a network of its own:
# 10.0.NET.HOST and fd0NET::HOST.
cable()
{
	ip -n "$2" link add "$3" type veth peer name "$6" netns "$5" || die "no veth"
	for cable_end in "$2 $3 $4" "$5 $6 $7"; do
		# shellcheck disable=SC2086 # three words
		cable_address "$1" $cable_end
	done
	wait_for 5 link_up "$2" "$3" || die "link $3 did not come up"
	wait_for 5 link_up "$5" "$6" || die "link $6 did not come up"
}

# cable_address NET NS DEV HOST: one end of it
cable_address()
{
	ip -n "$2" addr add "10.0.$1.$4/24" dev "$3"
	ip -n "$2" addr add "fd0$1::$4/64" dev "$3" nodad
	ip -n "$2" link set "$3" up
}

# hosts_router LEFT RIGHT: two hosts and a router r between them, LEFT -- r -- RIGHT. Their
# addresses are 10.0.1.1 and 10.0.2.1, fd01::1 and fd02::1, and the router's end in 2.
hosts_router()
{
	for router_end in "$1" r "$2"; do
		new_host "$router_end"
	done
	in_ns r sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	cable 1 "$1" "${1}0" 1 r r0 2
	cable 2 r r1 2 "$2" "${2}0" 1
	ip -n "$1" route add default via 10.0.1.2
	ip -n "$1" route add default via fd01::2
	ip -n "$2" route add default via 10.0.2.2
	ip -n "$2" route add default via fd02::2
}

# quiet_neighbours: after hosts_veth, nothing waits for a neighbour or for the
# limit on ICMP errors.
quiet_neighbours()
{
	for homa_ip in 10.0.0. fd00::; do
		ip -n c neigh replace "${homa_ip}2" lladdr 02:00:00:00:00:02 dev c0 nud permanent
		ip -n s neigh replace "${homa_ip}1" lladdr 02:00:00:00:00:01 dev s0 nud permanent
	done
	for homa_ns in c s; do
		in_ns $homa_ns sysctl -q -w net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
	done
}

# has_carrier NS DEV: true when the other end of the cable is up.
has_carrier() { ip -n "$1" link show dev "$2" up | grep -q 'LOWER_UP'; }

# link_up NS DEV: true when DEV carries traffic. IPv6 takes a link into use a
# moment later than IPv4, and gives it a link-local address then; until it has,
# nobody answers who asks for the neighbour.
link_up()
{
	has_carrier "$1" "$2" || return 1
	homa_inet6=$(ip -n "$1" -6 addr show dev "$2")
	[ -z "$homa_inet6" ] || echo "$homa_inet6" | grep -q 'inet6 fe80:'
}

# hosts_bridge N: namespaces h1..hN (device eth0 in each) on a bridge in
# namespace sw; the switch's ports are p1..pN.
hosts_bridge()
{
	new_host sw
	ip -n sw link add br0 type bridge stp_state 0 mcast_snooping 0 || die "no bridge"
	in_ns sw sysctl -q -w net.ipv6.conf.br0.disable_ipv6=1
	ip -n sw link set br0 up
	homa_i=1
	while [ $homa_i -le "$1" ]; do
		new_host "h$homa_i"
		ip -n sw link add "p$homa_i" type veth peer name eth0 netns "h$homa_i" ||
			die "no veth"
		in_ns sw sysctl -q -w "net.ipv6.conf.p$homa_i.disable_ipv6=1"
		ip -n sw link set "p$homa_i" master br0 up
		address "h$homa_i" eth0 $homa_i
		homa_i=$((homa_i + 1))
	done
	homa_i=1
	while [ $homa_i -le "$1" ]; do
		wait_for 5 port_forwards "p$homa_i" || die "bridge port $homa_i is not forwarding"
		homa_i=$((homa_i + 1))
	done
}

# port_forwards PORT: true when the bridge forwards on it.
port_forwards() { ip -n sw -d link show dev "$1" | grep -q 'state forwarding'; }

# cut_packets NS DEV: what leaves DEV is cut to its MTU; a veth would pass large
# buffers of many packets on as they are.
cut_packets()
{
	in_ns "$1" ethtool -K "$2" tx-sctp-segmentation off >/dev/null ||
		die "cannot have packets cut on $2"
}

# cut_all NS DEV: the same, and what TCP sends as well
cut_all()
{
	in_ns "$1" ethtool -K "$2" tso off tx-sctp-segmentation off >/dev/null ||
		die "cannot have packets cut on $2"
}

# single_packets NS DEV: no large buffers are made for DEV at all.
single_packets()
{
	in_ns "$1" ethtool -K "$2" gso off >/dev/null ||
		die "large buffers cannot be turned off on $2"
}

# host_drill: namespace s is a Homa host (host 2, device s0); namespace d has
# the other end, d0, without any address: its kernel stays silent and
# homa-drill speaks for hosts 1 and 3..9 through it.
host_drill()
{
	new_host s
	new_host d
	in_ns d sysctl -q -w net.ipv6.conf.default.disable_ipv6=1 \
		net.ipv6.conf.all.disable_ipv6=1
	ip -n s link add s0 type veth peer name d0 netns d || die "no veth"
	in_ns d sysctl -q -w net.ipv6.conf.d0.disable_ipv6=1
	ip -n d link set d0 address 02:00:00:00:00:01
	ip -n d link set d0 up
	# No link-local address: nothing but the conversation is on this link.
	ip -n s link set s0 addrgenmode none
	cut_packets s s0
	address s s0 2
	for homa_i in 1 3 4 5 6 7 8 9; do
		ip -n s neigh replace "10.0.0.$homa_i" lladdr 02:00:00:00:00:01 dev s0 nud permanent
		ip -n s neigh replace "fd00::$homa_i" lladdr 02:00:00:00:00:01 dev s0 nud permanent
	done
	wait_for 5 has_carrier s s0 || die "the veth link did not come up"
	wait_for 5 has_carrier d d0 || die "the veth link did not come up"
}

# netem NS DEV ARGS...: impair what DEV transmits (tc-netem arguments). It would
# treat a large buffer as one packet, so none are made.
netem()
{
	homa_ns=$1 homa_dev=$2
	shift 2
	single_packets "$homa_ns" "$homa_dev"
	tc -n "$homa_ns" qdisc replace dev "$homa_dev" root netem "$@" ||
		die "netem $* refused"
}

# counter NS NAME: the sum of one of Homa's counters over all CPUs
counter()
{
	in_ns "$1" awk -v name="$2" '$1 == name { sum += $2 } END { printf "%.0f\n", sum }' \
		/proc/net/homa_metrics
}

# counters NS PREFIX: the sum of all whose names begin so
counters()
{
	in_ns "$1" awk -v prefix="$2" 'index($1, prefix) == 1 { sum += $2 }
		END { printf "%.0f\n", sum }' /proc/net/homa_metrics
}

# all_ended NS: its server has no RPC left, so it asks no client for an ack
all_ended()
{
	in_ns "$1" awk '{ n[$1] += $2 }
		END { exit n["server_requests_started"] != n["server_responses_done"] +
			n["server_rpc_discards"] + n["server_rpcs_unknown"] }' /proc/net/homa_metrics
}

# held: the pages that all Homa sockets of the machine have reserved
held() { awk '$1 == "HOMA" { print $4; exit }' /proc/net/protocols; }

# at_exit CMD: run it when the test ends, however it ends
at_exit()
{
	homa_at_exit=$1
	# homa_cleanup looks at $?.
	trap 'homa_status=$?; eval "$homa_at_exit"; (exit $homa_status); homa_cleanup' EXIT
}

# vm_barrier NAME: in a two-machine test, wait until both machines are here.
# Machine 2 listens, machine 1 calls.
vm_barrier()
{
	if [ "$HOMA_VM" = 2 ]; then
		homa_said=$(timeout 60 nc -l -p 9 </dev/null) || die "barrier $1: nobody came"
		[ "$homa_said" = "$1" ] || die "barrier $1: the other machine is at '$homa_said'"
	else
		wait_for 60 homa_say "$1" || die "barrier $1: no answer"
	fi
}
homa_say() { echo "$1" | timeout 5 nc 10.0.0.2 9; }
