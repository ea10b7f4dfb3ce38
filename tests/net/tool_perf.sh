#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: stock612
# timeout: 60
#
# homa perf over Homa: open and closed loop, two servers, several threads, every answer right;
# what it counts is what the servers and the kernel count; and a server that goes away.
. "$HOMA_TESTS/lib.sh"

hosts_bridge 3
for i in 2 3; do
	bg in_ns h$i homa serve --protocol both --threads 2 >/tmp/serve.$i
	eval "pid_$i=$!"
	wait_for 10 grep -q tcp: /tmp/serve.$i || die "homa serve: $(cat /tmp/serve.$i)"
done

# perf ARGS...: all answered, or the test fails
perf()
{
	in_ns h1 homa perf --json -q -d 100ms --warmup 10ms "$@" >/tmp/perf 2>/tmp/error ||
		die "perf $*: $(cat /tmp/error; head -n 40 /tmp/perf)"
}

# number NAME: a number of the JSON
number() { sed -n "s/^ *\"$1\": *\([0-9][0-9]*\)[0-9.]*,*$/\1/p" /tmp/perf | tail -n 1; }

perf -w W4 -r 400 -t 2 --drain 20s --report "$HOMA_OUT/homa.html" 10.0.0.2 10.0.0.3
[ "$(number sent)" -gt 10 ] || die "only $(number sent) requests"
grep -q '"slowdown_shorter_half"' /tmp/perf || die "no slowdowns"
grep -q '</html>' "$HOMA_OUT/homa.html" || die "no report"
cp /tmp/perf "$HOMA_OUT/perf.json"
ok "open loop: $(number sent) requests"
perf -w 1,100,65536,65537,1000000 -n 6 -t 2 --no-baseline fd00::2 '[fd00::3]:4100'
ok "closed loop over IPv6: $(number sent) requests"
perf -w W2 -r 3000 --sink --no-baseline 10.0.0.2
perf -w W3 -r 500 -P tcp -c 4 10.0.0.2 10.0.0.3
ok "one way, and TCP"

# Every request that the client's kernel started was answered by one of the servers, but for
# those that were under way when a closed loop ended.
started=$(counter h1 client_requests_started)
answered=0
for i in 2 3; do
	eval "pid=\$pid_$i"
	kill "$pid"
	wait_for 10 grep -q '^tcp:.*requests' /tmp/serve.$i || die "server $i: $(cat /tmp/serve.$i)"
	grep -q '^homa:.* 0 with wrong bytes' /tmp/serve.$i || die "$(cat /tmp/serve.$i)"
	answered=$((answered + $(sed -n 's/^homa: \([0-9]*\) requests.*/\1/p' /tmp/serve.$i)))
done
[ $answered -gt 100 ] && [ $answered -le "$started" ] && [ $((answered + 12)) -ge "$started" ] ||
	die "the kernel counts $started requests, the servers $answered"
ok "$started requests, $answered answers"

# A host that is silent, but whose link-layer address is known, or that alone would take 3 s.
in_ns h1 ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent || die "no neighbour"
in_ns h1 homa perf -q -d 50ms --no-baseline 10.0.0.9:4100 >/tmp/perf 2>&1
[ $? = 1 ] || die "nobody answers, and perf has not failed: $(cat /tmp/perf)"
grep -q 'failed (first: ' /tmp/perf || die "$(cat /tmp/perf)"
ok "failures are counted"
