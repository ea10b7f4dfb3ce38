#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Print the version, which has its place in meson.build; with --check, complain if
# another place says something else.
#
# Usage: version.sh [--check]
cd "$(dirname "$0")/.." || exit 99
version=$(sed -n "/^project/,/)/ s/^ *version : '\(.*\)',\$/\1/p" meson.build)
[ -n "$version" ] || { echo "no version in meson.build" >&2; exit 1; }
[ "$1" = --check ] || { echo "$version"; exit 0; }

bad=0
says() # FILE VERSION...: it is the version, and there is only that
{
	file=$1
	shift
	[ $# -gt 0 ] || set -- nothing
	for found; do
		[ "$found" = "$version" ] && continue
		echo "$file says $found, meson.build says $version"
		bad=1
	done
}
for file in $(grep -l 'MODULE_VERSION(' kmod/*.c); do
	says "$file" $(sed -n 's/^MODULE_VERSION("\(.*\)");$/\1/p' "$file")
done
says dkms.conf $(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' dkms.conf)
says CHANGELOG.md "$(sed -n 's/^## \([0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)"
# A commit with a tag is the release of that name.
tag=$(git describe --exact-match --match 'v[0-9]*' 2>/dev/null) && says "the tag" "${tag#v}"
[ $bad -eq 0 ] && echo "version $version everywhere"
exit $bad
