#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: H8
# tier: stock612
#
# The packet filters of a host see every Homa packet that it sends or receives,
# and what they drop or reject has not been there.
. "$HOMA_TESTS/lib.sh"

# filtered NS CHAIN: how many packets the counting rule of a chain has seen
filtered()
{
	in_ns "$1" nft list chain inet homa "$2" |
		sed -n 's/.*counter packets \([0-9]*\).*/\1/p' | head -n 1
}

# rule NS CHAIN RULE...: put a rule there; rules NS CHAIN: only count again
rule()
{
	homa_ns=$1 homa_chain=$2
	shift 2
	in_ns $homa_ns nft add rule inet homa $homa_chain meta l4proto 146 "$@" ||
		die "rule $*"
}
rules()
{
	in_ns "$1" nft flush chain inet homa "$2" || die "flush"
	rule "$1" "$2" counter
}

# fails ERROR: an RPC of c fails with it
fails()
{
	in_ns c homa_echo_client -n 1 -s 50000 "$address" >/tmp/client 2>&1 &&
		die "$address: the RPC was not stopped"
	grep -q "$1" /tmp/client || die "$address: expected '$1': $(cat /tmp/client)"
}

hosts_veth
# Filters see a large buffer as one, counters see its packets.
single_packets c c0
single_packets s s0
for ns in c s; do
	in_ns $ns nft add table inet homa || die "nft does not work here"
	for hook in input output; do
		in_ns $ns nft add chain inet homa $hook \
			"{ type filter hook $hook priority 0 ; policy accept ; }" ||
			die "no chain at hook $hook"
		rules $ns $hook
	done
done
bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"

for address in 10.0.0.2 fd00::2; do
	in_ns c t_rpcs -n 15 -k 5 -l 1-100000 $address/4000 || die "RPCs to $address"
	wait_for 10 all_ended s || die "RPCs do not end"
	for ns in c s; do
		sent=$(counters $ns packets_sent_) received=$(counters $ns packets_rcvd_)
		[ "$sent" -gt 50 ] && [ "$received" -gt 50 ] || die "$ns: hardly any packet"
		[ "$(filtered $ns output)" -eq "$sent" ] ||
			die "$ns: output saw $(filtered $ns output) of $sent packets"
		[ "$(filtered $ns input)" -eq "$received" ] ||
			die "$ns: input saw $(filtered $ns input) of $received packets"
	done
	ok "$address: the filters saw $sent packets out and $received packets in at s, and all of c"

	# Dropped on the way in, on the way out, for the server and for the client.
	for place in "s input" "c output" "s output" "c input"; do
		rule $place drop
		fails 'timed out'
		rules $place
		in_ns c homa_echo_client -n 1 -s 50000 $address || die "$address: RPCs after a rule at $place"
	done
	ok "$address: dropped"

	# Only GRANT packets (type 0x11, wire §4); RESENDs take their place.
	rule s output @th,88,8 0x11 drop
	sent=$(counter s packets_sent_GRANT) received=$(counter c packets_rcvd_GRANT)
	in_ns c homa_echo_client -n 1 -s 50000 $address || die "$address: RPC without GRANTs"
	[ "$(counter s packets_sent_GRANT)" -gt "$sent" ] || die "no GRANT was sent"
	[ "$(counter c packets_rcvd_GRANT)" -eq "$received" ] || die "a GRANT passed"
	rules s output
	ok "$address: without GRANT packets"

	# netfilter rejects only what has a checksum that it understands; Homa has
	# none, so to reject is to drop.
	rule s input reject with icmpx port-unreachable
	fails 'timed out'
	rules s input

	# A stateful filter lets responses in, because requests went out.
	rule c input ct state != established drop
	in_ns c homa_echo_client -n 3 -s 100,100000 $address ||
		die "$address: RPCs through a stateful filter"
	rule s output ct state established drop
	fails 'timed out'
	rules s output
	rules c input
	ok "$address: connection tracking"

	# Start counting from nothing for the other family.
	wait_for 10 all_ended s || die "RPCs do not end"
	for ns in c s; do
		for hook in input output; do
			in_ns $ns nft flush chain inet homa $hook
		done
	done
	[ $address = fd00::2 ] && break
	# Counters of Homa cannot be reset: let the filters start where they are.
	for ns in c s; do
		in_ns $ns nft add rule inet homa input meta l4proto 146 \
			counter packets "$(counters $ns packets_rcvd_)" bytes 0
		in_ns $ns nft add rule inet homa output meta l4proto 146 \
			counter packets "$(counters $ns packets_sent_)" bytes 0
	done
done
