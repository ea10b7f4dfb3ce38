#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Compare a kernel configuration fragment with the resulting .config.
#
# Usage: config-diff.sh FRAGMENT DOTCONFIG
# Prints each option that did not come out as asked; exit 1 if there is any.
set -eu

awk '
	function option(line) {
		if (match(line, /^CONFIG_[A-Za-z0-9_]+=/))
			return substr(line, 1, RLENGTH - 1)
		if (match(line, /^# CONFIG_[A-Za-z0-9_]+ is not set/)) {
			split(line, word, " ")
			return word[2]
		}
		return ""
	}
	{ name = option($0) }
	name == "" { next }
	NR == FNR { want[name] = $0; next }
	{ have[name] = $0 }
	END {
		for (name in want) {
			off = "# " name " is not set"
			got = (name in have) ? have[name] : off
			if (got != want[name]) {
				print want[name] "   (is: " got ")"
				bad = 1
			}
		}
		exit bad
	}
' "$1" "$2"
