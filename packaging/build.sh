#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Build the Debian packages, and the RPMs, of this checkout in build/packages.
#
# Usage: build.sh [deb] [rpm]       (default: both)
# DEBFULLNAME and DEBEMAIL go into the changelog, and are the maintainer. A package
# that is built from a commit without a tag has the commit in its version.
set -euo pipefail
. "$(dirname "$0")/../tests/vm/common.sh"
[ $# -gt 0 ] || set -- deb rpm

version=$("$ROOT/packaging/version.sh")
# What has no tag comes before the release: the tilde sorts so.
if ! git -C "$ROOT" describe --exact-match --match "v$version" >/dev/null 2>&1; then
	commit=$(git -C "$ROOT" log -1 --format=%cd.%h --date=format:%Y%m%d --abbrev=8 2>/dev/null) ||
		commit=0
	version=$version~git$commit
fi
out=$BUILD/packages
source=$out/homa-$version
mkdir -p "$BUILD"
exec 8>"$BUILD/packages.lock"
flock 8
rm -rf "$out"
mkdir -p "$source"

# What the repository has, with changes that are not committed.
cd "$ROOT"
epoch=$(git log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH=$epoch
git ls-files -co --exclude-standard -z |
	while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
	tar -c --null -T - | tar -x -C "$source"
tar -c --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" -C "$out" \
	"homa-$version" | xz -1 >"$out/homa_$version.orig.tar.xz"

build_deb()
{
	local who="${DEBFULLNAME:-Homa for Linux developers} <${DEBEMAIL:-homa@homa-linux.invalid}>"

	need_packages "building Debian packages" dpkg-dev debhelper dh-dkms dh-python python3 meson ninja-build \
		pkgconf libjansson-dev libnl-3-dev libnl-genl-3-dev libncurses-dev gcc libc6-dev
	need_packages "checking Debian packages" lintian
	cp -r packaging/debian "$source/debian"
	mkdir "$source/debian/source"
	echo "3.0 (quilt)" >"$source/debian/source/format"
	cp dkms.conf "$source/debian/homa-dkms.dkms"
	sed 's,@bindir@,/usr/bin,' packaging/files/homa-serve.service.in \
		>"$source/debian/homa-tools.homa-serve.service"
	sed -i "s/^Maintainer: .*/Maintainer: $who/" "$source/debian/control"
	cat >"$source/debian/changelog" <<-END
	homa ($version-1) unstable; urgency=medium

	  * Changes are in CHANGELOG.md.

	 -- $who  $(LC_ALL=C date -u -R -d "@$epoch")
	END
	say "packages: dpkg-buildpackage (log: $out/deb.log)"
	(cd "$source" && dpkg-buildpackage -us -uc -j"$(nproc)") >"$out/deb.log" 2>&1 </dev/null ||
		{ tail -n 40 "$out/deb.log" >&2; die "the Debian packages did not build"; }
	rm -rf "$source/debian"
}

build_rpm()
{
	need_packages "building RPMs" rpm python3 meson ninja-build pkgconf libjansson-dev libnl-3-dev \
		libnl-genl-3-dev libncurses-dev gcc libc6-dev
	local top=$out/rpm

	mkdir -p "$top/SOURCES" "$top/SPECS"
	ln "$out/homa_$version.orig.tar.xz" "$top/SOURCES/homa-$version.tar.xz"
	sed "s/@VERSION@/$version/; s/@DKMS_VERSION@/${version%%~*}/" packaging/rpm/homa.spec.in \
		>"$top/SPECS/homa.spec"
	say "packages: rpmbuild (log: $out/rpm.log)"
	# On a system without RPMs nothing could satisfy BuildRequires.
	rpmbuild -ba $(rpm -q rpm >/dev/null 2>&1 || echo --nodeps) --define "_topdir $top" \
		"$top/SPECS/homa.spec" >"$out/rpm.log" 2>&1 </dev/null ||
		{ tail -n 40 "$out/rpm.log" >&2; die "the RPMs did not build"; }
}

for kind; do
	"build_$kind"
done
rm -rf "$source"
find "$out" -name '*.deb' -o -name '*.dsc' -o -name '*.rpm' | sort
