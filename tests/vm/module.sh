#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Build homa.ko, and homa_diag.ko beside it, for one kernel.
#
# Usage: module.sh [RELEASE | 6.1 | 6.12 | newest | uml | smp | kcsan | plain | net] [MAKE-ARG...]
# Default: the newest stock kernel; newest is the one that newest.sh finds, uml,
# smp and kcsan are the debug kernels, plain is one without checks, net the same with
# virtual time. The last line printed is the path of homa.ko.
# Each kernel gets a mirror of the sources in build/kmod-RELEASE (links to the
# files), so that builds for several kernels never disturb each other; KMOD_DIR
# names another directory.
set -euo pipefail
. "$(dirname "$0")/common.sh"

release=${1:-6.12}
shift || true
need_packages "building the module" make gcc libc6-dev

case $release in
uml|smp|plain|net)
	kdir=$("$VM/build-kernel.sh" "$release") || { rc=$?; echo "$kdir"; exit $rc; }
	arch=um
	;;
kcsan)
	kdir=$("$VM/build-kernel.sh" "$release") || { rc=$?; echo "$kdir"; exit $rc; }
	arch=x86_64
	;;
newest)
	new=$("$VM/newest.sh") || { echo "$new"; exit 77; }
	kdir=$new/build
	arch=x86_64
	tools=$new/root
	PATH=$tools/usr/bin:$PATH
	;;
*)
	case $release in
	6.1|6.12) release=$("$VM/stock.sh" "$release" headers) ;;
	esac
	kdir=/lib/modules/$release/build
	arch=x86_64
	[ -e "$kdir/Makefile" ] || {
		say "dev: kernel $release has no headers here"
		"$VM/stock.sh" "$release" headers >/dev/null
	}
	;;
esac

dir=${KMOD_DIR:-$BUILD/kmod-$release}
mkdir -p "$dir"
cd "$ROOT"
# New sources get a link; links whose source is gone go away.
find "$dir" -xtype l -delete
find core kmod include -name port -prune -o -type d -printf '%p\0' |
	(cd "$dir" && xargs -0 -r mkdir -p)
find Kbuild core kmod include -name port -prune -o -type f \
	\( -name '*.[chS]' -o -name Kbuild -o -name Makefile -o -name '*.mk' -o -name '*.map' \) -print |
while read -r file; do
	[ -e "$dir/$file" ] || ln -s "$ROOT/$file" "$dir/$file"
done

# -s leaves warnings and errors.
say "dev: building homa.ko for $release"
make -s --no-print-directory -C "$kdir" ARCH=$arch M="$dir" -j"$(nproc)" "$@" modules >&2 </dev/null
if [ "$release" = kcsan ]; then
	# Whether KCSAN finds anything is tried on a race that was made for it.
	nm "$dir/homa.ko" | grep ' U __tsan_write' >/dev/null || die "homa.ko is not instrumented for KCSAN"
	mkdir -p "$dir/race"
	ln -sf "$ROOT"/tests/vm/race/* "$dir/race/"
	make -s --no-print-directory -C "$kdir" ARCH=$arch M="$dir/race" modules >&2 </dev/null
fi
echo "$dir/homa.ko"
