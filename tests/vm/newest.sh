#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Obtain the newest kernel that Debian has for anybody, with what it takes to
# build a module for it, beside the system: nothing is installed, and this
# machine's package sources stay as they are.
#
# Usage: newest.sh
#        newest.sh --source WORK
# Prints a directory of the cache: boot/vmlinuz, lib/modules/RELEASE, build (the
# headers, for make -C) and root/usr/bin (the compiler that this kernel was built
# with, to be put first in PATH). Looks for a newer one after a week. When there
# is none newer than the stock kernels, prints the reason and exits with 77.
# --source unpacks the source of that kernel into WORK.
set -euo pipefail
. "$(dirname "$0")/common.sh"

arch=amd64
week_min=$((7 * 24 * 60))
# Releases of Debian whose packages fit together; the kernel may come from any.
# By code names: a mirror's index under the name "stable-backports" was older.
families=("trixie trixie-backports" "sid")
log=$CACHE/newest.log

skip() { echo "$*"; exit 77; }

# apt_of FAMILY PROGRAM ARG...: an apt that knows only this family, and of no
# installed package.
apt_of()
{
	local state=$CACHE/apt-${1%% *}
	shift
	APT_CONFIG=$state/apt.conf "$@" </dev/null
}

# prepare FAMILY: make that apt, with lists of today.
prepare()
{
	local state=$CACHE/apt-${1%% *} suite
	rm -rf "$state"
	mkdir -p "$state"/{lists/partial,archives/partial,parts}
	: >"$state/status"
	for suite in $1; do
		echo "deb $mirror $suite main"
	done >"$state/sources.list"
	cat >"$state/apt.conf" <<-END
		APT::Architecture "$arch";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Dir::State "$state";
		Dir::State::status "$state/status";
		Dir::Cache "$state";
		Dir::Etc::sourcelist "$state/sources.list";
		Dir::Etc::sourceparts "$state/parts";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "$state/parts";
	END
	apt_of "$1" apt-get -q update >>"$log" 2>&1
}

# find_mirror: where this machine's package sources get Debian from.
find_mirror()
{
	mirror=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)/$(LABEL)' 'Identifier: Packages' |
		awk '$2 == "Debian/Debian" { print $1; exit }')
	[ -n "$mirror" ] || skip "this machine's package sources do not include Debian's"
}

forget_families()
{
	local family
	for family in "${families[@]}"; do
		rm -rf "$CACHE/apt-${family%% *}"
	done
}

# releases FAMILY: releases of the cloud kernels with headers, "VERSION RELEASE".
releases()
{
	apt_of "$1" apt-cache madison linux-headers-cloud-$arch 2>/dev/null |
		awk '{ print $3 }' |
	while read -r version; do
		release=$(apt_of "$1" apt-cache show "linux-headers-cloud-$arch=$version" |
			sed -n "s/^Depends:.*linux-headers-\([^ ,]*-cloud-$arch\).*/\1/p")
		[ -z "$release" ] || echo "$version $release"
	done
}

