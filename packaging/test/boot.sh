#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Boot the stock kernel with what the packages installed; `homa serve` loads the module
# (by its alias), `homa ping` has to be answered.
#
# Usage: boot.sh KERNEL-DIR ROOT RELEASE
set -euo pipefail
. "$(dirname "$0")/../../tests/vm/common.sh"
need_packages "a machine that boots the packages" busybox-static qemu-system-x86
kernel=$1 root=$2 release=$3

cp /bin/busybox "$root/bin/busybox"
for applet in sh cat ip ln mount uname sleep sed sysctl grep poweroff; do
	ln -sf busybox "$root/bin/$applet"
done
cat >"$root/init" <<'END'
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
ip link set lo up
uname -r
[ -e /sys/module/homa ] && echo "homa is there before it is loaded"
homa serve >/tmp/serve 2>&1 &
tries=0
until grep -q listening /tmp/serve || [ $tries -gt 300 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
cat /tmp/serve
echo "module $(cat /sys/module/homa/version)"
sed 's/^#-net/net/' /etc/sysctl.conf >/tmp/sysctl.conf
sysctl -p /tmp/sysctl.conf && homa ping -c 5 127.0.0.1 && echo PACKAGES-WORK
dmesg 2>/dev/null | grep -i homa
poweroff -f
END
chmod +x "$root/init"
image=$(mktemp)
console=$(mktemp)
trap 'rm -f "$image" "$console"' EXIT
(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$image"
cpu=max,-cx16
[ "$("$VM/accel.sh")" = tcg ] && accel=tcg || { accel=kvm cpu=host; }
timeout -k 5 300 qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
	-accel $accel -cpu $cpu -smp 2 -m 1024 -kernel "$kernel/boot/vmlinuz" -initrd "$image" \
	-serial "file:$console" -append 'console=ttyS0 panic=-1 quiet' </dev/null >&2 || :
tr -d '\r' <"$console" | tail -n 40
tr -d '\r' <"$console" | grep -qx PACKAGES-WORK || die "the packages do not work in a machine"
tr -d '\r' <"$console" | grep -qx "$release" || die "another kernel has booted"
tr -d '\r' <"$console" | grep -qx "module $("$ROOT/packaging/version.sh")" || die "another module"
