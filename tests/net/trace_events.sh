#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml stock612
#
# The tracepoints tell the story of each RPC, and the kernel's own event for
# dropped packets names the reason.
. "$HOMA_TESTS/lib.sh"
. "$HOMA_TESTS/lib_trace.sh"

hosts_veth
bg in_ns s homa_echo_server >/tmp/server 2>&1
server=$!
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
in_ns c homa_echo_client -n 1 10.0.0.2 || die "echo"

record
in_ns c sh -c 'echo 5000 >/proc/sys/net/homa/next_id' || die "next_id"
in_ns c homa_echo_client -n 1 -s 200000 10.0.0.2 || die "echo"
stop
peer='::ffff:10.0.0.2'
recorded homa_rpc_start: id=5000 "peer=$peer" dport=4000 state=OUTGOING tx=0/
recorded homa_tx: DATA sender_id=5000 offset=0 msg_len=200000 "to $peer port 4000"
recorded homa_rx: DATA sender_id=5000 "from ::ffff:10.0.0.1 "
recorded homa_rpc_start: id=5001 state=INCOMING
recorded homa_rpc_incoming: id=5001 rx=0/ /200000
recorded homa_grant: id=5001 offset=
recorded homa_tx: GRANT sender_id=5001
recorded homa_rx: GRANT sender_id=5001 offset=
recorded homa_rpc_complete: id=5001 rx=200000/
recorded homa_rpc_delivered: id=5001 state=IN_SERVICE
recorded homa_rpc_respond: id=5001 state=OUTGOING tx=0/
recorded homa_rpc_complete: id=5000 rx=200000/
recorded homa_rpc_end: why=DELIVERED id=5000
ok "one RPC from start to end"

# The client has gone, so nobody acknowledges: asked, then told or given up.
ended() { [ "$(counter s reaper_calls)" -ge 2 ]; }
wait_for 5 ended || die "the server keeps its RPC"

record
in_ns c homa_echo_client -n 1 -p 4001 10.0.0.2 >/dev/null 2>&1 && die "port 4001 answers"
stop
recorded homa_drop: reason=NO_SOCKET "from ::ffff:10.0.0.1 "
recorded kfree_skb: NO_SOCKET
recorded homa_rpc_fail: error=107
recorded homa_rpc_end: why=FAILED
ok "a port without socket"

# Nothing arrives any more: RESENDs, then the end.
netem c c0 loss 100%
record
in_ns c homa_echo_client -n 1 10.0.0.2 >/dev/null 2>&1 && die "an answer through a cut link"
stop
recorded homa_resend: rounds=
recorded homa_tx: RESEND
recorded homa_rpc_timeout:
recorded homa_rpc_fail: error=110
ok "a silent peer"

netem c c0 loss 0%
record
kill "$server"
wait "$server"
in_ns c homa_echo_client -n 1 10.0.0.2 >/dev/null 2>&1 && die "the server is gone"
stop
recorded homa_rpc_fail: error=107
lines=$(grep -c homa_ $tracing/trace)
in_ns c homa_echo_client -n 1 10.0.0.2 >/dev/null 2>&1 && die "the server is gone"
[ "$(grep -c homa_ $tracing/trace)" = "$lines" ] || die "events while they are off"
ok "off"
