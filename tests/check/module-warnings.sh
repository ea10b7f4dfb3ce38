#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# The modules compile with W=1, without one warning. For the newest kernel with
# the compiler of that kernel; for the stock ones with sparse, too, which knows
# nothing of newer headers.
#
# Usage: module-warnings.sh SOURCE-ROOT 6.1|6.12|newest
set -u
cd "$1" || exit 99
kernel=$2
[ -e Kbuild ] || { echo "no Kbuild yet"; exit 77; }
. tests/vm/common.sh
checks=W=1
if [ "$kernel" = newest ]; then
	tests/vm/newest.sh || exit
else
	need_packages "static checks of the module" sparse
	checks="W=1 C=1"
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A directory of its own, made anew: only what is compiled can warn.
rm -rf "build/kmod-check-$kernel"
KMOD_DIR=$PWD/build/kmod-check-$kernel tests/vm/module.sh "$kernel" $checks >"$log" 2>&1
status=$?
cat "$log"
[ $status = 0 ] || exit 1
[ -e "build/kmod-check-$kernel/homa_diag.ko" ] || { echo "no homa_diag.ko"; exit 1; }
# The distribution's compiler may differ in patch level from the one that
# built the kernel; that is not about our code.
if grep -E 'warning:|error:|WARNING:' "$log" | grep -vE 'the compiler differs|Skipping BTF'; then
	exit 1
fi
