#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Build everything in user space: programs for guests, and the tests of tier t0.
#
# Usage: userspace.sh
set -euo pipefail
. "$(dirname "$0")/common.sh"

need_packages "building programs and tests" meson ninja-build gcc g++ libc6-dev python3
need_packages "fuzzing and the second compiler of the checks" clang libclang-rt-dev llvm
need_packages "unit tests, also as 32-bit programs" pkgconf libcmocka-dev gcc-multilib
need_packages "tests of io_uring" liburing-dev
need_packages "the command homa" libjansson-dev libnl-3-dev libnl-genl-3-dev libncurses-dev
need_packages "a table of sessions in homa-proxy" uthash-dev

log=$BUILD/userspace.log
mkdir -p "$BUILD"
{
	if [ ! -f "$BUILD/build.ninja" ]; then
		meson setup "$BUILD" "$ROOT"
	elif [ -n "$(find "$ROOT" -path "$BUILD" -prune -o -name meson.build \
			-newer "$BUILD/build.ninja" -print)" ]; then
		# A directory joins by having a meson.build, which ninja cannot notice.
		meson setup --reconfigure "$BUILD" "$ROOT"
	fi && meson compile -C "$BUILD"
} >"$log" 2>&1 </dev/null || { tail -n 40 "$log" >&2; die "user space did not build (log: $log)"; }
echo "$BUILD"
