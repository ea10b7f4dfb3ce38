#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# The core on other machines: compiled for them, and its unit tests, property
# tests and golden packets run there, by user-mode emulation.
#
# Usage: cross.sh SOURCE-ROOT arm64|powerpc
# powerpc is the 32-bit big-endian one.
set -u
cd "$1" || exit 99
target=$2
. tests/vm/common.sh
case $target in
arm64)	triplet=aarch64-linux-gnu emulator=qemu-aarch64 ;;
powerpc) triplet=powerpc-linux-gnu emulator=qemu-ppc ;;
*)	exit 99 ;;
esac
# (clang, because Debian's cross gcc and gcc-multilib exclude each other.)
packages=(clang "binutils-$triplet" "libc6-dev-$target-cross"
	"libgcc-12-dev-$target-cross" qemu-user)
have_packages "${packages[@]}" || { echo "no compiler or emulator for $target"; exit 77; }
need_packages "the core on other machines" "${packages[@]}"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cc="clang --target=$triplet -B/usr/$triplet/lib -std=gnu11 -Wall -Wextra -Werror"
# Undefined behaviour ends the program. Loops over lists take the head for an
# entry in the end, so sizes and alignment are not checked with them; alignment
# is where packets are read and written.
checked="-O1 -g -fsanitize=undefined -fno-sanitize=object-size,alignment \
	-fsanitize-trap=undefined"

for file in core/*.c; do
	$cc -O2 -ffreestanding -Wvla -Wframe-larger-than=512 -c "$file" -o "$dir/plain.o" || exit 1
	object=$dir/$(basename "$file" .c).core.o
	case $file in
	core/wire.c|core/reasm.c) aligned=-fsanitize=alignment ;;
	*)	aligned= ;;
	esac
	$cc $checked $aligned -ffreestanding -c "$file" -o "$object" || exit 1
done

# run NAME FILES... -- ARG...: build one test and run it there.
programs=0
run()
{
	local name=$1 sources=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		sources+=("$1")
		shift
	done
	shift
	$cc $checked -static -I . -I tests/check/cross "${sources[@]}" "$dir"/*.core.o \
		-o "$dir/$name" >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
	if ! "$emulator" "$dir/$name" "$@" >"$dir/log" 2>&1; then
		tail -n 20 "$dir/log"
		echo "$name failed on $target"
		exit 1
	fi
	programs=$((programs + 1))
}

for file in tests/unit/test_*.c; do
	run "$(basename "$file" .c)" "$file" --
done
for file in tests/prop/prop_*.c; do
	name=$(basename "$file" .c)
	# Models that the program uses begin with the same word.
	word=${name#prop_}
	models=$(ls "tests/prop/${word%%_*}_"*.c 2>/dev/null)
	run "$name" tests/prop/prop.c "$file" $models -- 1 8
done
run test_vectors tests/vectors/*.c -- tests/vectors/captures
echo "$programs programs ran on $target"
