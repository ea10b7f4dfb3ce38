#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# The first process of the machine that boots the packages; boot.sh reads what it prints.
# Everything but busybox comes from packages.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
mkdir -p /run/netns
ip link set lo up

die() { echo "FAILED: $*"; poweroff -f; sleep 60; }
# until_true COMMAND: wait half a minute for it
until_true()
{
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || return 1
		sleep 0.1
	done
}
on() { host=$1; shift; ip netns exec "$host" "$@"; }
# said TEXT...: homa doctor, or whoever wrote to /tmp/out, said each
said()
{
	for text; do
		grep -q "$text" /tmp/out || die "no \"$text\" in: $(cat /tmp/out)"
	done
}

# The packages: the first socket loads the module.
uname -r
[ -e /sys/module/homa ] && die "homa is there before it is loaded"
homa serve >/tmp/serve 2>&1 &
serve=$!
until_true grep -q listening /tmp/serve || die "homa serve: $(cat /tmp/serve)"
cat /tmp/serve
# The machine is emulated, and others have its processors, too.
sysctl -q -w net.homa.timeout_ticks=2000
echo "module $(cat /sys/module/homa/version)"
sed 's/^#-net/net/' /etc/sysctl.conf >/tmp/sysctl.conf
sysctl -p /tmp/sysctl.conf && homa ping -c 5 127.0.0.1 && echo PACKAGES-WORK
kill $serve
wait $serve

# Two hosts on a cable. The device is called eth0, as in the documents.
ip netns add c && ip netns add s || die "no network namespaces"
ip link add eth0 netns c type veth peer name eth0 netns s || die "no cable"
ip -n c addr add 10.0.0.1/24 dev eth0
ip -n s addr add 10.0.0.2/24 dev eth0
for host in c s; do
	ip -n $host link set lo up
	ip -n $host link set eth0 up
	on $host sysctl -q -w net.homa.timeout_ticks=2000
done

# The quick start. Status 1 of homa doctor says that it found something.
for host in c s; do
	while read -r command; do
		echo "$host\$ $command"
		on $host sh -c "$command" </dev/null >/tmp/out 2>&1
		status=$?
		[ $status -le 1 ] || die "$command: status $status: $(cat /tmp/out)"
		! grep '^PROBLEM' /tmp/out || die "$command finds a fault where none is"
	done </docs/both
done
server=$(cat /docs/server)
: >/tmp/serve
on s sh -c "exec $server" >/tmp/serve 2>&1 &
until_true grep -q listening /tmp/serve || die "$server: $(cat /tmp/serve)"
while read -r command; do
	echo "c\$ $command"
	on c sh -c "$command" </dev/null >/tmp/out 2>&1 || die "$command: $(cat /tmp/out)"
	tail -n 4 /tmp/out
done </docs/client
echo QUICKSTART-WORKS

# The programs of the guide.
# Not by on(): the process that is ended later has to be the server itself.
ip netns exec s homa_hello_server >/tmp/hello 2>&1 &
hello=$!
until_true grep -q ready /tmp/hello || die "the guide's server: $(cat /tmp/hello)"
on c homa_hello_client 10.0.0.2 reader >/tmp/out 2>&1 || die "the guide's client: $(cat /tmp/out)"
said '^Hello, reader!$'
cat /tmp/out
echo GUIDE-WORKS

# Faults, by the command alone. A server that is missing:
kill $hello
wait $hello
homa trace --rpcs 1 >/tmp/trace 2>/tmp/err &
trace=$!
until_true grep -q Following /tmp/err || die "homa trace: $(cat /tmp/err)"
on c homa_hello_client 10.0.0.2 reader >/tmp/out 2>&1 && die "who answers?"
cat /tmp/out
wait $trace
cat /tmp/trace >/tmp/out
cat /tmp/out
said 'NO_SOCKET: no socket owns the port' 'client  FAILS: Transport endpoint is not connected'
on s homa stat --drops >/tmp/out 2>&1 || die "homa stat: $(cat /tmp/out)"
said 'drop_NO_SOCKET *no socket owns the port'
# Losses:
on c tc qdisc add dev eth0 root netem loss 30% || die "no netem"
on c homa perf 10.0.0.2 --duration 1s -w 100000 --no-baseline >/tmp/out 2>&1 || die "homa perf: $(cat /tmp/out)"
on c homa doctor eth0 >/tmp/out 2>&1
said '^PROBLEM qdisc eth0: netem' 'mend:  *tc qdisc del dev eth0 root' 'packets get lost'
on c homa doctor --fix --yes eth0 >/tmp/out 2>&1
on c tc qdisc show dev eth0 >/tmp/out
! grep netem /tmp/out || die "homa doctor --fix did not mend it"
# A host with a smaller MTU. Short requests still work.
ip -n c link set eth0 mtu 9000
ip netns exec c homa perf 10.0.0.2 --duration 3s -w 100000 --no-baseline >/tmp/perf 2>&1 &
perf=$!
seen() { on c homa doctor --quiet >/tmp/out 2>&1; grep -q 'do not arrive' /tmp/out; }
until_true seen || die "homa doctor does not see the MTU: $(cat /tmp/out)"
said 'packets of 9000 bytes, the MTU, do not arrive' 'ip link set eth0 mtu 1500'
cat /tmp/out
kill $perf 2>/dev/null
echo FAULTS-FOUND
poweroff -f
