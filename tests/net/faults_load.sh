#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# items: G3 G10
# tier: uml
# timeout: 120
#
# Each allocation while the module is loaded, and in the first socket() of a
# namespace, fails once: no half of it stays, and the next try works. The runner's
# search for leaks is part of this test.
. "$HOMA_TESTS/lib.sh"

# What has to be undone in some namespaces when it fails in another one.
hosts_veth
t_faults_load first || die "the first socket of a namespace"
t_faults_load load "$HOMA_KO" || die "loading"

# SLUB forgets the name of a cache whose directory in /sys it cannot make. Any other
# leak is one. (kmemleak looks only at what is older than 5 s; in
# the second sleep RCU frees what is left of the first.)
leaks=/sys/kernel/debug/kmemleak
if [ -w $leaks ]; then
	sleep 6
	sleep 1
	echo scan >$leaks
	echo scan >$leaks
	cat $leaks >/tmp/leaks
	others=$(grep -c '^unreferenced' /tmp/leaks)
	others=$((others - $(grep -c sysfs_slab_add /tmp/leaks)))
	[ $others = 0 ] || die "$others leaks: $(cat /tmp/leaks)"
	echo clear >$leaks
	dmesg -c | grep -v kmemleak
fi

bg in_ns s homa_echo_server >/tmp/server 2>&1
wait_for 10 grep -q ready /tmp/server || die "the server does not start"
in_ns c homa_echo_client -n 2 -s 1,100000 10.0.0.2 || die "RPCs with the module of the last try"
