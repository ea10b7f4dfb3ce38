#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock612
#
# The generic-netlink family "homa" (netlink/homa.yaml): counters, sockets,
# RPCs, hosts and parameters of a namespace, and who may ask for them.
. "$HOMA_TESTS/lib.sh"

# field FILE NAME: value of an attribute in the first line
field() { head -n 1 "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"; }

hosts_veth
bg in_ns s homa_echo_server >/tmp/server 2>&1
server=$!
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
in_ns c homa_echo_client -n 3 -s 5000 10.0.0.2 || die "echo"

# Counters: the same names as in procfs, and a moment later no value is below.
in_ns c t_netlink counter-get >/tmp/counters || die "counter-get: $(cat /tmp/counters)"
in_ns c awk 'NR > 2 && $1 != "core" { if (!($1 in sum)) order[++n] = $1; sum[$1] += $2 }
	END { for (i = 1; i <= n; i++) print order[i], sum[order[i]] }' \
	/proc/net/homa_metrics >/tmp/procfs
sed 's/^name=//; s/ value=/ /' /tmp/counters >/tmp/netlink
awk 'NR == FNR { name[NR] = $1; value[NR] = $2; n = NR; next }
	$1 != name[FNR] || $2 < value[FNR] {
		print "netlink:", name[FNR], value[FNR], "procfs:", $0
		bad = 1
	}
	END { exit bad || FNR != n }' /tmp/netlink /tmp/procfs || die "counters differ from procfs"
grep -q '^name=client_requests_done value=3 $' /tmp/counters || die "client_requests_done is not 3"
in_ns c t_netlink -s counter-get >/tmp/two || die "a slow reader"
[ "$(wc -l </tmp/two)" = "$(wc -l </tmp/counters)" ] || die "a slow reader misses counters"
ok "counters: $(wc -l </tmp/counters)"

# Sockets: all of them, each once, in more pieces than one.
in_ns s t_netlink socket-get >/tmp/sockets || die "socket-get"
[ "$(wc -l </tmp/sockets)" = 1 ] || die "sockets of s: $(cat /tmp/sockets)"
[ "$(field /tmp/sockets port)" = 4000 ] && [ "$(field /tmp/sockets server)" = 1 ] &&
	[ "$(field /tmp/sockets region-bytes)" -gt 0 ] || die "socket: $(cat /tmp/sockets)"
in_ns c t_netlink -s -n 300 socket-get >/tmp/sockets || die "socket-get"
[ "$(wc -l </tmp/sockets)" = 300 ] || die "$(wc -l </tmp/sockets) of 300 sockets"
[ "$(sed 's/ .*//' /tmp/sockets | sort -u | wc -l)" = 300 ] || die "sockets are told twice"
ok "sockets"

# RPCs: many that wait for a server that is alive, and reads nothing.  They live long enough
# to be looked at on a slow machine.
in_ns c sysctl -q -w net.homa.timeout_ticks=4000
kill $server
wait $server
bg in_ns s t_mem serve /tmp/never >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start again"
bg in_ns c t_rpcs -E -n 400 -k 400 -l 50000 10.0.0.2/4000 >/tmp/rpcs.out 2>&1
rpcs() { [ "$(in_ns c t_netlink rpc-get | wc -l)" = "$1" ]; }
wait_for 10 rpcs 400 || die "$(in_ns c t_netlink rpc-get | wc -l) of 400 RPCs,\
 $(counter c rpc_timeouts) time-outs: $(sort /tmp/rpcs.out | uniq -c | head -n 5)"
in_ns c t_netlink -s rpc-get >/tmp/rpcs || die "rpc-get"
[ "$(sed 's/ .*//' /tmp/rpcs | sort -u | wc -l)" = 400 ] || die "RPCs are told twice"
grep -v 'peer=::ffff:10.0.0.2 peer-port=4000 state=0 .*tx-length=50000 ' /tmp/rpcs >/tmp/other &&
	die "RPC: $(head -n 1 /tmp/other)"
grep -v ' silent-ns=[0-9]* resends=[0-9]* paced=[01] $' /tmp/rpcs >/tmp/other &&
	die "RPC: $(head -n 1 /tmp/other)"
port=$(field /tmp/rpcs port)
[ "$(in_ns c t_netlink rpc-get "$port" | wc -l)" = 400 ] || die "RPCs of port $port"
[ "$(in_ns c t_netlink rpc-get 1 | wc -l)" = 0 ] || die "RPCs of a port without socket"
in_ns c t_netlink rpc-get 0 >/tmp/none && die "port 0 is accepted"
ok "RPCs"

