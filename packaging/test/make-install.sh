#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# `make install` with DESTDIR puts everything where docs/install.md says, and
# nothing elsewhere; what it installs runs.
#
# Usage: make-install.sh
set -euo pipefail
. "$(dirname "$0")/../../tests/vm/common.sh"
need_packages "make install" make meson ninja-build pkgconf gcc libc6-dev libjansson-dev \
	libnl-3-dev libnl-genl-3-dev libncurses-dev
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$ROOT"
version=$(packaging/version.sh)
unset MAKEFLAGS DESTDIR
make -s install install-dkms USER_BUILD="$scratch/build" DESTDIR="$scratch/dest" PREFIX=/opt/homa \
	MESON_ARGS="--libdir=lib --sysconfdir=/etc" >"$scratch/log" 2>&1 </dev/null ||
	{ tail -n 40 "$scratch/log"; die "make install"; }
cd "$scratch/dest"
for file in opt/homa/bin/homa opt/homa/lib/libhoma.so.1 opt/homa/lib/libhoma.a \
	opt/homa/include/homa/homa.h opt/homa/include/linux/homa.h \
	opt/homa/lib/pkgconfig/libhoma.pc opt/homa/lib/wireshark/plugins/homa.lua \
	opt/homa/share/man/man1/homa-ping.1 opt/homa/share/man/man3/homa_call.3 \
	opt/homa/share/man/man7/homa.7 opt/homa/lib/systemd/system/homa-serve.service \
	opt/homa/lib/modules-load.d/homa.conf etc/sysctl.d/homa.conf \
	"usr/src/homa-$version/dkms.conf" "usr/src/homa-$version/kmod/main.c"; do
	[ -s "$file" ] || die "no $file"
done
find . -mindepth 1 -maxdepth 1 | sort | tr '\n' ' ' | grep -qx './etc ./opt ./usr ' ||
	die "files in other places: $(ls)"
grep -q 'ExecStart=/opt/homa/bin/homa serve' opt/homa/lib/systemd/system/homa-serve.service ||
	die "the unit starts another program"
LD_LIBRARY_PATH=opt/homa/lib opt/homa/bin/homa --version | grep -F "$version"
