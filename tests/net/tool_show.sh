#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock612
#
# homa ss, stat, top, peers and config say what is there: RPCs and what they wait for, a
# host that is silent, drops in words, parameters with units; and what they refuse.
. "$HOMA_TESTS/lib.sh"

# is FILE PATH VALUE: what a parser of JSON finds there
is()
{
	found=$(t_json "$1" "$2") || die "$1 has no $2: $(cat "$1")"
	[ "$found" = "$3" ] || die "$1: $2 is $found, not $3"
}
# has FILE TEXT...: each is in it
has()
{
	file=$1
	shift
	for text in "$@"; do
		grep -q -e "$text" "$file" || die "no \"$text\" in: $(cat "$file")"
	done
}
# status WANT COMMAND...: it ends with this exit status; its words are in /tmp/said
status()
{
	want=$1
	shift
	"$@" >/tmp/said 2>&1
	got=$?
	[ $got = "$want" ] || die "$*: exit status $got, not $want: $(cat /tmp/said)"
}

hosts_veth
status 0 in_ns c homa ss
has /tmp/said 'No Homa sockets'
status 0 in_ns c homa stat
has /tmp/said 'Nothing has been counted yet'

bg in_ns s homa_echo_server >/tmp/server 2>&1
server=$!
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
in_ns c homa_echo_client -n 3 -s 5000 10.0.0.2 || die "echo"
in_ns c homa_echo_client -n 1 -p 4001 10.0.0.2 >/dev/null 2>&1 && die "port 4001 answers"
wait_for 10 all_ended s || die "the server keeps RPCs: $(in_ns s homa ss)"
in_ns s homa ss >/tmp/out || die "ss"
has /tmp/out '^port 4000, server, IPv6, 0 RPCs, homa_echo_serve/[0-9]*$'
in_ns s homa stat >/tmp/out || die "stat"
has /tmp/out '^ *3  server_requests_done  *requests given to applications$' \
	'^ *1  drop_NO_SOCKET  *no socket owns the port$'
in_ns s homa stat -d -j >/tmp/json || die "stat --json"
is /tmp/json drops.0.reason NO_SOCKET
is /tmp/json drops.0.text 'no socket owns the port'
is /tmp/json drops.0.packets 1
in_ns s homa stat -i 1ms -n 2 'client_*' >/tmp/out || die "stat --interval"
[ "$(grep -c 'nothing changed' /tmp/out)" = 2 ] || die "stat of nothing: $(cat /tmp/out)"
bg in_ns s homa stat -j -i 300ms -n 2 'server_requests_*' >/tmp/json
stat=$!
sleep 0.05
in_ns c homa_echo_client -n 2 -s 100 10.0.0.2 >/dev/null || die "echo"
wait $stat || die "stat --interval"
[ "$(t_json /tmp/json '#')" = 2 ] || die "two lines: $(cat /tmp/json)"
grep -q '"server_requests_done":2' /tmp/json || die "2 requests: $(cat /tmp/json)"
ok "stat: totals, drops in words, rates"

# A server that is alive and reads nothing: RPCs wait for it.
kill $server
wait $server
bg in_ns s t_mem serve /tmp/never >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start again"
bg in_ns c t_rpcs -E -n 4 -k 4 -l 50000 10.0.0.2/4000 >/tmp/rpcs.out 2>&1
arrived() { [ "$(in_ns s homa ss | grep -c 'rx 50.0k/50.0k  reader$')" = 4 ]; }
wait_for 10 arrived || die "the server's RPCs: $(in_ns s homa ss)"
in_ns c homa ss >/tmp/out || die "ss"
[ "$(grep -c '10.0.0.2:4000 .*  tx 50.0k/50.0k  response$' /tmp/out)" = 4 ] ||
	die "the client's RPCs: $(cat /tmp/out)"
in_ns c homa ss --json >/tmp/json || die "ss --json"
is /tmp/json 'sockets.#' 1
is /tmp/json sockets.0.server false
is /tmp/json sockets.0.processes.0.name t_rpcs
is /tmp/json 'sockets.0.rpcs.#' 4
is /tmp/json sockets.0.rpcs.0.role client
is /tmp/json sockets.0.rpcs.0.peer 10.0.0.2
is /tmp/json sockets.0.rpcs.0.waits_for response
is /tmp/json sockets.0.rpcs.3.tx_sent_bytes 50000
in_ns s homa ss -j >/tmp/json || die "ss --json"
is /tmp/json sockets.0.rpcs.0.waits_for reader
in_ns c homa ss -f >/tmp/out && grep -q tx /tmp/out && die "no fault yet: $(cat /tmp/out)"
in_ns s homa peers >/tmp/out || die "peers"
has /tmp/out '^10.0.0.1  *1500  *0  *4  *0 ' ' UNSCHED  *WINDOW' ' 40'
ok "ss: RPCs that wait for the application"

