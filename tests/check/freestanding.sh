#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# The core compiles without any library, with bounded stack frames.
#
# Usage: freestanding.sh SOURCE-ROOT COMPILER 32|64
set -u
cd "$1/core" || exit 99
cc=$2 bits=$3
command -v "$cc" >/dev/null || { echo "$cc is not installed"; exit 77; }
shopt -s nullglob
files=(*.c)
[ ${#files[@]} -gt 0 ] || exit 77
for file in "${files[@]}"; do
	"$cc" -m"$bits" -std=gnu11 -O2 -ffreestanding -Wall -Wextra -Werror -Wvla \
		-Wframe-larger-than=512 -c "$file" -o /dev/null || exit 1
done
echo "${#files[@]} files compile freestanding with $cc, $bits bit"
