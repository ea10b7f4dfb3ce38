#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Inside a guest: an interactive shell, the module loaded, two hosts on a cable.

mkdir -p /run/netns
cat >/run/shellrc <<'EOF'
. "$HOMA_TESTS/lib.sh"
trap - EXIT TERM INT
PS1='homa:\w# '
cd /tmp
# run_test NAME: one test by hand; its hosts are its own.
run_test()
{
	unshare -m -p -f --kill-child bash -c '
		mount -t proc proc /proc; mount -t tmpfs netns /run/netns
		if [ -e "$HOMA_TESTS/$1.sh" ]; then
			bash "$HOMA_TESTS/$1.sh"
		else
			bash "$HOMA_TESTS/drill/run.sh" "$HOMA_TESTS/drill/$1.drill"
		fi
		echo "exit status $?"' sh "$1"
}
EOF
loaded="homa.ko is loaded"
insmod "$HOMA_KO" || loaded="homa.ko did NOT load (see dmesg)"
(. "$HOMA_TESTS/lib.sh"; hosts_veth) </dev/null
cat <<EOF

Linux $(uname -r): $loaded.
Two hosts, c (10.0.0.1, fd00::1) and s (10.0.0.2, fd00::2), are joined by a cable.

  in_ns s homa_echo_server &             a server on host s
  in_ns c homa_echo_client 10.0.0.2      RPCs from host c
  netem c c0 loss 5% delay 1ms           make the cable bad
  run_test NAME                          a test by hand (ls \$HOMA_TESTS)
  dmesg                                  the kernel log
  exit                                   power off

EOF
tty=/dev/console
[ "$HOMA_TIER" = stock ] && tty=/dev/ttyS0
[ "$HOMA_TIER" = uml ] && tty=/dev/tty0
[ -n "$HOMA_ROWS" ] && stty -F $tty rows "$HOMA_ROWS" cols "$HOMA_COLS"
setsid -w -c bash --rcfile /run/shellrc -i <$tty >$tty 2>&1
poweroff -f