# The live view, in a terminal; a blank for another look, q to end.
in_ns c env TERM=vt100 t_pty ' q' homa top -i 10s >/tmp/out || die "top: $(cat /tmp/out)"
has /tmp/out 'homa top' '4 RPCs in flight' '10.0.0.2:4000' response
in_ns c env TERM=nonsense t_pty q homa top >/tmp/out && die "top without a terminal: $(cat /tmp/out)"
has /tmp/out 'this terminal cannot be used (TERM=nonsense)' 'Try: homa top --once'
status 2 in_ns c homa top
has /tmp/said 'the output is no terminal'
ok "top"

# Nothing comes back from the server any more.
in_ns c sysctl -q -w net.homa.timeout_ticks=1000
netem s s0 loss 100%
silent() { [ "$(in_ns c homa ss -f | grep -c 'response (silent .*ms, asked [1-9]')" = 4 ]; }
wait_for 5 silent || die "no silence: $(in_ns c homa ss)"
in_ns c homa peers -j >/tmp/json || die "peers --json"
is /tmp/json peers.0.address 10.0.0.2
is /tmp/json peers.0.silent_rpcs 4
is /tmp/json peers.0.mtu_bytes 1500
is /tmp/json 'peers.0.cutoffs_bytes.#' 8
is /tmp/json peers.0.unsched_bytes 40000
t_json /tmp/json peers.0.rtt_ns peers.0.rtt_deviation_ns peers.0.rtt_min_ns >/tmp/out || die "no round-trip times: $(cat /tmp/json)"
[ "$(t_json /tmp/json peers.0.window_bytes)" -gt 0 ] || die "no window: $(cat /tmp/json)"
failed() { in_ns c homa stat -j rpc_timeouts >/tmp/json && grep -q '"rpc_timeouts": 4' /tmp/json; }
wait_for 10 failed || die "no time-outs: $(cat /tmp/json)"
netem s s0 loss 0%
ok "ss and peers: a host that is silent"

in_ns c homa config >/tmp/out || die "config"
has /tmp/out '^resend_ticks  *5  ms  *1..1000  *silence before' '^unsched_cutoffs: 0 0 0 0 ' \
	'^cutoff_version  *1  *read-only'
in_ns c homa config timeout_ticks=0.2s unsched_bytes=32Ki \
	"priority_map=7,6,5,4,3,2,1,0" || die "config"
in_ns c homa config -j timeout_ticks unsched_bytes priority_map >/tmp/json || die "config --json"
is /tmp/json parameters.0.values '[200]'
is /tmp/json parameters.0.unit ms
is /tmp/json parameters.1.values '[32768]'
is /tmp/json parameters.2.values '[7,6,5,4,3,2,1,0]'
printf '# mine\nnet.homa.window = 7\nnet.homa.timeout_ticks=9\n' >/tmp/60.conf
in_ns c homa config --save -f /tmp/60.conf timeout_ticks=150ms window=0 >/tmp/out || die "--save"
has /tmp/out 'saved in /tmp/60.conf'
printf '# mine\nnet.homa.timeout_ticks = 150\nnet.homa.window = 0\n' | cmp - /tmp/60.conf ||
	die "saved: $(cat /tmp/60.conf)"
in_ns s sysctl -q -p /tmp/60.conf && [ "$(in_ns s cat /proc/sys/net/homa/timeout_ticks)" = 150 ] ||
	die "sysctl does not take $(cat /tmp/60.conf)"
ok "config"

status 2 in_ns c homa config timeout_ticks=5000ms
has /tmp/said 'timeout_ticks: 5000ms is not from 2 to 4000 ms'
status 2 in_ns c homa config timeout_ticks=fast
status 2 in_ns c homa config priority_map=1,2
has /tmp/said 'it takes 8 values, not 2'
status 2 in_ns c homa config cutoff_version=7
status 5 in_ns c homa config no_such_thing=1
has /tmp/said 'no parameter "no_such_thing"' 'Try: homa config'
status 6 in_ns c homa config timeout_ticks=5
has /tmp/said 'contradicts another parameter'
status 2 in_ns c homa ss --peer example
status 2 in_ns c homa peers example
status 2 homa nonsense
has /tmp/said 'no command "nonsense"'
ok "refusals"
