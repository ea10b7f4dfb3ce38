# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# A copy in memory of the clean system, for tests that install packages. Sourced after
# common.sh, in a mount namespace of its own. Sets root.

# copy_of BASE SCRATCH: mount the copy at SCRATCH/root
copy_of()
{
	local base=$1 scratch=$2

	root=$scratch/root
	mkdir -p "$root" "$scratch/memory"
	mount -t tmpfs -o size=2g memory "$scratch/memory"
	mkdir "$scratch/memory"/{upper,work}
	mount -t overlay root -o \
		"lowerdir=$base,upperdir=$scratch/memory/upper,workdir=$scratch/memory/work" "$root" ||
		cp -a "$base/." "$root/"
	mount -t proc proc "$root/proc"
	mount -t sysfs -o ro sysfs "$root/sys"
	mount -t tmpfs tmpfs "$root/tmp"
	# DKMS would make a key to sign modules, which takes its time.
	mkdir -p "$root/etc/dkms/framework.conf.d"
	echo 'mok_signing_key=/nonexistent' | tee "$root/etc/dkms/framework.conf" \
		>"$root/etc/dkms/framework.conf.d/test.conf"
}
# inside COMMAND: run it in the copy
inside()
{
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C \
		DEBIAN_FRONTEND=noninteractive LD_PRELOAD=libeatmydata.so "$@" </dev/null
}
# files: everything but logs and what package managers note for themselves
files()
{
	(cd "$root" && find . -xdev \( -path ./tmp -o -path ./proc -o -path ./sys -o \
		-path ./var/log -o -path ./var/cache -o -path './var/lib/dpkg' -o \
		-path ./var/lib/apt -o -path ./var/lib/systemd -o -path ./run -o \
		-name .rpmdb -o -path ./var/lib/rpm -o \
		-name '__pycache__' \) -prune -o -print | sort)
}
