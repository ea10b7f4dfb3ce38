#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# PID 1 of the private namespaces of one test: run it, note its exit status.
# When this process ends the kernel ends everything that the test started.

mount -t proc proc /proc
mkdir -p /run/netns
mount -t tmpfs netns /run/netns
HOMA_OUT=$HOMA_OUT/$TEST_NAME
mkdir -p "$HOMA_OUT"
export HOMA_OUT
. "$HOMA_BASE/guest/scratch.sh"
fresh_tmp
cd /tmp || exit 1

case $TEST_FILE in
*.drill) set -- bash "$HOMA_TESTS/drill/run.sh" "$HOMA_TESTS/$TEST_FILE" ;;
*)	set -- bash "$HOMA_TESTS/$TEST_FILE" ;;
esac
timeout -k 5 "$TEST_GUARD" "$@" 3>&-
rc=$?

# An id in the first namespace lets the runner see, without holding a
# reference, when each namespace of the test is really gone.
for ns in $(ip netns list 2>/dev/null | cut -d ' ' -f 1); do
	ip netns set "$ns" auto 2>/dev/null
done
rmdir "$HOMA_OUT" 2>/dev/null
echo $rc >/run/rc
