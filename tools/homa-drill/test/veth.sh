#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# veth.sh DRILL DIR: two drills play both sides of a conversation over a veth
# pair between two namespaces of this test, without any Homa in the kernel.
# Then each kind of mismatch must make the script fail.
set -u
drill=$1
dir=$2
a=drill-a-$$
b=drill-b-$$
work=$(mktemp -d)

cleanup()
{
	ip netns del "$a" 2>/dev/null
	ip netns del "$b" 2>/dev/null
	rm -rf "$work"
}

fail()
{
	echo "FAILED: $*" >&2
	exit 1
}

ip netns add "$a" 2>/dev/null || {
	echo "SKIPPED: needs root and ip-netns"
	rm -rf "$work"
	exit 77
}
trap cleanup EXIT
ip netns add "$b" || fail "no second namespace"
for ns in $a $b; do
	ip netns exec "$ns" sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
done
ip -n "$a" link add d0 type veth peer name s0 netns "$b" || fail "no veth"
ip -n "$a" link set d0 up
ip -n "$b" link set s0 up

# A server on a busy machine may start late; it listens when its packet socket is there.
listening()
{
	local tries=100

	until ip netns exec "$b" sh -c '[ "$(wc -l </proc/net/packet)" -gt 1 ]'; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || fail "the server does not listen: $(cat "$work/server")"
		sleep 0.1
	done
}

client() { "$drill" "$1" --ns "$a" --dev d0 --host-ns "$b" --host-dev s0 "$2"; }
server()
{
	"$drill" "$1" --ns "$b" --dev s0 --self 2 --host-ns "$a" --host-dev d0 \
		--host 1 "$2"
}

for version in -4 -6; do
	server $version "$dir/peer-server.drill" >"$work/server" 2>&1 &
	pid=$!
	listening
	client $version "$dir/peer-client.drill" >"$work/client" 2>&1
	status=$?
	wait $pid || { cat "$work/server"; fail "server side, $version"; }
	[ $status -eq 0 ] || { cat "$work/client"; fail "client side, $version"; }
done

# Statements that do not come true against a server that sends one GRANT.
n=0
while IFS= read -r line; do
	n=$((n + 1))
	printf 'wait 20ms\nsend DATA sport=1 dport=2 id=2 len=10\n%s\n' "$line" \
		>"$work/wrong.drill"
	printf '%s\n' 'expect DATA' \
		'send GRANT sport=2 dport=1 id=3 offset=10 prio=1 tos=0xe0' \
		>"$work/server.drill"
	server -4 "$work/server.drill" >"$work/server" 2>&1 &
	pid=$!
	listening
	if client -4 "$work/wrong.drill" >"$work/client" 2>&1; then
		fail "this came true: $line"
	fi
	grep -q FAILED "$work/client" || { cat "$work/client"; fail "no report: $line"; }
	wait $pid || { cat "$work/server"; fail "server of: $line"; }
done <<'EOT'
expect GRANT offset=11
expect GRANT offset<10
expect GRANT offset=11..20
expect GRANT id=2
expect GRANT dport=2
expect GRANT tos=0xc0
expect GRANT from=3
expect RESEND
expect none for 200ms
expect none for 200ms GRANT
expect GRANT after 1s within 2s
expect BUSY within 100ms
seek BUSY within 200ms
expect data 0..10 within 200ms
check 1 == 2
check $nothing == 1
sh - exit 3
EOT
[ $n -eq 17 ] || fail "only $n wrong statements were tried"
echo ok
