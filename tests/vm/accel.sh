#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Which accelerator runs a stock guest here: kvm or tcg.
#
# Usage: accel.sh
# /dev/kvm may exist and still not run a stock kernel, so a real boot decides;
# the answer is remembered until this machine boots again.
set -euo pipefail
. "$(dirname "$0")/common.sh"

need_packages "emulating a machine for the guests" qemu-system-x86
if [ ! -w /dev/kvm ]; then
	echo tcg
	exit 0
fi
answer=$CACHE/accel-$(cat /proc/sys/kernel/random/boot_id)
if [ ! -s "$answer" ]; then
	need_packages "probing KVM" busybox-static
	kernel=$("$VM/stock.sh" 6.12)
	dir=$(mktemp -d)
	mkdir -p "$dir"/tree/{bin,proc}
	cp /bin/busybox "$dir/tree/bin/"
	printf '#!/bin/busybox sh\necho KVM-WORKS\n/bin/busybox poweroff -f\n' >"$dir/tree/init"
	chmod +x "$dir/tree/init"
	(cd "$dir/tree" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$dir/init.gz"
	if timeout -k 1 25 qemu-system-x86_64 -nodefaults -no-user-config -display none \
		-no-reboot -accel kvm -cpu host -smp 2 -m 512 -kernel "$kernel/boot/vmlinuz" \
		-initrd "$dir/init.gz" -serial stdio \
		-append 'console=ttyS0 panic=-1 quiet' </dev/null 2>/dev/null |
		grep -q KVM-WORKS; then
		echo kvm >"$answer"
	else
		say "dev: KVM is here but does not run a stock kernel; using emulation"
		echo tcg >"$answer"
	fi
	rm -rf "$dir"
fi
cat "$answer"
