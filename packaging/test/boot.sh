#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Boot the stock kernel with what the packages installed. `homa serve` loads the module
# (by its alias), `homa ping` has to be answered. Then there are two hosts on a cable, c and s,
# where somebody new does what docs/quickstart.md and docs/migration.md say, starts the server
# and the client of docs/programming.md, and looks for faults.
#
# Usage: boot.sh KERNEL-DIR ROOT RELEASE
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../../tests/vm/common.sh"
need_packages "a machine that boots the packages" busybox-static qemu-system-x86
kernel=$1 root=$2 release=$3

cp /bin/busybox "$root/bin/busybox"
for applet in cat mkdir mount uname sleep sed sysctl grep poweroff tail; do
	ln -sf busybox "$root/bin/$applet"
done
cp "$here/guest-init.sh" "$root/init"
chmod +x "$root/init"

# The commands of the documents, for each place.
mkdir "$root/docs"
for place in both server client; do
	for document in quickstart migration; do
		"$ROOT/tests/check/doc-blocks.py" "$ROOT" docs/$document.md $place
	done >"$root/docs/$place"
	[ -s "$root/docs/$place" ] || die "no commands for $place"
done

# Linux's own modules for the cable, beside those that DKMS made.
for module in veth sch_netem; do
	modprobe -d "$kernel" -S "$release" --show-depends $module | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | sort -u |
while read -r file; do
	name=$(basename "$file")
	case $name in
	*.xz)	xz -dc "$file" >"$root/lib/modules/$release/${name%.xz}" ;;
	*)	cp "$file" "$root/lib/modules/$release/$name" ;;
	esac
done
cp "$kernel/lib/modules/$release"/modules.{builtin,builtin.modinfo,order} "$root/lib/modules/$release/"
depmod -b "$root" "$release"

image=$(mktemp)
console=$(mktemp)
trap 'rm -f "$image" "$console"' EXIT
(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$image"
cpu=max,-cx16
[ "$("$VM/accel.sh")" = tcg ] && accel=tcg || { accel=kvm cpu=host; }
timeout -k 5 300 qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
	-accel $accel -cpu $cpu -smp 2 -m 1024 -kernel "$kernel/boot/vmlinuz" -initrd "$image" \
	-serial "file:$console" -append 'console=ttyS0 panic=-1 quiet' </dev/null >&2 || :
tr -d '\r' <"$console" | tail -n 60
for text in PACKAGES-WORK QUICKSTART-WORKS GUIDE-WORKS FAULTS-FOUND "$release" \
	"module $("$ROOT/packaging/version.sh")"; do
	tr -d '\r' <"$console" | grep -qx "$text" ||
		die "the packages do not work in a machine: no \"$text\""
done
