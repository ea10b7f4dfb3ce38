#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# scripts.sh DRILL DIR: all scripts parse, and say what they prove and where
# they run.
set -eu
drill=$1
dir=$2
status=0

for script in "$dir"/*.drill; do
	"$drill" --check "$script" || status=1
	for word in items tier; do
		grep -q "^# $word: [A-Za-z]" "$script" || {
			echo "$script: no '# $word:' line" >&2
			status=1
		}
	done
done
exit $status
