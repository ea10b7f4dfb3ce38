#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Every command of docs/troubleshooting.md is run, as it is written, by tool_faults.
#
# Usage: troubleshooting.sh SOURCE-ROOT
set -u
cd "$1" || exit 99
count=0 bad=0
while IFS= read -r line; do
	command=${line#    }
	# Loading the module is what the machine of the tests does.
	[ "$command" = 'modprobe homa' ] && continue
	count=$((count + 1))
	if ! grep -qF -e "'$command" -e "\"$command" tests/net/tool_faults.sh; then
		echo "not run by tests/net/tool_faults.sh: $command"
		bad=1
	fi
done < <(grep '^    [a-z]' docs/troubleshooting.md)
[ $count -ge 15 ] || { echo "only $count commands in docs/troubleshooting.md"; bad=1; }
exit $bad