# unpack FAMILY RELEASE WORK: fetch and unpack the kernel, its headers, and all
# that the headers depend on.
unpack()
{
	local family=$1 release=$2 work=$3 state=$CACHE/apt-${1%% *}
	local image= name size deb headers=$3/root
	for name in linux-base linux-modules linux-binary linux-image; do
		# A package of some size: linux-image may only name the others.
		size=$(apt_of "$family" apt-cache show "$name-$release" 2>/dev/null |
			awk '$1 == "Size:" { print $2 }') || true
		[ "${size:-0}" -lt 100000 ] || image+=" $name-$release"
	done
	mkdir -p "$work/root" "$work/debs"
	apt_of "$family" apt-get -q -y --no-install-recommends --download-only \
		install "linux-headers-$release" >>"$log" 2>&1
	(cd "$work/debs" && apt_of "$family" apt-get -q download $image) >>"$log" 2>&1
	for deb in "$state"/archives/*.deb; do
		dpkg-deb -x "$deb" "$work/root"
	done
	for deb in "$work"/debs/*.deb; do
		dpkg-deb -x "$deb" "$work"
	done
	rm -rf "$work/debs" "$state/archives"
	[ -d "$work/lib/modules/$release" ] || mv "$work/usr/lib" "$work/lib"
	mkdir -p "$work/boot"
	mv "$(find "$work" -name 'vmlinuz*' | head -n 1)" "$work/boot/vmlinuz"
	depmod -b "$work" "$release"
	# All that a guest and a build start from; what is missing is known here.
	ls "$work/boot/vmlinuz" "$headers/usr/src/linux-headers-$release/Makefile" \
		"$work/lib/modules/$release/kernel" >/dev/null
}

# relocate WORK FINAL: make programs and makefiles work from FINAL. The programs
# need newer libraries than this machine has; those are in the same directory.
relocate()
{
	local work=$1 now=$1/root root=$2/root file libs=lib/x86_64-linux-gnu loader
	loader=$(cd "$now" && find . -name 'ld-linux-x86-64.so.2' | head -n 1)
	find "$now" -type f -perm -u+x ! -name '*.so*' |
	while read -r file; do
		patchelf --print-interpreter "$file" >/dev/null 2>&1 || continue
		patchelf --set-interpreter "$root/${loader#./}" --force-rpath \
			--set-rpath "$root/usr/$libs:$root/$libs" "$file"
	done
	sed -i "s,/usr/src/,$root/usr/src/,g" "$now/usr/src/linux-headers-$release/Makefile"
	ln -s "root/usr/src/linux-headers-$release" "$work/build"
}

# unpack_source VERSION WORK: the source of kernel VERSION (7.3.4), or of what the
# mirror has of this series by now.
unpack_source()
{
	local package=linux-source-${1%.*} work=$2 family deb
	say "dev: fetching $package (not installed)"
	for family in "${families[@]}"; do
		prepare "$family" || continue
		rm -rf "$work"
		mkdir -p "$work"
		(cd "$work" && apt_of "$family" apt-get -q download "$package") >>"$log" 2>&1 || continue
		deb=$(echo "$work"/*.deb)
		dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards '*.tar.xz' |
			tar -xJ -C "$work" --strip-components=1
		rm "$deb"
		return 0
	done
	return 1
}

if [ "${1:-}" = --source ]; then
	dir=$("$0")
	lock_cache newest
	need_packages "unpacking the newest kernel" xz-utils
	find_mirror
	version=${dir##*/newest-}
	unpack_source "${version%%[-+]*}" "$2" || die "no source of ${dir##*/} (log: $log)"
	forget_families
	exit 0
fi

current=$CACHE/newest
use_current()
{
	[ -n "$(find "$current" "$@" 2>/dev/null)" ] && [ -d "$(cat "$current")" ] || return 0
	cat "$current"
	exit 0
}
use_current -mmin -$week_min

# One kernel, in a process of its own, so that any failure ends it.
if [ "${1:-}" = --fetch ]; then
	family=$2 release=$3 dir=$4
	say "dev: fetching kernel $release of ${family##* }, its headers and compiler (not installed)"
	rm -rf "$dir.part" "$dir"
	unpack "$family" "$release" "$dir.part"
	relocate "$dir.part" "$dir"
	mv "$dir.part" "$dir"
	exit 0
fi

lock_cache newest
use_current -mmin -$week_min
: >"$log"
need_packages "unpacking the newest kernel" kmod xz-utils patchelf
find_mirror

say "dev: looking for the newest kernel"
offers=
for family in "${families[@]}"; do
	prepare "$family" || { say "dev: no packages of ${family%% *} (log: $log)"; continue; }
	offers+=$(releases "$family" | sed "s/\$/ $family/")$'\n'
done
stock=$("$VM/stock.sh" 6.12 headers)
reason="the registry has no kernel newer than $stock"
dir=
while read -r version release family; do
	[ -n "$version" ] && dpkg --compare-versions "$release" gt "$stock" || continue
	dir=$CACHE/newest-$release
	[ -e "$dir/build" ] || "$0" --fetch "$family" "$release" "$dir" 9>&- && break
	tail -n 5 "$log" >&2
	reason="kernel $release could not be fetched (log: $log)"
	dir=
done < <(sort -rV <<<"$offers")
forget_families
if [ -z "$dir" ]; then
	use_current
	skip "$reason"
fi
echo "$dir" >"$current"
echo "$dir"
