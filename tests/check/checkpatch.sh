#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# checkpatch --strict has nothing to say about the module's sources.
#
# Usage: checkpatch.sh SOURCE-ROOT
# Exceptions are in checkpatch.allow, each with its reason.
set -u
cd "$1" || exit 99
[ -d kmod ] || exit 77
checkpatch=$(tests/vm/checkpatch.sh) || exit 99
mapfile -t files < <(find core kmod include -name port -prune -o -name '*.[ch]' -print | sort)
found=$(perl "$checkpatch" --no-tree --strict --terse --show-types -q --max-line-length=100 \
	--ignore SPDX_LICENSE_TAG -f "${files[@]}" | grep -v '^total: ' |
	awk '
		NR == FNR { if ($0 !~ /^#/ && NF) allow[$1 ":" $2] = 1; next }
		{
			split($0, part, ":")
			if (!((part[1] ":" part[4]) in allow))
				print
		}' tests/check/checkpatch.allow -)
if [ -n "$found" ]; then
	printf '%s\n' "$found"
	exit 1
fi
echo "${#files[@]} files"
