#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Build a kernel of our own from Debian's source.
#
# Usage: build-kernel.sh [uml | smp | kcsan | plain | net]
# uml is User-Mode Linux from the stock kernel's source, with one CPU and virtual
# time; smp is the same from the newest kernel's source, with several CPUs; kcsan is
# a small kernel for QEMU, from the newest source too (exit status 77 and the reason
# if there is none). These are debug kernels; plain is User-Mode Linux from the
# stock kernel's source without checks, to be fast; net is that with virtual time
# in nanoseconds, for measurements of networks.
# Prints the directory of the finished build: ./linux, or boot/vmlinuz and
# lib/modules as in an unpacked package. Modules build with `make -C DIR
# ARCH=um|x86_64 M=...`. Built once: the directory name is a hash of everything
# that decides the result, and appears by rename only when the build is complete.
set -euo pipefail
. "$(dirname "$0")/common.sh"

kind=${1:-uml}
family=uml arch=um kernel=linux
fragments=("$VM"/config/uml-base.config "$VM"/config/uml-debug.config)
musts="KASAN PROVE_LOCKING DEBUG_KMEMLEAK UBSAN FAILSLAB IPV6 VETH BRIDGE NET_SCH_NETEM PACKET SLUB_DEBUG"
need_packages "tools of the debug kernel" xz-utils gcc libc6-dev make bison flex bc \
	libelf-dev util-linux perl python3

case $kind in
plain)
	need_packages "source of the plain kernel" linux-source-6.12
	fragments=("$VM"/config/uml-base.config)
	musts="IPV6 VETH BQL"
	source=$(dpkg-query -W -f '${Version}' linux-source-6.12)
	unpack() { tar -xJf /usr/src/linux-source-6.12.tar.xz -C "$1" --strip-components=1; }
	;;
net)
	need_packages "source of the kernel with virtual time" linux-source-6.12
	fragments=("$VM"/config/uml-base.config "$VM"/config/uml-timetravel.config
		   "$VM"/config/uml-net.config)
	musts="IPV6 VETH BRIDGE NET_SCH_NETEM NET_SCH_HTB TCP_CONG_DCTCP UML_TIME_TRAVEL_SUPPORT"
	source="$(dpkg-query -W -f '${Version}' linux-source-6.12) $(cat "$VM/config/uml-net.sed")"
	unpack()
	{
		tar -xJf /usr/src/linux-source-6.12.tar.xz -C "$1" --strip-components=1
		sed -i -f "$VM/config/uml-net.sed" "$1/arch/um/include/linux/time-internal.h"
	}
	;;
uml)
	need_packages "source of the debug kernel" linux-source-6.12
	fragments+=("$VM"/config/uml-timetravel.config "$VM"/config/uml-faults.config)
	musts+=" KUNIT UML_TIME_TRAVEL_SUPPORT"
	source=$(dpkg-query -W -f '${Version}' linux-source-6.12)
	unpack() { tar -xJf /usr/src/linux-source-6.12.tar.xz -C "$1" --strip-components=1; }
	;;
smp)
	newest=$("$VM/newest.sh") || { echo "$newest"; exit 77; }
	fragments+=("$VM"/config/uml-smp.config)
	musts+=" SMP"
	source="${newest##*/} $(cat "$VM/config/uml-smp.sed")"
	unpack()
	{
		"$VM/newest.sh" --source "$1" 9>&-
		sed -i -f "$VM/config/uml-smp.sed" "$1"/arch/um/{os-Linux/smp.c,kernel/stacktrace.c}
	}
	;;
kcsan)
	newest=$("$VM/newest.sh") || { echo "$newest"; exit 77; }
	family=kcsan arch=x86_64 kernel=boot/vmlinuz
	fragments=("$VM"/config/qemu-base.config "$VM"/config/qemu-kcsan.config)
	musts="SMP KCSAN KCSAN_STRICT PROVE_LOCKING IPV6 VETH BRIDGE NET_SCH_NETEM VIRTIO_CONSOLE"
	need_packages "modules of the debug kernel" kmod
	source=${newest##*/}
	unpack() { "$VM/newest.sh" --source "$1" 9>&-; }
	;;
*)	die "no kernel is called '$kind'" ;;
esac
key=$({ echo "$source"
	gcc --version | head -n 1
	grep -h CONFIG_ "${fragments[@]}"; } | sha256sum | cut -c 1-12)
dir=$CACHE/$family-$key

[ -e "$dir/$kernel" ] && { echo "$dir"; exit 0; }

lock_cache "$family-$key"
[ -e "$dir/$kernel" ] && { echo "$dir"; exit 0; }

work=$CACHE/$family-$key.part
log=$CACHE/$family-$key.log
say "dev: building the kernel $kind, once: about 10 minutes on 2 cores (log: $log)"
start=$SECONDS
rm -rf "$work"
mkdir -p "$work"
unpack "$work"

cat "${fragments[@]}" >"$work/homa.config"
build() { nice -n 5 make -C "$work" ARCH=$arch "$@" 9>&-; }
{
	build KCONFIG_ALLCONFIG=homa.config allnoconfig
	case $arch in
	um)
		build -j"$(nproc)" linux
		build -j"$(nproc)" modules
		;;
	*)
		build -j"$(nproc)" bzImage modules
		build INSTALL_MOD_PATH="$work" modules_install
		mkdir "$work/boot"
		cp "$work/arch/x86/boot/bzImage" "$work/boot/vmlinuz"
		;;
	esac
} >"$log" 2>&1 </dev/null || { tail -n 20 "$log" >&2; die "the kernel $kind did not build"; }

# A fragment asks; Kconfig decides. Say aloud what it refused: a checker that
# is missing without notice makes green results meaningless.
refused=$("$VM"/config-diff.sh "$work/homa.config" "$work/.config") || true
if [ -n "$refused" ]; then
	printf '%s\n' "$refused" >"$work/config-refused"
	say "dev: options that the kernel did not take:" "$refused"
fi
for must in $musts; do
	grep -qx "CONFIG_$must=y" "$work/.config" ||
		die "CONFIG_$must is off in the debug kernel: refusing to use it"
done

# Keep what running it and building modules need; drop the other gigabyte.
(
	cd "$work"
	for part in *; do
		case $part in
		arch|include|scripts|Kbuild|Makefile|Kconfig|linux|System.map|boot) ;;
		Module.symvers|homa.config|config-refused) ;;
		lib)	find lib -mindepth 1 -maxdepth 1 ! -name modules -exec rm -rf {} + ;;
		tools)	find tools -type f ! -path tools/objtool/objtool -delete ;;
		*)	rm -rf "$part" ;;
		esac
	done
	find arch -mindepth 1 -maxdepth 1 ! -name um ! -name x86 -exec rm -rf {} +
	rm -rf .tmp_*
	find . -name '*.o' ! -path './scripts/*' -delete
	rm -rf arch/x86/boot lib/modules/*/build
)
mv "$work" "$dir"
say "dev: debug kernel ready after $((SECONDS - start)) s"
echo "$dir"
