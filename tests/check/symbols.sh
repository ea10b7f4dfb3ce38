#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Core objects need nothing but four memory functions and keep no state.
#
# Usage: symbols.sh SOURCE-ROOT
set -u
cd "$1/core" || exit 99
shopt -s nullglob
files=(*.c)
[ ${#files[@]} -gt 0 ] || exit 77
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for file in "${files[@]}"; do
	gcc -std=gnu11 -O2 -ffreestanding -c "$file" -o "$dir/${file%.c}.o" || exit 1
done
# What one core file takes from another is the core's own affair.
ld -r -o "$dir/core.o" "$dir"/*.o || exit 1
bad=0
others=$(nm -u "$dir/core.o" | awk '{ print $2 }' | grep -vxE 'memcpy|memmove|memset|memcmp')
[ -z "$others" ] || { echo "the core needs:" $others; bad=1; }
for object in "$dir"/*.o; do
	size -A "$object" |
		awk -v object="${object##*/}" '
			$1 ~ /^\.(data|bss|tdata|tbss)(\.|$)/ && $1 !~ /rel\.ro/ && $2 > 0 {
				print object ": " $1 " has " $2 " bytes"
				bad = 1
			}
			END { exit bad }' || bad=1
done
[ $bad = 0 ] && echo "${#files[@]} objects: no foreign symbol, no .data, no .bss"
exit $bad
