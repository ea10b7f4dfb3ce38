#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock612
# timeout: 120
#
# Faults are made, and homa doctor, ss, stat, peers, top and trace say so, with the
# command that mends them: loss, a wrong MTU, a server that is missing, a host that
# is gone, a firewall.  All commands of docs/troubleshooting.md are run here, as they
# are written there (check-doc-blocks compares).
. "$HOMA_TESTS/lib.sh"

# run HOST COMMAND: a line of docs/troubleshooting.md; its output is in /tmp/out
run()
{
	in_ns "$1" sh -c "$2" >/tmp/out 2>&1
	status=$?
	[ $status -lt 2 ] || die "$2: exit status $status: $(cat /tmp/out)"
}
# said TEXT...: each is in it;  quiet TEXT: this is not
said()
{
	for text in "$@"; do
		grep -q -e "$text" /tmp/out || die "no \"$text\" in: $(cat /tmp/out)"
	done
}
unsaid() { ! grep -q -e "$1" /tmp/out || die "\"$1\" in: $(cat /tmp/out)"; }
echoes() { in_ns h1 homa_echo_client "$@" 10.0.0.2; }

hosts_bridge 2
bg in_ns h2 homa_echo_server >/tmp/server 2>&1
server=$!
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
bg in_ns h2 homa serve >/tmp/serve 2>&1
echoes -n 3 -s 100,200000 || die "echo"
wait_for 10 all_ended h2 || die "the server keeps RPCs"

run h1 'homa doctor'
said '^ok  *module: homa .* is loaded' '^ok  *mtu eth0: 1500' '^ok  *host 10.0.0.2: answers, also' \
	'^ok  *loss: ' '^ok  *limits: .* of 10000 hosts$' '^0 problems, '
[ $status = 0 ] || die "status $status without a fault: $(cat /tmp/out)"
run h1 'homa doctor eth0'
said '^ok  *link eth0: up'
run h1 'homa ping -c 5 10.0.0.2'
in_ns h1 homa doctor nosuch0 >/tmp/out 2>&1
[ $? = 5 ] || die "a device that is not there: $(cat /tmp/out)"
ok "nothing is wrong, and nothing is found"

# A time line of one RPC, both sides.
bg homa trace --rpcs 2 >/tmp/out 2>/tmp/err
trace=$!
wait_for 5 grep -q Following /tmp/err || die "trace does not start: $(cat /tmp/err)"
echoes -n 1 -s 200000 || die "echo"
wait $trace || die "trace: $(cat /tmp/err)"
said '^ *0 .* client  begins: 200000 bytes to 10.0.0.2$' 'server  begins: a request from 10.0.0.1$' \
	'client  sends bytes 0-[0-9]* of 200000.*, priority [0-7]$' \
	'server  has room for the 200000 bytes' 'server  lets the other host send up to byte' \
	'client  may send up to byte' 'server  has all 200000 bytes$' \
	'server  gives the message to the application$' 'server  answers with 200000 bytes$' \
	'client  ends: the application has the response$' 'server  ends: '
unsaid MISSES
[ ! -e /sys/kernel/tracing/instances/homa-* ] || die "the trace buffer remains"
cat /tmp/out; ok "trace: one RPC"

# Loss.
netem h1 eth0 loss 30%
bg in_ns h1 homa_echo_client -n 500 -s 100000 10.0.0.2 >/tmp/echo 2>&1
echo=$!
run h1 'homa trace --peer 10.0.0.2 --rpcs 2'
said 'server  MISSES bytes .*, asks for them (round 1)$' 'client  is asked to send from byte .* again' \
	'client  sends bytes .*, AGAIN$'
run h1 'homa trace --peer 10.0.0.2 --for 100ms'
run h1 'homa top --once'
said '^homa top  ..:..:..  1 sockets, [01] RPCs in flight$' '^per second  RPCs done: '
busy() { in_ns h1 homa top -1 -i 10ms >/tmp/out && grep -q '^10.0.0.2  *1  *0 ' /tmp/out; }
wait_for 5 busy || die "top does not see the RPCs: $(cat /tmp/out)"
kill $echo
wait $echo
run h1 'homa doctor'
[ $status = 1 ] || die "status $status: $(cat /tmp/out)"
said '^PROBLEM qdisc eth0: netem is set: it loses 30.0 %' 'mend:  *tc qdisc del dev eth0 root' \
	'^note  *loss: packets get lost (not just now)'
run h1 "homa stat 'resent_*' 'packets_*_RESEND'"
said '^ *[0-9.k]*  resent_packets  *DATA packets sent again$' packets_rcvd_RESEND
run h2 "homa stat 'resent_*' 'packets_*_RESEND'"
said packets_sent_RESEND
echo n | in_ns h1 homa doctor --fix eth0 -w 0 >/tmp/out || die "--fix"
said 'Run this? '
tc -n h1 qdisc show dev eth0 | grep -q netem || die "mended against our will"
in_ns h1 homa doctor --fix --yes eth0 -w 0 >/tmp/out 2>&1 || die "--fix: $(cat /tmp/out)"
tc -n h1 qdisc show dev eth0 | grep -q netem && die "netem is still there: $(cat /tmp/out)"
netem h1 eth0 loss 0%
run h1 'tc qdisc del dev eth0 root'
ok "loss"

# Waiting RPCs are to be seen at leisure.
in_ns h1 homa config timeout_ticks=4s || die "config"
run h1 'homa config max_incoming'
run h1 'homa config max_incoming=800000'
run h1 'homa config --save max_incoming=800000 -f /tmp/60-homa.conf'

