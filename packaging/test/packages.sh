#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# The Debian packages and the RPMs build, and lintian has nothing to say. In a clean
# Debian system the packages of both kinds are installed, used and removed, and leave nothing;
# the module that DKMS built there is booted, and the installed command uses it.
#
# The commands of README.md, quickstart.md, install.md and migration.md are taken out of these
# documents, and so are the server and the client of programming.md.
#
# Usage: packages.sh
# It works on a copy of the clean system in memory, in namespaces of its own.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tests/vm/common.sh"
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
have_packages dkms debootstrap || exit 77

seconds() { say "packages: $1 after $SECONDS s"; }

commands=$("$ROOT/tests/check/doc-blocks.py" "$ROOT" README.md checkout)
[ "$commands" = "./dev packages" ] || die "README.md builds packages by other commands: $commands"
(cd "$ROOT" && bash -ec "$commands")
seconds "built"
out=$BUILD/packages
# That tag asks for the bug of a package that is new in Debian itself.
lintian --no-cfg --allow-root --fail-on error,warning \
	--suppress-tags initial-upload-closes-no-bugs "$out"/*.changes
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
mkdir "$scratch/rpm"
unshare -m --propagation private bash "$here/rpm-root.sh" "$base" "$out" "$scratch/rpm"
seconds "RPMs installed, used, erased"
"$here/boot.sh" "$kernel" "$scratch/vm" "$release"
seconds "booted"