in_ns c t_netlink peer-get >/tmp/peers || die "peer-get"
[ "$(wc -l </tmp/peers)" = 1 ] && [ "$(field /tmp/peers address)" = ::ffff:10.0.0.2 ] ||
	die "hosts: $(cat /tmp/peers)"
[ "$(field /tmp/peers cutoff-version)" = 1 ] || die "cutoffs of s: $(cat /tmp/peers)"
[ "$(field /tmp/peers mtu)" = 1500 ] && [ "$(field /tmp/peers server-rpcs)" = 0 ] ||
	die "route of s: $(cat /tmp/peers)"
[ "$(field /tmp/peers unsched-bytes)" = 40000 ] && [ "$(field /tmp/peers window)" -gt 0 ] ||
	die "windows of s: $(cat /tmp/peers)"
in_ns s t_netlink peer-get >/tmp/peers || die "peer-get"
[ "$(field /tmp/peers server-rpcs)" -gt 0 ] || die "RPCs of c at s: $(cat /tmp/peers)"
ok "hosts"

# Silence is told: the server's packets get lost from now on.
netem s s0 loss 100%
silent() { in_ns c t_netlink rpc-get >/tmp/rpcs && grep -q ' resends=[1-9]' /tmp/rpcs; }
wait_for 5 silent || die "no silence: $(head -n 1 /tmp/rpcs)"
awk '{ for (i = 1; i <= NF; i++) { split($i, f, "="); v[f[1]] = f[2] }
	if (v["resends"] > 0 && (v["silent-ns"] < 5000000 || v["silent-ns"] > v["age-ns"])) exit 1 }' \
	/tmp/rpcs || die "silence: $(grep -m 1 ' resends=[1-9]' /tmp/rpcs)"
ok "silence"

# Parameters: all, one, changes, refusals.
in_ns c t_netlink param-get >/tmp/params || die "param-get"
[ "$(wc -l </tmp/params)" -ge 25 ] || die "$(wc -l </tmp/params) parameters"
while read -r line; do
	name=${line#name=}
	name=${name%% *}
	values=$(echo "$line" | sed 's/ value=/\n/g' | sed '1d; s/ .*//' | tr '\n' ' ')
	[ "$values" = "$(in_ns c cat "/proc/sys/net/homa/$name" | tr '\t\n' '  ')" ] ||
		die "$name: netlink says $values"
done </tmp/params
in_ns c t_netlink param-set unsched_bytes 30000 || die "param-set"
[ "$(in_ns c cat /proc/sys/net/homa/unsched_bytes)" = 30000 ] || die "unsched_bytes did not change"
[ "$(in_ns s cat /proc/sys/net/homa/unsched_bytes)" = 40000 ] || die "unsched_bytes of s changed"
in_ns c t_netlink param-get unsched_bytes >/tmp/one || die "param-get unsched_bytes"
grep -q '^name=unsched_bytes value=30000 min-value=1 max-value=1000000 $' /tmp/one ||
	die "$(cat /tmp/one)"
in_ns c t_netlink param-set priority_map 7 6 5 4 3 2 1 0 || die "priority_map"
[ "$(in_ns c cat /proc/sys/net/homa/priority_map | tr '\t' ' ')" = "7 6 5 4 3 2 1 0" ] ||
	die "priority_map"

# refused ERRNO ARGUMENTS...
refused()
{
	want=$1
	shift
	in_ns c t_netlink "$@" >/tmp/one && die "accepted: $*"
	grep -q "^error $want:" /tmp/one || die "$*: $(cat /tmp/one), expected $want"
}
refused 34 param-set unsched_bytes 0
refused 34 param-set unsched_bytes 1000001
refused 22 param-set unsched_bytes
refused 22 param-set unsched_bytes 1 2
refused 22 param-set priority_map 1 2 3
refused 22 param-set timeout_ticks 5
refused 2 param-set no_such_thing 1
refused 2 param-get no_such_thing
refused 1 param-set cutoff_version 7
refused 22 -b param-get unsched_bytes
refused 22 -b rpc-get
refused 1 -u param-set unsched_bytes 1
refused 1 -u rpc-get
refused 1 -u peer-get
in_ns c t_netlink -u counter-get >/tmp/one || die "counters are not for everybody"
in_ns c t_netlink -u socket-get >/tmp/one || die "sockets are not for everybody"
[ "$(in_ns c cat /proc/sys/net/homa/unsched_bytes)" = 30000 ] || die "a refused change was made"
ok "parameters and permissions"
