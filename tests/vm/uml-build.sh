#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Build a User-Mode Linux from Debian's source.
#
# Usage: uml-build.sh [uml | smp | plain]
# uml is the stock kernel's source, one CPU and virtual time; smp is the newest
# kernel's, with several CPUs (exit status 77 and the reason if there is none). Both
# are debug kernels; plain is the stock kernel's source without checks, to be fast.
# Prints the directory of the finished build (./linux is the kernel; modules
# build with `make -C DIR ARCH=um M=...`). Built once: the directory name is a
# hash of everything that decides the result, and appears by rename only when
# the build is complete.
set -euo pipefail
. "$(dirname "$0")/common.sh"

kind=${1:-uml}
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
uml)
	need_packages "source of the debug kernel" linux-source-6.12
	fragments+=("$VM"/config/uml-timetravel.config)
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
esac

key=$({ echo "$source"
	gcc --version | head -n 1
	grep -h CONFIG_ "${fragments[@]}"; } | sha256sum | cut -c 1-12)
dir=$CACHE/uml-$key

[ -x "$dir/linux" ] && { echo "$dir"; exit 0; }

lock_cache "uml-$key"
[ -x "$dir/linux" ] && { echo "$dir"; exit 0; }

work=$CACHE/uml-$key.part
log=$CACHE/uml-$key.log
say "dev: building the User-Mode Linux kernel $kind, once: about 10 minutes on 2 cores (log: $log)"
start=$SECONDS
rm -rf "$work"
mkdir -p "$work"
unpack "$work"

cat "${fragments[@]}" >"$work/homa.config"
um() { nice -n 5 make -C "$work" ARCH=um "$@" 9>&-; }
{
	um KCONFIG_ALLCONFIG=homa.config allnoconfig
	um -j"$(nproc)" linux
	um -j"$(nproc)" modules
} >"$log" 2>&1 </dev/null || { tail -n 20 "$log" >&2; die "the debug kernel did not build"; }

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
		arch|include|scripts|Kbuild|Makefile|Kconfig|linux|System.map) ;;
		Module.symvers|homa.config|config-refused) ;;
		*)	rm -rf "$part" ;;
		esac
	done
	find arch -mindepth 1 -maxdepth 1 ! -name um ! -name x86 -exec rm -rf {} +
	rm -rf .tmp_*
	find . -name '*.o' ! -path './scripts/*' -delete
)
mv "$work" "$dir"
say "dev: debug kernel ready after $((SECONDS - start)) s"
echo "$dir"
