#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# The Debian packages and the RPMs build, and lintian has nothing to say. In a clean
# Debian system the packages are installed, used and purged, and leave nothing; the
# module that DKMS built there is booted, and the installed command uses it.
#
# Usage: packages.sh
# It works on a copy of the clean system in memory, in namespaces of its own.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tests/vm/common.sh"
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
have_packages dkms debootstrap || exit 77

seconds() { say "packages: $1 after $SECONDS s"; }

"$ROOT/packaging/build.sh"
seconds "built"
out=$BUILD/packages
# That tag asks for the bug of a package that is new in Debian itself.
lintian --no-cfg --allow-root --fail-on error,warning \
	--suppress-tags initial-upload-closes-no-bugs "$out"/*.changes
for rpm in "$out"/rpm/RPMS/*/*.rpm; do
	rpm -qp --qf '%{NAME} %{VERSION}: %{FILENAMES}...\n' "$rpm"
done >"$out/rpm.list"
for name in homa-dkms homa-tools libhoma libhoma-devel python3-homa; do
	grep -q "^$name " "$out/rpm.list" || die "no RPM $name"
done
seconds "checked"

release=$("$VM/stock.sh" 6.12 headers)
kernel=$("$VM/stock.sh" 6.12)
base=$("$here/root.sh" "$release")
seconds "clean system"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# A new mount namespace takes all mounts away when it ends, however it ends.
unshare -m --propagation private bash "$here/in-root.sh" "$base" "$out" "$release" "$scratch"
seconds "installed, used, purged"
"$here/boot.sh" "$kernel" "$scratch/vm" "$release"
seconds "booted"
