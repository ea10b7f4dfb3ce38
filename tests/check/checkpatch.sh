#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# checkpatch --strict has nothing to say about the module's sources.
#
# Usage: checkpatch.sh SOURCE-ROOT
set -u
cd "$1" || exit 99
[ -d kmod ] || exit 77
checkpatch=$(tests/vm/checkpatch.sh) || exit 99
# SPDX_LICENSE_TAG: its list has no dual licence of this form.
# CONSTANT_CONVERSION and others stay on; FILE_PATH_CHANGES is about patches.
mapfile -t files < <(find core kmod include -name port -prune -o -name '*.[ch]' -print | sort)
perl "$checkpatch" --no-tree --strict --terse --show-types -q --max-line-length=100 \
	--ignore SPDX_LICENSE_TAG,FILE_PATH_CHANGES -f "${files[@]}" && echo "${#files[@]} files"
