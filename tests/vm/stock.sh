#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Obtain one of Debian's kernels for the stock tier.
#
# Usage: stock.sh 6.1|6.12|newest|RELEASE [image|headers]
# image (default): unpacks the kernel and its modules into the cache, installs
# nothing, and prints the directory (boot/vmlinuz, lib/modules/RELEASE).
# headers: installs the matching headers and prints the release.
set -euo pipefail
. "$(dirname "$0")/common.sh"

want=$1
what=${2:-image}
[ "$want" != newest ] || exec "$VM/newest.sh"

# meta KIND: the metapackage whose dependency names the newest kernel.
meta()
{
	case $want in
	6.1)	echo "linux-$1-cloud-amd64" ;;
	6.12)	echo "linux-$1-6.12-cloud-amd64" ;;
	esac
}

newest() # KIND: release that the metapackage depends on
{
	apt-cache depends "$(meta "$1")" 2>/dev/null |
		sed -n "s/^ *Depends: linux-$1-\(.*-cloud-amd64\)\$/\1/p" | head -n 1
}

case $want in
6.1|6.12)
	release=$(newest "$what" || true)
	if [ -z "$release" ]; then
		say "dev: refreshing the package lists (looking for kernel $want)"
		apt_run update
		release=$(newest "$what")
	fi
	[ -n "$release" ] || die "the registry offers no $want cloud kernel"
	;;
*)	release=$want ;;
esac

if [ "$what" = headers ]; then
	[ -e "/lib/modules/$release/build/Makefile" ] ||
		need_packages "building the module for $release" "linux-headers-$release"
	echo "$release"
	exit 0
fi

dir=$CACHE/stock-$release
if [ ! -e "$dir/boot/vmlinuz" ]; then
	lock_cache "stock-$release"
	need_packages "unpacking a stock kernel" kmod xz-utils
	work=$dir.part
	rm -rf "$work" "$dir"
	mkdir -p "$work/deb"
	# apt downloads as its own user, who may not enter root's directories.
	deb=$(mktemp -d)
	chmod 755 "$deb"
	say "dev: fetching stock kernel $release (for the guests only; not installed)"
	(cd "$deb" && apt_run download "linux-image-$release")
	dpkg -x "$deb"/linux-image-*.deb "$work"
	rm -rf "$deb"
	mv "$work/boot/vmlinuz-$release" "$work/boot/vmlinuz"
	[ -d "$work/lib/modules/$release" ] || mv "$work/usr/lib" "$work/lib"
	depmod -b "$work" "$release"
	mv "$work" "$dir"
	unlock_cache
fi
echo "$dir"
