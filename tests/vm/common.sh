# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Shared by the scripts behind ./dev: messages, packages, the cache.
# Sourced, never run. Sets ROOT (the checkout), CACHE, BUILD.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
VM=$ROOT/tests/vm
BUILD=$ROOT/build
CACHE=${HOMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/homa}

# Everything that tells a story goes to stderr; stdout is for results.
say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# need_packages WHY PACKAGE...: install the packages that are absent.
# The common case, all present, costs one dpkg-query and no network.
need_packages()
{
	local why=$1 missing=() pkg
	shift
	for pkg; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$pkg" 2>/dev/null)" = installed ] ||
			missing+=("$pkg")
	done
	[ ${#missing[@]} -eq 0 ] && return 0
	[ "$(id -u)" = 0 ] ||
		die "needs root to install: ${missing[*]} ($why)"
	say "dev: installing ${missing[*]} ($why)"
	apt_run install -y --no-install-recommends "${missing[@]}"
}

# have_packages PACKAGE...: false, with the name, if apt knows of no such package,
# even with fresh lists. What it knows and cannot install is another matter.
have_packages()
{
	local pkg fresh=
	for pkg; do
		apt_knows "$pkg" && continue
		if [ -z "$fresh" ]; then
			fresh=1
			apt-get -q -o DPkg::Lock::Timeout=300 update >&2 </dev/null ||
				die "apt-get update failed"
			apt_knows "$pkg" && continue
		fi
		say "apt knows no package $pkg"
		return 1
	done
}
apt_knows()
{
	[[ $(LC_ALL=C apt-cache policy "$1" 2>/dev/null) == *" Candidate: "[!\(]* ]]
}

# apt_run ARG...: apt-get without questions; refreshes the lists and tries a
# second time when the first attempt fails (stale or absent lists).
apt_run()
{
	local log
	mkdir -p "$CACHE"
	log=$CACHE/apt.log
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 </dev/null &&
		return 0
	say "dev: refreshing the package lists"
	apt-get -q -o DPkg::Lock::Timeout=300 update >>"$log" 2>&1 </dev/null
	apt-get -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 </dev/null && return 0
	tail -n 15 "$log" >&2
	die "apt-get $* failed (full log: $log)"
}

# lock_cache NAME: serialise the makers of one cache entry (fd 9).
lock_cache()
{
	mkdir -p "$CACHE"
	exec 9>"$CACHE/$1.lock"
	flock -n 9 && return 0
	say "dev: waiting for another run that prepares $1"
	flock 9
}
unlock_cache() { exec 9>&-; }
