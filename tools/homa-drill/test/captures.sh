#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# captures.sh DRILL DIR: every packet of every capture decodes, and the
# conversations contain what their README says.
set -eu
drill=$1
dir=$2

fail()
{
	echo "FAILED: $*" >&2
	exit 1
}

# has FILE COUNT PATTERN: at least COUNT decoded packets match.
has()
{
	n=$("$drill" --decode "$dir/$1" | grep -cE -- "$3" || true)
	[ "$n" -ge "$2" ] || fail "$1: $n packets match '$3', not $2"
}

"$drill" --decode "$dir"/*.pcap >/dev/null || fail "a packet does not decode"
# Three requests and three responses, whose ids differ in the low bit only.
has v4-100B-x3.pcap 6 'DATA offset=0 len=100 id=[0-9]+ msglen=100 incoming=100 .*segoff=-1'
has v4-100B-x3.pcap 1 'NEED_ACK id=[0-9]*[13579] '
has v4-100B-x3.pcap 1 ' ACK id=[0-9]*[02468] num='
has v6-100B-x3.pcap 6 'fd00::.*DATA offset=0 len=100 .*msglen=100'
# 20000 = 14 * 1424 + 64
has v4-20000B.pcap 2 'DATA offset=19936 len=64 .*msglen=20000'
has v4-200000B-grants.pcap 2 'GRANT id=[0-9]+ offset=[0-9]+ prio=[0-7] '
has v4-loss10-100000B-x3.pcap 1 BUSY
# The packet that ends at the unscheduled limit is short (wire §1.1).
has v4-200000B-grants.pcap 1 'DATA offset=39872 len=128 .*msglen=200000 incoming=40000'
has v6-100000B.pcap 2 'DATA offset=0 len=1404 .*msglen=100000'
has v4-no-server.pcap 1 'ICMP kind=port .*quotes [0-9]+ > 4999 DATA'
has v4-loss10-100000B-x3.pcap 1 'RESEND id=[0-9]+ offset=[1-9][0-9]* length=[0-9]+ prio=7'
has v4-loss10-100000B-x3.pcap 1 'DATA .*retransmit=1'
has v4-loss10-100B-x20.pcap 1 'RESEND id=[0-9]+ offset=0 length=-1 prio=7'
has v4-loss10-100B-x20.pcap 1 'RPC_UNKNOWN'

# A file cut in the middle of a packet must not pass.
cut=$(mktemp)
trap 'rm -f "$cut"' EXIT
head -c 1000 "$dir/v4-100B-x3.pcap" >"$cut"
if "$drill" --decode "$cut" >/dev/null 2>&1; then
	fail "a truncated file passed"
fi
echo ok
