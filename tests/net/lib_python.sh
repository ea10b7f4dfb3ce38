#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# tier: uml
# timeout: 120
#
# libhoma from Python, also with asyncio, and its examples. The debug kernel's guest
# has the host's Python and the shared library; the others have neither.
. "$HOMA_TESTS/lib.sh"

python=/usr/bin/python3
[ -x $python ] || skip "no python3 on this machine"
lib=$HOMA_BASE/../lib/libhoma.so.1
[ -e "$lib" ] || die "$lib is missing"
bindings=$(readlink -f "$HOMA_TESTS/../..")/bindings/python
[ -d "$bindings" ] || die "$bindings is missing"
export HOMA_LIBRARY="$lib" PYTHONPATH="$bindings" PYTHONDONTWRITEBYTECODE=1

new_host t
in_ns t $python "$bindings/../../tests/progs/t_lib_python.py" || die "t_lib_python.py"

bg in_ns t $python "$bindings/examples/echo_server.py" 103 >/tmp/server
wait_for 20 grep -q ready /tmp/server || die "echo_server.py does not start"
in_ns t $python "$bindings/examples/ask.py" hello '[::1]:103' 127.0.0.1:103 >/tmp/answers ||
	die "ask.py: $(cat /tmp/answers)"
[ "$(grep -c ': hello$' /tmp/answers)" = 2 ] || die "ask.py said: $(cat /tmp/answers)"
