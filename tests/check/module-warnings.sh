#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# The module compiles for stock 6.12 with W=1 and sparse, without one warning.
#
# Usage: module-warnings.sh SOURCE-ROOT
set -u
cd "$1" || exit 99
[ -e Kbuild ] || { echo "no Kbuild yet"; exit 77; }
. tests/vm/common.sh
need_packages "static checks of the module" sparse
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A directory of its own, made anew: only what is compiled can warn.
rm -rf build/kmod-check
KMOD_DIR=$PWD/build/kmod-check tests/vm/module.sh 6.12 W=1 C=1 >"$log" 2>&1
status=$?
cat "$log"
[ $status = 0 ] || exit 1
# The distribution's compiler may differ in patch level from the one that
# built the kernel; that is not about our code.
if grep -E 'warning:|error:|WARNING:' "$log" | grep -vE 'the compiler differs|Skipping BTF'; then
	exit 1
fi
