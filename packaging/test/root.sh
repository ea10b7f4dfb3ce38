#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Make a small Debian system in the cache, with what the packages depend on and
# the headers of the stock kernel, and print its directory. It is never changed.
#
# Usage: root.sh RELEASE-OF-THE-KERNEL
set -euo pipefail
. "$(dirname "$0")/../../tests/vm/common.sh"

release=$1
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
packages="dkms gcc libc6-dev make patch pkgconf python3 libjansson4 libnl-3-200 libnl-genl-3-200 libncursesw6 kmod eatmydata iproute2"
root=$CACHE/package-root-$(echo "$suite $release $packages" | sha256sum | cut -c 1-12)
[ ! -e "$root/etc/debian_version" ] || { echo "$root"; exit 0; }

lock_cache package-root
need_packages "a clean system for the packages" debootstrap eatmydata
mirror=$(apt-get indextargets --format '$(SITE)$(REPO_URI)' "Codename: $suite" 2>/dev/null |
	sed 's/.*\(https\?:\)/\1/' | head -n 1)
[ -n "$mirror" ] || die "no source of packages for $suite"
say "dev: making a clean Debian system (some minutes, once)"
work=$root.part
rm -rf "$work"
find "$CACHE" -maxdepth 1 -name 'package-root-????????????' -mtime +7 -exec rm -rf {} +
mkdir -p "$work"
log=$CACHE/package-root.log
eatmydata debootstrap --variant=minbase --include="${packages// /,}" "$suite" "$work" "$mirror" >"$log" 2>&1 </dev/null ||
	{ tail "$log" >&2; die "debootstrap failed (log: $log)"; }
# The same sources and proxies as here: kernels are among the security updates.
rm -rf "$work/etc/apt"
cp -a /etc/apt "$work/etc/"
cp -L /etc/resolv.conf /etc/hosts "$work/etc/"
{
	mount -t proc proc "$work/proc"
	trap 'umount "$work/proc"' EXIT
	chroot "$work" apt-get -q update
	DEBIAN_FRONTEND=noninteractive chroot "$work" eatmydata \
		apt-get -q install -y --no-install-recommends "linux-headers-$release"
	chroot "$work" apt-get clean
} >>"$log" 2>&1 </dev/null || { tail "$log" >&2; die "cannot install in the clean system"; }
umount "$work/proc"
trap - EXIT
mv "$work" "$root"
echo "$root"
