#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# The core includes only the core, and only core/port.h knows about kernels.
#
# Usage: includes.sh SOURCE-ROOT
set -u
cd "$1/core" || exit 99
shopt -s nullglob
files=(*.c *.h)
[ ${#files[@]} -gt 0 ] || exit 77
bad=0
complain() { echo "core/$1"; bad=1; }

for file in "${files[@]}"; do
	[ "$file" = port.h ] && continue
	while IFS=: read -r line text; do
		included=$(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' <<<"$text")
		case $included in
		''|*/*) complain "$file:$line: $text" ;;
		*)	[ -e "$included" ] || complain "$file:$line: no core/$included" ;;
		esac
	done < <(grep -nE '^[[:space:]]*#[[:space:]]*include' "$file")
	while read -r hit; do
		complain "$file:$hit"
	done < <(grep -nE '__KERNEL__|LINUX_VERSION|(^|[^A-Z_])CONFIG_[A-Z]' "$file")
done
[ $bad = 0 ] && echo "${#files[@]} files include nothing but core/"
exit $bad
