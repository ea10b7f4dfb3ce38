#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Kernel versions are tested in kmod/compat/ and nowhere else.
#
# Usage: versions.sh SOURCE-ROOT
set -u
cd "$1" || exit 99
[ -d kmod ] || exit 77
if grep -rnE 'LINUX_VERSION_CODE|KERNEL_VERSION|linux/version\.h|RHEL_RELEASE' \
	--include='*.[chS]' core kmod include | grep -v '^kmod/compat/'; then
	exit 1
fi
echo "no kernel version test outside kmod/compat/"
