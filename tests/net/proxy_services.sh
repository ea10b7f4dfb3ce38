#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: B4
# tier: stock612
# timeout: 120
#
# Programs that know nothing of Homa, through two proxies: redis-benchmark and
# redis-server, wrk and a web server.
. "$HOMA_TESTS/lib.sh"

# bridge PORT SERVICE: PORT of c is SERVICE of s
bridge()
{
	bg in_ns s homa-proxy --serve "$1" --connect "127.0.0.1:$2" 2>/tmp/proxy-s-"$1"
	bg in_ns c homa-proxy --listen "127.0.0.1:$1" --to "10.0.0.2:$1" -v 2>/tmp/proxy-c-"$1"
	wait_for 10 grep -q ready /tmp/proxy-s-"$1" || die "$(cat /tmp/proxy-s-"$1")"
	wait_for 10 grep -q ready /tmp/proxy-c-"$1" || die "$(cat /tmp/proxy-c-"$1")"
}

hosts_veth
bg in_ns s redis-server --port 6379 --bind 127.0.0.1 --save "" --dir /tmp >/tmp/redis 2>&1
wait_for 10 in_ns s redis-cli ping || die "redis: $(cat /tmp/redis)"
bridge 7000 6379

in_ns c redis-cli -p 7000 set answer 42 >/tmp/out && in_ns c redis-cli -p 7000 get answer >>/tmp/out
[ "$(tr '\n' ' ' </tmp/out)" = "OK 42 " ] || die "redis-cli: $(cat /tmp/out)"
in_ns c redis-benchmark -p 7000 -c 20 -n 600 -t set,get,lrange_100 -q >/tmp/out 2>&1 ||
	die "redis-benchmark: $(cat /tmp/out)"
tr '\r' '\n' </tmp/out | grep 'per second' >/tmp/rates
[ "$(wc -l </tmp/rates)" -ge 3 ] || die "redis-benchmark: $(cat /tmp/out)"
in_ns c redis-benchmark -p 7000 -c 5 -n 60 -t set,get -d 100000 -P 4 -q >/tmp/out 2>&1 ||
	die "redis-benchmark with 100,000 bytes: $(cat /tmp/out)"
[ "$(in_ns s redis-cli get answer)" = 42 ] || die "redis has forgotten the answer"
ok "redis: $(head -n 1 /tmp/rates)"

mkdir /tmp/www
dd if=/dev/urandom of=/tmp/www/page bs=1000 count=150 2>/dev/null
bg in_ns s httpd -f -p 127.0.0.1:8080 -h /tmp/www
bridge 7001 8080
wait_for 10 in_ns c wget -q -O /tmp/page http://127.0.0.1:7001/page || die "no page"
cmp /tmp/page /tmp/www/page || die "another page"
in_ns c wrk -t 2 -c 10 -d 1s http://127.0.0.1:7001/page >/tmp/wrk 2>&1 || die "wrk: $(cat /tmp/wrk)"
grep -q 'Requests/sec' /tmp/wrk || die "wrk: $(cat /tmp/wrk)"
! grep -q 'Non-2xx\|Socket errors' /tmp/wrk || die "wrk: $(cat /tmp/wrk)"
ok "web: $(grep 'requests in' /tmp/wrk)"
! grep 'reset\|refused\|cannot' /tmp/proxy-c-7000 || die "redis connections failed"
