#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# The shared library exports what libhoma.map names, versioned, and nothing else;
# the static one defines no other global name than homa_* and lh_*.
#
# Usage: symbols.sh LIBHOMA.SO LIBHOMA.A LIBHOMA.MAP
set -u
want=$(grep -oE '^'$'\t\t''homa_\w+;' "$3" | tr -d ';\t' | sort)
got=$(nm -D --defined-only "$1" | awk '$2 == "T" { print $3 }' | sed 's/@@LIBHOMA_1\.0$//' | sort)
[ -n "$want" ] || { echo "no names in $3"; exit 1; }
if [ "$want" != "$got" ]; then
	diff <(echo "$want") <(echo "$got")
	exit 1
fi
others=$(nm -D --defined-only "$1" | awk '$2 != "T" && $3 !~ /^LIBHOMA_/')
[ -z "$others" ] || { echo "also exported: $others"; exit 1; }
foreign=$(nm -g --defined-only "$2" 2>/dev/null | awk 'NF == 3 { print $3 }' | grep -vE '^(homa|lh)_')
[ -z "$foreign" ] || { echo "libhoma.a defines: $foreign"; exit 1; }
echo "$(echo "$want" | wc -l) names"
