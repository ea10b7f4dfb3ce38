#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Obtain checkpatch.pl, which only the packaged kernel source contains.
#
# Usage: checkpatch.sh      (prints its path)
set -euo pipefail
. "$(dirname "$0")/common.sh"

need_packages "checkpatch is in the kernel source" linux-source-6.12 xz-utils perl
dir=$CACHE/checkpatch-$(dpkg-query -W -f '${Version}' linux-source-6.12)
if [ ! -e "$dir/scripts/checkpatch.pl" ]; then
	lock_cache checkpatch
	rm -rf "$dir.part"
	mkdir -p "$dir.part"
	tar -xJf /usr/src/linux-source-6.12.tar.xz -C "$dir.part" --strip-components=1 --wildcards \
		'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' '*/scripts/const_structs.checkpatch'
	rm -rf "$dir"
	mv "$dir.part" "$dir"
fi
echo "$dir/scripts/checkpatch.pl"
