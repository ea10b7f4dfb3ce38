#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# The interfaces compile alone, with every warning, as C and as C++.
#
# Usage: uapi.sh SOURCE-ROOT c|c++
set -u
lang=$2
case $lang in
c)	set -- gcc -std=c99 ;;
c++)	set -- g++ -std=c++11 ;;
esac
command -v "$1" >/dev/null || { echo "$1 is not installed"; exit 77; }
cd "${MESON_SOURCE_ROOT:-$(dirname "$0")/../..}" || exit 99
for header in homa.h homa_netlink.h homa_diag.h; do
	# Twice, to see that the second inclusion is harmless.
	printf '#include <linux/%s>\n#include <linux/%s>\nint main(void) { return 0; }\n' $header $header |
		"$@" -Wall -Wextra -Wpedantic -Werror -I include/uapi -x "$lang" - -c -o /dev/null || exit 1
	echo "linux/$header compiles alone as $lang"
done