# The MTU of the other host is smaller.
ip -n h1 link set eth0 mtu 9000
single_packets h1 eth0
bg in_ns h1 homa_echo_client -n 1 -s 100000 10.0.0.2 >/tmp/echo 2>&1
echo=$!
waiting() { in_ns h1 homa ss --faults >/tmp/out && grep -q ' asked ' /tmp/out; }
wait_for 10 waiting || die "no RPC waits: $(in_ns h1 homa ss)"
run h1 'homa ss --faults'
said '10.0.0.2:4000 .* (silent .*, asked [0-9]* times\?)$'
run h1 'homa peers'
said '^10.0.0.2  *9000  *1  *0  *1 '
run h1 'homa doctor --quiet'
said '^PROBLEM host 10.0.0.2: packets of 9000 bytes, the MTU, do not arrive; the largest that do have 150[04]$' \
	'look:  *ip link set eth0 mtu 1500 ' \
	'^PROBLEM host 10.0.0.2: 1 RPCs wait for it in vain'
run h1 'ip link set eth0 mtu 1500'
wait $echo
run h1 'homa ss'
run h1 'homa doctor --quiet'
unsaid 'do not arrive'
ok "a wrong MTU"

# As many RPCs as there may be: one, that the server does not answer.
kill -STOP $server
bg in_ns h1 homa_echo_client -n 1 -s 100 10.0.0.2 >/tmp/echo 2>&1
echo=$!
one_rpc() { in_ns h1 homa ss >/tmp/out && grep -q '10.0.0.2:4000' /tmp/out; }
wait_for 10 one_rpc || die "no RPC waits: $(cat /tmp/out)"
run h1 'homa doctor --quiet'
unsaid limits
in_ns h1 homa config rpc_net_max=1 || die "config"
run h1 'homa doctor --quiet'
said '^PROBLEM limits: 1 RPCs exist, and no more than 1 may be (net.homa.rpc_net_max)'
in_ns h1 homa config rpc_net_max=400000 || die "config"
kill -CONT $server
wait $echo || die "the server goes on, and yet: $(cat /tmp/echo)"
ok "a limit"

# No server.
kill $server
wait $server
echoes -n 1 >/dev/null 2>&1 && die "nobody answers"
run h2 'homa stat --drops'
said 'drop_NO_SOCKET  *no socket owns the port$'
run h2 'homa ss --sockets'
unsaid 'port 4000'
bg homa trace --rpcs 1 >/tmp/out 2>/tmp/err
trace=$!
wait_for 5 grep -q Following /tmp/err || die "trace does not start: $(cat /tmp/err)"
echoes -n 1 >/dev/null 2>&1 && die "nobody answers"
wait $trace
said 'DROPS a packet of .* from 10.0.0.1: NO_SOCKET: no socket owns the port' \
	'client  FAILS: Transport endpoint is not connected$'
ok "no server"

# A firewall at the server.
if in_ns h2 nft list ruleset >/dev/null 2>&1; then
	bg in_ns h2 homa_echo_server >/tmp/server 2>&1
	wait_for 10 grep -q ready /tmp/server || die "the server does not start"
	in_ns h2 nft -f - <<-'END' || die "nft"
		table inet filter {
			chain others {
				meta l4proto { icmp, icmpv6, tcp } accept
			}
			chain input {
				type filter hook input priority 0; policy drop;
				iifname lo accept
				jump others
			}
		}
	END
	bg in_ns h1 homa_echo_client -n 1 -s 100000 10.0.0.2 >/tmp/echo 2>&1
	echo=$!
	wait_for 10 waiting || die "no RPC waits: $(in_ns h1 homa ss)"
	run h1 'homa doctor --quiet'
	said '^PROBLEM host 10.0.0.2: 1 RPCs wait for it in vain' 'It answers ping: a firewall'
	run h2 'homa doctor --quiet'
	said '^PROBLEM firewall input: chain input in table inet filter drops what no rule accepts' \
		'mend:  *nft insert rule inet filter input meta l4proto 146 accept$'
	in_ns h2 homa doctor -j -q >/tmp/json
	[ "$(t_json /tmp/json problems)" -ge 1 ] || die "JSON: $(cat /tmp/json)"
	run h2 'nft insert rule inet filter input meta l4proto 146 accept'
	wait $echo || die "the firewall is open, and yet: $(cat /tmp/echo)"
	run h2 'homa doctor --quiet'
	unsaid 'firewall input'
	# Behind a jump, as firewalld has it.
	nft="in_ns h2 nft"
	$nft 'flush chain inet filter input; add rule inet filter input goto others;
		add rule inet filter others drop' || die "nft"
	run h2 'homa doctor --quiet'
	said '^PROBLEM firewall input: a rule of chain others in table inet filter drops everything' \
		'mend:  *nft insert rule inet filter input meta l4proto 146 accept$'
	run h2 'nft insert rule inet filter input meta l4proto 146 accept'
	run h2 'homa doctor --quiet'
	unsaid 'firewall input'
	ok "a firewall"
fi

# The other host is gone.
ip -n sw link set p2 down
bg in_ns h1 homa_echo_client -n 1 -s 100000 10.0.0.2 >/tmp/echo 2>&1
wait_for 10 waiting || die "no RPC waits: $(in_ns h1 homa ss)"
run h1 'homa doctor --quiet'
said '^PROBLEM host 10.0.0.2: 1 RPCs wait for it in vain' 'It does not answer ping either'
run h1 'ip neigh'
in_ns h1 homa top -1 -j -i 10ms >/tmp/json || die "top --json"
[ "$(t_json /tmp/json hosts.0.address)" = 10.0.0.2 ] || die "top: $(cat /tmp/json)"
[ "$(t_json /tmp/json hosts.0.asked_again)" -ge 1 ] || die "top: $(cat /tmp/json)"
ok "a host that is gone"
