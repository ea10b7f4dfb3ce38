#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: W11
# tier: uml stock612
#
# A router whose GRO joins what arrives, and whose slow way out has the queueing
# discipline "homa": large buffers are cut before they wait, to packets no larger than the MTU.
# Alone on the device and below another discipline, whose counts have to be right.
. "$HOMA_TESTS/lib.sh"
. "$HOMA_TESTS/lib_trace.sh"

hosts_router c s
cut_all c c0
in_ns r ethtool -K r0 gro on || die "no GRO"
in_ns s ethtool -K s0 gro off || die "ethtool gro"
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"

# heard LIMIT PROTOCOL CMD...: what s receives meanwhile is no larger than LIMIT
heard()
{
	limit=$1 protocol=$2
	shift 2
	: >/tmp/sniff
	bg in_ns s t_sniff -r -i s0 -m "$limit" -p "$protocol" >/tmp/sniff 2>&1
	sniff=$!
	wait_for 5 grep -q watching /tmp/sniff || die "t_sniff does not start"
	"$@"
	kill "$sniff"
	wait "$sniff" || die "$*: $(cat /tmp/sniff)"
	largest=$(sed -n 's/.*largest \([0-9]*\) .*/\1/p' /tmp/sniff)
	ok "$*: $(tail -n 1 /tmp/sniff)"
}

# rpcs ADDRESS: their contents are compared
rpcs() { in_ns c homa_echo_client -n 5 -s 1,1425,20000,65537,500000 "$1" || die "RPCs with $1"; }

head -c 1000000 /dev/urandom >/tmp/file
# Nothing to read and no end: nc would take an end for that of the connection.
mkfifo /tmp/never
port=7000
# tcp ADDRESS: a file by TCP
tcp()
{
	port=$((port + 1))
	bg in_ns s sh -c "nc -l -p $port <>/tmp/never >/tmp/copy"
	receiver=$!
	wait_for 10 listening $port || die "nc does not listen"
	in_ns c nc "$1" $port </tmp/file || die "TCP to $1"
	wait "$receiver" || die "nc"
	cmp /tmp/file /tmp/copy || die "TCP to $1 was changed on the way"
}
listening() { in_ns s grep -qi ":$(printf %04X "$1") .* 0A " /proc/net/tcp /proc/net/tcp6; }

# drained: no discipline of r1 believes that something waits
drained() { ! tc -n r -s qdisc show dev r1 | grep backlog | grep -qv 'backlog 0b 0p'; }

servers="10.0.2.1 fd02::1"
for server in $servers; do
	heard 65535 146 rpcs "$server"
	[ "$largest" -gt 15000 ] || die "GRO joins nothing: this test sees nothing"
done
heard 65535 6 tcp 10.0.2.1
[ "$largest" -gt 3000 ] || die "GRO joins no TCP: this test sees nothing"

# 20 us of such a link are less than a packet.
in_ns r sysctl -q -w net.homa.link_mbps=100
for where in root below; do
	tc -n r qdisc replace dev r1 root handle 1: prio || die "no prio"
	case $where in
	root)	tc -n r qdisc replace dev r1 root homa || die "no homa" ;;
	below)	for class in 1 2 3; do
			tc -n r qdisc replace dev r1 parent 1:$class homa || die "not below prio"
		done ;;
	esac
	for server in $servers; do
		heard 1500 146 rpcs "$server"
	done
	heard 1500 6 tcp 10.0.2.1
	wait_for 10 drained || die "what waits is not counted right: $(tc -n r -s qdisc show dev r1)"
	ok "$where: nothing is left"
done

# 20 us of this one are 12,500 bytes; up to twice as many pass as they are.
in_ns r sysctl -q -w net.homa.link_mbps=5000
for server in $servers; do
	heard 25100 146 rpcs "$server"
	[ "$largest" -gt 1500 ] || die "small buffers are cut, too"
done
wait_for 10 drained || die "what waits is not counted right: $(tc -n r -s qdisc show dev r1)"

# A queue for one packet, on a link that is busy for 12 ms with each: there is no room for any part
# of the next large buffer, and the kernel's event says so.
in_ns r sysctl -q -w net.homa.link_mbps=1
ip -n r link set r1 txqueuelen 1
tc -n r qdisc replace dev r1 root handle 1: prio || die "no prio"
tc -n r qdisc replace dev r1 root homa || die "no homa"
record
in_ns c homa_echo_client -n 1 -s 100000 10.0.2.1 >/dev/null 2>&1
stop
recorded kfree_skb: '\[homa\]' 'reason: QDISC_DROP$'
in_ns r sysctl -q -w net.homa.link_mbps=5000
ip -n r link set r1 txqueuelen 1000
tc -n r qdisc replace dev r1 root handle 1: prio || die "no prio"
tc -n r qdisc replace dev r1 root homa || die "no homa"
heard 25100 146 rpcs 10.0.2.1
ok "a queue that is full"
