#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Install, use, verify and erase the RPMs in a copy of a clean system, with RPM's own
# database and scriptlets. The system is Debian: no package satisfies their dependencies
# (--nodeps), and DKMS's building at installation is not tried, because rpm builds for
# the running kernel; the sources are compared with those that were built.
#
# Usage: rpm-root.sh BASE PACKAGES SCRATCH   (in a mount namespace of its own)
set -euo pipefail
. "$(dirname "$0")/../../tests/vm/common.sh"
. "$(dirname "$0")/copy.sh"
base=$1 packages=$2 scratch=$3

version=$("$ROOT/packaging/version.sh")
rpms=("$packages"/rpm/RPMS/*/*.rpm)
copy_of "$base" "$scratch"
# The database is made by the first query.
rpm() { command rpm --root "$root" --define '_dbpath /var/lib/rpm' "$@"; }
rpm -qa >/dev/null
# What the packages of such a system own, and Debian's do not have here.
mkdir -p "$root"/etc/sysctl.d "$root"/usr/lib/modules-load.d "$root"/usr/lib64/pkgconfig \
	"$root"/usr/share/{licenses,zsh/site-functions} \
	"$root/$(command rpm -qpl "$packages"/rpm/RPMS/noarch/python3-homa-*.rpm | sed -n 's,/homa\.py$,,p')"
files >"$scratch/before"

# What they say of themselves.
for rpm in "${rpms[@]}"; do
	rpm -qp --qf '%{NAME}: %{LICENSE}\n' "$rpm"
done | sort >"$scratch/names"
for name in homa-dkms homa-tools libhoma libhoma-devel python3-homa; do
	grep -qx "$name: GPL-2.0-or-later OR BSD-2-Clause" "$scratch/names" || die "no RPM $name"
done
[ "$(wc -l <"$scratch/names")" = 5 ] || die "other RPMs: $(cat "$scratch/names")"
rpm -qp --scripts "$packages"/rpm/RPMS/noarch/homa-dkms-*.rpm >"$scratch/scripts"
for text in "dkms add -m homa -v $version" "dkms build -m homa -v $version" \
	"dkms remove -m homa -v $version --all"; do
	grep -qF "$text" "$scratch/scripts" || die "no \"$text\" in: $(cat "$scratch/scripts")"
done
rpm -qp --scripts "$packages"/rpm/RPMS/*/libhoma-[0-9]*.rpm | grep -q ldconfig ||
	die "libhoma does not run ldconfig"
rpm -qp --requires "$packages"/rpm/RPMS/*/homa-tools-*.rpm | grep -q 'libjansson.so' ||
	die "homa-tools does not require its libraries"
rpm -qp --provides "$packages"/rpm/RPMS/*/libhoma-[0-9]*.rpm | grep -q 'libhoma.so.1' ||
	die "libhoma does not provide its library"
# No dependency is left open between them, and no file is claimed by two.
rpm -i --test --nodeps "${rpms[@]}" || die "the RPMs contradict each other"
rpm -i --test "${rpms[@]}" 2>&1 | grep -E '^\s*(lib|python3-)?homa.* is needed by .*homa' &&
	die "they miss each other"

rpm -i --nodeps "${rpms[@]}" >"$scratch/install.log" 2>&1 ||
	{ cat "$scratch/install.log"; die "cannot install the RPMs"; }
! grep -i 'scriptlet failed' "$scratch/install.log" || die "a scriptlet fails"
rpm -Va --nodeps >"$scratch/verify" 2>&1 || die "rpm -V: $(cat "$scratch/verify")"
inside dkms status homa | grep "^homa/$version" || {
	cat "$scratch/install.log"
	die "the scriptlet did not tell DKMS"
}
dpkg-deb -x "$packages"/homa-dkms_*.deb "$scratch/deb"
diff -r "$root/usr/src/homa-$version" "$scratch/deb/usr/src/homa-$version" ||
	die "not the sources that the Debian package has"
libdir=/usr/lib64
[ -e "$root$libdir/libhoma.so.1" ] || die "no $libdir/libhoma.so.1"
inside env LD_LIBRARY_PATH=$libdir homa --version | grep -F "$version" || die "homa --version"
inside homa-proxy --help >/dev/null || die "homa-proxy --help"
cat >"$root/tmp/program.c" <<'END'
#include <homa/homa.h>
#include <stdio.h>
int main(void)
{
	printf("libhoma %s\n", homa_version());
	return 0;
}
END
python=$(rpm -ql python3-homa | sed -n 's,/homa\.py$,,p')
[ -e "$root$python/homa.py" ] || die "no module for Python"
# Debian's compiler, loader and Python do not look where these RPMs put things.
inside sh -ec "cd /tmp; export PKG_CONFIG_PATH=$libdir/pkgconfig LD_LIBRARY_PATH=$libdir
	gcc -Wall -Werror -o program program.c \$(pkgconf --cflags --libs libhoma) -L$libdir
	./program; ldd program | grep '$libdir/libhoma.so.1'
	gcc -o static program.c $libdir/libhoma.a -pthread; ./static
	PYTHONPATH=$python python3 -c 'import homa; print(\"Python, libhoma\", homa.version())'" >"$scratch/program.log" 2>&1 ||
	{ cat "$scratch/program.log"; die "a program with the RPMs' library"; }
[ "$(grep -c "libhoma $version" "$scratch/program.log")" = 3 ] ||
	die "not the library of these packages: $(cat "$scratch/program.log")"
for file in usr/share/man/man7/homa.7 usr/share/man/man3/homa_call.3 etc/sysctl.d/homa.conf \
	usr/lib/systemd/system/homa-serve.service usr/lib/modules-load.d/homa.conf \
	$libdir/wireshark/plugins/homa.lua; do
	ls "$root/$file"* >/dev/null || die "no /$file"
done

# A changed setting stays, as on every system with RPMs; all else goes.
echo 'net.homa.unsched_bytes = 50000' >>"$root/etc/sysctl.d/homa.conf"
rpm -e --nodeps homa-dkms homa-tools libhoma libhoma-devel python3-homa >"$scratch/erase.log" 2>&1 ||
	{ cat "$scratch/erase.log"; die "cannot erase the RPMs"; }
[ -z "$(inside dkms status homa)" ] || die "DKMS still knows homa"
tail -n 1 "$root/etc/sysctl.d/homa.conf.rpmsave" | grep -q 50000 || die "the setting is lost"
rm "$root/etc/sysctl.d/homa.conf.rpmsave"
files >"$scratch/after"
diff "$scratch/before" "$scratch/after" | grep '^[<>]' >"$scratch/left" || :
[ ! -s "$scratch/left" ] || die "left after rpm -e: $(cat "$scratch/left")"
echo "RPMs installed, used, verified and erased"
