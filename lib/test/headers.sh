#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# The header compiles alone with every warning, as C and as C++, alone and beside
# the kernel's header, in both orders.
#
# Usage: headers.sh SOURCE-ROOT
set -u
cd "$1" || exit 99
own='#include <homa/homa.h>'
kernel='#include <linux/homa.h>'
compile()
{
	local language=$1
	shift
	printf '%s\n' "$@" 'int main(void) { return 0; }' >"$tmp/test.$language"
	case $language in
	c)	gcc -std=c99 -Wall -Wextra -Wpedantic -Werror -I lib/include -I include/uapi \
			-c "$tmp/test.c" -o /dev/null ;;
	cc)	g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -I lib/include -I include/uapi \
			-c "$tmp/test.cc" -o /dev/null ;;
	esac || exit 1
}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for language in c cc; do
	compile $language "$own" "$own"
	compile $language "$own" "$kernel"
	compile $language "$kernel" "$own"
done
for standard in c++11 c++17 c++20; do
	printf '#include <homa/homa.hpp>\n#include <homa/homa.hpp>\nint main() { return 0; }\n' >"$tmp/test.cc"
	g++ -std=$standard -Wall -Wextra -Wpedantic -Wshadow -Werror -I lib/include \
		-c "$tmp/test.cc" -o /dev/null || exit 1
done
echo "homa/homa.h compiles as C and as C++"
