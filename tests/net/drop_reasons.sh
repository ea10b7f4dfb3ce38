#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: G5 H9
# tier: uml stock612
#
# Who watches the kernel's event for dropped packets, skb:kfree_skb, learns why Homa
# dropped one, in the kernel's own words. The debug kernel has no IPsec.
. "$HOMA_TESTS/lib.sh"
. "$HOMA_TESTS/lib_trace.sh"

# says OURS REASON: the module has dropped a packet, and calls it so, and the kernel so
says()
{
	stop
	recorded homa_drop: "reason=$1 "
	recorded kfree_skb: '\[homa\]' "reason: $2\$"
	ok "$1 is $2"
}

# dropped OURS REASON STATEMENT...: because of these statements of a packet script
dropped()
{
	ours=$1 theirs=$2
	shift 2
	printf '%s\n' "ignore CUTOFFS" "$@" "drain for 5ms" >/tmp/script
	record
	homa-drill -4 /tmp/script || die "the packets for $ours"
	says "$ours" "$theirs"
}

host_drill
dropped TOO_SHORT PKT_TOO_SMALL "send BUSY sport=9 dport=4000 id=1000 trunc=20"
dropped BAD_TYPE UNHANDLED_PROTO "send BUSY sport=9 dport=4000 id=1000 type=0x19"
dropped NO_SOCKET NO_SOCKET "send DATA sport=9 dport=4999 id=1000 len=10"
dropped NOT_SERVER NO_SOCKET "app c1 socket port=?port" \
	"send DATA sport=9 dport=\$port id=1000 len=10"
dropped NO_BUFFER SOCKET_RCVBUFF "app s1 socket nobuf bind=4000" \
	"send DATA sport=9 dport=4000 id=1000 len=10"
# The only RPC that the socket may have is one of host 3.
dropped NO_MEMORY PROTO_MEM "sh s sysctl -q -w net.homa.rpc_sock_max=2" \
	"app s1 socket bind=4000" \
	"send DATA sport=9 dport=4000 id=1000 len=10 from=3" \
	"send DATA sport=9 dport=4000 id=1002 len=10 from=3" \
	"send DATA sport=9 dport=4000 id=1004 len=10 from=3" \
	"sh s sysctl -q -w net.homa.rpc_sock_max=100000"
record
in_ns s t_hooks filter || die "socket filters"
says FILTER SOCKET_FILTER
if [ "$HOMA_TIER" = stock ]; then
	modprobe xfrm_user
	ip -n s xfrm policy add src 10.0.0.1 dst 10.0.0.2 proto 146 dir in action block ||
		die "no policy"
	dropped POLICY XFRM_POLICY "app s1 socket bind=4000" \
		"send DATA sport=9 dport=4000 id=1000 len=10"
fi
