#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Collect what a guest needs from this checkout in build/guest/.
#
# Usage: stage.sh
# bin/  our programs and scripts       sys/  ip, tc, ethtool, sh (bash), ...
# bb/   busybox applets (links)        tests/, guest/, docs/  links into the tree
# The static busybox runs its own applets before anything in PATH, so its shell
# would take its own small `ip`. That is why bash is the guests' sh, and why
# commands that start other commands (timeout, env, ...) are not busybox's. The
# scripts themselves stay within POSIX sh.
set -euo pipefail
. "$(dirname "$0")/common.sh"

need_packages "tools inside the guests" busybox-static iproute2 ethtool nftables
need_packages "programs that run over homa-proxy" redis-tools wrk
need_packages "live traffic for the dissector, in the debug kernel" tshark

guest=$BUILD/guest
new=$BUILD/guest.new
rm -rf "$new"
mkdir -p "$new"/{bin,sys,bb}

for tool in ip tc ethtool nft timeout unshare setsid env nice xargs redis-check-rdb redis-benchmark redis-cli wrk; do
	cp -L "$(PATH=/usr/sbin:/sbin:/usr/bin:/bin command -v "$tool")" "$new/sys/"
done
cp -L /bin/bash "$new/sys/bash"
ln -s bash "$new/sys/sh"
# The package with the server would start it on this machine; that with the tools has the same
# program by another name, and it goes by its name.
ln -s redis-check-rdb "$new/sys/redis-server"

for applet in $(/bin/busybox --list); do
	[ -e "$new/sys/$applet" ] || ln -s /bin/busybox "$new/bb/$applet"
done

# Executables that Meson built for guests, and the scripts beside them.
for dir in examples tests/progs tests/bench tools/homa-drill tools/homa tools/homa-proxy; do
	if [ -d "$BUILD/$dir" ]; then
		find "$BUILD/$dir" -maxdepth 1 -type f -perm -u+x \
			! -name '*.so*' ! -name '*.p' -exec cp -t "$new/bin" {} +
	fi
	if [ -d "$ROOT/$dir" ]; then
		find "$ROOT/$dir" -maxdepth 1 -type f -name '*.sh' -exec cp -t "$new/bin" {} +
	fi
done
chmod -R a+rx "$new/bin"
ln -s ../../tests/net "$new/tests"
ln -s ../../tests/vm/guest "$new/guest"
ln -s ../../docs "$new/docs"
rm -rf "$guest"
mv "$new" "$guest"
echo "$guest"
