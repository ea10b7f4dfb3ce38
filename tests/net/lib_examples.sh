#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock
# timeout: 90
#
# The examples that use libhoma do what their head comments say.
. "$HOMA_TESTS/lib.sh"

hosts_veth
serve()
{
	bg in_ns s "$@" >/tmp/ready
	wait_for 10 grep -q ready /tmp/ready || die "$1 does not start"
	: >/tmp/ready
}

serve homa_hello_server
[ "$(in_ns c homa_hello_client 10.0.0.2 Ada)" = 'Hello, Ada!' ] || die "homa_hello_client"
in_ns c homa_hello_client fd00::2 Ada >/dev/null || die "homa_hello_client, IPv6"
in_ns c homa_hello_client 10.0.0.9:1 Ada 2>/tmp/error && die "a greeting from nobody"
grep -q '10.0.0.9:1: ' /tmp/error || die "homa_hello_client does not complain"

serve homa_later_server 4001
later=$!
in_ns c homa_ask_many 30 10.0.0.2 10.0.0.2:4001 '[fd00::2]:4001' >/tmp/answers ||
	die "homa_ask_many: $(cat /tmp/answers)"
[ "$(grep -c 'done$' /tmp/answers)" = 2 ] || die "homa_later_server: $(cat /tmp/answers)"
grep -q 'Hello, 30!' /tmp/answers || die "homa_ask_many: $(cat /tmp/answers)"
in_ns c homa_ask_many 1 10.0.0.2:4711 >/tmp/answers && die "an answer from nobody"
grep -q 'no server listens' /tmp/answers || die "homa_ask_many: $(cat /tmp/answers)"
kill "$later"
wait "$later" || die "homa_later_server ends with $?"

if in_ns s homa_uring_server 0 2>&1 | grep -q 'io_uring: Function not implemented'; then
	echo "this kernel has no io_uring"
else
	serve homa_uring_server 4002
	in_ns c homa_ask_many ring 10.0.0.2:4002 10.0.0.2:4002 >/tmp/answers ||
		die "homa_uring_server: $(cat /tmp/answers)"
	[ "$(grep -c 'ring$' /tmp/answers)" = 2 ] || die "$(cat /tmp/answers)"
fi

new_host t
bg in_ns t homa_store serve >/tmp/ready
wait_for 10 grep -q ready /tmp/ready || die "homa_store does not start"
head -c 3000001 /dev/urandom >/tmp/value
in_ns t homa_store ::1 put large </tmp/value || die "put"
echo small | in_ns t homa_store ::1 put small || die "put"
in_ns t homa_store 127.0.0.1 get large | cmp - /tmp/value || die "get"
[ "$(in_ns t homa_store ::1 get small)" = small ] || die "get"
in_ns t homa_store ::1 get other 2>/tmp/error && die "a value that was never put"
grep -q 'no such value' /tmp/error || die "homa_store does not complain"
