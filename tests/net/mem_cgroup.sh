#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: G11
# tier: stock
# timeout: 90
#
# What sockets hold is charged to the memory cgroup of their process: received
# packets and foreign RPCs as "sock", outgoing messages as kernel memory; and
# it is uncharged in the end.
. "$HOMA_TESTS/lib.sh"

cg=/tmp/cgroup
mkdir -p $cg
mount -t cgroup2 cgroup2 $cg || die "no cgroup v2"
grep -qw memory $cg/cgroup.controllers || die "no memory controller: $(cat $cg/cgroup.controllers)"
echo +memory >$cg/cgroup.subtree_control || die "cannot enable the memory controller"
mkdir $cg/server $cg/client || die "no cgroups"

hosts_veth
ip -n c neigh replace 10.0.0.2 lladdr 02:00:00:00:00:02 dev c0 nud permanent
ip -n s neigh replace 10.0.0.1 lladdr 02:00:00:00:00:01 dev s0 nud permanent
# The server lets its clients wait; nobody gives up before it reads.
for ns in c s; do
	in_ns $ns sysctl -q -w net.homa.timeout_ticks=4000
done

# in_cgroup NAME CMD...: as a background process, which it becomes
in_cgroup()
{
	homa_group=$1
	shift
	exec sh -c "echo \$\$ >$cg/$homa_group/cgroup.procs && exec \"\$@\"" sh "$@"
}
stat_of() { awk -v name="$2" '$1 == name { print $2 }' $cg/$1/memory.stat; }

bg in_cgroup server ip netns exec s t_mem serve /tmp/go >/tmp/server
server=$!
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
sock_before=$(stat_of server sock)
bytes=8000000
bg in_cgroup client ip netns exec c t_mem call 10.0.0.2 80 100000 >/tmp/call
client=$!
wait_for 20 grep -q 'sent 80' /tmp/call || die "the client could not send: $(cat /tmp/call)"

arrived() { [ "$(stat_of server sock)" -ge $bytes ]; }
wait_for 20 arrived ||
	die "the server's cgroup is charged $(stat_of server sock) bytes, expected $bytes"
[ "$(cat $cg/server/memory.current)" -ge $bytes ] || die "memory.current of the server"
kernel=$(stat_of client kernel)
[ "$(cat $cg/client/memory.current)" -ge $bytes ] || die "memory.current of the client"
[ "${kernel:-$bytes}" -ge $bytes ] || die "kernel memory of the client: $kernel"
echo "server: $(stat_of server sock) bytes of sockets, client: $kernel bytes of kernel memory"
touch /tmp/go
wait $client || die "messages are lost"
idle() { [ "$(stat_of server sock)" -le $((sock_before + 262144)) ]; }
wait_for 20 idle || die "$(stat_of server sock) bytes are charged to an idle server"
ok "charged"

# Foreign requests of one byte: it is the RPCs that take memory.
rm /tmp/go
kill $server
wait $server 2>/dev/null
bg in_cgroup server ip netns exec s t_mem serve /tmp/go >/tmp/server
server=$!
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
before=$(stat_of server sock)
bg in_cgroup client ip netns exec c t_mem call 10.0.0.2 400 1 >/tmp/call
client=$!
rpcs() { [ "$(stat_of server sock)" -ge $((before + 400 * 1500)) ]; }
wait_for 20 rpcs || die "400 requests are charged as $(($(stat_of server sock) - before)) bytes"
touch /tmp/go
wait $client || die "messages are lost"
wait_for 20 idle || die "$(stat_of server sock) bytes are charged to an idle server"
kill $server
wait $server 2>/dev/null
gone() { [ "$(stat_of server sock)" -eq 0 ]; }
wait_for 20 gone || die "$(stat_of server sock) bytes are charged to nobody"
ok "foreign RPCs, and all uncharged"
umount $cg
