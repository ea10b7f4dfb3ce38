#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Every source names its licence, stays below 1,000 lines and leaves no notes.
#
# Usage: house-rules.sh SOURCE-ROOT
set -u
cd "$1" || exit 99
files=$(git ls-files -co --exclude-standard 2>/dev/null |
	grep -E '\.(c|h|S|sh|py|lua|build|drill|config)$|(^|/)(dev|Kbuild|Makefile|Kconfig|init)$|^\.ci/')
[ -n "$files" ] || { echo "not a git checkout"; exit 77; }
bad=0
# Spelled apart so that this file does not find itself.
notes='\b(TO''DO|FIX''ME|XX''X|HA''CK)\b'
for file in $files; do
	[ -f "$file" ] || continue
	head -n 5 "$file" | grep -q 'SPDX-License-Identifier' ||
		{ echo "$file: no licence line"; bad=1; }
	lines=$(wc -l <"$file")
	[ "$lines" -le 1000 ] || { echo "$file: $lines lines"; bad=1; }
	grep -nHE "$notes" "$file" && bad=1
done
exit $bad
