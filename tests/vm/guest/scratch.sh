# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
# Empty space for what tests write; sourced by init and, for each test, by
# one-test.sh, so that no test meets the files of another one.

fresh_tmp() # an empty /tmp in the mount namespace of the caller
{
	mount -t tmpfs tmp /tmp
	case $HOMA_ROOT in
	/tmp/*)
		# The checkout is below /tmp and must stay visible. (Our own
		# commands, which are in it, are hidden just now.)
		/bin/busybox mkdir -p "$HOMA_ROOT"
		/bin/busybox mount --bind /run/keep "$HOMA_ROOT"
		;;
	esac
}
