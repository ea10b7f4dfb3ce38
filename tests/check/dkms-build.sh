#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# DKMS builds the modules for both stock kernels as dkms.conf says.
#
# Usage: dkms-build.sh SOURCE-ROOT
# DKMS itself is unpacked, not installed: installed, it would act whenever this
# machine gets a kernel.
set -euo pipefail
cd "$1"
. tests/vm/common.sh
have_packages dkms || { echo "no package dkms"; exit 77; }
need_packages "what DKMS needs" kmod make gcc patch dpkg-dev
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
mkdir "$scratch"/{deb,tree,src}
(cd "$scratch/deb" && apt_run download dkms)
dpkg-deb -x "$scratch"/deb/dkms_*.deb "$scratch/deb"
# It must not make a signing key for this machine: there is no place for one.
sed -i "s,/etc/dkms/,$scratch/etc/,g" "$scratch/deb/usr/sbin/dkms"
mkdir "$scratch/etc"
echo "mok_signing_key=$scratch/none/mok.key" >"$scratch/etc/framework.conf"

# The sources as a user puts them into /usr/src: what is in the repository.
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' dkms.conf)
copy=$scratch/src/homa-$version
mkdir "$copy"
cp -r dkms.conf Makefile Kbuild Kconfig core kmod include "$copy/"

dkms()
{
	bash "$scratch/deb/usr/sbin/dkms" "$@" --dkmstree "$scratch/tree" \
		--sourcetree "$scratch/src" --installtree "$scratch/install" </dev/null
}

dkms add "homa/$version"
for kernel in 6.1 6.12; do
	release=$(tests/vm/stock.sh "$kernel" headers)
	dkms build "homa/$version" -k "$release" ||
		{ cat "$scratch/tree/homa/$version/build/make.log"; exit 1; }
	for module in homa homa_diag; do
		ko=$(find "$scratch/tree/homa/$version/$release" -name "$module.ko*")
		[ -n "$ko" ]
		[ "$(modinfo -F version "$ko")" = "$version" ]
		modinfo -F vermagic "$ko" | grep -F "$release "
	done
done
dkms status "homa/$version" | grep -c ': built' | grep -x 2
