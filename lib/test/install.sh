#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# What `meson install` puts into DESTDIR is enough to build programs with
# pkg-config, against the shared and against the static library.
#
# Usage: install.sh BUILD-DIR
set -eu
dest=$(mktemp -d)
trap 'rm -rf "$dest"' EXIT
DESTDIR=$dest meson install -C "$1" --no-rebuild --tags devel,runtime,man >"$dest/log" ||
	{ cat "$dest/log"; exit 1; }
pc=$(find "$dest" -name libhoma.pc)
[ -n "$pc" ] || { echo "libhoma.pc was not installed"; exit 1; }
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$dest
cat >"$dest/test.c" <<'END'
#include <homa/homa.h>
#include <linux/homa.h>
#include <stdio.h>
int main(void)
{
	struct homa *homa;

	printf("libhoma %s\n", homa_version());
	/* Without the module it fails, and says so. */
	if (homa_open(&homa, AF_INET, NULL) == 0)
		homa_close(homa);
	else
		printf("%s\n", homa_explain());
	return 0;
}
END
gcc -Wall -Werror "$dest/test.c" -o "$dest/shared" $(pkg-config --cflags --libs libhoma)
gcc -Wall -Werror -static "$dest/test.c" -o "$dest/static" $(pkg-config --cflags --static --libs libhoma)
libdir=$(pkg-config --variable=libdir libhoma)
case $libdir in "$dest"*) ;; *) libdir=$dest$libdir ;; esac
readelf -d "$dest/shared" | grep -q 'NEEDED.*\[libhoma\.so\.1\]' || { echo "no soname"; exit 1; }
LD_LIBRARY_PATH=$libdir "$dest/shared"
"$dest/static"
for page in homa_open.3 homa_close.3; do
	[ -n "$(find "$dest" -name "$page*")" ] || { echo "$page was not installed"; exit 1; }
done
