#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Install, use and purge the packages in a copy of a clean system.
#
# Usage: in-root.sh BASE PACKAGES RELEASE SCRATCH   (in a mount namespace of its own)
# What a machine with the installed packages needs to boot goes to SCRATCH/vm.
set -euo pipefail
. "$(dirname "$0")/../../tests/vm/common.sh"
base=$1 packages=$2 release=$3 scratch=$4

root=$scratch/root
mkdir -p "$root" "$scratch/memory"
mount -t tmpfs -o size=2g memory "$scratch/memory"
mkdir "$scratch/memory"/{upper,work}
mount -t overlay root -o \
	"lowerdir=$base,upperdir=$scratch/memory/upper,workdir=$scratch/memory/work" "$root" ||
	cp -a "$base/." "$root/"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/tmp"
mkdir "$root/tmp/packages"
cp "$packages"/*.deb "$root/tmp/packages/"
rm -f "$root"/tmp/packages/*-dbgsym_*.deb

inside()
{
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C \
		DEBIAN_FRONTEND=noninteractive LD_PRELOAD=libeatmydata.so "$@" </dev/null
}
# Everything but logs and what dpkg and apt note for themselves.
files()
{
	(cd "$root" && find . -xdev \( -path ./tmp -o -path ./proc -o -path ./sys -o \
		-path ./var/log -o -path ./var/cache -o -path './var/lib/dpkg' -o \
		-path ./var/lib/apt -o -path ./var/lib/systemd -o -path ./run -o \
		-name '__pycache__' \) -prune -o -print | sort)
}

# DKMS would make a key to sign modules, which takes its time.
echo 'mok_signing_key=/nonexistent' >"$root/etc/dkms/framework.conf"
mkdir -p "$root/etc/dkms/framework.conf.d"
echo 'mok_signing_key=/nonexistent' >"$root/etc/dkms/framework.conf.d/test.conf"
files >"$scratch/before"

inside sh -c 'apt-get -q install -y --no-install-recommends /tmp/packages/*.deb' \
	>"$scratch/install.log" 2>&1 || { cat "$scratch/install.log"; die "cannot install"; }
# The package has built for the kernel whose headers are here.
version=$("$ROOT/packaging/version.sh")
inside dkms status homa | grep -x "homa/$version, $release, x86_64: installed" || {
	cat "$scratch/install.log" "$root/var/lib/dkms/homa/$version/build/make.log" || :
	die "dkms status: $(inside dkms status)"
}
for module in homa homa_diag; do
	[ "$(inside modinfo -k "$release" -F version $module)" = "$version" ] ||
		die "DKMS did not install $module"
done

# The command, and a program that is built with the library.
inside homa --version | grep -F "$version" || die "homa --version"
cat >"$root/tmp/program.c" <<'END'
#include <homa/homa.h>
#include <linux/homa.h>
#include <linux/homa_diag.h>
#include <linux/homa_netlink.h>
#include <stdio.h>
int main(void)
{
	printf("libhoma %s, protocol %d\n", homa_version(), IPPROTO_HOMA);
	return 0;
}
END
inside sh -ec 'cd /tmp; gcc -Wall -Werror -o program program.c $(pkgconf --cflags --libs libhoma)
	./program; ldd program | grep libhoma.so.1
	gcc -o program-static program.c $(pkgconf --cflags libhoma) \
		-Wl,-Bstatic -lhoma -Wl,-Bdynamic $(pkgconf --libs-only-other --static libhoma)
	./program-static; ! ldd program-static | grep libhoma' >"$scratch/program.log" 2>&1 ||
	{ cat "$scratch/program.log"; die "a program with libhoma"; }
grep -c "libhoma $version, protocol 146" "$scratch/program.log" | grep -qx 2 ||
	die "not the library of these packages: $(cat "$scratch/program.log")"
[ "$(inside python3 -c 'import homa; print(homa.version(), homa.__file__)')" = \
	"$version /usr/lib/python3/dist-packages/homa.py" ] || die "the module for Python"
for file in usr/share/man/man7/homa.7.gz usr/share/man/man3/homa_call.3.gz \
	lib/systemd/system/homa-serve.service etc/sysctl.d/homa.conf \
	usr/lib/x86_64-linux-gnu/wireshark/plugins/homa.lua usr/lib/modules-load.d/homa.conf; do
	[ -s "$root/$file" ] || die "no /$file"
done

# A machine with only this: DKMS's module tree, the command, and its libraries.
vm=$scratch/vm
mkdir -p "$vm"/{bin,sbin,proc,sys,dev,etc,tmp,usr/bin,lib/modules}
cp -a "$root/lib/modules/$release" "$vm/lib/modules/"
rm -f "$vm/lib/modules/$release"/{build,source}
cp -L "$root/usr/bin/homa" "$vm/usr/bin/"
cp -L "$root/bin/kmod" "$vm/sbin/modprobe"
cp "$root/etc/sysctl.d/homa.conf" "$vm/etc/sysctl.conf"
for program in /usr/bin/homa /bin/kmod; do
	inside ldd $program
done | grep -o '/[^ )]*\.so[^ )]*' | grep -v eatmydata | sort -u |
while read -r lib; do
	mkdir -p "$vm$(dirname "$lib")"
	cp -L "$root$lib" "$vm$lib"
done

inside apt-get -q purge -y homa-dkms homa-tools libhoma1 libhoma-dev python3-homa >"$scratch/purge.log" 2>&1 ||
	{ cat "$scratch/purge.log"; die "cannot purge"; }
files >"$scratch/after"
# depmod's lists are made by whoever runs it first.
diff "$scratch/before" "$scratch/after" | grep '^[<>]' |
	grep -v "/lib/modules/$release\(/modules\.[a-z.]*\)\?\$" >"$scratch/left" || :
[ ! -s "$scratch/left" ] || die "left after purge: $(cat "$scratch/left")"
[ -z "$(inside dkms status homa)" ] || die "DKMS still knows homa"
echo "installed, used and purged: $(cat "$scratch/program.log" | head -n 1)"
