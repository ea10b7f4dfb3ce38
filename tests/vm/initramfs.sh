#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Make the initramfs of one stock guest from build/guest and a stock kernel.
#
# Usage: initramfs.sh KERNEL-DIR HOMA.KO OUT.cpio.gz
# homa_diag.ko, beside HOMA.KO, goes where the kernel finds it when it is asked for;
# race/homa_race.ko, if it was built, beside HOMA.KO again.
# KERNEL-DIR comes from stock.sh, build/guest from stage.sh. The plan of a boot
# is not in here: the runner appends it as a second, tiny archive.
set -euo pipefail
. "$(dirname "$0")/common.sh"

kernel=$1 ko=$2 out=$3
release=$(basename "$kernel"/lib/modules/*)
guest=$BUILD/guest
modules="veth bridge dummy ifb tun 8021q macvlan bonding virtio_net virtio_console virtio_pci
	sch_netem sch_tbf sch_htb sch_prio sch_fq sch_fq_codel sch_ingress
	cls_u32 cls_matchall cls_basic act_mirred act_gact tcp_dctcp udp_diag inet_diag
	vxlan udp_tunnel nf_tables nft_reject_inet nft_ct nf_conntrack xfrm_user esp4 esp6 gcm ctr ghash-generic seqiv"

root=$(mktemp -d "${TMPDIR:-/tmp}/homa-initramfs.XXXXXX")
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,sbin,proc,sys,dev,run,tmp,etc,usr/bin,usr/sbin,homa}
cp /bin/busybox "$root/bin/busybox"
cp -r "$guest"/{bin,sys,bb} "$root/homa/"
cp -rL "$guest/tests" "$guest/guest" "$guest/docs" "$root/homa/" 2>/dev/null || true
# Without debug information it is a twentieth of the size, and loads faster.
[ -e "$ko" ] && strip --strip-debug -o "$root/homa/homa.ko" "$ko"
ln -s /homa/sys/bash "$root/bin/sh"
ln -s /homa/sys/bash "$root/bin/bash"
ln -s /bin/busybox "$root/sbin/modprobe"
ln -s /homa/guest/init "$root/init"
mkdir "$root/var"
ln -s ../run "$root/var/run"
ln -s /proc/mounts "$root/etc/mtab"
echo 'root:x:0:0:root:/tmp:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
echo '127.0.0.1 localhost' >"$root/etc/hosts"
[ -d /usr/lib/tc ] && mkdir -p "$root/usr/lib" && cp -r /usr/lib/tc "$root/usr/lib/"

# What homa top knows about the terminal.
mkdir -p "$root/lib/terminfo/v"
cp -L /lib/terminfo/v/vt100 "$root/lib/terminfo/v/"

# The libraries of every program, at the paths where the programs look.
find "$root/homa/bin" "$root/homa/sys" -type f -exec sh -c '
	for f; do ldd "$f" 2>/dev/null; done' sh {} + |
	grep -o '/[^ )]*\.so[^ )]*' | sort -u |
while read -r lib; do
	mkdir -p "$root$(dirname "$lib")"
	cp -L "$lib" "$root$lib"
done

# Kernel modules with everything that they depend on, uncompressed.
src=$kernel/lib/modules/$release
dst=$root/lib/modules/$release
mkdir -p "$dst"
cp "$src"/modules.{builtin,builtin.modinfo,order} "$dst/"
for module in $modules; do
	# A kernel may have in itself what is a module in another; the tests
	# that need it will tell. Our own have no modules.
	modprobe -d "$kernel" -S "$release" --show-depends "$module" 2>/dev/null |
		sed -n 's/^insmod \([^ ]*\).*/\1/p' || [ ! -d "$src/kernel" ] ||
		say "dev: $release has no module $module"
done | sort -u |
while read -r file; do
	rel=${file#"$kernel/lib/modules/$release/"}
	rel=${rel#"$kernel//lib/modules/$release/"}
	mkdir -p "$dst/$(dirname "$rel")"
	case $file in
	*.xz)	xz -dc "$file" >"$dst/${rel%.xz}" ;;
	*.zst)	zstd -qdc "$file" >"$dst/${rel%.zst}" ;;
	*)	cp "$file" "$dst/$rel" ;;
	esac
done
diag=$(dirname "$ko")/homa_diag.ko
if [ -e "$diag" ]; then
	mkdir -p "$dst/extra"
	strip --strip-debug -o "$dst/extra/homa_diag.ko" "$diag"
fi
race=$(dirname "$ko")/race/homa_race.ko
[ ! -e "$race" ] || cp "$race" "$root/homa/"
depmod -b "$root" "$release"
echo virtio_pci virtio_console virtio_net >"$root/homa/modules.load"

(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$out.new"
mv "$out.new" "$out"
