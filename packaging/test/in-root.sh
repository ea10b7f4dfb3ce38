#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Install, use and purge the packages in a copy of a clean system.
#
# Usage: in-root.sh BASE PACKAGES RELEASE SCRATCH   (in a mount namespace of its own)
# What a machine with the installed packages needs to boot goes to SCRATCH/vm.
set -euo pipefail
. "$(dirname "$0")/../../tests/vm/common.sh"
base=$1 packages=$2 release=$3 scratch=$4

. "$(dirname "$0")/copy.sh"
copy_of "$base" "$scratch"
mkdir -p "$root/tmp/clone/build/packages"
cp "$packages"/*.deb "$root/tmp/clone/build/packages/"
rm -f "$root"/tmp/clone/build/packages/*-dbgsym_*.deb
ln -s clone/build/packages "$root/tmp/packages"

files >"$scratch/before"

# as_written DOCUMENT DIRECTORY: the commands of a document, in a directory of the clean system.
# Its kernel is the one whose headers it has, and apt's question is answered with yes.
mkdir "$root/tmp/own"
echo 'APT::Get::Assume-Yes "true";' >"$root/tmp/own/yes"
cat >"$root/tmp/own/uname" <<END
#!/bin/sh
[ "\$*" != -r ] || exec echo $release
exec /usr/bin/uname "\$@"
END
chmod +x "$root/tmp/own/uname"
as_written()
{
	local commands
	commands=$("$ROOT/tests/check/doc-blocks.py" "$ROOT" "$1" "clean system")
	[ -n "$commands" ] || die "$1 has no commands"
	say "packages: $1: $commands"
	inside env PATH=/tmp/own:/usr/sbin:/usr/bin:/sbin:/bin APT_CONFIG=/tmp/own/yes sh -ec "cd $2; $commands" \
		>>"$scratch/install.log" 2>&1 ||
		{ cat "$scratch/install.log"; die "the commands of $1 fail"; }
}
as_written docs/quickstart.md /tmp/packages
as_written docs/install.md /tmp/packages
as_written README.md /tmp/clone
inside sh -c 'apt-get -q install -y --no-install-recommends /tmp/packages/*.deb' \
	>>"$scratch/install.log" 2>&1 || { cat "$scratch/install.log"; die "cannot install"; }
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

# What a reader of the guide has: its server and its client, and its command to compile them.
sample() { awk -v want="\`examples/$1\`:" '$0 == want { found = 1 } found && /^```$/ { exit }
	found && text { print } found && /^```c$/ { text = 1 }' "$ROOT/docs/programming.md"; }
for program in homa_hello_server homa_hello_client; do
	mkdir "$root/tmp/$program"
	sample $program.c >"$root/tmp/$program/program.c"
	as_written docs/programming.md /tmp/$program
done

# A machine with only this: DKMS's module tree, the commands, and their libraries.
vm=$scratch/vm
mkdir -p "$vm"/{bin,sbin,proc,sys,dev,etc,tmp,usr/bin,usr/sbin,lib/modules,run,var}
ln -s ../run "$vm/var/run"
for program in homa_hello_server homa_hello_client; do
	cp "$root/tmp/$program/a.out" "$vm/usr/bin/$program"
done
# Busybox's shell would take its own ip.
cp -L "$root/bin/dash" "$vm/bin/sh"
cp -L "$root/bin/ip" "$vm/usr/bin/"
cp -L "$root/sbin/tc" "$vm/usr/bin/"
cp -a "$root/lib/modules/$release" "$vm/lib/modules/"
rm -f "$vm/lib/modules/$release"/{build,source}
cp -L "$root/usr/bin/homa" "$vm/usr/bin/"
cp -L "$root/bin/kmod" "$vm/sbin/modprobe"
cp "$root/etc/sysctl.d/homa.conf" "$vm/etc/sysctl.conf"
for program in /usr/bin/homa /bin/kmod /bin/dash /bin/ip /sbin/tc /tmp/homa_hello_client/a.out; do
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
